// Finds the products among sums. In: index notation as the frontend writes it, and the cotangents of such: operands
// spread by tw.window, tw.mul and tw.select of 0 elementwise, tw.reduce sum or tw.fold. Out: tw.contract wherever a sum runs
// over a product of tensors of which one is reused, in the order of least cost; factors that do not vary within a sum stand outside
// it; elementwise ops are computed before they are spread, and contractions read and write as ContractionAccess.h says. Equal up
// to rounding.
//
// A sum of a product, s[Y(d)] += c Π fᵢ[Fᵢ(d)] / Π gⱼ[Gⱼ(d)] where Π hₖ[Hₖ(d)], is first taken apart into its factors. When every
// factor reads all that the sum runs over, nothing is reused: such a sum stays an elementwise product under a reduction,
// which fuses with what produces it.
//
// Where one index alone is selected, by equality, its rows are looked up: Σₖ [p = k] f(k) is f(p).
//
// A condition is a strong zero: where it fails, the term is 0, whatever its factors are. Moved to one of them, it leaves the others, by
// which 0 is multiplied; so conditions move only where no factor can be infinite or nan (tw::Numbers).
#include "ContractionAccess.h"
#include "GatherScattered.h"
#include "KnownSums.h"
#include "PlanThroughContractions.h"
#include "Product.h"
#include "Rewrites.h"
#include "RunningSums.h"
#include "SelectedByEquality.h"

#include "talweg/Dialect/Tw/Access.h"
#include "talweg/Dialect/Tw/Numbers.h"
#include "talweg/Dialect/Tw/Tw.h"
#include "talweg/Transforms/Passes.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

#include <cmath>

using namespace mlir;

