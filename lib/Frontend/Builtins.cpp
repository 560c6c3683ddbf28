// The table of built-in functions, and what each family of them does.
#include "Builtins.h"

#include "Derivatives.h"
#include "Norms.h"
#include "Operators.h"
#include "Pieces.h"

#include "talweg/Dialect/Train/Train.h"
#include "talweg/Dialect/Tw/Elements.h"
#include "talweg/Dialect/Tw/Functions.h"
#include "talweg/Dialect/Tw/Tw.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

using namespace talweg;
using namespace talweg::frontend;

namespace {
enum class Family {
  Unary,
  Extremum,
  Pow,
  Reduction,
  Reshape,
  Pad,
  Concat,
  Stack,
  Full,
  Shape,
  Size,
  Rank,
  Random,
  FanIn,
  FanOut,
  Float,
  Int,
  CountBelow,
  Grad,
  Norm,
  Averaged
};
struct Builtin {
  const char *name;
  Family family;
  std::vector<const char *> parameters;
  std::size_t required;
  const tw::Function *function = nullptr; ///< of family Unary
};
} // namespace

static std::vector<Builtin> makeTable() {
  std::vector<Builtin> rows;
  for (const tw::Function *function : tw::functions())
    if (function != &tw::functionOf<tw::NegOp>) // an operator
      rows.push_back({function->name.data(), Family::Unary, {"x"}, 1, function});
  rows.insert(rows.end(), {
                              {"max", Family::Extremum, {"x", "y"}, 1},
                              {"min", Family::Extremum, {"x", "y"}, 1},
                              {"pow", Family::Pow, {"x", "y"}, 2},
                              {"sum", Family::Reduction, {"x"}, 1},
                              {"mean", Family::Reduction, {"x"}, 1},
                              {"prod", Family::Reduction, {"x"}, 1},
                              {"any", Family::Reduction, {"x"}, 1},
                              {"all", Family::Reduction, {"x"}, 1},
                              {"argmax", Family::Reduction, {"x"}, 1},
                              {"argmin", Family::Reduction, {"x"}, 1},
                              {"logsumexp", Family::Reduction, {"x"}, 1},
                              {"reshape", Family::Reshape, {"x", "shape"}, 2},
                              {"pad", Family::Pad, {"x", "low", "high", "value"}, 3},
                              {"concat", Family::Concat, {"x"}, 0}, // of any number
                              {"stack", Family::Stack, {"x"}, 0},
                              {"full", Family::Full, {"shape", "value"}, 2},
                              {"shape", Family::Shape, {"x"}, 1},
                              {"size", Family::Size, {"x"}, 1},
                              {"rank", Family::Rank, {"x"}, 1},
                              {"random", Family::Random, {"shape"}, 1},
                              {"fan_in", Family::FanIn, {"shape"}, 1},
                              {"fan_out", Family::FanOut, {"shape"}, 1},
                              {"float", Family::Float, {"x"}, 1},
                              {"int", Family::Int, {"x"}, 1},
                              {"count_below", Family::CountBelow, {"x"}, 1},
                              {"grad", Family::Grad, {"y", "x", "dy"}, 2},
                              {"gradient_norm", Family::Norm, {"pattern"}, 1},
                              {"parameter_norm", Family::Norm, {"pattern"}, 1},
                              {"update_ratio", Family::Norm, {"pattern"}, 1},
                              {"averaged", Family::Averaged, {"layer"}, 1},
                          });
  return rows;
}

static const std::vector<Builtin> &table() {
  static const std::vector<Builtin> rows = makeTable();
  return rows;
}

static const Builtin *find(const std::string &name) {
  for (const Builtin &row : table())
    if (name == row.name)
      return &row;
  return nullptr;
}

std::vector<std::string> frontend::builtinNames() {
  std::vector<std::string> names;
  for (const Builtin &row : table())
    names.push_back(row.name);
  return names;
}

//===-- families ---------------------------------------------------------------------------------------------------===//

