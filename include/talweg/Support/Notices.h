// What a run looks at by itself: when it stops before its plan is done, and what it does where a number is not finite. Plain values.
#ifndef TALWEG_SUPPORT_NOTICES_H
#define TALWEG_SUPPORT_NOTICES_H

#include "talweg/Support/Manifest.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace talweg {

/// A run stops when so many validations, one after the other, have had no better value of a loss or metric: no less, or no greater.
struct EarlyStop {
  std::string name;
  bool greatest = false;     ///< the best is the greatest, not the least
  std::int64_t patience = 1; ///< validations
  bool operator==(const EarlyStop &) const = default;
};

enum class Predicate : std::uint8_t { Less, LessEqual, Greater, GreaterEqual };
inline constexpr std::string_view kPredicateNames[] = {"<", "<=", ">", ">="};
constexpr std::string_view nameOf(Predicate predicate) { return kPredicateNames[std::size_t(predicate)]; }
constexpr std::optional<Predicate> predicateNamed(std::string_view name) {
  return named<Predicate>(kPredicateNames, name);
}

/// `name predicate value`, of what a validation tells: a loss or metric, or `step`, `epoch`, which count what is done.
struct Comparison {
  std::string name;
  Predicate predicate = Predicate::Less;
  double value = 0;

  /// NaN fulfils none.
  bool holds(double number) const {
    switch (predicate) {
    case Predicate::Less: return number < value;
    case Predicate::LessEqual: return number <= value;
    case Predicate::Greater: return number > value;
    case Predicate::GreaterEqual: return number >= value;
    }
    return false;
  }
  bool operator==(const Comparison &) const = default;
};

/// What a run does when a step finds a loss, or a norm that gradients are clipped by, that is not finite. Such a step changes nothing, except under
/// Ignore: there no step looks.
enum class OnNan : std::uint8_t {
  Stop,     ///< the run ends as failed
  Skip,     ///< the step counts as taken, and the run goes on with the next
  Rollback, ///< the run goes on from an earlier moment with lower rates
  Ignore,
};
inline constexpr std::string_view kOnNanNames[] = {"stop", "skip", "rollback", "ignore"};
constexpr std::string_view nameOf(OnNan onNan) { return kOnNanNames[std::size_t(onNan)]; }
constexpr std::optional<OnNan> onNanNamed(std::string_view name) { return named<OnNan>(kOnNanNames, name); }

/// Under Rollback: the number that all rates are multiplied by, which the host may lower between steps.
inline constexpr std::string_view kRateFactor = "lr_factor";

} // namespace talweg

#endif
