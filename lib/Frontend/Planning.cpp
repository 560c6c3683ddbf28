// The plan as a whole, and the train block's settings.
#include "Planning.h"

#include "Expressions.h"
#include "Rule.h"

#include <algorithm>
#include <fmt/format.h>
#include <set>

using namespace talweg;
using namespace talweg::frontend;
using ast::Decl;
using ast::Stmt;

//===-- settings ---------------------------------------------------------------------------------------------------===//

/// `batch 32`, `validate every 500 steps`, with its number.
static void takeSetting(Walk &walk, const Stmt &stmt, std::int64_t number) {
  Plan &plan = walk.plan;
  const std::string &name = stmt.target.text;
  if (name == "batch")
    plan.batch = number;
  else if (name == "accumulate" && number > INT32_MAX)
    walk.fail(Code::BadSetting, stmt.value->range,
              fmt::format("a step has at most {} batches, and this is {}", INT32_MAX, number));
  else if (name == "accumulate")
    plan.accumulate = number;
  else if (name == "epochs")
    plan.epochs = number;
  else if (name == "steps")
    plan.steps = number;
  else if (name == "seed")
    plan.seed = number;
  else if (name != "validate")
    walk.fail(Code::BadSetting, stmt.target.range, fmt::format("unknown setting `{}`", name))
        .didYouMean(
            suggest(name, std::vector<std::string>{"batch", "accumulate", "epochs", "steps", "seed", "validate"}));
  else if (stmt.unit.text == "steps" || stmt.unit.text.empty())
    plan.validateEvery = number;
  else if (number != 1) // after every epoch happens anyway
    walk.fail(Code::NotSupportedYet, stmt.range, "validation after several epochs is not supported yet")
        .help("write `validate every 500 steps`");
}

using Settings = std::map<std::string, const Stmt *>; ///< by name

static void planSetting(Walk &walk, const Stmt &stmt, Settings &seen) {
  const std::string &name = stmt.target.text;
  if (!seen.insert({name, &stmt}).second) {
    walk.fail(Code::AlreadyDefined, stmt.range, fmt::format("`{}` is set twice", name))
        .note(seen[name]->range, "first here");
    return;
  }
  const Value value = stmt.value ? eval(walk, *stmt.value) : Value();
  if (value.isPoison())
    return;
  const bool isSeed = name == "seed";
  if (value.isInteger() && value.number.integer >= (isSeed ? 0 : 1))
    takeSetting(walk, stmt, value.number.integer);
  else
    walk.fail(Code::BadSetting, stmt.value->range,
              fmt::format("`{}` is a {} integer, and this is {}", name, isSeed ? "nonnegative" : "positive",
                          walk.describe(value)));
}

std::string frontend::lossName(const Decl &train, const Stmt &minimize) {
  if (!minimize.target.text.empty())
    return minimize.target.text;
  int number = 0;
  for (const auto &stmt : train.body) {
    number += stmt->kind == Stmt::Minimize;
    if (stmt.get() == &minimize)
      break;
  }
  return number == 1 ? "loss" : fmt::format("loss_{}", number);
}

/// What the statement tells beside the first loss, which every run calls `loss`; empty: nothing, or that loss by this name.
static ast::Name toldName(const Decl &train, const Stmt &stmt) {
  if (stmt.kind == Stmt::Metric)
    return stmt.target;
  if (stmt.kind != Stmt::Minimize)
    return {};
  const auto first = std::find_if(train.body.begin(), train.body.end(),
                                  [](const auto &other) { return other->kind == Stmt::Minimize; });
  const std::string name = lossName(train, stmt);
  if (first->get() == &stmt && name == "loss")
    return {};
  return stmt.target.text.empty() ? ast::Name{name, stmt.range} : stmt.target;
}

using ToldNames = std::map<std::string, const Stmt *>; ///< by name

static void planTold(Walk &walk, const Stmt &stmt, const ast::Name &name, ToldNames &told) {
  const Stmt &first = *told.emplace(name.text, &stmt).first->second;
  if (&first == &stmt)
    return;
  const char *what = first.kind != stmt.kind       ? "a loss and a metric"
                     : stmt.kind == Stmt::Minimize ? "two losses"
                                                   : "two metrics";
  walk.fail(Code::AlreadyDefined, name.range, fmt::format("{} are called `{}`", what, name.text))
      .note(first.range, "the first is here");
}

