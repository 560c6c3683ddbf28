// The plan's data: fields and splits as the data declaration has them.
#include "Expressions.h"
#include "Planning.h"
#include "TypeNames.h"
#include "Types.h"
#include "Walk.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

using namespace talweg;
using namespace talweg::frontend;
using ast::Expr;

//===-- fields -----------------------------------------------------------------------------------------------------===//

/// Where a field's values come from.
static void planColumns(Walk &walk, const Expr &source, Field &field) {
  if (source.kind != Expr::Call || source.lhs->kind != Expr::Ident || source.lhs->text != "column" ||
      source.arguments.empty()) {
    walk.fail(Code::BadField, source.range, "a field's values come from `column(\"name\")` or `column(3)`");
    return;
  }
  for (const ast::Argument &argument : source.arguments) {
    const Value value = eval(walk, *argument.value);
    if (value.kind == Value::Text)
      field.columns.push_back(value.text);
    else if (value.isInteger() && value.number.integer >= 0)
      field.columns.push_back(value.number.integer);
    else if (!value.isPoison())
      walk.fail(Code::BadField, argument.value->range,
                "a column is a name or a number from 0, and this is " + walk.describe(value));
  }
}

/// The number of classes of a class field. Nothing: reported.
static std::optional<std::int64_t> evalClasses(Walk &walk, const ast::Type &type) {
  const bool isTold = type.classes.size() == 1 && type.classes[0].value;
  const std::optional<Count> classes = isTold ? evalDim(walk, *type.classes[0].value) : std::nullopt;
  if (classes && *classes >= 1 && *classes <= INT32_MAX)
    return *classes;
  if (classes || !isTold)
    walk.fail(Code::BadField, type.range, "a class field tells the number of its classes, as in `class[10]`");
  return std::nullopt;
}

static Field planField(Walk &walk, const ast::DataField &declared) {
  Field field;
  field.name = declared.name.text;
  const ast::Type &type = declared.type;
  const std::string &element = type.element.text;
  const std::optional<Dims> dims = evalDims(walk, type);
  if (!dims)
    return field;
  if (element == "class") {
    field.element = ElementType::I32;
    field.classes = evalClasses(walk, type);
  } else if (const auto stored = elementTypeBy(&ElementInfo::text, element); stored && infoOf(*stored).isOfFields()) {
    field.element = *stored;
  } else {
    std::vector<std::string> types = fieldTypes();
    types.pop_back(); // class
    walk.fail(Code::UnknownType, type.range,
              fmt::format("a field is `{}` or `class[…]`, not `{}`", fmt::join(types, "`, `"), element))
        .didYouMean(suggest(element, fieldTypes()));
  }
  for (const Dim &dim : *dims)
    field.shape.push_back(dim.size);
  if (declared.source)
    planColumns(walk, *declared.source, field);
  return field;
}

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
  return std::nullopt;
}

namespace {
/// What is known of a split while its arguments are read.
class SplitReader {
public:
  SplitReader(Walk &walk, const Expr &source, Split &split) : walk(walk), source(source), split(split) {}
  void run();

private:
  void readFile(const Value &value, ast::Range at);
  void readOption(const ast::Name &name, const Value &value, ast::Range at);

  Walk &walk;
  const Expr &source;
  Split &split;
  std::map<std::string, ast::Range> given; ///< where each option is
};
} // namespace

void SplitReader::readFile(const Value &value, ast::Range at) {
  if (value.kind == Value::Text)
    split.files.push_back(value.text);
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
  else
    split.options.insert({name.text, *said});
}

void SplitReader::run() {
  const int errors = walk.messages.count();
  for (const ast::Argument &argument : source.arguments) {
    const Value value = eval(walk, *argument.value);
    if (value.isPoison())
      continue;
    if (argument.name.text.empty())
      readFile(value, argument.value->range);
    else
      readOption(argument.name, value, argument.value->range);
  }
  if (walk.messages.count() != errors)
    return;
  for (const auto &[name, at] : given)
    if (const data::Option *option = split.format->option(name); !option->agrees(split.options))
      walk.fail(Code::BadSplit, at, std::string(option->rule));
  if (split.files.empty() || (split.files.size() > 1 && !split.format->severalFiles))
    walk.fail(Code::BadSplit, source.range, fmt::format("`{}` names {}", split.format->name, split.format->files));
}

static Split planSplit(Walk &walk, const ast::DataSplit &declared) {
  Split split;
  split.name = declared.name.text;
  const Expr &source = *declared.source;
  if (source.kind == Expr::Call && source.lhs->kind == Expr::Ident)
    split.format = data::formatNamed(source.lhs->text);
  if (split.format) {
    SplitReader(walk, source, split).run();
    return split;
  }
  std::vector<std::string> examples;
  for (const data::Format *format : data::formats())
    examples.push_back(fmt::format("`{}`", format->example));
  walk.fail(Code::BadSplit, source.range, fmt::format("a split is {}", fmt::join(examples, " or ")));
  return split;
}

//===-- the whole --------------------------------------------------------------------------------------------------===//

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
}
