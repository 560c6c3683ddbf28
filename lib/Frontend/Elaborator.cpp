// Names, messages and statements: the walk over declarations and bodies.
#include "Elaborator.h"

#include "talweg/Dialect/Train/Train.h"
#include "talweg/Dialect/Tw/Tw.h"

#include <algorithm>
#include <fmt/format.h>

using namespace talweg;
using namespace talweg::frontend;
using ast::Decl;
using ast::Expr;
using ast::Stmt;

/// Expressions evaluated for one program, at most: what bounds a program that unrolls itself.
static constexpr std::int64_t kMaxEvaluations = 1'000'000;

Elaborator::Elaborator(mlir::MLIRContext &context, const Sources &sources, const std::vector<ast::File> &files,
                       Diagnostics &diagnostics, Diagnostics &ofPrediction, const Options &options)
    : context(context), sources(sources), files(files), diagnostics(diagnostics), ofPrediction(ofPrediction),
      options(options), builder(&context) {
  context.loadDialect<tw::TwDialect, train::TrainDialect>();
}

Elaborator::~Elaborator() = default;

//===-- messages ---------------------------------------------------------------------------------------------------===//

Failure::~Failure() { elaborator.addCallChain(diagnostic); }

Failure &Failure::note(ast::Range at, std::string text) {
  if (at.end > at.begin &&
      !(at.file == diagnostic.range.file && at.begin == diagnostic.range.begin && at.end == diagnostic.range.end))
    diagnostic.note(at, std::move(text));
  return *this;
}

/// An error inside the library is told at the user's call that led there.
Failure Elaborator::fail(Code code, ast::Range range, std::string message) {
  const Frame *inner = reporting ? reporting : frame;
  if (range.file == 0)
    return Failure(*this, diagnostics.error(code, range, std::move(message)));
  for (const Frame *f = inner; f; f = f->caller)
    if (f->callSite.file == 0 && f->callSite.end > 0 && !f->callee.empty()) {
      if (diagnostics.hasErrorAt(f->callSite)) // one thing may be wrong in several places of the library
        return Failure(*this, diagnostics.unsaid());
      Diagnostic &diagnostic =
          diagnostics.error(code, f->callSite, fmt::format("{}, in the call to `{}`", message, f->callee));
      diagnostic.note(range, "in the library, here");
      return Failure(*this, diagnostic);
    }
  return Failure(*this, diagnostics.error(code, range, std::move(message)));
}

void Elaborator::helpRequirement(Failure &failure, const std::string &name) {
  if (name == "require")
    failure.help("what is required is written `require x > 0`, with a space behind `require`");
}

void Elaborator::addCallChain(Diagnostic &diagnostic) {
  int told = 0;
  for (const Frame *f = reporting ? reporting : frame; f && told < 4; f = f->caller) {
    // That the train block calls its model goes without saying.
    const bool isModel = f->decl == modelDecl && f->caller && f->caller->decl == trainDecl;
    if (f->callee.empty() || f->callSite.file != 0 || isModel)
      continue;
    const bool same = f->callSite.begin == diagnostic.range.begin && f->callSite.end == diagnostic.range.end;
    if (same)
      continue;
    diagnostic.note(f->callSite, fmt::format("in the call to `{}`", f->callee));
    ++told;
  }
}

/// The user's place: of the expression, or of the call that leads into the library; its end is the column behind it.
mlir::Location Elaborator::location(ast::Range range) {
  for (const Frame *f = frame; f && range.file != 0; f = f->caller)
    if (f->callSite.end > 0)
      range = f->callSite;
  const Sources::Position from = sources.position(range), to = sources.position(range.file, range.end);
  return mlir::FileLineColRange::get(&context, sources.path(range.file), from.line, from.column, to.line, to.column);
}

bool Elaborator::spend(ast::Range range) {
  if (exhausted)
    return false;
  if (++spent <= kMaxEvaluations)
    return true;
  fail(Code::TooMuchUnrolled, range, fmt::format("the program unrolls to more than {} expressions", kMaxEvaluations));
  exhausted = true;
  return false;
}

bool Elaborator::isVisible(mlir::Value value) {
  const mlir::Block *block = builder.getInsertionBlock();
  mlir::Region *region = value.getParentRegion();
  return region && block && region->isAncestor(block->getParent()) && !(initialising && region != block->getParent());
}

//===-- declarations -----------------------------------------------------------------------------------------------===//

const Decl *Elaborator::findDecl(const std::string &name, int file) const {
  if (file == 0) {
    auto user = userDecls.find(name);
    if (user != userDecls.end())
      return user->second;
  }
  auto library = stdDecls.find(name);
  return library != stdDecls.end() ? library->second : nullptr;
}

