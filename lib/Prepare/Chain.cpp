// See Chain.h: what flows from step to step, and how many values.
#include "Chain.h"

#include "Spellings.h"
#include "Texts.h"
#include "Vocabulary.h"
#include "talweg/Support/Counted.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>

namespace talweg::prepare {

std::string typeText(const Field &field) {
  std::string one(nameOf(field.element));
  if (field.category)
    one = "category";
  else if (!field.names.empty())
    one = fmt::format("class[\"{}\"]", fmt::join(field.names, "\", \""));
  else if (field.classes)
    one = fmt::format("class[{}]", *field.classes);
  return field.shape.empty() ? one : fmt::format("{}[{}]", one, fmt::join(field.shape, ", "));
}

static std::string shapeText(const Field &field) {
  return field.shape.empty() ? "" : fmt::format("[{}]", fmt::join(field.shape, ", "));
}

static std::string typed(const Field &field) { return fmt::format("the field is `{}`", typeText(field)); }

namespace {
/// Fits the steps of one field.
class ChainMaker {
public:
  ChainMaker(const Field &field, Chain &chain) : field(field), chain(chain) {}
  Fault run();

private:
  Fault checkFlow();
  Fault checkLabels();
  Fault checkNumbers();
  Fault checkImage(const StepInfo &row, std::int64_t values) const;
  Fault checkCounts();
  Fault checkClasses() const;
  void link();
  void add(std::unique_ptr<Work> work, bool maySayMore);

