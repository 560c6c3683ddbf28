// Taking products apart and together. See the header.
#include "Product.h"

#include "Rewrites.h"
#include "RunningSums.h"

#include "talweg/Dialect/Tw/Access.h"
#include "talweg/Dialect/Tw/Tw.h"

using namespace mlir;

namespace talweg {
namespace {

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

bool isSpread(Value value) { return value.getDefiningOp<tw::WindowOp>() || tw::uniformValue(value); }

class Collector {
public:
  Collector(Product &product, bool withConditions, bool withContractions = false)
      : product(product), withConditions(withConditions), withContractions(withContractions) {}

  bool hasContraction = false;

  void collect(Value value, AffineMap map, bool isInverse) {
    const bool isWhole = withContractions && !value.hasOneUse() && // what it is made of would be computed twice
                         isa_and_nonnull<tw::MulOp, tw::DivOp, tw::NegOp, tw::ContractOp>(value.getDefiningOp());
    if (isWhole || visits++ > kMostVisits) { // a product may be of itself many times over
      add(value, map, isInverse);
    } else if (auto contract = value.getDefiningOp<tw::ContractOp>();
               contract && withContractions && !isInverse && isUnfolded(contract)) {
      unfold(contract, map);
    } else if (auto number = tw::uniformValue(value)) {
      product.scale = isInverse ? product.scale / *number : product.scale * *number;
    } else if (auto mul = value.getDefiningOp<tw::MulOp>(); mul && !isInverse) {
      product.operations += double(typeOf(value).getNumElements());
      collect(mul.getA(), map, isInverse);
      collect(mul.getB(), map, isInverse);
    } else if (auto div = value.getDefiningOp<tw::DivOp>(); div && !isInverse && isSpread(div.getB())) {
      product.operations += double(typeOf(value).getNumElements());
      collect(div.getA(), map, false);
      collect(div.getB(), map, true);
    } else if (auto neg = value.getDefiningOp<tw::NegOp>()) {
      product.scale = -product.scale;
      collect(neg.getX(), map, isInverse);
    } else if (auto select = value.getDefiningOp<tw::SelectOp>();
               select && !isInverse && withConditions && isSplit(select)) {
      product.operations += double(typeOf(value).getNumElements());
      const bool selects = isZero(select.getB());
      addCondition(select.getCondition(), map, selects);
      collect(selects ? select.getA() : select.getB(), map, false);
    } else if (auto window = value.getDefiningOp<tw::WindowOp>()) {
      AffineMap access = simplifyAffineMap(window.getMap().compose(map));
      if (typeOf(window).getNumElements() <= typeOf(window.getX()).getNumElements() || isPart(window))
        collect(window.getX(), access, isInverse);
      else
        add(window.getX(), access, isInverse);
    } else {
      add(value, map, isInverse);
    }
  }

private:
  static constexpr int kMostVisits = 64; ///< of what a product is taken apart into
  int visits = 0;

  /// Whether each element of the result is of one place of the dims that are not summed, and none is left out.
  static bool isUnfolded(tw::ContractOp op) {
    llvm::SmallBitVector seen(op.getExtents().size());
    for (auto [expr, size] : llvm::zip(op.getYMap().getResults(), typeOf(op).getShape())) {
      auto dim = dyn_cast<AffineDimExpr>(expr);
      if (!dim || seen.test(dim.getPosition()) || op.getExtents()[dim.getPosition()] != size)
        return false;
      seen.set(dim.getPosition());
    }
    return true;
  }

