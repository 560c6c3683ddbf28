// The first pass over index notation: index names are introduced, and every place where one of them indexes something is collected, so
// that the variables' ranges can be solved for (IndexSolver). Values that range over indices themselves are looked at as
// soon as those ranges are known.
#include "Elaborator.h"

#include "mlir/IR/BuiltinTypes.h"

#include <algorithm>
#include <fmt/format.h>

using namespace talweg;
using namespace talweg::frontend;
using ast::Expr;
using ast::Index;

//===-- index names ------------------------------------------------------------------------------------------------===//

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
      statement.solver.fix(binding->vars.front(), *extent, index.range);
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

//===-- reading one index ------------------------------------------------------------------------------------------===//

/// The value of an index without index variables in it.
std::optional<IndexSum> Elaborator::readConstantIndex(const Expr &expr) {
  if (const Expr *unbound = unboundName(expr)) {
    failUnbound(unbound->text, unbound->range);
    return std::nullopt;
  }
  const Value value = eval(expr);
  if (value.isInteger())
    return IndexSum::constant(value.number.integer);
  if (value.isTensor() || value.kind == Value::Hyper)
    fail(Code::NotSupportedYet, expr.range, "an index taken from data is not supported yet");
  else if (value.kind == Value::Range_)
    fail(Code::NotSupportedYet, expr.range, "a range as an index is not supported yet");
  else if (!value.isPoison())
    fail(Code::WrongKind, expr.range, "an index is an integer, and this is " + describe(value));
  return std::nullopt;
}

/// `expr` as a sum of coefficient * index + offset. Nothing: it is not of this form (reported).
std::optional<IndexSum> Elaborator::readIndex(const Expr &expr) {
  if (!mentionsIndex(expr))
    return readConstantIndex(expr);
  const auto refuse = [&](Code code, std::string message) {
    fail(code, expr.range, std::move(message));
    return std::nullopt;
  };
  const auto refuseProduct = [&] {
    return refuse(Code::NotAffine, "an index is a sum of index variables with constant factors, such as `i*2 + u`");
  };
  if (expr.kind == Expr::Ident) {
    IndexBinding *binding = findIndex(expr.text);
    if (binding->rest)
      return refuse(Code::BadIndexList, fmt::format("`{0}` stands for several indices: write `..{0}`", expr.text));
    return IndexSum::variable(binding->vars.front());
  }
  if (expr.kind == Expr::Unary && expr.unary == ast::UnaryOp::Neg) {
    std::optional<IndexSum> sum = readIndex(*expr.lhs);
    if (sum)
      sum->scale(-1);
    return sum;
  }
  if (expr.kind == Expr::Access || expr.kind == Expr::Call || expr.kind == Expr::Pipe || expr.kind == Expr::Reduce)
    return refuse(Code::NotSupportedYet, "an index taken from data is not supported yet");
  const bool isProduct = expr.kind == Expr::Binary && expr.binary == ast::BinaryOp::Mul;
  const bool isDifference = expr.kind == Expr::Binary && expr.binary == ast::BinaryOp::Sub;
  if (!isProduct && !isDifference && !(expr.kind == Expr::Binary && expr.binary == ast::BinaryOp::Add))
    return refuseProduct();
  std::optional<IndexSum> a = readIndex(*expr.lhs), b = a ? readIndex(*expr.rhs) : std::nullopt;
  if (!b)
    return std::nullopt;
  if (isProduct) {
    if (!a->terms.empty() && !b->terms.empty())
      return refuseProduct();
    if (a->terms.empty())
      std::swap(a, b);
    a->scale(b->offset);
    a->overflow |= b->overflow;
    return a;
  }
  if (isDifference)
    b->scale(-1);
  a->add(*b);
  return a;
}

/// The position that `index` takes in a dimension of `extent`. Nothing: reported.
std::optional<IndexUse> Elaborator::readUse(const Index &index, std::int64_t extent) {
  const Expr &expr = *index.value;
  const std::optional<IndexSum> sum = readIndex(expr);
  if (sum && !sum->overflow)
    return IndexUse::of(*sum, extent, expr.kind == Expr::Ident && !sum->terms.empty(), index.range);
  if (sum)
    fail(Code::NumberOutOfRange, expr.range, "the index does not fit into 64 bits");
  return std::nullopt;
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
        statement.solver.add(IndexUse::of(var, dims[position++].size, index.range));
      continue;
    }
    if (std::optional<IndexUse> use = readUse(index, dims[position++].size))
      statement.solver.add(std::move(*use));
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