static Value plainReduction(TensorBuilder &tensors, const std::string &name, const Given &argument, ast::Range range) {
  const Value x = tensors.asTensor(argument.value, range);
  if (x.isPoison())
    return x;
  if (!x.isTensor())
    return tensors.fail(Code::WrongKind, argument.range,
                        fmt::format("`{}` takes a tensor, and this is {}", name, tensors.describe(x)));
  const Tensor &tensor = x.tensor;
  const bool unranked = !tensor.isRanked();
  if (!unranked && tensor.dims.empty() && !tensor.vars.empty())
    return tensors
        .fail(Code::WrongIndexCount, range,
              fmt::format("nothing to reduce: `{}` without indices reduces the dimensions that are not indexed", name))
        .help(fmt::format("write `{}[{}](…)`", name, tensor.vars.back()->name));
  if (name != "argmax" && name != "argmin")
    return reduce(tensors, name, tensor, {}, true, range);
  if (unranked || tensor.dims.empty())
    return tensors.fail(Code::WrongKind, argument.range,
                        fmt::format("`{}` takes a tensor with a dimension, and this is {}", name, tensors.describe(x)));
  if (x.holdsConditions() || tensor.dims.back().size == 0)
    return tensors.fail(Code::WrongKind, argument.range,
                        fmt::format("`{}` takes numbers, and this is {}", name, tensors.describe(x)));
  Tensor result;
  result.vars = tensor.vars;
  result.dims.assign(tensor.dims.begin(), tensor.dims.end() - 1);
  const bool isStored = tw::isStoredInteger(tensor.element());
  return position(tensors, name, isStored ? tensors.converted(tensor, tensors.floatType(), range) : tensor,
                  tensor.vars.size() + tensor.dims.size() - 1, std::move(result), range);
}

/// A list of sizes, with the names they go by.
static std::optional<Dims> shapeArgument(TensorBuilder &tensors, const Given &shape, const char *what) {
  if (shape.value.kind != Value::List) {
    tensors.fail(Code::WrongKind, shape.range,
                 fmt::format("{} is a list of integers, and this is {}", what, tensors.describe(shape.value)));
    return std::nullopt;
  }
  Dims dims;
  for (const Value &item : shape.value.items) {
    if (!item.isInteger()) {
      tensors.fail(Code::WrongKind, shape.range,
                   fmt::format("{} is a list of integers, and one element is {}", what, tensors.describe(item)));
      return std::nullopt;
    }
    if (item.number.integer < 0) {
      tensors.fail(Code::BadDimension, shape.range, fmt::format("a dimension cannot be {}", item.number.integer));
      return std::nullopt;
    }
    dims.push_back({item.number.integer, item.text, false});
  }
  return dims;
}

static Value reshape(TensorBuilder &tensors, const Given &x, const Given &shape, ast::Range range) {
  if (!x.value.isRankedTensor())
    return tensors.fail(Code::WrongKind, x.range,
                        "`reshape` takes a tensor of known shape, and this is " + tensors.describe(x.value));
  const std::optional<Dims> dims = shapeArgument(tensors, shape, "the new shape");
  if (!dims || !tensors.checkSize(x.value.tensor.vars, *dims, range))
    return Value();
  Tensor result = x.value.tensor;
  std::int64_t before = 1, after = 1;
  for (const Dim &dim : result.dims)
    before *= dim.size;
  for (const Dim &dim : *dims)
    after *= dim.size;
  if (before != after) {
    std::string sizes;
    for (const Dim &dim : *dims)
      sizes += (sizes.empty() ? "" : ", ") + std::to_string(dim.size);
    return tensors
        .fail(Code::ReshapeCount, range,
              fmt::format("{} element{} cannot be reshaped into {}", before, before == 1 ? "" : "s", after))
        .line("given is " + tensors.describe(x.value))
        .line("wanted is [" + sizes + "]");
  }
  result.dims = *dims;
  const mlir::RankedTensorType type = tensorType(result.vars, result.dims, result.element());
  if (type != result.ssa.getType())
    result.ssa = tw::ReshapeOp::create(tensors.builder, tensors.location(range), type, result.ssa);
  return Value::of(result);
}

