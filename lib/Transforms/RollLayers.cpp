// Layers that are alike are a loop over layers. Turns of a loop of the text are compared op by op; where they differ in nothing but what is read of
// variables, random streams and numbers, one of them becomes the body of a tw.scan, and each variable a slice of a stack.
#include "AlikeTurns.h"
#include "VariableStacks.h"

#include "talweg/Dialect/Tw/Rows.h"
#include "talweg/Transforms/Passes.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringSet.h"

#include <fmt/format.h>

using namespace mlir;

namespace talweg {
#define GEN_PASS_DEF_ROLLLAYERS
#include "talweg/Transforms/Passes.h.inc"

namespace {

/// Is a table of parameters looked up there? Its gradient is rows, where no loop is around.
bool isLookedUp(Value table) {
  return llvm::any_of(table.getUsers(), [&](Operation *user) {
    if (auto gather = dyn_cast<tw::GatherOp>(user))
      return gather.getTable() == table;
    return isa<tw::WindowOp, tw::ReshapeOp, tw::ConvertOp>(user) && isLookedUp(user->getResult(0));
  });
}

/// Do rows of the batch meet there? Not in what only training does, as a batch's statistics.
bool doRowsMeet(train::ProgramOp program, Block &block, const std::vector<AlikeTurns::Turn> &turns) {
  auto plans = program.getOps<train::PlanOp>();
  const bool isInParts = !plans.empty() && (*plans.begin()).getAccumulate();
  const bool asksForMode = llvm::any_of(turns.front(), [](Operation *op) {
    return llvm::any_of(op->getOperands(), [](Value value) { return value.getDefiningOp<train::TrainingOp>(); });
  });
  if (asksForMode && !isInParts)
    return false;
  const tw::Rows rows(block, program.getBatch());
  return llvm::any_of(turns, [&](const AlikeTurns::Turn &turn) {
    return llvm::any_of(turn, [&](Operation *op) { return rows.reducesRows(op); });
  });
}

class Rolling {
public:
  Rolling(train::ProgramOp program, train::ObjectiveOp objective, int64_t fewest)
      : program(program), block(objective.getBody().front()), stacks(program), fewest(fewest) {
    for (auto turn : block.getOps<train::TurnOp>())
      marks.push_back(turn);
  }

  int64_t rolled = 0;

  /// Inner loops first.
  void run() {
    SmallVector<SmallVector<train::TurnOp>> open;
    for (train::TurnOp mark : marks) {
      if (open.empty() || open.back().front().getLoop() != mark.getLoop())
        open.emplace_back();
      open.back().push_back(mark);
      if (!mark.getEnd())
        continue;
      if (std::string why = roll(open.back()); !why.empty())
        emitRemark(mark.getLoc()) << "the layers of this loop are compiled one by one: " << why;
      open.pop_back();
    }
  }

private:
  train::ProgramOp program;
  Block &block;
  VariableStacks stacks;
  SmallVector<train::TurnOp> marks;
  int64_t fewest;

  /// In a turn of any loop.
  bool isInTurns(Operation *op) {
    SmallVector<int64_t> open;
    for (train::TurnOp mark : marks) {
      if (!mark->isBeforeInBlock(op))
        break;
      if (open.empty() || open.back() != int64_t(mark.getLoop()))
        open.push_back(mark.getLoop());
      if (mark.getEnd())
        open.pop_back();
    }
    return !open.empty();
  }

  static std::vector<AlikeTurns::Turn> turnsBetween(ArrayRef<train::TurnOp> of) {
    std::vector<AlikeTurns::Turn> turns;
    for (auto [mark, next] : llvm::zip(of, of.drop_front())) {
      AlikeTurns::Turn &turn = turns.emplace_back();
      for (auto op = std::next(mark->getIterator()); op != next->getIterator(); ++op)
        if (!isa<train::TurnOp>(*op) && !isReadOfStep(&*op))
          turn.push_back(&*op);
    }
    return turns;
  }

  /// The variables that are different ones in each turn.
  static SmallVector<VariableStacks::Names> families(const AlikeTurns &turns) {
    SmallVector<VariableStacks::Names> found;
    auto add = [&](VariableStacks::Names names) {
      if (!llvm::is_contained(found, names))
        found.push_back(std::move(names));
    };
    for (const AlikeTurns::Outside &outside : turns.outside())
      if (outside.kind == AlikeTurns::Outside::Variables)
        add(AlikeTurns::variablesOf(outside));
    for (const AlikeTurns::Set &set : turns.sets())
      add(llvm::map_to_vector(set.ops, [](train::SetOp op) { return op.getVariable(); }));
    return found;
  }

