// Registers the kernel dialect, and tells of its ops and of linalg.generic what giving places needs to know.
#include "talweg/Dialect/Kernel/Kernel.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace talweg::kernel;
using linalg::GenericOp;

#include "talweg/Dialect/Kernel/KernelDialect.cpp.inc"
#include "talweg/Dialect/Kernel/KernelInterfaces.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "talweg/Dialect/Kernel/KernelAttributes.cpp.inc"

static void addEffects(PlacedOp op, SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {
  if (op.isOnTensors())
    return;
  for (OpOperand &operand : op->getOpOperands()) {
    if (op.readsElements(&operand))
      effects.emplace_back(MemoryEffects::Read::get(), &operand);
    if (cast<DestinationStyleOpInterface>(*op).isDpsInit(&operand))
      effects.emplace_back(MemoryEffects::Write::get(), &operand);
  }
}

#define GET_OP_CLASSES
#include "talweg/Dialect/Kernel/Kernel.cpp.inc"

namespace {

struct PlacedGeneric : PlacedOp::ExternalModel<PlacedGeneric, GenericOp> {
  bool readsElements(Operation *op, OpOperand *operand) const {
    auto generic = cast<GenericOp>(op);
    return generic.isDpsInput(operand) && generic.payloadUsesValueFromOperand(operand);
  }

  bool readsWhereItWrites(Operation *op, OpOperand *input, OpResult result) const {
    auto generic = cast<GenericOp>(op);
    return generic.getNumParallelLoops() == generic.getNumLoops() && !fillBefore(op, result) &&
           generic.getMatchingIndexingMap(input) == generic.getMatchingIndexingMap(generic.getTiedOpOperand(result));
  }

  Operation *fillBefore(Operation *op, OpResult result) const {
    auto generic = cast<GenericOp>(op);
    OpOperand *init = generic.getTiedOpOperand(result);
    bool overwritten = !generic.payloadUsesValueFromOperand(init) &&
                       generic.getNumParallelLoops() == generic.getNumLoops() &&
                       generic.getMatchingIndexingMap(init).isPermutation();
    Operation *before = init->get().getDefiningOp();
    return overwritten || !isa_and_present<linalg::FillOp, tensor::InsertSliceOp>(before) ? nullptr : before;
  }
};

} // namespace

void KernelDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "talweg/Dialect/Kernel/KernelAttributes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "talweg/Dialect/Kernel/Kernel.cpp.inc"
      >();
  GenericOp::attachInterface<PlacedGeneric>(*getContext());
}

LogicalResult talweg::kernel::verifyPlaces(Operation *op) {
  ValueRange inits = cast<DestinationStyleOpInterface>(op).getDpsInits();
  if (cast<PlacedOp>(op).isOnTensors() ? op->getResultTypes() != inits.getTypes() : op->getNumResults() != 0)
    return op->emitOpError("a result is of the type of what it is written to; on memrefs there is none");
  return success();
}

//===-- kernel.product ---------------------------------------------------------------------------------------------===//

Type ProductOp::getElementType() { return cast<ShapedType>(getLeft().getType()).getElementType(); }

bool ProductOp::keepsSums() {
  size_t computed = hasEpilogue() ? getEpilogue().front().getTerminator()->getNumOperands() : 0;
  return getOuts().size() > computed;
}

OpOperand *ProductOp::getSums() { return keepsSums() ? &getOutsMutable()[0] : nullptr; }

bool ProductOp::sumsInOnePlace() {
  int64_t reached = 1;
  for (auto [loop, extent] : llvm::enumerate(getLoops()))
    reached *= isSummed(unsigned(loop)) ? 1 : extent;
  OpOperand *sums = getSums();
  return sums && reached == cast<ShapedType>(sums->get().getType()).getNumElements();
}

ArrayAttr ProductOp::getIndexingMaps() { return getMaps(); }

AffineMap ProductOp::getSumMap() { return cast<AffineMapAttr>(getMaps()[2]).getValue(); }

/// Maps are those of left, right, the sums, the reads, the epilogue's results.
AffineMap ProductOp::getMatchingIndexingMap(OpOperand *operand) {
  unsigned number = operand->getOperandNumber(), reads = getReads().size();
  if (number >= 2 && !(keepsSums() && number == 2 + reads)) // behind the factors, and not the sums
    number += keepsSums() && number > 2 + reads ? 0 : 1;
  else if (number >= 2)
    number = 2;
  return cast<AffineMapAttr>(getMaps()[number]).getValue();
}

