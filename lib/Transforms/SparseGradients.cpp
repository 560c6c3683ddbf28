// Finds the parameters that are only looked up.
//
// In: an objective with gradients as values and a train.update of each. Out: where a parameter's gradient is a sum of rows at positions from
// data (tw.scatter_add), and only ops read it that leave a zero a zero, norms among them, it is never made: the update has the different rows
// that a step has named and the sum of each (tw.coalesce), in which what is computed of the gradient is computed. Where a step is of several
// parts, these sum up their rows (SummedRows.h), and the update, in the finish, has the rows of all. Why a gradient is whole nevertheless is a
// remark, and an error where its optimizer is `lazy`. What the gradients of several parameters have in common, each has by itself where it has to.
#include "RowWriter.h"
#include "RuleAtZero.h"
#include "SumOfLookups.h"
#include "SummedRows.h"
#include "talweg/Dialect/Train/Train.h"
#include "talweg/Dialect/Tw/Access.h"
#include "talweg/Dialect/Tw/Tw.h"
#include "talweg/Transforms/Passes.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace talweg {
#define GEN_PASS_DEF_SPARSEGRADIENTS
#include "talweg/Transforms/Passes.h.inc"

namespace {

/// True if all elements of `value` are equal, whatever they are.
bool isUniform(Value value) {
  auto window = value.getDefiningOp<tw::WindowOp>();
  return tw::uniformValue(value) || (window && cast<RankedTensorType>(window.getX().getType()).getRank() == 0);
}

/// True for a window that reads every element once, rows where they are: one that leaves out dimensions of 1, or changes places within rows.
bool rearrangesRows(tw::WindowOp window) {
  auto from = cast<RankedTensorType>(window.getX().getType()), to = cast<RankedTensorType>(window.getType());
  ArrayRef<AffineExpr> read = window.getMap().getResults();
  if (read.empty() || from.getNumElements() != to.getNumElements() || !isa<AffineDimExpr>(read[0]) ||
      !read[0].isFunctionOfDim(0))
    return false;
  return llvm::all_of(llvm::enumerate(to.getShape()), [&](auto dim) {
    return dim.value() == 1 || llvm::is_contained(read, getAffineDimExpr(dim.index(), window.getContext()));
  });
}

/// True for an op that gives zero where its operand `of` is zero, the others being uniform or, of a product, anything that `isSparse`.
bool keepsZero(Operation *op, function_ref<bool(Value)> isSparse) {
  if (op->getNumResults() != 1)
    return false;
  auto others = [&](auto accepts) {
    return llvm::all_of(op->getOperands(), [&](Value operand) { return isSparse(operand) || accepts(operand); });
  };
  if (isa<tw::MulOp>(op))
    return others(isUniform);
  if (isa<tw::DivOp>(op))
    return isSparse(op->getOperand(0)) && isUniform(op->getOperand(1)) && !isSparse(op->getOperand(1));
  if (isa<tw::AddOp, tw::SubOp>(op))
    return others([](Value) { return false; });
  if (isa<tw::MinOp, tw::MaxOp>(op)) { // a clip
    Value bound = isSparse(op->getOperand(0)) ? op->getOperand(1) : op->getOperand(0);
    std::optional<double> number = tw::uniformValue(bound);
    return number && (isa<tw::MinOp>(op) ? *number >= 0 : *number <= 0);
  }
  if (auto window = dyn_cast<tw::WindowOp>(op))
    return isSparse(window.getX()) && rearrangesRows(window);
  return isa<tw::NegOp, tw::AbsOp, tw::ConvertOp>(op) && isSparse(op->getOperand(0));
}

/// A sum of all elements, to which zeros add nothing.
bool sumsAll(Operation *op) {
  auto reduce = dyn_cast<tw::ReduceOp>(op);
  return reduce && reduce.getKind() == tw::Reduction::sum &&
         int64_t(reduce.getDims().size()) == cast<RankedTensorType>(reduce.getX().getType()).getRank();
}

/// Why a gradient is not rows, and where that shows.
struct Reason {
  std::string text;
  Operation *place = nullptr;
};
const char *const kNotOfLookups = "its gradient is not of lookups alone";
const char *const kNotPointwise = "its optimizer computes with the tensor as a whole";

/// What an objective does with the sum of a table's gradients over the parts of a step.
struct Sum {
  Block *block;
  train::SetOp set; ///< null: it does nothing with it
  tw::AddOp add;    ///< null: it adds nothing to it
  Value sum, added; ///< of `add`: what the sum has been, and what it takes

