// Index notation: definitions `y[n, o] = …`, reductions `sum[k](…)`, accesses `x[n, i*stride + u]`.
//
// A statement is gone through twice. First every place where an index variable indexes something is collected, and the variables'
// ranges are solved for (IndexRanges.cpp). Then the expression is evaluated with the ranges known: an access is a
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

IndexVar *Elaborator::newVar(std::string name, bool rest, ast::Range place) {
  IndexVar var;
  var.name = std::move(name);
  var.rest = rest;
  var.place = var.fixedAt = place;
  return &indexVars.emplace_back(std::move(var));
}

IndexBinding *Elaborator::findIndex(const std::string &name) const {
  for (auto it = frame->indices.rbegin(); it != frame->indices.rend(); ++it)
    if ((*it)->name == name)
      return it->get();
  return nullptr;
}

/// The first name in an index that stands for nothing here.
const Expr *Elaborator::unknownName(const Expr &expr) const {
  if (expr.kind == Expr::Ident) {
    if (frame->locals.count(expr.text))
      return nullptr;
    const std::vector<std::string> names = namesInScope(false);
    return std::find(names.begin(), names.end(), expr.text) == names.end() ? &expr : nullptr;
  }
  if (expr.kind != Expr::Unary && expr.kind != Expr::Binary)
    return nullptr;
  const Expr *left = unknownName(*expr.lhs);
  return left || !expr.rhs ? left : unknownName(*expr.rhs);
}

/// The name that makes an index without index variables none: one that stands for nothing, or a dimension's by itself.
const Expr *Elaborator::unboundName(const Expr &expr) const {
  const auto local = expr.kind == Expr::Ident ? frame->locals.find(expr.text) : frame->locals.end();
  return local != frame->locals.end() && local->second.isDimension ? &expr : unknownName(expr);
}

void Elaborator::failUnbound(const std::string &shown, ast::Range range) {
  std::vector<std::string> names;
  for (const auto &binding : frame->indices)
    names.push_back((binding->rest ? ".." : "") + binding->name);
  const std::string meant = suggest(shown, names);
  Failure failure = fail(Code::UnknownName, range, fmt::format("`{}` is not an index here", shown));
  if (const auto local = frame->locals.find(shown); local != frame->locals.end() && local->second.isDimension)
    failure.line(fmt::format("it is the size of a dimension, {}", toText(local->second.number)));
  failure.didYouMean(meant);
  if (meant.empty())
    failure.help("indices are introduced on the left side of a definition or by a reduction");
}

/// Does `expr` name an index variable in scope?
bool Elaborator::mentionsIndex(const Expr &expr) const {
  if (frame->indices.empty())
    return false;
  if (expr.kind == Expr::Ident)
    return findIndex(expr.text) != nullptr;
  if (expr.kind == Expr::Access && expr.lhs->kind == Expr::Ident && frame->locals.count(expr.lhs->text)) {
    // The name before the bracket is the tensor's, even where an index has the same name.
  } else if (expr.lhs && mentionsIndex(*expr.lhs))
    return true;
  for (const Expr *child : {expr.rhs.get(), expr.other.get()})
    if (child && mentionsIndex(*child))
      return true;
  for (const ast::ExprPtr &item : expr.items)
    if (mentionsIndex(*item))
      return true;
  for (const ast::Argument &argument : expr.arguments)
    if (mentionsIndex(*argument.value))
      return true;
  if (expr.kind == Expr::Reduce)
    return false;
  for (const Index &index : expr.indices)
    if (index.kind == Index::Rest ? findIndex(index.rest.text) != nullptr : index.value && mentionsIndex(*index.value))
      return true;
  return false;
}

/// Introduces the names of an index list: `i`, `i < size`, `..b`.
bool Elaborator::bindIndices(const std::vector<Index> &list, IndexStatement &statement, bool reduction,
                             std::vector<std::shared_ptr<IndexBinding>> &out) {
  for (const Index &index : list) {
    auto binding = std::make_shared<IndexBinding>();
    binding->place = index.range;
    const Expr *size = nullptr;
    if (index.kind == Index::Rest) {
      binding->name = index.rest.text;
      binding->rest = true;
    } else {
      const Expr *name = index.value.get();
      if (name && name->kind == Expr::Binary && name->binary == ast::BinaryOp::Lt) {
        size = name->rhs.get();
        name = name->lhs.get();
      }
      if (!name || name->kind != Expr::Ident) {
        fail(Code::BadIndexList, index.range,
             reduction ? "a reduction lists index names" : "the left side of a definition lists index names")
            .help("write `i`, `i < 10` or `..b`");
        return false;
      }
      binding->name = name->text;
      binding->resolved = true;
      binding->vars.push_back(newVar(name->text, false, name->range));
    }
    for (const auto &other : out)
      if (other->name == binding->name) {
        fail(Code::AlreadyDefined, index.range, fmt::format("index `{}` is listed twice", binding->name))
            .note(other->place, "here first");
        return false;
      }
    if (size) {
      const std::optional<std::int64_t> extent = evalDim(*size);
      if (!extent)
        return false;
      statement.fixed.push_back({binding->vars.front(), {*extent, index.range}});
    }
    out.push_back(std::move(binding));
  }
  return true;
}

