// Patterns of names: `*` stands for anything, `?` for one letter.
#ifndef TALWEG_SUPPORT_PATTERN_H
#define TALWEG_SUPPORT_PATTERN_H

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace talweg {

/// What each `*` stands for, as little as can be; nothing if the pattern does not fit.
inline std::optional<std::vector<std::string_view>> starsIn(std::string_view pattern, std::string_view text) {
  std::vector<std::string_view> stars;
  std::size_t p = 0, t = 0, resumePattern = std::string_view::npos, begin = 0;
  while (t < text.size() || p < pattern.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      stars.push_back(text.substr(t, 0));
      resumePattern = ++p;
      begin = t;
    } else if (p < pattern.size() && t < text.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p, ++t;
    } else if (resumePattern != std::string_view::npos && begin + stars.back().size() < text.size()) {
      stars.back() = text.substr(begin, stars.back().size() + 1); // one more letter
      t = begin + stars.back().size();
      p = resumePattern;
    } else {
      return std::nullopt;
    }
  }
  return stars;
}

/// Whether a pattern fits a variable's path, or what comes behind the model's name in it.
inline bool matchesPattern(std::string_view pattern, std::string_view name) {
  const std::size_t dot = name.find('.');
  return starsIn(pattern, name) || (dot != std::string_view::npos && starsIn(pattern, name.substr(dot + 1)));
}

/// The name that `to` is for what `from` fits, with its stars in their order; nothing if it does not fit.
inline std::optional<std::string> renamed(std::string_view from, std::string_view to, std::string_view name) {
  const auto stars = starsIn(from, name);
  if (!stars)
    return std::nullopt;
  std::string result;
  std::size_t next = 0;
  for (char letter : to)
    if (letter != '*')
      result += letter;
    else if (next < stars->size())
      result += (*stars)[next++];
  return result;
}

} // namespace talweg

#endif
