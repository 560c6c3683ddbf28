// What a legal program is: symbols that resolve, types that agree, regions that yield what they promise.
#include "talweg/Dialect/Train/Train.h"
#include "talweg/Dialect/Tw/Elements.h"
#include "talweg/Support/Halves.h"

#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace talweg::train {
namespace {

bool isFloatScalar(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.getRank() == 0 && tw::isReal(tensor.getElementType());
}

RankedTensorType hostScalar(MLIRContext *context) { return RankedTensorType::get({}, Float64Type::get(context)); }
RankedTensorType keyType(MLIRContext *context) { return RankedTensorType::get({2}, IntegerType::get(context, 64)); }

LogicalResult verifyType(Operation *op, Type actual, Type expected) {
  if (actual != expected)
    return op->emitOpError() << "must be of type " << expected << ", but is of type " << actual;
  return success();
}

bool isStatic(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.hasStaticShape() &&
         llvm::all_of(tensor.getShape(), [](int64_t extent) { return extent > 0; });
}

/// The values that the only block of `region` yields, or an error.
FailureOr<OperandRange> yieldedBy(Operation *op, Region &region) {
  auto yield = region.front().empty() ? YieldOp() : dyn_cast<YieldOp>(region.front().back());
  if (!yield) {
    op->emitOpError() << "must end in train.yield";
    return failure();
  }
  return yield.getValues();
}

/// The variable called `name`, or an error.
FailureOr<VariableOp> lookUp(Operation *op, FlatSymbolRefAttr name, SymbolTableCollection &symbols) {
  if (auto variable = symbols.lookupNearestSymbolFrom<VariableOp>(op, name))
    return variable;
  op->emitOpError() << "names the variable " << name << ", which is not declared";
  return failure();
}

LogicalResult wrongType(Operation *op, VariableOp variable, Type type) {
  auto error = op->emitOpError() << "has type " << type << ", but " << FlatSymbolRefAttr::get(variable.getSymNameAttr())
                                 << " has type " << variable.getType();
  error.attachNote(variable.getLoc()) << "declared here";
  return error;
}

bool mayChange(std::optional<Mode> mode) { return !mode || *mode == Mode::Train || *mode == Mode::Gradient; }

/// Its name, for messages.
template <typename Enum>
StringRef text(Enum value) {
  return StringRef(nameOf(value));
}

/// Such ops tell modes apart, of which only a program in all modes has several.
LogicalResult verifyInAllModes(Operation *op) {
  auto program = op->getParentOfType<ProgramOp>();
  if (program && program.getMode())
    return op->emitOpError() << "is in a program of mode " << text(*program.getMode())
                             << ": talweg-specialize leaves none";
  return success();
}

} // namespace

//===-- declarations ----------------------------------------------------------------------------------------------===//

/// What only a lowered program tells, if `op` tells any such thing.
static StringRef loweredFact(Operation &op) {
  if (isa<ColumnOp, PredictionOp, FaultOp>(op))
    return "it";
  auto field = dyn_cast<FieldOp>(op);
  if (field && field.getRead())
    return "`read`";
  return field && field.getRange() ? "`in`" : "";
}

/// Each declaration by itself is legal: are they together?
static LogicalResult verifyTogether(ProgramOp program) {
  Block &body = program.getBody().front();
  bool isLowered = program.isLowered();
  llvm::StringMap<Operation *> splits;
  Operation *plan = nullptr;
  auto second = [](Operation *op, Operation *first) {
    auto error = op->emitOpError() << "is the second of its kind in a program";
    error.attachNote(first->getLoc()) << "the first is here";
    return error;
  };
  for (Operation &op : body) {
    if (StringRef fact = loweredFact(op); !fact.empty() && !isLowered)
      return op.emitOpError() << "is in a program that is not lowered, where nothing tells " << fact;
    if (isa<PlanOp>(op) && std::exchange(plan, &op))
      return second(&op, *body.getOps<PlanOp>().begin());
    if (auto split = dyn_cast<SplitOp>(op))
      if (auto [first, isNew] = splits.try_emplace(split.getName(), split); !isNew)
        return second(&op, first->second);
  }
  return success();
}

