// Computes values again where they are read late, instead of keeping them, until a limit of memory is met.
//
// In: functions as talweg-bufferize takes them. Out: the same with copies of ops just before late readers; every value is the
// same to the bit, since a copy is the same op on the same values. RematerializationPlan chooses.
#include "CodeMemory.h"
#include "RematerializationPlan.h"
#include "talweg/Codegen/Attributes.h"
#include "talweg/Codegen/Pipeline.h"
#include "talweg/Dialect/Kernel/Kernel.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

#define GEN_PASS_DEF_REMATERIALIZE
#include "talweg/Codegen/Passes.h"

using namespace mlir;
using namespace talweg;

namespace {

/// Writes a schedule: inserts its copies and lets ops read them.
class Rewriter {
public:
  Rewriter(const buffers::BlockProgram &program, const remat::Schedule &schedule)
      : program(program), schedule(schedule), tensors(schedule.valueOf.size()) {
    for (auto [value, tensor] : llvm::enumerate(program.tensors))
      tensors[value] = tensor;
  }

  /// Adds ops of which only some results may be wanted to `partlyUsed`.
  void run(SmallVector<Operation *> &partlyUsed) {
    std::vector<const buffers::Instance *> before; // copies for the next op of the program
    for (const buffers::Instance &instance : schedule.instances) {
      if (instance.dead)
        continue;
      if (instance.copy) {
        before.push_back(&instance);
        continue;
      }
      Operation *op = program.operations[instance.op];
      for (const buffers::Instance *copy : before)
        partlyUsed.push_back(insert(*copy, op));
      before.clear();
      for (auto [operand, value] : llvm::zip_equal(program.operands[instance.op], instance.inputs))
        redirect(*operand, value, op);
    }
    for (const buffers::Instance &instance : llvm::reverse(schedule.instances))
      if (instance.dead && !instance.copy)
        eraseUnread(program.operations[instance.op]);
    for (const buffers::Instance &instance : schedule.instances)
      if (!instance.dead && !instance.copy && program.ops[instance.op].repeatable)
        partlyUsed.push_back(program.operations[instance.op]);
  }

private:
  const buffers::BlockProgram &program;
  const remat::Schedule &schedule;
  std::vector<Value> tensors; ///< of value instances
  DenseMap<std::pair<Value, int>, Value> reshaped;

  /// Erases an op that only dead reshapes read.
  static void eraseUnread(Operation *op) {
    SmallVector<Operation *> reshapes;
    for (Operation *user : op->getUsers())
      if (buffers::isReshape(user))
        reshapes.push_back(user);
    for (Operation *reshape : reshapes)
      eraseUnread(reshape);
    if (op->use_empty())
      op->erase();
  }

  /// `tensor`, a value of the program or a reshape of one, as value instance `value` has it; `place`: before which op.
  Value shownAs(Value tensor, int value, Operation *place) {
    if (tensors[value] == buffers::withoutReshapes(tensor))
      return tensor;
    if (tensor == program.tensors[schedule.valueOf[value]])
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

  Operation *insert(const buffers::Instance &instance, Operation *place) {
    Operation *original = program.operations[instance.op];
    OpBuilder builder(place);
    IRMapping copies;
    Operation *copy = builder.clone(*original, copies);
    for (auto [operand, value] : llvm::zip_equal(program.operands[instance.op], instance.inputs))
      redirect(copies.lookup(operand->getOwner())->getOpOperand(operand->getOperandNumber()), value, copy);
    for (auto [number, value] : llvm::enumerate(instance.results))
      if (value >= 0)
        tensors[value] = copy->getResult(number);
    return copy;
  }
};

struct Rematerialize : talweg::impl::RematerializeBase<Rematerialize> {
  using RematerializeBase::RematerializeBase;

  func::FuncOp original; ///< without copies
  bool isLeast = false;  ///< what was wanted alive could not be brought about

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isExternal() || limit <= 0)
      return;
    const int64_t without = reckonArena(function.getBody().front(), target);
    int64_t bytes = without;
    if (without > limit) {
      original = function.clone();
      FailureOr<int64_t> aim = chooseAim(without);
      FailureOr<int64_t> taken = succeeded(aim) ? bytesAt(*aim, /*tells=*/true) : aim;
      original.erase();
      if (failed(taken))
        return signalPassFailure();
      bytes = *taken;
    }
    saved += without - bytes;
    function->setAttr(talweg::attributes::kEstimatedBytes, Builder(&getContext()).getI64IntegerAttr(bytes));
    if (bytes > limit)
      function->setAttr(talweg::attributes::kLeastMemory, UnitAttr::get(&getContext()));
  }