/// Whether `value` is one of the numbers of a type; of floats any is, and of whole numbers those that f64 tells apart.
static bool isElement(double value, const ElementInfo &type) {
  constexpr double most = 0x1p53;
  return type.isFloat() ||
         (std::fabs(value) <= most && std::trunc(value) == value && type.holds(static_cast<std::int64_t>(value)));
}

/// pad(x, low, high, value = 0): `low` and `high` list the elements added before and after each dimension.
static Value pad(TensorBuilder &tensors, const std::vector<std::optional<Given>> &given, ast::Range range) {
  const Value &x = given[0]->value;
  if (!x.isRankedTensor())
    return tensors.fail(Code::WrongKind, given[0]->range,
                        "`pad` takes a tensor of known shape, and this is " + tensors.describe(x));
  const std::optional<Dims> low = shapeArgument(tensors, *given[1], "padding"),
                            high = low ? shapeArgument(tensors, *given[2], "padding") : std::nullopt;
  if (!low || !high)
    return Value();
  if (low->size() != x.tensor.dims.size() || high->size() != x.tensor.dims.size())
    return tensors
        .fail(Code::WrongIndexCount, range,
              fmt::format("padding is listed for each of the {} dimensions", x.tensor.dims.size()))
        .line("padded is " + tensors.describe(x));
  Tensor result = x.tensor;
  if (result.weak || result.hasConditions())
    return tensors.fail(Code::WrongKind, given[0]->range,
                        "`pad` takes a tensor of numbers, and this is " + tensors.describe(x));
  double value = 0;
  if (given[3]) {
    if (!given[3]->value.isNumber())
      return tensors.fail(Code::WrongKind, given[3]->range,
                          "the padding's value is a number known at compile time, and this is " +
                              tensors.describe(given[3]->value));
    value = given[3]->value.number.asReal();
    if (!isElement(value, tw::infoOf(result.element())))
      return tensors
          .fail(Code::NumberOutOfRange, given[3]->range,
                fmt::format("{} cannot be stored among the padded numbers", tensors.describe(given[3]->value)))
          .line("padded is " + tensors.describe(x))
          .help("`float(…)` of it is padded with any number");
  }
  llvm::SmallVector<std::int64_t> before(result.vars.size(), 0), after(result.vars.size(), 0);
  bool nothing = true;
  for (std::size_t i = 0; i < result.dims.size(); ++i) {
    before.push_back((*low)[i].size);
    after.push_back((*high)[i].size);
    Number size = Number::of(result.dims[i].size);
    for (const Count added : {(*low)[i].size, (*high)[i].size})
      if (arithmetic(ast::BinaryOp::Add, size, Number::of(added), size) != NumberFault::None)
        return tensors.fail(Code::NumberOutOfRange, range, "the padded dimension does not fit into 64 bits");
    result.dims[i].size = size.integer;
    if ((*low)[i].size != 0 || (*high)[i].size != 0) {
      nothing = false;
      result.dims[i].name.clear();
      result.dims[i].rest = false;
    }
  }
  if (nothing)
    return x;
  if (!tensors.checkSize(result.vars, result.dims, range))
    return Value();
  if (const Bounds bounds = result.bounds();
      tw::isWhole(result.element()) && (value < double(bounds.least) || value > double(bounds.most))) {
    result.classes.reset();
    result.within = unite(bounds, Bounds::of(std::int64_t(value)));
  }
  result.ssa = tw::PadOp::create(tensors.builder, tensors.location(range),
                                 tensorType(result.vars, result.dims, result.element()), result.ssa,
                                 tensors.builder.getDenseI64ArrayAttr(before),
                                 tensors.builder.getDenseI64ArrayAttr(after), tensors.builder.getF64FloatAttr(value));
  return Value::of(result);
}

/// full(shape, value)
static Value fill(TensorBuilder &tensors, const Given &shape, const Given &value, ast::Range range) {
  const Value &number = value.value;
  const bool isSingle =
      (number.isNumeric() && (!number.isTensor() || (number.isRankedTensor() && number.tensor.dims.empty()))) ||
      number.kind == Value::Bool;
  if (!isSingle)
    return tensors.fail(Code::WrongKind, value.range,
                        "`full` takes a single number, and this is " + tensors.describe(number));
  const std::optional<Dims> dims = shapeArgument(tensors, shape, "a shape");
  return dims ? full(tensors, *dims, number, range) : Value();
}

