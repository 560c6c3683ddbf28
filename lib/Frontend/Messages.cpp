// Errors at the user's place, with the calls that lead to them, and the names of things.
#include "Messages.h"

#include "Numbers.h"

#include "talweg/Dialect/Tw/Elements.h"

#include "mlir/IR/BuiltinTypes.h"

#include <algorithm>
#include <fmt/format.h>

using namespace talweg;
using namespace talweg::frontend;
using ast::Decl;

//===-- errors -----------------------------------------------------------------------------------------------------===//

Failure::~Failure() { messages.addCallChain(diagnostic); }

Failure &Failure::sizes(const Dims &a, const char *inA, const Dims &b, const char *inB) {
  if (a.size() == b.size())
    for (std::size_t i = 0; i < a.size(); ++i)
      if (a[i].size != b[i].size)
        return line(fmt::format("dimension {} is {} {} and {} {}", i + 1, a[i].size, inA, b[i].size, inB));
  return *this;
}

Failure &Failure::note(ast::Range at, std::string text) {
  if (at.end > at.begin &&
      !(at.file == diagnostic.range.file && at.begin == diagnostic.range.begin && at.end == diagnostic.range.end))
    diagnostic.note(at, std::move(text));
  return *this;
}

Failure &Failure::helpRequirement(const std::string &name) {
  return name == "require" ? help("what is required is written `require x > 0`, with a space behind `require`") : *this;
}

/// The user's call that leads into the library, from `frame` on outwards.
static const Frame *userCall(const Frame *frame) {
  while (frame && !(frame->callSite.file == 0 && frame->callSite.end > 0 && !frame->callee.empty()))
    frame = frame->caller;
  return frame;
}

Failure Messages::fail(Code code, ast::Range range, std::string message) {
  const Frame *call = range.file == 0 ? nullptr : userCall(scopes.toldFrame());
  if (!call)
    return Failure(*this, diagnostics.error(code, range, std::move(message)));
  if (diagnostics.hasErrorAt(call->callSite)) // one thing may be wrong in several places of the library
    return Failure(*this, diagnostics.unsaid());
  Diagnostic &diagnostic =
      diagnostics.error(code, call->callSite, fmt::format("{}, in the call to `{}`", message, call->callee));
  diagnostic.note(range, "in the library, here");
  return Failure(*this, diagnostic);
}

void Messages::addCallChain(Diagnostic &diagnostic) const {
  int told = 0;
  for (const Frame *f = scopes.toldFrame(); f && told < 4; f = f->caller) {
    // That the train block calls its model goes without saying.
    const bool isModel = f->decl == names.model && f->caller && f->caller->decl == names.train;
    if (f->callee.empty() || f->callSite.file != 0 || isModel)
      continue;
    const bool same = f->callSite.begin == diagnostic.range.begin && f->callSite.end == diagnostic.range.end;
    if (same)
      continue;
    diagnostic.note(f->callSite, fmt::format("in the call to `{}`", f->callee));
    ++told;
  }
}

//===-- places -----------------------------------------------------------------------------------------------------===//

/// The end of a location is the column behind it.
mlir::Location Messages::location(ast::Range range) const {
  for (const Frame *f = scopes.innermostFrame(); f && range.file != 0; f = f->caller)
    if (f->callSite.end > 0)
      range = f->callSite;
  const Sources::Position from = sources.position(range), to = sources.position(range.file, range.end);
  return mlir::FileLineColRange::get(&context, sources.path(range.file), from.line, from.column, to.line, to.column);
}

std::string Messages::inTheCall(ast::Range range) const {
  const Frame *call = range.file == 0 ? nullptr : userCall(scopes.innermostFrame());
  return call ? fmt::format(", in the call to `{}`", call->callee) : "";
}

//===-- descriptions -----------------------------------------------------------------------------------------------===//

std::string Messages::elementName(mlir::Type type) const {
  const ElementType element = *tw::elementTypeOf(type);
  return std::string(nameOf(element == theReal ? ElementType::F32 : element));
}

std::string Messages::describe(const Dims &dims) const {
  std::string text;
  for (std::size_t i = 0; i < dims.size(); ++i) {
    if (dims[i].rest && i > 0 && dims[i - 1].rest && dims[i - 1].name == dims[i].name)
      continue;
    text += text.empty() ? "" : ", ";
    text += dims[i].name.empty() ? std::to_string(dims[i].size) : (dims[i].rest ? ".." : "") + dims[i].name;
  }
  return text;
}

std::string Messages::describe(const Value &value) const {
  switch (value.kind) {
  case Value::Number: return "the number " + toText(value.number);
  case Value::Bool: return value.boolean ? "`true`" : "`false`";
  case Value::Text: return "a text";
  case Value::List: return "a list";
  case Value::Range: return "a range";
  case Value::Rest: return "several dimensions";
  case Value::Hyper: return "the setting `" + value.text + "`";
  case Value::Function:
    return value.callable->instance ? "a layer's instance" : "the function `" + value.callable->decl->name.text + "`";
  case Value::Nothing: return "nothing";
  case Value::Poison: return "?";
  case Value::Tensor: break;
  }
  const Tensor &tensor = value.tensor;
  if (!tensor.isRanked())
    return "a tensor of the parameter's shape";
  if (tensor.weak)
    return tensor.hasConditions() ? "a condition decided while the program runs"
                                  : "a number computed while the program runs";
  const std::string element = elementName(tensor.element());
  return tensor.dims.empty() ? element : element + "[" + describe(tensor.dims) + "]";
}

//===-- names ------------------------------------------------------------------------------------------------------===//

std::vector<std::string> Messages::namesInScope(bool functions) const {
  const Frame &frame = scopes.frame();
  std::vector<std::string> found;
  for (const auto &[name, value] : frame.locals)
    if (!functions || value.kind == Value::Function)
      found.push_back(name);
  for (std::string &name : names.namesOf({Decl::Fn, Decl::Layer, Decl::Model, Decl::Schedule}))
    found.push_back(std::move(name));
  if (functions) {
    found.insert(found.end(), names.builtins.begin(), names.builtins.end());
    return found;
  }
  for (const auto &binding : frame.indices)
    found.push_back(binding->name);
  for (const auto &[name, value] : names.configs)
    found.push_back(name);
  found.insert(found.end(), {"training", "step", "steps", "pi", "inf", "true", "false"});
  return found;
}

std::string Messages::nameForResult(ast::Range range, const std::vector<std::string> &labels) const {
  if (const Definition *definition = scopes.frame().definition) {
    const ast::Range right = definition->stmt.value->range;
    if (!definition->stmt.indexed && right.begin == range.begin && right.end == range.end)
      return definition->stmt.target.text;
  }
  std::vector<std::string> taken = namesInScope(false);
  taken.insert(taken.end(), labels.begin(), labels.end());
  std::string name = "y";
  for (int number = 2; std::find(taken.begin(), taken.end(), name) != taken.end(); ++number)
    name = fmt::format("y{}", number);
  return name;
}
