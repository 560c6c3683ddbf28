// Calls, and the instances of layers that they make.
#include "Calls.h"

#include "Builtins.h"
#include "Derivatives.h"
#include "Expressions.h"
#include "Statements.h"
#include "Training.h"
#include "Types.h"
#include "Walk.h"

#include <algorithm>
#include <fmt/format.h>

using namespace talweg;
using namespace talweg::frontend;
using ast::Decl;
using ast::Expr;

//===-- instances --------------------------------------------------------------------------------------------------===//

/// Does `callee` name a layer that a call makes an instance of?
static bool makesInstance(Walk &walk, const Expr &callee) {
  if (callee.kind != Expr::Ident)
    return false;
  if (const Value *local = walk.frame().local(callee.text); local && local->kind == Value::Function)
    return !local->callable->instance && local->callable->decl->kind == Decl::Layer;
  const Decl *decl = walk.names.find(callee.text, callee.range.file);
  return decl && (decl->kind == Decl::Layer || decl->kind == Decl::Model);
}

/// The number of instances that an expression's own calls make.
static int countInstances(Walk &walk, const Expr &expr) {
  int count = (expr.kind == Expr::Call && makesInstance(walk, *expr.lhs)) ||
              (expr.kind == Expr::Pipe && makesInstance(walk, *expr.rhs));
  for (const Expr *child : {expr.lhs.get(), expr.rhs.get(), expr.other.get()})
    if (child)
      count += countInstances(walk, *child);
  for (const ast::ExprPtr &item : expr.items)
    count += countInstances(walk, *item);
  for (const ast::Argument &argument : expr.arguments)
    count += countInstances(walk, *argument.value);
  return count;
}

/// The instance for a call of `decl` in the present body: the same one whenever the body runs again. The only layer in the
/// definition of a new name goes by that name.
static Instance &instantiate(Walk &walk, const Decl &decl, ast::Range range) {
  Frame &frame = walk.frame();
  Instance &parent = *frame.instance;
  if (&parent == &walk.instances.root() &&
      &decl == walk.names.model) // the trained model is one, however often it is called
    return walk.instances.instantiate(parent, decl.name.text, decl, range, true);
  Definition *definition = frame.definition;
  const bool isNamed =
      definition && definition->isNew && !definition->isTaken && countInstances(walk, *definition->stmt.value) == 1;
  if (isNamed)
    definition->isTaken = true;
  return walk.instances.instantiate(
      parent, isNamed ? definition->stmt.target.text + frame.loopSuffix : parent.nextName(decl.name.text), decl, range,
      false);
}

//===-- call expressions -------------------------------------------------------------------------------------------===//

Value frontend::evalPipe(Walk &walk, const Expr &expr) {
  std::vector<const Expr *> stages;
  const Expr *first = &expr;
  for (; first->kind == Expr::Pipe; first = first->lhs.get())
    stages.push_back(first);
  Given piped{{}, eval(walk, *first), first->range, first};
  for (auto it = stages.rbegin(); it != stages.rend(); ++it) {
    const Expr &stage = *(*it)->rhs;
    piped.value = evalCall(walk, stage, &piped, stage.range);
    piped.range = stage.range;
    piped.expr = *it;
  }
  return piped.value;
}

/// The arguments of a call, in order. Nothing: one of them has no value (reported).
static std::optional<std::vector<Given>> evalArguments(Walk &walk, const Expr &call, const Given *piped) {
  std::vector<Given> arguments;
  if (piped)
    arguments.push_back(*piped);
  if (call.kind == Expr::Call)
    for (const ast::Argument &argument : call.arguments) {
      const Expr &expr = *argument.value;
      arguments.push_back({argument.name, eval(walk, expr), expr.range, &expr});
    }
  bool good = true;
  for (const Given &given : arguments) {
    if (given.value.kind == Value::Nothing)
      walk.fail(Code::WrongKind, given.range, "this has no value");
    good = good && !given.value.isPoison() && given.value.kind != Value::Nothing;
  }
  return good ? std::optional(std::move(arguments)) : std::nullopt;
}

/// What is called by a name that is no built-in function's.
static Value evalCallee(Walk &walk, const Expr &callee) {
  const Value *local = walk.frame().local(callee.text);
  if (local && (local->kind == Value::Function || local->isPoison()))
    return *local;
  if (const Decl *decl = walk.names.find(callee.text, callee.range.file))
    return Value::function(decl);
  if (local)
    return walk.fail(Code::NotCallable, callee.range,
                     fmt::format("`{}` is {}, not a function", callee.text, walk.describe(*local)));
  return walk.fail(Code::UnknownName, callee.range, fmt::format("unknown function `{}`", callee.text))
      .didYouMean(suggest(callee.text, walk.messages.namesInScope(true)))
      .helpRequirement(callee.text);
}

/// Does `callee` name a built-in function, and nothing of the program's?
static bool namesBuiltin(Walk &walk, const Expr &callee) {
  if (callee.kind != Expr::Ident || !walk.names.isBuiltin(callee.text))
    return false;
  const Value *local = walk.frame().local(callee.text);
  return !(local && (local->kind == Value::Function || local->isPoison())) &&
         !walk.names.find(callee.text, callee.range.file);
}

