// Tensors and their operands: descriptions, constants, conversions, and bringing operands to one element type and one
// shape (nothing broadcasts but scalars).
#include "Elaborator.h"

#include "talweg/Dialect/Train/Train.h"
#include "talweg/Dialect/Tw/Elements.h"
#include "talweg/Dialect/Tw/Tw.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <limits>

using namespace talweg;
using namespace talweg::frontend;
using mlir::AffineExpr;
using mlir::AffineMap;
using mlir::RankedTensorType;

//===-- types ------------------------------------------------------------------------------------------------------===//

mlir::Type Elaborator::floatType() const {
  return options.doublePrecision ? mlir::Type(mlir::Float64Type::get(&context)) : mlir::Float32Type::get(&context);
}

bool Elaborator::isFinite(double value) const {
  return options.doublePrecision ? std::isfinite(value) : std::fabs(value) <= std::numeric_limits<float>::max();
}

void Elaborator::failNotFinite(Code code, ast::Range range, const std::string &what, const std::string &instead) {
  Failure failure = fail(code, range, fmt::format("{} is a finite number, and cannot be {}", what, instead));
  if (!options.doublePrecision)
    failure.line("in f32 numbers go up to about 3.4e38");
}

RankedTensorType Elaborator::tensorType(const std::vector<IndexVar *> &vars, const Dims &dims, mlir::Type element) {
  llvm::SmallVector<std::int64_t> sizes;
  for (const IndexVar *var : vars)
    sizes.push_back(var->extent);
  for (const Dim &dim : dims)
    sizes.push_back(dim.size);
  return RankedTensorType::get(sizes, element);
}

bool Elaborator::checkSize(const std::vector<IndexVar *> &vars, const Dims &dims, ast::Range range) {
  std::vector<std::int64_t> sizes;
  for (const IndexVar *var : vars)
    sizes.push_back(var->extent);
  for (const Dim &dim : dims)
    sizes.push_back(dim.size);
  for (const IndexVar *var : vars)
    if (var->extent == 0) {
      fail(Code::BadDimension, range,
           fmt::format("the range of index `{}{}` is empty", var->rest ? ".." : "", var->name))
          .note(var->fixedAt, "by this");
      return false;
    }
  std::string text;
  for (std::int64_t size : sizes)
    text += (text.empty() ? "" : ", ") + std::to_string(size);
  if (std::find(sizes.begin(), sizes.end(), 0) != sizes.end()) {
    fail(Code::BadDimension, range, fmt::format("a tensor of shape [{}] has no elements", text));
    return false;
  }
  // A tensor of the program is stored; what ranges over indices as well is mostly the space of a loop.
  if (elementCount(sizes, std::int64_t(1) << (vars.empty() ? 40 : 60)))
    return true;
  fail(Code::TooLarge, range, fmt::format("a tensor of shape [{}] is too large", text));
  return false;
}

std::string Elaborator::elementName(mlir::Type type) const {
  return std::string(type == floatType() ? "f32" : nameOf(*tw::elementTypeOf(type)));
}

std::string Elaborator::describe(const Dims &dims) const {
  std::string text;
  for (std::size_t i = 0; i < dims.size(); ++i) {
    if (dims[i].rest && i > 0 && dims[i - 1].rest && dims[i - 1].name == dims[i].name)
      continue;
    text += text.empty() ? "" : ", ";
    text += dims[i].name.empty() ? std::to_string(dims[i].size) : (dims[i].rest ? ".." : "") + dims[i].name;
  }
  return text;
}

std::string Elaborator::describe(const Value &value) const {
  switch (value.kind) {
  case Value::Number_: return "the number " + toText(value.number);
  case Value::Bool: return value.boolean ? "`true`" : "`false`";
  case Value::Text: return "a text";
  case Value::List: return "a list";
  case Value::Range_: return "a range";
  case Value::Rest: return "several dimensions";
  case Value::Hyper: return "the setting `" + value.text + "`";
  case Value::Function:
    return value.callable->instance ? "a layer's instance" : "the function `" + value.callable->decl->name.text + "`";
  case Value::Nothing: return "nothing";
  case Value::Poison: return "?";
  case Value::Tensor_: break;
  }
  const Tensor &tensor = value.tensor;
  const auto type = mlir::cast<mlir::TensorType>(tensor.ssa.getType());
  if (!type.hasRank())
    return "a tensor of the parameter's shape";
  if (tensor.weak)
    return type.getElementType().isInteger(1) ? "a condition" : "a number";
  const std::string element = elementName(type.getElementType());
  return tensor.dims.empty() ? element : element + "[" + describe(tensor.dims) + "]";
}