  void unfold(tw::ContractOp op, AffineMap map) {
    hasContraction = true;
    SmallVector<AffineExpr> places(op.getExtents().size());
    double operations = 1;
    for (auto [place, expr] : llvm::enumerate(op.getYMap().getResults()))
      places[cast<AffineDimExpr>(expr).getPosition()] = map.getResult(place);
    for (auto [extent, place] : llvm::zip(op.getExtents(), places)) {
      operations *= double(extent);
      if (!place) {
        place = getAffineDimExpr(product.extents.size(), op.getContext());
        product.extents.push_back(extent);
      }
    }
    product.operations += operations;
    const auto dims = unsigned(product.extents.size());
    for (auto [factor, read] : {std::pair(op.getA(), op.getAMap()), std::pair(op.getB(), op.getBMap())})
      collect(factor, simplifyAffineMap(read.replaceDimsAndSymbols(places, {}, dims, 0)), false);
  }

  static bool isZero(Value value) { return tw::uniformValue(value) == 0.0; }

  /// Whether it is 0 where its condition says so, and what it is else has factors or is spread. Otherwise it is a factor as it is.
  static bool isSplit(tw::SelectOp select) {
    Value other = isZero(select.getB()) ? select.getA() : isZero(select.getA()) ? select.getB() : Value();
    return other &&
           (tw::uniformValue(other) ||
            isa_and_nonnull<tw::MulOp, tw::DivOp, tw::NegOp, tw::SelectOp, tw::WindowOp>(other.getDefiningOp()));
  }

  /// Whether it spreads a product that nothing else reads, or a number where a condition holds and 0 elsewhere.
  bool isPart(tw::WindowOp window) const {
    Operation *op = window.getX().getDefiningOp();
    if (auto select = dyn_cast_if_present<tw::SelectOp>(op))
      return withConditions && ((isZero(select.getB()) && tw::uniformValue(select.getA())) ||
                                (isZero(select.getA()) && tw::uniformValue(select.getB())));
    return window->hasOneUse() && window.getX().hasOneUse() &&
           (isa_and_nonnull<tw::MulOp, tw::NegOp>(op) || (withContractions && isa_and_nonnull<tw::ContractOp>(op)));
  }

  void add(Value value, AffineMap map, bool isInverse) {
    product.factors.push_back({value, map, isInverse ? Role::divides : Role::multiplies});
  }

  void addCondition(Value condition, AffineMap map, bool selects) {
    if (auto window = condition.getDefiningOp<tw::WindowOp>())
      return addCondition(window.getX(), simplifyAffineMap(window.getMap().compose(map)), selects);
    if (auto negation = condition.getDefiningOp<tw::NotOp>())
      return addCondition(negation.getA(), map, !selects);
    if (auto both = condition.getDefiningOp<tw::AndOp>(); both && selects) {
      addCondition(both.getA(), map, true);
      return addCondition(both.getB(), map, true);
    }
    if (auto either = condition.getDefiningOp<tw::OrOp>(); either && !selects) {
      addCondition(either.getA(), map, false);
      return addCondition(either.getB(), map, false);
    }
    product.factors.push_back({condition, map, selects ? Role::selects : Role::excludes});
  }