  static Sum in(train::ObjectiveOp objective, train::VariableOp variable) {
    Sum found{&objective.getBody().front(), {}, {}, {}, {}};
    std::string name = (variable.getSymName() + train::kGradientSum).str();
    for (auto set : found.block->getOps<train::SetOp>())
      if (set.getVariable() == name)
        found.set = set;
    found.add = found.set ? found.set.getValue().getDefiningOp<tw::AddOp>() : tw::AddOp();
    if (!found.add)
      return found;
    found.sum = found.add.getA(), found.added = found.add.getB();
    auto get = found.sum.getDefiningOp<train::GetOp>();
    if (!get || get.getVariable() != name)
      found.add = {};
    return found;
  }
};

/// What takes gradients in a block, and which: updates, and in a part what adds to sums.
SmallVector<std::pair<Operation *, Value>> takersIn(Block &block) {
  SmallVector<std::pair<Operation *, Value>> takers;
  for (Operation &op : block)
    if (auto update = dyn_cast<train::UpdateOp>(op)) {
      takers.push_back({update, update.getGradient()});
    } else if (auto set = dyn_cast<train::SetOp>(op); set && set.getVariable().ends_with(train::kGradientSum)) {
      if (auto add = set.getValue().getDefiningOp<tw::AddOp>())
        takers.push_back({add, add.getB()});
    }
  return takers;
}

/// One gradient that may be rows: of lookups, or in the finish of a step in parts their sum.
class Gradient {
public:
  /// `taker`: what a gradient is computed for, of which it is an operand.
  Gradient(Operation *taker, Value gradient, train::VariableOp variable)
      : taker(taker), gradient(gradient), variable(variable) {}

  /// Finds out whether it is; otherwise why not, and where.
  bool isRows() {
    if (!findRows())
      return false;
    if (followReaders())
      return true;
    if (!isOfAnother(why.place))
      return false;
    separate();
    return followReaders();
  }

  /// Gives it lookups that nothing else reads.
  void separateLookups() {
    if (findRows() && lookups)
      lookups->separate();
  }

  const Reason &reason() const { return why; }

  /// The rows of the lookups, each once, as many as there are positions.
  TableRows coalesce() const { return lookups->coalesce(); }

  /// The sum of the parts' gradients, which the gradient is computed from; null: it is computed from lookups.
  Value sumOfParts() const { return lookups ? Value() : sums; }

  /// Computes the gradient from `root`, the rows of what it has been computed from. The taker still has the former.
  TableRows rewrite(TableRows root) {
    OpBuilder builder(variable.getContext());
    int64_t positions = cast<RankedTensorType>(root.named.getType()).getNumElements();
    IRMapping rows; // tensors of the table's shape → the same in rows
    rows.map(sums, root.values);
    for (Operation *op : readers) {
      builder.setInsertionPoint(op);
      for (Value operand : op->getOperands())
        if (!rows.contains(operand))
          rows.map(operand, inRows(builder, operand, positions));
      Operation *copy = builder.clone(*op, rows);
      if (sumsAll(op)) {
        op->getResult(0).replaceAllUsesWith(copy->getResult(0));
        continue;
      }
      copy->getResult(0).setType(withRows(cast<RankedTensorType>(op->getResult(0).getType()), positions));
    }
    return {root.named, rows.lookup(gradient)};
  }

  /// Takes out what the gradient was computed by, once its taker has the rows.
  void erase() {
    for (Operation *op : llvm::reverse(readers))
      op->erase();
    SumOfLookups::eraseUnread(sums.getDefiningOp());
  }

private:
  Operation *taker;
  Value gradient;
  train::VariableOp variable;
  Value sums;                          ///< what the gradient is computed from, element by element
  std::optional<SumOfLookups> lookups; ///< what this is; nothing: a sum of parts
  SmallVector<Operation *> path;       ///< from the gradient to what it is computed from
  llvm::SetVector<Value> sparse;       ///< the sums, and what is computed of them and is zero where they are
  SmallVector<Operation *> readers;    ///< of `sparse`, in their order, but for the taker
  Reason why;

  bool refuse(Operation *place, const char *text) {
    why = {text, place};
    return false;
  }

