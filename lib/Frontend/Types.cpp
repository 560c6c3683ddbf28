// Types: dimensions are expressions over names; a call binds the names of the callee's types to the arguments' sizes, and every further
// occurrence must agree.
#include "Elaborator.h"

#include "mlir/IR/BuiltinTypes.h"

#include <algorithm>
#include <fmt/format.h>

using namespace talweg;
using namespace talweg::frontend;
using ast::Expr;
using ast::Index;

std::optional<std::int64_t> Elaborator::evalDim(const Expr &expr) {
  const bool outer = inDimension;
  inDimension = true;
  const std::optional<std::int64_t> size = evalInteger(expr, "a dimension");
  inDimension = outer;
  if (size && *size < 0) {
    fail(Code::BadDimension, expr.range, fmt::format("a dimension cannot be {}", *size));
    return std::nullopt;
  }
  return size;
}

/// The dimensions of a type all of whose names are known.
std::optional<Dims> Elaborator::evalDims(const ast::Type &type) {
  Dims dims;
  for (const Index &index : type.dims) {
    if (index.kind == Index::Rest) {
      auto rest = frame->locals.find(".." + index.rest.text);
      if (rest == frame->locals.end() || rest->second.unranked) {
        fail(Code::UnknownName, index.range, fmt::format("unknown dimensions `..{}`", index.rest.text));
        return std::nullopt;
      }
      for (const Dim &dim : rest->second.rest)
        dims.push_back({dim.size, index.rest.text, true});
      continue;
    }
    if (!index.value) {
      fail(Code::BadDimension, index.range, "a dimension is a number or a name");
      return std::nullopt;
    }
    const std::optional<std::int64_t> size = evalDim(*index.value);
    if (!size)
      return std::nullopt;
    dims.push_back({*size, index.value->kind == Expr::Ident ? index.value->text : "", false});
  }
  return checkSize({}, dims, type.range) ? std::optional(dims) : std::nullopt;
}

/// Are all names of a dimension's expression bound?
static bool isBound(const Expr &expr, const std::map<std::string, Value> &locals,
                    const std::map<std::string, Value> &configs) {
  if (expr.kind == Expr::Ident)
    return locals.count(expr.text) || configs.count(expr.text);
  for (const Expr *child : {expr.lhs.get(), expr.rhs.get(), expr.other.get()})
    if (child && !(expr.kind == Expr::Call && child == expr.lhs.get()) && !isBound(*child, locals, configs))
      return false;
  return std::all_of(expr.arguments.begin(), expr.arguments.end(),
                     [&](const ast::Argument &a) { return isBound(*a.value, locals, configs); });
}

static const std::map<std::string, Value> noConfigs;

std::vector<std::optional<std::int64_t>> Elaborator::expectedSizes(const ast::Type &type) {
  std::vector<std::optional<std::int64_t>> sizes;
  for (const Index &index : type.dims) {
    if (index.kind == Index::Rest) {
      auto rest = frame->locals.find(".." + index.rest.text);
      if (rest == frame->locals.end() || rest->second.unranked)
        return {};
      for (const Dim &dim : rest->second.rest)
        sizes.push_back(dim.size);
    } else if (index.value && isBound(*index.value, frame->locals, type.range.file == 0 ? configs : noConfigs))
      sizes.push_back(evalDim(*index.value));
    else
      sizes.push_back(std::nullopt);
  }
  return sizes;
}

