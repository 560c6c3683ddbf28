// Where the time of a step goes: measuring it region by region, and telling it as a table, as JSON and as a picture.
#ifndef TALWEG_TOOL_PROFILE_H
#define TALWEG_TOOL_PROFILE_H

#include "Experiment.h"

#include "talweg/Engine/Bench.h"

namespace talweg::driver {

/// What this machine can do at most, per second, and what it takes to start threads.
struct Limits {
  double flops = 0, bytes = 0;
  double forkSeconds = 0;
};

struct TimedRegion : StepRegion {
  double seconds = 0; ///< of a step: the median over chunks
  double alone = 0;   ///< likewise on one thread; 0 where there are no more

  bool isProduct() const { return flops > 0; }
  double flopRate() const { return seconds > 0 ? double(flops) / seconds : 0; }
  double byteRate() const { return seconds > 0 ? double(bytes) / seconds : 0; }
  /// How many times as fast as on one thread.
  double speedup() const { return seconds > 0 ? alone / seconds : 0; }
  /// `W2.tw:10`, or nothing.
  std::string place() const;
};

/// Regions of one kind and shape at one place, their times and work added up: `repeat` and several parameters of one shape make
/// many such. A variable is told if all of them are of it.
struct RegionGroup : TimedRegion {
  std::int64_t count = 1;

  /// `product, 3 times: 64x256x784`
  std::string description() const;
};

struct Profile {
  std::vector<TimedRegion> regions; ///< in the order in which they run
  double marked = 0, plain = 0;     ///< median time of a step with and without marks, from alternating chunks
  double alone = 0;                 ///< likewise without marks on one thread, if there are more
  std::int64_t steps = 0;           ///< of those with marks
  int threads = 1;
  Limits limits;
  bool inference = false;

  double sum() const; ///< of all regions
  double speedup() const { return alone / plain; }
  /// What keeps a region from being as many times as fast as there are threads, in one word; empty if it about is.
  std::string limitedBy(const TimedRegion &region) const;
  /// In the order in which the first of each runs.
  std::vector<RegionGroup> groups() const;
};

/// Alternates chunks with and without marks, and both on one thread if there are more, for `seconds`.
Result<Profile> takeProfile(Session &session, const Dataset &data, std::int64_t chunk, double seconds);

/// Sums by part of a step, then the regions from the longest, equal ones of one place together.
void printProfile(const Profile &profile);
Json profileJson(const Profile &profile);
/// A flame graph that hangs down: step, part, line, region; as wide as they take time.
std::string profileSvg(const Profile &profile, const std::string &title);

/// Of at least one value.
double median(std::vector<double> values);

/// Microseconds with as many digits as are worth reading.
std::string microseconds(double seconds);

} // namespace talweg::driver

#endif