//===-- values -----------------------------------------------------------------------------------------------------===//

mlir::Value Elaborator::constant(Number number, mlir::Type type, ast::Range range) {
  const auto shaped = mlir::cast<RankedTensorType>(type);
  const mlir::Type element = shaped.getElementType();
  mlir::Attribute attribute;
  if (mlir::isa<mlir::FloatType>(element))
    attribute = builder.getFloatAttr(element, number.asReal());
  else
    attribute = mlir::IntegerAttr::get(element, number.isInteger ? number.integer : std::int64_t(number.real));
  return tw::ConstantOp::create(builder, location(range), shaped, mlir::DenseElementsAttr::get(shaped, attribute));
}

mlir::Value Elaborator::convert(mlir::Value value, mlir::Type element, ast::Range range) {
  const auto type = mlir::cast<mlir::TensorType>(value.getType());
  if (type.getElementType() == element)
    return value;
  mlir::Type result = mlir::UnrankedTensorType::get(element);
  if (auto ranked = mlir::dyn_cast<RankedTensorType>(type))
    result = RankedTensorType::get(ranked.getShape(), element);
  return tw::ConvertOp::create(builder, location(range), result, value);
}

Tensor Elaborator::converted(const Tensor &tensor, mlir::Type element, ast::Range range) {
  Tensor result = tensor;
  result.ssa = convert(tensor.ssa, element, range);
  result.classes.reset();
  return result;
}

mlir::Value Elaborator::spread(const Tensor &tensor, const std::vector<IndexVar *> &vars, const Dims &dims,
                               bool unranked, ast::Range range) {
  const auto type = mlir::cast<mlir::TensorType>(tensor.ssa.getType());
  if (!type.hasRank())
    return tensor.ssa;
  if (unranked)
    return tw::WindowOp::create(builder, location(range), mlir::UnrankedTensorType::get(type.getElementType()),
                                tensor.ssa, mlir::AffineMapAttr::get(AffineMap::get(0, 0, {}, &context)));
  const unsigned rank = vars.size() + dims.size();
  llvm::SmallVector<AffineExpr> results;
  for (IndexVar *var : tensor.vars)
    results.push_back(mlir::getAffineDimExpr(std::find(vars.begin(), vars.end(), var) - vars.begin(), &context));
  for (std::size_t i = 0; i < tensor.dims.size(); ++i)
    results.push_back(mlir::getAffineDimExpr(vars.size() + i, &context));
  const AffineMap map = AffineMap::get(rank, 0, results, &context);
  if (map.isIdentity())
    return tensor.ssa;
  return tw::WindowOp::create(builder, location(range), tensorType(vars, dims, type.getElementType()), tensor.ssa,
                              mlir::AffineMapAttr::get(map));
}

Value Elaborator::hyperRead(const Value &hyper, ast::Range range) {
  Tensor tensor;
  const auto type = RankedTensorType::get({}, builder.getF64Type());
  if (initialising)
    tensor.ssa = constant(hyper.number, type, range);
  else
    tensor.ssa = train::GetHyperOp::create(builder, location(range), type, hyper.text);
  tensor.weak = true;
  return Value::of(tensor);
}

Value Elaborator::asTensor(const Value &value, ast::Range range) {
  if (value.kind == Value::Hyper)
    return hyperRead(value, range);
  if (!value.isNumber() && value.kind != Value::Bool)
    return value;
  Tensor tensor;
  tensor.weak = true;
  tensor.ssa = value.isNumber() ? constant(value.number, RankedTensorType::get({}, builder.getF64Type()), range)
                                : constant(Number::of(std::int64_t(value.boolean)),
                                           RankedTensorType::get({}, builder.getI1Type()), range);
  return Value::of(tensor);
}

//===-- bringing operands together ---------------------------------------------------------------------------------===//

/// `name[..b, k]` for the operand's source text.
static std::string withIndices(std::string_view text, bool simple, const std::vector<std::string> &labels) {
  std::string result = simple ? std::string(text) : "(" + std::string(text) + ")";
  std::string list;
  for (std::size_t i = 0; i < labels.size(); ++i)
    if (i == 0 || labels[i] != labels[i - 1])
      list += (list.empty() ? "" : ", ") + labels[i];
  return result + "[" + list + "]";
}