/// One, or one for each pass over the rows and the finish; then perhaps the one that tells.
static LogicalResult verifyObjectives(ProgramOp program) {
  SmallVector<ObjectiveOp> objectives(program.getBody().front().getOps<ObjectiveOp>());
  if (objectives.size() > 1 && objectives.back().getTell())
    objectives.pop_back();
  if (objectives.size() == 1 && !objectives[0].getPass() && !objectives[0].getFinish())
    return success();
  bool isFinished = !objectives.empty() && objectives.back().getFinish() && !objectives.back().getPass();
  if (!isFinished)
    return program.emitOpError() << "must have one objective, or passes and a finish, but has " << objectives.size();
  for (auto [number, objective] : llvm::enumerate(llvm::drop_end(objectives)))
    if (objective.getPass() != number || objective.getFinish())
      return objective.emitOpError() << "stands where pass " << number << " does";
  return success();
}

LogicalResult ProgramOp::verify() {
  if (int64_t(getBatch()) < 1)
    return emitOpError() << "has a batch of " << int64_t(getBatch());
  auto objectives = getBody().front().getOps<ObjectiveOp>();
  if (isLowered() && !objectives.empty())
    return emitOpError() << "is lowered, and has an objective";
  if (!isLowered() && failed(verifyObjectives(*this)))
    return failure();
  if (getReal() && !isa<Float32Type, Float64Type>(*getReal()))
    return emitOpError() << "computes in f32 or f64, and `real` is " << *getReal();
  if (failed(verifyTogether(*this)))
    return failure();
  llvm::DenseMap<int64_t, Operation *> places;
  auto hypers = getBody().front().getOps<HyperOp>();
  for (auto hyper : hypers) {
    if (int64_t(hyper.getIndex()) >= std::distance(hypers.begin(), hypers.end()))
      return hyper.emitOpError() << "has place " << hyper.getIndex() << ", but places are 0, 1, … without a gap";
    auto [other, isNew] = places.try_emplace(hyper.getIndex(), hyper);
    if (isNew)
      continue;
    auto error = hyper.emitOpError() << "has place " << hyper.getIndex() << ", which is taken";
    error.attachNote(other->second->getLoc()) << "by this one";
    return error;
  }
  return success();
}

FailureOr<ObjectiveOp> ProgramOp::findObjective() {
  auto objectives = getBody().front().getOps<ObjectiveOp>();
  if (!objectives.empty())
    return *objectives.begin();
  return emitOpError() << "is lowered already: it has no objective";
}

bool ProgramOp::isLowered() { return !getBody().front().getOps<WorkOp>().empty(); }

bool VariableOp::isSplit() {
  return (getRole() == Role::Parameter || getRole() == Role::Average) &&
         cast<RankedTensorType>(getType()).getElementType().isBF16();
}

RankedTensorType VariableOp::getUpdatedType() {
  auto type = cast<RankedTensorType>(getType());
  return isSplit() ? cast<RankedTensorType>(type.clone(Float32Type::get(getContext()))) : type;
}

std::string VariableOp::getLowHalfName() { return lowHalfName(getSymName().str()); }

RankedTensorType VariableOp::getLowHalfType() {
  Type half = IntegerType::get(getContext(), 16, IntegerType::Unsigned);
  return cast<RankedTensorType>(cast<RankedTensorType>(getType()).clone(half));
}

int64_t VariableOp::getMemberRank() {
  ArrayRef<int64_t> shape = cast<RankedTensorType>(getType()).getShape();
  for (int64_t count = 1; !shape.empty();) {
    count *= shape.front();
    shape = shape.drop_front();
    if (count == int64_t(getMembers()->size()))
      return int64_t(shape.size());
  }
  return -1;
}

int64_t VariableOp::getBytes() {
  auto type = cast<RankedTensorType>(getType());
  return type.getNumElements() * tw::infoOf(type.getElementType()).bytes;
}

