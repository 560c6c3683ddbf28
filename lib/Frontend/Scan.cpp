// `scan`: its body runs once here, for all turns, in the region of a tw.scan. What stands in front of the loop and is read in it is shared
// by all turns; names that a turn defines are its own.
#include "Expressions.h"
#include "Indexing.h"
#include "Operators.h"
#include "Statements.h"
#include "Types.h"
#include "Walk.h"

#include "talweg/Dialect/Tw/Tw.h"
#include "talweg/Frontend/Parser.h"

#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/STLExtras.h"

#include <fmt/format.h>

using namespace talweg;
using namespace talweg::frontend;
using ast::Stmt;

namespace {
/// What a scan carries from turn to turn.
struct Carried {
  const ast::Formal &formal;
  Aligned shape;
  mlir::Value start;
};

/// What a scan emits.
struct Emitted {
  const Stmt &stmt;
  Tensor tensor;
};
} // namespace

/// Can `value` be carried as one of `element`? No fraction is lost.
static bool isOf(const Value &value, mlir::Type element) {
  if (element.isInteger(1))
    return value.isCondition();
  if (!value.isNumeric() || value.holdsConditions())
    return false;
  if (mlir::isa<mlir::FloatType>(element))
    return true;
  return value.isTensor() ? value.tensor.element() == element
                          : value.isInteger() && llvm::isInt<32>(value.number.integer.value);
}

/// The scan whose body runs.
class frontend::ScanBody {
public:
  ScanBody(Walk &walk, const Stmt &stmt) : walk(walk), stmt(stmt) {}

  Value run();
  void emit(const Stmt &emission);
  bool mayDefine(const ast::Name &name);

private:
  Walk &walk;
  const Stmt &stmt;
  std::int64_t first = 0, length = 0;
  bool reversed = false;
  std::vector<Carried> carried;
  std::vector<Emitted> emitted;
  std::map<std::string, Value> before; ///< names, and what they are in front of the scan

  bool readLength();
  bool readDirection();
  bool readStart(const ast::Formal &formal);
  bool runTurn(tw::ScanOp scan);
  mlir::Value next(const Carried &each);
  tw::ScanOp close(tw::ScanOp open, llvm::SmallVector<mlir::Value> yielded);
  Value stackOf(const Emitted &each, mlir::Value stack);
};

//===-- what goes in -----------------------------------------------------------------------------------------------===//

/// False: reported.
bool ScanBody::readLength() {
  const Value over = eval(walk, *stmt.value);
  if (over.isPoison())
    return false;
  const bool isRange = over.kind == Value::Range;
  const auto wrong = [&](Code code, const std::string &what) {
    walk.fail(code, stmt.value->range, what);
    return false;
  };
  if (!isRange && !over.isInteger())
    return wrong(Code::WrongKind,
                 "`scan` goes through an integer `t` or a range `1..t`, known at compile time, and this is " +
                     walk.describe(over));
  const Count from = isRange ? over.items[0].number.integer : Count(0);
  const Count to = isRange ? over.items[1].number.integer : over.number.integer;
  if (from.dependsOnBatch() || to.dependsOnBatch())
    return wrong(Code::BatchDependent,
                 "a scan does not go through the rows of a batch, which do not know of each other");
  if (to - from < 1)
    return wrong(Code::BadDimension, fmt::format("a scan has one turn at least, and this has {}", to - from));
  if (from < 0 || to > INT32_MAX)
    return wrong(Code::NumberOutOfRange, "the turns of a scan are numbers from 0 up, of 31 bits");
  first = from;
  length = to - from;
  return true;
}

/// False: reported.
bool ScanBody::readDirection() {
  reversed = stmt.reversed;
  if (!stmt.condition)
    return true;
  const Value condition = eval(walk, *stmt.condition);
  if (condition.isPoison())
    return false;
  if (condition.kind != Value::Bool) {
    walk.fail(Code::WrongKind, stmt.condition->range,
              "whether a scan is reversed is known at compile time, and this is " + walk.describe(condition))
        .help("sizes, `config` values and inputs of type `bool` are");
    return false;
  }
  reversed = condition.boolean;
  return true;
}

