// Fields of the data: their types, which cells they take, what is done to these.
#include "Expressions.h"
#include "Planning.h"
#include "TypeNames.h"
#include "Types.h"
#include "Walk.h"

#include "talweg/Prepare/Preparation.h"
#include "talweg/Prepare/Steps.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

using namespace talweg;
using namespace talweg::frontend;
using ast::Expr;

//===-- where values come from -------------------------------------------------------------------------------------===//

/// `column("name")`, `column(3)`, `column("a", "b")`.
static void planColumns(Walk &walk, const Expr &source, Field &field) {
  if (source.arguments.empty())
    walk.fail(Code::BadField, source.range, "a field's values come from `column(\"name\")` or `column(3)`");
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

/// `window(0..64)`, `window(-96..0, stride = 24)`.
static void planWindow(Walk &walk, const Expr &source, Field &field) {
  RowWindow window{0, 0, 1};
  for (const ast::Argument &argument : source.arguments) {
    const Value value = eval(walk, *argument.value);
    if (value.isPoison())
      return;
    if (argument.name.text.empty() && value.kind == Value::Range && window.size() == 0) {
      window.begin = value.items[0].number.integer;
      window.end = value.items[1].number.integer;
    } else if (argument.name.text == "by" && value.kind == Value::Text && !value.text.empty()) {
      window.by = value.text;
    } else if (argument.name.text == "stride" && value.isInteger() && value.number.integer >= 1) {
      window.stride = value.number.integer;
    } else {
      window.end = window.begin;
      break;
    }
  }
  constexpr std::int64_t farthest = std::int64_t(1) << 30;
  if (window.size() < 1 || window.begin < -farthest || window.end > farthest) {
    walk.fail(Code::BadField, source.range, "a window is a range of rows, counted from the record's own")
        .help("write `window(0..64)`, `window(-96..0, stride = 24)` for every 24th row, or `window(-7..0, by = "
              "\"shop\")` for rows "
              "of one shop");
    return;
  }
  if (field.window)
    walk.fail(Code::BadField, source.range, "a field has one window");
  else if (field.shape.empty() || field.shape[0] != window.size())
    walk.fail(Code::BadField, source.range,
              fmt::format("the window has {} rows, and the first extent of `{}` is {}", window.size(), field.name,
                          field.shape.empty() ? "missing" : std::to_string(field.shape[0])));
  field.window = window;
}

static std::optional<StepValue> stepValue(const Value &value) {
  if (value.kind == Value::Bool)
    return value.boolean;
  if (value.kind == Value::Text)
    return value.text;
  if (value.isInteger())
    return value.number.integer;
  if (value.isNumber() || value.kind == Value::Hyper)
    return value.number.asReal();
  return std::nullopt;
}

/// `standardized`, `filled("mean", indicated = true)`. Nothing: reported.
static std::optional<Step> planStep(Walk &walk, const Expr &source) {
  Step step{source.kind == Expr::Ident ? source.text : source.lhs->text};
  for (const ast::Argument &argument : source.arguments) {
    const Value value = eval(walk, *argument.value);
    if (value.isPoison())
      return std::nullopt;
    const std::optional<StepValue> given = stepValue(value);
    if (!given) {
      walk.fail(Code::BadField, argument.value->range,
                fmt::format("`{}` takes numbers, texts, `true` and `false`, and this is {}", step.name,
                            walk.describe(value)));
      return std::nullopt;
    }
    if (argument.name.text.empty())
      step.values.push_back(*given);
    else if (!step.named.emplace(argument.name.text, *given).second)
      walk.fail(Code::DuplicateArgument, argument.name.range, fmt::format("`{}` is given twice", argument.name.text));
  }
  if (const prepare::Fault fault = prepare::faultOf(step)) {
    Failure failure = walk.fail(Code::BadField, source.range, fault.situation);
    if (!fault.help.empty())
      failure.help(fault.help);
    return std::nullopt;
  }
  return step;
}

/// The links of `a |> b |> c`.
static std::vector<const Expr *> linksOf(const Expr &source) {
  std::vector<const Expr *> links;
  const Expr *first = &source;
  for (; first->kind == Expr::Pipe; first = first->lhs.get())
    links.push_back(first->rhs.get());
  links.push_back(first);
  return {links.rbegin(), links.rend()};
}

static void planSource(Walk &walk, const Expr &source, Field &field) {
  bool isFirst = true;
  for (const Expr *link : linksOf(source)) {
    const bool isCall = link->kind == Expr::Call && link->lhs->kind == Expr::Ident;
    const std::string name = isCall ? link->lhs->text : link->kind == Expr::Ident ? link->text : "";
    if (name.empty())
      walk.fail(Code::BadField, link->range, "a field's values come from `column(\"name\")` or `column(3)`")
          .help("what is done to them stands behind it: `column(\"age\") |> standardized`");
    else if (name == "column" && isFirst)
      planColumns(walk, *link, field);
    else if (name == "column")
      walk.fail(Code::BadField, link->range, "`column` stands first");
    else if (name == "window")
      planWindow(walk, *link, field);
    else if (std::optional<Step> step = planStep(walk, *link))
      field.steps.push_back(std::move(*step));
    isFirst = false;
  }
}

//===-- types ------------------------------------------------------------------------------------------------------===//

/// The classes of a class field: their number, or their names. Nothing: reported.
static void planClasses(Walk &walk, const ast::Type &type, Field &field) {
  const bool isNamed = type.classes.size() > 1 || (type.classes.size() == 1 && type.classes[0].value &&
                                                   type.classes[0].value->kind == Expr::String);
  if (isNamed) {
    for (const ast::Index &index : type.classes) {
      const Value value = index.value ? eval(walk, *index.value) : Value::nothing();
      if (value.kind != Value::Text) {
        if (!value.isPoison())
          walk.fail(Code::BadField, index.range,
                    "classes are a number, `class[10]`, or names: `class[\"no\", \"yes\"]`");
        return;
      }
      if (std::ranges::find(field.names, value.text) != field.names.end())
        walk.fail(Code::AlreadyDefined, index.range, fmt::format("two classes are called `{}`", value.text));
      field.names.push_back(value.text);
    }
    field.classes = std::int64_t(field.names.size());
    return;
  }
  const bool isTold = type.classes.size() == 1 && type.classes[0].value;
  const std::optional<Count> classes = isTold ? evalDim(walk, *type.classes[0].value) : std::nullopt;
  if (classes && *classes >= 1 && *classes <= INT32_MAX)
    field.classes = *classes;
  else if (classes || !isTold)
    walk.fail(Code::BadField, type.range, "a class field tells the number of its classes, as in `class[10]`")
        .help("where they are to be learned of the data: `category`");
}

static void planType(Walk &walk, const ast::Type &type, Field &field) {
  const std::string &element = type.element.text;
  field.category = element == "category";
  if (element == "class" || field.category)
    field.element = ElementType::I32;
  if (element == "class")
    planClasses(walk, type, field);
  else if (const auto stored = elementTypeBy(&ElementInfo::text, element); stored && infoOf(*stored).isOfFields())
    field.element = *stored;
  else if (!field.category) {
    std::vector<std::string> types = fieldTypes();
    types.resize(types.size() - 2); // class, category
    walk.fail(Code::UnknownType, type.range,
              fmt::format("a field is `{}`, `class[…]` or `category`, not `{}`", fmt::join(types, "`, `"), element))
        .didYouMean(suggest(element, fieldTypes()));
  }
}

/// What is done to the cells fits the type; and the classes that are known of a category.
static void checkPreparation(Walk &walk, const ast::DataField &declared, Field &field) {
  const ast::Range at = declared.source ? declared.source->range : declared.type.range;
  const Field row = rowOf(field);
  if (const prepare::Fault fault = prepare::faultOf(row)) {
    Failure failure = walk.fail(Code::BadField, at, fault.situation);
    if (!fault.help.empty())
      failure.help(fault.help);
    return;
  }
  const auto preparation = prepare::Preparation::create(row);
  if (!field.category)
    return;
  field.classes = preparation->classes();
  if (const auto learned = walk.options.classes.find(field.name); learned != walk.options.classes.end())
    field.classes = learned->second;
}

Field frontend::planField(Walk &walk, const ast::DataField &declared) {
  const int errors = walk.messages.count();
  Field field;
  field.name = declared.name.text;
  const std::optional<Dims> dims = evalDims(walk, declared.type);
  if (!dims)
    return field;
  planType(walk, declared.type, field);
  for (const Dim &dim : *dims)
    field.shape.push_back(dim.size);
  if (declared.source)
    planSource(walk, *declared.source, field);
  if (walk.messages.count() == errors)
    checkPreparation(walk, declared, field);
  return field;
}