bool Elaborator::resolveRest(IndexBinding &binding, std::size_t count, ast::Range range) {
  if (!binding.rest) {
    fail(Code::BadIndexList, range, fmt::format("`{}` is a single index", binding.name))
        .note(binding.place, "introduced here");
    return false;
  }
  if (!binding.resolved) {
    for (std::size_t i = 0; i < count; ++i)
      binding.vars.push_back(newVar(binding.name, true, binding.place));
    binding.resolved = true;
    binding.place = range;
    return true;
  }
  if (binding.vars.size() == count)
    return true;
  fail(Code::WrongIndexCount, range,
       fmt::format("`..{}` stands for {} dimension{} here", binding.name, count, count == 1 ? "" : "s"))
      .note(binding.place, fmt::format("and for {} here", binding.vars.size()));
  return false;
}

//===-- first pass: where indices are used -------------------------------------------------------------------------===//

void Elaborator::collect(const Expr &expr) {
  switch (expr.kind) {
  case Expr::Access: collectAccess(expr); return;
  case Expr::Reduce: {
    std::vector<std::shared_ptr<IndexBinding>> bindings;
    if (!bindIndices(expr.indices, *frame->statement, true, bindings))
      return;
    frame->statement->reductions[&expr] = bindings;
    const std::size_t outer = frame->indices.size();
    frame->indices.insert(frame->indices.end(), bindings.begin(), bindings.end());
    collect(*expr.lhs);
    frame->indices.resize(outer);
    return;
  }
  case Expr::If:
    if (!mentionsIndex(*expr.lhs)) {
      const Value condition = eval(*expr.lhs);
      frame->statement->known[expr.lhs.get()] = condition;
      if (condition.kind == Value::Bool) {
        collect(condition.boolean ? *expr.rhs : *expr.other);
        return;
      }
    }
    break;
  default: break;
  }
  if (expr.kind == Expr::Binary) { // from left to right along the left spine, which may be long
    std::vector<const Expr *> operands;
    const Expr *node = &expr;
    for (; node->kind == Expr::Binary; node = node->lhs.get())
      operands.push_back(node->rhs.get());
    operands.push_back(node);
    for (auto it = operands.rbegin(); it != operands.rend(); ++it)
      collect(**it);
    return;
  }
  for (const Expr *child : {expr.lhs.get(), expr.rhs.get(), expr.other.get()})
    if (child && !(expr.kind == Expr::Call && child == expr.lhs.get()))
      collect(*child);
  for (const ast::ExprPtr &item : expr.items)
    collect(*item);
  for (const ast::Argument &argument : expr.arguments)
    collect(*argument.value);
}

void Elaborator::collectAccess(const Expr &expr) {
  IndexStatement &statement = *frame->statement;
  const Expr &base = *expr.lhs;
  const bool isLocal = base.kind == Expr::Ident && frame->locals.count(base.text);
  for (const Index &index : expr.indices)
    if (index.kind == Index::Value)
      collect(*index.value);
  if (!isLocal && mentionsIndex(base)) { // its shape is known only with its indices' ranges: see solve
    collect(base);
    statement.deferred.push_back({&expr, frame->indices});
    return;
  }
  Value value;
  if (isLocal) {
    value = frame->locals.at(base.text);
    if (value.isTensor() && !isVisible(value.tensor.ssa))
      value = evalIdent(base);
  } else
    value = base.kind == Expr::Ident ? evalIdent(base, true) : eval(base);
  statement.known[&base] = value;
  collectUses(expr, value);
}

