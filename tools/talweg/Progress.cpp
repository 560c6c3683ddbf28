// See Progress.h.
#include "Progress.h"
#include "Console.h"
#include "Lines.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fmt/format.h>

namespace talweg::driver {

static std::string clockText(double seconds) {
  auto whole = std::int64_t(std::min(seconds, 3.6e8) + 0.5);
  if (whole >= 3600)
    return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

/// `columns` wide, filled to `share`.
static std::string barPicture(double share, int columns, bool unicode) {
  int filled = std::clamp(int(share * columns), 0, columns);
  std::string picture;
  for (int i = 0; i < columns; ++i)
    picture += unicode ? (i < filled ? "━" : "─") : (i < filled ? "#" : "-");
  if (!unicode)
    return "[" + picture + "]";
  size_t split = size_t(filled) * std::strlen("━");
  return styled(Stream::Err, Style::Green, picture.substr(0, split)) +
         styled(Stream::Err, Style::Dim, picture.substr(split));
}

std::string barText(const BarState &state, int width, bool unicode) {
  double share = std::clamp(double(state.step) / double(std::max<std::int64_t>(1, state.totalSteps)), 0.0, 1.0);
  std::string epoch = state.epochs ? fmt::format("epoch {}/{}  ", state.epoch, state.epochs) : "";
  std::string percent = fmt::format(" {:3.0f}%", std::floor(share * 100));
  constexpr int least = 10, most = 30;
  int room = width - int(epoch.size() + percent.size()) - least - (unicode ? 0 : 2);
  std::string numbers;
  for (const std::string &number : state.numbers) {
    if (int(columnsOf(numbers + number)) + 2 > room)
      break;
    numbers += "  " + number;
  }
  // The further right, the sooner a part is left out.
  std::string steps = fmt::format("  step {}/{}", state.step, state.totalSteps);
  std::string parts[] = {numbers, state.secondsLeft >= 0 ? "  " + clockText(state.secondsLeft) + " left" : "",
                         fmt::format("  {} ex/s", humanCount(std::max(0.0, state.examplesPerSecond))), steps};
  if (state.epochs == 0)
    std::swap(parts[3], parts[1]);
  bool kept[4] = {};
  for (int i = 0; i < 4; ++i)
    if ((kept[i] = int(columnsOf(parts[i])) <= room))
      room -= int(columnsOf(parts[i]));
  if (room < 0) // not even the bar fits
    return (epoch + percent.substr(1)).substr(0, size_t(std::max(0, width)));
  std::string text = epoch + barPicture(share, std::min(most, least + room), unicode) + percent;
  for (int i : {3, 0, 2, 1})
    if (kept[i])
      text += parts[i];
  return text;
}

Progress::Progress(bool enabled) {
  const char *term = std::getenv("TERM");
  shown = enabled && isTerminal(Stream::Out) && isTerminal(Stream::Err) && term && std::strcmp(term, "dumb") != 0;
}

Progress::~Progress() {
  if (shown)
    clearTransient();
}

void Progress::update(const BarState &state) {
  auto now = std::chrono::steady_clock::now();
  if (!shown || now - last < std::chrono::milliseconds(80))
    return;
  last = now;
  showTransient(barText(state, terminalWidth(Stream::Err) - 1, hasUnicode()));
}

void Progress::busy(const std::string &text) {
  if (shown)
    showTransient(styled(Stream::Err, Style::Dim, clipped(text, size_t(std::max(1, terminalWidth(Stream::Err) - 1)))));
}

void Curve::add(double value) {
  sum += value;
  if (++count < stride)
    return;
  means.push_back(sum / double(count));
  sum = 0;
  count = 0;
  if (means.size() < 512)
    return;
  for (size_t i = 0; i < means.size() / 2; ++i)
    means[i] = (means[2 * i] + means[2 * i + 1]) / 2;
  means.resize(means.size() / 2);
  stride *= 2;
}

std::string Curve::sparkline(int width, bool unicode) const {
  static constexpr const char *blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  static constexpr const char *letters[] = {"_", ".", "-", "=", "+", "*", "#", "@"};
  size_t columns = std::min(means.size(), size_t(std::max(1, width)));
  std::vector<double> points;
  for (size_t i = 0; i < columns; ++i) {
    size_t begin = i * means.size() / columns, end = (i + 1) * means.size() / columns;
    double total = 0;
    for (size_t j = begin; j < end; ++j)
      total += means[j];
    points.push_back(total / double(end - begin));
  }
  double low = INFINITY, high = -INFINITY;
  for (double point : points)
    if (std::isfinite(point)) {
      low = std::min(low, point);
      high = std::max(high, point);
    }
  std::string text;
  for (double point : points) {
    if (!std::isfinite(point)) {
      text += '?';
      continue;
    }
    int level = high > low ? int(std::lround((point - low) / (high - low) * 7)) : 0;
    text += unicode ? blocks[level] : letters[level];
  }
  return text;
}

} // namespace talweg::driver
