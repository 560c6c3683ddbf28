// The first pass over index notation: index names are introduced, and every place where one of them indexes something is collected, so
// that the variables' ranges can be solved for (IndexSolver). Values that range over indices themselves are looked at as
// soon as those ranges are known.
#include "Expressions.h"
#include "Indexing.h"
#include "Lookups.h"
#include "Numbers.h"
#include "Pieces.h"
#include "Slices.h"
#include "Types.h"
#include "Walk.h"

#include <algorithm>
#include <fmt/format.h>

using namespace talweg;
using namespace talweg::frontend;
using ast::Expr;
using ast::Index;

//===-- index names ------------------------------------------------------------------------------------------------===//

static IndexVar *newVar(Walk &walk, std::string name, bool rest, ast::Range place) {
  return &walk.indexVars.emplace_back(IndexVar{std::move(name), rest, -1, place, place});
}

IndexBinding *frontend::findIndex(const Frame &frame, const std::string &name) {
  for (auto it = frame.indices.rbegin(); it != frame.indices.rend(); ++it)
    if ((*it)->name == name)
      return it->get();
  return nullptr;
}

/// The first name in an index that stands for nothing here.
static const Expr *unknownName(Walk &walk, const Expr &expr) {
  if (expr.kind == Expr::Ident) {
    if (walk.frame().local(expr.text))
      return nullptr;
    const std::vector<std::string> names = walk.messages.namesInScope(false);
    return std::find(names.begin(), names.end(), expr.text) == names.end() ? &expr : nullptr;
  }
  if (expr.kind != Expr::Unary && expr.kind != Expr::Binary)
    return nullptr;
  const Expr *left = unknownName(walk, *expr.lhs);
  return left || !expr.rhs ? left : unknownName(walk, *expr.rhs);
}

/// The name that makes an index without index variables none: one that stands for nothing, or a dimension's by itself.
static const Expr *unboundName(Walk &walk, const Expr &expr) {
  const Value *local = expr.kind == Expr::Ident ? walk.frame().local(expr.text) : nullptr;
  return local && local->isDimension ? &expr : unknownName(walk, expr);
}

bool frontend::namesNothing(Walk &walk, const Expr &expr) { return unboundName(walk, expr) != nullptr; }

static void failUnbound(Walk &walk, const std::string &shown, ast::Range range) {
  std::vector<std::string> names;
  for (const auto &binding : walk.frame().indices)
    names.push_back((binding->rest ? ".." : "") + binding->name);
  const std::string meant = suggest(shown, names);
  Failure failure = walk.fail(Code::UnknownName, range, fmt::format("`{}` is not an index here", shown));
  if (const Value *local = walk.frame().local(shown); local && local->isDimension)
    failure.line(fmt::format("it is the size of a dimension, {}", toText(local->number)));
  failure.didYouMean(meant);
  if (meant.empty() && shown.starts_with("..") && walk.frame().local(shown.substr(2)))
    failure.help(fmt::format("a slice from the beginning is written `0{}`", shown));
  else if (meant.empty())
    failure.help("indices are introduced on the left side of a definition or by a reduction");
}

bool frontend::mentionsIndex(const Frame &frame, const Expr &expr) {
  const auto mentions = [&](const Expr &part) { return mentionsIndex(frame, part); };
  if (frame.indices.empty())
    return false;
  if (expr.kind == Expr::Ident)
    return findIndex(frame, expr.text) != nullptr;
  // The name before the bracket is the tensor's, even where an index has the same name.
  const bool isBase = expr.kind == Expr::Access && expr.lhs->kind == Expr::Ident && frame.local(expr.lhs->text);
  if (!isBase && expr.lhs && mentions(*expr.lhs))
    return true;
  for (const Expr *child : {expr.rhs.get(), expr.other.get()})
    if (child && mentions(*child))
      return true;
  for (const ast::ExprPtr &item : expr.items)
    if (mentions(*item))
      return true;
  for (const ast::Argument &argument : expr.arguments)
    if (mentions(*argument.value))
      return true;
  if (expr.kind == Expr::Reduce)
    return false;
  return std::any_of(expr.indices.begin(), expr.indices.end(), [&](const Index &index) {
    return index.kind == Index::Rest ? findIndex(frame, index.rest.text) != nullptr
                                     : index.value && mentions(*index.value);
  });
}

