#include "Words.h"

#include "StepValues.h"
#include "Utf8.h"
#include "talweg/Support/Suggest.h"

#include <algorithm>

namespace talweg::prepare {

std::vector<WordCount> WordCounts::ordered(std::int64_t least, std::int64_t most) const {
  std::vector<WordCount> words;
  for (const auto &[word, count] : counts)
    if (count >= least)
      words.push_back({word, count});
  std::ranges::sort(words, [](const WordCount &a, const WordCount &b) {
    return a.count != b.count ? a.count > b.count : a.word < b.word;
  });
  if (std::ssize(words) > most)
    words.resize(std::size_t(most));
  return words;
}

bool WordIndex::set(const std::vector<std::string> &words) {
  numbers.clear();
  for (const std::string &word : words)
    if (word.empty() || !isUtf8(word) || !numbers.emplace(word, std::int32_t(numbers.size())).second)
      return false;
  return std::ssize(words) < INT32_MAX;
}

std::vector<std::string> WordIndex::words() const {
  std::vector<std::string> words(numbers.size());
  for (const auto &[word, number] : numbers)
    words[std::size_t(number)] = word;
  return words;
}

std::string WordIndex::closestTo(std::string_view word) const {
  constexpr std::int64_t mostCompared = 10'000;
  return size() > mostCompared ? "" : suggest(word, words());
}

std::int64_t leastOf(const Step &step) { return namedOf<std::int64_t>(step, "least").value_or(1); }

std::int64_t mostOf(const Step &step) {
  constexpr std::int64_t mostLabels = INT32_MAX - 2;
  return std::min(namedOf<std::int64_t>(step, "most").value_or(mostLabels), mostLabels);
}

} // namespace talweg::prepare