  /// Why not; empty: it is a loop of the program.
  std::string roll(ArrayRef<train::TurnOp> of) {
    if (int64_t(of.size()) <= fewest) // the last mark is the end
      return fmt::format("they are fewer than {}", fewest);
    const std::vector<AlikeTurns::Turn> ops = turnsBetween(of);
    const AlikeTurns turns(ops);
    if (!turns.whyNot().empty())
      return turns.whyNot();
    const SmallVector<VariableStacks::Names> names = families(turns);
    bool isOfLayers = llvm::any_of(turns.outside(), [](const AlikeTurns::Outside &outside) {
      return outside.kind == AlikeTurns::Outside::Stack && outside.stack.getDefiningOp<train::GetOp>();
    });
    if (names.empty() && !isOfLayers)
      return "its turns have no parameters of their own";
    llvm::StringSet<> once;
    for (const VariableStacks::Names &members : names) {
      for (StringRef member : members)
        if (!once.insert(member).second)
          return "its turns share a variable with some others";
      if (std::string why = stacks.whyNot(members, [&](Operation *op) { return isInTurns(op); }); !why.empty())
        return why;
    }
    for (const AlikeTurns::Outside &outside : turns.outside())
      if (outside.kind == AlikeTurns::Outside::Variables) {
        for (auto minimize : block.getOps<train::MinimizeOp>())
          if (minimize->isBeforeInBlock(of.back()))
            return "a loss in front of it changes its parameters";
        if (isLookedUp(outside.values[0]))
          return "rows of a table of its own are looked up in each";
      }
    if (doRowsMeet(program, block, ops))
      return "rows of the batch meet in them";
    write(of, ops, names);
    ++rolled;
    return {};
  }

  void write(ArrayRef<train::TurnOp> of, const std::vector<AlikeTurns::Turn> &ops,
             ArrayRef<VariableStacks::Names> names) {
    llvm::StringMap<std::string> stackOf; // by the first member
    for (const VariableStacks::Names &members : names) {
      std::string first = members[0].str();
      stackOf[first] = stacks.stack(members).getSymName().str();
    }
    const AlikeTurns turns(ops); // of slices
    OpBuilder builder(of.back());
    SmallVector<Value> emitted =
        llvm::map_to_vector(turns.sets(), [](const AlikeTurns::Set &set) { return set.first; });
    auto [scan, ends] = turns.createScan(builder, of.back()->getLoc(), emitted);
    for (auto [set, stack] : llvm::zip_equal(turns.sets(), scan.getResults().take_back(emitted.size()))) {
      train::SetOp first = set.ops.front();
      OpBuilder behind(set.ops.back());
      train::SetOp::create(behind, first.getLoc(), stackOf.lookup(first.getVariable()), stack);
      for (train::SetOp op : set.ops)
        op.erase();
    }
    for (auto [value, end] : ends)
      value.replaceUsesWithIf(end, [&](OpOperand &use) {
        Operation *reader = block.findAncestorOpInBlock(*use.getOwner());
        return scan->isBeforeInBlock(reader);
      });
    for (const AlikeTurns::Turn &turn : llvm::reverse(ops))
      for (Operation *op : llvm::reverse(turn))
        op->erase();
  }
};

struct RollLayers : impl::RollLayersBase<RollLayers> {
  using RollLayersBase::RollLayersBase;

  void runOnOperation() override {
    for (auto program : getOperation().getOps<train::ProgramOp>())
      for (auto objective : program.getOps<train::ObjectiveOp>()) {
        if (!unroll) {
          Rolling rolling(program, objective, fewest);
          rolling.run();
          rolled += rolling.rolled;
        }
        for (auto mark : llvm::make_early_inc_range(objective.getBody().getOps<train::TurnOp>()))
          mark.erase();
        for (Operation &op : llvm::make_early_inc_range(llvm::reverse(objective.getBody().front())))
          if (isReadOfStep(&op) && op.use_empty() && isa<tw::WindowOp>(op))
            op.erase();
      }
  }
};

} // namespace
} // namespace talweg
