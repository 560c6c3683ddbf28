// The loops of the evaluator: each op walks its own iteration space, one element after the other.
#include "Evaluate.h"

#include "Numbers.h"
#include "talweg/Dialect/Train/Train.h"
#include "talweg/Runtime/Philox.h"

#include "mlir/IR/AffineMap.h"
#include "mlir/IR/BuiltinAttributes.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

using namespace mlir;

namespace talweg::random {
namespace {

/// Calls `visit` for each index below `extents`, in row-major order.
template <typename Visit>
void forEach(const Shape &extents, Visit visit) {
  Shape index(extents.size(), 0);
  for (std::int64_t left = countOf(extents); left > 0; --left) {
    visit(index);
    for (std::size_t d = extents.size(); d-- > 0 && ++index[d] == extents[d];)
      index[d] = 0;
  }
}

std::int64_t floorDivide(std::int64_t a, std::int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }

std::int64_t at(AffineExpr expr, const Shape &index) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return constant.getValue();
  if (auto dim = dyn_cast<AffineDimExpr>(expr))
    return index[dim.getPosition()];
  auto both = cast<AffineBinaryOpExpr>(expr);
  std::int64_t a = at(both.getLHS(), index), b = at(both.getRHS(), index);
  switch (expr.getKind()) {
  case AffineExprKind::Add: return a + b;
  case AffineExprKind::Mul: return a * b;
  case AffineExprKind::FloorDiv: return floorDivide(a, b);
  case AffineExprKind::CeilDiv: return -floorDivide(-a, b);
  default: return a - b * floorDivide(a, b);
  }
}

std::int64_t flat(const Shape &position, const Shape &shape) {
  std::int64_t place = 0;
  for (std::size_t d = 0; d < shape.size(); ++d)
    place = place * shape[d] + position[d];
  return place;
}

/// The row-major place of map(index) in a tensor of `shape`.
std::int64_t placeOf(AffineMap map, const Shape &index, const Shape &shape) {
  std::int64_t place = 0;
  for (std::size_t d = 0; d < shape.size(); ++d)
    place = place * shape[d] + at(map.getResult(d), index);
  return place;
}

/// For each place of the result, the elements of `x` that the reduction combines there.
std::vector<std::vector<Dual>> groupsOf(const Tensor &x, ArrayRef<std::int64_t> dims, const Shape &result) {
  std::vector<std::vector<Dual>> groups(countOf(result));
  std::size_t next = 0;
  forEach(x.shape, [&](const Shape &index) {
    Shape kept;
    for (std::size_t d = 0; d < index.size(); ++d)
      if (!llvm::is_contained(dims, std::int64_t(d)))
        kept.push_back(index[d]);
    groups[flat(kept, result)].push_back(x.elements[next++]);
  });
  return groups;
}

Dual reduceGroup(tw::Reduction kind, ArrayRef<Dual> group, double epsilon) {
  switch (kind) {
  case tw::Reduction::sum: {
    Sum sum;
    for (const Dual &x : group)
      sum.add(x);
    return sum.finish(epsilon);
  }
  case tw::Reduction::prod: {
    Dual product{1};
    for (const Dual &x : group)
      product = multiply(product, x, epsilon);
    product.slopeError += double(group.size()) * epsilon * product.slopeSize;
    return product;
  }
  case tw::Reduction::max:
  case tw::Reduction::min: return extremeOf(kind, group);
  case tw::Reduction::any:
  case tw::Reduction::all: {
    bool isAny = kind == tw::Reduction::any;
    Dual result{isAny ? 0.0 : 1.0};
    for (const Dual &x : group) {
      result.value = isAny ? result.value != 0 || x.value != 0 : result.value != 0 && x.value != 0;
      result.error = std::max(result.error, x.error);
    }
    return result;
  }
  }
  llvm_unreachable("unknown reduction");
}

/// The first place of the extreme, and an error if others may be it.
Dual firstPlace(tw::Reduction kind, ArrayRef<Dual> group) {
  Dual best = extremeOf(kind, group), result{-1};
  for (auto [place, x] : llvm::enumerate(group)) {
    if (x.value == best.value && result.value < 0)
      result.value = double(place);
    if (x.error + best.error != 0 && !(std::fabs(x.value - best.value) > x.error + best.error))
      result.error += result.value == double(place) ? 0 : double(group.size());
  }
  return std::isnan(best.value) ? Dual{0, double(group.size())} : result;
}

/// A number that may be any.
constexpr Dual kUnknown{0, std::numeric_limits<double>::infinity(), 0, std::numeric_limits<double>::infinity(), 0};

/// The places in a tensor of which `rows` names rows.
struct RowsOf {
  const Tensor &rows;
  const Shape &table;
  std::size_t shared;

