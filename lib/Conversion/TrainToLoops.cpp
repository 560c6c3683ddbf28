// talweg-train-to-loops. In: one train.program, expanded, with storage assigned. Out: @talweg_init and @talweg_step over raw
// memory (Runtime/Abi.h), whose bodies hold the program's tw ops on tensors, and the program's declarations (Declarations.h). A variable's
// storage is a memref.global of its name, declared only: talweg-place-variables says where it is.
//
// The order inside one step is what makes in-place storage right: every variable is read once, before anything is computed; all
// writes come after all reads. A write whose value is another variable's old storage copies it first.
//
// Where a program requires something (tw.require), a step in which not all of it holds is left behind the last requirement (kernel.leave), in
// front of all writes, and so changes nothing. Where a number is required to be finite, variables are copied there for the host, if it asks for it.
//
// Where a loss is skipped in some steps (train.every), the loop over batches holds each kind of step under a condition of its own
// (KindsOfSteps.h).
#include "Declarations.h"
#include "GatherBatch.h"
#include "KindsOfSteps.h"
#include "Requirements.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "talweg/Codegen/Attributes.h"
#include "talweg/Conversion/Passes.h"
#include "talweg/Dialect/Kernel/Kernel.h"
#include "talweg/Dialect/Train/Train.h"
#include "talweg/Dialect/Tw/Elements.h"
#include "talweg/Dialect/Tw/Tw.h"
#include "talweg/Runtime/Abi.h"

using namespace mlir;
using namespace talweg;
using namespace talweg::conversion;

namespace talweg {
#define GEN_PASS_DEF_TRAINTOLOOPS
#include "talweg/Conversion/Passes.h.inc"
} // namespace talweg

namespace {

/// Memory of as many rows as the host may have.
MemRefType rowsType(ArrayRef<int64_t> row, Type element) {
  SmallVector<int64_t> shape{abi::kMaxRows};
  shape.append(row.begin(), row.end());
  return MemRefType::get(shape, tw::loweredType(element));
}

/// What a step takes from the entry that it is in.
struct Entry {
  func::FuncOp function;
  Value seed, firstStep, first, total, batchNumber;
  SmallVector<Value> hypers;
  Value kept; ///< where variables are copied if the host asks for it; null: nowhere
};

class ProgramLowering {
public:
  ProgramLowering(ModuleOp module, train::ProgramOp program)
      : module(module), program(program), b(program.getLoc(), module.getContext()), mode(*program.getMode()),
        batch(program.getBatch()) {}

  LogicalResult run();

private:
  LogicalResult collect();
  void declareStorage();
  func::FuncOp createEntry(StringRef name, ArrayRef<Type> arguments);
  LogicalResult emitInit();
  void emitStep(train::ObjectiveOp objective);
  Value createStepNumber(const Entry &entry);
  void emitStepOfKind(train::ObjectiveOp objective, Block *body, const Entry &entry);
  void emitKeeping(kernel::LeaveOp leave, Value persistent, Value kept);

  MemRefType persistentType() { return MemRefType::get({persistentBytes}, b.getI8Type()); }
  MemRefType arenaType() { return MemRefType::get({0}, b.getI8Type()); }
  MemRefType controlType() { return MemRefType::get({abi::kControlWords}, b.getI64Type()); }
  MemRefType hyperType() {
    int64_t count = std::max<int64_t>(1, int64_t(hypers.size()) + combinations);
    return MemRefType::get({ranks ? abi::kMaxRows : count}, b.getF64Type());
  }

  Value createIndex(int64_t value) { return arith::ConstantIndexOp::create(b, value); }
  Value loadControl(int word) { return memref::LoadOp::create(b, control, createIndex(word)); }
  Value toIndex(Value integer) { return arith::IndexCastOp::create(b, b.getIndexType(), integer); }
  Value createVariableView(train::VariableOp variable);
  Value readVariable(train::VariableOp variable);
  void store(Value value, Value memory);
  Value createScalarF64(Value tensor);
  Value readRows(Operation *op) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPoint(op);
    Value rows = arith::SIToFPOp::create(b, b.getF64Type(), loadControl(abi::kRows));
    return tensor::FromElementsOp::create(b, RankedTensorType::get({}, rows.getType()), ValueRange{rows});
  }
  Value readCombined(train::CombinedOp op, Value hyper, Value position);
  void lowerReads(Block *body, Value step, Value planned, Value key, Value hyper, Value position,
                  ValueRange hyperValues, Value totalSteps);
  void lowerWrites(ArrayRef<train::SetOp> sets);
  void storeLosses(ArrayRef<train::ReportOp> told, Value out, Value batchNumber);
  void storeNumbers(ValueRange numbers, Value out, Value batchNumber);
  void storePrediction(Value output, Value out, Value batchNumber);