/// False: reported.
bool ScanBody::readStart(const ast::Formal &formal) {
  const auto isIt = [&](const Carried &each) { return each.formal.name.text == formal.name.text; };
  if (formal.name.text == stmt.target.text || llvm::any_of(carried, isIt)) {
    walk.fail(Code::AlreadyDefined, formal.name.range,
              fmt::format("`{}` names two things in a turn of this scan", formal.name.text));
    return false;
  }
  const auto element = elementTypeBy(&ElementInfo::text, formal.type.element.text);
  const bool isTyped = !formal.type.element.text.empty();
  if (isTyped && (!element || infoOf(*element).isOnlyStored())) {
    walk.fail(Code::UnknownType, formal.type.range,
              fmt::format("a scan carries `f32`, `i32` and `bool`, and not `{}`", formal.type.element.text));
    return false;
  }
  const Value value = eval(walk, *formal.value);
  const ast::Range range = formal.value->range;
  if (value.isPoison())
    return false;
  const auto wrong = [&](const std::string &what) {
    walk.fail(Code::WrongKind, range, what + walk.describe(value))
        .help(fmt::format("write its type, as in `{}: f32[n, 8] = 0`", formal.name.text));
    return false;
  };
  if (!value.isNumeric() && value.kind != Value::Bool)
    return wrong("a scan carries numbers and conditions, and this is ");
  if (value.isTensor() && !value.tensor.isRanked())
    return wrong("a scan carries what has a shape, and this is ");
  if (!isTyped && !value.isTensor())
    return wrong("a scan carries a tensor from its start on, and this is ");
  Aligned shape;
  if (isTyped) {
    const std::optional<Dims> dims = evalDims(walk, formal.type);
    if (!dims)
      return false;
    shape.dims = *dims;
    shape.element =
        element == ElementType::F32 ? walk.tensors.floatType() : tw::irType(*element, walk.builder.getContext());
  } else {
    shape.dims = value.tensor.dims;
    shape.element = value.tensor.weak && !value.holdsConditions() ? walk.tensors.floatType() : value.tensor.element();
  }
  const bool fits = !value.isTensor() || value.tensor.dims.empty() || sameSizes(value.tensor.dims, shape.dims);
  if (!fits || !isOf(value, shape.element)) {
    walk.fail(Code::ScanMismatch, range, fmt::format("`{}` cannot start with this value", formal.name.text))
        .line(fmt::format("it is {}", walk.messages.text(formal.type.range)))
        .line(fmt::format("this is {}", walk.describe(value)))
        .sizes(shape.dims, "in its type", value.tensor.dims, "here");
    return false;
  }
  shape.vars = walk.frame().ambient;
  if (value.isTensor())
    for (IndexVar *var : value.tensor.vars)
      if (!llvm::is_contained(shape.vars, var))
        shape.vars.push_back(var);
  if (!walk.tensors.checkSize(shape.vars, shape.dims, range))
    return false;
  const mlir::Value start = walk.tensors.materialise(value, shape.element, shape, range);
  carried.push_back({formal, shape, start});
  return true;
}

//===-- a turn -----------------------------------------------------------------------------------------------------===//

/// What the body has left for the next turn. Null: reported.
mlir::Value ScanBody::next(const Carried &each) {
  const std::string &name = each.formal.name.text;
  const Value &value = walk.frame().locals[name];
  if (value.isPoison())
    return {};
  Tensor carriedIn;
  carriedIn.ssa = each.start;
  carriedIn.dims = each.shape.dims;
  const bool isShape =
      !value.isTensor() ||
      (value.isRankedTensor() && (value.tensor.dims.empty() || sameSizes(value.tensor.dims, each.shape.dims)));
  const bool isOver = !value.isTensor() || llvm::all_of(value.tensor.vars, [&](IndexVar *var) {
    return llvm::is_contained(each.shape.vars, var);
  });
  if (!isOf(value, each.shape.element) || !isShape || !isOver) {
    walk.fail(Code::ScanMismatch, each.formal.name.range,
              fmt::format("`{}` is carried from turn to turn as what it begins as", name))
        .line(fmt::format("it begins as {}", walk.describe(Value::of(carriedIn))))
        .line(fmt::format("a turn ends with {}", walk.describe(value)))
        .sizes(each.shape.dims, "at the beginning", value.tensor.dims, "at the end of a turn");
    return {};
  }
  return walk.tensors.materialise(value, each.shape.element, each.shape, each.formal.name.range);
}

bool ScanBody::mayDefine(const ast::Name &name) {
  const auto isIt = [&](const Carried &each) { return each.formal.name.text == name.text; };
  if (!before.count(name.text) || llvm::any_of(carried, isIt))
    return true;
  walk.fail(Code::LostInScan, name.range,
            fmt::format("what a turn gives `{}` does not last to the next one", name.text))
      .help(fmt::format("carry it: `scan {0} in {1} with {2} = {2}`; or give it another name", stmt.target.text,
                        talweg::toText(*stmt.value), name.text));
  return false;
}