namespace talweg {
#define GEN_PASS_DEF_FORMCONTRACTIONS
#include "talweg/Transforms/Passes.h.inc"

namespace {

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }
bool isRanked(Value value) { return isa<RankedTensorType>(value.getType()); }
bool isFloat(Value value) { return isa<FloatType>(getElementTypeOrSelf(value)); }

/// An elementwise result that nothing else reads, at every place of the box once: computed within the sum it costs no
/// memory.
bool isFusable(const Factor &factor, const Product &product) {
  Operation *op = factor.source.getDefiningOp();
  auto places = placesOf(factor, product.extents);
  return op && op->hasTrait<OpTrait::SameOperandsAndResultType>() && op->hasOneUse() && places &&
         llvm::all_of(llvm::zip(*places, product.extents),
                      [](auto pair) { return std::get<0>(pair) >= 0 || std::get<1>(pair) == 1; });
}

/// The dims that are wide, and that `map` reads.
llvm::SmallBitVector allRead(const Product &product) {
  llvm::SmallBitVector read(product.extents.size());
  for (const Factor &factor : product.factors)
    read |= dimsRead(factor.map, product.extents);
  return read;
}

/// Multiply-adds of a sum of this product, element by element.
double elementwiseOperations(const Product &product) {
  const double products = double(std::max<size_t>(product.factors.size(), 2) - 1);
  return products * volume(product.extents);
}

/// An order in which the product is summed over all dims but these, if that is better than element by element: something is read more than once,
/// and nothing would have to be stored for that which is computed within the sum now.
std::optional<ContractionOrder> orderOf(const Product &product, const llvm::SmallBitVector &kept) {
  const llvm::SmallBitVector read = allRead(product);
  const size_t wide = llvm::count_if(product.extents, [](int64_t extent) { return extent > 1; });
  auto isReused = [&](const Factor &factor) { return dimsRead(factor.map, product.extents) != read; };
  auto isNumber = [](const Factor &factor) { return !factor.isCondition(); };
  auto numbers = llvm::make_filter_range(product.factors, isNumber);
  // What is computed at every place of the box costs no memory within the sum: elementwise ops, and conditions.
  auto isInPlace = [&](const Factor &factor) {
    return isFusable(factor, product) || (factor.isCondition() && !isReused(factor));
  };
  if (product.factors.size() < 2 || read.count() != wide || numbers.empty() || llvm::none_of(numbers, isReused) ||
      llvm::any_of(product.factors, isInPlace))
    return std::nullopt;
  const SumOfFactors sum = sumOf(product, kept);
  ContractionOrder order = orderOf(sum);
  SmallVector<llvm::SmallBitVector> reads = sum.reads;
  bool isBetter = order.operations < product.operations;
  for (const ContractionOrder::Step &step : order.steps) {
    auto readsAll = [&](unsigned value) { return reads[value] == step.runs; };
    auto areOfEach = [&](unsigned matrices, unsigned vectors) { // what a step gives is read as it lies
      auto factorOf = [&](unsigned value) {
        if (value < product.factors.size())
          return product.factors[value];
        SmallVector<unsigned> places = llvm::to_vector(reads[value].set_bits());
        return Factor{{},
                      AffineMap::getMultiDimMapWithTargets(reads[value].size(), places,
                                                           product.factors.front().source.getContext())};
      };
      return areVectorsOfEach(factorOf(matrices), factorOf(vectors), step, product.extents);
    };
    const bool isElementwise =
        (readsAll(step.a) && readsAll(step.b)) || areOfEach(step.a, step.b) || areOfEach(step.b, step.a);
    isBetter |= step.runs != step.left && (step.a == step.b || !isElementwise);
    reads.push_back(step.left);
  }
  return isBetter ? std::optional(std::move(order)) : std::nullopt;
}

bool hasConditions(const Product &product) {
  return llvm::any_of(product.factors, [](const Factor &factor) { return factor.isCondition(); });
}

/// What the patterns of sums know: which factors may be multiplied by a zero.
template <typename Op> struct OfSums : OpRewritePattern<Op> {
  OfSums(MLIRContext *context, tw::Numbers &numbers, const Rewrites &rewrites)
      : OpRewritePattern<Op>(context), numbers(numbers), rewrites(rewrites) {}

protected:
  Product factorsOf(Value value) const {
    Product product = talweg::factorsOf(value, true);
    auto isWeak = [&](const Factor &factor) {
      return !factor.isCondition() &&
             (numbers.isSingular(factor.source) || (factor.role == Role::divides && numbers.canBeZero(factor.source)));
    };
    if (hasConditions(product) && (!std::isfinite(product.scale) || llvm::any_of(product.factors, isWeak)))
      return talweg::factorsOf(value, false);
    return product;
  }

  tw::Numbers &numbers;
  const Rewrites &rewrites;
};

/// A fold of a product is a contraction.
struct FoldOfProduct : OfSums<tw::FoldOp> {
  using OfSums::OfSums;
  LogicalResult matchAndRewrite(tw::FoldOp op, PatternRewriter &rewriter) const override {
    if (!isFloat(op.getX()))
      return failure();
    Product product = factorsOf(op.getX());
    auto order = orderOf(product, dimsRead(op.getMap(), product.extents));
    if (!order)
      return failure();
    rewrites.tell(op.getLoc(), typeOf(op).getElementType(),
                  {product, dimsRead(op.getMap(), product.extents), product, &*order});
    Value sum = contract(product, *order, typeOf(op), op.getMap(), rewriter, op.getLoc(), rewrites);
    rewriter.replaceOp(op, scaled(sum, product.scale, rewriter));
    return success();
  }
};

/// A sum of a product: a dim along which a position selects is looked up; what does not vary within the sum is multiplied afterwards, dims that nothing reads are counted
/// or spread over, and the rest is a contraction if it can be.
struct SumOfProduct : OfSums<tw::ReduceOp> {
  using OfSums::OfSums;
  LogicalResult matchAndRewrite(tw::ReduceOp op, PatternRewriter &rewriter) const override {
    if (op.getKind() != tw::Reduction::sum || !isRanked(op.getX()) || !isFloat(op.getX()))
      return failure();
    const Product product = factorsOf(op.getX());
    if (succeeded(rewrite(op, product, rewriter)))
      return success();
    return hasConditions(product) ? rewrite(op, talweg::factorsOf(op.getX(), false), rewriter) : failure();
  }

private:
  /// Sums up `product`, which is what the op sums. Conditions stay where nothing is looked up or contracted.
  LogicalResult rewrite(tw::ReduceOp op, const Product &product, PatternRewriter &rewriter) const {
    Location loc = op.getLoc();
    Product inside = product, outside;
    llvm::SmallBitVector summed(inside.extents.size());
    for (int64_t dim : op.getDims())
      summed.set(dim);
    const llvm::SmallBitVector writtenKept = ~summed;
    bool looksUp = false;
    while (auto equality = findEquality(inside, summed)) {
      inside = lookUp(inside, *equality, rewriter, loc);
      summed = without(summed, equality->index);
      looksUp = true;
    }
    llvm::SmallBitVector kept = ~summed;
    if (looksUp && summed.none()) {
      rewrites.tell(loc, typeOf(op).getElementType(), {product, writtenKept, inside, nullptr, 0, looksUp});
      rewriter.replaceOp(op, materialize(inside, typeOf(op).getElementType(), rewriter, loc));
      return success();
    }
    const Product all = inside;
    splitByVariation(inside, outside, summed);

    llvm::SmallBitVector read = allRead(inside), unread(inside.extents.size());
    outside.scale = inside.scale;
    for (auto [dim, extent] : llvm::enumerate(inside.extents))
      if (extent > 1 && !read.test(dim)) {
        unread.set(dim);
        outside.scale *= summed.test(dim) ? double(extent) : 1;
      }

    llvm::SmallBitVector box = ~unread;
    Product varying = restrictTo(inside, box);
    SmallVector<int64_t> dims, shape; // of the box: those that are summed, and the extents of the others
    for (auto [place, dim] : llvm::enumerate(box.set_bits()))
      if (summed.test(dim))
        dims.push_back(int64_t(place));
      else
        shape.push_back(varying.extents[place]);
    AffineMap toSum = tw::dropDims(op.getContext(), varying.extents.size(), dims);
    auto order = orderOf(varying, dimsRead(toSum, varying.extents));
    const double apart = (order ? order->operations : elementwiseOperations(varying)) +
                         double(outside.factors.size()) * volume(all.extents, kept);
    if (auto whole = orderOf(all, kept); whole && whole->operations < apart) {
      AffineMap map = tw::dropDims(op.getContext(), all.extents.size(), toDims(summed));
      rewrites.tell(loc, typeOf(op).getElementType(), {product, writtenKept, all, &*whole, 0, looksUp});
      Value sum = contract(all, *whole, typeOf(op), map, rewriter, loc, rewrites);
      rewriter.replaceOp(op, scaled(sum, all.scale, rewriter));
      return success();
    }
    if (!looksUp && varying.factors.size() > 1 && all.operations < apart) // as it is written
      return failure();
    const bool staysWhole = outside.factors.empty() && unread.none() && inside.scale == 1;
    if (!order && !looksUp && (staysWhole || hasConditions(product)))
      return failure();

    rewrites.tell(loc, typeOf(op).getElementType(),
                  {product, writtenKept, varying, order ? &*order : nullptr, outside.factors.size(), looksUp});
    varying.scale = 1;
    auto type = RankedTensorType::get(shape, typeOf(op).getElementType());
    Value sum =
        order ? contract(varying, *order, type, toSum, rewriter, loc, rewrites)
              : rewriter.createOrFold<tw::ReduceOp>(loc, type, tw::Reduction::sum,
                                                    materialize(varying, type.getElementType(), rewriter, loc), dims);
    AffineMap keep = restrictTo(tw::dropDims(op.getContext(), box.size(), toDims(summed | unread)), kept);
    outside.factors.push_back({sum, AffineMap()});
    Product result = restrictTo(Product{inside.extents, {}, outside.scale}, kept);
    for (Factor &factor : outside.factors)
      result.factors.push_back({factor.source, factor.map ? restrictTo(factor.map, kept) : keep, factor.role});
    rewriter.replaceOp(op, multiplied(result, typeOf(op), rewriter, loc));
    return success();
  }