  const Field &field;
  Chain &chain;
  std::vector<Step> steps;            ///< the declared ones, and the one that is understood
  std::vector<const StepInfo *> rows; ///< of each
  std::vector<std::int64_t> taken;    ///< values of a record, by each
};
} // namespace

/// A vocabulary, where a category says nothing else.
static bool lacksVocabulary(const Field &field) {
  return field.category && (field.steps.empty() || stepNamed(field.steps.back().name)->gives == Flow::Text);
}

Fault ChainMaker::run() {
  for (const Step &step : field.steps)
    if (Fault fault = faultOf(step))
      return fault;
  steps = field.steps;
  if (lacksVocabulary(field))
    steps.push_back({"vocabulary"});
  for (const Step &step : steps)
    rows.push_back(stepNamed(step.name));
  if (Fault fault = checkFlow())
    return fault;
  if (Fault fault = checkCounts())
    return fault;
  link();
  return checkClasses();
}

Fault ChainMaker::checkFlow() {
  for (std::size_t i = 1; i < rows.size(); ++i) {
    const StepInfo &before = *rows[i - 1], &next = *rows[i];
    if (before.gives == next.takes || (before.gives == Flow::Text && next.takes == Flow::Numbers))
      continue;
    return {"E0752",
            fmt::format("`{}` takes {}, and `{}` gives {}", next.name, nameOf(next.takes), before.name,
                        nameOf(before.gives)),
            before.gives == Flow::Labels
                ? fmt::format("labels end the preparation: nothing comes after `{}`", before.name)
                : fmt::format("put `{}` before `{}`", next.name, before.name)};
  }
  chain.gives = rows.empty() ? Flow::Text : rows.back()->gives;
  return chain.gives == Flow::Labels ? checkLabels() : chain.gives == Flow::Numbers ? checkNumbers() : Fault();
}

Fault ChainMaker::checkLabels() {
  const std::string_view last = rows.back()->name;
  if (!field.names.empty())
    return {"E0752", fmt::format("`{}` makes classes, and {}, whose classes are named", last, typed(field)),
            fmt::format("leave out `{}`: each cell is one of the names", last)};
  if (!field.category && !field.classes)
    return {"E0752", fmt::format("`{}` gives labels, and {}", last, typed(field)),
            fmt::format("declare the field as `category{}`", shapeText(field))};
  return {};
}

Fault ChainMaker::checkNumbers() {
  const std::string_view last = rows.back()->name;
  if (field.category)
    return {
        "E0752", fmt::format("`{}` gives numbers, and {}", last, typed(field)),
        fmt::format("declare the field as `f32{0}` or, if these are labels from 0, as `class[…]{0}` with their number",
                    shapeText(field))};
  if (infoOf(field.element).isFloat() && !field.classes)
    return {};
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (rows[i]->givesFractions(steps[i]))
      return {"E0752", fmt::format("`{}` gives fractions, and {}", rows[i]->name, typed(field)),
              fmt::format("declare the field as `f32{}`", shapeText(field))};
  return {};
}

/// Of a step that gives `values`.
Fault ChainMaker::checkImage(const StepInfo &row, std::int64_t values) const {
  const std::vector<std::int64_t> &shape = field.shape;
  if (shape.size() != 3 || (shape[2] != 1 && shape[2] != 3 && shape[2] != 4) || values != field.count())
    return {"E0753", fmt::format("`{}` fills height, width and 1, 3 or 4 channels, and {}", row.name, typed(field)),
            "declare the field with them, as in `u8[32, 32, 3]`"};
  if (field.columns.size() > 1)
    return {"E0753", fmt::format("`{}` takes one cell, and {} columns are named", row.name, field.columns.size()),
            "name one column"};
  return {};
}

/// From the field's values back to the cells.
Fault ChainMaker::checkCounts() {
  const std::int64_t declared = std::ssize(field.columns);
  std::int64_t values = field.count();
  taken.resize(rows.size());
  bool isGathered = false;
  for (std::size_t i = rows.size(); i-- > 0;) {
    const StepInfo &row = *rows[i];
    if (row.isOfImages) {
      if (Fault fault = checkImage(row, values))
        return fault;
      isGathered = true;
      values = 1;
    } else if (row.gathers) {
      const bool maybeOne = row.name == "bytes" || row.name == "characters";
      if (field.shape.size() > 1 || (field.shape.empty() && !maybeOne))
        return {"E0753", fmt::format("`{}` fills one dimension, and {}", row.name, typed(field)),
                row.gives == Flow::Labels ? "declare how long a sequence is, as in `category[64]`"
                                          : "declare how many words it has room for, as in `f32[1000]`"};
      isGathered = true;
      values = std::max<std::int64_t>(declared, 1);
      if (field.shape.empty() && values > 1)
        return {"E0753", fmt::format("`{}` makes one label of one cell, and {} columns are named", row.name, values),
                "name one column, or declare how long a sequence is, as in `category[64]`"};
    } else if (const std::int64_t growth = row.growth(steps[i]); values % growth != 0) {
      return {"E0753", fmt::format("`{}` makes {} values of each, and {}", row.name, growth, typed(field)),
              fmt::format("declare a multiple of {}, as in `{}[{}]`", growth, nameOf(field.element),
                          (values / growth + 1) * growth * (field.count() / values))};
    } else {
      values /= growth;
    }
    taken[i] = values;
  }
  chain.columns = values;
  if (isGathered || rows.empty() || declared <= 1 || declared == values)
    return {};
  return {"E0753",
          fmt::format("{} are named, and {}, which takes {}", counted(declared, "column"), typed(field),
                      counted(values, "column")),
          field.shape.size() > 1
              ? fmt::format("name {}, or the first alone", values)
              : fmt::format("name {}, or the first alone, or declare [{}]", values, field.count() / values * declared)};
}

void ChainMaker::add(std::unique_ptr<Work> work, bool maySayMore) {
  chain.links.push_back({std::move(work), maySayMore ? std::optional(chain.steps++) : std::nullopt});
}

void ChainMaker::link() {
  const bool isOfText = !rows.empty()
                            ? rows[0]->takes == Flow::Text && (rows[0]->gives != Flow::Numbers || rows[0]->gathers)
                            : !field.names.empty();
  if (isOfText)
    add(makeNumbersAsText(), false);
  Flow flow = Flow::Text;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (flow != rows[i]->takes)
      add(makePlainNumbers(), false);
    const std::int64_t given = i + 1 < taken.size() ? taken[i + 1] : field.count();
    add(rows[i]->make({steps[i], field, taken[i], given}), true);
    flow = rows[i]->gives;
  }
  if (flow == Flow::Text && !field.names.empty()) {
    add(makeNamedClasses(field), false);
    chain.gives = Flow::Labels;
  }
}

Fault ChainMaker::checkClasses() const {
  if (!field.names.empty() && std::set(field.names.begin(), field.names.end()).size() < field.names.size())
    return {"E0753", fmt::format("{}, in which a name is there twice", typed(field)), "each class has its own name"};
  if (chain.links.empty() || !field.classes || chain.links.back().work->learns())
    return {};
  const std::optional<std::int64_t> classes = chain.links.back().work->classes();
  if (!classes || *classes <= *field.classes)
    return {};
  return {"E0753", fmt::format("`{}` gives {} classes, and {}", rows.back()->name, *classes, typed(field)),
          fmt::format("declare the field as `class[{}]{}`, or as `category{}`", *classes, shapeText(field),
                      shapeText(field))};
}

Fault makeChain(const Field &field, Chain &chain) {
  chain = {};
  return ChainMaker(field, chain).run();
}

Fault faultOf(const Field &field) {
  Chain chain;
  return makeChain(field, chain);
}

} // namespace talweg::prepare
