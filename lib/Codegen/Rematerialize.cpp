// Computes values again where they are read late, instead of keeping them, until a limit of memory is met.
//
// In: functions as talweg-bufferize takes them. Out: the same with copies of ops just before late readers; every value is the
// same to the bit, since a copy is the same op on the same values. RematerializationPlan chooses; here is what it must know of
// the ops: sizes, which results take a dead operand's memory or go straight to a variable, and what computing costs.
#include "ArenaLayout.h"
#include "Contraction.h"
#include "RematerializationPlan.h"
#include "talweg/Codegen/Attributes.h"
#include "talweg/Codegen/Passes.h"
#include "talweg/Codegen/Pipeline.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace talweg {
#define GEN_PASS_DEF_REMATERIALIZE
#include "talweg/Codegen/Passes.h.inc"
} // namespace talweg

using namespace mlir;
using namespace talweg;
using bufferization::MaterializeInDestinationOp;
using bufferization::ToTensorOp;
using linalg::GenericOp;

namespace {

// Costs, in the time that a byte takes on its way from or to memory: only their ratios matter.
constexpr double costOfMultiplyAdd = 0.25, costOfArithmetic = 0.1, costOfFunction = 4;

int64_t bytesOf(Type type) {
  auto shaped = cast<ShapedType>(type);
  return arenaBytes(shaped.getNumElements() * ((shaped.getElementTypeBitWidth() + 7) / 8));
}

Value withoutReshapes(Value tensor) {
  while (Operation *op = tensor.getDefiningOp()) {
    if (!isa<tensor::CollapseShapeOp, tensor::ExpandShapeOp>(op))
      break;
    tensor = op->getOperand(0);
  }
  return tensor;
}

bool isElementwise(GenericOp op) { return op.getNumParallelLoops() == op.getNumLoops(); }

/// What one block looks like to the planner.
class BlockModel {
public:
  explicit BlockModel(Block &block) {
    for (Operation &op : block)
      if (auto toTensor = dyn_cast<ToTensorOp>(op))
        addStored(toTensor);
    for (Operation &op : block)
      if (!isa<ToTensorOp, tensor::EmptyOp, linalg::FillOp, tensor::CollapseShapeOp, tensor::ExpandShapeOp,
               arith::ConstantOp>(op))
        add(op);
  }

  remat::Program program;
  std::vector<Operation *> ops;                 ///< of program.ops
  std::vector<Value> tensors;                   ///< of program.values
  std::vector<SmallVector<OpOperand *>> inputs; ///< of program.ops: what each input is

private:
  DenseMap<Value, int> valueOf;
  DenseMap<Value, int> valueOfAlloc;
  DenseMap<Value, SmallVector<std::pair<std::optional<int64_t>, int>>> variables; ///< root → offset, variable
  int variableCount = 0;

  int addValue(Value tensor, remat::Value facts) {
    valueOf[tensor] = int(program.values.size());
    program.values.push_back(facts);
    tensors.push_back(tensor);
    return valueOf[tensor];
  }

  /// The number of the variable whose storage `memref` shows.
  int variableOf(Value memref) {
    std::optional<int64_t> offset = 0;
    while (auto view = memref.getDefiningOp<ViewLikeOpInterface>()) {
      if (auto typed = dyn_cast<memref::ViewOp>(view.getOperation()))
        offset = getConstantIntValue(typed.getByteShift());
      memref = view.getViewSource();
    }
    for (auto [known, variable] : variables[memref])
      if (!offset || !known || *known == *offset)
        return variable;
    variables[memref].push_back({offset, variableCount});
    return variableCount++;
  }

  void addStored(ToTensorOp op) {
    remat::Value facts;
    if (auto alloc = op.getBuffer().getDefiningOp<memref::AllocOp>()) {
      facts.bytes = bytesOf(alloc.getType());
      facts.pinned = true;
      valueOfAlloc[alloc.getResult()] = addValue(op.getResult(), facts);
      return;
    }
    facts.memory = variableOf(op.getBuffer());
    addValue(op.getResult(), facts);
  }

  /// The value that `tensor` shows; literals and fills become values when they are first read.
  int valueFor(Value tensor) {
    tensor = withoutReshapes(tensor);
    auto known = valueOf.find(tensor);
    if (known != valueOf.end())
      return known->second;
    remat::Value facts;
    Operation *op = tensor.getDefiningOp();
    auto constant = dyn_cast_or_null<arith::ConstantOp>(op);
    if (!constant || isa<SplatElementsAttr>(constant.getValue()))
      facts.bytes = bytesOf(tensor.getType());
    facts.pinned = true;
    facts.producer = int(program.ops.size()); // made for this op
    return addValue(tensor, facts);
  }

