#include "Sample.h"

#include <algorithm>
#include <cmath>

namespace talweg::prepare {

void Sample::merge() {
  std::ranges::sort(fresh);
  total += std::ssize(fresh);
  std::vector<std::pair<double, std::int64_t>> merged;
  merged.reserve(values.size() + fresh.size());
  const auto add = [&](double value, std::int64_t count) {
    if (!merged.empty() && merged.back().first == value)
      merged.back().second += count;
    else
      merged.push_back({value, count});
  };
  auto next = values.begin();
  for (double value : fresh) {
    for (; next != values.end() && next->first <= value; ++next)
      add(next->first, next->second);
    add(value, 1);
  }
  for (; next != values.end(); ++next)
    add(next->first, next->second);
  values = std::move(merged);
  fresh.clear();
}

std::vector<double> Sample::at(const std::vector<double> &places) const {
  std::vector<double> found;
  std::size_t i = 0;
  std::int64_t end = values.empty() ? 0 : values[0].second; // of the places of value i
  for (const double place : places) {
    const std::int64_t below = std::int64_t(std::floor(place));
    while (below >= end)
      end += values[++i].second;
    const double low = values[i].first, part = place - double(below);
    const double high = below + 1 < end || i + 1 == values.size() ? low : values[i + 1].first;
    found.push_back(low == high ? low : low * (1 - part) + high * part);
  }
  return found;
}

} // namespace talweg::prepare