  ModuleOp module;
  train::ProgramOp program;
  ImplicitLocOpBuilder b;
  Mode mode;
  int64_t batch;
  int64_t persistentBytes = 0;
  SmallVector<train::ObjectiveOp> objectives;
  int64_t combinations = 0; ///< numbers that the host combines
  bool ranks = false;       ///< the host ranks rows
  int64_t firstSite = 0;    ///< requirements of the objectives in front
  SmallVector<train::VariableOp> variables;
  SmallVector<train::FieldOp> fields;
  SmallVector<train::HyperOp> hypers;
  Value control;
  /// What lowerReads made of every train.get: the variable's memory as a tensor.
  llvm::StringMap<Value> values;
  Value firstRow; ///< how many rows stand in front, of the step or of all
};

LogicalResult ProgramLowering::run() {
  if (failed(collect()))
    return failure();
  declare(program);
  b.setInsertionPointToEnd(module.getBody());
  declareStorage();
  if (failed(emitInit()))
    return failure();
  for (train::ObjectiveOp objective : objectives) {
    emitStep(objective);
    firstSite += llvm::range_size(objective.getBody().getOps<tw::RequireOp>());
  }
  leaveDeclarations(program);
  return success();
}

LogicalResult ProgramLowering::collect() {
  for (Operation &op : *program.getBody().begin()) {
    if (auto variable = dyn_cast<train::VariableOp>(op)) {
      if (!variable.getOffset())
        return variable.emitOpError("has no offset: talweg-assign-storage runs before talweg-train-to-loops");
      if (variable.getSymName().starts_with("talweg_"))
        return variable.emitOpError("has a name that begins with `talweg_`, as those of the module's functions do");
      variables.push_back(variable);
      int64_t end = llvm::alignTo(*variable.getOffset() + variable.getBytes(), abi::kAlignment);
      persistentBytes = std::max(persistentBytes, end);
    } else if (auto field = dyn_cast<train::FieldOp>(op)) {
      fields.push_back(field);
    } else if (auto hyper = dyn_cast<train::HyperOp>(op)) {
      hypers.push_back(hyper);
    } else if (auto found = dyn_cast<train::ObjectiveOp>(op)) {
      objectives.push_back(found);
      for (auto partial : found.getBody().getOps<train::PartialOp>())
        if (partial.getCombine() == Combine::Below)
          ranks = true;
        else
          combinations += cast<RankedTensorType>(partial.getValue().getType()).getNumElements();
    }
  }
  if (objectives.empty())
    return program.emitOpError("has no objective");
  WalkResult updates = program.walk([](train::UpdateOp update) {
    update.emitOpError("is left: talweg-expand-update runs before talweg-train-to-loops");
    return WalkResult::interrupt();
  });
  return failure(updates.wasInterrupted());
}

void ProgramLowering::declareStorage() {
  for (train::VariableOp variable : variables) {
    MemRefType type = bufferType(cast<RankedTensorType>(variable.getType()));
    auto storage = memref::GlobalOp::create(b, variable.getLoc(), variable.getSymName(), b.getStringAttr("private"),
                                            type, Attribute(), /*constant=*/false, IntegerAttr());
    if (variable.getBlock())
      storage->setAttr(attributes::kBlock, variable.getBlockAttr());
    if (variable.getMembers())
      storage->setAttr(attributes::kOuter, b.getI64IntegerAttr(type.getRank() - variable.getMemberRank()));
  }
}