  /// The place of the element [s.., p.., w..] of what is looked up, and whether the row is known for sure.
  std::pair<std::int64_t, bool> placeAt(const Shape &index) const {
    std::size_t named = rows.shape.size();
    const Dual &row = rows.elements[flat(Shape(index.begin(), index.begin() + named), rows.shape)];
    Shape position(index.begin(), index.begin() + shared);
    position.push_back(std::clamp<std::int64_t>(std::int64_t(row.value), 0, table[shared] - 1));
    position.insert(position.end(), index.begin() + named, index.end());
    return {flat(position, table), row.error == 0};
  }
};

/// The different rows, and what each has: an element for each place in a row.
struct Coalesced {
  std::map<std::int64_t, std::vector<Sum>> rows;
  std::int64_t positions, width, count;
  bool isKnown = true;

  Coalesced(const Tensor &values, const Tensor &numbers, std::int64_t count)
      : positions(countOf(numbers.shape)), width(countOf(values.shape) / positions), count(count) {
    for (std::int64_t position = 0; position < positions; ++position) {
      const Dual &number = numbers.elements[position];
      isKnown = isKnown && number.error == 0;
      auto &sums = rows[std::clamp<std::int64_t>(std::int64_t(number.value), 0, count - 1)];
      sums.resize(width);
      for (std::int64_t column = 0; column < width; ++column)
        sums[column].add(values.elements[position * width + column]);
    }
  }
  std::vector<Dual> named() const {
    std::vector<Dual> all;
    for (auto &[row, sums] : rows)
      all.push_back({double(row), isKnown ? 0 : double(count)});
    all.resize(positions, {double(count), isKnown ? 0 : double(count)});
    return all;
  }
  /// Without slopes: no derivative passes.
  std::vector<Dual> sums(double epsilon) const {
    std::vector<Dual> all;
    for (auto &[row, sums] : rows)
      for (const Sum &sum : sums) {
        Dual known = sum.finish(epsilon);
        all.push_back(isKnown ? Dual{known.value, known.error} : kUnknown);
      }
    all.resize(positions * width, isKnown ? Dual() : kUnknown);
    return all;
  }
};

/// Likewise.
std::vector<Dual> putRows(const Tensor &values, const Tensor &rows, const Tensor &table) {
  std::vector<Dual> result = table.elements;
  std::int64_t count = table.shape[0], width = countOf(table.shape) / count, next = 0;
  bool isKnown = true;
  for (const Dual &row : rows.elements) {
    isKnown = isKnown && row.error == 0;
    if (row.value >= 0 && row.value < double(count))
      std::copy_n(values.elements.begin() + next, width, result.begin() + std::int64_t(row.value) * width);
    next += width;
  }
  for (Dual &element : result)
    element = isKnown ? Dual{element.value, element.error} : kUnknown;
  return result;
}

double epsilonOf(Value value) { return getElementTypeOrSelf(value).isF64() ? 0x1p-53 : 0x1p-24; }

/// Numbers that the program's own type may not hold may be anything there, where they are large, and 0 where they are small.
void doubtExtremes(Tensor &tensor, bool isDouble) {
  double largest = isDouble ? 1e300 : 1e36, smallest = isDouble ? 0x1p-1022 : 0x1p-126;
  for (Dual &x : tensor.elements) {
    if (x.value != 0 && std::fabs(x.value) < smallest)
      x.error += smallest;
    if (!(std::fabs(x.value) < largest))
      x.error = std::numeric_limits<double>::infinity();
    if (!(std::fabs(x.slopeSize) < largest))
      x.slopeError = std::numeric_limits<double>::infinity();
  }
}

Tensor constant(tw::ConstantOp op) {
  Tensor y{shapeOf(op.getY()), {}};
  auto elements = cast<DenseElementsAttr>(op.getValue());
  Type type = elements.getElementType();
  if (isa<FloatType>(type))
    for (APFloat number : elements.getValues<APFloat>()) {
      bool inexact;
      number.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &inexact);
      y.elements.push_back({number.convertToDouble()});
    }
  else
    for (const APInt &number : elements.getValues<APInt>())
      y.elements.push_back({type.isInteger(1) || type.isUnsignedInteger() ? double(number.getZExtValue())
                                                                          : double(number.getSExtValue())});
  return y;
}

} // namespace

