// Text to labels: one for each cell.
#include "Vocabulary.h"

#include "Number.h"
#include "StepTable.h"
#include "StepValues.h"
#include "Utf8.h"
#include "Words.h"

#include <fmt/format.h>

namespace talweg::prepare {

namespace {
/// Makes a label of each cell by itself.
class CellsToLabels : public Work {
public:
  Fault apply(Row &row) const override {
    row.labels.resize(row.cells.size());
    for (std::size_t i = 0; i < row.cells.size(); ++i) {
      Fault fault = faultOfUtf8(row.cells[i].text);
      if (!fault)
        fault = label(row.cells[i], row.labels[i]);
      if (fault) {
        fault.cell = i;
        return fault;
      }
    }
    return {};
  }

private:
  /// Of a cell that is missing, or a text.
  virtual Fault label(const Cell &cell, std::int32_t &label) const = 0;
};
} // namespace

static std::string meantBy(std::string_view word, const WordIndex &words) {
  const std::string meant = words.closestTo(word);
  return meant.empty() ? "" : fmt::format("did you mean {}?", quoted(meant));
}

//===-- classes with names ----------------------------------------------------------------------------------------===//

namespace {
class NamedClasses : public CellsToLabels {
public:
  explicit NamedClasses(const Field &field) : field(field) { words.set(field.names); }

private:
  Fault label(const Cell &cell, std::int32_t &label) const override {
    if (isMissing(cell))
      return missingFault(field);
    const std::optional<std::int32_t> found = words.find(cell.text);
    label = found.value_or(0);
    return found ? Fault() : Fault{"E0755", quoted(cell.text) + " is none of the classes", help(cell.text)};
  }
  std::string help(std::string_view text) const {
    std::string meant = meantBy(text, words);
    if (!meant.empty())
      return meant;
    constexpr std::size_t most = 12;
    std::string listed;
    for (std::size_t i = 0; i < std::min(field.names.size(), most); ++i)
      listed += (i ? ", " : "") + quoted(field.names[i]);
    return "they are " + listed + (field.names.size() > most ? ", …" : "");
  }

  Field field;
  WordIndex words;
};
} // namespace

std::unique_ptr<Work> makeNamedClasses(const Field &field) { return std::make_unique<NamedClasses>(field); }

//===-- vocabulary ------------------------------------------------------------------------------------------------===//

namespace {
/// 0 is unknown and 1 is missing, then come the words, in falling count. Without an unknown, only the words.
class Vocabulary : public CellsToLabels {
public:
  explicit Vocabulary(const Place &place)
      : least(leastOf(place.step)), most(mostOf(place.step)),
        hasUnknown(namedOf<bool>(place.step, "unknown").value_or(true)) {}

  bool learns() const override { return true; }
  Fault see(Row &row) override {
    for (std::size_t i = 0; i < row.cells.size(); ++i) {
      if (Fault fault = faultOfUtf8(row.cells[i].text)) {
        fault.cell = i;
        return fault;
      }
      if (!isMissing(row.cells[i]))
        counts.add(row.cells[i].text);
    }
    return {};
  }
  std::int64_t bytesSeen() const override { return counts.bytes(); }
  Fault learn(LearnedStep &learned) override {
    for (WordCount &word : counts.ordered(least, most))
      learned.words.push_back(std::move(word.word));
    counts.clear();
    if (learned.words.empty() && !hasUnknown)
      return {"E0759", "`vocabulary` finds no word in any row that it is to learn from",
              "are the right column and the right rows chosen?"};
    return {};
  }
  bool take(const LearnedStep &learned) override {
    return isOfWords(learned) && words.set(learned.words) && words.size() <= most && (hasUnknown || words.size() > 0);
  }

  std::optional<std::int64_t> classes() const override { return words.size() + (hasUnknown ? 2 : 0); }
  std::vector<std::string> classNames() const override {
    std::vector<std::string> names = words.words();
    if (hasUnknown)
      names.insert(names.begin(), {std::string(kUnknown), std::string(kMissing)});
    return names;
  }

private:
  Fault label(const Cell &cell, std::int32_t &label) const override {
    if (isMissing(cell)) {
      label = 1;
      return hasUnknown ? Fault()
                        : Fault{"E0712", "this value is missing", "remove the row, or leave out `unknown = false`"};
    }
    const std::optional<std::int32_t> found = words.find(cell.text);
    label = found ? *found + (hasUnknown ? 2 : 0) : 0;
    if (found || hasUnknown)
      return {};
    const std::string meant = meantBy(cell.text, words);
    return {"E0755", quoted(cell.text) + " is none of the words that were learned",
            meant.empty() ? "without `unknown = false`, unknown is a class of its own" : meant};
  }

  std::int64_t least, most;
  bool hasUnknown;
  WordCounts counts;
  WordIndex words;
};
} // namespace

static constexpr StepOption vocabularyOptions[] = {{"least", "a positive integer", isPositive},
                                                   {"most", "a positive integer", isPositive},
                                                   {"unknown", "`true` or `false`", isTruth}};

static std::string_view unlessAllAreKnown(const Step &step) {
  const bool isLimited = step.named.contains("least") || step.named.contains("most");
  return isLimited && !namedOf<bool>(step, "unknown").value_or(true)
             ? "`least` and `most` leave words unknown, for which `unknown = false` has no class"
             : "";
}

const StepInfo vocabularyStep = {
    .name = "vocabulary",
    .example = "vocabulary(least = 10)",
    .gives = Flow::Labels,
    .options = vocabularyOptions,
    .broken = unlessAllAreKnown,
    .make = [](const Place &place) -> std::unique_ptr<Work> { return std::make_unique<Vocabulary>(place); }};

//===-- hashed ----------------------------------------------------------------------------------------------------===//

namespace {
/// 0 is missing; a word is 1 and its FNV-1a modulo one less than the number of classes.
class Hashed : public CellsToLabels {
public:
  explicit Hashed(std::int64_t count) : count(count) {}
  std::optional<std::int64_t> classes() const override { return count; }

private:
  Fault label(const Cell &cell, std::int32_t &label) const override {
    label = isMissing(cell) ? 0 : std::int32_t(1 + fnv1a(cell.text) % std::uint64_t(count - 1));
    return {};
  }

  std::int64_t count;
};
} // namespace

const StepInfo hashedStep = {
    .name = "hashed",
    .example = "hashed(100)",
    .gives = Flow::Labels,
    .wanted = "the number of classes, from 2 to 2147483647",
    .least = 1,
    .most = 1,
    .accepts =
        [](const StepValue &value) { return isIntegerFrom(2, value) && std::get<std::int64_t>(value) <= INT32_MAX; },
    .make = [](const Place &place) -> std::unique_ptr<Work> {
      return std::make_unique<Hashed>(std::get<std::int64_t>(place.step.values[0]));
    }};

} // namespace talweg::prepare
