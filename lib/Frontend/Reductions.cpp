// Reductions.
#include "Operators.h"

#include "talweg/Dialect/Tw/Elements.h"
#include "talweg/Dialect/Tw/Functions.h"

#include "mlir/IR/BuiltinAttributes.h"

#include <algorithm>
#include <fmt/format.h>

using namespace talweg;
using namespace talweg::frontend;
using mlir::RankedTensorType;

namespace {
/// A tensor spread over all that is reduced and all that is left.
struct Reduced {
  Tensor tensor;
  std::vector<std::int64_t> dims = {};        ///< of the tensor, that are reduced
  Number count = Number::of(std::int64_t(1)); ///< of elements that each result is made of
  Tensor result = {};                         ///< its shape, without a value
};
} // namespace

static Reduced divide(const Tensor &tensor, const std::vector<IndexVar *> &over, bool overDims) {
  Reduced reduced{.tensor = tensor};
  reduced.result.weak = tensor.weak;
  const auto multiply = [&](const Count &extent) { // within the size that has been checked
    (void)arithmetic(ast::BinaryOp::Mul, reduced.count, Number::of(extent), reduced.count);
  };
  for (std::size_t i = 0; i < tensor.vars.size(); ++i) {
    if (std::find(over.begin(), over.end(), tensor.vars[i]) == over.end()) {
      reduced.result.vars.push_back(tensor.vars[i]);
      continue;
    }
    reduced.dims.push_back(i);
    multiply(tensor.vars[i]->extent);
  }
  if (!overDims) {
    reduced.result.dims = tensor.dims;
    return reduced;
  }
  for (std::size_t i = 0; i < tensor.dims.size(); ++i) {
    reduced.dims.push_back(tensor.vars.size() + i);
    multiply(tensor.dims[i].size);
  }
  return reduced;
}

static mlir::Value createReduce(TensorBuilder &tensors, tw::Reduction kind, mlir::Value ssa,
                                const std::vector<std::int64_t> &dims, ast::Range range) {
  const auto type = mlir::cast<mlir::TensorType>(ssa.getType());
  llvm::SmallVector<std::int64_t> kept;
  if (type.hasRank()) {
    if (dims.empty())
      return ssa;
    for (std::int64_t i = 0; i < type.getRank(); ++i)
      if (std::find(dims.begin(), dims.end(), i) == dims.end())
        kept.push_back(type.getDimSize(i));
  }
  return tw::ReduceOp::create(tensors.builder, tensors.location(range),
                              RankedTensorType::get(kept, type.getElementType()), kind, ssa,
                              tensors.builder.getDenseI64ArrayAttr(dims));
}

/// log sum exp x = m + log sum exp (x - m) for any m; m = max x keeps every term within range, and is a constant to the
/// derivative, which does not depend on it.
static Value logSumExp(TensorBuilder &tensors, const Reduced &reduced, ast::Range range) {
  mlir::OpBuilder &builder = tensors.builder;
  const mlir::Location loc = tensors.location(range);
  Tensor top = reduced.result;
  top.ssa = createReduce(tensors, tw::Reduction::max, reduced.tensor.ssa, reduced.dims, range);
  const Value m = unary(tensors, tw::functionOf<tw::StopGradientOp>, Value::of(top), range);
  const auto full = mlir::cast<RankedTensorType>(reduced.tensor.ssa.getType());
  mlir::Value spread = m.tensor.ssa;
  if (!reduced.dims.empty()) {
    llvm::SmallVector<mlir::AffineExpr> map;
    for (std::int64_t i = 0; i < full.getRank(); ++i)
      if (std::find(reduced.dims.begin(), reduced.dims.end(), i) == reduced.dims.end())
        map.push_back(builder.getAffineDimExpr(i));
    spread = tw::WindowOp::create(
        builder, loc, full, spread,
        mlir::AffineMapAttr::get(mlir::AffineMap::get(full.getRank(), 0, map, builder.getContext())));
  }
  const mlir::Value shifted = tw::SubOp::create(builder, loc, full, reduced.tensor.ssa, spread);
  const mlir::Value sum =
      createReduce(tensors, tw::Reduction::sum, tw::ExpOp::create(builder, loc, full, shifted), reduced.dims, range);
  Tensor log = reduced.result;
  log.ssa = tw::LogOp::create(builder, loc, sum.getType(), sum);
  return binary(tensors, ast::BinaryOp::Add, m, Value::of(log), range);
}