/// Index names for dimensions: their own, or i, j, k, ….
static std::vector<std::string> indexLabels(const Dims &dims) {
  std::vector<std::string> labels;
  std::string next = "ijklmnopqrstuvw";
  for (const Dim &dim : dims) {
    const bool repeats = !dim.rest && std::find(labels.begin(), labels.end(), dim.name) != labels.end();
    if (!dim.name.empty() && !repeats) {
      labels.push_back((dim.rest ? ".." : "") + dim.name);
      continue;
    }
    const auto isFree = [&](char c) {
      return std::find(labels.begin(), labels.end(), std::string(1, c)) == labels.end() &&
             std::none_of(dims.begin(), dims.end(), [&](const Dim &d) { return d.name == std::string(1, c); });
    };
    const auto free = std::find_if(next.begin(), next.end(), isFree);
    labels.push_back(free == next.end() ? "x" + std::to_string(labels.size()) : std::string(1, *free));
  }
  return labels;
}

/// The labels of `few` among those of `many`: by name where they have one, else by size from the left. Empty: no match.
static std::vector<std::string> matchLabels(const Dims &few, const Dims &many, const std::vector<std::string> &labels) {
  std::vector<std::string> result;
  std::size_t from = 0;
  for (const Dim &dim : few) {
    std::size_t found = many.size();
    for (std::size_t i = from; i < many.size() && found == many.size(); ++i)
      if (!dim.name.empty() && many[i].name == dim.name && many[i].size == dim.size)
        found = i;
    for (std::size_t i = from; i < many.size() && found == many.size(); ++i)
      if (many[i].size == dim.size)
        found = i;
    if (found == many.size())
      return {};
    result.push_back(labels[found]);
    from = found + 1;
  }
  return result;
}

/// Can an index list be written directly behind the operand's text?
static bool isSimple(const ast::Expr &expr) {
  const bool inParentheses = expr.kind == ast::Expr::Binary && expr.lhs->range.begin > expr.range.begin;
  return expr.kind == ast::Expr::Ident || expr.kind == ast::Expr::Call || expr.kind == ast::Expr::Reduce ||
         inParentheses;
}

/// What the expression at `range` can be defined as, with these indices: the name that its definition gives it, else a free one.
std::string Elaborator::nameForResult(ast::Range range, const std::vector<std::string> &labels) const {
  const ast::Stmt *definition = frame->definition;
  if (definition && !definition->indexed && definition->value->range.begin == range.begin &&
      definition->value->range.end == range.end)
    return definition->target.text;
  std::vector<std::string> taken = namesInScope(false);
  taken.insert(taken.end(), labels.begin(), labels.end());
  std::string name = "y";
  for (int number = 2; std::find(taken.begin(), taken.end(), name) != taken.end(); ++number)
    name = fmt::format("y{}", number);
  return name;
}

bool Elaborator::unite(llvm::ArrayRef<Operand> operands, const std::string &what, ast::Range range, Aligned &out) {
  out = Aligned();
  out.weak = true;
  const Operand *shaped = nullptr;
  // The operand that ranges over most indices tells their order, so that it need not be transposed.
  for (const Operand &operand : operands)
    if (operand.value->isTensor() && operand.value->tensor.vars.size() > out.vars.size())
      out.vars = operand.value->tensor.vars;
  for (const Operand &operand : operands) {
    const Value &value = *operand.value;
    if (!value.isTensor())
      continue;
    const Tensor &tensor = value.tensor;
    out.weak = out.weak && tensor.weak;
    const bool unranked = !mlir::cast<mlir::TensorType>(tensor.ssa.getType()).hasRank();
    out.unranked = out.unranked || unranked;
    for (IndexVar *var : tensor.vars)
      if (std::find(out.vars.begin(), out.vars.end(), var) == out.vars.end())
        out.vars.push_back(var);
    if (tensor.dims.empty() || unranked)
      continue;
    if (!shaped) {
      shaped = &operand;
      out.dims = tensor.dims;
      continue;
    }
    const bool equal = std::equal(out.dims.begin(), out.dims.end(), tensor.dims.begin(), tensor.dims.end(),
                                  [](const Dim &a, const Dim &b) { return a.size == b.size; });
    if (!equal) {
      Failure failure = fail(Code::ShapesDisagree, range, fmt::format("shapes do not agree in `{}`", what));
      const Dims &left = shaped->value->tensor.dims, &right = tensor.dims;
      failure.line("left side is  " + describe(*shaped->value));
      failure.line("right side is " + describe(value));
      if (left.size() == right.size()) {
        for (std::size_t i = 0; i < left.size(); ++i)
          if (left[i].size != right[i].size) {
            failure.line(
                fmt::format("dimension {} is {} on the left and {} on the right", i + 1, left[i].size, right[i].size));
            break;
          }
      } else if (shaped->expr && operand.expr) {
        const bool leftIsLarger = left.size() > right.size();
        const Dims &many = leftIsLarger ? left : right, &few = leftIsLarger ? right : left;
        const std::vector<std::string> labels = indexLabels(many), fewLabels = matchLabels(few, many, labels);
        const std::string a =
            withIndices(sources.text(shaped->expr->range), isSimple(*shaped->expr), leftIsLarger ? labels : fewLabels);
        const std::string b =
            withIndices(sources.text(operand.expr->range), isSimple(*operand.expr), leftIsLarger ? fewLabels : labels);
        const bool isOperator = std::string_view("+-*/%^<>=!").find(what[0]) != std::string_view::npos;
        const std::string y = withIndices(nameForResult(range, labels), true, labels);
        if (!fewLabels.empty() && isOperator)
          failure.help(fmt::format("write `{} = {} {} {}`", y, a, what, b));
        else if (!fewLabels.empty() && (what == "max" || what == "min"))
          failure.help(fmt::format("write `{} = {}({}, {})`", y, what, a, b));
      }
      return false;
    }
    for (std::size_t i = 0; i < out.dims.size(); ++i)
      if (out.dims[i].name.empty())
        out.dims[i] = tensor.dims[i];
  }
  if (out.unranked && (!out.dims.empty() || !out.vars.empty())) {
    fail(Code::ShapesDisagree, range,
         fmt::format("a tensor of the parameter's shape meets one of another shape in `{}`", what));
    return false;
  }
  return checkSize(out.vars, out.dims, range);
}