  /// For which bytes alive the arena keeps within the limit; if for none that is tried, for which it takes least. What is alive tells less than
  /// the arena takes: neighbours run as one, and buffers may leave gaps.
  FailureOr<int64_t> chooseAim(int64_t without) {
    int64_t best = 0, least = INT64_MAX;
    auto attempt = [&](int64_t aim) -> LogicalResult {
      FailureOr<int64_t> bytes = bytesAt(aim, /*tells=*/false);
      if (succeeded(bytes) && *bytes < least) {
        best = aim;
        least = *bytes;
      }
      return bytes;
    };
    // From the limit downwards, by as much as the arena was too large.
    constexpr int attempts = 6, parts = 4;
    isLeast = false;
    for (int64_t aim = limit, number = 0; number < attempts && aim > 0 && least > limit && !isLeast; ++number) {
      if (failed(attempt(aim)))
        return failure();
      aim -= std::max<int64_t>(least - limit, aim / 256);
    }
    // Parts of what it takes without copies: the same whatever the limit, so that what is told to be the least is found again.
    isLeast = false;
    for (int64_t part = parts - 1; part > 0 && least > limit && !isLeast; --part)
      if (failed(attempt(without * part / parts)))
        return failure();
    return best;
  }

  /// The bytes of the arena, with copies for which at most `aim` bytes are alive, or as few as were found.
  FailureOr<int64_t> bytesAt(int64_t aim, bool tells) {
    func::FuncOp function = getOperation(), fresh = original.clone();
    function.getBody().takeBody(fresh.getBody());
    fresh.erase();
    SmallVector<Operation *> partlyUsed;
    fit(function.getBody().front(), aim, tells, partlyUsed);
    if (!partlyUsed.empty() && failed(fuseCopies(partlyUsed)))
      return failure();
    return reckonArena(function.getBody().front(), target);
  }

  /// Chains of copies become one op, as those that they copy did.
  LogicalResult fuseCopies(ArrayRef<Operation *> partlyUsed) {
    RewritePatternSet unused(&getContext());
    linalg::populateEraseUnusedOperandsAndResultsPatterns(unused);
    GreedyRewriteConfig config;
    config.setStrictness(GreedyRewriteStrictness::ExistingOps);
    if (failed(applyOpPatternsGreedily(partlyUsed, std::move(unused), config)))
      return failure();
    OpPassManager fusion(func::FuncOp::getOperationName());
    fusion.addPass(talweg::createFuseElementwise({/*tells=*/false}));
    fusion.addPass(talweg::createCanonicalizer());
    return runPipeline(fusion, getOperation());
  }

  /// Of the loops in a block what is alive in each, where as little is as is wanted beside what is alive around it.
  SmallVector<std::pair<Operation *, int64_t>> fitInside(Block &block, int64_t aim, bool tells,
                                                         SmallVector<Operation *> &partlyUsed) {
    buffers::BlockProgram program(block);
    describeCode(block, program, target);
    const buffers::Schedule schedule = remat::scheduleOf(program, {});
    SmallVector<std::pair<Operation *, int64_t>> inside;
    for (auto [number, op] : llvm::enumerate(program.operations))
      if (!isa<kernel::PlacedOp>(op))
        for (Region &region : op->getRegions())
          for (Block &inner : region)
            if (int64_t bytes = fit(inner, std::max<int64_t>(1, aim - schedule.live[number]), tells, partlyUsed))
              inside.push_back({op, bytes});
    return inside;
  }

  /// Copies values of the block, and of those in it, until at most `aim` bytes are alive, or as few as are found. Returns what is alive.
  int64_t fit(Block &block, int64_t aim, bool tells, SmallVector<Operation *> &partlyUsed) {
    SmallVector<std::pair<Operation *, int64_t>> inside = fitInside(block, aim, tells, partlyUsed);
    buffers::BlockProgram program(block); // of what is in the loops now
    describeCode(block, program, target);
    for (auto [op, bytes] : inside)
      program.factsOf(op).scratch.push_back(bytes);
    buffers::Schedule schedule = remat::scheduleOf(program, {});
    if (schedule.peak <= aim)
      return schedule.peak;
    remat::Cuts cuts = remat::chooseCuts(program, aim);
    schedule = remat::scheduleOf(program, cuts);
    isLeast |= schedule.peak > aim;
    if (!cuts.empty()) {
      if (tells)
        tell(program, cuts);
      Rewriter(program, schedule).run(partlyUsed);
    }
    return schedule.peak;
  }

  void tell(const buffers::BlockProgram &program, const remat::Cuts &cuts) {
    for (auto [value, cut] : cuts) {
      ++recomputed;
      Value tensor = program.tensors[value];
      InFlightDiagnostic remark = emitRemark(tensor.getLoc())
                                  << "computed again where it is read late, instead of being kept: "
                                  << program.values[value].bytes << " bytes, " << tensor.getType();
      for (unsigned at = cut; at < program.operations.size(); ++at)
        if (llvm::any_of(program.ops[at].inputs, [&](auto &input) { return input.value == value; })) {
          remark.attachNote(program.operations[at]->getLoc()) << "read here";
          break;
        }
    }
  }
};

} // namespace