std::vector<std::string> Elaborator::namesInScope(bool functions) const {
  std::vector<std::string> names;
  for (const auto &[name, value] : frame->locals)
    if (!functions || value.kind == Value::Function)
      names.push_back(name);
  for (const auto *decls : {&userDecls, &stdDecls})
    for (const auto &[name, decl] : *decls)
      if (decl->kind == Decl::Fn || decl->kind == Decl::Layer || decl->kind == Decl::Model ||
          decl->kind == Decl::Schedule)
        names.push_back(name);
  if (functions) {
    for (std::string &name : builtinNames())
      names.push_back(std::move(name));
    return names;
  }
  for (const auto &binding : frame->indices)
    names.push_back(binding->name);
  for (const auto &[name, value] : configs)
    names.push_back(name);
  names.insert(names.end(), {"training", "step", "steps", "pi", "inf", "true", "false"});
  return names;
}

bool Elaborator::checkDeclarations() {
  for (std::size_t file = 0; file < files.size(); ++file)
    for (const auto &decl : files[file].decls) {
      if (decl->kind == Decl::Train) {
        if (trainDecl)
          fail(Code::AlreadyDefined, decl->range, "a file has one `train`").note(trainDecl->range, "the first is here");
        else
          trainDecl = decl.get();
        continue;
      }
      std::map<std::string, const Decl *> &decls = file == 0 ? userDecls : stdDecls;
      auto [it, isNew] = decls.insert({decl->name.text, decl.get()});
      if (!isNew)
        fail(Code::AlreadyDefined, decl->name.range, fmt::format("`{}` is declared twice", decl->name.text))
            .note(it->second->name.range, "first here");
      std::set<std::string> formals;
      for (const ast::Formal &formal : decl->formals)
        if (!formals.insert(formal.name.text).second)
          fail(Code::AlreadyDefined, formal.name.range,
               fmt::format("`{}` has two parameters named `{}`", decl->name.text, formal.name.text));
    }
  return !diagnostics.hasErrors();
}

/// `config` values, in order; `--set` replaces one by its text.
void Elaborator::evaluateConfigs() {
  for (const auto &decl : files[0].decls) {
    if (decl->kind != Decl::Config)
      continue;
    Value value = decl->value ? eval(*decl->value) : Value();
    if (value.isPoison())
      continue;
    if (value.kind == Value::Hyper) // computed from another config: a fixed number
      value = Value::of(value.number);
    const std::string &wanted = decl->type.element.text, &name = decl->name.text;
    if (wanted == "float" && value.isNumber())
      value = Value::real(value.number.asReal());
    const bool matches = wanted.empty() || (wanted == "int" && value.isInteger()) ||
                         (wanted == "float" && value.isNumber()) || (wanted == "bool" && value.kind == Value::Bool) ||
                         (wanted == "string" && value.kind == Value::Text);
    if (!matches || (!value.isNumber() && value.kind != Value::Bool && value.kind != Value::Text)) {
      fail(Code::BadConfig, decl->value->range,
           fmt::format("config `{}` is {}, and this is {}", name,
                       wanted.empty() ? "a number, a text, `true` or `false`" : "of type " + wanted, describe(value)));
      continue;
    }
    if (auto set = options.set.find(name); set != options.set.end()) {
      const std::string &text = set->second;
      char *end = nullptr;
      errno = 0;
      bool good = !text.empty();
      if (value.isInteger()) {
        value.number.integer = std::strtoll(text.c_str(), &end, 10);
        good = good && *end == 0 && errno == 0;
      } else if (value.isNumber()) {
        value.number.real = std::strtod(text.c_str(), &end);
        good = good && *end == 0 && isFinite(value.number.real);
      } else if (value.kind == Value::Bool) {
        value.boolean = text == "true";
        good = text == "true" || text == "false";
      } else
        value.text = text;
      if (!good && value.isNumber() && !value.isInteger())
        failNotFinite(Code::BadConfig, decl->name.range, fmt::format("config `{}`", name),
                      fmt::format("set to `{}`", text));
      else if (!good)
        fail(Code::BadConfig, decl->name.range,
             fmt::format("config `{}` is {}, and cannot be set to `{}`", name,
                         value.isInteger() ? "an integer" : "`true` or `false`", text));
    }
    if (value.isNumber() && !value.number.isInteger) {
      thePlan.hypers.push_back({name, value.number.real});
      value.kind = Value::Hyper;
      value.text = name;
    } else
      thePlan.constants.push_back({name, value.isNumber()            ? toText(value.number)
                                         : value.kind == Value::Bool ? (value.boolean ? "true" : "false")
                                                                     : value.text});
    configs[name] = value;
  }
}

//===-- bodies -----------------------------------------------------------------------------------------------------===//

Value Elaborator::runBody(const ast::Block &body, const ast::Type *result) {
  Value last = Value::nothing();
  for (std::size_t i = 0; i < body.size(); ++i)
    last = runStatement(*body[i], i + 1 == body.size() ? result : nullptr);
  return last;
}

