// Says where variables are. In: a lowered program, and functions that refer to the storage of its variables by name (memref.get_global),
// in the layouts that code generation has chosen (the types of the memref.globals). Out: views of the persistent storage, the functions'
// first argument; each train.variable tells its block, and no memref.global is left.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/BuiltinOps.h"
#include "talweg/Conversion/Passes.h"
#include "talweg/Dialect/Train/Train.h"
#include "talweg/Runtime/Abi.h"
#include "llvm/ADT/DenseMap.h"

using namespace mlir;
using namespace talweg;

namespace talweg {
#define GEN_PASS_DEF_PLACEVARIABLES
#include "talweg/Conversion/Passes.h.inc"
} // namespace talweg

namespace {

/// The columns of the panels that a variable lies in; 0: it lies in rows.
int64_t blockOf(train::VariableOp variable, MemRefType stored) {
  auto type = cast<RankedTensorType>(variable.getType());
  return stored.getRank() > type.getRank() ? stored.getShape().back() : 0;
}

/// A member of a stack: its place along the first dimension says where it begins in the storage, which begins at `offset`.
void placeSlice(memref::SubViewOp slice, Value persistent, Value offset) {
  OpBuilder b(slice);
  Location loc = slice.getLoc();
  MemRefType whole = slice.getSourceType();
  auto type = MemRefType::get(slice.getType().getShape(), whole.getElementType());
  const int64_t width = whole.getElementTypeBitWidth() / 8;
  Value bytes = memref::ViewOp::create(b, loc, MemRefType::get({whole.getNumElements() * width}, b.getI8Type()),
                                       persistent, offset, ValueRange{});
  Value number = getValueOrCreateConstantIndexOp(b, loc, slice.getMixedOffsets()[0]);
  Value shift =
      arith::MulIOp::create(b, loc, number, arith::ConstantIndexOp::create(b, loc, type.getNumElements() * width));
  slice.replaceAllUsesWith(memref::ViewOp::create(b, loc, type, bytes, shift, ValueRange{}).getResult());
  slice.erase();
}

void placeIn(func::FuncOp function, const llvm::StringMap<train::VariableOp> &variables) {
  auto builder = OpBuilder::atBlockBegin(&function.getBody().front());
  Operation *last = nullptr; // the last offset, in front of all else
  llvm::DenseMap<int64_t, Value> offsets;
  SmallVector<memref::GetGlobalOp> references;
  function.walk([&](memref::GetGlobalOp op) { references.push_back(op); });
  for (memref::GetGlobalOp reference : references) {
    train::VariableOp variable = variables.lookup(reference.getName());
    if (!variable)
      continue;
    Value &offset = offsets[*variable.getOffset()];
    if (!offset) {
      last ? builder.setInsertionPointAfter(last) : builder.setInsertionPointToStart(&function.getBody().front());
      offset = arith::ConstantIndexOp::create(builder, function.getLoc(), *variable.getOffset());
      last = offset.getDefiningOp();
    }
    OpBuilder here(reference);
    Value view = memref::ViewOp::create(here, reference.getLoc(), cast<MemRefType>(reference.getType()),
                                        function.getArgument(abi::kPersistent), offset, ValueRange{});
    for (Operation *user : llvm::make_early_inc_range(reference->getUsers()))
      if (auto slice = dyn_cast<memref::SubViewOp>(user))
        placeSlice(slice, function.getArgument(abi::kPersistent), offset);
    reference.replaceAllUsesWith(view);
    reference.erase();
  }
}

struct PlaceVariables : talweg::impl::PlaceVariablesBase<PlaceVariables> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    llvm::StringMap<train::VariableOp> variables;
    module.walk([&](train::VariableOp variable) { variables[variable.getSymName()] = variable; });
    for (auto function : module.getOps<func::FuncOp>())
      if (!function.isExternal())
        placeIn(function, variables);
    for (auto storage : llvm::make_early_inc_range(module.getOps<memref::GlobalOp>()))
      if (train::VariableOp variable = variables.lookup(storage.getSymName())) {
        if (int64_t block = blockOf(variable, storage.getType()))
          variable.setBlock(block);
        storage.erase();
      }
  }
};

} // namespace
