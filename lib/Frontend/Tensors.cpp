// Tensors and their operands: types, constants, conversions, and bringing operands to one element type and one
// shape (nothing broadcasts but scalars).
#include "Tensors.h"

#include "Numbers.h"

#include "talweg/Dialect/Train/Train.h"
#include "talweg/Dialect/Tw/Elements.h"
#include "talweg/Dialect/Tw/Functions.h"
#include "talweg/Dialect/Tw/Rows.h"
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

mlir::Type TensorBuilder::floatType() const { return tw::irType(messages.real(), builder.getContext()); }

mlir::Type TensorBuilder::computedType(mlir::Type stored) const { return storedType(tw::infoOf(stored).computes); }

mlir::Type TensorBuilder::storedType(ElementType declared) const {
  const ElementInfo &info = infoOf(declared);
  const bool isReal = info.isFloat() && info.computes == ElementType::F32;
  return isReal && messages.real() != ElementType::F32 ? floatType() : tw::irType(declared, builder.getContext());
}

mlir::Type TensorBuilder::floatTypeFor(const Tensor &tensor) const {
  return tensor.weak ? mlir::Type(builder.getF64Type()) : floatType();
}

bool TensorBuilder::isFinite(double value) const { return std::fabs(value) <= infoOf(messages.real()).largest; }

void TensorBuilder::failNotFinite(Code code, ast::Range range, const std::string &what, const std::string &instead) {
  Failure failure = fail(code, range, fmt::format("{} is a finite number, and cannot be {}", what, instead));
  if (messages.real() == ElementType::F32)
    failure.line("in f32 numbers go up to about 3.4e38");
}

static std::vector<std::int64_t> sizesOf(const std::vector<IndexVar *> &vars, const Dims &dims) {
  std::vector<std::int64_t> sizes;
  for (const IndexVar *var : vars)
    sizes.push_back(var->extent);
  for (const Dim &dim : dims)
    sizes.push_back(dim.size);
  return sizes;
}

RankedTensorType frontend::tensorType(const std::vector<IndexVar *> &vars, const Dims &dims, mlir::Type element) {
  return RankedTensorType::get(sizesOf(vars, dims), element);
}

bool frontend::sameSizes(const Dims &a, const Dims &b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const Dim &x, const Dim &y) { return x.size == y.size; });
}

void frontend::markRows(mlir::Value value, const std::vector<IndexVar *> &vars, const Dims &dims) {
  llvm::SmallVector<std::int64_t> rows;
  for (std::size_t i = 0; i < vars.size(); ++i)
    if (vars[i]->extent.dependsOnBatch())
      rows.push_back(i);
  for (std::size_t i = 0; i < dims.size(); ++i)
    if (dims[i].size.dependsOnBatch())
      rows.push_back(vars.size() + i);
  tw::markRows(value.getDefiningOp(), rows);
}

bool frontend::isInScan(const mlir::OpBuilder &builder) {
  mlir::Block *block = builder.getInsertionBlock();
  return block && mlir::isa_and_present<tw::ScanOp>(block->getParentOp());
}

void frontend::leaveScans(mlir::OpBuilder &builder) {
  while (isInScan(builder))
    builder.setInsertionPoint(builder.getInsertionBlock()->getParentOp());
}

