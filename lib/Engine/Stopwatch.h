// Wall-clock time since a point in the program.
#ifndef TALWEG_ENGINE_STOPWATCH_H
#define TALWEG_ENGINE_STOPWATCH_H

#include <chrono>

namespace talweg {

class Stopwatch {
public:
  double seconds() const { return std::chrono::duration<double>(Clock::now() - start).count(); }

private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start = Clock::now();
};

} // namespace talweg

#endif
