// Calls: arguments are matched with parameters, the callee's body runs in a frame of its own, its value is checked against
// the declared result. Layers get an instance, which is where their parameters live.
#include "Elaborator.h"

#include <algorithm>
#include <fmt/format.h>

using namespace talweg;
using namespace talweg::frontend;
using ast::Decl;
using ast::Expr;

/// Deepest chain of calls: bodies that call themselves end here.
static constexpr int kMaxCallDepth = 200;

static bool isTensorType(const ast::Type &type) {
  const std::string &e = type.element.text;
  return type.hasShape || e == "f32" || e == "f64" || e == "i32" || e == "u8" || e == "class";
}

//===-- instances --------------------------------------------------------------------------------------------------===//

/// The number of fresh layers that an expression's own calls make.
int Elaborator::countLayers(const Expr &expr) const {
  int count = 0;
  const auto isLayer = [&](const Expr &callee) {
    if (callee.kind != Expr::Ident)
      return false;
    auto local = frame->locals.find(callee.text);
    if (local != frame->locals.end() && local->second.kind == Value::Function)
      return !local->second.callable->instance && local->second.callable->decl->kind == Decl::Layer;
    const Decl *decl = findDecl(callee.text, callee.range.file);
    return decl && (decl->kind == Decl::Layer || decl->kind == Decl::Model);
  };
  if (expr.kind == Expr::Call && isLayer(*expr.lhs))
    ++count;
  if (expr.kind == Expr::Pipe && isLayer(*expr.rhs))
    ++count;
  for (const Expr *child : {expr.lhs.get(), expr.rhs.get(), expr.other.get()})
    if (child)
      count += countLayers(*child);
  for (const ast::ExprPtr &item : expr.items)
    count += countLayers(*item);
  for (const ast::Argument &argument : expr.arguments)
    count += countLayers(*argument.value);
  return count;
}

std::string Elaborator::nameFor(const Decl &decl) {
  if (!frame->leftName.empty())
    return std::exchange(frame->leftName, "");
  return fmt::format("{}_{}", decl.name.text, frame->instance->counters[decl.name.text]++);
}

/// The instance for a call of `decl` in the present body: the same one whenever the body runs again.
Instance *Elaborator::instantiate(const Decl &decl, ast::Range range) {
  Instance &parent = *frame->instance;
  const bool isModel = &parent == &root && &decl == modelDecl; // the trained model is one, however often it is called
  std::string name = isModel ? decl.name.text : nameFor(decl);
  for (int again = 1;; ++again) {
    const std::string tried = again == 1 ? name : fmt::format("{}_{}", name, again);
    std::unique_ptr<Instance> &child = parent.children[tried];
    if (!child) {
      child = std::make_unique<Instance>();
      child->path = parent.path.empty() ? tried : parent.path + "." + tried;
      child->decl = &decl;
      child->place = range;
    } else if (!isModel && (child->usedIn == parent.run || child->decl != &decl))
      continue;
    child->usedIn = parent.run;
    return child.get();
  }
}

//===-- call expressions -------------------------------------------------------------------------------------------===//

Value Elaborator::evalPipe(const Expr &expr) {
  std::vector<const Expr *> stages;
  const Expr *first = &expr;
  for (; first->kind == Expr::Pipe; first = first->lhs.get())
    stages.push_back(first);
  Given piped;
  piped.value = eval(*first);
  piped.range = first->range;
  piped.expr = first;
  for (auto it = stages.rbegin(); it != stages.rend(); ++it) {
    const Expr &stage = *(*it)->rhs;
    piped.value = evalCall(stage, &piped, stage.range);
    piped.range = stage.range;
    piped.expr = *it;
  }
  return piped.value;
}