  Product &product;
  const bool withConditions, withContractions;
};

Value constantOf(double number, RankedTensorType type, PatternRewriter &rewriter, Location loc) {
  Attribute element = rewriter.getFloatAttr(type.getElementType(), number);
  return tw::ConstantOp::create(rewriter, loc, type, DenseElementsAttr::get(type, element));
}

} // namespace

double volume(ArrayRef<int64_t> extents) {
  double places = 1;
  for (int64_t extent : extents)
    places *= double(extent);
  return places;
}

double volume(ArrayRef<int64_t> extents, const llvm::SmallBitVector &dims) {
  double places = 1;
  for (unsigned dim : dims.set_bits())
    places *= double(extents[dim]);
  return places;
}

llvm::SmallBitVector dimsRead(AffineMap map, ArrayRef<int64_t> extents) {
  llvm::SmallBitVector read(extents.size());
  for (auto [dim, extent] : llvm::enumerate(extents))
    if (extent > 1 && map.isFunctionOfDim(dim))
      read.set(dim);
  return read;
}

bool areVectorsOfEach(const Factor &matrices, const Factor &vectors, const ContractionOrder::Step &step,
                      ArrayRef<int64_t> extents) {
  auto isPlain = [](AffineExpr expr) { return isa<AffineDimExpr, AffineConstantExpr>(expr); };
  llvm::SmallBitVector each = dimsRead(vectors.map, extents);
  each &= step.left;
  return dimsRead(matrices.map, extents) == step.runs && llvm::all_of(matrices.map.getResults(), isPlain) && each.any();
}

std::optional<SmallVector<int64_t>> placesOf(const Factor &factor, ArrayRef<int64_t> extents) {
  SmallVector<int64_t> places(extents.size(), -1);
  ArrayRef<int64_t> shape = typeOf(factor.source).getShape();
  for (auto [position, expr] : llvm::enumerate(factor.map.getResults())) {
    auto dim = dyn_cast<AffineDimExpr>(expr);
    if (dim && shape[position] == extents[dim.getPosition()] && places[dim.getPosition()] < 0)
      places[dim.getPosition()] = position;
    else if (shape[position] != 1)
      return std::nullopt;
  }
  return places;
}

Factor throughWindows(Value value, AffineMap map) {
  while (auto window = value.getDefiningOp<tw::WindowOp>()) {
    map = simplifyAffineMap(window.getMap().compose(map));
    value = window.getX();
  }
  return {value, map};
}

std::optional<unsigned> countedBy(const Factor &factor) {
  auto iota = factor.source.getDefiningOp<tw::IotaOp>();
  if (!iota)
    return std::nullopt;
  auto dim = dyn_cast<AffineDimExpr>(factor.map.getResult(iota.getDim()));
  return dim ? std::optional(dim.getPosition()) : std::nullopt;
}

Product factorsOf(Value value, bool withConditions) {
  Product product;
  product.extents.assign(typeOf(value).getShape().begin(), typeOf(value).getShape().end());
  Collector(product, withConditions)
      .collect(value, AffineMap::getMultiDimIdentityMap(product.extents.size(), value.getContext()), false);
  return product;
}

Unfolded unfold(ArrayRef<std::pair<Value, AffineMap>> factors, ArrayRef<int64_t> extents) {
  Unfolded result;
  result.product.extents.assign(extents.begin(), extents.end());
  Collector collector(result.product, false, true);
  for (auto [value, map] : factors)
    collector.collect(value, map, false);
  for (Factor &factor : result.product.factors)
    factor.map = AffineMap::get(result.product.extents.size(), 0, factor.map.getResults(), factor.map.getContext());
  result.hasContraction = collector.hasContraction;
  return result;
}

Value scaled(Value value, double scale, PatternRewriter &rewriter) {
  RankedTensorType type = typeOf(value);
  Product product;
  product.extents.assign(type.getShape().begin(), type.getShape().end());
  product.factors = {{value, AffineMap::getMultiDimIdentityMap(type.getRank(), value.getContext())}};
  product.scale = scale;
  return materialize(product, type.getElementType(), rewriter, value.getLoc());
}

AffineMap restrictTo(AffineMap map, const llvm::SmallBitVector &kept) {
  SmallVector<AffineExpr> renamed;
  unsigned next = 0;
  for (unsigned dim = 0; dim < map.getNumDims(); ++dim)
    renamed.push_back(kept.test(dim) ? getAffineDimExpr(next++, map.getContext())
                                     : getAffineConstantExpr(0, map.getContext()));
  return simplifyAffineMap(map.replaceDimsAndSymbols(renamed, {}, next, 0));
}

Product restrictTo(const Product &product, const llvm::SmallBitVector &kept) {
  Product restricted;
  restricted.scale = product.scale;
  for (auto [dim, extent] : llvm::enumerate(product.extents))
    if (kept.test(dim))
      restricted.extents.push_back(extent);
  for (const Factor &factor : product.factors)
    restricted.factors.push_back({factor.source, restrictTo(factor.map, kept), factor.role});
  return restricted;
}

namespace {
/// A factor, read already.
struct Term {
  Value value;
  Role role;
};
} // namespace

static Value oneIf(bool selects, Value condition, Value taken, PatternRewriter &rewriter, Location loc) {
  RankedTensorType type = typeOf(taken);
  Value zero = constantOf(0, type, rewriter, loc);
  return tw::SelectOp::create(rewriter, loc, type, condition, selects ? taken : zero, selects ? zero : taken);
}

/// The term as a factor that multiplies.
static Value asNumber(const Term &term, Type element, PatternRewriter &rewriter, Location loc) {
  if (term.role == Role::multiplies)
    return term.value;
  RankedTensorType type = RankedTensorType::get(typeOf(term.value).getShape(), element);
  Value one = constantOf(1, type, rewriter, loc);
  if (term.role == Role::divides)
    return tw::DivOp::create(rewriter, loc, type, one, term.value);
  return oneIf(term.role == Role::selects, term.value, one, rewriter, loc);
}

static Value asCondition(const Term &term, PatternRewriter &rewriter, Location loc) {
  return term.role == Role::selects ? term.value
                                    : tw::NotOp::create(rewriter, loc, term.value.getType(), term.value).getResult();
}

/// Of terms of one shape.
static Term multiplied(Term a, Term b, Type element, PatternRewriter &rewriter, Location loc) {
  auto isCondition = [](const Term &term) { return term.role == Role::selects || term.role == Role::excludes; };
  if (isCondition(a) && isCondition(b)) {
    Value first = asCondition(a, rewriter, loc), second = asCondition(b, rewriter, loc);
    return {tw::AndOp::create(rewriter, loc, first.getType(), first, second), Role::selects};
  }
  if (isCondition(a))
    std::swap(a, b);
  if (isCondition(b))
    return {oneIf(b.role == Role::selects, b.value, asNumber(a, element, rewriter, loc), rewriter, loc),
            Role::multiplies};
  if (a.role == b.role)
    return {rewriter.createOrFold<tw::MulOp>(loc, a.value.getType(), a.value, b.value), a.role};
  if (a.role == Role::divides)
    std::swap(a, b);
  return {rewriter.createOrFold<tw::DivOp>(loc, a.value.getType(), a.value, b.value), Role::multiplies};
}

static Value windowOf(const Factor &factor, ArrayRef<int64_t> shape, AffineMap map, PatternRewriter &rewriter,
                      Location loc) {
  RankedTensorType type = typeOf(factor.source).clone(shape);
  return rewriter.createOrFold<tw::WindowOp>(loc, type, factor.source, map);
}

Value materialize(const Product &product, Type element, PatternRewriter &rewriter, Location loc) {
  auto type = RankedTensorType::get(product.extents, element);
  Value numerator, denominator;
  for (const Factor &factor : product.factors) {
    if (factor.isCondition())
      continue;
    Value spread = windowOf(factor, product.extents, factor.map, rewriter, loc);
    Value &side = factor.role == Role::divides ? denominator : numerator;
    side = side ? rewriter.createOrFold<tw::MulOp>(loc, type, side, spread) : spread;
  }
  if (!numerator || (product.scale != 1 && product.scale != -1)) {
    Value scale = constantOf(product.scale, type, rewriter, loc);
    numerator = numerator ? rewriter.createOrFold<tw::MulOp>(loc, type, numerator, scale) : scale;
  } else if (product.scale == -1) {
    numerator = rewriter.createOrFold<tw::NegOp>(loc, type, numerator);
  }
  if (denominator)
    numerator = rewriter.createOrFold<tw::DivOp>(loc, type, numerator, denominator);
  for (const Factor &factor : product.factors)
    if (factor.isCondition())
      numerator = oneIf(factor.role == Role::selects, windowOf(factor, product.extents, factor.map, rewriter, loc),
                        numerator, rewriter, loc);
  return numerator;
}

SumOfFactors sumOf(const Product &product, const llvm::SmallBitVector &kept) {
  SumOfFactors sum;
  sum.extents = product.extents;
  sum.kept = kept;
  for (const Factor &factor : product.factors)
    sum.reads.push_back(dimsRead(factor.map, product.extents));
  return sum;
}

//===-- contractions ----------------------------------------------------------------------------------------------===//

namespace {
/// Multiplies factors step by step. What a step gives is a factor again.
class Multiplier {
public:
  Multiplier(const Product &product, Type element, PatternRewriter &rewriter, Location loc, const Rewrites &rewrites)
      : extents(product.extents), values(product.factors), element(element), rewriter(rewriter), loc(loc),
        rewrites(rewrites) {}

