// The values of one traced step, each turn of a loop by itself: their ranges, and what each is computed from.
#ifndef TALWEG_LIB_ENGINE_NUMBERGRAPH_H
#define TALWEG_LIB_ENGINE_NUMBERGRAPH_H

#include "Native.h"

#include <functional>

namespace talweg {

/// One native call of a traced step: a batch, or the finish of several.
struct TracedCall {
  const NumberSites *sites = nullptr;
  int entry = 0;           ///< which of the program's objectives it was
  std::vector<double> out; ///< what it told
};

/// A value in a turn of the loops in which it is.
struct NumberNode {
  int call = 0, site = 0;
  std::vector<std::int64_t> turns = {};
  auto operator<=>(const NumberNode &) const = default;
};

class NumberGraph {
public:
  /// The range of what is known to the host: of a variable in front of the step, a field in the step's rows, a setting; by its name.
  using Known = std::function<NumberRange(NumberSite::Kind kind, const std::string &name)>;

  NumberGraph(std::vector<TracedCall> calls, Known known) : calls(std::move(calls)), known(std::move(known)) {}

  const NumberSite &site(const NumberNode &node) const { return sites(node).sites[std::size_t(node.site)]; }
  const NumberLoop &loop(const NumberNode &node, std::size_t depth) const {
    return sites(node).loops[std::size_t(site(node).loops[depth])];
  }
  /// Of a value that the step does not compute: of no numbers.
  NumberRange rangeOf(const NumberNode &node) const;
  /// Elements.
  std::int64_t countOf(const NumberNode &node) const;
  /// What it is computed from, or, of what loops and calls hand on, what that is.
  std::vector<NumberNode> inputsOf(const NumberNode &node) const;
  /// Of a variable, field or setting; of a slice of several variables that of one; else the operation.
  std::string nameOf(const NumberNode &node) const;
  /// The operation or variable that made what loops, calls and changes of shape hand on.
  NumberNode makerOf(NumberNode node) const;
  /// Does `a` run before `b`?
  bool isBefore(const NumberNode &a, const NumberNode &b) const { return placeOf(a) < placeOf(b); }

  struct Outcome {
    std::string name;
    bool isLoss = true; ///< or a norm
    NumberNode node;
  };
  /// Losses that are not finite or, where all are, what variables become that is not, or else norms.
  std::vector<Outcome> badOutcomes() const;
  /// From which of their makers numbers that are not finite came, the first of them; nothing: from constants.
  std::optional<NumberNode> findFirst(const std::vector<Outcome> &outcomes) const;
  /// All that a value is computed from, and it.
  std::vector<NumberNode> closureOf(const NumberNode &node) const;

private:
  const NumberSites &sites(const NumberNode &node) const { return *calls[std::size_t(node.call)].sites; }
  std::vector<std::int64_t> placeOf(const NumberNode &node) const;
  NumberNode operandOf(const NumberNode &node, int site) const;
  bool isMeant(const NumberNode &node) const;
  std::vector<NumberNode> blamedFor(const NumberNode &node) const;

  std::vector<TracedCall> calls;
  Known known;
};

} // namespace talweg

#endif