std::int64_t countOf(const Shape &shape) {
  return std::accumulate(shape.begin(), shape.end(), std::int64_t(1), std::multiplies<>());
}

Shape shapeOf(Value value) {
  ArrayRef<std::int64_t> shape = cast<RankedTensorType>(value.getType()).getShape();
  return Shape(shape.begin(), shape.end());
}

const Tensor &Evaluation::of(Value value) {
  if (auto found = known.find(value); found != known.end())
    return found->second;
  Operation *op = value.getDefiningOp();
  Tensor result = op && isa<tw::TwDialect>(op->getDialect()) ? compute(cast<OpResult>(value)) : source(value);
  if (Type element = getElementTypeOrSelf(value); isa<FloatType>(element))
    doubtExtremes(result, element.isF64());
  return known[value] = std::move(result);
}

/// Gives the results of a loop.
void Evaluation::runTurns(Operation *op) {
  auto scan = cast<tw::ScanOp>(op);
  auto all = llvm::map_to_vector(op->getOperands(), [&](Value operand) { return of(operand); });
  std::vector<Tensor> results;
  for (Value result : op->getResults())
    results.push_back({shapeOf(result), std::vector<Dual>(countOf(shapeOf(result)))});
  std::size_t carried = scan.getStarts().size(), stacks = scan.getStacks().size();
  std::int64_t length = scan.getLength();
  for (std::int64_t number = 0; number < length; ++number) {
    std::int64_t turn = scan.getReversed() ? length - 1 - number : number;
    Evaluation body(source);
    body.put(scan.getTurn(), {{}, {{double(turn)}}});
    for (auto [place, inside] : llvm::enumerate(scan.getInside())) {
      Tensor &whole = all[place];
      Tensor tensor{shapeOf(inside), whole.elements};
      if (place >= carried && place < carried + stacks) {
        std::int64_t count = countOf(tensor.shape);
        auto begin = whole.elements.begin() + turn * count;
        tensor.elements.assign(begin, begin + count);
      }
      body.put(inside, std::move(tensor));
    }
    for (auto [place, value] : llvm::enumerate(scan.getYield().getValues())) {
      const Tensor &tensor = body.of(value);
      std::int64_t first = place < carried ? 0 : turn * countOf(tensor.shape);
      llvm::copy(tensor.elements, results[place].elements.begin() + first);
    }
    std::copy_n(results.begin(), carried, all.begin());
  }
  for (auto [result, tensor] : llvm::zip_equal(op->getResults(), results))
    known[result] = std::move(tensor);
}