Value frontend::evalCall(Walk &walk, const Expr &call, const Given *piped, ast::Range range) {
  const Expr &callee = call.kind == Expr::Call ? *call.lhs : call;
  const std::optional<std::vector<Given>> arguments = evalArguments(walk, call, piped);
  if (namesBuiltin(walk, callee))
    return arguments ? callBuiltin(walk.tensors, walk.scopes, walk.instances, callee.text, *arguments, range) : Value();
  const Value function = callee.kind == Expr::Ident ? evalCallee(walk, callee) : eval(walk, callee);
  if (!arguments || function.isPoison())
    return Value();
  if (function.kind != Value::Function)
    return walk.fail(Code::NotCallable, callee.range, walk.describe(function) + " is not a function");
  return callDecl(walk, *function.callable, *arguments, range, function.callable->decl->name.text);
}

//===-- matching arguments with parameters -------------------------------------------------------------------------===//

/// Is `formal` what a partial call leaves open: the tensors of a layer, the shape of an initial value?
static bool isOpen(const Decl &decl, const ast::Formal &formal) {
  return decl.kind == Decl::Fn ? &formal == &decl.formals[0] : isTensorType(formal.type);
}

/// The parameter that `given` names. Null: reported.
static const ast::Formal *findFormal(Walk &walk, const Decl &decl, const Given &given) {
  std::vector<std::string> names;
  for (const ast::Formal &formal : decl.formals) {
    if (formal.name.text == given.name.text)
      return &formal;
    names.push_back(formal.name.text);
  }
  walk.fail(Code::UnknownArgument, given.name.range,
            fmt::format("{} has no parameter `{}`", decl.name.text, given.name.text))
      .note(decl.name.range, "declared here")
      .didYouMean(suggest(given.name.text, names));
  return nullptr;
}

std::optional<Arguments> frontend::matchArguments(Walk &walk, const Callable &callable,
                                                  const std::vector<Given> &arguments, ast::Range range, bool partial) {
  const Decl &decl = *callable.decl;
  Arguments bound;
  for (const auto &[name, value] : callable.given)
    bound[name] = {{}, value, callable.givenAt.at(name)};
  std::size_t next = 0;
  bool good = true;
  const auto skip = [&](const ast::Formal &formal) {
    return callable.given.count(formal.name.text) || (partial && isOpen(decl, formal));
  };
  for (const Given &given : arguments) {
    if (given.name.text.empty()) {
      while (next < decl.formals.size() && skip(decl.formals[next]))
        ++next;
      if (next == decl.formals.size()) {
        walk.fail(Code::TooManyArguments, given.range, fmt::format("too many arguments for {}", decl.name.text))
            .note(decl.name.range, "declared here");
        return std::nullopt;
      }
      bound[decl.formals[next++].name.text] = given;
    } else if (!findFormal(walk, decl, given)) {
      good = false;
    } else if (bound.count(given.name.text) && !callable.given.count(given.name.text)) {
      walk.fail(Code::DuplicateArgument, given.name.range, fmt::format("`{}` is given twice", given.name.text))
          .note(bound[given.name.text].range, "first here");
      good = false;
    } else
      bound[given.name.text] = given;
  }
  if (!good)
    return std::nullopt;
  for (const ast::Formal &formal : decl.formals)
    if (!bound.count(formal.name.text) && !formal.value && !(partial && isOpen(decl, formal))) {
      walk.fail(Code::MissingArgument, range,
                fmt::format("missing argument `{}` in the call to {}", formal.name.text, decl.name.text))
          .note(formal.name.range, "declared here");
      good = false;
    }
  return good ? std::optional(std::move(bound)) : std::nullopt;
}

//===-- running a body ---------------------------------------------------------------------------------------------===//

static bool hasParameters(const Decl &decl) { return decl.kind == Decl::Layer || decl.kind == Decl::Model; }

/// A layer given only its configuration is an instance, to be called later; a function of `shape` without it is an
/// initial value.
static bool isPartial(const Callable &callable, const std::vector<Given> &arguments) {
  const Decl &decl = *callable.decl;
  if (decl.formals.empty())
    return false;
  const ast::Formal &open = decl.formals[0];
  const auto first =
      std::find_if(arguments.begin(), arguments.end(), [](const Given &g) { return g.name.text.empty(); });
  const bool hasFirst = first != arguments.end();
  if (std::any_of(arguments.begin(), arguments.end(), [&](const Given &g) { return g.name.text == open.name.text; }))
    return false;
  if (hasParameters(decl))
    return !callable.instance && isTensorType(open.type) &&
           !(hasFirst && (first->value.isTensor() || !open.type.hasShape));
  return decl.kind == Decl::Fn && open.name.text == "shape" && !open.value &&
         !(hasFirst && first->value.kind == Value::List) && !callable.given.count("shape");
}

