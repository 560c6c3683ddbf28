// Which of the plans that the compiler ranks close is fastest on this machine.
#ifndef TALWEG_TOOL_TUNE_H
#define TALWEG_TOOL_TUNE_H

#include "Experiment.h"

#include <map>

namespace talweg::driver {

/// Products of one plan, all of a step together.
struct TunedPlan {
  std::string what;            ///< the longest of them, for people
  std::vector<double> seconds; ///< of a step, by rank; empty: this plan alone is close, and is not timed
  std::int64_t fastest = 0;    ///< rank; the first unless another is clearly faster
  double gained() const { return seconds.front() - seconds[std::size_t(fastest)]; }
};

struct Tuning {
  std::map<std::string, TunedPlan> plans; ///< by StepRegion::plan
  double step = 0;                        ///< seconds of all regions of a step, by the first plans; 0: nothing is timed
};

/// Times the steps of a program, or its predictions, with each product's plans that are close, in turn, for about `seconds` together with compilation
/// left out, and keeps the fastest. Rows are those of `open`.
Result<Tuning> tune(const Experiment &experiment, Mode mode, double seconds,
                    const std::function<Result<Dataset>(const Program &)> &open);

} // namespace talweg::driver

#endif
