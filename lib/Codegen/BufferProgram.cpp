// Reads the facts off the ops.
#include "BufferProgram.h"

#include "Access.h"
#include "ArenaLayout.h"
#include "Memory.h"
#include "talweg/Codegen/Attributes.h"
#include "talweg/Dialect/Kernel/Kernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using bufferization::MaterializeInDestinationOp;
using bufferization::ToTensorOp;
using linalg::GenericOp;
using talweg::kernel::PlacedOp;
using talweg::kernel::ProductOp;

namespace talweg::buffers {

// Costs, in the time that a byte takes on its way from or to memory: only their ratios matter.
static constexpr double costOfMultiplyAdd = 0.25, costOfArithmetic = 0.1, costOfFunction = 4;

static std::int64_t arenaBytesOf(Type type) { return arenaBytes(bytesOf(type)); }

bool isReshape(Operation *op) { return isa_and_present<tensor::CollapseShapeOp, tensor::ExpandShapeOp>(op); }

mlir::Value withoutReshapes(mlir::Value tensor) {
  while (isReshape(tensor.getDefiningOp()))
    tensor = tensor.getDefiningOp()->getOperand(0);
  return tensor;
}

int Variables::numberOf(mlir::Value memref) {
  const std::optional<std::int64_t> offset = offsetOf(memref);
  Storage &storage = storages[rootOf(memref)];
  if (storage.anywhere >= 0)
    return storage.anywhere;
  if (!offset)
    return storage.anywhere = storage.at.empty() ? numbers++ : storage.at.begin()->second;
  auto [place, fresh] = storage.at.insert({*offset, numbers});
  numbers += fresh;
  return place->second;
}

//===-- facts of one op --------------------------------------------------------------------------------------------===//

static double costOf(Operation *op, Block *body, ArrayRef<std::int64_t> loops, double each) {
  double points = 1, bytes = 0, perPoint = each;
  for (std::int64_t extent : loops)
    points *= double(extent);
  for (mlir::Value operand : op->getOperands())
    bytes += double(arenaBytesOf(operand.getType()));
  if (body)
    for (Operation &inner : body->without_terminator())
      perPoint += isExpensive(inner) ? costOfFunction : costOfArithmetic;
  return bytes + points * perPoint;
}

static double costOf(Operation *op) {
  if (auto product = dyn_cast<ProductOp>(op))
    return costOf(op, nullptr, product.getLoops(), costOfMultiplyAdd);
  if (auto gather = dyn_cast<kernel::GatherOp>(op)) // of the table no more than the rows that are named
    return 2 * double(arenaBytesOf(gather.getOut().getType()) + arenaBytesOf(gather.getRows().getType()));
  if (auto put = dyn_cast<kernel::PutRowsOp>(op))
    return 2 * double(arenaBytesOf(put.getValues().getType()) + arenaBytesOf(put.getRows().getType()));
  if (isa<kernel::ScatterAddOp, kernel::CoalesceOp>(op))
    return 2 * costOf(op, nullptr, {}, 0);
  auto generic = cast<GenericOp>(op);
  return costOf(op, generic.getBody(), generic.getStaticLoopRanges(), 0);
}

/// Everything that the body's value `from` is computed from: values of the body and what it captures.
static DenseSet<mlir::Value> sourcesOf(mlir::Value from, Block *body) {
  SmallVector<mlir::Value> work{from};
  DenseSet<mlir::Value> seen;
  while (!work.empty()) {
    mlir::Value value = work.pop_back_val();
    if (!seen.insert(value).second)
      continue;
    if (Operation *inner = value.getDefiningOp(); inner && inner->getBlock() == body)
      work.append(inner->operand_begin(), inner->operand_end());
  }
  return seen;
}

/// The inputs, of those listed, that `result` is computed from.
static SmallVector<unsigned> needsOf(OpResult result, ArrayRef<OpOperand *> operands) {
  SmallVector<unsigned> needs;
  Operation *op = result.getOwner();
  if (auto product = dyn_cast<ProductOp>(op)) {
    DenseSet<mlir::Value> sources;
    unsigned kept = product.keepsSums();
    Block *body = product.hasEpilogue() ? &product.getEpilogue().front() : nullptr;
    if (result.getResultNumber() >= kept)
      sources = sourcesOf(body->getTerminator()->getOperand(result.getResultNumber() - kept), body);
    for (auto [i, operand] : llvm::enumerate(operands)) {
      unsigned number = operand->getOperandNumber();
      if (operand->getOwner() != op || number < 2 || sources.contains(body->getArgument(number - 1)))
        needs.push_back(i);
    }
    return needs;
  }
  auto generic = dyn_cast<GenericOp>(op);
  if (!generic)
    return llvm::to_vector(llvm::seq<unsigned>(0, operands.size()));
  Block *body = generic.getBody();
  DenseSet<mlir::Value> sources = sourcesOf(body->getTerminator()->getOperand(result.getResultNumber()), body);
  for (auto [i, operand] : llvm::enumerate(operands)) {
    bool read = operand->getOwner() == op ? sources.contains(generic.getMatchingBlockArgument(operand))
                                          : sources.contains(operand->getOwner()->getResult(0));
    if (read)
      needs.push_back(i);
  }
  return needs;
}

//===-- the block --------------------------------------------------------------------------------------------------===//

BlockProgram::BlockProgram(Block &block) : block(block) {
  for (auto alloc : block.getOps<memref::AllocOp>()) {
    if (llvm::none_of(alloc->getUsers(), llvm::IsaPred<memref::ViewOp>))
      continue; // an array that a loop fills, the gathered batch: a value
    localOf[variables.numberOf(alloc.getResult())] = locals.size();
    locals.push_back({variables.numberOf(alloc.getResult()), arenaBytesOf(alloc.getType()), -1, -1, {}});
  }
  for (Operation &op : block)
    if (auto stored = dyn_cast<ToTensorOp>(op))
      addStored(stored.getResult(), stored.getBuffer());
    else if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op))
      addSlice(slice.getResult(), slice.getSource());
    else if (!isReshape(&op) && !isa<tensor::EmptyOp, linalg::FillOp, tensor::InsertSliceOp, arith::ConstantOp>(op))
      add(op);
}