Tensor Evaluation::compute(OpResult result) {
  Operation *op = result.getOwner();
  double epsilon = epsilonOf(result);
  for (Value operand : op->getOperands())
    of(operand); // before any reference is held
  if (isa<tw::ScanOp>(op)) {
    runTurns(op);
    return known[result];
  }
  auto operand = [&](unsigned number) -> const Tensor & { return known.find(op->getOperand(number))->second; };

  Tensor y{shapeOf(result), {}};
  y.elements.reserve(countOf(y.shape));
  if (isElementwise(op)) {
    SmallVector<Dual> x(op->getNumOperands());
    for (std::int64_t place = 0; place < countOf(y.shape); ++place) {
      for (unsigned i = 0; i < x.size(); ++i)
        x[i] = operand(i).elements[place];
      y.elements.push_back(applyElementwise(op, x, epsilon));
    }
  } else if (auto literal = dyn_cast<tw::ConstantOp>(op)) {
    y = constant(literal);
  } else if (auto iota = dyn_cast<tw::IotaOp>(op)) {
    forEach(y.shape, [&](const Shape &index) { y.elements.push_back({double(index[iota.getDim()])}); });
  } else if (auto uniform = dyn_cast<tw::UniformOp>(op)) {
    auto seed = std::uint64_t(operand(0).elements[0].value), step = std::uint64_t(operand(0).elements[1].value);
    unsigned next = 1;
    auto optional = [&](Value given) { return given ? std::int64_t(operand(next++).elements[0].value) : 0; };
    const std::int64_t first = optional(uniform.getFirst());
    const std::uint64_t stream = uniform.getStream() + std::uint64_t(optional(uniform.getFurther()));
    const auto turn = std::uint32_t(optional(uniform.getTurn()));
    for (std::int64_t place = first; place < first + countOf(y.shape); ++place) {
      auto words = runtime::philox({std::uint32_t(place), std::uint32_t(step), std::uint32_t(stream), turn}, seed);
      y.elements.push_back({double(words[0] >> 8) * 0x1p-24});
    }
  } else if (auto window = dyn_cast<tw::WindowOp>(op)) {
    forEach(y.shape, [&](const Shape &index) {
      y.elements.push_back(operand(0).elements[placeOf(window.getMap(), index, operand(0).shape)]);
    });
  } else if (auto fold = dyn_cast<tw::FoldOp>(op)) {
    std::vector<Sum> sums(countOf(y.shape));
    std::size_t next = 0;
    forEach(operand(0).shape,
            [&](const Shape &index) { sums[placeOf(fold.getMap(), index, y.shape)].add(operand(0).elements[next++]); });
    for (const Sum &sum : sums)
      y.elements.push_back(sum.finish(epsilon));
  } else if (auto gather = dyn_cast<tw::GatherOp>(op)) {
    RowsOf rows(operand(1), operand(0).shape, gather.getShared());
    forEach(y.shape, [&](const Shape &index) {
      auto [place, isKnown] = rows.placeAt(index);
      y.elements.push_back(isKnown ? operand(0).elements[place] : kUnknown);
    });
  } else if (auto scatter = dyn_cast<tw::ScatterAddOp>(op)) {
    RowsOf rows(operand(0), y.shape, scatter.getShared());
    std::vector<Sum> sums(countOf(y.shape));
    std::size_t next = 0;
    forEach(operand(1).shape, [&](const Shape &index) {
      auto [place, isKnown] = rows.placeAt(index);
      sums[place].add(isKnown ? operand(1).elements[next] : kUnknown);
      ++next;
    });
    for (const Sum &sum : sums)
      y.elements.push_back(sum.finish(epsilon));
  } else if (auto coalesce = dyn_cast<tw::CoalesceOp>(op)) {
    Coalesced found(operand(0), operand(1), coalesce.getCount());
    y.elements = result == coalesce.getNamed() ? found.named() : found.sums(epsilon);
  } else if (isa<tw::PutRowsOp>(op)) {
    y.elements = putRows(operand(0), operand(1), operand(2));
  } else if (auto pad = dyn_cast<tw::PadOp>(op)) {
    forEach(y.shape, [&](const Shape &index) {
      Shape inside = index;
      bool isInside = true;
      for (std::size_t d = 0; d < index.size(); ++d) {
        inside[d] -= pad.getLow()[d];
        isInside = isInside && inside[d] >= 0 && inside[d] < operand(0).shape[d];
      }
      y.elements.push_back(isInside ? operand(0).elements[flat(inside, operand(0).shape)]
                                    : Dual{pad.getValue().convertToDouble()});
    });
  } else if (auto concat = dyn_cast<tw::ConcatOp>(op)) {
    forEach(y.shape, [&](const Shape &index) {
      Shape inside = index;
      unsigned part = 0;
      for (; inside[concat.getDim()] >= operand(part).shape[concat.getDim()]; ++part)
        inside[concat.getDim()] -= operand(part).shape[concat.getDim()];
      y.elements.push_back(operand(part).elements[flat(inside, operand(part).shape)]);
    });
  } else if (isa<tw::ReshapeOp>(op)) {
    y.elements = operand(0).elements;
  } else if (auto reduce = dyn_cast<tw::ReduceOp>(op)) {
    for (const auto &group : groupsOf(operand(0), reduce.getDims(), y.shape))
      y.elements.push_back(reduceGroup(reduce.getKind(), group, epsilon));
  } else if (auto arg = dyn_cast<tw::ArgOp>(op)) {
    for (const auto &group : groupsOf(operand(0), {std::int64_t(arg.getDim())}, y.shape))
      y.elements.push_back(firstPlace(arg.getKind(), group));
  } else if (auto contract = dyn_cast<tw::ContractOp>(op)) {
    std::vector<Sum> sums(countOf(y.shape));
    ArrayRef<std::int64_t> extents = contract.getExtents();
    forEach(Shape(extents.begin(), extents.end()), [&](const Shape &index) {
      sums[placeOf(contract.getYMap(), index, y.shape)].add(
          multiply(operand(0).elements[placeOf(contract.getAMap(), index, operand(0).shape)],
                   operand(1).elements[placeOf(contract.getBMap(), index, operand(1).shape)], epsilon));
    });
    for (const Sum &sum : sums)
      y.elements.push_back(sum.finish(epsilon));
  } else {
    llvm::report_fatal_error("unittests/Tw/Evaluate.cpp: no loops for " + op->getName().getStringRef());
  }
  return y;
}

} // namespace talweg::random