  /// The sums that the gradient is computed from are rows of this table; otherwise why not, and where.
  bool findRows() {
    for (bool within : {false, true}) {
      Reason before = why;
      if (findSums(within) && (!variable || sums.getType() == variable.getType()))
        return true;
      if (within)
        why = before;
      else if (why.text.empty())
        why = {variable.isSplit() ? "a parameter in two halves is updated as a whole" : kNotOfLookups, {}};
    }
    return false;
  }

  /// The sums of rows that the gradient is computed from: of one lookup, of several added up, or of parts. `within`: also where elements then
  /// change places within their row.
  bool findSums(bool within) {
    sums = gradient;
    path.clear();
    while (!(lookups = SumOfLookups::of(sums, within))) {
      if (isSumOfParts(sums))
        return true;
      Operation *op = sums.getDefiningOp();
      Value source;
      if (op)
        for (Value operand : op->getOperands())
          if (!isUniform(operand))
            source = operand;
      if (!source || !keepsZero(op, [&](Value operand) { return operand == source; }))
        return refuse(op, kNotOfLookups);
      path.push_back(op);
      sums = source;
    }
    Operation *shared = lookups->ofSeveralTables();
    return !shared || refuse(shared, "rows are looked up in several tables at once");
  }

  bool isSumOfParts(Value value) {
    auto get = value.getDefiningOp<train::GetOp>();
    return get && variable && get.getVariable() == (variable.getSymName() + train::kGradientSum).str();
  }

  /// Whether the gradient of another parameter is computed by this op.
  bool isOfAnother(Operation *op) const {
    return llvm::any_of(takersIn(*taker->getBlock()), [&](auto other) {
      return other.first != taker && (other.first == op || slice(other.second).contains(op));
    });
  }

  /// Gives the taker what leads from the lookups to its gradient, as a copy that nobody else reads.
  void separate() {
    IRMapping copies;
    path.push_back(sums.getDefiningOp());
    for (Operation *op : llvm::reverse(path)) {
      OpBuilder behind(taker->getContext());
      behind.setInsertionPointAfter(op);
      behind.clone(*op, copies);
    }
    taker->replaceUsesOfWith(gradient, copies.lookup(gradient));
    gradient = copies.lookup(gradient);
    separateLookups();
  }

  bool followReaders() {
    sparse.clear(), readers.clear();
    sparse.insert(sums);
    for (Operation *op = sums.getDefiningOp()->getNextNode(); op; op = op->getNextNode()) {
      auto isSparse = [&](Value value) { return sparse.contains(value); };
      if (llvm::none_of(op->getOperands(), isSparse))
        continue;
      if (op == taker)
        continue;
      readers.push_back(op);
      if (sumsAll(op))
        continue;
      if (!keepsZero(op, isSparse))
        return refuse(op, "its gradient is read as a whole here");
      sparse.insert(op->getResult(0));
    }
    return true;
  }

  /// `uniform` with as many rows.
  static Value inRows(OpBuilder &builder, Value uniform, int64_t rows) {
    auto type = withRows(cast<RankedTensorType>(uniform.getType()), rows);
    if (auto window = uniform.getDefiningOp<tw::WindowOp>();
        window && cast<RankedTensorType>(window.getX().getType()).getRank() == 0)
      return tw::WindowOp::create(builder, window.getLoc(), type, window.getX(),
                                  tw::spreadMap(builder.getContext(), type.getRank()));
    auto constant = DenseElementsAttr::get(cast<ShapedType>(type),
                                           builder.getFloatAttr(type.getElementType(), *tw::uniformValue(uniform)));
    return tw::ConstantOp::create(builder, uniform.getLoc(), cast<ElementsAttr>(Attribute(constant)));
  }
};

struct SparseGradients : impl::SparseGradientsBase<SparseGradients> {
  void runOnOperation() override {
    for (auto program : getOperation().getOps<train::ProgramOp>())
      for (auto objective : program.getOps<train::ObjectiveOp>())
        if (failed(run(program, objective)))
          return signalPassFailure();
  }