/// A step of a field's preparation: {name, values, named}.
static bool isStep(Attribute attribute) {
  auto step = dyn_cast<DictionaryAttr>(attribute);
  auto isValue = [](Attribute value) { return isa<BoolAttr, IntegerAttr, FloatAttr, StringAttr>(value); };
  auto values = step ? step.getAs<ArrayAttr>("values") : ArrayAttr();
  auto named = step ? step.getAs<DictionaryAttr>("named") : DictionaryAttr();
  return values && named && step.getAs<StringAttr>("name") && llvm::all_of(values, isValue) &&
         llvm::all_of(named, [&](NamedAttribute each) { return isValue(each.getValue()); });
}

LogicalResult FieldOp::verify() {
  if (!isStatic(getType()))
    return emitOpError() << "must have a tensor type of static shape, but has " << getType();
  if (getClasses() && int64_t(*getClasses()) < 1)
    return emitOpError() << "has " << int64_t(*getClasses()) << " classes";
  auto element = tw::elementTypeOf(getElementTypeOrSelf(getType()));
  if (!element || !infoOf(*element).isOfFields())
    return emitOpError() << "has elements that no field is stored in: " << getType();
  for (Attribute column : getColumnsAttr() ? getColumnsAttr().getValue() : ArrayRef<Attribute>()) {
    auto number = dyn_cast<IntegerAttr>(column);
    if (!isa<StringAttr>(column) && !(number && number.getType().isInteger(64) && number.getInt() >= 0))
      return emitOpError() << "comes from columns, each a name or a number from 0, and not from " << column;
  }
  if (getRange() && getRange()->size() != 2)
    return emitOpError() << "is in a range of two numbers, not of " << getRange()->size();
  for (Attribute step : getStepsAttr() ? getStepsAttr().getValue() : ArrayRef<Attribute>())
    if (!isStep(step))
      return emitOpError() << "is prepared by steps, each {name, values, named}, and not by " << step;
  if (getNamesAttr() && int64_t(getNamesAttr().size()) != int64_t(getClasses().value_or(0)))
    return emitOpError() << "has names for " << getNamesAttr().size() << " classes";
  if (auto window = getWindow())
    if (auto shape = cast<RankedTensorType>(getType()).getShape();
        window->size() != 3 || (*window)[1] <= (*window)[0] || (*window)[2] < 1 || shape.empty() ||
        shape.front() != (*window)[1] - (*window)[0])
      return emitOpError() << "has no window of rows that its type has";
  return success();
}

LogicalResult SplitOp::verify() { return getFiles().empty() ? emitOpError() << "names no file" : success(); }

LogicalResult HyperOp::verify() {
  if (int64_t(getIndex()) < 0)
    return emitOpError() << "has a negative place";
  return success();
}

void VariableOp::build(OpBuilder &builder, OperationState &state, StringRef name, Role role, RankedTensorType type) {
  build(builder, state, builder.getStringAttr(name), RoleAttr::get(builder.getContext(), role), TypeAttr::get(type), {},
        {}, {}, {}, {});
}

LogicalResult VariableOp::verify() {
  if (!isStatic(getType()))
    return emitOpError() << "must have a tensor type of static shape, but has " << getType();
  if (!tw::elementTypeOf(getElementTypeOrSelf(getType())))
    return emitOpError() << "has elements of a type that cannot be stored: " << getType();
  if (getRole() == Role::Parameter && !isSplit() && !tw::isReal(getElementTypeOrSelf(getType())))
    return emitOpError() << "is a parameter, so its elements must be f32, f64 or bf16, but it has type " << getType();
  if (getFrozen() && getRole() != Role::Parameter)
    return emitOpError() << "is frozen, which only a parameter can be";
  if (getRole() == Role::Carried && cast<RankedTensorType>(getType()).getRank() == 0)
    return emitOpError() << "is carried by rows, but has none";
  if (getOffset() && int64_t(*getOffset()) < 0)
    return emitOpError() << "has a negative offset";
  if (getBlock() && int64_t(*getBlock()) < 0)
    return emitOpError() << "has a negative block";
  if (getMembers() && getMemberRank() < 0)
    return emitOpError() << "is a stack of " << getMembers()->size() << " variables, but has type " << getType();
  if (getPlaces() && (!getMembers() || getPlaces()->size() != getMembers()->size()))
    return emitOpError() << "has a place for each of its members, if it has places";
  auto program = (*this)->getParentOfType<ProgramOp>();
  if (getInit().empty() && program && program.isLowered())
    return success();
  if (getInit().empty())
    return emitOpError() << "has no initial value";
  Block &body = getInit().front();
  if (body.getNumArguments() != 1 || body.getArgument(0).getType() != keyType(getContext()))
    return emitOpError() << "computes its initial value from one argument of type " << keyType(getContext());
  auto values = yieldedBy(*this, getInit());
  if (failed(values))
    return failure();
  if (values->size() != 1 || values->front().getType() != getType())
    return emitOpError() << "must yield one initial value of type " << getType();
  return success();
}