/// An empty function, the builder at its end; the host promises that its arguments do not overlap.
func::FuncOp ProgramLowering::createEntry(StringRef name, ArrayRef<Type> arguments) {
  auto function = func::FuncOp::create(b, name, b.getFunctionType(arguments, {}));
  for (unsigned i = 0; i < arguments.size(); ++i)
    function.setArgAttr(i, "llvm.noalias", b.getUnitAttr());
  b.setInsertionPointToStart(function.addEntryBlock());
  return function;
}

Value ProgramLowering::createVariableView(train::VariableOp variable) {
  MemRefType type = bufferType(cast<RankedTensorType>(variable.getType()));
  return memref::GetGlobalOp::create(b, type, variable.getSymName());
}

/// The variable's memory as a tensor of its type.
Value ProgramLowering::readVariable(train::VariableOp variable) {
  Value view = createVariableView(variable);
  auto type = cast<MemRefType>(view.getType());
  Value tensor =
      bufferization::ToTensorOp::create(b, RankedTensorType::get(type.getShape(), type.getElementType()), view,
                                        /*restrict=*/true);
  if (tensor.getType() == variable.getType())
    return tensor;
  return UnrealizedConversionCastOp::create(b, variable.getType(), tensor).getResult(0);
}

/// Writes a tensor of any element type to its memory.
void ProgramLowering::store(Value value, Value memory) {
  auto type = cast<RankedTensorType>(value.getType());
  auto stored = cast<RankedTensorType>(type.clone(tw::loweredType(type.getElementType())));
  if (type != stored)
    value = UnrealizedConversionCastOp::create(b, stored, value).getResult(0);
  bufferization::MaterializeInDestinationOp::create(b, Type(), value, memory, /*restrict=*/true, /*writable=*/true);
}

LogicalResult ProgramLowering::emitInit() {
  func::FuncOp function = createEntry(abi::kInitEntry, {persistentType(), arenaType(), controlType()});
  control = function.getArgument(abi::kControl);
  Value zero = arith::ConstantOp::create(b, b.getI64IntegerAttr(0));
  Value key = tensor::FromElementsOp::create(b, ValueRange{loadControl(abi::kSeed), zero});
  for (train::VariableOp variable : variables) {
    b.setLoc(variable.getLoc());
    IRMapping mapping;
    Block &init = variable.getInit().front();
    mapping.map(init.getArgument(0), key);
    for (Operation &op : init.without_terminator())
      b.clone(op, mapping);
    Value value = mapping.lookupOrDefault(init.getTerminator()->getOperand(0));
    store(value, createVariableView(variable));
  }
  b.setLoc(program.getLoc());
  func::ReturnOp::create(b);
  return success();
}

Value ProgramLowering::createScalarF64(Value tensor) {
  Value x = tensor::ExtractOp::create(b, tensor, ValueRange{});
  return x.getType().isF64() ? x : Value(arith::ExtFOp::create(b, b.getF64Type(), x));
}

/// What the host has combined lies behind the hyper-parameters, and behind that its rankings. `position`: of the batch's first row.
Value ProgramLowering::readCombined(train::CombinedOp op, Value hyper, Value position) {
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(op);
  auto type = cast<RankedTensorType>(op.getType());
  Value first = createIndex(int64_t(hypers.size() + op.getAt()));
  if (op.getOfRows()) { // each ranking has a number for each row
    Value behind = arith::MulIOp::create(b, toIndex(loadControl(abi::kRows)), createIndex(op.getAt()));
    first = arith::AddIOp::create(b, createIndex(int64_t(hypers.size()) + combinations), behind);
    first = arith::AddIOp::create(b, first, position);
  }
  if (type.getRank() == 0)
    return tensor::FromElementsOp::create(b, type, ValueRange{memref::LoadOp::create(b, hyper, first)});
  Value buffer = memref::AllocOp::create(b, bufferType(type), b.getI64IntegerAttr(abi::kAlignment));
  auto elements = scf::ForOp::create(b, createIndex(0), createIndex(type.getNumElements()), createIndex(1));
  {
    OpBuilder::InsertionGuard inside(b);
    b.setInsertionPointToStart(elements.getBody());
    Value i = elements.getInductionVar();
    Value element = memref::LoadOp::create(b, hyper, ValueRange{arith::AddIOp::create(b, first, i)});
    memref::StoreOp::create(b, element, buffer, i);
  }
  return bufferization::ToTensorOp::create(b, type, buffer, /*restrict=*/true);
}

