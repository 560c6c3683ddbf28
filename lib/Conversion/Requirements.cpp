// A requirement's first fault is the least position, in row-major order with the rows outermost, at which its condition is false: a
// reduction like any other, so that it does not depend on how the work is cut. Among requirements the lowest row decides, then the order
// of the program. Everything else is arithmetic on scalars. A step with a fault is left, in front of all that it writes (kernel.leave).
#include "Requirements.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "talweg/Dialect/Tw/Elements.h"
#include "talweg/Dialect/Tw/Rows.h"
#include "talweg/Runtime/Abi.h"

using namespace mlir;

namespace talweg::conversion {
namespace {

ArrayRef<int64_t> shapeOf(Value value) { return cast<RankedTensorType>(value.getType()).getShape(); }

//===-- the first fault --------------------------------------------------------------------------------------------===//

/// Creates what looks for faults. Scalars are i64, as the words of the control block.
class FaultCheck {
public:
  FaultCheck(ImplicitLocOpBuilder &b, int64_t batch) : b(b), batch(batch) {
    site = number(0);
    row = number(batch + 1);
    value = number(0);
  }

  void add(const Requirement &requirement, int64_t siteNumber);

  Value site;  ///< 1 + the number of the requirement that has the first fault so far; 0: there is none
  Value row;   ///< its row; `batch`: it is about no single row; more: there is no fault
  Value value; ///< the bits of what is told

  Value number(int64_t literal) { return arith::ConstantOp::create(b, b.getI64IntegerAttr(literal)); }

private:
  Value firstFault(Value condition, ArrayRef<int64_t> order);
  Value elementAt(Value tensor, Value position, ArrayRef<int64_t> order);

  ImplicitLocOpBuilder &b;
  int64_t batch;
};

/// The position of the first false element, counted with the dimensions in this order, outermost first; as many as there are elements if
/// there is none.
Value FaultCheck::firstFault(Value condition, ArrayRef<int64_t> order) {
  ArrayRef<int64_t> shape = shapeOf(condition);
  auto type = RankedTensorType::get(shape, b.getI64Type());
  auto splat = [&](int64_t literal) -> Value {
    return tw::ConstantOp::create(b, type, DenseElementsAttr::get(type, b.getI64IntegerAttr(literal)));
  };
  Value position = splat(0);
  int64_t stride = 1;
  for (int64_t dim : llvm::reverse(order)) {
    Value index = tw::IotaOp::create(b, RankedTensorType::get(shape, b.getI32Type()), dim);
    Value scaled = b.createOrFold<tw::MulOp>(type, tw::ConvertOp::create(b, type, index), splat(stride));
    position = b.createOrFold<tw::AddOp>(type, position, scaled);
    stride *= shape[dim];
  }
  position = tw::SelectOp::create(b, type, condition, splat(stride), position);
  auto scalar = RankedTensorType::get({}, b.getI64Type());
  SmallVector<int64_t> all = llvm::to_vector(llvm::seq<int64_t>(0, shape.size()));
  Value first = tw::ReduceOp::create(b, scalar, tw::Reduction::min, position, all);
  return tensor::ExtractOp::create(b, first, ValueRange{});
}

/// The element at a position as counted by firstFault, as the bits of an f64.
Value FaultCheck::elementAt(Value tensor, Value position, ArrayRef<int64_t> order) {
  auto type = cast<RankedTensorType>(tensor.getType());
  const ElementInfo &stored = tw::infoOf(type.getElementType());
  if (stored.isOnlyStored() && stored.kind != ElementKind::Signed) {
    type = cast<RankedTensorType>(type.clone(tw::irType(stored.computes, b.getContext())));
    tensor = tw::ConvertOp::create(b, type, tensor);
  }
  SmallVector<Value> indices(type.getRank());
  Value rest = arith::IndexCastOp::create(b, b.getIndexType(), position);
  for (int64_t dim : llvm::reverse(order)) {
    Value extent = arith::ConstantIndexOp::create(b, type.getDimSize(dim));
    indices[dim] = arith::RemUIOp::create(b, rest, extent);
    rest = arith::DivUIOp::create(b, rest, extent);
  }
  Value element = tensor::ExtractOp::create(b, tensor, indices);
  Type f64 = b.getF64Type();
  if (tw::isReal(element.getType()) && element.getType() != f64)
    element = arith::ExtFOp::create(b, f64, element);
  else if (tw::isTruth(element.getType()))
    element = arith::UIToFPOp::create(b, f64, element);
  else if (isa<IntegerType>(element.getType()))
    element = arith::SIToFPOp::create(b, f64, element);
  return arith::BitcastOp::create(b, b.getI64Type(), element);
}

void FaultCheck::add(const Requirement &requirement, int64_t siteNumber) {
  tw::RequireOp op = requirement.op;
  b.setLoc(op.getLoc());
  Value condition = op.getCondition();
  ArrayRef<int64_t> shape = shapeOf(condition);
  SmallVector<int64_t> order = llvm::to_vector(llvm::seq<int64_t>(0, shape.size()));
  if (requirement.rowDim) {
    order.erase(order.begin() + *requirement.rowDim);
    order.insert(order.begin(), *requirement.rowDim);
  }
  int64_t elements = ShapedType::getNumElements(shape);
  Value first = number(0), isFault;
  if (shape.empty()) {
    Value holds = tensor::ExtractOp::create(b, condition, ValueRange{});
    isFault = arith::XOrIOp::create(b, holds, arith::ConstantOp::create(b, b.getBoolAttr(true)));
  } else {
    Value found = firstFault(condition, order);
    isFault = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, found, number(elements));
    first = arith::SelectOp::create(b, isFault, found, first); // where there is none, nothing is read beyond
  }
  Value at = requirement.rowDim ? Value(arith::DivSIOp::create(b, first, number(elements / shape[*requirement.rowDim])))
                                : number(batch == 1 ? 0 : batch);
  Value isEarlier = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, at, row);
  Value wins = arith::AndIOp::create(b, isFault, isEarlier);
  site = arith::SelectOp::create(b, wins, number(siteNumber + 1), site);
  row = arith::SelectOp::create(b, wins, at, row);
  if (Value told = op.getValue())
    value = arith::SelectOp::create(b, wins, elementAt(told, first, order), value);
}

} // namespace

