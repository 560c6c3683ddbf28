// What a run has learned, changed by chance: it is refused, or gives what the field holds.
#include "../Support/Apart.h"
#include "../Support/Mutations.h"
#include "Prepared.h"
#include "talweg/Prepare/Learned.h"

#include <cmath>

namespace talweg::prepare {

using random::Cases;
using random::Chance;

namespace {
/// A field, and what it learns of.
struct Learner {
  Field field;
  Rows rows;
};
} // namespace

static std::vector<Learner> learners() {
  const Rows some = numbers({1, 2, 4, 8, -3});
  const Rows words = texts({"the cat saw", "a dog", "the dog saw a cat", "über the dog's end"});
  return {{f64({}, {{"filled", {"median"}}, {"standardized"}}), some},
          {f64({}, {{"filled", {"mean"}}, {"scaled", {0., 1.}}, {"ranks"}}), some},
          {category({}, {}), words},
          {category({}, {{"vocabulary", {}, {{"unknown", false}}}}), words},
          {category({6}, {{"characters"}}), words},
          {category({6}, {{"words"}}), words},
          {f64({4}, {{"bag"}}), words},
          {f64({5}, {{"tf_idf"}}), words},
          {f64({}, {{"balanced"}}), words},
          {category({6}, {{"tokens", {std::int64_t(24)}}}), words}};
}

/// What is wrong with how `field` takes what `text` says, and what it then makes of `rows`.
static std::string wrong(const Learner &learner, const std::string &text) {
  Result<std::vector<LearnedField>> fields = learnedOf(text);
  if (!fields)
    return fields.error().code == "E0762" ? "" : fields.error().message;
  if (fields->empty())
    return "";
  const Field &field = learner.field;
  Preparation preparation = created(field);
  if (Result<void> taken = preparation.take(fields->front().steps); !taken)
    return taken.error().code == "E0762" || taken.error().code == "E0760" ? "" : taken.error().message;
  const std::vector<std::string> names = preparation.classNames();
  if (!names.empty() && std::ssize(names) != preparation.classes())
    return "other names than classes";
  for (const Cells &row : learner.rows) {
    std::vector<std::byte> bytes(std::size_t(field.bytes()));
    if (preparation.prepare(row, bytes.data()))
      continue;
    for (std::int64_t i = 0; i < field.count(); ++i) {
      std::int32_t label = 0;
      double number = 0;
      if (field.category)
        std::memcpy(&label, bytes.data() + i * std::int64_t(sizeof label), sizeof label);
      else
        std::memcpy(&number, bytes.data() + i * std::int64_t(sizeof number), sizeof number);
      if (!std::isfinite(number) || label < 0 || (field.category && label >= preparation.classes()))
        return "gives " + std::to_string(label) + " or " + std::to_string(number);
    }
  }
  return "";
}

static void expectAnswers(bool ofModels) {
  std::vector<Learner> all = learners();
  if (ofModels)
    all.erase(all.begin(), all.end() - 1);
  std::vector<std::vector<LearnedStep>> known;
  for (const Learner &learner : all)
    known.push_back(learned(learner.field, learner.rows).learned());
  const Cases cases = Cases::of("TALWEG_LEARNED", 100, 1500);
  const auto check = [&](std::uint64_t number) {
    Chance chance(cases.seedOf(number));
    random::Mutator mutator(chance);
    const std::size_t of = number % all.size();
    std::vector<LearnedStep> steps = known[of];
    if (ofModels)
      steps.front().model = mutator.mutated(steps.front().model);
    const std::string text = learnedText({{"x", "", steps}});
    return wrong(all[of], ofModels ? text : mutator.mutated(text));
  };
  EXPECT_EQ(random::wrongApart(cases, check), "");
}

TEST(LearnedMutations, of_its_text_are_refused_or_taken) { expectAnswers(false); }
TEST(LearnedMutations, of_a_model_of_tokens_are_refused_or_taken) { expectAnswers(true); }

} // namespace talweg::prepare
