// The train block: from the plan and the block's statements to a train.program.
#ifndef TALWEG_LIB_FRONTEND_TRAINING_H
#define TALWEG_LIB_FRONTEND_TRAINING_H

#include "Value.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include <vector>

namespace talweg::frontend {

struct DeclaredVariable;
struct Walk;

/// The module with one train.program. With errors in the diagnostics: null; what can be elaborated in spite of errors in the plan
/// is, to find more.
mlir::OwningOpRef<mlir::ModuleOp> elaborate(Walk &walk);

/// The output of the train block's model, of its first call.
void markOutput(Walk &walk, const Value &output);
/// The parameters of a pattern; none of them is reported.
std::vector<DeclaredVariable *> parametersCalled(Walk &walk, const ast::Name &pattern);
/// The optimizers and their slots (Optimizers.cpp). The current frame is the train block's.
void runOptimizers(Walk &walk);

} // namespace talweg::frontend

#endif