/// Matches a tensor's dimensions with a declared type in the present frame, binding names that are new.
bool Elaborator::unify(const ast::Type &type, const Tensor &tensor, const Given &given, const std::string &formal,
                       const std::string &callee) {
  const auto &visible = type.range.file == 0 ? configs : noConfigs;
  const bool unranked = !mlir::cast<mlir::TensorType>(tensor.ssa.getType()).hasRank();
  const auto describeMismatch = [&](Failure &failure, const std::string &text) {
    failure.line(
        fmt::format("{} is {}", formal.empty() ? "the value" : "`" + formal + "`", describe(Value::of(tensor))));
    failure.line(fmt::format("{} is {}", callee.empty() ? "declared" : "wanted", sources.text(type.range)));
    failure.line(text);
  };
  const Code code = callee.empty() ? Code::ResultMismatch : Code::CallShapesDisagree;
  const std::string situation = callee.empty() ? "the value does not have the declared shape"
                                               : fmt::format("shapes do not agree in the call to {}", callee);
  if (unranked) {
    if (type.dims.size() == 1 && type.dims[0].kind == Index::Rest) {
      Value rest = Value::of(Value::Rest);
      rest.unranked = true;
      frame->locals.insert({".." + type.dims[0].rest.text, rest});
      return true;
    }
    fail(Code::NotSupportedYet, given.range, "an update rule's tensors have any shape: only `f32[..s]` can take them");
    return false;
  }
  const std::size_t rests =
      std::count_if(type.dims.begin(), type.dims.end(), [](const Index &i) { return i.kind == Index::Rest; });
  const std::size_t single = type.dims.size() - rests, rank = tensor.dims.size();
  if (rests > 1) {
    fail(Code::BadDimension, type.range, "a type has at most one rest `..b`");
    return false;
  }
  if (rests == 0 ? rank != single : rank < single) {
    Failure failure = fail(code, given.range, situation);
    describeMismatch(failure, fmt::format("{} dimension{} given, {}{} wanted", rank, rank == 1 ? "" : "s",
                                          rests ? "at least " : "", single));
    failure.note(type.range, "declared here");
    return false;
  }
  std::size_t at = 0;
  for (const Index &index : type.dims) {
    if (index.kind == Index::Rest) {
      Value rest = Value::of(Value::Rest);
      rest.rest.assign(tensor.dims.begin() + at, tensor.dims.begin() + at + (rank - single));
      rest.origin = given.range;
      at += rank - single;
      auto [it, isNew] = frame->locals.insert({".." + index.rest.text, rest});
      const Dims &bound = it->second.rest;
      const auto sameSize = [](const Dim &a, const Dim &b) { return a.size == b.size; };
      if (isNew || std::equal(bound.begin(), bound.end(), rest.rest.begin(), rest.rest.end(), sameSize))
        continue;
      Failure failure = fail(code, given.range, situation);
      describeMismatch(failure, fmt::format("`..{}` is [{}] here and [{}] elsewhere", index.rest.text,
                                            describe(rest.rest), describe(bound)));
      failure.note(it->second.origin, "it was given here");
      return false;
    }
    const Dim &dim = tensor.dims[at++];
    if (!index.value) {
      fail(Code::BadDimension, index.range, "a dimension is a number or a name");
      return false;
    }
    if (index.value->kind == Expr::Ident && !isBound(*index.value, frame->locals, visible)) {
      Value size = Value::integer(dim.size);
      size.text = (dim.rest ? "" : dim.name);
      size.isDimension = true;
      size.origin = given.range;
      frame->locals[index.value->text] = size;
    }
  }
  at = 0;
  for (const Index &index : type.dims) {
    if (index.kind == Index::Rest) {
      at += rank - single;
      continue;
    }
    const Dim &dim = tensor.dims[at++];
    const std::optional<std::int64_t> wanted = evalDim(*index.value);
    if (!wanted)
      return false;
    if (*wanted == dim.size)
      continue;
    const std::string name = std::string(sources.text(index.range));
    const bool isLiteral = index.value->kind == Expr::Number;
    Failure failure = fail(code, given.range, situation);
    describeMismatch(failure, isLiteral ? fmt::format("dimension {} does not equal {}", dim.size, *wanted)
                                        : fmt::format("dimension {} does not equal {} = {}", dim.size, name, *wanted));
    if (given.expr && given.expr->kind == Expr::Ident && reporting && reporting->instance) {
      const auto variable = reporting->instance->variables.find(given.expr->text);
      if (variable != reporting->instance->variables.end() && variable->second)
        failure.note(variable->second->place, fmt::format("`{}` is declared here", given.expr->text));
    }
    if (index.value->kind == Expr::Ident && frame->locals.count(index.value->text))
      failure.note(frame->locals[index.value->text].origin, fmt::format("`{}` is {} from here", name, *wanted));
    failure.note(type.range, "declared here");
    return false;
  }
  return true;
}

static bool isTensorElement(const std::string &name) {
  return name == "f32" || name == "f64" || name == "i32" || name == "u8" || name == "bool" || name == "class";
}

