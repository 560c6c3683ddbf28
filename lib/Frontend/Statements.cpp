// Statements: definitions, updates of what is assignable, loops.
#include "Statements.h"

#include "Expressions.h"
#include "Indexing.h"
#include "Lookups.h"
#include "Operators.h"
#include "Variables.h"
#include "Walk.h"

#include <fmt/format.h>

using namespace talweg;
using namespace talweg::frontend;
using ast::Stmt;

//===-- definitions ------------------------------------------------------------------------------------------------===//

/// Can the state, which is a tensor of `type`, be given `value`?
static bool canBeGiven(const DeclaredVariable &state, mlir::TensorType type, const Value &value) {
  if (!value.isNumeric() || value.holdsConditions())
    return false;
  if (!value.isTensor())
    return true;
  const Tensor &tensor = value.tensor;
  return tensor.vars.empty() && (tensor.dims.empty() || !type.hasRank() || sameSizes(tensor.dims, state.dims));
}

void frontend::assign(Walk &walk, const ast::Name &target, Value value, ast::Range range) {
  Frame &frame = walk.frame();
  if (!checkCarried(walk, target))
    value = Value();
  Value &local = frame.locals[target.text];
  const auto state = frame.states.find(target.text);
  if (state == frame.states.end() || value.isPoison()) {
    local = std::move(value);
    return;
  }
  DeclaredVariable &variable = *state->second;
  if (isInScan(walk.builder)) {
    walk.fail(Code::NotSupportedYet, range,
              fmt::format("`{}` is a state, which is given one value in a step and not one in each turn of a scan",
                          target.text))
        .help("carry it, and give it the value that the scan ends with");
    return;
  }
  const auto type = mlir::cast<mlir::TensorType>(variable.current.getType());
  if (!canBeGiven(variable, type, value)) {
    walk.fail(Code::StateMismatch, range, fmt::format("`{}` cannot be given this value", target.text))
        .line(fmt::format("it is {}", walk.describe(local)))
        .line(fmt::format("this is {}", walk.describe(value)))
        .sizes(variable.dims, "in the state", value.tensor.dims, "here")
        .note(variable.place, "declared here");
    return;
  }
  Aligned shape;
  shape.unranked = !type.hasRank();
  shape.dims = variable.dims;
  const mlir::Type stored = type.getElementType(), computed = walk.tensors.computedType(stored);
  variable.current = walk.tensors.convert(walk.tensors.materialise(value, computed, shape, range), stored, range);
  variable.assigned = true;
  Tensor tensor;
  tensor.ssa = walk.tensors.convert(variable.current, computed, range);
  tensor.dims = shape.unranked ? Dims() : variable.dims;
  local = Value::of(tensor);
}

static Value define(Walk &walk, const Stmt &stmt, const ast::Type *result) {
  Frame &frame = walk.frame();
  const std::string &name = stmt.target.text;
  Value value;
  {
    const bool wasBound = frame.local(name) && !(frame.beforeLoop && !frame.beforeLoop->count(name));
    Definition definition{stmt, !wasBound};
    DefinitionScope scope(frame, definition);
    value = stmt.indexed ? evalIndexed(walk, stmt, result) : eval(walk, *stmt.value);
  }
  if (value.kind == Value::Nothing)
    value = walk.fail(Code::WrongKind, stmt.value->range, "this has no value");
  assign(walk, stmt.target, std::move(value), stmt.range);
  return frame.locals[name];
}

static Value update(Walk &walk, const Stmt &stmt) {
  const Value *target = walk.frame().local(stmt.target.text);
  if (!target)
    return walk.fail(Code::UnknownName, stmt.target.range, fmt::format("unknown name `{}`", stmt.target.text))
        .didYouMean(suggest(stmt.target.text, walk.messages.namesInScope(false)));
  const Value old = *target;
  assign(walk, stmt.target,
         binary(walk.tensors, stmt.binary, old, eval(walk, *stmt.value), stmt.range, nullptr, stmt.value.get()),
         stmt.range);
  return walk.frame().locals[stmt.target.text];
}

/// `h[bucket[n], k] += x[n, k]`: sums, onto what the name is already.
static Value accumulate(Walk &walk, const Stmt &stmt, const ast::Type *result) {
  Value value = evalAccumulated(walk, stmt, result);
  if (const Value *old = walk.frame().local(stmt.target.text))
    value = binary(walk.tensors, stmt.binary, *old, value, stmt.range);
  assign(walk, stmt.target, std::move(value), stmt.range);
  return walk.frame().locals[stmt.target.text];
}

