// `gradient_norm`, `parameter_norm`, `update_ratio`: metrics of training, which are known when a step's losses have updated what they do.
#ifndef TALWEG_LIB_FRONTEND_NORMS_H
#define TALWEG_LIB_FRONTEND_NORMS_H

#include "Calls.h"

namespace mlir {
class Block;
}

namespace talweg::frontend {

class Scopes;
class TensorBuilder;
struct AskedNorm;
struct Walk;

/// A call of one of these: a number (weak). Its parameters are found when all are known (finishNorms).
Value norm(TensorBuilder &tensors, const Scopes &scopes, const std::string &name, const Given &pattern,
           ast::Range range);

/// Finds the parameters of the norms in the objective's block, and moves these to its end with the metrics that tell them, which are reports
/// of training from here on. It is known which parameters are frozen.
void finishNorms(Walk &walk, mlir::Block &block, const std::vector<AskedNorm> &norms);

} // namespace talweg::frontend

#endif