  Value run(const ContractionOrder &order, RankedTensorType type, AffineMap map);

private:
  using Bits = llvm::SmallBitVector;

  SmallVector<int64_t> shapeOf(const Bits &dims) const {
    return llvm::map_to_vector(dims.set_bits(), [&](unsigned dim) { return extents[dim]; });
  }
  /// From the box to a tensor that has these of its dims.
  AffineMap readOf(const Bits &dims) const {
    SmallVector<AffineExpr> exprs;
    for (unsigned dim : dims.set_bits())
      exprs.push_back(rewriter.getAffineDimExpr(dim));
    return AffineMap::get(dims.size(), 0, exprs, rewriter.getContext());
  }
  Value numberOf(const Factor &factor) { return asNumber({factor.source, factor.role}, element, rewriter, loc); }
  Value boxOf(const Factor &factor, const Bits &dims) {
    return windowOf(factor, shapeOf(dims), restrictTo(factor.map, dims), rewriter, loc);
  }

  Factor elementwise(const Factor &a, const Factor &b, const Bits &dims);
  std::optional<Factor> running(const Factor &a, const Factor &b, const ContractionOrder::Step &step);
  Value summed(const Factor &a, const ContractionOrder::Step &step, RankedTensorType type, AffineMap map);
  Value summed(const Factor &a, const Factor &b, const ContractionOrder::Step &step, RankedTensorType type,
               AffineMap map);