  void add(Operation &op) {
    remat::Op facts;
    SmallVector<OpOperand *> operands;
    auto addInput = [&](OpOperand &operand, remat::Input input = {}) {
      input.value = valueFor(operand.get());
      facts.inputs.push_back(input);
      operands.push_back(&operand);
    };
    auto generic = dyn_cast<GenericOp>(op);
    if (generic && generic.hasPureTensorSemantics()) {
      for (OpOperand *input : generic.getDpsInputOperands())
        if (generic.payloadUsesValueFromOperand(input))
          addInput(*input, describe(generic, *input));
    } else if (!generic) {
      // A literal that fills a variable needs no memory.
      for (OpOperand &operand : op.getOpOperands())
        if (isa<RankedTensorType>(operand.get().getType()) &&
            !(isa<MaterializeInDestinationOp>(op) && isa_and_present<arith::ConstantOp>(operand.get().getDefiningOp())))
          addInput(operand);
    }
    if (auto store = dyn_cast<MaterializeInDestinationOp>(op)) {
      facts.overwrites = variableOf(store.getDest());
    }
    op.walk([&](Operation *nested) {
      if (nested != &op)
        for (OpOperand &operand : nested->getOpOperands())
          if (isa<RankedTensorType>(operand.get().getType()) &&
              !op.isProperAncestor(operand.get().getParentBlock()->getParentOp()) &&
              operand.get().getParentBlock()->getParentOp() != &op)
            addInput(operand);
    });
    // Memory that is filled by this op, the gathered batch, lives from here on.
    op.walk([&](Operation *nested) {
      for (Value operand : nested->getOperands())
        if (auto filled = valueOfAlloc.find(operand); filled != valueOfAlloc.end())
          if (program.values[filled->second].producer < 0)
            program.values[filled->second].producer = int(program.ops.size());
    });
    bool hasTensors = !facts.inputs.empty() || llvm::any_of(op.getResultTypes(), llvm::IsaPred<RankedTensorType>);
    if (!hasTensors && op.getNumRegions() == 0 && facts.overwrites < 0)
      return;
    if (generic && generic.hasPureTensorSemantics())
      addResults(generic, facts, operands);
    else
      for (Value result : op.getResults())
        if (isa<RankedTensorType>(result.getType())) {
          remat::Result described;
          described.value = addValue(result, {bytesOf(result.getType()), int(program.ops.size()), -1, true});
          for (unsigned i = 0; i < facts.inputs.size(); ++i)
            described.needs.push_back(i);
          facts.results.push_back(described);
        }
    program.ops.push_back(std::move(facts));
    ops.push_back(&op);
    inputs.push_back(std::move(operands));
  }

  static remat::Input describe(GenericOp op, OpOperand &operand) {
    remat::Input input;
    AffineMap map = op.getMatchingIndexingMap(&operand);
    input.inlinable = map.isPermutation() && !talweg::isContraction(op) &&
                      !isa<tensor::CollapseShapeOp, tensor::ExpandShapeOp>(operand.get().getDefiningOp());
    input.elementwise = isElementwise(op) && llvm::all_of(op.getDpsInitsMutable(), [&](OpOperand &init) {
                          return op.getMatchingIndexingMap(&init) == map;
                        });
    return input;
  }

  void addResults(GenericOp op, remat::Op &facts, ArrayRef<OpOperand *> operands) {
    facts.repeatable = true;
    facts.inlinable = isElementwise(op);
    facts.cost = costOf(op);
    for (OpResult result : op->getResults()) {
      remat::Result described;
      remat::Value value{bytesOf(result.getType()), int(program.ops.size())};
      value.pinned = op->hasAttr(talweg::attributes::kInTiles); // of a product's result, in its registers
      for (Operation *user : result.getUsers())
        if (auto store = dyn_cast<MaterializeInDestinationOp>(user)) {
          described.destination = variableOf(store.getDest());
          value.pinned = true;
        }
      described.needs = needsOf(op, result, operands);
      described.overwritable = overwritableBy(op, result, facts, operands);
      described.value = addValue(result, value);
      facts.results.push_back(std::move(described));
    }
  }

