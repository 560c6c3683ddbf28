// Functions of one operand, elementwise, and reductions.
#include "Elaborator.h"

#include "talweg/Dialect/Tw/Functions.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

using namespace talweg;
using namespace talweg::frontend;
using mlir::AffineExpr;
using mlir::AffineMap;
using mlir::RankedTensorType;

Value Elaborator::unary(const tw::Function &function, const Value &x, ast::Range range) {
  if (x.isPoison())
    return x;
  const std::string name(function.name);
  const bool negates = &function == &tw::functionOf<tw::NegOp>;
  if (x.isNumber()) {
    const bool exact = x.number.isInteger && x.number.integer != INT64_MIN;
    if (exact && negates)
      return Value::integer(-x.number.integer);
    if (exact && &function == &tw::functionOf<tw::AbsOp>)
      return Value::integer(std::abs(x.number.integer));
    if (exact && (&function == &tw::functionOf<tw::FloorOp> || &function == &tw::functionOf<tw::StopGradientOp>))
      return x;
    const double result = function.valueOf(x.number.asReal());
    if (std::isnan(result) && !std::isnan(x.number.asReal()))
      return fail(Code::NumberOutOfRange, range, fmt::format("{}({}) is not a number", name, toText(x.number)));
    return Value::real(result);
  }
  if (!x.isNumeric() || elementOf(x.kind == Value::Hyper ? Value::real(0) : x) == builder.getI1Type())
    return fail(Code::WrongKind, range, fmt::format("`{}` takes numbers, and this is {}", name, describe(x)));
  Aligned shape;
  mlir::Type element;
  const Operand operand{&x, nullptr};
  const bool integers = negates && x.isTensor();
  if (!unite(operand, name, range, shape) || !promote(operand, shape, !integers, range, element))
    return Value();
  if (integers && element.isInteger(32))
    return binary(ast::BinaryOp::Sub, Value::integer(0), x, range, nullptr, nullptr);
  if (x.kind == Value::Hyper)
    shape.weak = true, element = builder.getF64Type();
  const mlir::Value in = materialise(x, element, shape, range);
  return wrap(function.create(builder, location(range), in), shape);
}

mlir::Value Elaborator::reduceOp(const std::string &kind, mlir::Value ssa, const std::vector<std::int64_t> &dims,
                                 ast::Range range) {
  static const std::map<std::string, tw::Reduction> kinds = {{"sum", tw::Reduction::sum}, {"prod", tw::Reduction::prod},
                                                             {"max", tw::Reduction::max}, {"min", tw::Reduction::min},
                                                             {"any", tw::Reduction::any}, {"all", tw::Reduction::all}};
  const auto type = mlir::cast<mlir::TensorType>(ssa.getType());
  llvm::SmallVector<std::int64_t> kept;
  if (type.hasRank()) {
    if (dims.empty())
      return ssa;
    for (std::int64_t i = 0; i < type.getRank(); ++i)
      if (std::find(dims.begin(), dims.end(), i) == dims.end())
        kept.push_back(type.getDimSize(i));
  }
  return tw::ReduceOp::create(builder, location(range), RankedTensorType::get(kept, type.getElementType()),
                              kinds.at(kind), ssa, builder.getDenseI64ArrayAttr(dims));
}

