// The plan's data: splits as the data declaration has them, and the whole.
#include "Expressions.h"
#include "Planning.h"
#include "Walk.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

using namespace talweg;
using namespace talweg::frontend;
using ast::Expr;

//===-- splits -----------------------------------------------------------------------------------------------------===//

/// The value of an option of a split, if it is of a kind that options have.
static std::optional<data::OptionValue> optionValue(const Value &value) {
  if (value.kind == Value::Bool)
    return value.boolean;
  if (value.kind == Value::Text)
    return value.text;
  if (value.kind == Value::Range)
    return data::Range{value.items[0].number.integer, value.items[1].number.integer};
  if (value.isInteger())
    return value.number.integer;
  if (value.kind == Value::List && !value.items.empty()) {
    std::vector<std::string> texts;
    for (const Value &item : value.items)
      if (item.kind == Value::Text)
        texts.push_back(item.text);
      else
        return std::nullopt;
    return texts;
  }
  return std::nullopt;
}

namespace {
/// What is known of a split while its arguments are read.
class SplitReader {
public:
  SplitReader(Walk &walk, const Expr &source, Split &split) : walk(walk), source(source), split(split) {}
  /// Of a split that is as another one where it says nothing else, `split` is that one.
  void run();

private:
  void readFile(const Value &value, ast::Range at);
  void readOption(const ast::Name &name, const Value &value, ast::Range at);

  Walk &walk;
  const Expr &source;
  Split &split;
  std::vector<std::string> files;
  std::map<std::string, ast::Range> given; ///< where each option is
};
} // namespace

void SplitReader::readFile(const Value &value, ast::Range at) {
  if (value.kind == Value::Text)
    files.push_back(value.text);
  else
    walk.fail(Code::BadSplit, at, "a file's name is a text, and this is " + walk.describe(value));
}

void SplitReader::readOption(const ast::Name &name, const Value &value, ast::Range at) {
  const data::Option *option = split.format->option(name.text);
  if (!option) {
    walk.fail(Code::BadSplit, name.range, fmt::format("`{}` has no option `{}`", split.format->name, name.text))
        .didYouMean(suggest(name.text, split.format->optionNames()));
    return;
  }
  const auto [first, isNew] = given.insert({name.text, {at.file, name.range.begin, at.end}});
  if (!isNew)
    walk.fail(Code::DuplicateArgument, name.range, fmt::format("`{}` is given twice", name.text))
        .note(first->second, "first here");
  else if (const auto said = optionValue(value); !said || !option->accepts(*said))
    walk.fail(Code::BadSplit, at,
              fmt::format("`{}` is {}, and this is {}", name.text, option->wanted, walk.describe(value)));
  else if (name.text == data::kBalanced && split.name != "train")
    walk.fail(Code::BadSplit, name.range, "rows are drawn in training alone: `balanced` is said of the split `train`");
  else
    split.options.insert_or_assign(name.text, *said);
}

void SplitReader::run() {
  const int errors = walk.messages.count();
  std::erase_if(split.options, [](const auto &option) { return option.first == data::kBalanced; }); // of another split
  const auto isFile = [](const ast::Argument &argument) { return argument.name.text.empty(); };
  if (std::ranges::any_of(source.arguments, isFile)) // which rows are chosen is said of a file
    std::erase_if(split.options, [&](const auto &option) { return split.format->isOfRows(option.first); });
  for (const ast::Argument &argument : source.arguments) {
    const Value value = eval(walk, *argument.value);
    if (value.isPoison())
      continue;
    if (isFile(argument))
      readFile(value, argument.value->range);
    else
      readOption(argument.name, value, argument.value->range);
  }
  if (walk.messages.count() != errors)
    return;
  for (const auto &[name, at] : given)
    if (const data::Option *option = split.format->option(name); !option->agrees(split.options))
      walk.fail(Code::BadSplit, at, std::string(option->rule));
  if (!files.empty())
    split.files = files;
  if (split.files.empty() || (split.files.size() > 1 && !split.format->severalFiles))
    walk.fail(Code::BadSplit, source.range, fmt::format("`{}` names {}", split.format->name, split.format->files));
}

