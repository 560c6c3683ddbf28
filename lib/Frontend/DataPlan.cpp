// The plan: the data declaration, the train block's settings, the names of what a step tells.
#include "Elaborator.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

using namespace talweg;
using namespace talweg::frontend;
using ast::Decl;
using ast::Expr;
using ast::Stmt;

void Elaborator::plan() {
  Frame top;
  FrameScope scope(*this, top);
  if (!checkDeclarations())
    return;
  evaluateConfigs();
  if (!trainDecl) {
    const ast::Range start{0, 0, 0};
    fail(Code::MissingTrain, start, "the file has no `train`");
    return;
  }
  const auto lookUp = [&](const ast::Name &name, Decl::Kind kind, const char *what) -> const Decl * {
    const Decl *decl = findDecl(name.text, 0);
    if (decl && (decl->kind == kind || (kind == Decl::Model && decl->kind == Decl::Layer)))
      return decl;
    std::vector<std::string> names;
    for (auto &[candidate, d] : userDecls)
      if (d->kind == kind)
        names.push_back(candidate);
    fail(Code::UnknownName, name.range, fmt::format("unknown {} `{}`", what, name.text))
        .didYouMean(suggest(name.text, names));
    return nullptr;
  };
  modelDecl = lookUp(trainDecl->name, Decl::Model, "model");
  dataDecl = lookUp(trainDecl->data, Decl::Data, "data");
  thePlan.model = trainDecl->name.text;
  thePlan.data = trainDecl->data.text;
  if (dataDecl)
    planData();
  canElaborate = !diagnostics.hasErrors();
  planSettings();
}

//===-- data -------------------------------------------------------------------------------------------------------===//

void Elaborator::planData() {
  std::set<std::string> names;
  for (const ast::DataField &field : dataDecl->fields) {
    if (!names.insert(field.name.text).second)
      fail(Code::AlreadyDefined, field.name.range, fmt::format("`{}` is declared twice", field.name.text));
    thePlan.fields.push_back(planField(field));
  }
  names.clear();
  for (const ast::DataSplit &split : dataDecl->splits) {
    if (!names.insert(split.name.text).second)
      fail(Code::AlreadyDefined, split.name.range, fmt::format("split `{}` is declared twice", split.name.text));
    thePlan.splits.push_back(planSplit(split));
  }
  if (thePlan.fields.empty())
    fail(Code::BadField, dataDecl->name.range, "a data declaration has at least one field");
}

/// What the readers of data files make.
static bool isReadable(ElementType type) {
  return type == ElementType::F32 || type == ElementType::I32 || type == ElementType::U8;
}

Field Elaborator::planField(const ast::DataField &declared) {
  Field field;
  field.name = declared.name.text;
  const ast::Type &type = declared.type;
  const std::string &element = type.element.text;
  const std::optional<Dims> dims = evalDims(type);
  if (!dims)
    return field;
  if (element == "class") {
    field.element = ElementType::I32;
    if (dims->size() != 1 || (*dims)[0].size < 1 || (*dims)[0].size > INT32_MAX)
      fail(Code::BadField, type.range, "a class field tells the number of its classes, as in `class[10]`");
    else
      field.classes = (*dims)[0].size;
  } else if (const auto stored = elementTypeBy(&ElementInfo::text, element); stored && isReadable(*stored)) {
    field.element = *stored;
    for (const Dim &dim : *dims)
      field.shape.push_back(dim.size);
  } else
    fail(Code::UnknownType, type.range, fmt::format("a field is `f32`, `i32`, `u8` or `class[…]`, not `{}`", element))
        .didYouMean(suggest(element, std::vector<std::string>{"f32", "i32", "u8", "class"}));
  if (!declared.source)
    return field;
  const Expr &source = *declared.source;
  if (source.kind != Expr::Call || source.lhs->kind != Expr::Ident || source.lhs->text != "column" ||
      source.arguments.empty()) {
    fail(Code::BadField, source.range, "a field's values come from `column(\"name\")` or `column(3)`");
    return field;
  }
  for (const ast::Argument &argument : source.arguments) {
    const Value value = eval(*argument.value);
    if (value.kind == Value::Text)
      field.columns.push_back(value.text);
    else if (value.isInteger() && value.number.integer >= 0)
      field.columns.push_back(value.number.integer);
    else if (!value.isPoison())
      fail(Code::BadField, argument.value->range,
           "a column is a name or a number from 0, and this is " + describe(value));
  }
  return field;
}

/// The value of an option of a split, if it is of a kind that options have.
static std::optional<data::OptionValue> optionValue(const Value &value) {
  if (value.kind == Value::Bool)
    return value.boolean;
  if (value.kind == Value::Text)
    return value.text;
  if (value.kind == Value::Range_)
    return data::Range{value.items[0].number.integer, value.items[1].number.integer};
  if (value.isInteger())
    return value.number.integer;
  return std::nullopt;
}

