// See Profile.h. The clock is the processor's counter of constant rate where there is one, else the system's.
#include "talweg/Runtime/Profile.h"

#include <chrono>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

using namespace talweg::runtime;

static thread_local Profile *current = nullptr;

static inline std::uint64_t readClock() {
#if defined(__x86_64__)
  return __rdtsc();
#elif defined(__aarch64__)
  std::uint64_t value;
  asm volatile("mrs %0, cntvct_el0" : "=r"(value));
  return value;
#else
  return std::uint64_t(std::chrono::steady_clock::now().time_since_epoch().count());
#endif
}

std::uint64_t talweg::runtime::ticks() { return readClock(); }

double talweg::runtime::secondsPerTick() {
  static const double result = [] {
    using Clock = std::chrono::steady_clock;
    auto start = Clock::now();
    std::uint64_t first = readClock();
    Clock::time_point now;
    while ((now = Clock::now()) - start < std::chrono::milliseconds(5)) {
    }
    return std::chrono::duration<double>(now - start).count() / double(readClock() - first);
  }();
  return result;
}

void Profile::use(Profile *profile) { current = profile; }

void talweg_profile_mark(std::int32_t region) {
  Profile *profile = current;
  if (!profile)
    return;
  std::uint64_t now = readClock();
  if (region >= 0 && std::size_t(region) < profile->sums.size())
    profile->sums[std::size_t(region)] += now - profile->last;
  profile->last = now;
}
