// Words that are counted, and then known by their numbers. Internal.
#ifndef TALWEG_LIB_PREPARE_WORDS_H
#define TALWEG_LIB_PREPARE_WORDS_H

#include "talweg/Support/Step.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace talweg::prepare {

struct HashOfText {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};
template <typename T> using ByText = std::unordered_map<std::string, T, HashOfText, std::equal_to<>>;

struct WordCount {
  std::string word;
  std::int64_t count;
};

class WordCounts {
public:
  void add(std::string_view word, std::int64_t times = 1) {
    const auto found = counts.find(word);
    if (found == counts.end())
      counts.emplace(word, times);
    else
      found->second += times;
  }
  /// Those that come at least so often, in falling count, equal counts by their bytes; the first so many.
  std::vector<WordCount> ordered(std::int64_t least, std::int64_t most) const;
  void clear() { counts.clear(); }

private:
  ByText<std::int64_t> counts;
};

class WordIndex {
public:
  /// False where a word is empty, not UTF-8, or is there twice.
  bool set(const std::vector<std::string> &words);
  std::int64_t size() const { return std::int64_t(numbers.size()); }
  std::optional<std::int32_t> find(std::string_view word) const {
    const auto found = numbers.find(word);
    return found == numbers.end() ? std::nullopt : std::optional(found->second);
  }
  /// In the order of their numbers.
  std::vector<std::string> words() const;
  /// The one that was most likely meant; empty if none is close.
  std::string closestTo(std::string_view word) const;

private:
  ByText<std::int32_t> numbers;
};

/// FNV-1a of 64 bits.
constexpr std::uint64_t fnv1a(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text)
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

/// The limits that a step gives, `least` and `most`; none are 1 and as many as there are labels.
std::int64_t leastOf(const Step &step);
std::int64_t mostOf(const Step &step);

/// Whether only words were learned.
inline bool isOfWords(const LearnedStep &learned) { return learned.numbers.empty() && learned.model.empty(); }

/// What classes are called that are no words.
inline constexpr std::string_view kUnknown = "<unknown>", kMissing = "<missing>", kPadding = "<padding>";

} // namespace talweg::prepare

#endif