SmallVector<Requirement> requirementsOf(Block &objective, int64_t batch) {
  SmallVector<Requirement> requirements;
  auto found = objective.getOps<tw::RequireOp>();
  if (found.empty())
    return requirements;
  tw::Rows rows(objective, batch);
  for (auto require : found) {
    Value condition = require.getCondition();
    tw::RowUse use = rows.of(condition);
    bool isEach = use.isPerRow() && shapeOf(condition)[use.dim] == batch;
    requirements.push_back({require, isEach ? std::optional(use.dim) : std::nullopt});
  }
  return requirements;
}

kernel::LeaveOp createFaultCheck(ImplicitLocOpBuilder &b, ArrayRef<Requirement> requirements, int64_t firstSite,
                                 int64_t batch, Value control, Value batchNumber, function_ref<void()> tellMore) {
  OpBuilder::InsertionGuard guard(b);
  Location outer = b.getLoc();
  b.setInsertionPointAfter(requirements.back().op);
  FaultCheck check(b, batch);
  for (auto [number, requirement] : llvm::enumerate(requirements))
    check.add(requirement, firstSite + number);
  Value faulted = arith::CmpIOp::create(b, arith::CmpIPredicate::ne, check.site, check.number(0));
  auto leave = kernel::LeaveOp::create(b, faulted);
  {
    OpBuilder::InsertionGuard inside(b);
    b.setInsertionPointToStart(&leave.getLeaving().emplaceBlock());
    auto store = [&](int word, Value value) {
      memref::StoreOp::create(b, value, control, ValueRange{arith::ConstantIndexOp::create(b, word)});
    };
    Value hasRow = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, check.row, check.number(batch));
    store(abi::kFault, check.site);
    store(abi::kFaultStep, arith::IndexCastOp::create(b, b.getI64Type(), batchNumber));
    store(abi::kFaultRow, arith::SelectOp::create(b, hasRow, check.row, check.number(-1)));
    store(abi::kFaultValue, check.value);
    tellMore();
  }
  for (const Requirement &requirement : requirements)
    tw::RequireOp(requirement.op).erase();
  b.setLoc(outer);
  return leave;
}

} // namespace talweg::conversion