Split Elaborator::planSplit(const ast::DataSplit &declared) {
  Split split;
  split.name = declared.name.text;
  const Expr &source = *declared.source;
  if (source.kind == Expr::Call && source.lhs->kind == Expr::Ident)
    split.format = data::formatNamed(source.lhs->text);
  if (!split.format) {
    std::vector<std::string> examples;
    for (const data::Format *format : data::formats())
      examples.push_back(fmt::format("`{}`", format->example));
    fail(Code::BadSplit, source.range, fmt::format("a split is {}", fmt::join(examples, " or ")));
    return split;
  }
  const int errors = diagnostics.count();
  std::optional<ast::Range> every, offset;
  for (const ast::Argument &argument : source.arguments) {
    const Value value = eval(*argument.value);
    const ast::Range at = argument.value->range;
    const std::string &name = argument.name.text;
    if (value.isPoison())
      continue;
    if (name.empty()) {
      if (value.kind == Value::Text)
        split.files.push_back(value.text);
      else
        fail(Code::BadSplit, at, "a file's name is a text, and this is " + describe(value));
      continue;
    }
    const data::Option *option = split.format->option(name);
    if (!option) {
      fail(Code::BadSplit, argument.name.range, fmt::format("`{}` has no option `{}`", split.format->name, name))
          .didYouMean(suggest(name, split.format->optionNames()));
      continue;
    }
    const bool counts = name == "every" || name == "except_every";
    if (const auto given = optionValue(value); !given || !option->accepts(*given))
      fail(Code::BadSplit, at, fmt::format("`{}` is {}, and this is {}", name, option->wanted, describe(value)));
    else if (counts && every)
      fail(Code::BadSplit, argument.name.range, "`every` and `except_every` exclude each other")
          .note(*every, "first here");
    else
      split.options.insert_or_assign(name, *given);
    if (counts)
      every = argument.name.range;
    if (name == "offset")
      offset = at;
  }
  const data::RowSelection rows = data::selectionOf(split.options);
  if (offset && (!every || rows.offset >= rows.every))
    fail(Code::BadSplit, *offset, "`offset` is less than the number of `every` or `except_every`");
  const bool filesUnderstood = diagnostics.count() == errors;
  if (filesUnderstood && (split.files.empty() || (split.files.size() > 1 && !split.format->severalFiles)))
    fail(Code::BadSplit, source.range, fmt::format("`{}` names {}", split.format->name, split.format->files));
  return split;
}

//===-- settings ---------------------------------------------------------------------------------------------------===//

void Elaborator::planSettings() {
  std::map<std::string, const Stmt *> seen;
  std::set<std::string> metrics;
  for (const auto &stmt : trainDecl->body) {
    if (stmt->kind == Stmt::Metric) {
      if (!metrics.insert(stmt->target.text).second)
        fail(Code::AlreadyDefined, stmt->target.range, fmt::format("metric `{}` is defined twice", stmt->target.text));
      thePlan.metrics.push_back(stmt->target.text);
    }
    if (stmt->kind != Stmt::Setting)
      continue;
    const std::string &name = stmt->target.text;
    if (!seen.insert({name, stmt.get()}).second) {
      fail(Code::AlreadyDefined, stmt->range, fmt::format("`{}` is set twice", name))
          .note(seen[name]->range, "first here");
      continue;
    }
    const Value value = stmt->value ? eval(*stmt->value) : Value();
    if (value.isPoison())
      continue;
    const bool isSeed = name == "seed";
    if (!value.isInteger() || value.number.integer < (isSeed ? 0 : 1)) {
      fail(Code::BadSetting, stmt->value->range,
           fmt::format("`{}` is a {} integer, and this is {}", name, isSeed ? "nonnegative" : "positive",
                       describe(value)));
      continue;
    }
    const std::int64_t number = value.number.integer;
    if (name == "batch")
      thePlan.batch = number;
    else if (name == "epochs")
      thePlan.epochs = number;
    else if (name == "steps")
      thePlan.steps = number;
    else if (isSeed)
      thePlan.seed = number;
    else if (name == "validate" && (stmt->unit.text == "steps" || stmt->unit.text.empty()))
      thePlan.validateEvery = number;
    else if (name == "validate" && number == 1)
      ; // after every epoch: what happens anyway
    else if (name == "validate")
      fail(Code::NotSupportedYet, stmt->range, "validation after several epochs is not supported yet")
          .help("write `validate every 500 steps`");
    else
      fail(Code::BadSetting, stmt->target.range, fmt::format("unknown setting `{}`", name))
          .didYouMean(suggest(name, std::vector<std::string>{"batch", "epochs", "steps", "seed", "validate"}));
  }
  if (thePlan.epochs && thePlan.steps)
    fail(Code::BadSetting, seen["steps"]->range, "a plan has `epochs` or `steps`, not both")
        .note(seen["epochs"]->range, "epochs are here");
  if (!seen.count("batch"))
    fail(Code::BadSetting, trainDecl->name.range, "the train block does not tell its `batch`").help("write `batch 32`");
  if (options.batch > 0)
    thePlan.batch = options.batch;
  planOptimizers();
  for (const auto &stmt : trainDecl->body) {
    const auto isTaken = [&](const auto &names) {
      return std::find(std::begin(names), std::end(names), stmt->target.text) != std::end(names);
    };
    if (stmt->kind == Stmt::Metric && (isTaken(kEventKeys) || isTaken(thePlan.reports)))
      fail(Code::AlreadyDefined, stmt->target.range,
           fmt::format("a metric cannot be called `{}`: that name is taken by a run's events", stmt->target.text))
          .help("give it another name");
  }
  for (const auto &[name, value] : options.set) {
    const bool known = configs.count(name) || std::any_of(thePlan.hypers.begin(), thePlan.hypers.end(),
                                                          [&](const Hyper &h) { return h.name == name; });
    if (known)
      continue;
    std::vector<std::string> names;
    for (const auto &[config, v] : configs)
      names.push_back(config);
    fail(Code::BadConfig, trainDecl->name.range, fmt::format("there is no config `{}` to set", name))
        .didYouMean(suggest(name, names));
  }
}
