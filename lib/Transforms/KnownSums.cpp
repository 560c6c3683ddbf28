// See KnownSums.h. A normalisation's derivative sums what is linear in the values' cotangents, which its shift's derivative has summed, and in the values
// less their mean, which add up to nothing:
//
//   Σₙ (d[n] r + (x[n] − m) k) = r Σₙ d[n] + k (Σₙ x[n] − N m) = r Σₙ d[n]     where m = Σₙ x[n] / N
//
// Layers may be turns of a loop, whose derivative is another one: what it has been left of the first one's turns is looked up there, so that layers compute
// the same bits as turns and alone.
#include "KnownSums.h"

#include "Product.h"

#include "talweg/Dialect/Tw/Access.h"
#include "talweg/Dialect/Tw/Tw.h"

using namespace mlir;

namespace talweg {
namespace {

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

bool isSum(tw::ReduceOp op) {
  return op.getKind() == tw::Reduction::sum && isa<RankedTensorType>(op.getX().getType()) &&
         isa<FloatType>(getElementTypeOrSelf(op.getX()));
}

/// A product of the result's box, times the sum of a value over the summed dims; without a value: as it is.
struct Term {
  Product factors;
  Value summed;

  bool isLike(const Term &other) const {
    auto same = [](const Factor &a, const Factor &b) {
      return a.source == b.source && a.map == b.map && a.role == b.role;
    };
    return summed == other.summed && factors.factors.size() == other.factors.factors.size() &&
           llvm::all_of(factors.factors, [&](const Factor &factor) {
             auto isIt = [&](const Factor &it) { return same(factor, it); };
             return llvm::count_if(factors.factors, isIt) == llvm::count_if(other.factors.factors, isIt);
           });
  }
};

/// What a slice that a loop takes of what another loop has left was in that one's turn; other values as they are.
Value madeOf(Value x) {
  while (auto slice = dyn_cast<BlockArgument>(x)) {
    auto loop = dyn_cast<tw::ScanOp>(slice.getOwner()->getParentOp());
    auto place = loop ? llvm::find(loop.getSlices(), slice) : nullptr;
    if (!loop || place == loop.getSlices().end())
      break;
    auto stack = dyn_cast<OpResult>(loop.getStacks()[place - loop.getSlices().begin()]);
    auto other = stack ? dyn_cast<tw::ScanOp>(stack.getOwner()) : tw::ScanOp();
    if (!other || stack.getResultNumber() < other.getStarts().size())
      break;
    x = other.getYield().getOperand(stack.getResultNumber());
  }
  return x;
}

/// Whether `x` is a value less its mean over these dims: the sum of both is the same but for rounding, also of the literal 1 / N.
bool addsUpToNothing(Value x, ArrayRef<int64_t> dims) {
  constexpr double rounding = 1e-6;
  auto less = madeOf(x).getDefiningOp<tw::SubOp>();
  auto spread = less ? less.getB().getDefiningOp<tw::WindowOp>() : tw::WindowOp();
  Operation *mean = spread ? spread.getX().getDefiningOp() : nullptr;
  if (!isa_and_nonnull<tw::MulOp, tw::DivOp>(mean))
    return false;
  auto number = tw::uniformValue(mean->getOperand(1));
  auto sum = mean->getOperand(0).getDefiningOp<tw::ReduceOp>();
  if (!number || !sum || !isSum(sum) || sum.getX() != less.getA() || sum.getDims() != dims)
    return false;
  RankedTensorType type = typeOf(less.getA());
  double count = 1;
  for (int64_t dim : dims)
    count *= double(type.getDimSize(dim));
  const double share = isa<tw::MulOp>(mean) ? *number * count : count / *number;
  return std::abs(share - 1) < rounding &&
         spread.getMap() == tw::dropDims(x.getContext(), unsigned(type.getRank()), dims);
}

/// Takes a sum apart.
class Terms {
public:
  explicit Terms(tw::ReduceOp op) : op(op), type(typeOf(op.getX())), kept(unsigned(type.getRank()), true) {
    for (int64_t dim : op.getDims())
      kept.reset(unsigned(dim));
  }

  /// What it is the sum of, as terms; nothing: it is longer than `kMost`, or of values that nothing else sums.
  std::optional<SmallVector<Term>> run() {
    Term one;
    one.factors.extents.assign(typeOf(op).getShape().begin(), typeOf(op).getShape().end());
    expand(op.getX(), one);
    return isKnown ? std::optional(joined()) : std::nullopt;
  }

  /// Another sum of `x` over the same dims in the block.
  tw::ReduceOp otherSumOf(Value x) {
    for (Operation *reader : x.getUsers())
      if (auto sum = dyn_cast<tw::ReduceOp>(reader);
          sum && sum != op && sum->getBlock() == op->getBlock() && isSum(sum) && sum.getDims() == op.getDims())
        return sum;
    return {};
  }

private:
  static constexpr size_t kMost = 16;

