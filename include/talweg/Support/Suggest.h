// What a name that does not exist was most likely meant to be.
#ifndef TALWEG_SUPPORT_SUGGEST_H
#define TALWEG_SUPPORT_SUGGEST_H

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace talweg {

/// The number of letters to insert, remove, replace or exchange with their neighbour to make `a` of `b`; case does not count.
inline std::size_t editDistance(std::string_view a, std::string_view b) {
  const auto same = [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); };
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i)
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        d[i][j] = i + j;
        continue;
      }
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + !same(a[i - 1], b[j - 1])});
      if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  return d[a.size()][b.size()];
}

/// The candidate that `name` was most likely meant to be, or an empty string when none is close.
inline std::string suggest(std::string_view name, std::span<const std::string> candidates) {
  constexpr std::size_t longest = 64;
  std::size_t best = std::max<std::size_t>(1, name.size() / 3) + 1;
  std::string result;
  for (const std::string &candidate : candidates) {
    if (std::max(name.size(), candidate.size()) > longest || candidate == name)
      continue;
    const std::size_t distance = editDistance(name, candidate);
    if (distance < best && distance < std::min(name.size(), candidate.size())) {
      best = distance;
      result = candidate;
    }
  }
  return result;
}

} // namespace talweg

#endif