void ScanBody::emit(const Stmt &emission) {
  const auto isSame = [&](const Emitted &other) { return other.stmt.target.text == emission.target.text; };
  if (const auto other = llvm::find_if(emitted, isSame); other != emitted.end()) {
    walk.fail(Code::ScanMismatch, emission.range, "two results of a scan need two names")
        .note(other->stmt.range, "the other one")
        .help("write `emit all = h`");
    return;
  }
  const auto isCarried = [&](const Carried &each) { return each.formal.name.text == emission.target.text; };
  if (const auto other = llvm::find_if(carried, isCarried); other != carried.end()) {
    walk.fail(Code::ScanMismatch, emission.target.range,
              fmt::format("`{}` is carried, and is behind the scan what the last turn leaves", emission.target.text))
        .note(other->formal.name.range, "carried here")
        .help("give what is emitted another name");
    return;
  }
  Value value = emission.indexed ? evalIndexed(walk, emission, nullptr) : eval(walk, *emission.value);
  if (value.isPoison())
    return;
  if ((!value.isNumeric() && value.kind != Value::Bool) || (value.isTensor() && !value.tensor.isRanked())) {
    walk.fail(Code::WrongKind, emission.value->range,
              "a scan emits numbers and conditions, and this is " + walk.describe(value));
    return;
  }
  Tensor tensor =
      value.kind == Value::Bool || value.isNumber() ? Tensor() : walk.tensors.asTensor(value, emission.range).tensor;
  Aligned shape;
  shape.vars = tensor.vars;
  shape.dims = tensor.dims;
  const bool isOwn = tensor.ssa && (!tensor.weak || tensor.hasConditions());
  const mlir::Type element = value.kind == Value::Bool ? walk.builder.getI1Type()
                             : isOwn                   ? tensor.element()
                                                       : walk.tensors.floatType();
  tensor.ssa = walk.tensors.materialise(value, element, shape, emission.range);
  tensor.weak = false;
  emitted.push_back({emission, std::move(tensor)});
}

/// Runs the body where the turn's values are. False: something is wrong (reported).
bool ScanBody::runTurn(tw::ScanOp scan) {
  const int errors = walk.messages.count();
  Frame &frame = walk.frame();
  Tensor turn;
  turn.ssa = scan.getTurn();
  turn.within = Bounds{0, length - 1};
  if (first > 0)
    turn = binary(walk.tensors, ast::BinaryOp::Add, Value::of(turn), Value::integer(first), stmt.target.range).tensor;
  frame.locals[stmt.target.text] = Value::of(turn);
  for (const auto &[each, argument] : llvm::zip_equal(carried, scan.getBody()->getArguments().drop_front())) {
    Tensor tensor;
    tensor.ssa = argument;
    tensor.vars = each.shape.vars;
    tensor.dims = each.shape.dims;
    frame.locals[each.formal.name.text] = Value::of(tensor);
    frame.states.erase(each.formal.name.text);
  }
  LoopScope loop(frame);
  llvm::SaveAndRestore<ScanBody *> innermost(frame.scan, this);
  runBody(walk, stmt.body, nullptr);
  return walk.messages.count() == errors;
}

//===-- what comes out ---------------------------------------------------------------------------------------------===//

/// The loop, of all that its body reads, in the place of `open`. What is required in a turn is required behind the loop, of all turns.
tw::ScanOp ScanBody::close(tw::ScanOp open, llvm::SmallVector<mlir::Value> yielded) {
  mlir::OpBuilder &builder = walk.builder;
  const auto required = llvm::to_vector(open.getBody()->getOps<tw::RequireOp>());
  for (tw::RequireOp op : required)
    llvm::append_range(yielded, op->getOperands());
  mlir::Region &body = open.getTurns();
  builder.setInsertionPointToEnd(&body.front());
  tw::YieldOp::create(builder, open.getLoc(), yielded);
  llvm::SetVector<mlir::Value> read;
  mlir::getUsedValuesDefinedAbove(body, read);
  builder.setInsertionPointToStart(&body.front());
  llvm::SmallVector<mlir::Value> starts, shared;
  for (const Carried &each : carried)
    starts.push_back(each.start);
  for (mlir::Value value : read) {
    mlir::Value inside;
    if (auto constant = value.getDefiningOp<tw::ConstantOp>()) {
      inside = builder.clone(*constant)->getResult(0);
    } else {
      shared.push_back(value);
      inside = body.front().addArgument(value.getType(), value.getLoc());
    }
    value.replaceUsesWithIf(inside,
                            [&](mlir::OpOperand &use) { return body.isAncestor(use.getOwner()->getParentRegion()); });
  }
  llvm::SmallVector<mlir::Type> types;
  for (const auto &[number, value] : llvm::enumerate(yielded))
    types.push_back(number < carried.size() ? value.getType() : mlir::Type(tw::stackOf(value.getType(), length)));
  builder.setInsertionPoint(open);
  auto scan = tw::ScanOp::create(builder, open.getLoc(), types, length, reversed, starts, mlir::ValueRange(), shared);
  scan.getTurns().takeBody(body);
  open.erase();
  builder.setInsertionPointAfter(scan);
  auto stack = scan.getResults().begin() + carried.size() + emitted.size();
  for (tw::RequireOp op : required) {
    auto all = mlir::cast<tw::RequireOp>(builder.clone(*op));
    for (mlir::OpOperand &operand : all->getOpOperands())
      operand.set(*stack++);
    op.erase();
  }
  return scan;
}