/// The sizes of a tensor, with their names, or those listed. Nothing: reported.
static std::optional<std::vector<Value>> sizesOf(TensorBuilder &tensors, const Builtin &row, const Given &given,
                                                 ast::Range range) {
  const Value &x = given.value;
  if (x.kind == Value::List && row.family != Family::Shape)
    return x.items;
  std::vector<Value> sizes;
  if (x.isRankedTensor())
    for (const Dim &dim : x.tensor.dims) {
      sizes.push_back(Value::integer(dim.size));
      sizes.back().text = dim.rest ? "" : dim.name;
    }
  else if (x.isTensor()) {
    tensors.fail(Code::NotSupportedYet, range, fmt::format("`{}` in an update rule is not supported yet", row.name));
    return std::nullopt;
  } else if (!x.isNumeric()) {
    tensors.fail(Code::WrongKind, given.range,
                 fmt::format("`{}` takes a tensor{}, and this is {}", row.name,
                             row.family == Family::Shape ? "" : " or a shape", tensors.describe(x)));
    return std::nullopt;
  }
  return sizes;
}

/// shape, size, rank, fan_in, fan_out
static Value ofSizes(TensorBuilder &tensors, const Builtin &row, const Given &given, ast::Range range) {
  const std::optional<std::vector<Value>> sizes = sizesOf(tensors, row, given, range);
  if (!sizes)
    return Value();
  if (row.family == Family::Shape)
    return Value::list(*sizes);
  if (row.family == Family::Rank)
    return Value::integer(sizes->size());
  // Of a weight [.., in, out] everything but the last dimension feeds one output, and everything but the last but one is fed by one input.
  Number count = Number::of(std::int64_t(1));
  for (std::size_t i = 0; i < sizes->size(); ++i) {
    const Value &size = (*sizes)[i];
    if (!size.isInteger())
      return tensors.fail(Code::WrongKind, given.range, "a shape is a list of integers");
    const bool left = (row.family == Family::FanIn && i + 1 == sizes->size() && sizes->size() > 1) ||
                      (row.family == Family::FanOut && i + 2 == sizes->size());
    if (!left && arithmetic(ast::BinaryOp::Mul, count, size.number, count) != NumberFault::None)
      return tensors.fail(Code::NumberOutOfRange, range, "the number of elements does not fit into 64 bits");
  }
  return Value::of(count);
}

/// The stable hash (FNV-1a) that gives a variable's initial value a stream of its own, apart from the objective's.
static std::int64_t streamOf(const std::string &path, int use) {
  std::uint32_t hash = 2166136261u;
  for (char c : path + "#" + std::to_string(use))
    hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return (hash >> 1) | 0x40000000u;
}

/// The number of the present turn among all those of the scans around. Null: there is no scan.
static mlir::Value numberOfTurn(TensorBuilder &tensors, ast::Range range) {
  mlir::OpBuilder &builder = tensors.builder;
  const mlir::Location loc = tensors.location(range);
  const mlir::Type type = mlir::RankedTensorType::get({}, builder.getI64Type());
  mlir::Value number;
  std::int64_t turns = 1; // of a turn of this scan
  mlir::Operation *around = builder.getInsertionBlock()->getParentOp();
  for (auto scan = mlir::dyn_cast<tw::ScanOp>(around); scan; scan = mlir::dyn_cast<tw::ScanOp>(scan->getParentOp())) {
    mlir::Value before = tw::ConvertOp::create(builder, loc, type, scan.getTurn());
    if (number) {
      before = tw::MulOp::create(builder, loc, type, before, tensors.constant(Number::of(turns), type, range));
      before = tw::AddOp::create(builder, loc, type, before, number);
    }
    number = before;
    turns *= scan.getLength();
  }
  return number;
}