Value Elaborator::evalCall(const Expr &call, const Given *piped, ast::Range range) {
  const Expr &callee = call.kind == Expr::Call ? *call.lhs : call;
  std::vector<Given> arguments;
  bool poisoned = false;
  if (piped)
    arguments.push_back(*piped);
  if (call.kind == Expr::Call)
    for (const ast::Argument &argument : call.arguments) {
      Given given;
      given.name = argument.name;
      given.value = eval(*argument.value);
      given.range = argument.value->range;
      given.expr = argument.value.get();
      arguments.push_back(std::move(given));
    }
  for (Given &given : arguments) {
    poisoned = poisoned || given.value.isPoison();
    if (given.value.kind == Value::Nothing) {
      fail(Code::WrongKind, given.range, "this has no value");
      poisoned = true;
    }
  }

  Value function;
  if (callee.kind == Expr::Ident) {
    auto local = frame->locals.find(callee.text);
    if (local != frame->locals.end() && (local->second.kind == Value::Function || local->second.isPoison()))
      function = local->second;
    else if (const Decl *decl = findDecl(callee.text, callee.range.file)) {
      auto callable = std::make_shared<Callable>();
      callable->decl = decl;
      function = Value::of(Value::Function);
      function.callable = callable;
    } else if (isBuiltin(callee.text))
      return poisoned ? Value() : callBuiltin(callee.text, arguments, range);
    else if (local != frame->locals.end())
      return fail(Code::NotCallable, callee.range,
                  fmt::format("`{}` is {}, not a function", callee.text, describe(local->second)));
    else {
      Failure failure = fail(Code::UnknownName, callee.range, fmt::format("unknown function `{}`", callee.text));
      failure.didYouMean(suggest(callee.text, namesInScope(true)));
      helpRequirement(failure, callee.text);
      return failure;
    }
  } else
    function = eval(callee);
  if (poisoned || function.isPoison())
    return Value();
  if (function.kind != Value::Function)
    return fail(Code::NotCallable, callee.range, describe(function) + " is not a function");
  return callDecl(*function.callable, std::move(arguments), range, function.callable->decl->name.text);
}

//===-- matching arguments with parameters -------------------------------------------------------------------------===//

/// Is `formal` what a partial call leaves open: the tensors of a layer, the shape of an initial value?
static bool isOpen(const Decl &decl, const ast::Formal &formal) {
  return decl.kind == Decl::Fn ? &formal == &decl.formals[0] : isTensorType(formal.type);
}

bool Elaborator::bind(const Decl &decl, const Callable &callable, std::vector<Given> &arguments, ast::Range range,
                      std::map<std::string, Given> &bound, bool partial) {
  for (auto &[name, value] : callable.given) {
    Given given;
    given.value = value;
    given.range = callable.givenAt.at(name);
    bound[name] = given;
  }
  std::size_t next = 0;
  bool good = true;
  const auto skip = [&](const ast::Formal &formal) {
    return callable.given.count(formal.name.text) || (partial && isOpen(decl, formal));
  };
  for (Given &given : arguments) {
    if (given.name.text.empty()) {
      while (next < decl.formals.size() && skip(decl.formals[next]))
        ++next;
      if (next == decl.formals.size()) {
        fail(Code::TooManyArguments, given.range, fmt::format("too many arguments for {}", decl.name.text))
            .note(decl.name.range, "declared here");
        return false;
      }
      bound[decl.formals[next++].name.text] = given;
      continue;
    }
    const auto formal = std::find_if(decl.formals.begin(), decl.formals.end(),
                                     [&](const ast::Formal &f) { return f.name.text == given.name.text; });
    if (formal == decl.formals.end()) {
      std::vector<std::string> names;
      for (const ast::Formal &f : decl.formals)
        names.push_back(f.name.text);
      fail(Code::UnknownArgument, given.name.range,
           fmt::format("{} has no parameter `{}`", decl.name.text, given.name.text))
          .note(decl.name.range, "declared here")
          .didYouMean(suggest(given.name.text, names));
      good = false;
      continue;
    }
    if (bound.count(given.name.text) && !callable.given.count(given.name.text)) {
      fail(Code::DuplicateArgument, given.name.range, fmt::format("`{}` is given twice", given.name.text))
          .note(bound[given.name.text].range, "first here");
      good = false;
      continue;
    }
    bound[given.name.text] = given;
  }
  if (!good)
    return false;
  for (const ast::Formal &formal : decl.formals)
    if (!bound.count(formal.name.text) && !formal.value && !(partial && isOpen(decl, formal))) {
      fail(Code::MissingArgument, range,
           fmt::format("missing argument `{}` in the call to {}", formal.name.text, decl.name.text))
          .note(formal.name.range, "declared here");
      good = false;
    }
  return good;
}

//===-- running a body ---------------------------------------------------------------------------------------------===//

static void addVars(std::vector<IndexVar *> &to, const std::vector<IndexVar *> &from) {
  for (IndexVar *var : from)
    if (std::find(to.begin(), to.end(), var) == to.end())
      to.push_back(var);
}

