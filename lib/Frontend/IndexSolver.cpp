// The arithmetic of index positions, and the ranges that follow from them.
#include "IndexSolver.h"

#include <algorithm>

using namespace talweg;
using namespace talweg::frontend;

//===-- sums -------------------------------------------------------------------------------------------------------===//

void IndexSum::add(const IndexSum &other) {
  overflow |= other.overflow;
  overflow |= __builtin_add_overflow(offset, other.offset, &offset);
  for (const auto &[var, coefficient] : other.terms) {
    auto own = std::find_if(terms.begin(), terms.end(), [&](const auto &term) { return term.first == var; });
    if (own == terms.end())
      own = terms.insert(terms.end(), {var, 0});
    overflow |= __builtin_add_overflow(own->second, coefficient, &own->second);
  }
}

void IndexSum::scale(std::int64_t factor) {
  overflow |= __builtin_mul_overflow(offset, factor, &offset);
  for (auto &[var, coefficient] : terms)
    overflow |= __builtin_mul_overflow(coefficient, factor, &coefficient);
}

IndexUse IndexUse::of(const IndexSum &sum, Count extent, bool bare, ast::Range place) {
  IndexUse use{{}, sum.offset, extent, bare, place};
  for (const auto &term : sum.terms)
    if (term.second != 0)
      use.terms.push_back(term);
  return use;
}

//===-- bounds -----------------------------------------------------------------------------------------------------===//

namespace {
struct Bounds {
  std::int64_t least, greatest;
  bool overflow = false; ///< they are beyond 64 bits, and those told are only on the way there
};
} // namespace

/// Of a count: the number itself, or that of a batch with one row more.
using Lane = std::int64_t Count::*;

/// The least and the greatest value that the index takes. The variable `except` counts as 0.
static Bounds boundsOf(const IndexUse &use, Lane lane, const IndexVar *except = nullptr) {
  Bounds bounds{use.offset, use.offset};
  for (const auto &[var, coefficient] : use.terms) {
    if (var == except)
      continue;
    std::int64_t reach = 0;
    bounds.overflow = __builtin_mul_overflow(coefficient, var->extent.*lane - 1, &reach);
    std::int64_t &end = reach < 0 ? bounds.least : bounds.greatest;
    if (bounds.overflow || (bounds.overflow = __builtin_add_overflow(end, reach, &end)))
      break;
  }
  return bounds;
}

std::optional<IndexFault> frontend::findOutside(const IndexUse &use) {
  if (std::any_of(use.terms.begin(), use.terms.end(), [](const auto &term) { return term.first->extent == 0; }))
    return std::nullopt; // there is no value
  const Bounds bounds = boundsOf(use, &Count::value);
  if (!bounds.overflow && bounds.least >= 0 && bounds.greatest < use.extent)
    return std::nullopt;
  return IndexFault{IndexFault::Outside, use.place, use.extent, nullptr, use.terms, bounds.least, bounds.greatest};
}

//===-- the solver -------------------------------------------------------------------------------------------------===//

void IndexSolver::set(const Fixed &told) {
  if (told.var->extent < 0) {
    told.var->extent = told.extent;
    told.var->fixedAt = told.place;
  } else if (told.var->extent != told.extent)
    found.push_back({IndexFault::Disagree, told.place, told.extent, told.var});
}

bool IndexSolver::takeIn() {
  for (; fixedTaken < fixed.size(); ++fixedTaken)
    set(fixed[fixedTaken]);
  for (; usesTaken < uses.size(); ++usesTaken)
    if (const IndexUse &use = uses[usesTaken]; use.bare && !use.terms.front().first->isLimited)
      set({use.terms.front().first, use.extent, use.place});
  return found.empty();
}

static std::int64_t floorDivide(std::int64_t a, std::int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }

/// The variable of unknown range, with its coefficient, if there is exactly one in the sum.
static std::optional<std::pair<IndexVar *, std::int64_t>> onlyUnknown(const IndexUse &use) {
  const auto isUnknown = [](const auto &term) { return term.first->extent < 0; };
  const auto first = std::find_if(use.terms.begin(), use.terms.end(), isUnknown);
  if (first == use.terms.end() || std::any_of(first + 1, use.terms.end(), isUnknown))
    return std::nullopt;
  return *first;
}

/// The greatest range of the sum's variable `var` with which the sum stays inside. Nothing: it is beyond 64 bits.
static std::optional<std::int64_t> greatestRange(const IndexUse &use, const IndexVar *var, std::int64_t factor,
                                                 Lane lane) {
  const Bounds bounds = boundsOf(use, lane, var);
  if (bounds.overflow)
    return std::nullopt;
  const std::int64_t room = factor > 0 ? use.extent.*lane - 1 - bounds.greatest : bounds.least;
  return room < 0 ? 0 : floorDivide(room, factor > 0 ? factor : -factor) + 1;
}

bool IndexSolver::stretch() {
  std::vector<Fixed> fits; // for each variable the least of what its sums leave to it
  for (const IndexUse &use : uses) {
    const auto unknown = onlyUnknown(use);
    if (!unknown)
      continue;
    const auto [var, factor] = *unknown;
    const std::optional<std::int64_t> greatest = greatestRange(use, var, factor, &Count::value);
    if (!greatest)
      continue;
    const Count extent(*greatest, greatestRange(use, var, factor, &Count::next).value_or(*greatest));
    auto fit = std::find_if(fits.begin(), fits.end(), [&](const Fixed &other) { return other.var == var; });
    if (fit == fits.end())
      fit = fits.insert(fit, {var, extent, use.place});
    else if (extent < fit->extent)
      *fit = {var, extent, use.place};
    if (extent == 0) {
      found.push_back({IndexFault::TooSmall, use.place, use.extent});
      return false;
    }
  }
  for (const Fixed &fit : fits)
    set(fit);
  return !fits.empty();
}

bool IndexSolver::check(std::span<IndexVar *const> vars) {
  for (const IndexVar *var : vars)
    if (var->extent < 0) {
      found.push_back({IndexFault::Unknown, var->place, 0, var});
      return false;
    }
  for (const IndexUse &use : uses)
    if (std::optional<IndexFault> outside = findOutside(use))
      found.push_back(std::move(*outside));
  return found.empty();
}
