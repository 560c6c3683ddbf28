// `config`: numbers, texts and truths that stand beside the definitions, and may be set from outside.
#include "Expressions.h"
#include "Numbers.h"
#include "Planning.h"
#include "Walk.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fmt/format.h>

using namespace talweg;
using namespace talweg::frontend;
using ast::Decl;

/// What configs are declared as.
static constexpr std::string_view configTypes[] = {"int", "float", "bool", "string"};

/// Is `value` what a config of type `wanted` (empty: any) can be?
static bool isConfig(const Value &value, const std::string &wanted) {
  const bool isPlain = value.isNumber() || value.kind == Value::Bool || value.kind == Value::Text;
  return isPlain &&
         (wanted.empty() || (wanted == "int" && value.isInteger()) || (wanted == "float" && value.isNumber()) ||
          (wanted == "bool" && value.kind == Value::Bool) || (wanted == "string" && value.kind == Value::Text));
}

/// Gives `value` what `text` says, as far as it says anything. False: it is not of the value's kind.
static bool setTo(Walk &walk, Value &value, const std::string &text) {
  char *end = nullptr;
  errno = 0;
  if (value.isInteger()) {
    value.number.integer = std::strtoll(text.c_str(), &end, 10);
    return !text.empty() && *end == 0 && errno == 0;
  }
  if (value.isNumber()) {
    value.number.real = std::strtod(text.c_str(), &end);
    return !text.empty() && *end == 0 && walk.tensors.isFinite(value.number.real);
  }
  if (value.kind == Value::Bool) {
    value.boolean = text == "true";
    return text == "true" || text == "false";
  }
  value.text = text;
  return !text.empty();
}

static void failToSet(Walk &walk, const Decl &decl, const Value &value, const std::string &text) {
  const std::string &name = decl.name.text;
  if (value.isNumber() && !value.isInteger())
    walk.tensors.failNotFinite(Code::BadConfig, decl.name.range, fmt::format("config `{}`", name),
                               fmt::format("set to `{}`", text));
  else
    walk.fail(Code::BadConfig, decl.name.range,
              fmt::format("config `{}` is {}, and cannot be set to `{}`", name,
                          value.isInteger() ? "an integer" : "`true` or `false`", text));
}

static void evalConfig(Walk &walk, const Decl &decl) {
  const std::string &wanted = decl.type.element.text, &name = decl.name.text;
  Value value = decl.value ? eval(walk, *decl.value) : Value();
  if (value.isPoison())
    return;
  if (value.kind == Value::Hyper) // computed from another config: a fixed number
    value = Value::of(value.number);
  if (wanted == "float" && value.isNumber())
    value = Value::real(value.number.asReal());
  if (!wanted.empty() && std::ranges::find(configTypes, wanted) == std::end(configTypes)) {
    walk.fail(Code::UnknownType, decl.type.range,
              fmt::format("a config is `int`, `float`, `bool` or `string`, not `{}`", wanted));
    return;
  }
  if (!isConfig(value, wanted)) {
    walk.fail(Code::BadConfig, decl.value->range,
              fmt::format("config `{}` is {}, and this is {}", name,
                          wanted.empty() ? "a number, a text, `true` or `false`" : "of type " + wanted,
                          walk.describe(value)));
    return;
  }
  if (const auto set = walk.options.set.find(name); set != walk.options.set.end() && !setTo(walk, value, set->second))
    failToSet(walk, decl, value, set->second);
  if (value.isNumber() && !value.number.isInteger) {
    walk.hypers.push_back({name, value.number.real});
    value.kind = Value::Hyper;
    value.text = name;
  } else
    walk.plan.constants.push_back({name, value.isNumber()            ? toText(value.number)
                                         : value.kind == Value::Bool ? (value.boolean ? "true" : "false")
                                                                     : value.text});
  walk.names.configs[name] = value;
}

void frontend::evalConfigs(Walk &walk) {
  for (const auto &decl : walk.files[0].decls)
    if (decl->kind == Decl::Config)
      evalConfig(walk, *decl);
}