namespace {
/// `i` or `i < size` of an index list; without a name it is neither.
struct ListedIndex {
  const Expr *name = nullptr, *size = nullptr;
};
} // namespace

static ListedIndex listedIndex(const Index &index) {
  const Expr *expr = index.kind == Index::Rest ? nullptr : index.value.get();
  ListedIndex listed{expr};
  if (expr && expr->kind == Expr::Binary && expr->binary == ast::BinaryOp::Lt)
    listed = {expr->lhs.get(), expr->rhs.get()};
  return listed.name && listed.name->kind == Expr::Ident ? listed : ListedIndex();
}

bool frontend::introducesIndex(const Index &index) { return index.kind == Index::Rest || listedIndex(index).name; }

static IndexBinding newBinding(Walk &walk, const std::string &name, bool rest, ast::Range place, ast::Range range) {
  IndexBinding binding{name, rest, !rest, {}, range};
  if (!rest)
    binding.vars.push_back(newVar(walk, name, false, place));
  return binding;
}

bool frontend::bindIndex(Walk &walk, const Index &index, IndexStatement &statement, IndexBindings &bindings,
                         const char *owner) {
  const ListedIndex listed = listedIndex(index);
  if (index.kind != Index::Rest && !listed.name) {
    walk.fail(Code::BadIndexList, index.range, fmt::format("{} lists index names", owner))
        .help("write `i`, `i < 10` or `..b`");
    return false;
  }
  IndexBinding binding = newBinding(walk, listed.name ? listed.name->text : index.rest.text, !listed.name,
                                    listed.name ? listed.name->range : index.range, index.range);
  for (const auto &other : bindings)
    if (other->name == binding.name) {
      walk.fail(Code::AlreadyDefined, index.range, fmt::format("index `{}` is listed twice", binding.name))
          .note(other->place, "here first");
      return false;
    }
  if (listed.size) {
    const std::optional<Count> extent = evalDim(walk, *listed.size);
    if (!extent)
      return false;
    binding.vars.front()->isLimited = true;
    statement.solver.fix(binding.vars.front(), *extent, index.range);
  }
  bindings.push_back(std::make_shared<IndexBinding>(std::move(binding)));
  return true;
}

std::optional<IndexBindings> frontend::bindIndices(Walk &walk, const std::vector<Index> &list,
                                                   IndexStatement &statement, const char *owner) {
  IndexBindings bindings;
  for (const Index &index : list)
    if (!bindIndex(walk, index, statement, bindings, owner))
      return std::nullopt;
  return bindings;
}

/// Can a name that stands for an index only be one that is introduced there? The name of a dimension can where it indexes.
static bool isNew(Walk &walk, const std::string &name, bool indexes, const IndexBindings &bindings) {
  const auto isIt = [&](const auto &binding) { return binding->name == name; };
  if (findIndex(walk.frame(), name) || std::any_of(bindings.begin(), bindings.end(), isIt))
    return false;
  if (const Value *local = walk.frame().local(name))
    return indexes && local->isDimension;
  const std::vector<std::string> names = walk.messages.namesInScope(false);
  return std::find(names.begin(), names.end(), name) == names.end();
}

static void introduceNames(Walk &walk, const Expr &expr, bool indexes, IndexBindings &bindings) {
  const auto introduce = [&](const std::string &name, bool rest, ast::Range range) {
    if (isNew(walk, name, indexes, bindings))
      bindings.push_back(std::make_shared<IndexBinding>(newBinding(walk, name, rest, range, range)));
  };
  if (expr.kind == Expr::Ident)
    return introduce(expr.text, false, expr.range);
  if (expr.kind == Expr::Reduce) // has names of its own
    return;
  const bool isNamed = (expr.kind == Expr::Access || expr.kind == Expr::Call) && expr.lhs->kind == Expr::Ident;
  for (const Expr *child : {isNamed ? nullptr : expr.lhs.get(), expr.rhs.get(), expr.other.get()})
    if (child)
      introduceNames(walk, *child, indexes, bindings);
  for (const ast::Argument &argument : expr.arguments)
    introduceNames(walk, *argument.value, false, bindings);
  for (const Index &index : expr.indices)
    if (index.kind == Index::Rest && !index.rest.text.empty())
      introduce(index.rest.text, true, index.range);
    else if (index.value)
      introduceNames(walk, *index.value, true, bindings);
}

