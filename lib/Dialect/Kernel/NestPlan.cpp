// The plan of a nest as an attribute, and what holds of the attributes that tell how a linalg.generic on memrefs runs.
#include "PlanFields.h"
#include "talweg/Dialect/Kernel/Kernel.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Interfaces/LoopLikeInterface.h"

using namespace mlir;
using linalg::GenericOp;

namespace talweg::kernel {

template <typename Visit>
static void visitFields(NestPlan &plan, Visit &&visit) {
  visit("axes", plan.axes);
  visit("row", plan.row);
  visit("form", plan.form);
  visit("moving", plan.moving);
  visit("vector_axis", plan.vectorAxis);
  visit("lanes", plan.lanes);
  visit("vectors", plan.vectors);
  visit("chains", plan.chains);
  visit("block", plan.block);
  visit("shared", plan.shared);
  visit("piece", plan.piece);
  visit("parts", plan.parts);
  visit("part_length", plan.partLength);
  visit("parts_in_scratch", plan.partsInScratch);
  visit("group_loop", plan.groups.loop);
  visit("group_length", plan.groups.length);
}

static ArrayRef<StringLiteral> wordsOf(NestPlan::Form) {
  static constexpr StringLiteral words[] = {"vectors", "transposed", "interleaved"};
  return words;
}

/// A loop is array<i64: extent, source, stride of each operand…>.
static SmallVector<std::int64_t> numbersOf(const NestAxis &axis) {
  SmallVector<std::int64_t> numbers{axis.extent, axis.source};
  llvm::append_range(numbers, axis.strides);
  return numbers;
}

static bool setNumbers(NestAxis &axis, ArrayRef<std::int64_t> numbers) {
  if (numbers.size() < 3 || numbers[0] < 1 || numbers[1] < -1 || !std::in_range<int>(numbers[1]))
    return false;
  axis = {numbers[0], SmallVector<std::int64_t>(numbers.drop_front(2)), int(numbers[1])};
  return true;
}

NestPlanAttr NestPlanAttr::get(MLIRContext *context, const NestPlan &plan) {
  return get(context, writeFields(context, plan));
}

NestPlan NestPlanAttr::getPlan() const {
  NestPlan plan;
  readFields(getFields(), plan);
  return plan;
}

/// Why a plan contradicts itself, if it does.
static std::string faultOf(const NestPlan &plan) {
  if (plan.axes.empty())
    return "a plan has a loop";
  const auto operands = plan.axes[0].strides.size();
  auto fits = [&](const NestAxis &axis) { return axis.strides.size() == operands; };
  if (!llvm::all_of(plan.axes, fits) || (plan.row && !fits(*plan.row)))
    return "every loop has a stride for each operand";
  const int loops = int(plan.axes.size());
  auto isLoopOrNone = [&](int index) { return index >= -1 && index < loops; };
  if (plan.vectorAxis < 0 || plan.vectorAxis >= loops || plan.moving > plan.axes.size() || !isLoopOrNone(plan.shared) ||
      !isLoopOrNone(plan.parts) || !isLoopOrNone(plan.groups.loop))
    return "'vector_axis', 'moving', 'shared', 'parts' and 'group_loop' are of the plan's loops";
  if (plan.lanes < 1 || plan.vectors < 1 || plan.chains < 1 || plan.piece < 0 || plan.block < 0)
    return "vectors have lanes, and lengths are not negative";
  if ((plan.parts >= 0 && plan.partLength < 1) || (plan.groups.loop >= 0 && plan.groups.length < 1))
    return "parts and groups have at least one turn";
  if (plan.partsInScratch && plan.parts < 0)
    return "where there are no parts, none is in scratch memory";
  if (plan.form == NestPlan::Form::Transposed && (plan.vectorAxis != loops - 1 || loops < 2 || plan.block < 1))
    return "transposed, lanes run along the last loop, and blocks along the one before";
  if (plan.form == NestPlan::Form::Interleaved && (plan.vectorAxis != loops - 2 || plan.piece < 1))
    return "interleaved, lanes run along the last loop but one, in pieces";
  return "";
}

LogicalResult NestPlanAttr::verify(function_ref<InFlightDiagnostic()> emitError, DictionaryAttr fields) {
  NestPlan plan;
  std::string fault = readFields(fields, plan);
  if (fault.empty())
    fault = faultOf(plan);
  return fault.empty() ? success() : emitError() << fault;
}

//===-- on an op ---------------------------------------------------------------------------------------------------===//

static LogicalResult verifyStart(GenericOp op, Attribute value) {
  auto isCombined = [&](OpOperand &init) { return op.payloadUsesValueFromOperand(&init); };
  if (op.getNumDpsInits() == 0 || !llvm::all_of(op.getDpsInitsMutable(), isCombined))
    return op.emitOpError("has a start, and does not combine anything with each of its results");
  auto isAlike = [&](OpOperand &init) {
    return init.get().getType() == op.getDpsInits()[0].getType() &&
           op.getMatchingIndexingMap(&init) == op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  };
  if (!llvm::all_of(op.getDpsInitsMutable(), isAlike))
    return op.emitOpError("has a start, and its results are not alike");
  auto start = dyn_cast<TypedAttr>(value);
  if (!start || start.getType() != getElementTypeOrSelf(op.getDpsInits()[0]))
    return op.emitOpError("starts from a scalar of its result's type");
  return success();
}

static LogicalResult verifyNest(GenericOp op, Attribute value) {
  auto attribute = dyn_cast<NestPlanAttr>(value);
  if (!attribute)
    return op.emitOpError("has no plan of a nest as its '") << kNest << "'";
  NestPlan plan = attribute.getPlan();
  double turns = 1, points = 1;
  for (std::int64_t extent : op.getStaticLoopRanges())
    points *= double(extent);
  if (plan.row)
    plan.axes.push_back(*plan.row);
  for (const NestAxis &axis : plan.axes) {
    turns *= double(axis.extent);
    if (axis.strides.size() != op->getNumOperands() || axis.source >= int(op.getNumLoops()))
      return op.emitOpError("the plan is of other operands or loops");
  }
  if (turns != points)
    return op.emitOpError("the plan is of other loops");
  if (plan.row.has_value() != op->hasAttr(kTogether))
    return op.emitOpError("is planned as one of several rows where, and only where, it is done together with others");
  return success();
}

static bool touchesMemory(Operation &op) {
  auto effects = getEffectsRecursively(&op);
  return !effects || llvm::any_of(*effects, [](const MemoryEffects::EffectInstance &effect) {
    return isa<MemoryEffects::Read, MemoryEffects::Write>(effect.getEffect());
  });
}

/// Numbers rise along a block, so that it is enough to look at the ops since the last that has one.
static LogicalResult verifyTogether(GenericOp op, Attribute value) {
  auto number = dyn_cast<IntegerAttr>(value);
  auto plan = op->getAttrOfType<NestPlanAttr>(kNest);
  if (!number || !number.getType().isSignlessInteger(64) || !plan || !plan.getPlan().row)
    return op.emitOpError("is done together with others by a number, and a plan as one of several rows");
  Operation *between = nullptr;
  for (Operation *before = op->getPrevNode(); before; before = before->getPrevNode()) {
    if (auto other = before->getAttrOfType<IntegerAttr>(kTogether)) {
      if (other.getInt() > number.getInt())
        return op.emitOpError("the numbers of ops that are done together rise along their block");
      if (other.getInt() < number.getInt())
        return success();
      if (between)
        return op.emitOpError("what stands between ops that are done together uses memory")
                   .attachNote(between->getLoc())
               << "this";
      auto own = before->getAttrOfType<NestPlanAttr>(kNest);
      if (own && own.getPlan().row && own.getPlan().row->extent != plan.getPlan().row->extent)
        return op.emitOpError("ops that are done together have as many rows");
      return success();
    }
    if (!isa<linalg::FillOp>(before) && touchesMemory(*before))
      between = before;
  }
  return success();
}

static LogicalResult verifyBand(Operation *op, Attribute attribute) {
  auto product = dyn_cast<ProductOp>(op);
  auto numbers = dyn_cast<DenseI64ArrayAttr>(attribute);
  if (product && numbers && size_t(numbers.size()) == 2 + product.getLoops().size() && numbers[0] <= numbers[1])
    return success();
  return op->emitOpError("'") << kBand << "' is of a product: two bounds, the lesser first, and a move for each loop";
}

static LogicalResult verifyAround(Operation *op, Attribute attribute) {
  auto fill = dyn_cast<linalg::FillOp>(op);
  auto box = dyn_cast<DenseI64ArrayAttr>(attribute);
  auto type = fill ? dyn_cast<MemRefType>(fill.getOutputs()[0].getType()) : MemRefType();
  bool isBox = type && box && box.size() == 2 * type.getRank();
  for (int64_t dim = 0; isBox && dim < type.getRank(); ++dim)
    isBox = box[2 * dim] >= 0 && box[2 * dim + 1] > 0 && box[2 * dim] + box[2 * dim + 1] <= type.getDimSize(dim);
  if (isBox)
    return success();
  return op->emitOpError("'")
         << kAround
         << "' is of a linalg.fill on memrefs: the first and the number of a box's elements along each dimension";
}

static LogicalResult verifyTurns(Operation *op, NamedAttribute attribute) {
  const bool isThreads = attribute.getName() == kThreads;
  auto threads = dyn_cast<IntegerAttr>(attribute.getValue());
  if (isa<LoopLikeOpInterface>(op) &&
      (isThreads ? threads && threads.getInt() > 0 : isa<UnitAttr>(attribute.getValue())))
    return success();
  return op->emitOpError("'") << attribute.getName().getValue() << "' is of a loop"
                              << (isThreads ? ": how many threads share its turns" : "");
}

LogicalResult KernelDialect::verifyOperationAttribute(Operation *op, NamedAttribute attribute) {
  if (attribute.getName() == kBand)
    return verifyBand(op, attribute.getValue());
  if (attribute.getName() == kIndependent || attribute.getName() == kThreads)
    return verifyTurns(op, attribute);
  if (attribute.getName() == kAround)
    return verifyAround(op, attribute.getValue());
  auto generic = dyn_cast<GenericOp>(op);
  if (!generic || !generic.hasPureBufferSemantics())
    return op->emitOpError("has '") << attribute.getName().getValue() << "', and is no linalg.generic on memrefs";
  if (attribute.getName() == kStart)
    return verifyStart(generic, attribute.getValue());
  if (attribute.getName() == kNest)
    return verifyNest(generic, attribute.getValue());
  if (attribute.getName() == kTogether)
    return verifyTogether(generic, attribute.getValue());
  return op->emitOpError("'") << attribute.getName().getValue() << "' is no attribute of the kernel dialect";
}

} // namespace talweg::kernel