//===-- loops ------------------------------------------------------------------------------------------------------===//

namespace {
/// What a loop goes through.
struct Turns {
  std::vector<Value> values;
  bool dependOnBatch = false; ///< how many they are
};
} // namespace

/// Nothing: reported.
static std::optional<Turns> evalTurns(Walk &walk, const Stmt &stmt) {
  const Value over = eval(walk, *stmt.value);
  if (over.isPoison())
    return std::nullopt;
  const bool isRepeat = stmt.kind == Stmt::Repeat, isRange = over.kind == Value::Range;
  if (isRepeat ? !over.isInteger() : !isRange && over.kind != Value::List) {
    walk.fail(Code::WrongKind, stmt.value->range,
              (isRepeat ? "`repeat` takes an integer known at compile time, and this is "
                        : "`for` goes through a range `0..6` or a list, and this is ") +
                  walk.describe(over));
    return std::nullopt;
  }
  if (over.kind == Value::List)
    return Turns{over.items};
  const Count from = isRange ? over.items[0].number.integer : Count(0);
  const Count to = isRange ? over.items[1].number.integer : over.number.integer;
  if (to < from || to - from > 100'000) {
    walk.fail(Code::TooMuchUnrolled, stmt.value->range,
              to < from ? "the range is negative" : "a loop is unrolled at most 100000 times");
    return std::nullopt;
  }
  Turns turns{{}, from.dependsOnBatch() || to.dependsOnBatch()};
  for (std::int64_t i = from; i < to; ++i)
    turns.values.push_back(Value::integer(i));
  return turns;
}

/// Loops are unrolled; each turn has layers of its own. Where the turns of a step's loop begin is marked, as they may be alike.
static void runLoop(Walk &walk, const Stmt &stmt) {
  const std::optional<Turns> turns = evalTurns(walk, stmt);
  if (!turns)
    return;
  const bool isMarked = walk.objective && turns->values.size() > 1 &&
                        walk.builder.getInsertionBlock() == &walk.objective->getRegion(0).front();
  const int number = isMarked ? walk.loops++ : 0;
  auto mark = [&](bool end) {
    if (isMarked)
      train::TurnOp::create(walk.builder, walk.location(stmt.range), number, end);
  };
  LoopScope loop(walk.frame());
  for (std::size_t turn = 0; turn < turns->values.size() && !walk.limits.exceeded(); ++turn) {
    mark(/*end=*/false);
    loop.enterTurn(turn);
    if (stmt.kind == Stmt::For)
      walk.frame().locals[stmt.target.text] = turns->values[turn];
    if (!walk.limits.spend(stmt.range))
      break;
    BatchDependentScope scope(walk.scopes, turns->dependOnBatch && turn > 0); // a batch has one row at least
    runBody(walk, stmt.body, nullptr);
  }
  mark(/*end=*/true);
}

//===-- bodies -----------------------------------------------------------------------------------------------------===//

Value frontend::runStatement(Walk &walk, const Stmt &stmt, const ast::Type *result) {
  switch (stmt.kind) {
  case Stmt::Expr: return eval(walk, *stmt.value);
  case Stmt::Define: return define(walk, stmt, result);
  case Stmt::Update: return stmt.indexed ? accumulate(walk, stmt, result) : update(walk, stmt);
  case Stmt::Param:
  case Stmt::State: declareVariable(walk, stmt); return Value::nothing();
  case Stmt::Repeat:
  case Stmt::For: runLoop(walk, stmt); return Value::nothing();
  case Stmt::Scan: return runScan(walk, stmt);
  case Stmt::Emit: emit(walk, stmt); return Value::nothing();
  case Stmt::Require: require(walk, stmt); return Value::nothing();
  default: return walk.fail(Code::MisplacedStatement, stmt.range, "this statement belongs into `train`");
  }
}

Value frontend::runBody(Walk &walk, const ast::Block &body, const ast::Type *result) {
  Value last = Value::nothing();
  for (std::size_t i = 0; i < body.size(); ++i)
    last = runStatement(walk, *body[i], i + 1 == body.size() ? result : nullptr);
  return last;
}