void frontend::introduceNames(Walk &walk, const Expr &expr, IndexBindings &bindings) {
  ::introduceNames(walk, expr, false, bindings);
}

bool frontend::resolveRest(Walk &walk, IndexBinding &binding, std::size_t count, ast::Range range) {
  if (!binding.rest) {
    walk.fail(Code::BadIndexList, range, fmt::format("`{}` is a single index", binding.name))
        .note(binding.place, "introduced here");
    return false;
  }
  if (!binding.resolved) {
    for (std::size_t i = 0; i < count; ++i)
      binding.vars.push_back(newVar(walk, binding.name, true, binding.place));
    binding.resolved = true;
    binding.place = range;
    return true;
  }
  if (binding.vars.size() == count)
    return true;
  walk.fail(Code::WrongIndexCount, range,
            fmt::format("`..{}` stands for {} dimension{} here", binding.name, count, count == 1 ? "" : "s"))
      .note(binding.place, fmt::format("and for {} here", binding.vars.size()));
  return false;
}

//===-- reading one index ------------------------------------------------------------------------------------------===//

/// The value of an index without index variables in it, or of a term of one with some, where a dimension's name is its size.
static std::optional<IndexSum> readConstantIndex(Walk &walk, const Expr &expr, bool isTerm) {
  if (const Expr *unbound = isTerm ? unknownName(walk, expr) : unboundName(walk, expr)) {
    failUnbound(walk, unbound->text, unbound->range);
    return std::nullopt;
  }
  const Value value = eval(walk, expr);
  if (value.isInteger())
    return IndexSum::constant(value.number.integer);
  if (!value.isPoison())
    walk.fail(Code::WrongKind, expr.range, "an index is an integer, and this is " + walk.describe(value));
  return std::nullopt;
}

