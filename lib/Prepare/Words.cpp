#include "Words.h"

#include "StepValues.h"
#include "Utf8.h"
#include "talweg/Support/Suggest.h"

#include <algorithm>

namespace talweg::prepare {

void WordTable::grow() {
  slots.assign(std::max<std::size_t>(16, 2 * slots.size()), Slot());
  for (std::size_t number = 0; number < all.size(); ++number) {
    const std::uint64_t hash = HashOfText()(all[number]);
    slotOf(all[number], hash) = {std::uint32_t(hash >> 32), std::uint32_t(number)};
  }
}

std::vector<WordCount> WordCounts::ordered(std::int64_t least, std::int64_t most) const {
  std::vector<WordCount> ordered;
  for (std::size_t number = 0; number < counts.size(); ++number)
    if (counts[number] >= least)
      ordered.push_back({words.words()[number], counts[number]});
  std::ranges::sort(ordered, [](const WordCount &a, const WordCount &b) {
    return a.count != b.count ? a.count > b.count : a.word < b.word;
  });
  if (std::ssize(ordered) > most)
    ordered.resize(std::size_t(most));
  return ordered;
}

bool WordIndex::set(const std::vector<std::string> &words) {
  table = {};
  for (const std::string &word : words)
    if (word.empty() || !isUtf8(word) || !table.add(word).second)
      return false;
  return std::ssize(words) < INT32_MAX;
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