/// Replaces the ops that read the world around the step. `planned`: the number of the step, or of the plan's last one.
void ProgramLowering::lowerReads(Block *body, Value step, Value planned, Value key, Value hyper, Value position,
                                 ValueRange hyperValues, Value totalSteps) {
  llvm::StringMap<unsigned> hyperNumbers;
  for (auto [number, hyper] : llvm::enumerate(hypers))
    hyperNumbers[hyper.getSymName()] = number;
  body->walk([&](Operation *op) {
    Value value;
    if (auto get = dyn_cast<train::GetOp>(op)) {
      value = values.lookup(get.getVariable());
      if (OpBuilder here(op); value.getType() != get.getType())
        value = tw::ConvertOp::create(here, get.getLoc(), get.getType(), value);
    } else if (auto own = dyn_cast<train::StepOp>(op))
      value = own.getPlanned() ? planned : step;
    else if (isa<train::KeyOp>(op))
      value = key;
    else if (isa<train::TotalStepsOp>(op))
      value = totalSteps;
    else if (auto get = dyn_cast<train::GetHyperOp>(op))
      value = hyperValues[hyperNumbers.lookup(get.getHyper())];
    else if (auto combined = dyn_cast<train::CombinedOp>(op))
      value = readCombined(combined, hyper, position);
    else if (isa<train::FirstRowOp>(op))
      value = firstRow;
    else if (isa<train::RowsOp>(op))
      value = readRows(op);
    else
      return;
    op->getResult(0).replaceAllUsesWith(value);
    op->erase();
  });
}

/// The variable's memory that `value` is, seen through reshapes; null when it is computed.
Value underlyingVariable(Value value) {
  while (auto reshape = value.getDefiningOp<tw::ReshapeOp>())
    value = reshape.getX();
  if (auto cast = value.getDefiningOp<UnrealizedConversionCastOp>())
    value = cast.getInputs()[0];
  return value.getDefiningOp<bufferization::ToTensorOp>() ? value : Value();
}

void ProgramLowering::lowerWrites(ArrayRef<train::SetOp> sets) {
  llvm::StringMap<train::VariableOp> byName;
  for (train::VariableOp variable : variables)
    byName[variable.getSymName()] = variable;
  SmallVector<Value> written;
  for (train::SetOp set : sets) {
    Value value = set.getValue(), old = values.lookup(set.getVariable());
    bool isOldStorage = underlyingVariable(value) != nullptr;
    if (isOldStorage && value != old) {
      MemRefType type = bufferType(cast<RankedTensorType>(value.getType()));
      Value saved = memref::AllocOp::create(b, type, b.getI64IntegerAttr(abi::kAlignment));
      store(value, saved);
      Type stored = RankedTensorType::get(type.getShape(), type.getElementType());
      value = bufferization::ToTensorOp::create(b, stored, saved, /*restrict=*/true);
    }
    written.push_back(value);
  }
  for (auto [constSet, value] : llvm::zip_equal(sets, written)) {
    train::SetOp set = constSet;
    if (value == values.lookup(set.getVariable()))
      continue;
    b.setLoc(set.getLoc());
    store(value, createVariableView(byName.lookup(set.getVariable())));
  }
  b.setLoc(program.getLoc());
}

int64_t countOf(Value number) { return cast<RankedTensorType>(number.getType()).getNumElements(); }

/// Those that are known where the step is left, at their places among the numbers that are told.
void ProgramLowering::storeLosses(ArrayRef<train::ReportOp> told, Value out, Value batchNumber) {
  Operation *leave = b.getInsertionBlock()->getParentOp();
  int64_t width = 0, offset = 0;
  for (train::ReportOp report : told)
    width += countOf(report.getValue());
  Value first = arith::MulIOp::create(b, batchNumber, createIndex(width));
  for (train::ReportOp report : told) {
    Operation *loss = report.getValue().getDefiningOp();
    if (report.getTold() == Told::Loss &&
        (!loss || loss->getBlock() != leave->getBlock() || loss->isBeforeInBlock(leave)))
      memref::StoreOp::create(b, createScalarF64(report.getValue()), out,
                              ValueRange{arith::AddIOp::create(b, first, createIndex(offset))});
    offset += countOf(report.getValue());
  }
}

