// Places variables in the persistent storage. In: a program. Out: every variable has `offset`, in the order of
// declaration, each at a multiple of the alignment. Two programs with the same variables get the same offsets.
#include "talweg/Dialect/Train/Train.h"
#include "talweg/Runtime/Abi.h"
#include "talweg/Transforms/Passes.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace talweg {
#define GEN_PASS_DEF_ASSIGNSTORAGE
#include "talweg/Transforms/Passes.h.inc"

namespace {

struct AssignStorage : impl::AssignStorageBase<AssignStorage> {
  void runOnOperation() override {
    for (auto program : getOperation().getOps<train::ProgramOp>()) {
      int64_t end = 0;
      for (auto variable : program.getBody().front().getOps<train::VariableOp>()) {
        int64_t offset = llvm::alignTo(end, abi::kAlignment);
        variable.setOffset(offset);
        end = offset + variable.getBytes();
      }
    }
  }
};

} // namespace
} // namespace talweg
