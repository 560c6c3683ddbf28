// The second pass over index notation: values, with the ranges of all indices known.
#include "Indexing.h"

#include "Expressions.h"
#include "Lookups.h"
#include "Operators.h"
#include "Slices.h"
#include "Types.h"
#include "Walk.h"

#include "talweg/Dialect/Tw/Tw.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <fmt/format.h>

using namespace talweg;
using namespace talweg::frontend;
using ast::Expr;
using ast::Index;

//===-- definitions ------------------------------------------------------------------------------------------------===//

static std::vector<IndexVar *> varsOf(const IndexBindings &bindings) {
  std::vector<IndexVar *> vars;
  for (const auto &binding : bindings)
    vars.insert(vars.end(), binding->vars.begin(), binding->vars.end());
  return vars;
}

Failure frontend::failUnresolved(Walk &walk, const IndexBinding &binding) {
  return walk.fail(Code::IndexRangeUnknown, binding.place,
                   fmt::format("`..{}` indexes nothing, so what it stands for is not known", binding.name));
}

/// What the declared result tells about the ranges of `bindings`; a rest stands for the dimensions that the others leave.
static void takeDeclared(Walk &walk, const ast::Type &result, const IndexBindings &bindings,
                         IndexStatement &statement) {
  const std::vector<std::optional<Count>> declared = expectedSizes(walk, result);
  std::size_t known = 0, at = 0;
  for (const auto &binding : bindings)
    known += binding->resolved ? binding->vars.size() : 0;
  for (const auto &binding : bindings)
    if (!binding->resolved && declared.size() >= known && !declared.empty())
      resolveRest(walk, *binding, declared.size() - known, binding->place);
  const std::vector<IndexVar *> vars = varsOf(bindings);
  if (declared.size() == vars.size())
    for (IndexVar *var : vars)
      if (const std::optional<Count> size = declared[at++])
        statement.solver.fix(var, *size, result.range);
}

/// The indices on the left side, with their ranges. Nothing: reported.
static std::optional<std::vector<IndexVar *>> findRanges(Walk &walk, const ast::Stmt &stmt, const ast::Type *result,
                                                         IndexStatement &statement) {
  const int errors = walk.messages.count();
  const std::optional<IndexBindings> bindings =
      bindIndices(walk, stmt.indices, statement, "the left side of a definition");
  if (!bindings)
    return std::nullopt;
  Frame &frame = walk.frame(); // the statement's scope takes them out
  frame.indices.insert(frame.indices.end(), bindings->begin(), bindings->end());
  collect(walk, *stmt.value);
  if (result && result->hasShape)
    takeDeclared(walk, *result, *bindings, statement);
  for (const auto &binding : *bindings)
    if (!binding->resolved && walk.messages.count() == errors) {
      failUnresolved(walk, *binding);
      return std::nullopt;
    }
  if (walk.messages.count() != errors)
    return std::nullopt;
  std::vector<IndexVar *> vars = varsOf(*bindings);
  if (!statement.solver.isTold() && !mentionsIndex(frame, *stmt.value) && !vars.empty()) {
    walk.fail(Code::IndexRangeUnknown, vars.front()->place,
              fmt::format("nothing on the right is indexed by `{}`", vars.front()->name))
        .help(
            fmt::format("without indices write `{} = …`; with them, index what stands on the right, or tell the range, "
                        "as in `{} < 8`",
                        stmt.target.text, vars.front()->name));
    return std::nullopt;
  }
  return solve(walk, statement) ? std::optional(std::move(vars)) : std::nullopt;
}

/// The element type of what `value` defines.
static mlir::Type elementFor(Walk &walk, const Value &value) {
  if (value.isCondition())
    return walk.builder.getI1Type();
  return value.isTensor() && !value.tensor.weak ? value.tensor.element() : walk.tensors.floatType();
}

/// The tensor whose first dimensions are those of `vars`, as `value` ranges over them.
static Value defined(Walk &walk, const Value &value, const std::vector<IndexVar *> &vars, ast::Range range) {
  if (value.isTensor() && !value.tensor.isRanked())
    return walk.fail(Code::NotSupportedYet, range, "index notation in an update rule is not supported yet");
  Tensor tensor = value.isTensor() ? value.tensor : Tensor();
  std::vector<IndexVar *> outside;
  for (IndexVar *var : tensor.vars)
    if (std::find(vars.begin(), vars.end(), var) == vars.end())
      outside.push_back(var);
  Aligned shape;
  shape.vars = outside;
  shape.vars.insert(shape.vars.end(), vars.begin(), vars.end());
  shape.dims = tensor.dims;
  if (!walk.tensors.checkSize(shape.vars, shape.dims, range))
    return Value();
  tensor.ssa = walk.tensors.materialise(value, elementFor(walk, value), shape, range);
  tensor.vars = outside;
  tensor.dims.clear();
  for (IndexVar *var : vars)
    tensor.dims.push_back({var->extent, var->name, var->rest});
  tensor.dims.insert(tensor.dims.end(), shape.dims.begin(), shape.dims.end());
  tensor.weak = false;
  return Value::of(std::move(tensor));
}