/// out[batchNumber * width + …]: one number after the other; a tensor of them is one of f64.
void ProgramLowering::storeNumbers(ValueRange numbers, Value out, Value batchNumber) {
  int64_t width = 0, offset = 0;
  for (Value number : numbers)
    width += countOf(number);
  Value first = arith::MulIOp::create(b, batchNumber, createIndex(width));
  for (Value number : numbers) {
    Value at = arith::AddIOp::create(b, first, createIndex(offset));
    int64_t count = countOf(number);
    offset += count;
    if (cast<RankedTensorType>(number.getType()).getRank() == 0) {
      memref::StoreOp::create(b, createScalarF64(number), out, at);
      continue;
    }
    Value list = b.createOrFold<tw::ReshapeOp>(RankedTensorType::get({count}, b.getF64Type()), number);
    Value place =
        memref::SubViewOp::create(b, out, ArrayRef<OpFoldResult>{at}, {b.getIndexAttr(count)}, {b.getIndexAttr(1)});
    bufferization::MaterializeInDestinationOp::create(b, Type(), list, place, /*restrict=*/true, /*writable=*/true);
  }
}

/// The model's output becomes rows batchNumber * batch … of out.
void ProgramLowering::storePrediction(Value output, Value out, Value batchNumber) {
  auto type = cast<RankedTensorType>(output.getType());
  SmallVector<OpFoldResult> offsets(type.getRank(), b.getIndexAttr(0)), strides(type.getRank(), b.getIndexAttr(1)),
      sizes;
  for (int64_t size : type.getShape())
    sizes.push_back(b.getIndexAttr(size));
  offsets[0] = arith::MulIOp::create(b, batchNumber, createIndex(batch)).getResult();
  Value rows = memref::SubViewOp::create(b, out, offsets, sizes, strides);
  bufferization::MaterializeInDestinationOp::create(b, Type(), output, rows, /*restrict=*/true, /*writable=*/true);
}

/// The symbol of an objective's function.
std::string entryOf(train::ObjectiveOp objective) {
  if (objective.getTell())
    return abi::kTellEntry;
  return objective.getFinish() ? abi::kFinishEntry : abi::stepEntry(objective.getPass().value_or(0));
}

void ProgramLowering::emitStep(train::ObjectiveOp objective) {
  b.setInsertionPointToEnd(module.getBody());
  values.clear();
  Block &source = objective.getBody().front();
  SmallVector<Type> arguments{persistentType(), arenaType(), controlType(), hyperType(), rowsType({}, b.getI32Type())};
  if (mode == Mode::Predict) {
    auto output = cast<RankedTensorType>(source.getTerminator()->getOperand(0).getType());
    arguments.push_back(rowsType(output.getShape().drop_front(), output.getElementType()));
  } else {
    arguments.push_back(rowsType({}, b.getF64Type()));
  }
  for (train::FieldOp field : fields) {
    auto row = cast<RankedTensorType>(field.getType());
    arguments.push_back(
        rowsType(field.getWindow() ? row.getShape().drop_front() : row.getShape(), row.getElementType()));
  }
  const bool keeps =
      mode == Mode::Train && !objective.getPass() &&
      llvm::any_of(source.getOps<tw::RequireOp>(), [](tw::RequireOp require) { return require.getNotFinite(); });
  if (keeps)
    arguments.push_back(persistentType());
  Entry entry;
  entry.function = createEntry(entryOf(objective), arguments);
  control = entry.function.getArgument(abi::kControl);
  entry.kept = keeps ? Value(entry.function.getArguments().back()) : Value();
  entry.seed = loadControl(abi::kSeed);
  entry.firstStep = loadControl(abi::kStep);
  Value steps = toIndex(loadControl(abi::kSteps));
  entry.first = toIndex(loadControl(abi::kFirst));
  entry.total = arith::SIToFPOp::create(b, b.getF64Type(), loadControl(abi::kTotalSteps));
  for (train::HyperOp hyper : hypers)
    entry.hypers.push_back(
        memref::LoadOp::create(b, entry.function.getArgument(abi::kHyper), createIndex(hyper.getIndex())));

  auto loop = scf::ForOp::create(b, createIndex(0), steps, createIndex(1));
  func::ReturnOp::create(b);
  b.setInsertionPointToStart(loop.getBody());
  entry.batchNumber = loop.getInductionVar();
  Value goesOn;
  if (!source.getOps<tw::RequireOp>().empty()) { // after a fault, the steps that are left do nothing
    Value none = arith::ConstantOp::create(b, b.getI64IntegerAttr(0));
    goesOn = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, loadControl(abi::kFault), none);
  }
  for (const KindOfStep &kind : kindsOfSteps(objective)) {
    b.setInsertionPoint(loop.getBody()->getTerminator());
    Block *body = loop.getBody();
    Value runs = goesOn;
    if (!kind.empty()) {
      Value isOfKind = createIsOfKind(b, kind, createStepNumber(entry));
      runs = runs ? Value(arith::AndIOp::create(b, runs, isOfKind)) : isOfKind;
    }
    if (runs) {
      body = scf::IfOp::create(b, runs, /*withElseRegion=*/false).thenBlock();
      b.setInsertionPointToStart(body);
    }
    train::ObjectiveOp part = objective.clone();
    reduceToKind(part, kind);
    emitStepOfKind(part, body, entry);
    part.erase();
  }
}

