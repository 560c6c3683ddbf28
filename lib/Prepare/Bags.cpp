// Text to the counts of its words.
#include "StepTable.h"
#include "StepValues.h"
#include "Utf8.h"
#include "Words.h"

#include <fmt/format.h>

namespace talweg::prepare {

namespace {
/// A number for each of the most frequent words, and of the pairs and triples that are asked for: how often it is in the text. Those
/// that the dimension has more stay 0.
class Bag : public Work {
public:
  explicit Bag(const Place &place)
      : name(place.step.name), size(place.given), least(leastOf(place.step)),
        longest(std::size_t(namedOf<std::int64_t>(place.step, "ngrams").value_or(1))) {}

  Fault apply(Row &row) const override {
    row.numbers.assign(std::size_t(size), 0);
    return eachOf(row, [&](std::string_view gram) {
      if (const std::optional<std::int32_t> found = words.find(gram))
        ++row.numbers[std::size_t(*found)];
    });
  }
  std::size_t sourceOf(std::size_t) const override { return 0; }

  bool learns() const override { return true; }
  Fault see(Row &row) override {
    return eachOf(row, [&](std::string_view gram) { counts.add(gram); });
  }
  std::int64_t bytesSeen() const override { return counts.bytes(); }
  Fault learn(LearnedStep &learned) override {
    for (WordCount &word : counts.ordered(least, size))
      learned.words.push_back(std::move(word.word));
    counts.clear();
    if (learned.words.empty())
      return {"E0759",
              fmt::format("`{}` finds no word{} in the rows that it is to learn from", name,
                          least > 1 ? fmt::format(" that comes {} times", least) : ""),
              "are the right column and the right rows chosen?"};
    return {};
  }
  bool take(const LearnedStep &learned) override {
    return isOfWords(learned) && words.set(learned.words) && words.size() > 0 && words.size() <= size;
  }

protected:
  /// Does it with each word of the texts of a row, and each pair and triple of words that stand beside each other.
  Fault eachOf(Row &row, const auto &action) const {
    std::string_view text;
    if (Fault fault = joinTexts(row, text))
      return fault;
    splitWords(text, row.pieces);
    for (std::size_t i = 0; i < row.pieces.size(); ++i) {
      row.scratch.assign(row.pieces[i]);
      action(row.scratch);
      for (std::size_t end = i + 1; end < std::min(i + longest, row.pieces.size()); ++end) {
        row.scratch += ' ';
        row.scratch += row.pieces[end];
        action(row.scratch);
      }
    }
    return {};
  }

  std::string name;
  std::int64_t size;
  WordIndex words;

private:
  std::int64_t least;
  std::size_t longest; ///< words in a row
  WordCounts counts;
};

/// Counts, each times 1 and the logarithm of how few texts have the word, in proportion to a length of 1.
class TfIdf : public Bag {
public:
  using Bag::Bag;

  Fault apply(Row &row) const override {
    if (Fault fault = Bag::apply(row))
      return fault;
    double squares = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      row.numbers[i] *= weights[i];
      squares += row.numbers[i] * row.numbers[i];
    }
    for (std::size_t i = 0; squares > 0 && i < weights.size(); ++i)
      row.numbers[i] /= std::sqrt(squares);
    return {};
  }
  Fault see(Row &row) override {
    if (Fault fault = Bag::see(row))
      return fault;
    ++texts;
    return eachOf(row, [&](std::string_view gram) {
      const auto found = textsWith.find(gram);
      Texts &of = found == textsWith.end() ? textsWith.emplace(gram, Texts()).first->second : found->second;
      of.count += of.last != texts;
      of.last = texts;
    });
  }
  std::int64_t bytesSeen() const override { return 2 * Bag::bytesSeen(); } // textsWith has them, too
  Fault learn(LearnedStep &learned) override {
    if (Fault fault = Bag::learn(learned))
      return fault;
    for (const std::string &word : learned.words)
      learned.numbers.push_back(std::log(double(1 + texts) / double(1 + textsWith.find(word)->second.count)) + 1);
    textsWith.clear();
    return {};
  }
  bool take(const LearnedStep &learned) override {
    weights = learned.numbers;
    return Bag::take({{}, learned.words, learned.model}) && weights.size() == learned.words.size() &&
           std::ranges::all_of(weights, [](double weight) { return weight >= 0 && weight <= 100; });
  }

private:
  /// That have a word: how many, and the last of them.
  struct Texts {
    std::int64_t count = 0, last = 0;
  };
  std::int64_t texts = 0;
  ByText<Texts> textsWith;
  std::vector<double> weights; ///< of each word
};
} // namespace

static constexpr StepOption bagOptions[] = {{"least", "a positive integer", isPositive},
                                            {"ngrams", "an integer from 1 to 3", [](const StepValue &value) {
                                               return isPositive(value) && std::get<std::int64_t>(value) <= 3;
                                             }}};

const StepInfo bagStep = {
    .name = "bag",
    .example = "bag(least = 2)",
    .gives = Flow::Numbers,
    .options = bagOptions,
    .gathers = true,
    .make = [](const Place &place) -> std::unique_ptr<Work> { return std::make_unique<Bag>(place); }};

const StepInfo tf_idfStep = {
    .name = "tf_idf",
    .example = "tf_idf(least = 2, ngrams = 2)",
    .gives = Flow::Numbers,
    .options = bagOptions,
    .gathers = true,
    .givesFractions = [](const Step &) { return true; },
    .make = [](const Place &place) -> std::unique_ptr<Work> { return std::make_unique<TfIdf>(place); }};

} // namespace talweg::prepare
