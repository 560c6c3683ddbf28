#include "talweg/Data/Summary.h"

#include "TableBuilder.h"

#include "Selecting.h"

#include "talweg/Prepare/Image.h"

#include <fast_float/fast_float.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>

namespace talweg::data {

//===-- one column -------------------------------------------------------------------------------------------------===//

struct Summarizer::Impl {
  ColumnSummary summary;
  std::vector<double> sample;
  std::map<std::string, std::int64_t, std::less<>> words;
  std::mt19937_64 chance; ///< the same each time

  void takeNumber(double number);
};

Summarizer::Summarizer(std::string name, std::int64_t columns) : impl(std::make_unique<Impl>()) {
  impl->summary.name = std::move(name);
  impl->summary.columns = columns;
}
Summarizer::Summarizer(Summarizer &&) noexcept = default;
Summarizer::~Summarizer() = default;

void Summarizer::Impl::takeNumber(double number) {
  const std::int64_t before = summary.numbers++;
  summary.least = before ? std::min(summary.least, number) : number;
  summary.greatest = before ? std::max(summary.greatest, number) : number;
  summary.mean += (number - summary.mean) / double(summary.numbers);
  if (before < ColumnSummary::kSampled)
    sample.push_back(number);
  else if (const std::uint64_t place = chance() % std::uint64_t(summary.numbers); place < sample.size())
    sample[place] = number;
}

/// What a text is counted as: itself, but of the bytes of an image only what it is.
static std::string_view wordOf(std::string_view text) {
  return prepare::isPng(text) ? "PNG" : prepare::isJpeg(text) ? "JPEG" : text;
}

void Summarizer::take(const prepare::Cell &cell) {
  ++impl->summary.count;
  if (cell.kind == prepare::Cell::Missing) {
    ++impl->summary.missing;
    return;
  }
  double number = cell.number;
  if (cell.kind == prepare::Cell::Text) {
    const auto [rest, error] = fast_float::from_chars(cell.text.data(), cell.text.data() + cell.text.size(), number);
    if (error != std::errc() || rest != cell.text.data() + cell.text.size() || !std::isfinite(number)) {
      const std::string_view word = wordOf(cell.text);
      const auto known = impl->words.find(word);
      if (known != impl->words.end())
        ++known->second;
      else if (std::int64_t(impl->words.size()) < ColumnSummary::kWords)
        impl->words.emplace(word, 1);
      return;
    }
  }
  if (std::isfinite(number))
    impl->takeNumber(number);
}

ColumnSummary Summarizer::finish() {
  ColumnSummary &summary = impl->summary;
  std::ranges::sort(impl->sample);
  for (int q = 0; q < 3 && !impl->sample.empty(); ++q) { // between two numbers, in proportion
    const double place = double(impl->sample.size() - 1) * (q + 1) / 4;
    const auto below = std::size_t(place);
    const double next = impl->sample[std::min(below + 1, impl->sample.size() - 1)];
    summary.quartiles[std::size_t(q)] = impl->sample[below] + (next - impl->sample[below]) * (place - double(below));
  }
  summary.words = std::int64_t(impl->words.size());
  summary.frequent.assign(impl->words.begin(), impl->words.end());
  std::ranges::sort(summary.frequent, [](const auto &a, const auto &b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  if (summary.frequent.size() > 10)
    summary.frequent.resize(10);
  return summary;
}

//===-- all of them ------------------------------------------------------------------------------------------------===//

Result<FieldSummaries> summarize(const Source &source, const std::vector<Field> &fields,
                                 std::span<const prepare::Preparation> preparations, const Limits &limits) {
  const std::vector<Taker> takers = takersOf(fields, preparations);
  Result<KeptRows> kept = keptRows(source, takers, limits);
  if (!kept)
    return kept.error();
  Result<std::unique_ptr<RecordReader>> records = openRecords(source, {.takers = takers, .limits = limits});
  if (!records)
    return records.error();
  std::vector<std::vector<Summarizer>> summarizers(fields.size());
  const std::vector<std::string> &names = (*records)->names();
  const auto begin = [&](std::size_t f, std::span<const std::int64_t> columns) {
    if (std::int64_t(columns.size()) > kApart)
      summarizers[f].emplace_back(fields[f].name, std::int64_t(columns.size()));
    else
      for (const std::int64_t column : columns)
        summarizers[f].emplace_back(names.empty() ? std::to_string(column) : names[std::size_t(column)]);
  };
  const auto visit = [&](std::size_t f, const prepare::Records &seen) {
    std::vector<Summarizer> &of = summarizers[f];
    for (std::size_t row = 0; row < seen.count(); ++row)
      for (std::size_t c = 0; c < seen.columns.size(); ++c)
        of[of.size() == 1 ? 0 : c].take(seen.cell(row, c));
  };
  if (Result<void> visited = visitRecords(**records, *kept, fields, preparations, source.threads, begin, visit);
      !visited)
    return visited.error();
  FieldSummaries summaries;
  for (std::vector<Summarizer> &of : summarizers) {
    summaries.emplace_back();
    for (Summarizer &summarizer : of)
      summaries.back().push_back(summarizer.finish());
  }
  return summaries;
}

} // namespace talweg::data