static Split planSplit(Walk &walk, const ast::DataSplit &declared) {
  Split split;
  const Expr &source = *declared.source;
  const std::string called = source.kind == Expr::Call && source.lhs->kind == Expr::Ident ? source.lhs->text : "";
  const auto known = std::ranges::find(walk.plan.splits, called, &Split::name);
  if (known != walk.plan.splits.end())
    split = *known;
  else
    split.format = data::formatNamed(called);
  split.name = declared.name.text;
  if (known != walk.plan.splits.end() && !split.format) // what is wrong there is told
    return split;
  if (split.format) {
    SplitReader(walk, source, split).run();
    return split;
  }
  std::vector<std::string> others;
  for (const data::Format *format : data::formats().subspan(1))
    others.push_back(fmt::format("`{}`", format->name));
  Failure failure = walk.fail(Code::BadSplit, source.range,
                              fmt::format("a split is `{}`, or of another format: {}", data::formats().front()->example,
                                          fmt::join(others, ", ")));
  if (!walk.plan.splits.empty()) {
    const std::string &before = walk.plan.splits.front().name;
    failure.help(fmt::format("one that is read as `{0}` is: `{0}(\"another file\")`", before));
  }
  return split;
}

//===-- the whole --------------------------------------------------------------------------------------------------===//

/// Windows consist of rows that follow each other, and begin at the same rows.
static void checkWindows(Walk &walk) {
  const auto hasWindow = [](const Field &field) { return field.window.has_value(); };
  const auto first = std::ranges::find_if(walk.fields, hasWindow);
  if (first == walk.fields.end())
    return;
  for (std::size_t f = 0; f < walk.fields.size(); ++f)
    if (const Field &field = walk.fields[f]; field.window && field.window->by != first->window->by)
      walk.fail(Code::BadField, walk.names.data->fields[f].name.range,
                fmt::format("the windows of `{}` and `{}` are not of rows with one value in the same column",
                            field.name, first->name))
          .help("write the same `by = …` in all windows");
    else if (field.window && field.window->stride != first->window->stride)
      walk.fail(Code::BadField, walk.names.data->fields[f].name.range,
                fmt::format("the windows of `{}` begin at every {} rows, and those of `{}` at every {}", field.name,
                            field.window->stride, first->name, first->window->stride));
  for (std::size_t s = 0; s < walk.plan.splits.size(); ++s)
    for (const auto &[option, value] : walk.plan.splits[s].options)
      if (data::Format::isOfRows(option) && option != "rows" && option != "percent")
        walk.fail(Code::BadSplit, walk.names.data->splits[s].name.range,
                  fmt::format(
                      "the rows of `{}` do not follow each other in the file, as those of windows do: `{}` leaves out "
                      "rows between them",
                      walk.plan.splits[s].name, option));
}

void frontend::planData(Walk &walk) {
  std::set<std::string> names;
  for (const ast::DataField &field : walk.names.data->fields) {
    if (!names.insert(field.name.text).second)
      walk.fail(Code::AlreadyDefined, field.name.range, fmt::format("`{}` is declared twice", field.name.text));
    walk.fields.push_back(planField(walk, field));
  }
  names.clear();
  for (const ast::DataSplit &split : walk.names.data->splits) {
    if (!names.insert(split.name.text).second)
      walk.fail(Code::AlreadyDefined, split.name.range, fmt::format("split `{}` is declared twice", split.name.text));
    walk.plan.splits.push_back(planSplit(walk, split));
  }
  if (walk.fields.empty())
    walk.fail(Code::BadField, walk.names.data->name.range, "a data declaration has at least one field");
  if (!walk.diagnostics.hasErrors())
    checkWindows(walk);
}