//===-- rules and objective ---------------------------------------------------------------------------------------===//

LogicalResult OptimizerOp::verify() {
  Block &body = getBody().front();
  size_t tensors = 2 + getSlots().size();
  if (body.getNumArguments() != tensors)
    return emitOpError() << "takes the parameter, its gradient and " << getSlots().size() << " slots, but its body has "
                         << body.getNumArguments() << " arguments";
  Type type = body.getArgument(0).getType();
  auto unranked = dyn_cast<UnrankedTensorType>(type);
  if (!unranked || !tw::isReal(unranked.getElementType()))
    return emitOpError() << "is written for any shape: its arguments are of type tensor<*xf32> or tensor<*xf64>, not "
                         << type;
  for (BlockArgument argument : body.getArguments())
    if (argument.getType() != type)
      return emitOpError() << "has arguments of types " << type << " and " << argument.getType();
  auto values = yieldedBy(*this, getBody());
  if (failed(values))
    return failure();
  if (values->size() != tensors - 1 + getReport().size())
    return emitOpError() << "must yield the parameter, " << getSlots().size() << " slots and " << getReport().size()
                         << " reports, but yields " << values->size() << " values";
  for (auto [position, value] : llvm::enumerate(*values)) {
    Type expected = position < tensors - 1 ? type : Type(hostScalar(getContext()));
    if (value.getType() != expected)
      return emitOpError() << "must yield " << expected << " as value " << position << ", but yields "
                           << value.getType();
  }
  return success();
}

/// Whether `op` may update the variable by the optimizer: it is of the role, and learnt, its type is the rule's, and its slots are declared.
static LogicalResult verifyUpdate(Operation *op, FlatSymbolRefAttr name, FlatSymbolRefAttr optimizer,
                                  SymbolTableCollection &symbols, Role role = Role::Parameter) {
  auto parameter = symbols.lookupNearestSymbolFrom<VariableOp>(op, name);
  if (!parameter)
    return op->emitOpError() << "names the variable " << name << ", which is not declared";
  if (parameter.getRole() != role || parameter.getFrozen())
    return op->emitOpError() << "updates " << name << ", which is "
                             << (parameter.getFrozen() ? "frozen" : ("a " + text(parameter.getRole())).str());
  if (!optimizer) // of a gradient alone
    return success();
  auto rule = symbols.lookupNearestSymbolFrom<OptimizerOp>(op, optimizer);
  if (!rule)
    return op->emitOpError() << "names the optimizer " << optimizer << ", which is not declared";
  Type element = getElementTypeOrSelf(rule.getBody().front().getArgument(0).getType());
  if (getElementTypeOrSelf(parameter.getUpdatedType()) != element)
    return rule.emitOpError() << "is written for " << element << ", but " << name << " has type "
                              << parameter.getType();
  auto verifySlot = [&](std::string slotName, Type type) -> LogicalResult {
    auto held = symbols.lookupNearestSymbolFrom<VariableOp>(op, StringAttr::get(op->getContext(), slotName));
    if (!held || held.getRole() != Role::Slot)
      return rule.emitOpError() << "needs the slot @\"" << slotName << "\", which is not declared";
    if (held.getType() != type)
      return held.emitOpError() << "has type " << held.getType() << ", but its parameter has type "
                                << parameter.getType();
    return success();
  };
  for (Attribute slot : rule.getSlots())
    if (failed(
            verifySlot((name.getValue() + "." + cast<StringAttr>(slot).getValue()).str(), parameter.getUpdatedType())))
      return failure();
  return parameter.isSplit() ? verifySlot(parameter.getLowHalfName(), parameter.getLowHalfType()) : success();
}