  /// The product where nothing is summed; factors of few places are multiplied first where that is less.
  Value multiplied(const Product &product, RankedTensorType type, PatternRewriter &rewriter, Location loc) const {
    const llvm::SmallBitVector all(product.extents.size(), true), read = allRead(product);
    const ContractionOrder order = orderOf(sumOf(product, all));
    if (order.operations >= double(product.factors.size() - 1) * volume(product.extents, all))
      return materialize(product, type.getElementType(), rewriter, loc);
    const Product small = restrictTo(product, read);
    AffineMap map = AffineMap::getMultiDimIdentityMap(read.count(), type.getContext());
    Value value = contract(small, orderOf(sumOf(small, llvm::SmallBitVector(read.count(), true))),
                           type.clone(small.extents), map, rewriter, loc, rewrites);
    return rewriter.createOrFold<tw::WindowOp>(loc, type, scaled(value, product.scale, rewriter),
                                               tw::dropDims(type.getContext(), all.size(), toDims(~read)));
  }

  /// Moves the factors that read no summed dim from `inside` to `outside`.
  static void splitByVariation(Product &inside, Product &outside, const llvm::SmallBitVector &summed) {
    outside.extents = inside.extents;
    llvm::erase_if(inside.factors, [&](const Factor &factor) {
      if (dimsRead(factor.map, inside.extents).anyCommon(summed))
        return false;
      outside.factors.push_back(factor);
      return true;
    });
  }