/// No metric and no other loss is called as something else that a step tells.
static void checkToldName(Walk &walk, const Stmt &stmt, const ast::Name &name) {
  const auto rates = rateNames(walk);
  const auto isName = [&](const auto &rate) { return rate.second == name.text; };
  const auto &body = walk.names.train->body;
  const std::string_view norm = "gradient_norm", text = name.text;
  const bool looksLikeNorm =
      text == norm || text.starts_with(std::string(norm) + "_") || text.ends_with("_" + std::string(norm));
  const bool isNorm = looksLikeNorm && std::any_of(body.begin(), body.end(), [](const auto &other) {
                        return other->kind == Stmt::Clip && other->target.text == "norm";
                      });
  if (std::find(std::begin(kEventKeys), std::end(kEventKeys), name.text) != std::end(kEventKeys) ||
      std::any_of(rates.begin(), rates.end(), isName) || isNorm)
    walk.fail(Code::AlreadyDefined, name.range,
              fmt::format("a {} cannot be called `{}`: that name is taken by a run's events",
                          stmt.kind == Stmt::Metric ? "metric" : "loss", name.text))
        .help("give it another name");
}

/// What is set from outside is there.
static void checkSets(Walk &walk) {
  for (const auto &[name, value] : walk.options.set) {
    const auto &hypers = walk.hypers;
    if (walk.names.configs.count(name) ||
        (name != kRateFactor &&
         std::any_of(hypers.begin(), hypers.end(), [&](const Hyper &hyper) { return hyper.name == name; })))
      continue;
    std::vector<std::string> names;
    for (const auto &[config, v] : walk.names.configs)
      names.push_back(config);
    walk.fail(Code::BadConfig, walk.names.train->name.range, fmt::format("there is no config `{}` to set", name))
        .didYouMean(suggest(name, names));
  }
}

/// A field is not called as a number that may change between steps: a program has one of each name.
static void checkFieldNames(Walk &walk) {
  for (const ast::DataField &field : walk.names.data->fields)
    for (const Hyper &hyper : walk.hypers)
      if (hyper.name == field.name.text)
        walk.fail(Code::AlreadyDefined, field.name.range,
                  fmt::format("a field cannot be called `{}`: that is a setting of the program", hyper.name))
            .help("give it another name");
}

void frontend::planSettings(Walk &walk) {
  const Decl &train = *walk.names.train;
  Settings seen;
  ToldNames told;
  for (const auto &stmt : train.body)
    if (const ast::Name name = toldName(train, *stmt); !name.text.empty())
      planTold(walk, *stmt, name, told);
    else if (stmt->kind == Stmt::Setting)
      planSetting(walk, *stmt, seen);
    else
      planNotice(walk, *stmt);
  if (walk.plan.epochs && walk.plan.steps)
    walk.fail(Code::BadSetting, seen["steps"]->range, "a plan has `epochs` or `steps`, not both")
        .note(seen["epochs"]->range, "epochs are here");
  if (!seen.count("batch"))
    walk.fail(Code::BadSetting, train.name.range, "the train block does not tell its `batch`").help("write `batch 32`");
  if (walk.options.batch > 0)
    walk.plan.batch = walk.options.batch;
  planRules(walk);
  for (const auto &stmt : train.body)
    if (const ast::Name name = toldName(train, *stmt); !name.text.empty())
      checkToldName(walk, *stmt, name);
  checkSets(walk);
  if (walk.names.data)
    checkFieldNames(walk);
}

//===-- the whole --------------------------------------------------------------------------------------------------===//

/// The user's declaration of this kind. Null: reported, `what` it would be.
static const Decl *lookUp(Walk &walk, const ast::Name &name, Decl::Kind kind, const char *what) {
  const Decl *decl = walk.names.find(name.text, 0);
  if (decl && (decl->kind == kind || (kind == Decl::Model && decl->kind == Decl::Layer)))
    return decl;
  walk.fail(Code::UnknownName, name.range, fmt::format("unknown {} `{}`", what, name.text))
      .didYouMean(suggest(name.text, walk.names.namesOf({kind}, false)));
  return nullptr;
}

