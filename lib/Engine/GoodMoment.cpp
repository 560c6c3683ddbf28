// Where a run goes back to when a number is not finite. A step that finds one has changed nothing, but the parameters that it has read may be of no
// use already: so a moment is good only if the step behind it has found its numbers to be finite, and that step takes it, in front of what it
// writes. At which steps one is taken depends on the steps alone, so that a rolled back run has the same bits every time.
#include "SessionImpl.h"

#include <algorithm>
#include <bit>
#include <cmath>

using namespace talweg;

/// About ten seconds of a fast machine, next to which copying the variables is nothing.
static constexpr double kFlops = 1e12;
static constexpr double kMostSteps = 1 << 17;

std::int64_t Session::Impl::goodMomentSteps() const {
  const OnNan onNan = program.plan().onNan;
  if (staysAtNan || (onNan != OnNan::Stop && onNan != OnNan::Rollback))
    return 0;
  // An eighth of what has been trained, so that short runs go back little too. Powers of two: the next are multiples of these.
  const double most = std::min(kMostSteps, kFlops / double(std::max<std::int64_t>(1, facts.manifest.flops)));
  const auto wanted = std::min(std::uint64_t(step / 8), std::uint64_t(most));
  return std::max<std::int64_t>(1, std::int64_t(std::bit_floor(wanted)));
}

bool Session::Impl::isGoodMomentDue() const {
  const std::int64_t every = goodMomentSteps();
  return every != 0 && (!good.isThere || (step % every == 0 && good.step != step));
}

bool Session::Impl::skipsNotFinite() const { return program.plan().onNan == OnNan::Skip && !staysAtNan; }

std::optional<Rollback> Session::Impl::goBack() {
  if (staysAtNan || !good.isThere)
    return std::nullopt;
  Rollback rollback{.from = step, .to = good.step, .reason = notFinite->message};
  const std::vector<double> now = hypers;
  goBackTo(good);
  if (program.plan().onNan != OnNan::Rollback)
    return std::nullopt;
  hypers = now; // what the host has changed meanwhile stays
  double &factor = hypers[*hyper(std::string(kRateFactor))];
  if (factor <= std::exp2(-double(program.plan().rollbacks)))
    return std::nullopt;
  rollback.rateFactor = factor /= 2;
  return rollback;
}
