// Index notation: definitions `y[n, o] = …`, reductions `sum[k](…)`, accesses `x[n, i*stride + u]`.
//
// A statement is gone through twice. First every place where an index variable indexes something is collected, and the variables'
// ranges are solved for (IndexUses.cpp). Then the expression is evaluated with the ranges known: an access is a
// tw.window, an index used as a value is a tw.iota, a reduction is a tw.reduce.
#include "Elaborator.h"

#include "talweg/Dialect/Tw/Tw.h"

#include "mlir/IR/BuiltinTypes.h"

#include <algorithm>
#include <fmt/format.h>

using namespace talweg;
using namespace talweg::frontend;
using ast::Expr;
using ast::Index;

/// Removes what a statement has put into the frame, however it ends.
namespace {
struct StatementScope {
  StatementScope(Frame &frame, IndexStatement &statement)
      : frame(frame), previous(frame.statement), outer(frame.indices.size()) {
    frame.statement = &statement;
    statement.outer = outer;
  }
  ~StatementScope() {
    frame.statement = previous;
    frame.indices.resize(outer);
  }
  Frame &frame;
  IndexStatement *previous;
  std::size_t outer;
};
} // namespace

Value Elaborator::evalIndexed(const ast::Stmt &stmt, const ast::Type *result) {
  const std::vector<Index> &left = stmt.indices;
  const Expr &right = *stmt.value;
  const ast::Range range = stmt.range;
  const int errors = diagnostics.count();
  IndexStatement statement;
  StatementScope scope(*frame, statement);
  std::vector<std::shared_ptr<IndexBinding>> bindings;
  if (!bindIndices(left, statement, false, bindings))
    return Value();
  frame->indices.insert(frame->indices.end(), bindings.begin(), bindings.end());
  collect(right);

  // The declared result tells ranges too.
  std::vector<std::optional<std::int64_t>> declared;
  if (result && result->hasShape)
    declared = expectedSizes(*result);
  std::size_t known = 0;
  for (const auto &binding : bindings)
    known += binding->resolved ? binding->vars.size() : 0;
  for (const auto &binding : bindings)
    if (!binding->resolved && declared.size() >= known && !declared.empty())
      resolveRest(*binding, declared.size() - known, binding->place);
  std::vector<IndexVar *> vars;
  for (const auto &binding : bindings) {
    if (!binding->resolved && diagnostics.count() == errors)
      return fail(Code::IndexRangeUnknown, binding->place,
                  fmt::format("`..{}` indexes nothing, so what it stands for is not known", binding->name));
    vars.insert(vars.end(), binding->vars.begin(), binding->vars.end());
  }
  if (declared.size() == vars.size())
    for (std::size_t i = 0; i < vars.size(); ++i)
      if (declared[i])
        statement.solver.fix(vars[i], *declared[i], result->range);
  if (diagnostics.count() != errors)
    return Value();
  if (!statement.solver.isTold() && !mentionsIndex(right) && !vars.empty())
    return fail(Code::IndexRangeUnknown, vars.front()->place,
                fmt::format("nothing on the right is indexed by `{}`", vars.front()->name))
        .help(
            fmt::format("without indices write `{} = …`; with them, index what stands on the right, or tell the range, "
                        "as in `{} < 8`",
                        stmt.target.text, vars.front()->name));
  if (!solve(statement))
    return Value();

  Value value = eval(right);
  if (value.isPoison())
    return value;
  if (!value.isNumeric() && value.kind != Value::Bool)
    return fail(Code::WrongKind, right.range,
                "a definition with indices gives numbers, and this is " + describe(value));
  Aligned shape;
  shape.element = value.isTensor() && !value.tensor.weak ? elementOf(value) : floatType();
  if (value.kind == Value::Bool || (value.isTensor() && elementOf(value).isInteger(1)))
    shape.element = builder.getI1Type();
  if (value.isTensor()) {
    for (IndexVar *var : value.tensor.vars)
      if (std::find(vars.begin(), vars.end(), var) == vars.end())
        shape.vars.push_back(var);
    if (!mlir::cast<mlir::TensorType>(value.tensor.ssa.getType()).hasRank())
      return fail(Code::NotSupportedYet, range, "index notation in an update rule is not supported yet");
  }
  const std::vector<IndexVar *> outside = shape.vars;
  shape.vars.insert(shape.vars.end(), vars.begin(), vars.end());
  shape.dims = value.isTensor() ? value.tensor.dims : Dims();
  if (!checkSize(shape.vars, shape.dims, range))
    return Value();
  Tensor tensor;
  tensor.ssa = materialise(value, shape.element, shape, range);
  tensor.vars = outside;
  for (IndexVar *var : vars)
    tensor.dims.push_back({var->extent, var->name, var->rest});
  tensor.dims.insert(tensor.dims.end(), shape.dims.begin(), shape.dims.end());
  if (value.isTensor()) {
    tensor.classes = value.tensor.classes;
    tensor.label = value.tensor.label;
  }
  return Value::of(std::move(tensor));
}