Value frontend::evalIndexed(Walk &walk, const ast::Stmt &stmt, const ast::Type *result) {
  IndexStatement statement;
  StatementScope scope(walk.frame(), statement);
  const std::optional<std::vector<IndexVar *>> vars = findRanges(walk, stmt, result, statement);
  if (!vars)
    return Value();
  const Value value = eval(walk, *stmt.value);
  if (value.isPoison())
    return value;
  if (!value.isNumeric() && value.kind != Value::Bool)
    return walk.fail(Code::WrongKind, stmt.value->range,
                     "a definition with indices gives numbers, and this is " + walk.describe(value));
  return defined(walk, value, *vars, stmt.range);
}

//===-- reductions -------------------------------------------------------------------------------------------------===//

/// Puts the sum of a product in the order in which its indices were introduced: what a contraction writes has any order, and so it has
/// that of the left side.
static void putInOrder(Walk &walk, Tensor &sum, ast::Range range) {
  std::vector<IndexVar *> introduced = varsOf(walk.frame().indices), ordered;
  llvm::copy_if(sum.vars, std::back_inserter(ordered),
                [&](IndexVar *var) { return !llvm::is_contained(introduced, var); }); // around the call
  llvm::copy_if(introduced, std::back_inserter(ordered),
                [&](IndexVar *var) { return llvm::is_contained(sum.vars, var); });
  if (ordered == sum.vars)
    return;
  sum.ssa = walk.tensors.spread(sum, ordered, sum.dims, false, range);
  sum.vars = ordered;
}

Value frontend::evalReduce(Walk &walk, const Expr &expr) {
  std::optional<IndexStatement> own; // of a reduction that stands alone
  std::optional<StatementScope> scope;
  Frame &frame = walk.frame();
  if (!frame.statement || !frame.statement->reductions.count(&expr)) {
    const int errors = walk.messages.count();
    own.emplace();
    scope.emplace(frame, *own);
    collect(walk, expr);
    if (walk.messages.count() != errors || !solve(walk, *own))
      return Value();
  }
  const IndexBindings bindings = frame.statement->reductions.find(&expr)->second;
  Value body;
  {
    IndexScope names(frame, bindings);
    body = walk.tensors.asTensor(eval(walk, *expr.lhs), expr.range);
  }
  if (body.isPoison())
    return body;
  if (!body.isTensor())
    return walk.fail(Code::WrongKind, expr.lhs->range,
                     fmt::format("`{}` takes numbers, and this is {}", expr.text, walk.describe(body)));
  for (const auto &binding : bindings)
    if (!binding->resolved)
      return failUnresolved(walk, *binding);
  const std::vector<IndexVar *> over = varsOf(bindings);
  Tensor tensor = body.tensor;
  if (tensor.weak && !tensor.hasConditions() && !over.empty()) {
    tensor = walk.tensors.converted(tensor, walk.tensors.floatType(), expr.range);
    tensor.weak = false;
  }
  Value result = reduce(walk.tensors, expr.text, tensor, over, false, expr.range);
  if (result.isRankedTensor() && expr.text == "sum" && tensor.ssa.getDefiningOp<tw::MulOp>())
    putInOrder(walk, result.tensor, expr.range);
  return result;
}

//===-- accesses ---------------------------------------------------------------------------------------------------===//

Value frontend::evalIndex(Walk &walk, IndexVar *var, ast::Range range) {
  Tensor tensor;
  tensor.ssa = tw::IotaOp::create(walk.builder, walk.location(range), tensorType({var}, {}, walk.builder.getI32Type()),
                                  walk.builder.getI64IntegerAttr(0));
  tensor.vars = {var};
  markRows(tensor.ssa, tensor.vars, {});
  tensor.classes = var->extent;
  return Value::of(tensor);
}

/// An element of a list known at compile time.
static Value evalElement(Walk &walk, const Expr &expr, const std::vector<Value> &items) {
  const Expr &index = *expr.indices[0].value;
  std::optional<Count> at = evalInteger(walk, countsFromEnd(index) ? *index.lhs : index, "a position in a list");
  if (at && countsFromEnd(index))
    at = fromEnd(walk, *at, std::int64_t(items.size()), index.range);
  if (!at)
    return Value();
  if (*at >= 0 && *at < std::int64_t(items.size()))
    return items[*at];
  return walk.fail(Code::IndexOutOfRange, expr.range,
                   fmt::format("the list has {} element{}", items.size(), items.size() == 1 ? "" : "s"));
}

