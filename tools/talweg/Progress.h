// The picture of a running training: a bar that is redrawn in place, permanent lines above it, and a curve of the loss.
#ifndef TALWEG_TOOL_PROGRESS_H
#define TALWEG_TOOL_PROGRESS_H

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace talweg::driver {

/// What the bar shows.
struct BarState {
  std::int64_t step = 0, totalSteps = 1;
  std::int64_t epoch = 1, epochs = 0; ///< epochs 0: the plan counts steps
  std::vector<std::string> numbers;   ///< "loss 0.1423", "accuracy 0.957"; those that fit are shown
  double examplesPerSecond = 0;
  double secondsLeft = -1; ///< below 0: not known yet
};

/// The bar's text, at most `width` columns: parts are left out as it gets narrow.
std::string barText(const BarState &state, int width, bool unicode);

/// Shows the bar where both streams are terminals, and nothing elsewhere. The next line that is printed replaces it.
class Progress {
public:
  explicit Progress(bool enabled);
  ~Progress();
  Progress(const Progress &) = delete;

  bool live() const { return shown; }
  /// Redraws, unless the last time was less than 80 ms ago.
  void update(const BarState &state);
  /// Draws `text` in place of the bar: something slow is under way.
  void busy(const std::string &text);

private:
  bool shown;
  std::chrono::steady_clock::time_point last{};
};

/// A series of any length, kept as at most 512 means of equally many neighbours.
class Curve {
public:
  void add(double value);
  /// One line of block characters, `width` columns at most.
  std::string sparkline(int width, bool unicode) const;
  bool empty() const { return means.empty(); }

private:
  std::vector<double> means;
  double sum = 0;
  std::int64_t count = 0, stride = 1;
};

} // namespace talweg::driver

#endif
