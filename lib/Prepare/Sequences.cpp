// Text to a sequence of labels, of its bytes, characters, words or tokens.
#include "Number.h"
#include "StepTable.h"
#include "StepValues.h"
#include "Tokens.h"
#include "Utf8.h"
#include "Words.h"

#include <fmt/format.h>

namespace talweg::prepare {

namespace {
/// Cuts or pads what a text becomes to the field's one dimension: 0 is padding. In a field without dimensions, a text becomes one label.
class Sequence : public Work {
public:
  explicit Sequence(const Place &place)
      : field(place.field), length(place.isScalar() ? 0 : std::size_t(place.given)),
        isFromEnd(namedOf<std::string>(place.step, "from") == "end") {}

  Fault apply(Row &row) const override {
    row.labels.clear();
    std::string_view text;
    if (Fault fault = textOf(row, text))
      return fault;
    if (isScalar() && text.empty())
      return missingFault(field);
    labels(text, row);
    if (isScalar())
      return row.labels.size() == 1 ? Fault()
                                    : Fault{"E0763", fmt::format("{} is not one {}", quoted(text), partName()),
                                            "declare how many a sequence has, as in `category[64]`"};
    if (row.labels.size() > length && isFromEnd)
      row.labels.erase(row.labels.begin(), row.labels.end() - std::ptrdiff_t(length));
    row.labels.resize(length);
    return {};
  }
  std::size_t sourceOf(std::size_t) const override { return 0; }

protected:
  bool isScalar() const { return length == 0; }
  virtual Fault textOf(Row &row, std::string_view &text) const { return joinTexts(row, text); }
  /// Appends them to the row's.
  virtual void labels(std::string_view text, Row &row) const = 0;
  virtual std::string_view partName() const = 0;

  Field field;

private:
  std::size_t length; ///< 0: a label
  bool isFromEnd;
};

/// A byte is its number, behind that of the padding.
class Bytes : public Sequence {
public:
  using Sequence::Sequence;
  std::optional<std::int64_t> classes() const override { return isScalar() ? 256 : 257; }

private:
  Fault textOf(Row &row, std::string_view &text) const override {
    if (row.cells.size() > 1)
      return joinTexts(row, text);
    text = row.cells[0].text;
    return {};
  }
  void labels(std::string_view text, Row &row) const override {
    for (const char c : text)
      row.labels.push_back(static_cast<unsigned char>(c) + !isScalar());
  }
  std::string_view partName() const override { return "byte"; }
};

/// Behind the padding, if there is any, stands the unknown; then come the pieces in falling count.
class Pieces : public Sequence {
public:
  Pieces(const Place &place, Split split, std::string_view part)
      : Sequence(place), name(place.step.name), split(split), part(part), least(leastOf(place.step)),
        most(mostOf(place.step)) {}

  bool learns() const override { return true; }
  Fault see(Row &row) override {
    std::string_view text;
    if (Fault fault = joinTexts(row, text))
      return fault;
    split(text, row.pieces);
    for (const std::string_view piece : row.pieces)
      counts.add(piece);
    return {};
  }
  std::int64_t bytesSeen() const override { return counts.bytes(); }
  Fault learn(LearnedStep &learned) override {
    for (WordCount &word : counts.ordered(least, most))
      learned.words.push_back(std::move(word.word));
    counts.clear();
    if (learned.words.empty())
      return {"E0759",
              fmt::format("`{}` finds no {}{} in the rows that it is to learn from", name, part,
                          least > 1 ? fmt::format(" that comes {} times", least) : ""),
              "are the right column and the right rows chosen?"};
    return {};
  }
  bool take(const LearnedStep &learned) override {
    return isOfWords(learned) && words.set(learned.words) && words.size() > 0 && words.size() <= most;
  }