/// `callable` with more of its arguments given.
static Value givenMore(Walk &walk, const Callable &callable, const Arguments &bound, ast::Range range) {
  auto more = std::make_shared<Callable>();
  more->decl = callable.decl;
  for (const auto &[formal, given] : bound) {
    more->given[formal] = given.value;
    more->givenAt[formal] = given.range;
  }
  if (hasParameters(*callable.decl))
    more->instance = &instantiate(walk, *callable.decl, range);
  more->averaged = callable.averaged;
  return Value::of(std::move(more));
}

/// May `decl` be called here? False: reported.
static bool checkCallable(Walk &walk, const Decl &decl, ast::Range range, const std::string &name) {
  if (hasParameters(decl) || decl.kind == Decl::Fn || decl.kind == Decl::Schedule)
    return walk.limits.admitCall(name, range);
  walk.fail(Code::NotCallable, range,
            decl.kind == Decl::Optimizer
                ? fmt::format("`{}` is an optimizer: write `optimizer {}(…)` in `train`", name, name)
                : fmt::format("`{}` cannot be called", name));
  return false;
}

static void addVars(std::vector<IndexVar *> &to, const std::vector<IndexVar *> &from) {
  for (IndexVar *var : from)
    if (std::find(to.begin(), to.end(), var) == to.end())
      to.push_back(var);
}

/// Gives the callee's frame, which is entered, its parameters. False: one of them does not conform (reported).
static bool takeArguments(Walk &walk, const Decl &decl, const Arguments &bound, const Frame &caller,
                          const std::string &name) {
  Frame &callee = walk.frame();
  bool good = true;
  for (const ast::Formal &formal : decl.formals) {
    const auto found = bound.find(formal.name.text);
    const Given given =
        found != bound.end() ? found->second : Given{{}, eval(walk, *formal.value), formal.value->range};
    Value value = given.value;
    if (value.isPoison()) {
      good = false;
      continue;
    }
    if (value.isTensor())
      addVars(callee.ambient, value.tensor.vars);
    std::optional<TellingScope> telling;
    if (found != bound.end())
      telling.emplace(walk.scopes, caller);
    good &= conform(walk, formal, value, given, name);
    value.origin = given.range;
    if (value.isNumber())
      value.text.clear();
    callee.locals[formal.name.text] = std::move(value);
  }
  return good;
}

/// The derivative that the program says a function has; null where there is nothing to differentiate, and in that derivative itself.
static const Decl *derivativeOf(Walk &walk, const Decl &function) {
  const Decl *rule = walk.names.derivativeOf(function);
  const bool isOfStep = walk.scopes.body() && walk.scopes.body()->isObjective();
  for (const Frame *frame = walk.scopes.innermostFrame(); rule && frame; frame = frame->caller)
    if (frame->decl == rule)
      return nullptr;
  return isOfStep ? rule : nullptr;
}

Value frontend::callDecl(Walk &walk, const Callable &callable, const std::vector<Given> &arguments, ast::Range range,
                         const std::string &name) {
  const Decl &decl = *callable.decl;
  if (!checkCallable(walk, decl, range, name))
    return Value();
  Frame &caller = walk.frame();
  if (hasParameters(decl) && !caller.instance)
    return walk.fail(Code::MisplacedParameter, range,
                     fmt::format("the layer {} has parameters, and cannot be used here", name));
  const bool partial = isPartial(callable, arguments);
  const std::optional<Arguments> bound = matchArguments(walk, callable, arguments, range, partial);
  if (!bound)
    return Value();
  if (partial)
    return givenMore(walk, callable, *bound, range);

  Frame callee;
  callee.decl = &decl;
  callee.callee = name;
  callee.callSite = range;
  callee.instance = caller.instance;
  callee.ambient = caller.ambient;
  if (hasParameters(decl)) {
    callee.instance = callable.instance ? callable.instance : &instantiate(walk, decl, range);
    callee.instance->enter();
  }
  Instance &root = walk.instances.root();
  const bool isModel =
      walk.names.model == &decl && caller.instance == &root && callee.instance == root.children[decl.name.text].get();
  FrameScope scope(walk.scopes, callee);
  AveragesScope averages(walk.scopes, callable.averaged);
  if (!takeArguments(walk, decl, *bound, caller, name))
    return Value();
  const Decl *derivative = derivativeOf(walk, decl);
  const std::map<std::string, Value> taken = derivative ? callee.locals : std::map<std::string, Value>();
  Value value;
  {
    Limits::CallLevel level(walk.limits);
    value = runBody(walk, decl.body, &decl.result);
  }
  if (value.kind == Value::Nothing)
    return walk.fail(Code::ResultMismatch, decl.name.range,
                     fmt::format("the body of `{}` ends without a value", decl.name.text));
  if (!conformResult(walk, decl, value))
    return Value();
  if (isModel && !callable.averaged && !std::exchange(walk.isModelCalled, true))
    markOutput(walk, value);
  return derivative ? withDerivative(walk, *derivative, value, taken) : value;
}