/// `expr` as a sum of coefficient * index + offset. Nothing: it is not of this form (reported).
static std::optional<IndexSum> readIndex(Walk &walk, const Expr &expr, bool isTerm = false) {
  if (!mentionsIndex(walk.frame(), expr))
    return readConstantIndex(walk, expr, isTerm);
  const auto refuse = [&](Code code, std::string message) {
    walk.fail(code, expr.range, std::move(message));
    return std::nullopt;
  };
  const auto refuseProduct = [&] {
    return refuse(Code::NotAffine, "an index is a sum of index variables with constant factors, such as `i*2 + u`");
  };
  if (expr.kind == Expr::Ident) {
    IndexBinding *binding = findIndex(walk.frame(), expr.text);
    if (binding->rest)
      return refuse(Code::BadIndexList, fmt::format("`{0}` stands for several indices: write `..{0}`", expr.text));
    return IndexSum::variable(binding->vars.front());
  }
  if (expr.kind == Expr::Unary && expr.unary == ast::UnaryOp::Neg) {
    std::optional<IndexSum> sum = readIndex(walk, *expr.lhs, true);
    if (sum)
      sum->scale(-1);
    return sum;
  }
  const bool isProduct = expr.kind == Expr::Binary && expr.binary == ast::BinaryOp::Mul;
  const bool isDifference = expr.kind == Expr::Binary && expr.binary == ast::BinaryOp::Sub;
  if (!isProduct && !isDifference && !(expr.kind == Expr::Binary && expr.binary == ast::BinaryOp::Add))
    return refuseProduct();
  std::optional<IndexSum> a = readIndex(walk, *expr.lhs, true), b = a ? readIndex(walk, *expr.rhs, true) : std::nullopt;
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

std::optional<IndexUse> frontend::readUse(Walk &walk, const Index &index, Count extent) {
  const Expr &expr = *index.value;
  const bool isFromEnd = countsFromEnd(expr) && !mentionsIndex(walk.frame(), expr);
  std::optional<IndexSum> sum = readIndex(walk, isFromEnd ? *expr.lhs : expr);
  if (sum && isFromEnd) {
    const std::optional<Count> at = fromEnd(walk, sum->offset, extent, expr.range);
    sum = at ? std::optional(IndexSum::constant(*at)) : std::nullopt;
  }
  if (sum && !sum->overflow)
    return IndexUse::of(*sum, extent, expr.kind == Expr::Ident && !sum->terms.empty(), index.range);
  if (sum)
    walk.fail(Code::NumberOutOfRange, expr.range, "the index does not fit into 64 bits");
  return std::nullopt;
}

//===-- first pass: where indices are used -------------------------------------------------------------------------===//

std::size_t frontend::countSingle(const Expr &expr) {
  return std::count_if(expr.indices.begin(), expr.indices.end(),
                       [](const Index &index) { return index.kind != Index::Rest; });
}

/// The indices of `expr`, which are too few for so many dimensions, as they are written for all of them: a rest as `..b`, what is
/// left out as `:`. Nothing, where a rest index that no place has used would then stand for nothing.
static std::optional<std::string> completedIndices(Walk &walk, const Expr &expr, std::size_t rank) {
  const auto restOf = [&](const Index &index) -> const IndexBinding * {
    const IndexBinding *binding =
        index.kind == Index::Value ? findIndex(walk.frame(), std::string(walk.messages.text(index.range))) : nullptr;
    return binding && binding->rest ? binding : nullptr;
  };
  const bool anyRest = std::any_of(expr.indices.begin(), expr.indices.end(), restOf);
  const auto isUnused = [](const auto &binding) { return binding->rest && !binding->resolved; };
  if (expr.indices.size() >= rank ||
      (!anyRest && std::any_of(walk.frame().indices.begin(), walk.frame().indices.end(), isUnused)))
    return std::nullopt;
  std::string written;
  for (const Index &index : expr.indices)
    written +=
        fmt::format("{}{}{}", written.empty() ? "" : ", ", restOf(index) ? ".." : "", walk.messages.text(index.range));
  for (std::size_t i = expr.indices.size(); i < (anyRest ? 0 : rank); ++i)
    written += written.empty() ? ":" : ", :";
  return written;
}

bool frontend::picksElement(Walk &walk, const Expr &expr, const Value &value) {
  return value.kind == Value::List && expr.indices.size() == 1 && expr.indices[0].kind == Index::Value &&
         !mentionsIndex(walk.frame(), *expr.indices[0].value);
}

Value frontend::indexed(Walk &walk, const Expr &expr, const Value &value) {
  return value.kind == Value::List && !picksElement(walk, expr, value)
             ? constantTable(walk.tensors, value, expr.lhs->range)
             : value;
}

bool frontend::checkAccess(Walk &walk, const Expr &expr, const Value &value) {
  if (!value.isTensor()) {
    walk.fail(Code::WrongKind, expr.lhs->range, "only tensors are indexed, and this is " + walk.describe(value));
    return false;
  }
  if (!value.tensor.isRanked()) {
    walk.fail(Code::NotSupportedYet, expr.range, "index notation in an update rule is not supported yet");
    return false;
  }
  const std::size_t rank = value.tensor.dims.size(), single = countSingle(expr), rests = expr.indices.size() - single;
  if (rests > 1 || single > rank || (rests == 0 && single != rank)) {
    Failure failure =
        walk.fail(Code::WrongIndexCount, expr.range,
                  fmt::format("{} {} for {} dimension{}", expr.indices.size(),
                              expr.indices.size() == 1 ? "index" : "indices", rank, rank == 1 ? "" : "s"));
    failure.line("indexed is " + walk.describe(value));
    if (const std::optional<std::string> written = rests == 0 ? completedIndices(walk, expr, rank) : std::nullopt)
      failure.help(fmt::format("write `{}[{}]`", walk.messages.text(expr.lhs->range), *written));
    return false;
  }
  for (const Index &index : expr.indices)
    if (index.kind == Index::Rest && !index.rest.text.empty() && !findIndex(walk.frame(), index.rest.text)) {
      failUnbound(walk, ".." + index.rest.text, index.range);
      return false;
    }
  return true;
}

/// What indexing `value` by the access `expr` tells about the indices. What is wrong with it is told here, and only here.
static void collectUses(Walk &walk, const Expr &expr, const Value &value) {
  IndexStatement &statement = *walk.frame().statement;
  if (picksElement(walk, expr, value))
    return;
  if (value.isPoison() || !checkAccess(walk, expr, value)) {
    statement.broken = true;
    return;
  }
  const Dims &dims = value.tensor.dims;
  const std::size_t single = countSingle(expr);
  std::size_t position = 0;
  for (const Index &index : expr.indices) {
    if (index.kind == Index::All) {
      ++position;
      continue;
    }
    if (index.kind == Index::Slice) {
      statement.broken |= !readSlice(walk, index, dims[position++].size);
      continue;
    }
    if (index.kind == Index::Rest && index.rest.text.empty()) {
      position += dims.size() - single;
      continue;
    }
    if (index.kind == Index::Rest) {
      IndexBinding *binding = findIndex(walk.frame(), index.rest.text);
      if (!resolveRest(walk, *binding, dims.size() - single, index.range)) {
        statement.broken = true;
        return;
      }
      for (IndexVar *var : binding->vars)
        statement.solver.add(IndexUse::of(var, dims[position++].size, index.range));
      continue;
    }
    if (isFromData(walk, *index.value))
      ++position;
    else if (std::optional<IndexUse> use = readUse(walk, index, dims[position++].size))
      statement.solver.add(std::move(*use));
    else
      statement.broken = true;
  }
}

static void collectAccess(Walk &walk, const Expr &expr) {
  IndexStatement &statement = *walk.frame().statement;
  const Expr &base = *expr.lhs;
  const Value *local = base.kind == Expr::Ident ? walk.frame().local(base.text) : nullptr;
  for (const Index &index : expr.indices)
    if (index.kind == Index::Value)
      collect(walk, *index.value);
  if (!local && mentionsIndex(walk.frame(), base)) { // its shape is known only with its indices' ranges: see solve
    collect(walk, base);
    statement.deferred.push_back({&expr, walk.frame().indices});
    return;
  }
  const bool isUsable = local && !(local->isTensor() && !walk.tensors.isVisible(local->tensor.ssa));
  const Value value = indexed(walk, expr,
                              isUsable                   ? *local
                              : base.kind == Expr::Ident ? evalIdent(walk, base, !local)
                                                         : eval(walk, base));
  statement.known[&base] = value;
  collectUses(walk, expr, value);
}

void frontend::collect(Walk &walk, const Expr &expr) {
  switch (expr.kind) {
  case Expr::Access: collectAccess(walk, expr); return;
  case Expr::Reduce: {
    IndexStatement &statement = *walk.frame().statement;
    const std::optional<IndexBindings> bindings = bindIndices(walk, expr.indices, statement, "a reduction");
    if (!bindings)
      return;
    statement.reductions[&expr] = *bindings;
    IndexScope scope(walk.frame(), *bindings);
    collect(walk, *expr.lhs);
    return;
  }
  case Expr::If:
    if (!mentionsIndex(walk.frame(), *expr.lhs)) {
      const Value condition = eval(walk, *expr.lhs);
      walk.frame().statement->known[expr.lhs.get()] = condition;
      if (condition.kind == Value::Bool) {
        collect(walk, condition.boolean ? *expr.rhs : *expr.other);
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
      collect(walk, **it);
    return;
  }
  for (const Expr *child : {expr.lhs.get(), expr.rhs.get(), expr.other.get()})
    if (child && !(expr.kind == Expr::Call && child == expr.lhs.get()))
      collect(walk, *child);
  for (const ast::ExprPtr &item : expr.items)
    collect(walk, *item);
  for (const ast::Argument &argument : expr.arguments)
    collect(walk, *argument.value);
}

//===-- ranges -----------------------------------------------------------------------------------------------------===//

/// Are the ranges of all indices that `expr` names known, and those of its own reductions?
static bool rangesKnown(Walk &walk, const Expr &expr) {
  const auto known = [](const IndexBinding &binding) {
    return binding.resolved &&
           std::all_of(binding.vars.begin(), binding.vars.end(), [](const IndexVar *var) { return var->extent >= 0; });
  };
  if (expr.kind == Expr::Ident)
    if (const IndexBinding *binding = findIndex(walk.frame(), expr.text); binding && !binding->rest && !known(*binding))
      return false;
  if (expr.kind == Expr::Reduce)
    if (auto it = walk.frame().statement->reductions.find(&expr); it != walk.frame().statement->reductions.end())
      for (const auto &binding : it->second)
        if (!known(*binding))
          return false;
  for (const Expr *child : {expr.lhs.get(), expr.rhs.get(), expr.other.get()})
    if (child && !rangesKnown(walk, *child))
      return false;
  for (const ast::ExprPtr &item : expr.items)
    if (!rangesKnown(walk, *item))
      return false;
  for (const ast::Argument &argument : expr.arguments)
    if (!rangesKnown(walk, *argument.value))
      return false;
  if (expr.kind == Expr::Access)
    for (const ast::Index &index : expr.indices) {
      if (index.kind == ast::Index::Rest) {
        const IndexBinding *binding = findIndex(walk.frame(), index.rest.text);
        if (binding && !known(*binding))
          return false;
      } else if (index.value && !rangesKnown(walk, *index.value))
        return false;
    }
  return true;
}

/// Looks at one value that ranges over indices, if their ranges are known now: how it is indexed tells about others.
static bool lookAtDeferred(Walk &walk, IndexStatement &statement) {
  for (auto it = statement.deferred.begin(); it != statement.deferred.end(); ++it) {
    const Expr &expr = *it->first;
    std::swap(walk.frame().indices, it->second);
    const bool known = rangesKnown(walk, *expr.lhs);
    if (known) {
      const Value value = indexed(walk, expr, eval(walk, *expr.lhs));
      statement.known[expr.lhs.get()] = value;
      collectUses(walk, expr, value);
    }
    std::swap(walk.frame().indices, it->second);
    if (known) {
      statement.deferred.erase(it);
      return true;
    }
  }
  return false;
}

void frontend::tell(Walk &walk, const IndexFault &fault) {
  switch (fault.kind) {
  case IndexFault::Disagree:
    walk.fail(Code::IndexRangesDisagree, fault.place,
              fmt::format("index `{}{}` ranges over {} here, but over {} elsewhere", fault.var->rest ? ".." : "",
                          fault.var->name, fault.extent, fault.var->extent))
        .note(fault.var->fixedAt, fmt::format("over {} here", fault.var->extent));
    return;
  case IndexFault::TooSmall:
    walk.fail(Code::IndexOutOfRange, fault.place,
              fmt::format("a dimension of {} is too small for this index", fault.extent));
    return;
  case IndexFault::Unknown:
    walk.fail(Code::IndexRangeUnknown, fault.place,
              fmt::format("the range of index `{}` is not known", fault.var->name))
        .help(fmt::format("it is told by indexing a dimension with it, or by `{} < size` where it is introduced",
                          fault.var->name));
    return;
  case IndexFault::Outside: {
    Failure failure = walk.fail(Code::IndexOutOfRange, fault.place,
                                fault.terms.empty()
                                    ? fmt::format("index {} is outside of a dimension of {}", fault.least, fault.extent)
                                    : fmt::format("the index goes from {} to {}, outside of a dimension of {}",
                                                  fault.least, fault.greatest, fault.extent));
    for (const auto &[var, coefficient] : fault.terms)
      failure.note(var->fixedAt, fmt::format("`{}` is below {} from here", var->name, var->extent));
  }
  }
}

bool frontend::solve(Walk &walk, IndexStatement &statement) {
  IndexSolver &solver = statement.solver;
  while (!statement.broken && solver.takeIn() && (lookAtDeferred(walk, statement) || solver.stretch())) {
  }
  if (statement.broken)
    return false;
  std::vector<IndexVar *> vars;
  const auto add = [&](const std::shared_ptr<IndexBinding> &binding) {
    vars.insert(vars.end(), binding->vars.begin(), binding->vars.end());
  };
  std::for_each(walk.frame().indices.begin() + statement.outer, walk.frame().indices.end(), add);
  for (const auto &[expr, bindings] : statement.reductions)
    std::for_each(bindings.begin(), bindings.end(), add);
  const bool good = solver.faults().empty() && solver.check(vars);
  for (const IndexFault &fault : solver.faults())
    tell(walk, fault);
  return good;
}