  /// The inputs that `result` is computed from.
  static SmallVector<unsigned> needsOf(GenericOp op, OpResult result, ArrayRef<OpOperand *> operands) {
    SmallVector<Value> work{op.getBody()->getTerminator()->getOperand(result.getResultNumber())};
    DenseSet<Value> seen;
    DenseSet<OpOperand *> read;
    while (!work.empty()) {
      Value value = work.pop_back_val();
      if (!seen.insert(value).second)
        continue;
      Operation *inner = value.getDefiningOp();
      if (!inner || inner->getBlock() != op.getBody())
        continue;
      for (OpOperand &operand : inner->getOpOperands()) {
        read.insert(&operand);
        work.push_back(operand.get());
      }
    }
    SmallVector<unsigned> needs;
    for (auto [i, operand] : llvm::enumerate(operands))
      if (operand->getOwner() == op ? seen.contains(op.getMatchingBlockArgument(operand)) : read.contains(operand))
        needs.push_back(i);
    return needs;
  }

  /// As talweg-bufferize has it: operands of the same type that are read only where `result` is written.
  SmallVector<unsigned> overwritableBy(GenericOp op, OpResult result, const remat::Op &facts,
                                       ArrayRef<OpOperand *> operands) {
    SmallVector<unsigned> found;
    OpOperand *init = op.getTiedOpOperand(result);
    if (!isElementwise(op) || op.payloadUsesValueFromOperand(init))
      return found;
    AffineMap written = op.getMatchingIndexingMap(init);
    auto aligned = [&](OpOperand *operand) {
      return operand->getOwner() == op && op.getMatchingIndexingMap(operand) == written;
    };
    for (auto [i, operand] : llvm::enumerate(operands)) {
      int value = facts.inputs[i].value;
      bool all = true;
      for (auto [j, other] : llvm::enumerate(operands))
        all &= facts.inputs[j].value != value || aligned(other);
      if (all && operand->get().getType() == result.getType() && program.values[value].memory < 0)
        found.push_back(i);
    }
    return found;
  }

  static double costOf(GenericOp op) {
    double points = 1, perPoint = 0, bytes = 0;
    for (int64_t extent : op.getStaticLoopRanges())
      points *= double(extent);
    for (Value operand : op->getOperands())
      bytes += double(bytesOf(operand.getType()));
    if (talweg::isContraction(op))
      return bytes + points * costOfMultiplyAdd;
    for (Operation &inner : op.getBody()->without_terminator())
      perPoint += isExpensive(inner) ? costOfFunction : costOfArithmetic;
    return bytes + points * perPoint;
  }
};

/// Writes a schedule: inserts its copies and lets ops read them.
class Rewriter {
public:
  Rewriter(const BlockModel &model, const remat::Schedule &schedule)
      : model(model), schedule(schedule), tensors(schedule.valueOf.size()) {
    for (auto [value, tensor] : llvm::enumerate(model.tensors))
      tensors[value] = tensor;
  }

  /// Adds ops of which only some results may be wanted to `partlyUsed`.
  void run(SmallVector<Operation *> &partlyUsed) {
    std::vector<const remat::Instance *> before; // copies for the next op of the program
    for (const remat::Instance &instance : schedule.instances) {
      if (instance.dead)
        continue;
      if (instance.copy) {
        before.push_back(&instance);
        continue;
      }
      Operation *op = model.ops[instance.op];
      for (const remat::Instance *copy : before)
        partlyUsed.push_back(insert(*copy, op));
      before.clear();
      for (auto [operand, value] : llvm::zip_equal(model.inputs[instance.op], instance.inputs))
        redirect(*operand, value, op);
    }
    for (const remat::Instance &instance : llvm::reverse(schedule.instances))
      if (instance.dead && !instance.copy)
        eraseUnread(model.ops[instance.op]);
    for (const remat::Instance &instance : schedule.instances)
      if (!instance.dead && !instance.copy && model.program.ops[instance.op].repeatable)
        partlyUsed.push_back(model.ops[instance.op]);
  }

private:
  const BlockModel &model;
  const remat::Schedule &schedule;
  std::vector<Value> tensors; ///< of value instances
  DenseMap<std::pair<Value, int>, Value> reshaped;

  /// Erases an op that only dead reshapes read.
  static void eraseUnread(Operation *op) {
    SmallVector<Operation *> reshapes;
    for (Operation *user : op->getUsers())
      if (isa<tensor::CollapseShapeOp, tensor::ExpandShapeOp>(user))
        reshapes.push_back(user);
    for (Operation *reshape : reshapes)
      eraseUnread(reshape);
    if (op->use_empty())
      op->erase();
  }