  tw::ReduceOp op;
  RankedTensorType type; ///< of what is summed
  llvm::SmallBitVector kept;
  SmallVector<Term> terms;
  bool isKnown = true;

  double count() const { return volume(type.getShape(), ~kept); }

  /// `x`, read by `map` from the result's box, as a factor.
  static Term times(Term term, Value x, AffineMap map, Role role = Role::multiplies) {
    term.factors.factors.push_back({x, map, role});
    return term;
  }
  static Term times(Term term, double scale) {
    term.factors.scale *= scale;
    return term;
  }

  /// What `x` spreads over the summed dims, read from the result's box.
  std::optional<Factor> spreadBy(Value x) const {
    auto window = x.getDefiningOp<tw::WindowOp>();
    if (!window || !isa<RankedTensorType>(window.getX().getType()) ||
        dimsRead(window.getMap(), type.getShape()).anyCommon(~kept))
      return std::nullopt;
    return Factor{window.getX(), restrictTo(window.getMap(), kept)};
  }

  void add(Term term) {
    terms.push_back(std::move(term));
    isKnown &= terms.size() <= kMost;
  }

  /// Σ x · term.
  void expand(Value x, const Term &term) {
    if (!isKnown)
      return;
    Operation *by = x.getDefiningOp();
    if (auto number = tw::uniformValue(x))
      return add(times(term, *number * count()));
    if (auto spread = spreadBy(x))
      return add(times(times(term, count()), spread->source, spread->map));
    if (addsUpToNothing(x, op.getDims()))
      return;
    if (x != op.getX() && otherSumOf(x)) {
      Term known = term;
      known.summed = x;
      return add(known);
    }
    if (isa_and_nonnull<tw::AddOp, tw::SubOp>(by)) {
      expand(by->getOperand(0), term);
      return expand(by->getOperand(1), isa<tw::SubOp>(by) ? times(term, -1) : term);
    }
    if (auto negated = dyn_cast_if_present<tw::NegOp>(by))
      return expand(negated.getX(), times(term, -1));
    const bool isMul = isa_and_nonnull<tw::MulOp>(by);
    if (isMul || isa_and_nonnull<tw::DivOp>(by))
      for (unsigned side : {1, 0}) {
        Value factor = by->getOperand(side), rest = by->getOperand(1 - side);
        if (side == 0 && !isMul)
          break;
        if (auto number = tw::uniformValue(factor))
          return expand(rest, times(term, isMul ? *number : 1 / *number));
        if (auto spread = spreadBy(factor))
          return expand(rest, times(term, spread->source, spread->map, isMul ? Role::multiplies : Role::divides));
      }
    isKnown = false;
  }

  /// Terms that differ by their scale are one.
  SmallVector<Term> joined() const {
    SmallVector<Term> sums;
    for (const Term &term : terms)
      if (auto like = llvm::find_if(sums, [&](const Term &sum) { return sum.isLike(term); }); like != sums.end())
        like->factors.scale += term.factors.scale;
      else
        sums.push_back(term);
    return sums;
  }
};

struct SumOfKnown : OpRewritePattern<tw::ReduceOp> {
  SumOfKnown(MLIRContext *context, const Rewrites &rewrites) : OpRewritePattern(context), rewrites(rewrites) {}

  LogicalResult matchAndRewrite(tw::ReduceOp op, PatternRewriter &rewriter) const override {
    if (!isSum(op) || op.getDims().empty())
      return failure();
    Terms all(op);
    auto terms = all.run();
    if (!terms)
      return failure();
    RankedTensorType type = typeOf(op);
    const AffineMap identity = AffineMap::getMultiDimIdentityMap(unsigned(type.getRank()), op.getContext());
    Value result;
    for (Term &term : *terms) {
      if (term.summed)
        term.factors.factors.push_back({sumOf(term.summed, op, all, rewriter), identity});
      Value value = materialize(term.factors, type.getElementType(), rewriter, op.getLoc());
      result = result ? rewriter.createOrFold<tw::AddOp>(op.getLoc(), type, result, value) : value;
    }
    rewrites.tellKnownSum(op);
    if (!result)
      result = materialize(Product{{type.getShape().begin(), type.getShape().end()}, {}, 0}, type.getElementType(),
                           rewriter, op.getLoc());
    rewriter.replaceOp(op, result);
    return success();
  }

private:
  const Rewrites &rewrites;

  /// The sum of `x` as `op` has it: the one that is there, or, if that comes later, one before it.
  static Value sumOf(Value x, tw::ReduceOp op, Terms &terms, PatternRewriter &rewriter) {
    if (tw::ReduceOp there = terms.otherSumOf(x); there && there->isBeforeInBlock(op))
      return there;
    return tw::ReduceOp::create(rewriter, op.getLoc(), op.getType(), tw::Reduction::sum, x, op.getDims());
  }
};

} // namespace

void addKnownSums(RewritePatternSet &patterns, const Rewrites &rewrites) {
  patterns.add<SumOfKnown>(patterns.getContext(), rewrites);
}

} // namespace talweg
