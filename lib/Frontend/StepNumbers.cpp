// A number's ops are those of rank 0 in front of it. Its present value is what they fold to beside the settings' values.
#include "StepNumbers.h"

#include "talweg/Dialect/Train/Train.h"
#include "talweg/Dialect/Tw/Access.h"
#include "talweg/Dialect/Tw/Tw.h"

#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/SetVector.h"

#include <algorithm>

using namespace talweg;
using namespace talweg::frontend;

static bool isOfStep(mlir::Value value) {
  const auto type = llvm::dyn_cast<mlir::RankedTensorType>(value.getType());
  mlir::Operation *op = value.getDefiningOp();
  return op && type && type.getRank() == 0 && op->getNumRegions() == 0 && mlir::isPure(op);
}

/// False: it is not of the step.
static bool collect(mlir::Value value, llvm::SetVector<mlir::Operation *> &ops) {
  if (!isOfStep(value))
    return false;
  mlir::Operation *op = value.getDefiningOp();
  if (ops.contains(op))
    return true;
  for (mlir::Value operand : op->getOperands())
    if (!collect(operand, ops))
      return false;
  ops.insert(op);
  return true;
}

std::optional<std::vector<mlir::Operation *>> frontend::opsOfStep(mlir::ValueRange numbers) {
  llvm::SetVector<mlir::Operation *> ops;
  for (mlir::Value number : numbers)
    if (!collect(number, ops))
      return std::nullopt;
  return std::vector<mlir::Operation *>(ops.begin(), ops.end());
}

static double settingCalled(const Walk &walk, llvm::StringRef name) {
  return std::ranges::find(walk.hypers, name, &Hyper::name)->value;
}

std::optional<double> frontend::presentValue(Walk &walk, mlir::Value number) {
  const std::optional<std::vector<mlir::Operation *>> ops = opsOfStep(number);
  if (!ops)
    return std::nullopt;
  mlir::Block scratch;
  mlir::OpBuilder builder(walk.builder.getContext());
  builder.setInsertionPointToStart(&scratch);
  mlir::IRMapping mapping;
  for (mlir::Operation *op : *ops) {
    if (auto get = llvm::dyn_cast<train::GetHyperOp>(op)) {
      const auto type = llvm::cast<mlir::RankedTensorType>(get.getType());
      const auto value = mlir::DenseElementsAttr::get(type, settingCalled(walk, get.getHyper()));
      mapping.map(get.getValue(), tw::ConstantOp::create(builder, op->getLoc(), value).getResult());
      continue;
    }
    llvm::SmallVector<mlir::Value, 1> folded;
    mlir::Operation *copy = builder.clone(*op, mapping);
    if (mlir::succeeded(builder.tryFold(copy, folded)) && !folded.empty())
      mapping.map(op->getResult(0), folded[0]);
  }
  return tw::uniformValue(mapping.lookup(number));
}
