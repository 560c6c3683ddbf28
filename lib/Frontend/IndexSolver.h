// Index positions and the ranges of index variables: arithmetic alone, without a tree's values, a module or a message.
//
// A range is told by `i < size`, by a declared result, and by every place where the variable indexes a dimension by itself;
// all of these must agree, but for a dimension of which `i < size` takes the beginning. Where an index is part of a sum (`i*stride + u`), the sum must stay within the dimension: that
// checks the ranges that are known, and gives the greatest range that fits to one that is not.
#ifndef TALWEG_LIB_FRONTEND_INDEXSOLVER_H
#define TALWEG_LIB_FRONTEND_INDEXSOLVER_H

#include "Count.h"

#include "talweg/Frontend/Ast.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace talweg::frontend {

/// An index variable of one statement or reduction.
struct IndexVar {
  std::string name;
  bool rest = false;      ///< part of a rest index
  Count extent = -1;      ///< the range is [0, extent); -1: not known yet
  ast::Range place;       ///< where it is introduced
  ast::Range fixedAt;     ///< where its range comes from
  bool isLimited = false; ///< by `i < size`: what it indexes may be longer
};

using IndexTerms = std::vector<std::pair<IndexVar *, std::int64_t>>; ///< variables, each once, with their coefficients

/// A sum of coefficient * variable + offset. Its arithmetic wraps, and `overflow` tells of it.
struct IndexSum {
  IndexTerms terms; ///< in order of appearance; coefficients may be 0
  std::int64_t offset = 0;
  bool overflow = false;

  static IndexSum constant(std::int64_t offset) { return {{}, offset}; }
  static IndexSum variable(IndexVar *var) { return {{{var, 1}}}; }
  void add(const IndexSum &other);
  void scale(std::int64_t factor);
};

/// An index position: a sum that stays within [0, extent).
struct IndexUse {
  IndexTerms terms; ///< without those whose coefficient is 0
  std::int64_t offset = 0;
  Count extent;
  bool bare = false; ///< a single variable by itself: its range is the extent
  ast::Range place;

  static IndexUse of(const IndexSum &sum, Count extent, bool bare, ast::Range place);
  static IndexUse of(IndexVar *var, Count extent, ast::Range place) { return {{{var, 1}}, 0, extent, true, place}; }
};

/// What is wrong with the ranges of a statement's indices.
struct IndexFault {
  enum Kind {
    Disagree, ///< `place` tells `extent` for `var`, which has another
    TooSmall, ///< a dimension of `extent` has no place for the index at `place`
    Unknown,  ///< nothing tells the range of `var`
    Outside,  ///< the index at `place`, of `terms`, goes from `least` to `greatest`, outside of `extent`
  } kind;
  ast::Range place;
  std::int64_t extent = 0;
  const IndexVar *var = nullptr;
  IndexTerms terms = {};
  std::int64_t least = 0, greatest = 0;
};

/// Does the index stay within the dimension for all values of its variables? Their ranges are known.
std::optional<IndexFault> findOutside(const IndexUse &use);

/// Finds the ranges of one statement's variables: they are set in the variables themselves.
///
/// In:  what is told, at any time; what is told later counts from the next takeIn() on.
/// Out: ranges, or faults. After a fault nothing more is asked of it.
class IndexSolver {
public:
  void fix(IndexVar *var, Count extent, ast::Range place) { fixed.push_back({var, extent, place}); }
  void add(IndexUse use) { uses.push_back(std::move(use)); }
  bool isTold() const { return !uses.empty() || !fixed.empty(); }

  /// Takes in the ranges that are told outright. False: two of them disagree.
  bool takeIn();
  /// Gives to each variable that is the only unknown one of a sum the greatest range with which all such sums stay inside. True: there
  /// was one.
  bool stretch();
  /// At the end: are all ranges known, and do all positions stay inside?
  bool check(std::span<IndexVar *const> vars);

  const std::vector<IndexFault> &faults() const { return found; }

private:
  struct Fixed {
    IndexVar *var;
    Count extent;
    ast::Range place;
  };
  void set(const Fixed &told);

  std::vector<Fixed> fixed;
  std::vector<IndexUse> uses;
  std::size_t fixedTaken = 0, usesTaken = 0;
  std::vector<IndexFault> found;
};

} // namespace talweg::frontend

#endif