mlir::Type Elaborator::elementOf(const Value &value) {
  if (value.isTensor())
    return mlir::cast<mlir::TensorType>(value.tensor.ssa.getType()).getElementType();
  return value.kind == Value::Bool ? mlir::Type(builder.getI1Type()) : mlir::Type();
}

bool Elaborator::promote(llvm::ArrayRef<Operand> operands, const Aligned &shape, bool toFloat, ast::Range range,
                         mlir::Type &element) {
  bool anyFloat = toFloat, allWeak = true;
  mlir::Type strong;
  for (const Operand &operand : operands) {
    const Value &value = *operand.value;
    if (value.isNumber()) {
      anyFloat = anyFloat || !value.number.isInteger;
      continue;
    }
    if (value.kind == Value::Hyper) {
      anyFloat = true;
      continue;
    }
    const mlir::Type type = elementOf(value);
    if (value.tensor.weak) {
      anyFloat = true;
      continue;
    }
    allWeak = false;
    if (mlir::isa<mlir::FloatType>(type)) {
      if (strong && strong != type) {
        fail(Code::WrongKind, range, "f32 and f64 meet; convert one of them");
        return false;
      }
      strong = type;
    }
    // Stored bytes are numbers of measurement: they compute as floats.
    anyFloat = anyFloat || type.isUnsignedInteger(8);
  }
  if (allWeak)
    element = shape.weak ? mlir::Type(builder.getF64Type()) : floatType();
  else if (strong)
    element = strong;
  else
    element = anyFloat ? floatType() : mlir::Type(builder.getI32Type());
  if (element.isInteger(32))
    for (const Operand &operand : operands)
      if (operand.value->isInteger() && operand.value->number.integer != std::int32_t(operand.value->number.integer)) {
        fail(Code::NumberOutOfRange, range, fmt::format("{} does not fit into 32 bits", operand.value->number.integer));
        return false;
      }
  return true;
}

mlir::Type Elaborator::typeOf(const Aligned &shape, mlir::Type element) {
  if (shape.unranked)
    return mlir::UnrankedTensorType::get(element);
  return tensorType(shape.vars, shape.dims, element);
}

mlir::Value Elaborator::materialise(const Value &value, mlir::Type element, const Aligned &shape, ast::Range range) {
  if (value.isNumber() || value.kind == Value::Bool) {
    const Number number = value.isNumber() ? value.number : Number::of(std::int64_t(value.boolean));
    if (!shape.unranked)
      return constant(number, tensorType(shape.vars, shape.dims, element), range);
    Tensor scalar;
    scalar.ssa = constant(number, RankedTensorType::get({}, element), range);
    return spread(scalar, {}, {}, true, range);
  }
  Tensor tensor = value.kind == Value::Hyper ? hyperRead(value, range).tensor : value.tensor;
  return spread(converted(tensor, element, range), shape.vars, shape.dims, shape.unranked, range);
}

Value Elaborator::wrap(mlir::Value ssa, const Aligned &shape) {
  Tensor tensor;
  tensor.ssa = ssa;
  tensor.vars = shape.vars;
  tensor.dims = shape.unranked ? Dims() : shape.dims;
  tensor.weak = shape.weak && !shape.unranked;
  return Value::of(std::move(tensor));
}