/// Checks an argument against its declaration and gives it the callee's names; converts stored data to the wanted element.
bool Elaborator::conform(const ast::Formal &formal, Value &value, const Given &given, const std::string &callee) {
  const std::string &wanted = formal.type.element.text;
  const auto wrong = [&](const std::string &what) {
    fail(Code::WrongArgument, given.range,
         fmt::format("`{}` of {} is {}, and this is {}", formal.name.text, callee, what, describe(value)))
        .note(formal.name.range, "declared here");
    return false;
  };
  if (wanted.empty())
    return true;
  if (wanted == "int")
    return value.isInteger() || wrong("an integer known at compile time");
  if (wanted == "float" || wanted == "schedule") {
    const bool scalar = value.isNumber() || value.kind == Value::Hyper ||
                        (value.isTensor() && value.tensor.dims.empty() && !elementOf(value).isInteger(1) &&
                         mlir::cast<mlir::TensorType>(value.tensor.ssa.getType()).hasRank());
    return scalar || wrong(wanted == "float" ? "a number" : "a number or a schedule");
  }
  if (wanted == "string")
    return value.kind == Value::Text || wrong("a text");
  if (!isTensorElement(wanted)) {
    fail(Code::UnknownType, formal.type.range, fmt::format("unknown type `{}`", wanted))
        .didYouMean(suggest(wanted, std::vector<std::string>{"f32", "f64", "i32", "u8", "bool", "class", "int", "float",
                                                             "string", "schedule"}));
    return false;
  }
  if (wanted == "class") {
    fail(Code::UnknownType, formal.type.range, "an input that takes labels is `i32`, with its dimensions")
        .help("write `i32[n]`, for example; that labels fit is checked where they are compared");
    return false;
  }
  if (wanted == "bool" && value.kind == Value::Bool)
    return true;
  if (!value.isTensor()) {
    const bool isScalar = value.isNumber() || value.kind == Value::Hyper;
    const bool canBeScalar =
        formal.type.dims.empty() || (formal.type.dims.size() == 1 && formal.type.dims[0].kind == Index::Rest);
    if (!isScalar || !canBeScalar || wanted == "bool")
      return wrong("a tensor " + std::string(sources.text(formal.type.range)));
    for (const Index &rest : formal.type.dims)
      frame->locals.insert({".." + rest.rest.text, Value::of(Value::Rest)});
    return true;
  }
  Tensor &tensor = value.tensor;
  const mlir::Type element = elementOf(value);
  const bool isFloat = mlir::isa<mlir::FloatType>(element), isInteger = element.isInteger(32),
             isByte = element.isUnsignedInteger(8);
  if (wanted == "f32" || wanted == "f64") {
    const mlir::Type target = wanted == "f64" ? mlir::Type(builder.getF64Type()) : floatType();
    if ((isInteger && !tensor.label) || isByte)
      tensor = converted(tensor, target, given.range);
    else if (!isFloat || (!tensor.weak && element != target))
      return wrong(std::string(sources.text(formal.type.range)));
  } else if (wanted == "i32") {
    if (isByte)
      tensor = converted(tensor, builder.getI32Type(), given.range);
    else if (!isInteger)
      return wrong(std::string(sources.text(formal.type.range)));
  } else if (elementName(element) != wanted)
    return wrong(std::string(sources.text(formal.type.range)));
  if (!unify(formal.type, tensor, given, formal.name.text, callee))
    return false;
  std::size_t at = 0; // inside, dimensions go by the callee's names
  for (const Index &index : formal.type.dims) {
    if (index.kind != Index::Rest) {
      tensor.dims[at].name = index.value->kind == Expr::Ident ? index.value->text : "";
      tensor.dims[at++].rest = false;
      continue;
    }
    for (std::size_t i = 0; i < frame->locals[".." + index.rest.text].rest.size(); ++i)
      tensor.dims[at].name = index.rest.text, tensor.dims[at++].rest = true;
  }
  return true;
}

/// Checks a body's value against the declared result, and gives its dimensions the caller's names.
bool Elaborator::conformResult(const ast::Decl &decl, Value &value, ast::Range range) {
  const ast::Type &type = decl.result;
  if (value.isPoison())
    return false;
  if (type.element.text.empty()) {
    for (Dim &dim : value.tensor.dims)
      dim.name.clear(), dim.rest = false;
    return true;
  }
  const std::string &wanted = type.element.text;
  const ast::Range place = decl.body.empty() ? decl.range : decl.body.back()->range;
  const auto wrong = [&] {
    fail(Code::ResultMismatch, place,
         fmt::format("`{}` gives {}, and declares {}", decl.name.text, describe(value), sources.text(type.range)))
        .note(type.range, "declared here");
    return false;
  };
  if (!isTensorElement(wanted)) {
    const bool good = wanted == "int"                             ? value.isInteger()
                      : wanted == "float" || wanted == "schedule" ? value.isNumeric()
                                                                  : value.kind == Value::Text;
    return good || wrong();
  }
  if (!value.isTensor()) {
    const bool isScalar = wanted == "bool" ? value.kind == Value::Bool : value.isNumber() || value.kind == Value::Hyper;
    const std::vector<std::optional<std::int64_t>> sizes = expectedSizes(type);
    const bool unranked = !type.dims.empty() && sizes.empty() && type.dims[0].kind == Index::Rest;
    return (isScalar && sizes.empty() && !(type.dims.size() && !unranked && type.dims[0].kind != Index::Rest)) ||
           wrong();
  }
  Tensor &tensor = value.tensor;
  const mlir::Type element = elementOf(value);
  if ((wanted == "f32" || wanted == "f64") && (element.isInteger(32) || element.isUnsignedInteger(8)))
    tensor = converted(tensor, floatType(), place);
  else if (wanted == "bool"                     ? !element.isInteger(1)
           : wanted == "f32" || wanted == "f64" ? !mlir::isa<mlir::FloatType>(element)
                                                : !element.isInteger(32))
    return wrong();
  const auto ranked = mlir::dyn_cast<mlir::RankedTensorType>(tensor.ssa.getType());
  if (!ranked)
    return true;
  Given given;
  given.range = place;
  if (!unify(type, tensor, given, "", ""))
    return false;
  std::size_t at = 0;
  for (const Index &index : type.dims) {
    if (index.kind == Index::Rest) {
      for (const Dim &dim : frame->locals[".." + index.rest.text].rest)
        tensor.dims[at++] = dim;
      continue;
    }
    Dim &dim = tensor.dims[at++];
    dim.rest = false;
    dim.name = index.value->kind == Expr::Ident && frame->locals.count(index.value->text)
                   ? frame->locals[index.value->text].text
                   : "";
  }
  return true;
}