int BlockProgram::numberOf(mlir::Value tensor) const {
  auto known = valueNumbers.find(withoutReshapes(tensor));
  return known == valueNumbers.end() ? -1 : known->second;
}

int BlockProgram::numberOf(Operation *op) const {
  auto known = opNumbers.find(op);
  return known == opNumbers.end() ? -1 : known->second;
}

void BlockProgram::replace(mlir::Value tensor, mlir::Value with) {
  int number = numberOf(tensor);
  valueNumbers.erase(tensor);
  valueNumbers[with] = number;
  tensors[number] = with;
}

int BlockProgram::addValue(mlir::Value tensor, Value facts) {
  valueNumbers[tensor] = int(values.size());
  values.push_back(facts);
  tensors.push_back(tensor);
  return valueNumbers[tensor];
}

void BlockProgram::addStored(mlir::Value tensor, mlir::Value memref) {
  Value facts;
  int variable = variables.numberOf(memref);
  if (auto writer = touched.find(variable); writer != touched.end())
    facts.producer = writer->second;
  if (auto alloc = memref.getDefiningOp<memref::AllocOp>()) {
    facts.bytes = arenaBytesOf(alloc.getType());
    facts.pinned = true;
  } else {
    facts.memory = variable;
  }
  addValue(tensor, facts);
}

/// A part of a variable, which stands in a block around this one.
void BlockProgram::addSlice(mlir::Value tensor, mlir::Value whole) {
  Value facts;
  while (auto member = whole.getDefiningOp<tensor::ExtractSliceOp>())
    whole = member.getSource();
  if (auto stored = whole.getDefiningOp<ToTensorOp>())
    facts.memory = variables.numberOf(stored.getBuffer());
  else
    facts.pinned = true;
  addValue(tensor, facts);
}

/// The op that is being added has to do with this memory.
void BlockProgram::touch(mlir::Value memref) {
  int variable = variables.numberOf(memref);
  touched[variable] = int(ops.size());
  if (auto found = localOf.find(variable); found != localOf.end()) {
    Local &local = locals[found->second];
    local.first = local.first < 0 ? int(ops.size()) : local.first;
    local.last = int(ops.size());
  }
}