/// One of how many steps an op is for.
static LogicalResult verifyEvery(Operation *op, std::optional<uint64_t> steps) {
  return !steps || *steps >= 2 ? success() : op->emitOpError() << "is for one of " << *steps << " steps, at least 2";
}

LogicalResult MinimizeOp::verify() {
  if (failed(verifyEvery(*this, getEvery())))
    return failure();
  if (!isFloatScalar(getLoss().getType()))
    return emitOpError() << "minimizes a float of rank 0, but the loss has type " << getLoss().getType();
  auto program = (*this)->getParentOfType<ProgramOp>();
  if (!getBy() && program && program.getMode() != Mode::Gradient)
    return emitOpError() << "names no optimizers, which it need not in mode gradient alone";
  if (getBy() && getBy()->size() != getOver().size())
    return emitOpError() << "is over " << getOver().size() << " parameters by " << getBy()->size() << " optimizers";
  if (!getGradients().empty() && getGradients().size() != getOver().size())
    return emitOpError() << "is over " << getOver().size() << " parameters, with gradients of "
                         << getGradients().size();
  if (getLimits().size() != (getClips() ? getClips()->size() : 0))
    return emitOpError() << "has " << getLimits().size() << " limits for " << (getClips() ? getClips()->size() : 0)
                         << " clips";
  for (Value limit : getLimits())
    if (failed(verifyType(*this, limit.getType(), hostScalar(getContext()))))
      return failure();
  llvm::StringSet<> seen;
  for (auto name : getOver().getAsRange<FlatSymbolRefAttr>())
    if (!seen.insert(name.getValue()).second)
      return emitOpError() << "updates " << name << " twice";
  llvm::StringSet<> clipped;
  for (auto clip :
       getClips() ? getClips()->getAsRange<ClipAttr>() : ArrayAttr::get(getContext(), {}).getAsRange<ClipAttr>())
    for (auto name : clip.getParameters().getAsRange<FlatSymbolRefAttr>())
      if (!seen.contains(name.getValue()) || !clipped.insert(name.getValue()).second)
        return emitOpError() << "clips the gradient of " << name << ", which it "
                             << (seen.contains(name.getValue()) ? "clips already" : "does not update");
  return success();
}

LogicalResult MinimizeOp::verifySymbolUses(SymbolTableCollection &symbols) {
  for (auto [number, name] : llvm::enumerate(getOver().getAsRange<FlatSymbolRefAttr>())) {
    auto optimizer = getBy() ? cast<FlatSymbolRefAttr>((*getBy())[number]) : FlatSymbolRefAttr();
    if (failed(verifyUpdate(*this, name, optimizer, symbols)))
      return failure();
  }
  return success();
}

/// `record` for each row of a batch.
static RankedTensorType batchOf(ProgramOp program, RankedTensorType record) {
  SmallVector<int64_t> shape(1, program.getBatch());
  llvm::append_range(shape, record.getShape());
  return RankedTensorType::get(shape, record.getElementType());
}