SmallVector<int64_t> ProductOp::getStaticLoopRanges() { return SmallVector<int64_t>(getLoops()); }

SmallVector<int64_t> ProductOp::getStaticOperandShape(OpOperand *operand) {
  return SmallVector<int64_t>(cast<ShapedType>(operand->get().getType()).getShape());
}

bool ProductOp::readsWhereItWrites(OpOperand *input, OpResult result) {
  OpOperand *init = getTiedOpOperand(result);
  return input->getOperandNumber() >= 2 && init != getSums() && !getPartial() &&
         getMatchingIndexingMap(input) == getMatchingIndexingMap(init);
}

Operation *ProductOp::fillBefore(OpResult result) {
  OpOperand *init = getTiedOpOperand(result);
  if (init == getSums() || getPartial())
    return nullptr;
  const AffineMap map = getMatchingIndexingMap(init);
  int64_t reached = 1;
  for (auto [loop, extent] : llvm::enumerate(getLoops()))
    reached *= map.isFunctionOfDim(loop) ? extent : 1;
  const bool reachesAll = reached == cast<ShapedType>(init->get().getType()).getNumElements();
  return reachesAll ? nullptr : init->get().getDefiningOp<linalg::FillOp>().getOperation();
}

LogicalResult ProductOp::verify() {
  const Type element = getElementType();
  const size_t loops = getLoops().size(), kept = keepsSums(), reads = getReads().size();
  if (!isa<FloatType>(element) || cast<ShapedType>(getRight().getType()).getElementType() != element)
    return emitOpError("multiplies floats of one type");
  if (llvm::any_of(getLoops(), [](int64_t extent) { return extent < 1; }))
    return emitOpError("a loop has at least one turn");
  if (getMaps().size() != 3 + reads + getOuts().size() - kept)
    return emitOpError("has a map for each factor, for the sums, for what is read and for each further result");
  for (AffineMap map : getIndexingMapsArray())
    if (map.getNumDims() != loops)
      return emitOpError("a map is of all loops");
  for (OpOperand &operand : getOperation()->getOpOperands())
    if (getMatchingIndexingMap(&operand).getNumResults() != cast<ShapedType>(operand.get().getType()).getRank())
      return emitOpError("operand ") << operand.getOperandNumber() << " has as many dimensions as its map has results";
  if (OpOperand *sums = getSums(); sums && cast<ShapedType>(sums->get().getType()).getElementType() != element)
    return emitOpError("sums are of the factors' type");

  if (hasEpilogue()) {
    Block &body = getEpilogue().front();
    SmallVector<Type> arguments{element};
    for (Value read : getReads())
      arguments.push_back(cast<ShapedType>(read.getType()).getElementType());
    if (body.getArgumentTypes() != TypeRange(arguments))
      return emitOpError("the epilogue's arguments are a sum and an element of all that is read");
    auto yield = dyn_cast<YieldOp>(body.getTerminator());
    if (!yield || yield.getNumOperands() + kept != getOuts().size() || kept > 1)
      return emitOpError("the epilogue gives an element of each result behind the sums");
    for (auto [value, out] : llvm::zip_equal(yield.getValues(), getOuts().drop_front(kept)))
      if (value.getType() != cast<ShapedType>(out.getType()).getElementType())
        return emitOpError("the epilogue gives elements of its results' types");
    if (getScratchSums() && !kept)
      return emitOpError("sums that are not kept are no scratch");
  } else if (getOuts().size() != 1 || reads != 0 || getPartial() || getScratchSums()) {
    return emitOpError("without an epilogue nothing is read, and the sums are the only result");
  }

  if (!getPlan())
    return success();
  const ProductPlan plan = getPlan()->getPlan();
  double points = 1;
  for (int64_t extent : getLoops())
    points *= double(extent);
  if (plan.multiplyAdds() != points)
    return emitOpError("the plan is of other loops");
  if (plan.accumulates() && !kept)
    return emitOpError("the plan adds sums up in memory, and they are not kept");
  if (hasEpilogue() && (plan.dot || !plan.scatter.empty()))
    return emitOpError("the plan has no tile of finished sums for the epilogue");
  if (getPartial()) {
    const ArrayRef<int64_t> shape = cast<ShapedType>(getOuts().back().getType()).getShape();
    const SmallVector<int64_t> numbers{plan.tiles()}, rows{plan.tiles() / plan.panels(), plan.n.extent};
    if (shape != ArrayRef(numbers) && shape != ArrayRef(rows))
      return emitOpError("gives a number for each tile of its plan, or for each of its columns");
  }
  return success();
}