/// True if another block computes `tensor`: literals and fills are made where they are used.
static bool isFromOutside(mlir::Value tensor, Block &block) {
  return tensor.getParentBlock() != &block &&
         !isa_and_present<arith::ConstantOp, linalg::FillOp, tensor::EmptyOp>(tensor.getDefiningOp());
}

/// The value that `tensor` shows; literals and fills become values when they are first read.
int BlockProgram::valueFor(mlir::Value tensor) {
  tensor = withoutReshapes(tensor);
  if (int known = numberOf(tensor); known >= 0)
    return known;
  Value facts;
  facts.pinned = true;
  if (isFromOutside(tensor, block))
    return addValue(tensor, facts);
  auto constant = tensor.getDefiningOp<arith::ConstantOp>();
  if (!constant || isa<SplatElementsAttr>(constant.getValue()))
    facts.bytes = arenaBytesOf(tensor.getType());
  facts.producer = int(ops.size()); // made for this op
  return addValue(tensor, facts);
}

mlir::Value destinationOf(OpResult result) {
  for (OpOperand &use : result.getUses()) {
    Operation *user = use.getOwner();
    if (user->getBlock() != result.getOwner()->getBlock())
      continue;
    if (auto store = dyn_cast<MaterializeInDestinationOp>(user); store && store.getSource() == result)
      return store.getDest();
    auto written = dyn_cast<DestinationStyleOpInterface>(user);
    if (auto placed = dyn_cast<PlacedOp>(user); placed && written.isDpsInit(&use) && placed.readsElements(&use))
      return destinationOf(written.getTiedOpResult(&use));
  }
  return {};
}

/// True if `destination` is there at `op` or can be: a view made just before it is written to can as well be made earlier.
static bool isThereAt(mlir::Value destination, Operation *op) {
  auto isLater = [&](mlir::Value value) {
    Operation *definition = value.getDefiningOp();
    return definition && definition->getBlock() == op->getBlock() && op->isBeforeInBlock(definition);
  };
  if (!isLater(destination))
    return true;
  auto view = destination.getDefiningOp<memref::ViewOp>();
  return view && llvm::none_of(view->getOperands(), [&](mlir::Value operand) {
           return isLater(operand) && !operand.getDefiningOp<arith::ConstantOp>();
         });
}

/// The type of the memref that stores a tensor's elements: a condition takes a byte.
static Type storedElement(Type type) {
  Type element = cast<ShapedType>(type).getElementType();
  return element.isInteger(1) ? IntegerType::get(type.getContext(), 8) : element;
}

static bool isStoredAlike(mlir::Value a, mlir::Value b) {
  auto isDense = [](mlir::Value value) {
    auto memref = dyn_cast<MemRefType>(value.getType());
    return !memref || memref.getLayout().isIdentity();
  };
  return isDense(a) && isDense(b) &&
         cast<ShapedType>(a.getType()).getShape() == cast<ShapedType>(b.getType()).getShape() &&
         storedElement(a.getType()) == storedElement(b.getType());
}

