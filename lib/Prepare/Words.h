// Words that are counted, and then known by their numbers. Internal.
#ifndef TALWEG_LIB_PREPARE_WORDS_H
#define TALWEG_LIB_PREPARE_WORDS_H

#include "talweg/Support/Step.h"

#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace talweg::prepare {

/// Of short texts, eight bytes at a time.
struct HashOfText {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    std::uint64_t hash = text.size() * kFactor;
    const char *at = text.data();
    std::size_t left = text.size();
    for (; left >= 8; left -= 8, at += 8)
      hash = mixed(hash, bytesAt(at, 8));
    return mixed(hash, bytesAt(at, left));
  }

private:
  static constexpr std::uint64_t kFactor = 0x9e3779b97f4a7c15;
  static std::uint64_t bytesAt(const char *at, std::size_t count) {
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, at, count);
    return bytes;
  }
  static std::uint64_t mixed(std::uint64_t hash, std::uint64_t bytes) {
    const auto product = static_cast<unsigned __int128>(hash ^ bytes) * kFactor;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  }
};
template <typename T> using ByText = std::unordered_map<std::string, T, HashOfText, std::equal_to<>>;

/// Words with numbers from 0, in the order in which they were added.
class WordTable {
public:
  /// The word's number, and whether it is new.
  std::pair<std::size_t, bool> add(std::string_view word) {
    if (2 * (all.size() + 1) > slots.size())
      grow();
    Slot &slot = slotOf(word, HashOfText()(word));
    const bool isNew = slot.number == kNone;
    if (isNew) {
      slot = {std::uint32_t(HashOfText()(word) >> 32), std::uint32_t(all.size())};
      all.emplace_back(word);
    }
    return {slot.number, isNew};
  }
  std::optional<std::size_t> find(std::string_view word) const {
    if (all.empty())
      return std::nullopt;
    const std::uint32_t number = const_cast<WordTable *>(this)->slotOf(word, HashOfText()(word)).number;
    return number == kNone ? std::nullopt : std::optional<std::size_t>(number);
  }
  const std::vector<std::string> &words() const { return all; }

private:
  static constexpr std::uint32_t kNone = UINT32_MAX;
  struct Slot {
    std::uint32_t hash = 0, number = kNone;
  };

  /// Where the word is, or would be put.
  Slot &slotOf(std::string_view word, std::uint64_t hash) {
    for (std::size_t at = hash;; ++at) {
      Slot &slot = slots[at & (slots.size() - 1)];
      if (slot.number == kNone || (slot.hash == std::uint32_t(hash >> 32) && all[slot.number] == word))
        return slot;
    }
  }
  void grow();

  std::vector<Slot> slots; ///< a power of two of them, half of which are free
  std::vector<std::string> all;
};

struct WordCount {
  std::string word;
  std::int64_t count;
};

class WordCounts {
public:
  void add(std::string_view word, std::int64_t times = 1) {
    const auto [number, isNew] = words.add(word);
    if (isNew) {
      counts.push_back(0);
      bytesOfTexts += std::int64_t(word.size());
    }
    counts[number] += times;
  }
  /// In memory, in proportion.
  std::int64_t bytes() const {
    constexpr std::int64_t ofWord = 96; // a string, its number in a table that is half full, and a count
    return bytesOfTexts + ofWord * std::int64_t(counts.size());
  }
  /// Those that come at least so often, in falling count, equal counts by their bytes; the first so many.
  std::vector<WordCount> ordered(std::int64_t least, std::int64_t most) const;
  void clear() { *this = {}; }

private:
  WordTable words;
  std::vector<std::int64_t> counts; ///< of each
  std::int64_t bytesOfTexts = 0;
};

class WordIndex {
public:
  /// False where a word is empty, not UTF-8, or is there twice.
  bool set(const std::vector<std::string> &words);
  std::int64_t size() const { return std::int64_t(table.words().size()); }
  std::optional<std::int32_t> find(std::string_view word) const {
    const std::optional<std::size_t> number = table.find(word);
    return number ? std::optional(std::int32_t(*number)) : std::nullopt;
  }
  /// In the order of their numbers.
  const std::vector<std::string> &words() const { return table.words(); }
  /// The one that was most likely meant; empty if none is close.
  std::string closestTo(std::string_view word) const;

private:
  WordTable table;
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