bool TensorBuilder::checkSize(const std::vector<IndexVar *> &vars, const Dims &dims, ast::Range range) {
  const std::vector<std::int64_t> sizes = sizesOf(vars, dims);
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

//===-- values -----------------------------------------------------------------------------------------------------===//

Bounds Tensor::bounds() const {
  if (classes)
    return {0, *classes - 1};
  const ElementInfo &info = tw::infoOf(element());
  return within ? *within : info.isWhole() ? Bounds{info.least, info.most} : Bounds();
}

std::optional<std::int64_t> Tensor::bound() const {
  const Bounds told = bounds();
  return told.least >= 0 && told.most < INT32_MAX ? std::optional(told.most + 1) : std::nullopt;
}

bool TensorBuilder::isVisible(mlir::Value value) const {
  const mlir::Block *block = builder.getInsertionBlock();
  mlir::Region *region = value.getParentRegion();
  return region && block && region->isAncestor(block->getParent()) &&
         !(scopes.inInitialValue() && region != block->getParent());
}

mlir::Attribute frontend::elementFor(mlir::OpBuilder &builder, Number number, mlir::Type element) {
  if (mlir::isa<mlir::FloatType>(element))
    return builder.getFloatAttr(element, number.asReal());
  return mlir::IntegerAttr::get(element, number.isInteger ? number.integer.value : std::int64_t(number.real));
}

mlir::Value TensorBuilder::constant(Number number, mlir::Type type, ast::Range range) {
  const auto shaped = mlir::cast<RankedTensorType>(type);
  const mlir::Type element = shaped.getElementType();
  return tw::ConstantOp::create(builder, location(range), shaped,
                                mlir::DenseElementsAttr::get(shaped, elementFor(builder, number, element)));
}

mlir::Value TensorBuilder::convert(mlir::Value value, mlir::Type element, ast::Range range) {
  const auto type = mlir::cast<mlir::TensorType>(value.getType());
  if (type.getElementType() == element)
    return value;
  mlir::Type result = mlir::UnrankedTensorType::get(element);
  if (auto ranked = mlir::dyn_cast<RankedTensorType>(type))
    result = RankedTensorType::get(ranked.getShape(), element);
  return tw::ConvertOp::create(builder, location(range), result, value);
}

Tensor TensorBuilder::converted(const Tensor &tensor, mlir::Type element, ast::Range range) {
  Tensor result = tensor;
  result.ssa = convert(tensor.ssa, element, range);
  result.classes.reset();
  result.within = tw::isWhole(element) ? std::optional(tensor.bounds()) : std::nullopt;
  return result;
}

mlir::Value TensorBuilder::spread(const Tensor &tensor, const std::vector<IndexVar *> &vars, const Dims &dims,
                                  bool unranked, ast::Range range) {
  const auto type = mlir::cast<mlir::TensorType>(tensor.ssa.getType());
  if (!type.hasRank())
    return tensor.ssa;
  if (unranked)
    return tw::WindowOp::create(builder, location(range), mlir::UnrankedTensorType::get(type.getElementType()),
                                tensor.ssa, mlir::AffineMapAttr::get(AffineMap::get(0, 0, {}, builder.getContext())));
  const unsigned rank = vars.size() + dims.size();
  llvm::SmallVector<AffineExpr> results;
  for (IndexVar *var : tensor.vars)
    results.push_back(
        mlir::getAffineDimExpr(std::find(vars.begin(), vars.end(), var) - vars.begin(), builder.getContext()));
  for (std::size_t i = 0; i < tensor.dims.size(); ++i)
    results.push_back(mlir::getAffineDimExpr(vars.size() + i, builder.getContext()));
  const AffineMap map = AffineMap::get(rank, 0, results, builder.getContext());
  if (map.isIdentity())
    return tensor.ssa;
  const mlir::Value result =
      tw::WindowOp::create(builder, location(range), tensorType(vars, dims, type.getElementType()), tensor.ssa,
                           mlir::AffineMapAttr::get(map));
  markRows(result, vars, dims);
  return result;
}

/// How many rows there are, in f64. A loop over time reads it from outside.
static mlir::Value createRows(mlir::OpBuilder &builder, mlir::Location loc, mlir::Type type) {
  mlir::OpBuilder::InsertionGuard guard(builder);
  leaveScans(builder);
  return train::RowsOp::create(builder, loc, type);
}

/// A count of something of which there are so many for each row, in f64. What is no multiple of the rows or of their square has a fixed part.
mlir::Value TensorBuilder::createCount(const Number &number, mlir::Location loc) {
  const auto type = RankedTensorType::get({}, builder.getF64Type());
  const auto fixed = [&](double value) -> mlir::Value {
    return tw::ConstantOp::create(builder, loc, type,
                                  mlir::DenseElementsAttr::get(type, mlir::Attribute(builder.getF64FloatAttr(value))));
  };
  if (!number.dependsOnBatch())
    return fixed(number.asReal());
  const double batch = double(scopes.body()->batch), value = double(number.integer), next = double(number.integer.next);
  const mlir::Value rows = createRows(builder, loc, type);
  if (value / batch == next / (batch + 1))
    return value == batch ? rows : tw::MulOp::create(builder, loc, type, rows, fixed(value / batch));
  if (value / (batch * batch) == next / ((batch + 1) * (batch + 1)))
    return tw::MulOp::create(builder, loc, type, tw::MulOp::create(builder, loc, type, rows, rows),
                             fixed(value / (batch * batch)));
  const mlir::Value part = tw::MulOp::create(builder, loc, type, rows, fixed(next - value));
  return tw::AddOp::create(builder, loc, type, part, fixed(value - (next - value) * batch));
}

mlir::Value TensorBuilder::create(const Formula &formula, mlir::Location loc) {
  if (formula.function)
    return formula.function->create(builder, loc, create(*formula.a, loc));
  if (!formula.op)
    return createCount(formula.number, loc);
  const mlir::Value x = create(*formula.a, loc), y = create(*formula.b, loc);
  const mlir::Type type = x.getType();
  switch (*formula.op) {
  case ast::BinaryOp::Add: return tw::AddOp::create(builder, loc, type, x, y);
  case ast::BinaryOp::Sub: return tw::SubOp::create(builder, loc, type, x, y);
  case ast::BinaryOp::Mul: return tw::MulOp::create(builder, loc, type, x, y);
  case ast::BinaryOp::Pow: return tw::PowOp::create(builder, loc, type, x, y);
  default: break;
  }
  const mlir::Value quotient = tw::DivOp::create(builder, loc, type, x, y);
  if (formula.op == ast::BinaryOp::Div && !formula.roundsDown)
    return quotient;
  const mlir::Value whole = tw::FloorOp::create(builder, loc, type, quotient);
  if (formula.op == ast::BinaryOp::Div)
    return whole;
  return tw::SubOp::create(builder, loc, type, x, tw::MulOp::create(builder, loc, type, y, whole));
}

Tensor TensorBuilder::computeFormula(const Number &number, ast::Range range) {
  Tensor tensor;
  tensor.ssa = create(*Formula::of(number), location(range));
  tensor.weak = true;
  return tensor;
}

Tensor TensorBuilder::readHyper(const Value &hyper, ast::Range range) {
  const auto type = RankedTensorType::get({}, builder.getF64Type());
  Tensor tensor;
  if (scopes.inInitialValue())
    tensor.ssa = constant(hyper.number, type, range);
  else
    tensor.ssa = train::GetHyperOp::create(builder, location(range), type, hyper.text);
  tensor.weak = true;
  return tensor;
}

Value TensorBuilder::asTensor(const Value &value, ast::Range range) {
  if (value.kind == Value::Hyper)
    return Value::of(readHyper(value, range));
  if (!value.isNumber() && value.kind != Value::Bool)
    return value;
  if (value.isNumber() && isOfRows(value.number))
    return Value::of(computeFormula(value.number, range));
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

/// How both operands are written in a definition with indices, and the dimensions that disagree.
void TensorBuilder::failToUnite(const Operand &a, const Operand &b, const std::string &what, ast::Range range) {
  Failure failure = fail(Code::ShapesDisagree, range, fmt::format("shapes do not agree in `{}`", what));
  failure.line("left side is  " + describe(*a.value));
  failure.line("right side is " + describe(*b.value));
  const Dims &left = a.value->tensor.dims, &right = b.value->tensor.dims;
  failure.sizes(left, "on the left", right, "on the right");
  if (left.size() == right.size())
    return;
  if (!a.expr || !b.expr)
    return;
  const bool leftIsLarger = left.size() > right.size();
  const Dims &many = leftIsLarger ? left : right, &few = leftIsLarger ? right : left;
  const std::vector<std::string> labels = indexLabels(many), fewLabels = matchLabels(few, many, labels);
  if (fewLabels.empty())
    return;
  const auto written = [&](const ast::Expr &expr, bool isLarger) {
    return withIndices(messages.text(expr.range), isSimple(expr), isLarger ? labels : fewLabels);
  };
  const std::string x = written(*a.expr, leftIsLarger), z = written(*b.expr, !leftIsLarger);
  const std::string y = withIndices(messages.nameForResult(range, labels), true, labels);
  if (std::string_view("+-*/%^<>=!").find(what[0]) != std::string_view::npos)
    failure.help(fmt::format("write `{} = {} {} {}`", y, x, what, z));
  else if (what == "max" || what == "min")
    failure.help(fmt::format("write `{} = {}({}, {})`", y, what, x, z));
}

std::optional<Aligned> TensorBuilder::unite(llvm::ArrayRef<Operand> operands, const std::string &what,
                                            ast::Range range) {
  Aligned out;
  out.weak = true;
  const Operand *shaped = nullptr;
  // The operand that ranges over most indices tells their order, so that it need not be transposed.
  for (const Operand &operand : operands)
    if (operand.value->isTensor() && operand.value->tensor.vars.size() > out.vars.size())
      out.vars = operand.value->tensor.vars;
  for (const Operand &operand : operands) {
    if (!operand.value->isTensor())
      continue;
    const Tensor &tensor = operand.value->tensor;
    out.weak = out.weak && tensor.weak;
    out.unranked = out.unranked || !tensor.isRanked();
    for (IndexVar *var : tensor.vars)
      if (std::find(out.vars.begin(), out.vars.end(), var) == out.vars.end())
        out.vars.push_back(var);
    if (tensor.dims.empty() || !tensor.isRanked())
      continue;
    if (!shaped) {
      shaped = &operand;
      out.dims = tensor.dims;
      continue;
    }
    if (!sameSizes(out.dims, tensor.dims)) {
      failToUnite(*shaped, operand, what, range);
      return std::nullopt;
    }
    for (std::size_t i = 0; i < out.dims.size(); ++i)
      if (out.dims[i].name.empty())
        out.dims[i] = tensor.dims[i];
  }
  if (out.unranked && (!out.dims.empty() || !out.vars.empty())) {
    fail(Code::ShapesDisagree, range,
         fmt::format("a tensor of the parameter's shape meets one of another shape in `{}`", what));
    return std::nullopt;
  }
  return checkSize(out.vars, out.dims, range) ? std::optional(std::move(out)) : std::nullopt;
}

mlir::Type TensorBuilder::promote(llvm::ArrayRef<Operand> operands, const Aligned &shape, bool toFloat,
                                  ast::Range range) {
  bool anyFloat = toFloat;
  const ElementInfo *real = nullptr, *latest = nullptr; // of the table, in what tensors compute with
  for (const Operand &operand : operands) {
    const Value &value = *operand.value;
    if (!value.isTensor() || value.tensor.weak) {
      anyFloat = anyFloat || !value.isInteger();
      continue;
    }
    const ElementInfo &type = tw::infoOf(computedType(value.tensor.element()));
    latest = !latest || latest->type < type.type ? &type : latest;
    if (!mlir::isa<mlir::FloatType>(value.tensor.element()))
      continue;
    if (real && real != &type) {
      fail(Code::WrongKind, range, "f32 and f64 meet; convert one of them").help("`float(…)` makes f32 of f64");
      return {};
    }
    real = &type;
  }
  if (!latest)
    return shape.weak ? mlir::Type(builder.getF64Type()) : floatType();
  if (anyFloat && !latest->isFloat())
    return floatType();
  if (latest->isFloat())
    return tw::irType(latest->type, builder.getContext());
  for (const Operand &operand : operands)
    if (operand.value->isInteger() && !latest->holds(operand.value->number.integer)) {
      fail(Code::NumberOutOfRange, range,
           fmt::format("{} does not fit into {} bits", operand.value->number.integer, 8 * latest->bytes));
      return {};
    }
  return tw::irType(latest->type, builder.getContext());
}

std::optional<Aligned> TensorBuilder::align(llvm::ArrayRef<Operand> operands, const std::string &what, bool toFloat,
                                            ast::Range range) {
  std::optional<Aligned> shape = unite(operands, what, range);
  if (shape)
    shape->element = promote(operands, *shape, toFloat, range);
  return shape && shape->element ? shape : std::nullopt;
}

mlir::Value TensorBuilder::materialise(const Value &value, mlir::Type element, const Aligned &shape, ast::Range range) {
  const bool isOfRows = value.isNumber() && this->isOfRows(value.number);
  if ((value.isNumber() || value.kind == Value::Bool) && !isOfRows) {
    const Number number = value.isNumber() ? value.number : Number::of(std::int64_t(value.boolean));
    if (!shape.unranked) {
      const mlir::Value result = constant(number, tensorType(shape.vars, shape.dims, element), range);
      markRows(result, shape.vars, shape.dims);
      return result;
    }
    Tensor scalar;
    scalar.ssa = constant(number, RankedTensorType::get({}, element), range);
    return spread(scalar, {}, {}, true, range);
  }
  Tensor tensor = value.kind == Value::Hyper ? readHyper(value, range)
                  : isOfRows                 ? computeFormula(value.number, range)
                                             : value.tensor;
  return spread(converted(tensor, element, range), shape.vars, shape.dims, shape.unranked, range);
}

Value frontend::wrap(mlir::Value ssa, const Aligned &shape) {
  Tensor tensor;
  tensor.ssa = ssa;
  tensor.vars = shape.vars;
  tensor.dims = shape.unranked ? Dims() : shape.dims;
  tensor.weak = shape.weak && !shape.unranked;
  return Value::of(std::move(tensor));
}