  std::optional<std::int64_t> classes() const override { return first() + words.size(); }
  std::vector<std::string> classNames() const override {
    std::vector<std::string> names = words.words();
    names.insert(names.begin(), std::string(kUnknown));
    if (!isScalar())
      names.insert(names.begin(), std::string(kPadding));
    return names;
  }

private:
  /// The number of the first piece.
  std::int32_t first() const { return isScalar() ? 1 : 2; }
  void labels(std::string_view text, Row &row) const override {
    split(text, row.pieces);
    for (const std::string_view piece : row.pieces) {
      const std::optional<std::int32_t> found = words.find(piece);
      row.labels.push_back(found ? *found + first() : first() - 1);
    }
  }
  std::string_view partName() const override { return part; }

  std::string name;
  Split split;
  std::string_view part;
  std::int64_t least, most;
  WordCounts counts;
  WordIndex words;
};

/// Tokens of byte pairs.
class Tokens : public Sequence {
public:
  explicit Tokens(const Place &place) : Sequence(place), most(std::get<std::int64_t>(place.step.values[0])) {}

  bool learns() const override { return true; }
  Fault see(Row &row) override {
    std::string_view text;
    if (Fault fault = joinTexts(row, text))
      return fault;
    splitSpaces(text, row.pieces);
    for (const std::string_view piece : row.pieces)
      counts.add(piece);
    return {};
  }
  std::int64_t bytesSeen() const override { return counts.bytes(); }
  Fault learn(LearnedStep &learned) override {
    const std::vector<WordCount> words = counts.ordered(1, INT64_MAX);
    counts.clear();
    return learnTokens(words, most, learned.model);
  }
  bool take(const LearnedStep &learned) override {
    return learned.numbers.empty() && learned.words.empty() && tokenizer.load(learned.model) &&
           tokenizer.size() <= most;
  }

  std::optional<std::int64_t> classes() const override { return tokenizer.size(); }
  std::vector<std::string> classNames() const override {
    std::vector<std::string> names = tokenizer.names();
    names[0] = kPadding;
    names[1] = kUnknown;
    return names;
  }

private:
  void labels(std::string_view text, Row &row) const override {
    splitSpaces(text, row.pieces);
    for (const std::string_view piece : row.pieces)
      tokenizer.append(piece, row.labels);
  }
  std::string_view partName() const override { return "token"; }

  std::int64_t most;
  WordCounts counts;
  Tokenizer tokenizer;
};
} // namespace

static bool isEnd(const StepValue &value) {
  static constexpr std::string_view ends[] = {"start", "end"};
  return isOneOf(ends, value);
}

static constexpr StepOption learnedOptions[] = {{"least", "a positive integer", isPositive},
                                                {"most", "a positive integer", isPositive},
                                                {"from", "\"start\" or \"end\"", isEnd}};
static constexpr std::span<const StepOption> cutOptions = std::span(learnedOptions).last(1);

const StepInfo bytesStep = {
    .name = "bytes",
    .example = "bytes",
    .gives = Flow::Labels,
    .options = cutOptions,
    .gathers = true,
    .make = [](const Place &place) -> std::unique_ptr<Work> { return std::make_unique<Bytes>(place); }};

const StepInfo charactersStep = {.name = "characters",
                                 .example = "characters",
                                 .gives = Flow::Labels,
                                 .options = learnedOptions,
                                 .gathers = true,
                                 .make = [](const Place &place) -> std::unique_ptr<Work> {
                                   return std::make_unique<Pieces>(place, splitCharacters, "character");
                                 }};

const StepInfo wordsStep = {.name = "words",
                            .example = "words(least = 2, most = 10000)",
                            .gives = Flow::Labels,
                            .options = learnedOptions,
                            .gathers = true,
                            .make = [](const Place &place) -> std::unique_ptr<Work> {
                              return std::make_unique<Pieces>(place, splitWords, "word");
                            }};

const StepInfo tokensStep = {
    .name = "tokens",
    .example = "tokens(8000)",
    .gives = Flow::Labels,
    .wanted = "the number of tokens, from 3 to 1000000",
    .least = 1,
    .most = 1,
    .accepts =
        [](const StepValue &value) { return isIntegerFrom(3, value) && std::get<std::int64_t>(value) <= 1'000'000; },
    .options = cutOptions,
    .gathers = true,
    .make = [](const Place &place) -> std::unique_ptr<Work> { return std::make_unique<Tokens>(place); }};

} // namespace talweg::prepare