LogicalResult ObjectiveOp::verify() {
  auto program = cast<ProgramOp>((*this)->getParentOp());
  Block &body = getBody().front();
  if (size_t skips = skipsOf(*this).size(); skips > kMostSkips)
    return emitOpError() << "skips losses in " << skips << " ways, at most " << kMostSkips;
  SmallVector<std::pair<StringRef, Type>> rows; // of fields, then of what is carried
  for (auto field : program.getBody().front().getOps<FieldOp>())
    rows.push_back({field.getSymName(), field.getType()});
  const size_t fields = rows.size();
  for (VariableOp variable : carriedBy(program))
    if (auto type = dyn_cast<RankedTensorType>(variable.getType()); type && type.getRank() > 0)
      rows.push_back(
          {variable.getSymName(), RankedTensorType::get(type.getShape().drop_front(), type.getElementType())});
  if (body.getNumArguments() != rows.size()) {
    InFlightDiagnostic wrong = emitOpError() << "takes " << body.getNumArguments() << " batches, but there are "
                                             << fields << " fields";
    return rows.size() == fields ? wrong : wrong << " and " << rows.size() - fields << " that are carried";
  }
  for (auto [row, argument] : llvm::zip(rows, body.getArguments())) {
    auto record = dyn_cast<RankedTensorType>(row.second);
    if (!record)
      return success(); // Reported by the op.
    auto expected = batchOf(program, record);
    if (argument.getType() != expected)
      return emitOpError() << "takes a batch of @" << row.first << " as " << argument.getType() << ", but it is "
                           << expected;
  }
  auto values = yieldedBy(*this, getBody());
  if (failed(values))
    return failure();
  if (program.getMode() == Mode::Predict) {
    auto type = values->size() == 1 ? dyn_cast<RankedTensorType>(values->front().getType()) : RankedTensorType();
    if (!type || type.getRank() == 0 || type.getDimSize(0) != int64_t(program.getBatch()))
      return emitOpError() << "must yield one output with a leading dimension of " << program.getBatch();
    return success();
  }
  if (!values->empty())
    return emitOpError() << "yields " << values->size() << " values, which it does in mode predict alone";
  return success();
}

//===-- reading and writing ---------------------------------------------------------------------------------------===//

LogicalResult GetOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto variable = lookUp(*this, getVariableAttr(), symbols);
  if (failed(variable))
    return failure();
  Type type = getValue().getType();
  return type == variable->getType() || type == variable->getUpdatedType() ? success()
                                                                           : wrongType(*this, *variable, type);
}

LogicalResult SetOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto program = (*this)->getParentOfType<ProgramOp>();
  if (program && !mayChange(program.getMode()))
    return emitOpError() << "changes " << getVariableAttr() << " in mode " << text(*program.getMode());
  auto variable = lookUp(*this, getVariableAttr(), symbols);
  if (failed(variable))
    return failure();
  Type type = getValue().getType();
  return type == variable->getType() ? success() : wrongType(*this, *variable, type);
}

LogicalResult CarryOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto variable = lookUp(*this, getVariableAttr(), symbols);
  if (failed(variable))
    return failure();
  auto type = cast<RankedTensorType>(variable->getType()), given = dyn_cast<RankedTensorType>(getValue().getType());
  if (variable->getRole() != Role::Carried)
    return emitOpError() << "names " << getVariableAttr() << ", which rows do not carry";
  if (!given || given.getRank() != type.getRank() || given.getElementType() != type.getElementType() ||
      given.getShape().drop_front() != type.getShape().drop_front() || given.getDimSize(0) > type.getDimSize(0))
    return wrongType(*this, *variable, given);
  return success();
}

LogicalResult UpdateOp::verify() { return verifyEvery(*this, getEvery()); }
LogicalResult EveryOp::verify() { return verifyEvery(*this, getSteps()); }

LogicalResult UpdateOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto found = lookUp(*this, getVariableAttr(), symbols);
  if (failed(found))
    return failure();
  auto gradient = cast<RankedTensorType>(getGradient().getType());
  if (getRows()) {
    auto table = cast<RankedTensorType>(found->getUpdatedType());
    auto rows = dyn_cast<RankedTensorType>(getRows().getType());
    if (table.getRank() == 0 || !rows || rows.getRank() != 1 || !tw::isWhole(rows.getElementType()) ||
        gradient.getElementType() != table.getElementType() || gradient.getRank() != table.getRank() ||
        gradient.getDimSize(0) != rows.getDimSize(0) ||
        gradient.getShape().drop_front() != table.getShape().drop_front())
      return emitOpError() << "takes a row of " << getVariableAttr() << ", a table, for each of its rows";
  } else if (gradient != found->getUpdatedType()) {
    return wrongType(*this, *found, gradient);
  }
  return verifyUpdate(*this, getVariableAttr(), getOptimizerAttr(), symbols);
}