/// What indexing `value` by the access `expr` tells about the indices. What is wrong with it is told here, and only here.
void Elaborator::collectUses(const Expr &expr, const Value &value) {
  IndexStatement &statement = *frame->statement;
  if (value.kind == Value::List)
    return;
  if (value.isPoison() || !checkAccess(expr, value)) {
    statement.broken = true;
    return;
  }
  const Dims &dims = value.tensor.dims;
  const std::size_t rests = std::count_if(expr.indices.begin(), expr.indices.end(),
                                          [](const Index &index) { return index.kind == Index::Rest; });
  const std::size_t single = expr.indices.size() - rests;
  std::size_t position = 0;
  for (const Index &index : expr.indices) {
    if (index.kind == Index::All) {
      ++position;
      continue;
    }
    if (index.kind == Index::Rest) {
      IndexBinding *binding = findIndex(index.rest.text);
      if (!resolveRest(*binding, dims.size() - single, index.range)) {
        statement.broken = true;
        return;
      }
      for (IndexVar *var : binding->vars)
        statement.uses.push_back({{{var, 1}}, 0, dims[position++].size, true, index.range});
      continue;
    }
    IndexUse use;
    use.extent = dims[position++].size;
    use.place = index.range;
    if (affine(*index.value, use))
      statement.uses.push_back(std::move(use));
    else
      statement.broken = true;
  }
}

/// The indices of `expr`, which are too few for so many dimensions, as they are written for all of them: a rest as `..b`, what is
/// left out as `:`. Nothing, where a rest index that no place has used would then stand for nothing.
std::optional<std::string> Elaborator::completedIndices(const Expr &expr, std::size_t rank) const {
  const auto restOf = [&](const Index &index) -> const IndexBinding * {
    const IndexBinding *binding =
        index.kind == Index::Value ? findIndex(std::string(sources.text(index.range))) : nullptr;
    return binding && binding->rest ? binding : nullptr;
  };
  const bool anyRest = std::any_of(expr.indices.begin(), expr.indices.end(), restOf);
  const auto isUnused = [](const auto &binding) { return binding->rest && !binding->resolved; };
  if (expr.indices.size() >= rank || (!anyRest && std::any_of(frame->indices.begin(), frame->indices.end(), isUnused)))
    return std::nullopt;
  std::string written;
  for (const Index &index : expr.indices)
    written += fmt::format("{}{}{}", written.empty() ? "" : ", ", restOf(index) ? ".." : "", sources.text(index.range));
  for (std::size_t i = expr.indices.size(); i < (anyRest ? 0 : rank); ++i)
    written += written.empty() ? ":" : ", :";
  return written;
}

/// Can `value` be indexed as `expr` does it: one index for each dimension, all names known?
bool Elaborator::checkAccess(const Expr &expr, const Value &value) {
  if (!value.isTensor()) {
    fail(Code::WrongKind, expr.lhs->range, "only tensors are indexed, and this is " + describe(value));
    return false;
  }
  if (!mlir::cast<mlir::TensorType>(value.tensor.ssa.getType()).hasRank()) {
    fail(Code::NotSupportedYet, expr.range, "index notation in an update rule is not supported yet");
    return false;
  }
  const std::size_t rank = value.tensor.dims.size();
  const std::size_t rests = std::count_if(expr.indices.begin(), expr.indices.end(),
                                          [](const Index &index) { return index.kind == Index::Rest; });
  const std::size_t single = expr.indices.size() - rests;
  if (rests > 1 || single > rank || (rests == 0 && single != rank)) {
    Failure failure = fail(Code::WrongIndexCount, expr.range,
                           fmt::format("{} {} for {} dimension{}", expr.indices.size(),
                                       expr.indices.size() == 1 ? "index" : "indices", rank, rank == 1 ? "" : "s"));
    failure.line("indexed is " + describe(value));
    if (const std::optional<std::string> written = rests == 0 ? completedIndices(expr, rank) : std::nullopt)
      failure.help(fmt::format("write `{}[{}]`", sources.text(expr.lhs->range), *written));
    return false;
  }
  for (const Index &index : expr.indices)
    if (index.kind == Index::Rest && !findIndex(index.rest.text)) {
      failUnbound(".." + index.rest.text, index.range);
      return false;
    }
  return true;
}

//===-- second pass: values ----------------------------------------------------------------------------------------===//

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
        statement.fixed.push_back({vars[i], {*declared[i], result->range}});
  if (diagnostics.count() != errors)
    return Value();
  if (statement.uses.empty() && statement.fixed.empty() && !mentionsIndex(right) && !vars.empty())
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
  const auto bindings = frame->statement->reductions.at(&expr);
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
        uses.push_back({{{var, 1}}, 0, tensor.dims[position++].size, true, index.range});
        whole.push_back(-1);
        addVar(var);
      }
      continue;
    }
    IndexUse use;
    use.extent = tensor.dims[position++].size;
    use.place = index.range;
    if (!affine(*index.value, use) || !checkUse(use))
      return Value();
    for (auto &[var, coefficient] : use.terms)
      addVar(var);
    uses.push_back(std::move(use));
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
