// The ranges of index variables. A range is told by `i < size`, by a declared result, and by every place where the
// variable indexes a dimension by itself; all of these must agree. Where an index is part of a sum (`i*stride + u`), the
// sum must stay within the dimension: that checks the ranges that are known, and gives the greatest range that fits to one that is not.
#include "Elaborator.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>

using namespace talweg;
using namespace talweg::frontend;
using ast::Expr;

/// Reads `expr` as sum of coefficient * index + offset into `use`. False: it is not of this form (reported).
bool Elaborator::affine(const Expr &expr, IndexUse &use) {
  struct Linear {
    std::map<IndexVar *, std::int64_t> terms;
    std::vector<IndexVar *> order;
    std::int64_t offset = 0;
  };
  bool overflow = false;
  const auto scale = [&](Linear &l, std::int64_t factor) {
    overflow |= __builtin_mul_overflow(l.offset, factor, &l.offset);
    for (auto &[var, coefficient] : l.terms)
      overflow |= __builtin_mul_overflow(coefficient, factor, &coefficient);
  };
  const auto read = [&](auto &&self, const Expr &e) -> std::optional<Linear> {
    Linear result;
    if (!mentionsIndex(e)) {
      if (const Expr *unbound = unboundName(e)) {
        failUnbound(unbound->text, unbound->range);
        return std::nullopt;
      }
      const Value value = eval(e);
      if (value.isPoison())
        return std::nullopt;
      if (value.isTensor() || value.kind == Value::Hyper) {
        fail(Code::NotSupportedYet, e.range, "an index taken from data is not supported yet");
        return std::nullopt;
      }
      if (!value.isInteger()) {
        fail(value.kind == Value::Range_ ? Code::NotSupportedYet : Code::WrongKind, e.range,
             value.kind == Value::Range_ ? "a range as an index is not supported yet"
                                         : "an index is an integer, and this is " + describe(value));
        return std::nullopt;
      }
      result.offset = value.number.integer;
      return result;
    }
    if (e.kind == Expr::Ident) {
      IndexBinding *binding = findIndex(e.text);
      if (!binding->rest) {
        result.terms[binding->vars.front()] = 1;
        result.order.push_back(binding->vars.front());
        return result;
      }
      fail(Code::BadIndexList, e.range, fmt::format("`{}` stands for several indices: write `..{}`", e.text, e.text));
      return std::nullopt;
    }
    if (e.kind == Expr::Unary && e.unary == ast::UnaryOp::Neg) {
      std::optional<Linear> inner = self(self, *e.lhs);
      if (inner)
        scale(*inner, -1);
      return inner;
    }
    const bool isSum = e.kind == Expr::Binary && (e.binary == ast::BinaryOp::Add || e.binary == ast::BinaryOp::Sub);
    const bool isProduct = e.kind == Expr::Binary && e.binary == ast::BinaryOp::Mul;
    if (e.kind == Expr::Access || e.kind == Expr::Call || e.kind == Expr::Pipe || e.kind == Expr::Reduce) {
      fail(Code::NotSupportedYet, e.range, "an index taken from data is not supported yet");
      return std::nullopt;
    }
    if (!isSum && !isProduct) {
      fail(Code::NotAffine, e.range, "an index is a sum of index variables with constant factors, such as `i*2 + u`");
      return std::nullopt;
    }
    std::optional<Linear> a = self(self, *e.lhs), b = a ? self(self, *e.rhs) : std::nullopt;
    if (!a || !b)
      return std::nullopt;
    if (isProduct) {
      if (!a->terms.empty() && !b->terms.empty()) {
        fail(Code::NotAffine, e.range, "an index is a sum of index variables with constant factors, such as `i*2 + u`");
        return std::nullopt;
      }
      if (a->terms.empty())
        std::swap(a, b);
      scale(*a, b->offset);
      return a;
    }
    if (e.binary == ast::BinaryOp::Sub)
      scale(*b, -1);
    overflow |= __builtin_add_overflow(a->offset, b->offset, &a->offset);
    for (IndexVar *var : b->order) {
      if (!a->terms.count(var))
        a->order.push_back(var);
      overflow |= __builtin_add_overflow(a->terms[var], b->terms[var], &a->terms[var]);
    }
    return a;
  };
  const std::optional<Linear> linear = read(read, expr);
  if (!linear)
    return false;
  if (overflow) {
    fail(Code::NumberOutOfRange, expr.range, "the index does not fit into 64 bits");
    return false;
  }
  use.offset = linear->offset;
  for (IndexVar *var : linear->order)
    if (linear->terms.at(var) != 0)
      use.terms.push_back({var, linear->terms.at(var)});
  use.bare = expr.kind == Expr::Ident && use.terms.size() == 1;
  return true;
}

/// The least and the greatest value that the index takes. The variable `except` counts as 0. False: overflow.
static bool bounds(const IndexUse &use, const IndexVar *except, std::int64_t &least, std::int64_t &greatest) {
  least = greatest = use.offset;
  for (auto &[var, coefficient] : use.terms) {
    if (var == except)
      continue;
    std::int64_t reach = 0;
    if (__builtin_mul_overflow(coefficient, var->extent - 1, &reach) ||
        __builtin_add_overflow(reach < 0 ? least : greatest, reach, reach < 0 ? &least : &greatest))
      return false;
  }
  return true;
}