/// random(shape): uniform in [0, 1), anew in every step, and anew for each value of the indices that the arguments of the
/// present call range over.
static Value random(TensorBuilder &tensors, const Scopes &scopes, const Given &shape, ast::Range range) {
  const std::optional<Dims> dims = shapeArgument(tensors, shape, "a shape");
  if (!dims)
    return Value();
  ProgramBody *body = scopes.body();
  if (!body)
    return tensors.fail(Code::NotKnownHere, range, "random numbers are drawn in models and initial values only");
  Tensor result;
  result.vars = scopes.frame().ambient;
  result.dims = *dims;
  if (!tensors.checkSize(result.vars, result.dims, range))
    return Value();
  mlir::OpBuilder &builder = tensors.builder;
  const mlir::Location loc = tensors.location(range);
  if (!body->key) {
    mlir::OpBuilder::InsertionGuard guard(builder);
    leaveScans(builder);
    body->key = train::KeyOp::create(builder, loc, mlir::RankedTensorType::get({2}, builder.getI64Type()));
  }
  const int draw = body->draws++;
  const std::int64_t stream = body->isObjective() ? draw : streamOf(body->variable, draw);
  const mlir::RankedTensorType type = tensorType(result.vars, result.dims, tensors.floatType());
  result.ssa = tw::UniformOp::create(builder, loc, type, body->key, builder.getI64IntegerAttr(stream),
                                     numberOfTurn(tensors, range));
  markRows(result.ssa, result.vars, result.dims);
  return Value::of(result);
}

/// float(x): a number that is computed with in floating point.
static Value toFloat(TensorBuilder &tensors, const Given &given, ast::Range range) {
  const Value &x = given.value;
  if (x.isNumber())
    return Value::of(realOf(x.number));
  if (!x.isTensor())
    return tensors.fail(Code::WrongKind, given.range, "`float` takes a tensor, and this is " + tensors.describe(x));
  const bool isFloat = x.tensor.weak && !x.holdsConditions();
  return Value::of(isFloat ? x.tensor : tensors.converted(x.tensor, tensors.floatTypeFor(x.tensor), range));
}

/// int(x): a whole number, cut off toward zero; of a condition 1 or 0.
static Value toInt(TensorBuilder &tensors, const Given &given, ast::Range range) {
  const Value &x = given.value;
  if (x.isInteger())
    return x;
  if (x.kind == Value::Bool)
    return Value::integer(x.boolean ? 1 : 0);
  if (x.isNumber() && !x.number.dependsOnBatch() && std::fabs(x.number.real) <= double(INT32_MAX))
    return Value::integer(std::int64_t(x.number.real));
  if (!x.isRankedTensor())
    return tensors.fail(Code::WrongKind, given.range,
                        "`int` takes a number of 32 bits or a tensor of known shape, and this is " +
                            tensors.describe(x));
  Tensor tensor = x.tensor;
  if (const ElementInfo &info = tw::infoOf(tensor.element());
      info.isWhole() && !info.isWithin(infoOf(ElementType::I32)))
    tensor = tensors.converted(tensor, tensors.floatTypeFor(tensor), range); // as it computes
  tensor = tensors.converted(tensor, tensors.builder.getI32Type(), range);
  tensor.weak = false;
  return x.holdsConditions() ? withBounds(Value::of(tensor), {0, 1}) : Value::of(tensor);
}

/// count_below(x): of each element of a vector, how many are less.
static Value countBelow(TensorBuilder &tensors, const Given &given, ast::Range range) {
  const Value &x = given.value;
  if (!x.isRankedTensor() || x.holdsConditions() || !x.tensor.vars.empty() || x.tensor.dims.size() != 1)
    return tensors.fail(Code::WrongKind, given.range,
                        "`count_below` takes a vector of numbers, and this is " + tensors.describe(x));
  Tensor result = x.tensor;
  if (!tw::isReal(result.element()))
    result = tensors.converted(result, tensors.floatType(), range);
  result.ssa = tw::CountBelowOp::create(tensors.builder, tensors.location(range), result.ssa.getType(), result.ssa);
  return Value::of(result);
}