namespace {
/// How an access goes through the dimensions of its base.
struct Positions {
  /// Of the result: the base's own index variables, those of the access in order of appearance, the dimensions kept.
  std::vector<IndexVar *> vars;
  Dims dims;
  struct Position {
    std::optional<IndexUse> use; ///< or
    std::size_t kept = 0;        ///< its place among `dims`
    std::int64_t first = 0;      ///< and where it begins
  };
  std::vector<Position> of; ///< each dimension of the base
  /// A variable of the access that indexes by `/` and `%` of one number, which divides its range: quotient and remainder stand for it.
  struct Split {
    IndexVar *var, *quotient, *remainder;
    std::int64_t by;
  };
  std::vector<Split> splits;
  std::vector<DataIndex> data; ///< dimensions that come from data: they are among `dims` first

  void add(IndexUse use) {
    for (const auto &[var, coefficient] : use.terms)
      if (std::find(vars.begin(), vars.end(), var) == vars.end())
        vars.push_back(var);
    of.push_back({std::move(use)});
  }
  const Split *findSplit(const IndexVar *var) const {
    const auto split = llvm::find_if(splits, [&](const Split &split) { return split.var == var; });
    return split == splits.end() ? nullptr : &*split;
  }
  void addPart(const Split &split, bool isQuotient, Count extent, ast::Range range) {
    if (!llvm::is_contained(vars, split.var))
      vars.push_back(split.var);
    of.push_back({IndexUse::of(isQuotient ? split.quotient : split.remainder, extent, range)});
  }
  void addWhole(const Dim &dim) {
    of.push_back({std::nullopt, dims.size()});
    dims.push_back(dim);
  }
  void addSlice(const Slice &slice) {
    of.push_back({std::nullopt, dims.size(), slice.first});
    dims.push_back({Count(slice.end - slice.first, slice.end.next - slice.first.next), "", false});
  }
};
} // namespace

/// Takes in `i / 2` or `i % 2` where i has a multiple of 2 values, whose quotients or remainders are inside of `extent`. False: it is
/// looked up as what comes from data is.
static bool addSplit(Walk &walk, Positions &positions, const Tensor &base, const Expr &expr, Count extent) {
  const bool isQuotient = expr.kind == Expr::Binary && expr.binary == ast::BinaryOp::Div;
  if (!isQuotient && !(expr.kind == Expr::Binary && expr.binary == ast::BinaryOp::Mod))
    return false;
  const IndexBinding *binding = expr.lhs->kind == Expr::Ident ? findIndex(walk.frame(), expr.lhs->text) : nullptr;
  if (!binding || binding->rest || mentionsIndex(walk.frame(), *expr.rhs))
    return false;
  IndexVar *var = binding->vars.front();
  const Value divisor = eval(walk, *expr.rhs);
  const Count by = divisor.isInteger() ? divisor.number.integer : Count(0);
  if (by <= 0 || by.dependsOnBatch() || var->extent.dependsOnBatch() || var->extent % by != 0 ||
      (isQuotient ? var->extent / by : std::int64_t(by)) > extent || llvm::is_contained(base.vars, var))
    return false;
  const Positions::Split *split = positions.findSplit(var);
  if (!split) {
    const auto part = [&](std::int64_t size) {
      return &walk.indexVars.emplace_back(IndexVar{var->name, false, size, var->place, var->fixedAt});
    };
    positions.splits.push_back({var, part(var->extent / by), part(by), by});
    split = &positions.splits.back();
  }
  if (split->by == by)
    positions.addPart(*split, isQuotient, extent, expr.range);
  return split->by == by;
}