  /// `tensor`, a value of the program or a reshape of one, as value instance `value` has it; `place`: before which op.
  Value shownAs(Value tensor, int value, Operation *place) {
    if (tensors[value] == withoutReshapes(tensor))
      return tensor;
    if (tensor == model.tensors[schedule.valueOf[value]])
      return tensors[value];
    Value &known = reshaped[{tensor, value}];
    if (known)
      return known;
    Operation *reshape = tensor.getDefiningOp();
    Value source = shownAs(reshape->getOperand(0), value, place);
    OpBuilder builder(place);
    IRMapping mapping;
    mapping.map(reshape->getOperand(0), source);
    Value result = builder.clone(*reshape, mapping)->getResult(0);
    reshaped[{tensor, value}] = result;
    return result;
  }

  void redirect(OpOperand &operand, int value, Operation *place) {
    if (value >= 0)
      operand.set(shownAs(operand.get(), value, place));
  }

  Operation *insert(const remat::Instance &instance, Operation *place) {
    Operation *original = model.ops[instance.op];
    OpBuilder builder(place);
    Operation *copy = builder.clone(*original);
    // The copy's operands in the order in which the model has listed the original's.
    DenseMap<OpOperand *, OpOperand *> counterpart;
    auto pair = [&](Operation *from, Operation *to) {
      for (auto [a, b] : llvm::zip_equal(from->getOpOperands(), to->getOpOperands()))
        counterpart[&a] = &b;
    };
    SmallVector<Operation *> nested, nestedCopies;
    original->walk([&](Operation *op) { nested.push_back(op); });
    copy->walk([&](Operation *op) { nestedCopies.push_back(op); });
    for (auto [from, to] : llvm::zip_equal(nested, nestedCopies))
      pair(from, to);
    for (auto [operand, value] : llvm::zip_equal(model.inputs[instance.op], instance.inputs))
      redirect(*counterpart.lookup(operand), value, copy);
    for (auto [number, value] : llvm::enumerate(instance.results))
      if (value >= 0)
        tensors[value] = copy->getResult(number);
    return copy;
  }
};

struct Rematerialize : talweg::impl::RematerializeBase<Rematerialize> {
  using RematerializeBase::RematerializeBase;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    bool fits = true;
    int64_t estimate = 0;
    SmallVector<Operation *> partlyUsed;
    for (Block *block : talweg::blocksOf(function)) {
      BlockModel model(*block);
      int64_t before = remat::scheduleOf(model.program, {}).peak;
      if (limit <= 0 || before <= limit) {
        estimate = std::max(estimate, before);
        continue;
      }
      remat::Cuts cuts = remat::chooseCuts(model.program, limit);
      remat::Schedule schedule = remat::scheduleOf(model.program, cuts);
      fits &= schedule.peak <= limit;
      estimate = std::max(estimate, schedule.peak);
      if (cuts.empty())
        continue;
      tell(model, cuts);
      saved += before - schedule.peak;
      Rewriter(model, schedule).run(partlyUsed);
    }
    function->setAttr(talweg::attributes::kEstimatedBytes, Builder(&getContext()).getI64IntegerAttr(estimate));
    if (!fits)
      function->setAttr(talweg::attributes::kLeastMemory, UnitAttr::get(&getContext()));
    RewritePatternSet unused(&getContext());
    linalg::populateEraseUnusedOperandsAndResultsPatterns(unused);
    GreedyRewriteConfig config;
    config.setStrictness(GreedyRewriteStrictness::ExistingOps);
    if (partlyUsed.empty())
      return;
    // Chains of copies become one op, as those that they copy did.
    OpPassManager fusion(func::FuncOp::getOperationName());
    fusion.addPass(talweg::createFuseElementwise({/*tells=*/false}));
    fusion.addPass(talweg::createCanonicalizer());
    if (failed(applyOpPatternsGreedily(partlyUsed, std::move(unused), config)) || failed(runPipeline(fusion, function)))
      signalPassFailure();
  }

  void tell(const BlockModel &model, const remat::Cuts &cuts) {
    for (auto [value, cut] : cuts) {
      ++recomputed;
      Value tensor = model.tensors[value];
      InFlightDiagnostic remark = emitRemark(tensor.getLoc())
                                  << "computed again where it is read late, instead of being kept: "
                                  << model.program.values[value].bytes << " bytes, " << tensor.getType();
      for (unsigned at = cut; at < model.ops.size(); ++at)
        if (llvm::any_of(model.program.ops[at].inputs, [&](auto &input) { return input.value == value; })) {
          remark.attachNote(model.ops[at]->getLoc()) << "read here";
          break;
        }
    }
  }
};

} // namespace