/// averaged(layer): it, reading the averages of its parameters.
static Value averaged(TensorBuilder &tensors, const Given &layer) {
  const Value &x = layer.value;
  if (x.kind != Value::Function || (!x.callable->instance && x.callable->decl->kind != ast::Decl::Model))
    return tensors
        .fail(Code::WrongKind, layer.range,
              fmt::format("`averaged` takes a model, or a layer with its configuration, and this is {}",
                          tensors.describe(x)))
        .help("write it as in `slow = averaged(Actor)`, and then `slow(x)`");
  auto callable = std::make_shared<Callable>(*x.callable);
  callable->averaged = true;
  return Value::of(std::move(callable));
}

//===-- calls ------------------------------------------------------------------------------------------------------===//

namespace {
/// Why arguments do not fit.
struct Misfit {
  Code code;
  ast::Range range;
  std::string message;
};
} // namespace

/// Puts positional and keyword arguments in the order of the parameters.
static std::optional<Misfit> arrange(const Builtin &row, const std::vector<Given> &arguments, ast::Range call,
                                     std::vector<std::optional<Given>> &out) {
  out.assign(row.parameters.size(), std::nullopt);
  std::size_t next = 0;
  for (const Given &given : arguments) {
    std::size_t place = next;
    if (given.name.text.empty())
      ++next;
    else {
      place = std::find_if(row.parameters.begin(), row.parameters.end(),
                           [&](const char *p) { return given.name.text == p; }) -
              row.parameters.begin();
      if (place == row.parameters.size())
        return Misfit{Code::UnknownArgument, given.name.range,
                      fmt::format("{} has no parameter `{}`", row.name, given.name.text)};
    }
    if (place >= row.parameters.size())
      return Misfit{Code::TooManyArguments, given.range, fmt::format("too many arguments for {}", row.name)};
    if (out[place])
      return Misfit{Code::DuplicateArgument, given.range, fmt::format("`{}` is given twice", row.parameters[place])};
    out[place] = given;
  }
  for (std::size_t i = 0; i < row.required; ++i)
    if (!out[i])
      return Misfit{Code::MissingArgument, call,
                    fmt::format("missing argument `{}` in the call to {}", row.parameters[i], row.name)};
  return std::nullopt;
}

Value frontend::callBuiltin(TensorBuilder &tensors, const Scopes &scopes, const Instances &instances,
                            const std::string &name, const std::vector<Given> &arguments, ast::Range range) {
  const Builtin &row = *find(name);
  if (row.family == Family::Concat || row.family == Family::Stack)
    return row.family == Family::Concat ? concat(tensors, arguments, range) : stack(tensors, arguments, range);
  std::vector<std::optional<Given>> given;
  if (std::optional<Misfit> misfit = arrange(row, arguments, range, given))
    return tensors.fail(misfit->code, misfit->range, misfit->message);
  const Given &x = *given[0];
  switch (row.family) {
  case Family::Unary: return unary(tensors, *row.function, x.value, range);
  case Family::Pow: return binary(tensors, ast::BinaryOp::Pow, x.value, given[1]->value, range, x.expr, given[1]->expr);
  case Family::Extremum:
    return given[1] ? extremum(tensors, name, {&x.value, x.expr}, {&given[1]->value, given[1]->expr}, range)
                    : plainReduction(tensors, name, x, range);
  case Family::Reduction: return plainReduction(tensors, name, x, range);
  case Family::Reshape: return reshape(tensors, x, *given[1], range);
  case Family::Pad: return pad(tensors, given, range);
  case Family::Full: return fill(tensors, x, *given[1], range);
  case Family::Random: return random(tensors, scopes, x, range);
  case Family::Grad: return gradient(tensors, scopes, instances, x, *given[1], given[2] ? &*given[2] : nullptr, range);
  case Family::Norm: return norm(tensors, scopes, name, x, range);
  case Family::Float: return toFloat(tensors, x, range);
  case Family::Int: return toInt(tensors, x, range);
  case Family::CountBelow: return countBelow(tensors, x, range);
  case Family::Averaged: return averaged(tensors, x);
  case Family::Shape:
  case Family::Size:
  case Family::Rank:
  case Family::FanIn:
  case Family::FanOut: return ofSizes(tensors, row, x, range);
  case Family::Concat:
  case Family::Stack: break; // above: they take any number of arguments
  }
  llvm_unreachable("every family has its case");
}