/// Nothing: reported.
static std::optional<Positions> readPositions(Walk &walk, const Expr &expr, const Tensor &base) {
  Positions positions;
  positions.vars = base.vars;
  const std::size_t single = countSingle(expr);
  auto dim = base.dims.begin();
  for (const Index &index : expr.indices) {
    if (index.kind == Index::All) {
      positions.addWhole(*dim++);
      continue;
    }
    if (index.kind == Index::Slice) {
      const std::optional<Slice> slice = readSlice(walk, index, (dim++)->size);
      if (!slice)
        return std::nullopt;
      positions.addSlice(*slice);
      continue;
    }
    if (index.kind == Index::Rest && index.rest.text.empty()) {
      for (std::size_t left = base.dims.size() - single; left > 0; --left)
        positions.addWhole(*dim++);
      continue;
    }
    if (index.kind == Index::Rest) {
      IndexBinding &binding = *findIndex(walk.frame(), index.rest.text);
      if (!resolveRest(walk, binding, base.dims.size() - single, index.range))
        return std::nullopt;
      for (IndexVar *var : binding.vars)
        positions.add(IndexUse::of(var, (dim++)->size, index.range));
      continue;
    }
    if (isFromData(walk, *index.value)) {
      if (addSplit(walk, positions, base, *index.value, dim->size)) {
        ++dim;
        continue;
      }
      std::optional<Tensor> position = readPosition(walk, *index.value, dim->size);
      if (!position)
        return std::nullopt;
      positions.data.push_back({positions.dims.size(), std::move(*position)});
      positions.addWhole(*dim++);
      continue;
    }
    std::optional<IndexUse> use = readUse(walk, index, (dim++)->size);
    if (!use)
      return std::nullopt;
    if (const std::optional<IndexFault> outside = findOutside(*use)) {
      tell(walk, *outside);
      return std::nullopt;
    }
    positions.add(std::move(*use));
  }
  return positions;
}

/// From the dimensions of the result (vars with the parts of those that are split, then dims) to those of the base (its vars, then its dims).
static mlir::AffineMap mapOf(Walk &walk, const Positions &positions, const std::vector<IndexVar *> &vars,
                             std::size_t baseVars) {
  mlir::OpBuilder &builder = walk.builder;
  const auto dimOf = [&](const IndexVar *var) {
    return builder.getAffineDimExpr(llvm::find(vars, var) - vars.begin());
  };
  llvm::SmallVector<mlir::AffineExpr> map;
  for (std::size_t i = 0; i < baseVars; ++i)
    map.push_back(builder.getAffineDimExpr(i));
  for (const auto &[use, kept, first] : positions.of) {
    if (!use) {
      map.push_back(builder.getAffineDimExpr(vars.size() + kept) + first);
      continue;
    }
    mlir::AffineExpr at = builder.getAffineConstantExpr(use->offset);
    for (const auto &[var, coefficient] : use->terms) {
      const Positions::Split *split = positions.findSplit(var);
      const mlir::AffineExpr value = split ? dimOf(split->quotient) * split->by + dimOf(split->remainder) : dimOf(var);
      at = at + value * coefficient;
    }
    map.push_back(at);
  }
  return mlir::AffineMap::get(vars.size() + positions.dims.size(), 0, map, builder.getContext());
}

Value frontend::evalAccess(Walk &walk, const Expr &expr) {
  const Expr &base = *expr.lhs;
  const Value *local = base.kind == Expr::Ident ? walk.frame().local(base.text) : nullptr;
  const Value value = indexed(walk, expr, local && findIndex(walk.frame(), base.text) ? *local : eval(walk, base));
  if (value.isPoison())
    return value;
  if (picksElement(walk, expr, value))
    return evalElement(walk, expr, value.items);
  if (!checkAccess(walk, expr, value))
    return Value();
  const std::optional<Positions> positions = readPositions(walk, expr, value.tensor);
  if (!positions || !walk.tensors.checkSize(positions->vars, positions->dims, expr.range))
    return Value();
  Tensor result;
  result.ssa = value.tensor.ssa;
  result.vars = positions->vars;
  result.dims = positions->dims;
  result.classes = value.tensor.classes;
  result.label = value.tensor.label;
  result.within = value.tensor.within;
  std::vector<IndexVar *> vars;
  for (IndexVar *var : result.vars)
    if (const Positions::Split *split = positions->findSplit(var))
      vars.insert(vars.end(), {split->quotient, split->remainder});
    else
      vars.push_back(var);
  const mlir::Location loc = walk.location(expr.range);
  const mlir::AffineMap map = mapOf(walk, *positions, vars, value.tensor.vars.size());
  const mlir::RankedTensorType type = tensorType(vars, result.dims, value.tensor.element());
  if (!map.isIdentity() || type != result.ssa.getType()) {
    result.ssa = tw::WindowOp::create(walk.builder, loc, type, result.ssa, mlir::AffineMapAttr::get(map));
    markRows(result.ssa, vars, result.dims);
  }
  if (!positions->splits.empty()) {
    result.ssa = tw::ReshapeOp::create(walk.builder, loc, tensorType(result.vars, result.dims, type.getElementType()),
                                       result.ssa);
    markRows(result.ssa, result.vars, result.dims);
  }
  return positions->data.empty() ? Value::of(std::move(result)) : lookUp(walk, result, positions->data, expr.range);
}