/// What is declared twice is reported.
static void declare(Walk &walk, const Decl &decl, int file) {
  const Decl *first = walk.names.declare(decl, file);
  if (decl.kind == Decl::Train) {
    if (first)
      walk.fail(Code::AlreadyDefined, decl.range, "a file has one `train`").note(first->range, "the first is here");
    return;
  }
  if (first)
    walk.fail(Code::AlreadyDefined, decl.name.range,
              fmt::format("{}`{}` is declared twice", decl.kind == Decl::Derivative ? "the derivative of " : "",
                          decl.name.text))
        .note(first->name.range, "first here");
  std::set<std::string> formals;
  for (const ast::Formal &formal : decl.formals)
    if (!formals.insert(formal.name.text).second)
      walk.fail(Code::AlreadyDefined, formal.name.range,
                fmt::format("`{}` has two parameters named `{}`", decl.name.text, formal.name.text));
}

/// A derivative is that of a function in the same file, by its parameters.
static void checkDerivative(Walk &walk, const Decl &rule, int file) {
  const Decl *function = walk.names.find(rule.name.text, file);
  if (!function || function->kind != Decl::Fn || function->name.range.file != file) {
    walk.fail(Code::UnknownName, rule.name.range,
              fmt::format("no function of this file is called `{}`", rule.name.text))
        .didYouMean(suggest(rule.name.text, walk.names.namesOf({Decl::Fn}, false)));
    return;
  }
  std::vector<std::string> names;
  for (const ast::Formal &formal : function->formals)
    names.push_back(formal.name.text);
  if (std::find(names.begin(), names.end(), rule.given.text) != names.end())
    walk.fail(Code::AlreadyDefined, rule.given.range,
              fmt::format("`{}` is a parameter of `{}`: give the cotangent another name", rule.given.text,
                          function->name.text));
  for (const ast::Formal &formal : rule.formals)
    if (std::find(names.begin(), names.end(), formal.name.text) == names.end())
      walk.fail(Code::UnknownName, formal.name.range,
                fmt::format("`{}` has no parameter `{}`", function->name.text, formal.name.text))
          .didYouMean(suggest(formal.name.text, names))
          .note(function->name.range, "declared here");
}

/// Calls `work` where what is computed while a program runs goes nowhere: it is not of the plan.
static bool planning(Walk &walk, llvm::function_ref<bool()> work) {
  mlir::Block unused; // what is computed goes with its messages
  mlir::OpBuilder::InsertionGuard guard(walk.builder);
  walk.builder.setInsertionPointToStart(&unused);
  Frame top;
  FrameScope scope(walk.scopes, top);
  return work();
}

static bool planNames(Walk &walk) {
  Names &names = walk.names;
  for (std::size_t file = 0; file < walk.files.size(); ++file)
    for (const auto &decl : walk.files[file].decls)
      declare(walk, *decl, int(file));
  for (std::size_t file = 0; file < walk.files.size(); ++file)
    for (const auto &decl : walk.files[file].decls)
      if (decl->kind == Decl::Derivative)
        checkDerivative(walk, *decl, int(file));
  if (walk.diagnostics.hasErrors())
    return false;
  evalConfigs(walk);
  if (!names.train) {
    walk.fail(Code::MissingTrain, {0, 0, 0}, "the file has no `train`");
    return false;
  }
  names.model = lookUp(walk, names.train->name, Decl::Model, "model");
  names.data = lookUp(walk, names.train->data, Decl::Data, "data");
  walk.plan.model = names.train->name.text;
  walk.plan.data = names.train->data.text;
  if (names.data)
    planData(walk);
  return true;
}

bool frontend::planDeclarations(Walk &walk) {
  return planning(walk, [&] { return planNames(walk) && !walk.diagnostics.hasErrors(); });
}

bool frontend::planExperiment(Walk &walk) {
  return planning(walk, [&] {
    if (!planNames(walk))
      return false;
    const bool canElaborate = !walk.diagnostics.hasErrors();
    planSettings(walk);
    return canElaborate;
  });
}