/// What is emitted, of all turns: they have their dimension where the index list says, or behind the first one.
Value ScanBody::stackOf(const Emitted &each, mlir::Value stack) {
  Tensor tensor = each.tensor;
  const std::size_t at = each.stmt.turnAt >= 0 ? each.stmt.turnAt : std::min<std::size_t>(1, tensor.dims.size());
  const std::string name = stmt.value->kind == ast::Expr::Ident ? stmt.value->text : "";
  tensor.dims.insert(tensor.dims.begin() + at, {length, name, false});
  if (!walk.tensors.checkSize(tensor.vars, tensor.dims, each.stmt.range))
    return Value();
  const std::size_t turn = tensor.vars.size() + at;
  llvm::SmallVector<mlir::AffineExpr> position{walk.builder.getAffineDimExpr(turn)};
  for (std::size_t dim = 0; dim < tensor.vars.size() + tensor.dims.size(); ++dim)
    if (dim != turn)
      position.push_back(walk.builder.getAffineDimExpr(dim));
  const auto map = mlir::AffineMap::get(position.size(), 0, position, walk.builder.getContext());
  tensor.ssa = stack;
  if (!map.isIdentity()) {
    tensor.ssa = tw::WindowOp::create(walk.builder, walk.location(each.stmt.range),
                                      tensorType(tensor.vars, tensor.dims, tensor.element()), stack,
                                      mlir::AffineMapAttr::get(map));
    markRows(tensor.ssa, tensor.vars, tensor.dims);
  }
  return Value::of(tensor);
}

Value ScanBody::run() {
  const auto fail = [&] {
    for (const ast::Formal &formal : stmt.carried)
      walk.frame().locals[formal.name.text] = Value();
    return Value();
  };
  if (!walk.scopes.body()) {
    walk.fail(Code::NotKnownHere, stmt.range, "a scan belongs to what a step computes, not to an update rule");
    return fail();
  }
  if (!readLength() || !readDirection())
    return fail();
  for (const ast::Formal &formal : stmt.carried)
    if (!readStart(formal))
      return fail();
  Frame &frame = walk.frame();
  before = frame.locals;
  const std::map<std::string, DeclaredVariable *> states = frame.states;

  mlir::OpBuilder &builder = walk.builder;
  const mlir::Location loc = walk.location(stmt.range);
  auto open = tw::ScanOp::create(builder, loc, mlir::TypeRange(), length, reversed, mlir::ValueRange(),
                                 mlir::ValueRange(), mlir::ValueRange());
  mlir::Block &block = open.getTurns().emplaceBlock();
  block.addArgument(mlir::RankedTensorType::get({}, builder.getI32Type()), loc);
  for (const Carried &each : carried)
    block.addArgument(each.start.getType(), loc);
  builder.setInsertionPointToStart(&block);
  bool good = runTurn(open);
  llvm::SmallVector<mlir::Value> yielded;
  for (const Carried &each : carried) {
    yielded.push_back(good ? next(each) : mlir::Value());
    good = good && yielded.back();
  }
  for (const Emitted &each : emitted)
    yielded.push_back(each.tensor.ssa);
  frame.locals = before;
  frame.states = states;
  if (!good) {
    builder.setInsertionPointAfter(open);
    open.erase();
    return fail();
  }
  tw::ScanOp scan = close(open, std::move(yielded));
  for (const auto &[each, end] : llvm::zip_equal(carried, scan.getEnds())) {
    Tensor tensor;
    tensor.ssa = end;
    tensor.vars = each.shape.vars;
    tensor.dims = each.shape.dims;
    assign(walk, each.formal.name, Value::of(tensor), each.formal.name.range);
  }
  Value result = Value::nothing();
  for (const auto &[each, stack] : llvm::zip_equal(emitted, scan.getEmitted().take_front(emitted.size()))) {
    Value all = stackOf(each, stack);
    if (each.stmt.target.text.empty())
      result = std::move(all);
    else
      assign(walk, each.stmt.target, std::move(all), each.stmt.target.range);
  }
  return result;
}

Value frontend::runScan(Walk &walk, const Stmt &stmt) { return ScanBody(walk, stmt).run(); }

void frontend::emit(Walk &walk, const Stmt &stmt) { walk.frame().scan->emit(stmt); }

bool frontend::checkCarried(Walk &walk, const ast::Name &name) {
  const ScanBody *scan = walk.frame().scan;
  return !scan || walk.frame().scan->mayDefine(name);
}