Value Elaborator::callDecl(const Callable &callable, std::vector<Given> arguments, ast::Range range,
                           const std::string &name) {
  const Decl &decl = *callable.decl;
  const bool hasInstance = decl.kind == Decl::Layer || decl.kind == Decl::Model;
  if (!hasInstance && decl.kind != Decl::Fn && decl.kind != Decl::Schedule)
    return fail(Code::NotCallable, range,
                decl.kind == Decl::Optimizer
                    ? fmt::format("`{}` is an optimizer: write `optimizer {}(…)` in `train`", name, name)
                    : fmt::format("`{}` cannot be called", name));
  if (callDepth >= kMaxCallDepth) {
    if (!exhausted)
      fail(Code::TooDeepCalls, range,
           fmt::format("calls nest more than {} deep, in the call to {}", kMaxCallDepth, name));
    exhausted = true;
    return Value();
  }

  // A layer given only its configuration is an instance, to be called later; a function of `shape` without it is an
  // initial value.
  bool partial = false;
  const auto first =
      std::find_if(arguments.begin(), arguments.end(), [](const Given &g) { return g.name.text.empty(); });
  const bool byName = !decl.formals.empty() && std::any_of(arguments.begin(), arguments.end(), [&](const Given &g) {
    return g.name.text == decl.formals[0].name.text;
  });
  if (hasInstance && !callable.instance && !decl.formals.empty() && isTensorType(decl.formals[0].type))
    partial = !byName && !(first != arguments.end() && (first->value.isTensor() || !decl.formals[0].type.hasShape));
  if (decl.kind == Decl::Fn && !decl.formals.empty() && decl.formals[0].name.text == "shape" && !decl.formals[0].value)
    partial =
        !byName && !(first != arguments.end() && first->value.kind == Value::List) && !callable.given.count("shape");
  if (hasInstance && !frame->instance)
    return fail(Code::MisplacedParameter, range,
                fmt::format("the layer {} has parameters, and cannot be used here", name));
  std::map<std::string, Given> bound;
  if (!bind(decl, callable, arguments, range, bound, partial))
    return Value();
  if (partial) {
    auto result = std::make_shared<Callable>();
    result->decl = &decl;
    for (auto &[formal, given] : bound) {
      result->given[formal] = given.value;
      result->givenAt[formal] = given.range;
    }
    if (hasInstance)
      result->instance = instantiate(decl, range);
    Value function = Value::of(Value::Function);
    function.callable = result;
    return function;
  }

  Frame callee;
  callee.decl = &decl;
  callee.callee = name;
  callee.callSite = range;
  callee.instance = frame->instance;
  callee.ambient = frame->ambient;
  if (hasInstance) {
    callee.instance = callable.instance ? callable.instance : instantiate(decl, range);
    ++callee.instance->run;
    callee.instance->counters.clear();
  }
  const bool isModel = modelDecl == &decl && callee.instance &&
                       callee.instance == root.children[decl.name.text].get() && frame->instance == &root;
  Frame *caller = frame;
  FrameScope scope(*this, callee);
  Frame *outerReporting = reporting;
  bool good = true;
  for (const ast::Formal &formal : decl.formals) {
    Given given;
    auto it = bound.find(formal.name.text);
    if (it != bound.end())
      given = it->second;
    else {
      given.value = eval(*formal.value);
      given.range = formal.value->range;
    }
    Value value = given.value;
    if (value.isPoison()) {
      good = false;
      continue;
    }
    if (value.isTensor())
      addVars(callee.ambient, value.tensor.vars);
    reporting = it != bound.end() ? caller : outerReporting;
    good &= conform(formal, value, given, name);
    reporting = outerReporting;
    value.origin = given.range;
    if (value.isNumber())
      value.text.clear();
    callee.locals[formal.name.text] = std::move(value);
  }
  if (!good)
    return Value();
  ++callDepth;
  Value value = runBody(decl.body, &decl.result);
  --callDepth;
  if (value.kind == Value::Nothing)
    return fail(Code::ResultMismatch, decl.name.range,
                fmt::format("the body of `{}` ends without a value", decl.name.text));
  if (!conformResult(decl, value, range))
    return Value();
  if (isModel && !modelCalled) {
    modelCalled = true;
    markOutput(value);
  }
  return value;
}
