// What profiled programs call: the time of each region of a step, added up.
//
// Generated code calls talweg_profile_mark(-1) before its first step, and talweg_profile_mark(n) after region n.
#ifndef TALWEG_RUNTIME_PROFILE_H
#define TALWEG_RUNTIME_PROFILE_H

#include <cstdint>
#include <vector>

namespace talweg::runtime {

/// A clock that takes a few nanoseconds to read. How long a tick is, is told by secondsPerTick.
std::uint64_t ticks();
/// Measured against the system's clock once, in some milliseconds.
double secondsPerTick();

/// Ticks spent in each region since they were last set to 0.
struct Profile {
  std::vector<std::uint64_t> sums;
  std::uint64_t last = 0; ///< when the last mark was made

  /// The profile that marks made by the calling thread go to from now on; null: none.
  static void use(Profile *profile);
};

} // namespace talweg::runtime

extern "C" void talweg_profile_mark(std::int32_t region);

#endif