/// The number of the step in the run, from 0.
Value ProgramLowering::createStepNumber(const Entry &entry) {
  return arith::AddIOp::create(b, entry.firstStep, arith::IndexCastOp::create(b, b.getI64Type(), entry.batchNumber));
}

/// Writes the step that `objective` computes, to the end of `body`.
void ProgramLowering::emitStepOfKind(train::ObjectiveOp objective, Block *body, const Entry &entry) {
  auto [function, seed, firstStep, first, total, batchNumber, hyperNumbers, kept] = entry;
  bool advances = mode == Mode::Train || mode == Mode::Gradient;
  Block &source = objective.getBody().front();
  auto yield = cast<train::YieldOp>(source.getTerminator());
  Value order = function.getArgument(abi::kOrder), out = function.getArgument(abi::kOut);
  auto scalarTensor = [&](Value x) -> Value {
    return tensor::FromElementsOp::create(b, RankedTensorType::get({}, x.getType()), ValueRange{x});
  };
  SmallVector<Requirement> requirements = requirementsOf(source, batch);
  Value position = arith::AddIOp::create(b, first, arith::MulIOp::create(b, batchNumber, createIndex(batch)));
  // In training the key moves on with every step. Otherwise random numbers are counted over all rows.
  Value moved = createStepNumber(entry);
  Value key = tensor::FromElementsOp::create(b, ValueRange{seed, moved});
  Value step = scalarTensor(arith::SIToFPOp::create(b, b.getF64Type(), advances ? moved : firstStep));
  Value totalSteps = scalarTensor(total);
  if (!advances) { // whatever the batch
    key = tensor::FromElementsOp::create(b, ValueRange{seed, firstStep});
    firstRow = scalarTensor(arith::IndexCastOp::create(b, b.getI64Type(), position));
  } else if (objective.getPass()) { // parts of one step
    key = tensor::FromElementsOp::create(b, ValueRange{seed, firstStep});
    step = scalarTensor(arith::SIToFPOp::create(b, b.getF64Type(), firstStep));
    Value before = arith::MulIOp::create(b, arith::IndexCastOp::create(b, b.getI64Type(), batchNumber),
                                         arith::ConstantOp::create(b, b.getI64IntegerAttr(batch)));
    firstRow = scalarTensor(arith::AddIOp::create(b, loadControl(abi::kRowsBefore), before));
  }
  Value planned = step;
  if (llvm::any_of(source.getOps<train::StepOp>(), [](train::StepOp op) { return op.getPlanned(); }))
    planned = scalarTensor(arith::MinimumFOp::create(b, createScalarF64(step), total));
  SmallVector<Value> hyperValues = llvm::map_to_vector(hyperNumbers, scalarTensor);

  for (train::VariableOp variable : variables)
    if (variable.getRole() != Role::Carried)
      values[variable.getSymName()] = readVariable(variable);
  for (auto [number, field] : llvm::enumerate(fields)) {
    train::FieldOp declared = field;
    BlockArgument batchArgument = source.getArgument(number);
    b.setLoc(train::inPart(field.getLoc(), Part::Data));
    if (batchArgument.use_empty())
      continue;
    const auto window = declared.getWindow();
    batchArgument.replaceAllUsesWith(createBatch(b, cast<RankedTensorType>(declared.getType()), batch,
                                                 function.getArgument(abi::kFields + number), order, position,
                                                 window ? std::optional((*window)[0]) : std::nullopt));
  }
  llvm::StringMap<Value> carried;
  for (auto [number, constVariable] : llvm::enumerate(train::carriedBy(program))) {
    train::VariableOp variable = constVariable;
    BlockArgument rows = source.getArgument(fields.size() + number);
    b.setLoc(train::inPart(variable.getLoc(), Part::Data));
    Value memory = createFirstRows(b, createVariableView(variable), batch);
    carried[variable.getSymName()] = memory;
    if (!rows.use_empty())
      rows.replaceAllUsesWith(createCopy(b, memory, cast<RankedTensorType>(rows.getType())));
  }
  b.setLoc(program.getLoc());

  SmallVector<train::ReportOp> told = train::toldBy(objective);
  SmallVector<train::PartialOp> partials(source.getOps<train::PartialOp>());
  body->getOperations().splice(body->getTerminator()->getIterator(), source.getOperations(), source.begin(),
                               yield->getIterator());
  lowerReads(body, step, planned, key, function.getArgument(abi::kHyper), position, hyperValues, totalSteps);
  SmallVector<train::SetOp> sets(body->getOps<train::SetOp>());
  const bool tellsLosses = llvm::any_of(
      requirements, [](const Requirement &requirement) { return tw::RequireOp(requirement.op).getNotFinite(); });
  if (!requirements.empty()) {
    auto leave = createFaultCheck(b, requirements, firstSite, batch, control, batchNumber, [&, number = batchNumber] {
      if (tellsLosses)
        storeLosses(told, out, number);
    });
    if (kept)
      emitKeeping(leave, function.getArgument(abi::kPersistent), kept);
  }
  b.setInsertionPoint(body->getTerminator());
  if (mode == Mode::Predict) {
    storePrediction(yield.getValues()[0], out, batchNumber);
  } else {
    SmallVector<Value> numbers = llvm::map_to_vector(told, [](train::ReportOp op) -> Value { return op.getValue(); });
    for (train::PartialOp partial : partials)
      numbers.push_back(partial.getValue());
    storeNumbers(numbers, out, batchNumber);
  }
  lowerWrites(sets);
  for (train::CarryOp carry : llvm::to_vector(body->getOps<train::CarryOp>())) {
    b.setLoc(carry.getLoc());
    store(carry.getValue(), carried.lookup(carry.getVariable()));
    carry.erase();
  }
  for (train::SetOp set : sets)
    set.erase();
  for (train::ReportOp report : told)
    report.erase();
  for (train::PartialOp partial : partials)
    partial.erase();
}