LogicalResult AverageOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto parameter = lookUp(*this, getParameterAttr(), symbols), average = lookUp(*this, getAverageAttr(), symbols);
  if (failed(parameter) || failed(average))
    return failure();
  if (parameter->getRole() != Role::Parameter)
    return emitOpError() << "averages " << getParameterAttr() << ", which is a " << text(parameter->getRole());
  if (average->getType() != parameter->getType())
    return emitOpError() << "averages " << getParameterAttr() << " of type " << parameter->getType() << ", but "
                         << getAverageAttr() << " has type " << average->getType();
  return verifyUpdate(*this, getAverageAttr(), getRuleAttr(), symbols, Role::Average);
}

LogicalResult GetHyperOp::verifySymbolUses(SymbolTableCollection &symbols) {
  if (!symbols.lookupNearestSymbolFrom<HyperOp>(*this, getHyperAttr()))
    return emitOpError() << "names the hyper-parameter " << getHyperAttr() << ", which is not declared";
  return verifyType(*this, getValue().getType(), hostScalar(getContext()));
}

LogicalResult OutputOp::verify() {
  auto program = (*this)->getParentOfType<ProgramOp>();
  auto type = dyn_cast<RankedTensorType>(getValue().getType());
  if (program && (!type || type.getRank() == 0 || type.getDimSize(0) != int64_t(program.getBatch())))
    return emitOpError() << "must have a leading dimension of " << program.getBatch();
  return verifyInAllModes(*this);
}

LogicalResult TrainingOp::verify() {
  auto condition = RankedTensorType::get({}, IntegerType::get(getContext(), 1));
  return failed(verifyInAllModes(*this)) ? failure() : verifyType(*this, getValue().getType(), condition);
}

/// Whether it is a number of f64, or a list of such.
static bool isCombinable(Type type) {
  auto ranked = dyn_cast<RankedTensorType>(type);
  return ranked && ranked.getRank() <= 1 && ranked.getElementType().isF64();
}
LogicalResult PartialOp::verify() {
  return isCombinable(getValue().getType())
             ? success()
             : emitOpError() << "tells f64 of rank 0 or 1, but has " << getValue().getType();
}
LogicalResult CombinedOp::verify() {
  return isCombinable(getValue().getType()) ? success()
                                            : emitOpError() << "is f64 of rank 0 or 1, not " << getValue().getType();
}

LogicalResult NormOp::verify() {
  auto program = (*this)->getParentOfType<ProgramOp>();
  if (program && program.getMode().value_or(Mode::Train) != Mode::Train)
    return emitOpError() << "is in a program of mode " << text(*program.getMode()) << ", which updates nothing";
  return verifyType(*this, getValue().getType(), hostScalar(getContext()));
}

LogicalResult NormOp::verifySymbolUses(SymbolTableCollection &symbols) {
  for (auto name : getOf().getAsRange<FlatSymbolRefAttr>()) {
    auto variable = lookUp(*this, name, symbols);
    if (failed(variable))
      return failure();
    if (variable->getRole() != Role::Parameter)
      return emitOpError() << "measures " << name << ", which is a " << text(variable->getRole());
  }
  return success();
}

LogicalResult ReportOp::verify() {
  if (failed(verifyEvery(*this, getEvery())))
    return failure();
  if (getTold() == Told::Table)
    return success();
  if (!isFloatScalar(getValue().getType()))
    return emitOpError() << "tells a float of rank 0, but has one of type " << getValue().getType();
  return success();
}
LogicalResult StepOp::verify() { return verifyType(*this, getValue().getType(), hostScalar(getContext())); }
LogicalResult FirstRowOp::verify() {
  return verifyType(*this, getValue().getType(), RankedTensorType::get({}, IntegerType::get(getContext(), 64)));
}
LogicalResult RowsOp::verify() { return verifyType(*this, getValue().getType(), hostScalar(getContext())); }
LogicalResult TotalStepsOp::verify() { return verifyType(*this, getValue().getType(), hostScalar(getContext())); }
LogicalResult KeyOp::verify() { return verifyType(*this, getValue().getType(), keyType(getContext())); }

} // namespace talweg::train
