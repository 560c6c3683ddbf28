// Where a run goes back to when a number is not finite. A step that finds one has changed nothing, but the parameters that it has read may be of no
// use already: so a moment counts as good only once a loss behind it was finite. Which moments are taken depends on the steps alone, so that a
// rolled back run has the same bits every time.
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

Result<void> Session::Impl::keepGoodMoment() {
  const std::int64_t every = goodMomentSteps();
  if (every == 0 || (goods.newest && (step % every != 0 || goods.newest->step() == step)))
    return {};
  goods.reached(step);
  auto taken = snapshot();
  if (!taken)
    return taken.error();
  if (goods.newest)
    goods.proven = std::move(goods.newest);
  goods.newest = std::move(*taken);
  return {};
}

std::optional<Rollback> Session::Impl::goBack() {
  const std::optional<Snapshot> good = goods.at(step);
  if (staysAtNan || !good)
    return std::nullopt;
  Rollback rollback{.from = step, .to = good->step(), .reason = notFinite->message};
  const std::vector<double> now = hypers;
  goBackTo(*good);
  goods = {.newest = *good, .proven = *good};
  if (program.plan().onNan != OnNan::Rollback)
    return std::nullopt;
  hypers = now; // what the host has changed meanwhile stays
  double &factor = hypers[*hyper(std::string(kRateFactor))];
  if (factor <= std::exp2(-double(program.plan().rollbacks)))
    return std::nullopt;
  rollback.rateFactor = factor /= 2;
  return rollback;
}
