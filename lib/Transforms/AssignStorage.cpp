// Places variables in the persistent storage. In: a program. Out: every variable has `offset`, in the order of
// declaration, each at a multiple of the alignment; the program has `talweg.persistent_bytes`. Two programs with the
// same variables get the same offsets.
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

/// Bytes of a value in storage; conditions take a whole byte each.
int64_t bytesOf(RankedTensorType type) {
  return type.getNumElements() * llvm::divideCeil(type.getElementTypeBitWidth(), 8);
}

struct AssignStorage : impl::AssignStorageBase<AssignStorage> {
  void runOnOperation() override {
    Builder builder(&getContext());
    for (auto program : getOperation().getOps<train::ProgramOp>()) {
      int64_t end = 0;
      for (auto variable : program.getBody().front().getOps<train::VariableOp>()) {
        int64_t offset = llvm::alignTo(end, abi::kAlignment);
        variable.setOffset(offset);
        end = offset + bytesOf(cast<RankedTensorType>(variable.getType()));
      }
      program->setAttr("talweg.persistent_bytes", builder.getI64IntegerAttr(llvm::alignTo(end, abi::kAlignment)));
    }
  }
};

} // namespace
} // namespace talweg