  static llvm::SmallBitVector without(const llvm::SmallBitVector &set, unsigned dim) {
    llvm::SmallBitVector rest(set.size() - 1);
    for (unsigned other : set.set_bits())
      if (other != dim)
        rest.set(other < dim ? other : other - 1);
    return rest;
  }

  static SmallVector<int64_t> toDims(const llvm::SmallBitVector &set) {
    return llvm::map_to_vector(set.set_bits(), [](unsigned dim) { return int64_t(dim); });
  }
};

/// A running product is cut into blocks, as running sums are.
struct ProductUpToEach : OpRewritePattern<tw::ReduceOp> {
  ProductUpToEach(MLIRContext *context, const Rewrites &rewrites) : OpRewritePattern(context), rewrites(rewrites) {}

  LogicalResult matchAndRewrite(tw::ReduceOp op, PatternRewriter &rewriter) const override {
    auto select = op.getX().getDefiningOp<tw::SelectOp>();
    if (op.getKind() != tw::Reduction::prod || op.getDims().size() != 1 || !select || !isRanked(op.getX()) ||
        !isFloat(op.getX()))
      return failure();
    const bool isSelected = tw::uniformValue(select->getOperand(2)) == 1;
    if (!isSelected && tw::uniformValue(select->getOperand(1)) != 1)
      return failure();
    ArrayRef<int64_t> extents = typeOf(op.getX()).getShape();
    const AffineMap whole = AffineMap::getMultiDimIdentityMap(unsigned(extents.size()), op.getContext());
    Factor condition = throughWindows(select->getOperand(0), whole);
    condition.role = isSelected ? Role::selects : Role::excludes;
    const Factor factors = throughWindows(select->getOperand(isSelected ? 1 : 2), whole);
    llvm::SmallBitVector left(extents.size(), true);
    left.reset(unsigned(op.getDims()[0]));
    const llvm::SmallBitVector summed = ~left, read = dimsRead(factors.map, extents);
    auto triangle = triangleOf(condition, extents, summed, left);
    if (!triangle || !read.test(triangle->j) || read.test(triangle->i))
      return failure();

    auto placeIn = [](const llvm::SmallBitVector &dims, unsigned dim) {
      const auto set = dims.set_bits();
      return unsigned(std::distance(set.begin(), llvm::find(set, dim)));
    };
    const Product product{llvm::to_vector(extents), {factors}};
    Value terms = materialize(restrictTo(product, read), typeOf(op).getElementType(), rewriter, op.getLoc());
    const unsigned along = placeIn(read, triangle->j);
    rewrites.tellRunning(op.getLoc(), "product", typeOf(terms), along);
    Value running = runningProduct(terms, along, triangle->running, rewriter, op.getLoc());
    SmallVector<unsigned> places; // of the result, by dimensions of `running`
    for (unsigned dim : read.set_bits())
      places.push_back(placeIn(left, dim == triangle->j ? triangle->i : dim));
    AffineMap map = AffineMap::getMultiDimMapWithTargets(unsigned(left.count()), places, op.getContext());
    rewriter.replaceOpWithNewOp<tw::WindowOp>(op, typeOf(op), running, map);
    return success();
  }

private:
  const Rewrites &rewrites;
};

/// An elementwise op whose operands are all spread over the same further dims is computed first and spread then. Not so a tw.watch:
/// what reads it would no longer read the value by which is differentiated.
struct ComputeBeforeSpreading : RewritePattern {
  ComputeBeforeSpreading(MLIRContext *context, const Rewrites &rewrites)
      : RewritePattern(MatchAnyOpTypeTag(), 1, context), rewrites(rewrites) {}

  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    if (!isElementwise(op) || !isRanked(op->getResult(0)))
      return failure();
    ArrayRef<int64_t> extents = typeOf(op->getResult(0)).getShape();
    llvm::SmallBitVector read(extents.size());
    bool anyWindow = false;
    for (Value operand : op->getOperands()) {
      if (auto window = operand.getDefiningOp<tw::WindowOp>()) {
        read |= dimsRead(window.getMap(), extents);
        anyWindow = true;
      } else if (!tw::uniformValue(operand)) {
        return failure();
      }
    }
    size_t wide = llvm::count_if(extents, [](int64_t extent) { return extent > 1; });
    if (!anyWindow || read.count() == wide)
      return failure();