/// Reduces over the index variables `over`, or (overDims) over all dimensions of the tensor's own.
Value Elaborator::reduce(std::string kind, const Tensor &given, const std::vector<IndexVar *> &over, bool overDims,
                         ast::Range range) {
  Tensor tensor = given;
  const bool logic = kind == "any" || kind == "all", arg = kind == "argmax" || kind == "argmin";
  const mlir::Type element = mlir::cast<mlir::TensorType>(tensor.ssa.getType()).getElementType();
  if (logic != element.isInteger(1) && (logic || arg || (kind != "sum" && kind != "mean")))
    return fail(Code::WrongKind, range,
                fmt::format("`{}` takes {}, and this is {}", kind, logic ? "conditions" : "numbers",
                            describe(Value::of(tensor))));
  const bool wantsFloat = kind == "mean" || kind == "logsumexp" || element.isInteger(1) || element.isUnsignedInteger(8);
  if (!logic && wantsFloat && !mlir::isa<mlir::FloatType>(element))
    tensor = converted(tensor, tensor.weak ? mlir::Type(builder.getF64Type()) : floatType(), range);

  std::vector<IndexVar *> vars = tensor.vars; // what does not vary with an index is the same for each of its values
  for (IndexVar *var : over)
    if (std::find(vars.begin(), vars.end(), var) == vars.end())
      vars.push_back(var);
  const bool unranked = !mlir::cast<mlir::TensorType>(tensor.ssa.getType()).hasRank();
  if (!unranked && !checkSize(vars, tensor.dims, range))
    return Value();
  tensor.ssa = spread(tensor, vars, tensor.dims, unranked, range);
  tensor.vars = vars;

  std::vector<std::int64_t> dims;
  std::int64_t count = 1;
  Tensor result;
  result.weak = tensor.weak;
  for (std::size_t i = 0; i < vars.size(); ++i) {
    if (std::find(over.begin(), over.end(), vars[i]) == over.end()) {
      result.vars.push_back(vars[i]);
      continue;
    }
    dims.push_back(i);
    count *= vars[i]->extent;
  }
  for (std::size_t i = 0; i < tensor.dims.size(); ++i) {
    if (!overDims) {
      result.dims.push_back(tensor.dims[i]);
      continue;
    }
    dims.push_back(vars.size() + i);
    count *= tensor.dims[i].size;
  }
  if (unranked && (kind == "mean" || kind == "logsumexp" || arg))
    return fail(Code::NotSupportedYet, range, fmt::format("`{}` in an update rule is not supported yet", kind));
  const bool needsOne = kind == "max" || kind == "min" || kind == "mean" || kind == "logsumexp" || arg;
  if (needsOne && count == 0)
    return fail(Code::BadDimension, range, fmt::format("`{}` over no elements", kind));

  if (arg) {
    if (dims.size() != 1)
      return fail(Code::WrongIndexCount, range, fmt::format("`{}` takes one index", kind));
    const auto from = mlir::cast<RankedTensorType>(tensor.ssa.getType());
    result.classes = from.getDimSize(dims[0]);
    result.label = true;
    result.weak = false;
    result.ssa = tw::ArgOp::create(builder, location(range), tensorType(result.vars, result.dims, builder.getI32Type()),
                                   kind == "argmax" ? tw::Reduction::max : tw::Reduction::min, tensor.ssa,
                                   std::uint64_t(dims[0]));
    return Value::of(result);
  }
  if (kind == "logsumexp") {
    // log sum exp x = m + log sum exp (x - m) for any m; m = max x keeps every term within range, and is a constant to
    // the derivative, which does not depend on it.
    Tensor top = result;
    top.ssa = reduceOp("max", tensor.ssa, dims, range);
    const Value m = unary(tw::functionOf<tw::StopGradientOp>, Value::of(top), range);
    Tensor wide = m.tensor;
    std::vector<IndexVar *> positions = vars;
    llvm::SmallVector<AffineExpr> map;
    const auto full = mlir::cast<RankedTensorType>(tensor.ssa.getType());
    for (std::int64_t i = 0; i < full.getRank(); ++i)
      if (std::find(dims.begin(), dims.end(), i) == dims.end())
        map.push_back(mlir::getAffineDimExpr(i, &context));
    const mlir::Location loc = location(range);
    const mlir::Value spreadTop =
        dims.empty() ? wide.ssa
                     : tw::WindowOp::create(builder, loc, full, wide.ssa,
                                            mlir::AffineMapAttr::get(AffineMap::get(full.getRank(), 0, map, &context)))
                           .getResult();
    const mlir::Value shifted = tw::SubOp::create(builder, loc, full, tensor.ssa, spreadTop);
    const mlir::Value sum = reduceOp("sum", tw::ExpOp::create(builder, loc, full, shifted), dims, range);
    result.ssa = tw::LogOp::create(builder, loc, sum.getType(), sum);
    return binary(ast::BinaryOp::Add, m, Value::of(result), range, nullptr, nullptr);
  }
  result.ssa = reduceOp(kind == "mean" ? "sum" : kind, tensor.ssa, dims, range);
  if (kind != "mean")
    return Value::of(result);
  return binary(ast::BinaryOp::Mul, Value::of(result), Value::real(1.0 / double(count)), range, nullptr, nullptr);
}