Value Elaborator::evalReduce(const Expr &expr) {
  std::optional<IndexStatement> own;
  std::optional<StatementScope> scope;
  if (!frame->statement || !frame->statement->reductions.count(&expr)) {
    const int errors = diagnostics.count();
    own.emplace();
    scope.emplace(*frame, *own);
    collect(expr);
    if (diagnostics.count() != errors || !solve(*own))
      return Value();
  }
  const auto bindings = frame->statement->reductions.find(&expr)->second;
  const std::size_t outer = frame->indices.size();
  frame->indices.insert(frame->indices.end(), bindings.begin(), bindings.end());
  const Value body = asTensor(eval(*expr.lhs), expr.range);
  frame->indices.resize(outer);
  if (body.isPoison())
    return body;
  if (!body.isTensor())
    return fail(Code::WrongKind, expr.lhs->range,
                fmt::format("`{}` takes numbers, and this is {}", expr.text, describe(body)));
  std::vector<IndexVar *> over;
  for (const auto &binding : bindings) {
    if (!binding->resolved)
      return fail(Code::IndexRangeUnknown, binding->place,
                  fmt::format("`..{}` indexes nothing, so what it stands for is not known", binding->name));
    over.insert(over.end(), binding->vars.begin(), binding->vars.end());
  }
  Tensor tensor = body.tensor;
  if (tensor.weak && !elementOf(body).isInteger(1) && !over.empty())
    tensor = converted(tensor, floatType(), expr.range), tensor.weak = false;
  return reduce(expr.text, tensor, over, false, expr.range);
}

Value Elaborator::indexAsValue(IndexVar *var, ast::Range range) {
  Tensor tensor;
  tensor.ssa = tw::IotaOp::create(builder, location(range), tensorType({var}, {}, builder.getI32Type()),
                                  builder.getI64IntegerAttr(0));
  tensor.vars = {var};
  tensor.classes = var->extent;
  return Value::of(tensor);
}

Value Elaborator::evalAccess(const Expr &expr) {
  const Expr &base = *expr.lhs;
  const bool isLocal = base.kind == Expr::Ident && frame->locals.count(base.text) && findIndex(base.text);
  const Value value = isLocal ? frame->locals.at(base.text) : eval(base);
  if (value.isPoison())
    return value;
  if (value.kind == Value::List) { // an element of a list known at compile time
    std::optional<std::int64_t> at;
    if (expr.indices.size() == 1 && expr.indices[0].kind == Index::Value)
      at = evalInteger(*expr.indices[0].value, "a position in a list");
    if (at && *at >= 0 && *at < std::int64_t(value.items.size()))
      return value.items[*at];
    if (at)
      return fail(Code::IndexOutOfRange, expr.range,
                  fmt::format("the list has {} element{}", value.items.size(), value.items.size() == 1 ? "" : "s"));
    return Value();
  }
  if (!checkAccess(expr, value))
    return Value();
  const Tensor &tensor = value.tensor;
  const std::size_t single = std::count_if(expr.indices.begin(), expr.indices.end(),
                                           [](const Index &index) { return index.kind != Index::Rest; });

  // Result dimensions: the base's own variables, the index variables in order of appearance, the dimensions taken whole.
  Tensor result;
  result.vars = tensor.vars;
  result.classes = tensor.classes;
  result.label = tensor.label;
  std::vector<IndexUse> uses;
  std::vector<int> whole; // for each dimension of the base: its place among result.dims, or -1
  std::size_t position = 0;
  const auto addVar = [&](IndexVar *var) {
    if (std::find(result.vars.begin(), result.vars.end(), var) == result.vars.end())
      result.vars.push_back(var);
  };
  for (const Index &index : expr.indices) {
    if (index.kind == Index::All) {
      whole.push_back(result.dims.size());
      result.dims.push_back(tensor.dims[position++]);
      uses.emplace_back();
      continue;
    }
    if (index.kind == Index::Rest) {
      IndexBinding *binding = findIndex(index.rest.text);
      if (!resolveRest(*binding, tensor.dims.size() - single, index.range))
        return Value();
      for (IndexVar *var : binding->vars) {
        uses.push_back(IndexUse::of(var, tensor.dims[position++].size, index.range));
        whole.push_back(-1);
        addVar(var);
      }
      continue;
    }
    std::optional<IndexUse> use = readUse(index, tensor.dims[position++].size);
    if (!use)
      return Value();
    if (const std::optional<IndexFault> outside = findOutside(*use)) {
      tell(*outside);
      return Value();
    }
    for (auto &[var, coefficient] : use->terms)
      addVar(var);
    uses.push_back(std::move(*use));
    whole.push_back(-1);
  }
  if (!checkSize(result.vars, result.dims, expr.range))
    return Value();

  const auto dimOf = [&](std::size_t i) { return mlir::getAffineDimExpr(i, &context); };
  const auto placeOf = [&](IndexVar *var) {
    return std::size_t(std::find(result.vars.begin(), result.vars.end(), var) - result.vars.begin());
  };
  llvm::SmallVector<mlir::AffineExpr> map;
  for (std::size_t i = 0; i < tensor.vars.size(); ++i)
    map.push_back(dimOf(i));
  for (std::size_t i = 0; i < uses.size(); ++i) {
    if (whole[i] >= 0) {
      map.push_back(dimOf(result.vars.size() + whole[i]));
      continue;
    }
    mlir::AffineExpr at = mlir::getAffineConstantExpr(uses[i].offset, &context);
    for (auto &[var, coefficient] : uses[i].terms)
      at = at + dimOf(placeOf(var)) * coefficient;
    map.push_back(at);
  }
  const unsigned rank = result.vars.size() + result.dims.size();
  const mlir::AffineMap affineMap = mlir::AffineMap::get(rank, 0, map, &context);
  const mlir::RankedTensorType type = tensorType(result.vars, result.dims, elementOf(value));
  result.ssa = tensor.ssa;
  if (!affineMap.isIdentity() || type != tensor.ssa.getType())
    result.ssa =
        tw::WindowOp::create(builder, location(expr.range), type, tensor.ssa, mlir::AffineMapAttr::get(affineMap));
  return Value::of(std::move(result));
}