//===-- ranges -----------------------------------------------------------------------------------------------------===//

/// Are the ranges of all indices that `expr` names known, and those of its own reductions?
bool Elaborator::rangesKnown(const Expr &expr) const {
  const auto known = [](const IndexBinding &binding) {
    return binding.resolved &&
           std::all_of(binding.vars.begin(), binding.vars.end(), [](const IndexVar *var) { return var->extent >= 0; });
  };
  if (expr.kind == Expr::Ident)
    if (const IndexBinding *binding = findIndex(expr.text); binding && !binding->rest && !known(*binding))
      return false;
  if (expr.kind == Expr::Reduce)
    if (auto it = frame->statement->reductions.find(&expr); it != frame->statement->reductions.end())
      for (const auto &binding : it->second)
        if (!known(*binding))
          return false;
  for (const Expr *child : {expr.lhs.get(), expr.rhs.get(), expr.other.get()})
    if (child && !rangesKnown(*child))
      return false;
  for (const ast::ExprPtr &item : expr.items)
    if (!rangesKnown(*item))
      return false;
  for (const ast::Argument &argument : expr.arguments)
    if (!rangesKnown(*argument.value))
      return false;
  if (expr.kind == Expr::Access)
    for (const ast::Index &index : expr.indices) {
      if (index.kind == ast::Index::Rest) {
        const IndexBinding *binding = findIndex(index.rest.text);
        if (binding && !known(*binding))
          return false;
      } else if (index.value && !rangesKnown(*index.value))
        return false;
    }
  return true;
}

/// Looks at one value that ranges over indices, if their ranges are known now: how it is indexed tells about others.
bool Elaborator::lookAtDeferred(IndexStatement &statement) {
  for (auto it = statement.deferred.begin(); it != statement.deferred.end(); ++it) {
    const Expr &expr = *it->first;
    std::swap(frame->indices, it->second);
    const bool known = rangesKnown(*expr.lhs);
    if (known) {
      const Value value = eval(*expr.lhs);
      statement.known[expr.lhs.get()] = value;
      collectUses(expr, value);
    }
    std::swap(frame->indices, it->second);
    if (known) {
      statement.deferred.erase(it);
      return true;
    }
  }
  return false;
}

void Elaborator::tell(const IndexFault &fault) {
  switch (fault.kind) {
  case IndexFault::Disagree:
    fail(Code::IndexRangesDisagree, fault.place,
         fmt::format("index `{}{}` ranges over {} here, but over {} elsewhere", fault.var->rest ? ".." : "",
                     fault.var->name, fault.extent, fault.var->extent))
        .note(fault.var->fixedAt, fmt::format("over {} here", fault.var->extent));
    return;
  case IndexFault::TooSmall:
    fail(Code::IndexOutOfRange, fault.place,
         fmt::format("a dimension of {} is too small for this index", fault.extent));
    return;
  case IndexFault::Unknown:
    fail(Code::IndexRangeUnknown, fault.place, fmt::format("the range of index `{}` is not known", fault.var->name))
        .help(fmt::format("it is told by indexing a dimension with it, or by `{} < size` where it is introduced",
                          fault.var->name));
    return;
  case IndexFault::Outside: {
    Failure failure =
        fail(Code::IndexOutOfRange, fault.place,
             fault.terms.empty() ? fmt::format("index {} is outside of a dimension of {}", fault.least, fault.extent)
                                 : fmt::format("the index goes from {} to {}, outside of a dimension of {}",
                                               fault.least, fault.greatest, fault.extent));
    for (const auto &[var, coefficient] : fault.terms)
      failure.note(var->fixedAt, fmt::format("`{}` is below {} from here", var->name, var->extent));
  }
  }
}

/// The ranges of all indices of the statement. False: something is wrong with them (reported).
bool Elaborator::solve(IndexStatement &statement) {
  IndexSolver &solver = statement.solver;
  while (!statement.broken && solver.takeIn() && (lookAtDeferred(statement) || solver.stretch())) {
  }
  if (statement.broken)
    return false;
  std::vector<IndexVar *> vars;
  const auto add = [&](const std::shared_ptr<IndexBinding> &binding) {
    vars.insert(vars.end(), binding->vars.begin(), binding->vars.end());
  };
  std::for_each(frame->indices.begin() + statement.outer, frame->indices.end(), add);
  for (const auto &[expr, bindings] : statement.reductions)
    std::for_each(bindings.begin(), bindings.end(), add);
  const bool good = solver.faults().empty() && solver.check(vars);
  for (const IndexFault &fault : solver.faults())
    tell(fault);
  return good;
}