bool Elaborator::checkUse(const IndexUse &use) {
  for (auto &[var, coefficient] : use.terms)
    if (var->extent == 0)
      return true;
  std::int64_t least = 0, greatest = 0;
  if (bounds(use, nullptr, least, greatest) && least >= 0 && greatest < use.extent)
    return true;
  Failure failure =
      fail(Code::IndexOutOfRange, use.place,
           use.terms.empty() ? fmt::format("index {} is outside of a dimension of {}", use.offset, use.extent)
                             : fmt::format("the index goes from {} to {}, outside of a dimension of {}", least,
                                           greatest, use.extent));
  for (auto &[var, coefficient] : use.terms)
    failure.note(var->fixedAt, fmt::format("`{}` is below {} from here", var->name, var->extent));
  return false;
}

static std::int64_t floorDivide(std::int64_t a, std::int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }

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

bool Elaborator::solve(IndexStatement &statement) {
  const auto fix = [&](IndexVar *var, std::int64_t extent, ast::Range place) {
    if (var->extent < 0) {
      var->extent = extent;
      var->fixedAt = place;
      return true;
    }
    if (var->extent == extent)
      return true;
    fail(Code::IndexRangesDisagree, place,
         fmt::format("index `{}{}` ranges over {} here, but over {} elsewhere", var->rest ? ".." : "", var->name,
                     extent, var->extent))
        .note(var->fixedAt, fmt::format("over {} here", var->extent));
    return false;
  };
  if (statement.broken)
    return false;
  bool good = true;
  for (auto &[var, told] : statement.fixed)
    good &= fix(var, told.first, told.second);
  std::size_t seen = 0;
  const auto fixBare = [&] {
    for (; seen < statement.uses.size(); ++seen)
      if (statement.uses[seen].bare)
        good &= fix(statement.uses[seen].terms.front().first, statement.uses[seen].extent, statement.uses[seen].place);
    return good;
  };
  if (!fixBare())
    return false;

  for (bool progress = true; progress;) {
    // A value that ranges over indices can be looked at when their ranges are known, and then tells others.
    progress = false;
    for (auto it = statement.deferred.begin(); it != statement.deferred.end() && !progress;) {
      std::vector<std::shared_ptr<IndexBinding>> scope = it->second;
      std::swap(frame->indices, scope);
      const Expr &expr = *it->first;
      if (rangesKnown(*expr.lhs)) {
        it = statement.deferred.erase(it);
        const Value value = eval(*expr.lhs);
        statement.known[expr.lhs.get()] = value;
        collectUses(expr, value);
        progress = true;
      } else
        ++it;
      std::swap(frame->indices, scope);
    }
    if (statement.broken || !fixBare())
      return false;
    if (progress)
      continue;

    // Sums with one unknown range give it the greatest value that stays inside in each of them.
    std::map<IndexVar *, std::pair<std::int64_t, const IndexUse *>> fits;
    for (const IndexUse &use : statement.uses) {
      IndexVar *unknown = nullptr;
      std::int64_t factor = 0;
      int unknowns = 0;
      for (auto &[var, coefficient] : use.terms)
        if (var->extent < 0) {
          unknown = var;
          factor = coefficient;
          ++unknowns;
        }
      std::int64_t least = 0, greatest = 0;
      if (unknowns != 1 || !bounds(use, unknown, least, greatest))
        continue;
      const std::int64_t room = factor > 0 ? use.extent - 1 - greatest : least;
      const std::int64_t extent = room < 0 ? 0 : floorDivide(room, factor > 0 ? factor : -factor) + 1;
      auto [it, isNew] = fits.insert({unknown, {extent, &use}});
      if (!isNew && extent < it->second.first)
        it->second = {extent, &use};
    }
    for (auto &[var, fit] : fits) {
      if (fit.first == 0) {
        fail(Code::IndexOutOfRange, fit.second->place,
             fmt::format("a dimension of {} is too small for this index", fit.second->extent));
        return false;
      }
      var->extent = fit.first;
      var->fixedAt = fit.second->place;
      progress = true;
    }
  }

  std::set<IndexVar *> all;
  for (auto &[expr, bindings] : statement.reductions)
    for (const auto &binding : bindings)
      all.insert(binding->vars.begin(), binding->vars.end());
  for (std::size_t i = statement.outer; i < frame->indices.size(); ++i)
    all.insert(frame->indices[i]->vars.begin(), frame->indices[i]->vars.end());
  for (IndexVar *var : all)
    if (var->extent < 0) {
      fail(Code::IndexRangeUnknown, var->place, fmt::format("the range of index `{}` is not known", var->name))
          .help(fmt::format("it is told by indexing a dimension with it, or by `{} < size` where it is introduced",
                            var->name));
      return false;
    }
  for (const IndexUse &use : statement.uses)
    good &= checkUse(use);
  return good;
}