    SmallVector<int64_t> shape;
    for (unsigned dim : read.set_bits())
      shape.push_back(extents[dim]);
    rewrites.tellBeforeSpreading(op, shape);
    SmallVector<Value> operands;
    for (Value operand : op->getOperands())
      operands.push_back(atShape(operand, shape, read, rewriter));
    auto type = typeOf(op->getResult(0));
    OperationState state(op->getLoc(), op->getName(), operands, type.clone(shape), op->getAttrs());
    Value small = rewriter.create(state)->getResult(0);
    AffineMap spread = tw::dropDims(op->getContext(), extents.size(), unreadDims(read));
    rewriter.replaceOpWithNewOp<tw::WindowOp>(op, type, small, spread);
    return success();
  }

private:
  const Rewrites &rewrites;

  static bool isElementwise(Operation *op) {
    return isa_and_nonnull<tw::TwDialect>(op->getDialect()) && op->getNumOperands() > 0 && !isa<tw::WatchOp>(op) &&
           (op->hasTrait<OpTrait::SameOperandsAndResultType>() || isa<tw::CompareOp, tw::SelectOp, tw::ConvertOp>(op));
  }

  static SmallVector<int64_t> unreadDims(const llvm::SmallBitVector &read) {
    SmallVector<int64_t> dims;
    for (unsigned dim = 0; dim < read.size(); ++dim)
      if (!read.test(dim))
        dims.push_back(dim);
    return dims;
  }

  static Value atShape(Value operand, ArrayRef<int64_t> shape, const llvm::SmallBitVector &read,
                       PatternRewriter &rewriter) {
    RankedTensorType type = typeOf(operand).clone(shape);
    if (auto window = operand.getDefiningOp<tw::WindowOp>())
      return rewriter.createOrFold<tw::WindowOp>(window.getLoc(), type, window.getX(),
                                                 restrictTo(window.getMap(), read));
    auto constant = cast<DenseElementsAttr>(operand.getDefiningOp<tw::ConstantOp>().getValue());
    return tw::ConstantOp::create(rewriter, operand.getLoc(), type, constant.resizeSplat(type));
  }
};