  const SmallVector<int64_t> extents;
  SmallVector<Factor> values; ///< those that were given, and what each step gave
  Type element;
  PatternRewriter &rewriter;
  Location loc;
  const Rewrites &rewrites;
};
} // namespace

/// The product where nothing is summed. If one reads just these dims, each in a place of its own, it is computed where that lies.
Factor Multiplier::elementwise(const Factor &a, const Factor &b, const Bits &dims) {
  for (auto [large, small] : {std::pair(&a, &b), std::pair(&b, &a)}) {
    auto places = placesOf(*large, extents);
    if (dimsRead(large->map, extents) != dims || !places)
      continue;
    SmallVector<AffineExpr> renamed;
    for (int64_t place : *places)
      renamed.push_back(place < 0 ? rewriter.getAffineConstantExpr(0) : rewriter.getAffineDimExpr(place));
    RankedTensorType type = typeOf(large->source);
    AffineMap map = simplifyAffineMap(small->map.replaceDimsAndSymbols(renamed, {}, type.getRank(), 0));
    Value spread = windowOf(*small, type.getShape(), map, rewriter, loc);
    Term term = multiplied({large->source, large->role}, {spread, small->role}, element, rewriter, loc);
    return {term.value, large->map, term.role};
  }
  Term term = multiplied({boxOf(a, dims), a.role}, {boxOf(b, dims), b.role}, element, rewriter, loc);
  return {term.value, readOf(dims), term.role};
}

/// y[map(d)] += a, over the dims of the step.
Value Multiplier::summed(const Factor &a, const ContractionOrder::Step &step, RankedTensorType type, AffineMap map) {
  Factor number = {numberOf(a), a.map};
  return rewriter.createOrFold<tw::FoldOp>(loc, type, boxOf(number, step.runs), restrictTo(map, step.runs));
}

/// The sum of a b over the one dim that is not left, if b says which of its places are summed for each place of another dim, which a does not read.
std::optional<Factor> Multiplier::running(const Factor &a, const Factor &b, const ContractionOrder::Step &step) {
  Bits summed = step.runs, read = dimsRead(a.map, extents);
  summed.reset(step.left);
  auto triangle = triangleOf(b, extents, summed, step.left);
  if (!triangle || summed.count() != 1 || read.test(triangle->i) || !read.test(triangle->j))
    return std::nullopt;
  const llvm::iterator_range places = read.set_bits();
  const auto place = unsigned(std::distance(places.begin(), llvm::find(places, triangle->j)));
  Value terms = boxOf({numberOf(a), a.map}, read);
  rewrites.tellRunning(loc, "sum", typeOf(terms), place);
  Value sum = runningSum(terms, place, triangle->running, rewriter, loc);
  return Factor{sum, readOf(read).replace(rewriter.getAffineDimExpr(triangle->j),
                                          rewriter.getAffineDimExpr(triangle->i), unsigned(extents.size()), 0)};
}

/// y[map(d)] += a b, over the dims of the step.
Value Multiplier::summed(const Factor &a, const Factor &b, const ContractionOrder::Step &step, RankedTensorType type,
                         AffineMap map) {
  const bool readAll = dimsRead(a.map, extents) == step.runs && dimsRead(b.map, extents) == step.runs;
  if (readAll || areVectorsOfEach(a, b, step, extents) ||
      areVectorsOfEach(b, a, step, extents)) { // too little is reused
    const Term product =
        multiplied({boxOf(a, step.runs), a.role}, {boxOf(b, step.runs), b.role}, element, rewriter, loc);
    return rewriter.createOrFold<tw::FoldOp>(loc, type, asNumber(product, element, rewriter, loc),
                                             restrictTo(map, step.runs));
  }
  for (auto [terms, condition] : {std::pair(&a, &b), std::pair(&b, &a)})
    if (auto sum = running(*terms, *condition, step))
      return rewriter.createOrFold<tw::FoldOp>(loc, type, boxOf(*sum, step.left), restrictTo(map, step.left));
  const Factor first = {numberOf(a), a.map}, second = {numberOf(b), b.map};
  Bits dims = step.runs;
  for (auto [dim, extent] : llvm::enumerate(extents))
    if (extent == 1)
      dims.set(dim);
  return tw::ContractOp::create(rewriter, loc, type, first.source, second.source, shapeOf(dims),
                                restrictTo(first.map, dims), restrictTo(second.map, dims), restrictTo(map, dims));
}

Value Multiplier::run(const ContractionOrder &order, RankedTensorType type, AffineMap map) {
  for (const ContractionOrder::Step &step : order.steps) {
    const Factor a = values[step.a], b = values[step.b];
    const bool isLast = &step == &order.steps.back(), isSum = step.runs != step.left;
    auto sumInto = [&](RankedTensorType into, AffineMap by) {
      return step.a == step.b ? summed(a, step, into, by) : summed(a, b, step, into, by);
    };
    if (isSum && isLast)
      return sumInto(type, map);
    if (isSum)
      values.push_back(
          {sumInto(RankedTensorType::get(shapeOf(step.left), element), readOf(step.left)), readOf(step.left)});
    else
      values.push_back(elementwise(a, b, step.left));
  }
  const Factor &last = values.back();
  const Bits dims = dimsRead(last.map, extents);
  return rewriter.createOrFold<tw::FoldOp>(loc, type, boxOf({numberOf(last), last.map}, dims), restrictTo(map, dims));
}

Value contract(const Product &product, const ContractionOrder &order, RankedTensorType type, AffineMap map,
               PatternRewriter &rewriter, Location loc, const Rewrites &rewrites) {
  return Multiplier(product, type.getElementType(), rewriter, loc, rewrites).run(order, type, map);
}

} // namespace talweg