  LogicalResult run(train::ProgramOp program, train::ObjectiveOp objective) {
    SymbolTable symbols(program);
    for (auto [taker, gradient] : takersIn(objective.getBody().front()))
      Gradient(taker, gradient, {}).separateLookups();
    for (auto update : llvm::make_early_inc_range(objective.getBody().front().getOps<train::UpdateOp>())) {
      auto variable = symbols.lookup<train::VariableOp>(update.getVariable());
      auto rule = symbols.lookup<train::OptimizerOp>(update.getOptimizer());
      FailureOr<bool> byRows =
          objective.getFinish() ? runInParts(program, update, variable, rule) : runAtOnce(update, variable, rule);
      if (failed(byRows))
        return failure();
      if (!*byRows)
        continue;
      ++sparse;
      if (!rule.getLazy() && !RuleAtZero::of(rule).leavesAsItIs)
        update.emitRemark()
            << "every row of `" << update.getVariable()
            << "` is updated in every step: its optimizer moves a parameter whose gradient is zero, too; `lazy` would "
               "leave the rows that a step has not looked up";
    }
    return success();
  }

  static void setRows(train::UpdateOp update, TableRows rows) {
    update.getGradientMutable().assign(rows.values);
    update.getRowsMutable().assign(rows.named);
  }

  static FailureOr<bool> runAtOnce(train::UpdateOp update, train::VariableOp variable, train::OptimizerOp rule) {
    Gradient gradient(update, update.getGradient(), variable);
    if (!gradient.isRows())
      return tellWhole(update, rule, gradient.reason(), *update->getBlock());
    if (!RuleAtZero::of(rule).isPointwise)
      return tellWhole(update, rule, {kNotPointwise}, *update->getBlock());
    setRows(update, gradient.rewrite(gradient.coalesce()));
    gradient.erase();
    return true;
  }

  /// The part adds its rows to the sum, and the finish takes those of all parts.
  static FailureOr<bool> runInParts(train::ProgramOp program, train::UpdateOp update, train::VariableOp variable,
                                    train::OptimizerOp rule) {
    std::optional<SummedRows> summed = SummedRows::of(program, variable);
    Sum part = Sum::in(*program.getOps<train::ObjectiveOp>().begin(), variable),
        finish = Sum::in(update->getParentOfType<train::ObjectiveOp>(), variable);
    Gradient added(part.add, part.added, variable), whole(update, update.getGradient(), variable);
    Reason reason;
    if (!summed || !part.add || !finish.set)
      reason = {kNotOfLookups};
    else if (!added.isRows())
      reason = added.reason();
    else if (!whole.isRows())
      reason = whole.reason();
    else if (!RuleAtZero::of(rule).isPointwise)
      reason = {kNotPointwise};
    if (!reason.text.empty()) {
      if (summed)
        for (train::SetOp set : {part.set, finish.set})
          if (set)
            summed->giveUp(ImplicitLocOpBuilder(set.getLoc(), set));
      return tellWhole(update, rule, reason, *part.block);
    }
    TableRows rows = added.rewrite(added.coalesce());
    summed->add(ImplicitLocOpBuilder(part.set.getLoc(), part.set), rows, part.sum);
    part.set.erase();
    part.add.erase();
    added.erase();
    auto plan = program.getOps<train::PlanOp>();
    int64_t parts = plan.empty() ? 1 : (*plan.begin()).getAccumulate().value_or(1);
    ImplicitLocOpBuilder b(finish.set.getLoc(), program.getContext());
    b.setInsertionPointAfterValue(whole.sumOfParts());
    int64_t most = parts * cast<RankedTensorType>(rows.named.getType()).getNumElements();
    setRows(update, whole.rewrite(summed->take(b, whole.sumOfParts(), most)));
    finish.set.erase();
    whole.erase();
    return true;
  }

  /// That a table is not updated by rows: an error if it was asked for, a remark if it is looked up in `block`.
  static FailureOr<bool> tellWhole(train::UpdateOp update, train::OptimizerOp rule, const Reason &reason,
                                   Block &block) {
    if (!rule.getLazy() && !isLookedUp(update.getVariable(), block))
      return false;
    InFlightDiagnostic told = rule.getLazy() ? rule.emitError() << "`lazy` updates the rows that a step looks up, and `"
                                                                << update.getVariable() << "` is updated as a whole: "
                                             : update.emitRemark() << "`" << update.getVariable()
                                                                   << "` is looked up, and updated as a whole: ";
    told << reason.text;
    if (reason.place)
      told.attachNote(reason.place->getLoc()) << "here";
    return rule.getLazy() ? FailureOr<bool>(failure()) : false;
  }

  static bool isLookedUp(StringRef variable, Block &block) {
    for (auto get : block.getOps<train::GetOp>())
      if (get.getVariable() == variable && llvm::any_of(get->getUsers(), llvm::IsaPred<tw::GatherOp>))
        return true;
    return false;
  }
};

} // namespace
} // namespace talweg