Value Elaborator::runStatement(const Stmt &stmt, const ast::Type *result) {
  switch (stmt.kind) {
  case Stmt::Expr_: return eval(*stmt.value);
  case Stmt::Define: return define(stmt, result);
  case Stmt::Update: {
    const auto target = frame->locals.find(stmt.target.text);
    if (target == frame->locals.end())
      return fail(Code::UnknownName, stmt.target.range, fmt::format("unknown name `{}`", stmt.target.text))
          .didYouMean(suggest(stmt.target.text, namesInScope(false)));
    const Value old = target->second;
    const Value value = binary(stmt.binary, old, eval(*stmt.value), stmt.range, nullptr, stmt.value.get());
    assign(stmt.target, value, stmt.range);
    return frame->locals[stmt.target.text];
  }
  case Stmt::Param:
  case Stmt::State: declareVariable(stmt); return Value::nothing();
  case Stmt::Repeat:
  case Stmt::For: runLoop(stmt); return Value::nothing();
  case Stmt::Require: require(stmt); return Value::nothing();
  default: return fail(Code::MisplacedStatement, stmt.range, "this statement belongs into `train`");
  }
}

Value Elaborator::define(const Stmt &stmt, const ast::Type *result) {
  const bool wasBound =
      frame->locals.count(stmt.target.text) && !(frame->beforeLoop && !frame->beforeLoop->count(stmt.target.text));
  frame->leftName = !wasBound && countLayers(*stmt.value) == 1 ? stmt.target.text + frame->loopSuffix : "";
  frame->definition = &stmt;
  Value value = stmt.indexed ? evalIndexed(stmt, result) : eval(*stmt.value);
  frame->definition = nullptr;
  frame->leftName.clear();
  if (value.kind == Value::Nothing)
    value = fail(Code::WrongKind, stmt.value->range, "this has no value");
  assign(stmt.target, value, stmt.range);
  return frame->locals[stmt.target.text];
}

/// Gives a name its value; for a state, also the value it has after this step.
void Elaborator::assign(const ast::Name &target, Value value, ast::Range range) {
  Value &local = frame->locals[target.text];
  const auto state = frame->states.find(target.text);
  if (state == frame->states.end() || value.isPoison()) {
    local = std::move(value);
    return;
  }
  Variable &variable = *state->second;
  const auto type = mlir::cast<mlir::TensorType>(variable.current.getType());
  Aligned shape;
  shape.unranked = !type.hasRank();
  shape.dims = variable.dims;
  const bool isNumber = value.isNumeric() && !(value.isTensor() && elementOf(value).isInteger(1));
  bool agrees = isNumber;
  if (isNumber && value.isTensor()) {
    const Tensor &tensor = value.tensor;
    const auto sameSize = [](const Dim &a, const Dim &b) { return a.size == b.size; };
    agrees = tensor.vars.empty() &&
             (tensor.dims.empty() || shape.unranked ||
              std::equal(tensor.dims.begin(), tensor.dims.end(), variable.dims.begin(), variable.dims.end(), sameSize));
  }
  if (!agrees) {
    fail(Code::StateMismatch, range, fmt::format("`{}` cannot be given this value", target.text))
        .line(fmt::format("it is {}", describe(local)))
        .line(fmt::format("this is {}", describe(value)))
        .note(variable.place, "declared here");
    return;
  }
  variable.current = materialise(value, type.getElementType(), shape, range);
  variable.assigned = true;
  Tensor tensor;
  tensor.ssa = variable.current;
  tensor.dims = shape.unranked ? Dims() : variable.dims;
  local = Value::of(tensor);
}

/// Loops are unrolled; each turn has layers of its own.
void Elaborator::runLoop(const Stmt &stmt) {
  const Value over = eval(*stmt.value);
  if (over.isPoison())
    return;
  std::vector<Value> turns;
  if (stmt.kind == Stmt::Repeat || over.kind == Value::Range_) {
    if (stmt.kind == Stmt::Repeat && !over.isInteger()) {
      fail(Code::WrongKind, stmt.value->range,
           "`repeat` takes an integer known at compile time, and this is " + describe(over));
      return;
    }
    const std::int64_t from = over.kind == Value::Range_ ? over.items[0].number.integer : 0;
    const std::int64_t to = over.kind == Value::Range_ ? over.items[1].number.integer : over.number.integer;
    if (to < from || to - from > 100'000) {
      fail(Code::TooMuchUnrolled, stmt.value->range,
           to < from ? "the range is negative" : "a loop is unrolled at most 100000 times");
      return;
    }
    for (std::int64_t i = from; i < to; ++i)
      turns.push_back(Value::integer(i));
  } else if (over.kind == Value::List)
    turns = over.items;
  else {
    fail(Code::WrongKind, stmt.value->range,
         "`for` goes through a range `0..6` or a list, and this is " + describe(over));
    return;
  }
  std::set<std::string> names;
  for (const auto &[name, value] : frame->locals)
    names.insert(name);
  const std::string suffix = frame->loopSuffix;
  const std::set<std::string> *before = frame->beforeLoop;
  if (!before)
    frame->beforeLoop = &names;
  for (std::size_t turn = 0; turn < turns.size() && !exhausted; ++turn) {
    frame->loopSuffix = suffix + "_" + std::to_string(turn);
    if (stmt.kind == Stmt::For)
      frame->locals[stmt.target.text] = turns[turn];
    if (!spend(stmt.range))
      break;
    runBody(stmt.body, nullptr);
  }
  frame->loopSuffix = suffix;
  frame->beforeLoop = before;
}