Value frontend::position(TensorBuilder &tensors, const std::string &kind, const Tensor &tensor, std::size_t dim,
                         Tensor result, ast::Range range) {
  result.classes = mlir::cast<RankedTensorType>(tensor.ssa.getType()).getDimSize(dim);
  result.label = true;
  result.weak = false;
  result.ssa = tw::ArgOp::create(
      tensors.builder, tensors.location(range), tensorType(result.vars, result.dims, tensors.builder.getI32Type()),
      kind == "argmax" ? tw::Reduction::max : tw::Reduction::min, tensor.ssa, std::uint64_t(dim));
  return Value::of(result);
}

Value frontend::reduce(TensorBuilder &tensors, const std::string &kind, const Tensor &given,
                       const std::vector<IndexVar *> &over, bool overDims, ast::Range range) {
  static const std::map<std::string, tw::Reduction> kinds = {{"sum", tw::Reduction::sum}, {"prod", tw::Reduction::prod},
                                                             {"max", tw::Reduction::max}, {"min", tw::Reduction::min},
                                                             {"any", tw::Reduction::any}, {"all", tw::Reduction::all},
                                                             {"mean", tw::Reduction::sum}};
  Tensor tensor = given;
  const bool logic = kind == "any" || kind == "all", arg = kind == "argmax" || kind == "argmin";
  const mlir::Type element = tensor.element();
  if (logic != tensor.hasConditions() && (logic || arg || (kind != "sum" && kind != "mean")))
    return tensors.fail(Code::WrongKind, range,
                        fmt::format("`{}` takes {}, and this is {}", kind, logic ? "conditions" : "numbers",
                                    tensors.describe(Value::of(tensor))));
  const bool wantsFloat = kind == "mean" || kind == "logsumexp" || !tw::isWhole(element);
  if (!logic && wantsFloat && !mlir::isa<mlir::FloatType>(element))
    tensor = tensors.converted(tensor, tensors.floatTypeFor(tensor), range);

  std::vector<IndexVar *> vars = tensor.vars; // what does not vary with an index is the same for each of its values
  for (IndexVar *var : over)
    if (std::find(vars.begin(), vars.end(), var) == vars.end())
      vars.push_back(var);
  const bool unranked = !tensor.isRanked();
  if (!unranked && !tensors.checkSize(vars, tensor.dims, range))
    return Value();
  tensor.ssa = tensors.spread(tensor, vars, tensor.dims, unranked, range);
  tensor.vars = vars;

  Reduced reduced = divide(tensor, over, overDims);
  if (unranked && (kind == "mean" || kind == "logsumexp" || arg))
    return tensors.fail(Code::NotSupportedYet, range, fmt::format("`{}` in an update rule is not supported yet", kind));
  const bool needsOne = kind == "max" || kind == "min" || kind == "mean" || kind == "logsumexp" || arg;
  if (needsOne && reduced.count.integer == 0)
    return tensors.fail(Code::BadDimension, range, fmt::format("`{}` over no elements", kind));
  if (arg && reduced.dims.size() != 1)
    return tensors.fail(Code::WrongIndexCount, range, fmt::format("`{}` takes one index", kind));
  if (arg)
    return position(tensors, kind, tensor, reduced.dims[0], reduced.result, range);
  if (kind == "logsumexp")
    return logSumExp(tensors, reduced, range);
  reduced.result.ssa = createReduce(tensors, kinds.at(kind), tensor.ssa, reduced.dims, range);
  const Value result = kind == "max" || kind == "min" ? withBounds(Value::of(reduced.result), tensor.bounds())
                                                      : Value::of(reduced.result);
  if (kind != "mean")
    return result;
  Number share;
  (void)arithmetic(ast::BinaryOp::Div, Number::of(1.0), reduced.count, share);
  return binary(tensors, ast::BinaryOp::Mul, result, Value::of(share), range);
}