/// What is computed element by element and read once, in another order or without dimensions of extent 1, is computed as it is read.
struct ReadBeforeComputing : OpRewritePattern<tw::WindowOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(tw::WindowOp op, PatternRewriter &rewriter) const override {
    Operation *inner = op.getX().getDefiningOp();
    if (!inner || !isRanked(op) || !isRanked(op.getX()) || !isa<tw::MulOp, tw::DivOp>(inner) || !inner->hasOneUse() ||
        !placesOf({op.getX(), op.getMap()}, typeOf(op).getShape()) ||
        typeOf(op).getNumElements() != typeOf(op.getX()).getNumElements())
      return failure();
    auto isSpread = [](Value operand) { return operand.getDefiningOp<tw::WindowOp>() != nullptr; };
    if (!llvm::all_of(inner->getOperands(), isSpread))
      return failure();
    SmallVector<Value> operands;
    for (Value operand : inner->getOperands())
      operands.push_back(rewriter.createOrFold<tw::WindowOp>(operand.getLoc(), op.getType(), operand, op.getMap()));
    rewriter.replaceOp(op, rewriter.create(inner->getLoc(), inner->getName().getIdentifier(), operands,
                                           op->getResultTypes(), inner->getAttrs()));
    return success();
  }
};

/// A contraction with a scalar, or with a constant of equal elements, is that times a sum.
struct ContractWithScalar : OpRewritePattern<tw::ContractOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(tw::ContractOp op, PatternRewriter &rewriter) const override {
    bool first = isScalar(op.getA());
    if (!first && !isScalar(op.getB()))
      return failure();
    Value scalar = first ? op.getA() : op.getB(), other = first ? op.getB() : op.getA();
    Location loc = op.getLoc();
    Type element = typeOf(op).getElementType();
    Value read = rewriter.createOrFold<tw::WindowOp>(loc, RankedTensorType::get(op.getExtents(), element), other,
                                                     first ? op.getBMap() : op.getAMap());
    Value sum = rewriter.createOrFold<tw::FoldOp>(loc, typeOf(op), read, op.getYMap());
    if (typeOf(scalar).getRank() != 0) {
      auto constant = cast<DenseElementsAttr>(scalar.getDefiningOp<tw::ConstantOp>().getValue());
      auto type = RankedTensorType::get({}, element);
      scalar = tw::ConstantOp::create(rewriter, loc, type, constant.resizeSplat(type));
    }
    AffineMap spread = tw::spreadMap(op.getContext(), typeOf(op).getRank());
    Value factor = rewriter.createOrFold<tw::WindowOp>(loc, typeOf(op), scalar, spread);
    rewriter.replaceOpWithNewOp<tw::MulOp>(op, typeOf(op), sum, factor);
    return success();
  }

private:
  static bool isScalar(Value value) {
    return typeOf(value).getRank() == 0 || (value.getDefiningOp<tw::ConstantOp>() && tw::uniformValue(value));
  }
};

/// What is known of values of ops that are no more is forgotten.
struct Forgetting : RewriterBase::Listener {
  explicit Forgetting(tw::Numbers &numbers) : numbers(numbers) {}
  void notifyOperationErased(Operation *op) override { numbers.forget(op); }
  tw::Numbers &numbers;
};

struct FormContractions : impl::FormContractionsBase<FormContractions> {
  using FormContractionsBase::FormContractionsBase;

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    tw::Numbers numbers;
    Forgetting forgetting(numbers);
    const Rewrites rewrites(tells);
    patterns.add<FoldOfProduct, SumOfProduct>(&getContext(), numbers, rewrites);
    addKnownSums(patterns, rewrites);
    addPlanningThroughContractions(patterns, rewrites);
    addContractionAccess(patterns, rewrites);
    addGatherScattered(patterns, rewrites);
    patterns.add<ComputeBeforeSpreading, ProductUpToEach>(&getContext(), rewrites);
    patterns.add<ReadBeforeComputing, ContractWithScalar>(&getContext());
    tw::WindowOp::getCanonicalizationPatterns(patterns, &getContext());
    tw::FoldOp::getCanonicalizationPatterns(patterns, &getContext());
    tw::ReduceOp::getCanonicalizationPatterns(patterns, &getContext());
    GreedyRewriteConfig config;
    config.setMaxIterations(GreedyRewriteConfig::kNoLimit);
    config.setListener(&forgetting);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns), config)))
      return signalPassFailure();
    if (!advises)
      return;
    tellSquaredDistances(getOperation());
    tellSumsWithoutReuse(getOperation());
  }
};

} // namespace
} // namespace talweg
