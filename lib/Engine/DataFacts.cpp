// See DataFacts.h.
#include "talweg/Engine/DataFacts.h"

#include "DatasetImpl.h"
#include "Learn.h"
#include "ProgramImpl.h"

#include "talweg/Data/Summary.h"
#include "talweg/Prepare/Steps.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

using namespace talweg;

/// `filled("mean") |> scaled(0, 1)`
static std::string stepsText(const std::vector<Step> &steps) {
  std::vector<std::string> texts;
  for (const Step &step : steps) {
    std::vector<std::string> given;
    for (const StepValue &value : step.values)
      given.push_back(prepare::textOf(value));
    for (const auto &[name, value] : step.named)
      given.push_back(fmt::format("{} = {}", name, prepare::textOf(value)));
    texts.push_back(given.empty() ? step.name : fmt::format("{}({})", step.name, fmt::join(given, ", ")));
  }
  return fmt::format("{}", fmt::join(texts, " |> "));
}

/// The words of the last step that has learned some.
static std::vector<std::string> vocabularyOf(const std::vector<LearnedField> &learned, const std::string &field) {
  std::vector<std::string> words;
  const auto known = std::ranges::find(learned, field, &LearnedField::field);
  if (known != learned.end())
    for (const LearnedStep &step : known->steps)
      if (!step.words.empty())
        words = step.words;
  return words;
}

static std::vector<std::int64_t> classRows(const data::Table &table, std::size_t f) {
  const data::Field &field = table.fields[f];
  std::vector<std::int64_t> counts(std::size_t(field.classes.value_or(0)));
  for (std::int64_t i = 0; field.classes && i < table.rows * field.count(); ++i)
    ++counts[std::size_t(table.values<std::int32_t>(f)[i])];
  return counts;
}

static std::optional<BalanceFacts> balanceOf(const Compiler &compiler, const Dataset::Impl &data,
                                             const std::string &split) {
  const std::optional<data::ColumnRef> column = balancedColumn(compiler.plan().splits, split);
  const std::optional<RecordClasses> classes = data.classes();
  if (!column || !classes)
    return std::nullopt;
  const auto *name = std::get_if<std::string>(&*column);
  BalanceFacts facts{name ? *name : fmt::format("{}", std::get<std::int64_t>(*column)), classes->count(),
                     classes->sizeOf(0), classes->sizeOf(0)};
  for (std::int64_t number = 1; number < facts.classes; ++number) {
    facts.fewest = std::min(facts.fewest, classes->sizeOf(number));
    facts.most = std::max(facts.most, classes->sizeOf(number));
  }
  return facts;
}

Result<DataFacts> talweg::dataFacts(const Program &program, const Dataset &data, const std::string &split,
                                    const std::string &path) {
  const Compiler &compiler = *program.impl->compiler;
  Result<data::Source> source =
      sourceOf({compiler.plan().splits, compiler.file(), program.impl->options.fold, program.impl->options.threads},
               split, path);
  if (!source)
    return source.error();
  auto preparations = program.impl->preparations();
  if (!preparations)
    return preparations.error();
  const data::Table &table = data.impl->table;
  Result<data::FieldSummaries> summaries =
      data::summarize(*source, table.fields, *preparations, limitsOf(program.impl->options));
  if (!summaries)
    return summaries.error();
  DataFacts facts{data.rows(), table.rows, data.bytes(), data.files(), {}, balanceOf(compiler, *data.impl, split)};
  for (std::size_t f = 0; f < table.fields.size(); ++f) {
    const Field &field = program.manifest().fields[f];
    FieldFacts of{field.name, data::Field{field}.typeText(), stepsText(field.steps), field.window};
    for (data::ColumnSummary &column : (*summaries)[f])
      of.columns.push_back({column.name, column.columns, column.count, column.missing, column.numbers, column.least,
                            column.greatest, column.mean, column.quartiles, column.words, column.frequent});
    of.classRows = classRows(table, f);
    of.vocabulary = vocabularyOf(program.learned(), field.name);
    facts.fields.push_back(std::move(of));
  }
  return facts;
}