void BlockProgram::add(Operation &op) {
  Op facts;
  SmallVector<OpOperand *> read;
  auto addInput = [&](OpOperand &operand) {
    facts.inputs.emplace_back().value = valueFor(operand.get());
    read.push_back(&operand);
  };
  auto placed = dyn_cast<PlacedOp>(op);
  if (placed && !placed.isOnTensors())
    placed = {};
  for (OpOperand &operand : op.getOpOperands()) {
    if (!isa<RankedTensorType>(operand.get().getType()))
      continue;
    bool isRead = placed ? placed.readsElements(&operand)
                         // A literal that fills a variable needs no memory.
                         : !isa<MaterializeInDestinationOp>(op) || !operand.get().getDefiningOp<arith::ConstantOp>();
    if (isRead)
      addInput(operand);
  }
  if (auto store = dyn_cast<MaterializeInDestinationOp>(op)) {
    facts.overwrites.push_back(variables.numberOf(store.getDest()));
    touch(store.getDest());
  }
  op.walk([&](Operation *nested) {
    if (nested == &op)
      return;
    if (auto store = dyn_cast<MaterializeInDestinationOp>(nested)) {
      const int variable = variables.numberOf(store.getDest());
      if (auto found = localOf.find(variable); found != localOf.end())
        locals[found->second].rewriters.push_back(ops.size());
      else if (!llvm::is_contained(facts.overwrites, variable))
        facts.overwrites.push_back(variable);
    }
    for (OpOperand &operand : nested->getOpOperands()) {
      Operation *home = operand.get().getParentBlock()->getParentOp();
      if (isa<RankedTensorType>(operand.get().getType()) && home != &op && !op.isProperAncestor(home))
        addInput(operand);
      if (isa<MemRefType>(operand.get().getType()) && operand.get().getParentBlock() == &block)
        touch(operand.get());
    }
  });
  bool hasTensors = !facts.inputs.empty() || llvm::any_of(op.getResultTypes(), llvm::IsaPred<RankedTensorType>);
  if (!hasTensors && op.getNumRegions() == 0 && facts.overwrites.empty())
    return;
  facts.leaves = isa<kernel::LeaveOp>(op);
  if (placed)
    describe(placed, facts, read);
  else
    for (mlir::Value result : op.getResults())
      if (isa<RankedTensorType>(result.getType())) {
        Result described;
        described.value = addValue(result, {arenaBytesOf(result.getType()), int(ops.size()), -1, true});
        llvm::append_range(described.needs, llvm::seq<unsigned>(0, facts.inputs.size()));
        facts.results.push_back(std::move(described));
      }
  opNumbers[&op] = int(ops.size());
  ops.push_back(std::move(facts));
  operations.push_back(&op);
  operands.push_back(std::move(read));
}

void BlockProgram::describe(PlacedOp op, Op &facts, ArrayRef<OpOperand *> read) {
  auto generic = dyn_cast<GenericOp>(op.getOperation());
  facts.repeatable = true;
  auto isPadded = [&](OpResult result) { return op.fillBefore(result) != nullptr; };
  facts.inlinable = generic && isParallel(generic) && llvm::none_of(op->getResults(), isPadded);
  facts.cost = costOf(op);
  for (auto [input, operand] : llvm::zip_equal(facts.inputs, read)) {
    if (operand->getOwner() != op)
      continue;
    input.inlinable = generic && generic.getMatchingIndexingMap(operand).isPermutation() &&
                      !isReshape(operand->get().getDefiningOp());
    for (OpResult result : op->getResults())
      if (op.readsWhereItWrites(operand, result))
        input.elementwise.push_back(result.getResultNumber());
  }
  for (OpResult result : op->getResults()) {
    Result described;
    Value value{arenaBytesOf(result.getType()), int(ops.size()), -1, false};
    value.pinned = op->hasAttr(attributes::kInTiles); // of a product's result, in its registers
    value.pinned |= llvm::any_of(result.getUsers(), llvm::IsaPred<MaterializeInDestinationOp>);
    if (mlir::Value destination = destinationOf(result)) {
      value.pinned = true;
      if (isStoredAlike(destination, result) && isThereAt(destination, op))
        described.destination = variables.numberOf(destination);
    }
    described.needs = needsOf(result, read);
    for (auto [i, input] : llvm::enumerate(facts.inputs)) {
      bool aligned = llvm::all_of(facts.inputs, [&](const Input &other) {
        return other.value != input.value || llvm::is_contained(other.elementwise, result.getResultNumber());
      });
      mlir::Value tensor = tensors[input.value]; // not of a variable, a gathered batch, another block
      bool isGiven =
          isa_and_present<ToTensorOp, tensor::ExtractSliceOp>(tensor.getDefiningOp()) || isFromOutside(tensor, block);
      if (aligned && !isGiven && isStoredAlike(read[i]->get(), result))
        described.overwritable.push_back(i);
    }
    described.value = addValue(result, value);
    facts.results.push_back(std::move(described));
  }
}

} // namespace talweg::buffers
