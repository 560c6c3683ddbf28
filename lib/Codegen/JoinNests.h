// Which neighbours are done together, row by row: a softmax reads its row once from memory and finds it in the cache from then on.
#ifndef TALWEG_LIB_CODEGEN_JOINNESTS_H
#define TALWEG_LIB_CODEGEN_JOINNESTS_H

#include "NestLoops.h"
#include "talweg/Codegen/Target.h"

#include <vector>

namespace talweg {

struct Nest {
  mlir::linalg::GenericOp op;
  NestLoops loops;
};

/// Neighbours that cut the memory they share into the same rows; rows are 0 where an op is by itself.
struct JoinedNests {
  std::vector<Nest> nests;
  std::int64_t rows = 0;
};

/// Those linalg.generic of a block that are nests, in order. `meet` tells whether operands of two are kept in the same memory; `parts`
/// whether an op, or what is in front of it, keeps what comes behind from being done together with nests before.
std::vector<JoinedNests> joinNests(mlir::Block &block, const Target &target,
                                   llvm::function_ref<bool(mlir::linalg::GenericOp)> isNest,
                                   llvm::function_ref<bool(mlir::OpOperand &, mlir::OpOperand &)> meet,
                                   llvm::function_ref<bool(mlir::Operation &, llvm::ArrayRef<Nest>)> parts);

} // namespace talweg

#endif