/// Where the step is not left, in front of all that it writes.
void ProgramLowering::emitKeeping(kernel::LeaveOp leave, Value persistent, Value kept) {
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(&leave.getStaying().emplaceBlock());
  Value none = arith::ConstantOp::create(b, b.getI64IntegerAttr(0));
  Value isWanted = arith::CmpIOp::create(b, arith::CmpIPredicate::ne, loadControl(abi::kKeep), none);
  auto wanted = scf::IfOp::create(b, isWanted, /*withElseRegion=*/false);
  b.setInsertionPointToStart(wanted.thenBlock());
  memref::CopyOp::create(b, persistent, kept);
  memref::StoreOp::create(b, none, control, createIndex(abi::kKeep));
}

struct TrainToLoops : talweg::impl::TrainToLoopsBase<TrainToLoops> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    SmallVector<train::ProgramOp> programs(module.getOps<train::ProgramOp>());
    if (programs.size() != 1) {
      module.emitError("a module to lower holds one train.program, here are ") << programs.size();
      return signalPassFailure();
    }
    if (!programs.front().getMode()) {
      programs.front().emitOpError("has no mode: talweg-specialize runs before talweg-train-to-loops");
      return signalPassFailure();
    }
    if (failed(ProgramLowering(module, programs.front()).run()))
      signalPassFailure();
  }
};

} // namespace
