// Contractions that are the same but for the order of their factors, the names of their indices or the order of the result's dimensions are computed
// once; sums of contractions that have a factor in common are one contraction.
#include "Product.h"

#include "talweg/Dialect/Tw/Tw.h"
#include "talweg/Support/Gain.h"
#include "talweg/Transforms/Passes.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;

namespace talweg {
#define GEN_PASS_DEF_SHARECONTRACTIONS
#include "talweg/Transforms/Passes.h.inc"

namespace {

using tw::ContractOp;

/// A contraction with its indices named in the order in which they appear in the result, then in `first`, then in `second`, which are its factors.
struct Named {
  Value first, second;
  AffineMap y, ofFirst, ofSecond;
  SmallVector<int64_t> extents;

  /// What `a` and `b` are equal in, if the first factor and where it is read are the same.
  static bool haveCommonFactor(const Named &a, const Named &b) {
    return a.first == b.first && a.y == b.y && a.ofFirst == b.ofFirst && a.extents == b.extents;
  }
};

SmallVector<unsigned> orderOfDims(ArrayRef<AffineMap> maps) {
  SmallVector<unsigned> order;
  for (AffineMap map : maps)
    map.walkExprs([&](AffineExpr expr) {
      if (auto dim = dyn_cast<AffineDimExpr>(expr); dim && !llvm::is_contained(order, dim.getPosition()))
        order.push_back(dim.getPosition());
    });
  return order;
}

/// `op` with its factors exchanged if `exchanged`, and the result's dimensions in `y`'s order.
Named nameIndices(ContractOp op, AffineMap y, bool exchanged) {
  Named named{op.getA(), op.getB(), y, op.getAMap(), op.getBMap(), {}};
  if (exchanged) {
    std::swap(named.first, named.second);
    std::swap(named.ofFirst, named.ofSecond);
  }
  SmallVector<unsigned> order = orderOfDims({y, named.ofFirst, named.ofSecond});
  for (unsigned dim = 0; dim < op.getExtents().size(); ++dim)
    if (!llvm::is_contained(order, dim)) // of extent 1, or a sum of equal terms
      order.push_back(dim);
  SmallVector<AffineExpr> names(order.size());
  for (auto [name, dim] : llvm::enumerate(order)) {
    names[dim] = getAffineDimExpr(name, op.getContext());
    named.extents.push_back(op.getExtents()[dim]);
  }
  for (AffineMap *map : {&named.y, &named.ofFirst, &named.ofSecond})
    *map = map->replaceDimsAndSymbols(names, {}, names.size(), 0);
  return named;
}

/// The result's dimensions in the order in which the first factor, then the second, has them: so contractions that differ in the order of the result
/// alone are alike. Nothing: a dimension is none of theirs.
std::optional<SmallVector<unsigned>> orderOfResult(ContractOp op, bool exchanged) {
  AffineMap first = exchanged ? op.getBMap() : op.getAMap(), second = exchanged ? op.getAMap() : op.getBMap();
  if (!op.getYMap().isProjectedPermutation())
    return std::nullopt;
  SmallVector<unsigned> places;
  for (unsigned dim : orderOfDims({first, second}))
    if (auto place = op.getYMap().getResultPosition(getAffineDimExpr(dim, op.getContext())))
      places.push_back(*place);
  return places.size() == op.getYMap().getNumResults() ? std::optional(places) : std::nullopt;
}

struct ShareContractions : impl::ShareContractionsBase<ShareContractions> {
  using ShareContractionsBase::ShareContractionsBase;

  void runOnOperation() override {
    getOperation()->walk([&](Block *block) {
      shareIn(*block);
      addFactorsIn(*block);
      for (Operation &op : llvm::make_early_inc_range(llvm::reverse(*block)))
        if (isOpTriviallyDead(&op))
          op.erase();
    });
  }

  //===-- computed once --------------------------------------------------------------------------------------------===//

  void shareIn(Block &block) {
    // By their factors, in any order: contractions of others are never the same.
    DenseMap<std::pair<void *, void *>, SmallVector<ContractOp>> known;
    for (auto op : llvm::make_early_inc_range(block.getOps<ContractOp>())) {
      void *a = op.getA().getAsOpaquePointer(), *b = op.getB().getAsOpaquePointer();
      SmallVector<ContractOp> &alike = known[std::minmax(a, b)];
      const Location loc = op.getLoc();
      const double operations = volume(op.getExtents());
      if (llvm::none_of(alike, [&](ContractOp earlier) { return shareWith(earlier, op); })) {
        alike.push_back(op);
        continue;
      }
      ++shared;
      if (tells)
        emitRemark(loc) << "a contraction that has been computed already: " << gainText({operations}, {});
    }
  }

  /// Lets readers of `op` read `earlier`, which has the same factors, or its transpose, if they are the same.
  static bool shareWith(ContractOp earlier, ContractOp op) {
    const bool exchanged = earlier.getA() != op.getA();
    auto isSame = [&](AffineMap y, AffineMap yOfEarlier, bool exchange) {
      Named a = nameIndices(earlier, yOfEarlier, false), b = nameIndices(op, y, exchange);
      return Named::haveCommonFactor(a, b) && a.second == b.second && a.ofSecond == b.ofSecond;
    };
    auto isSameAs = [&](AffineMap y, AffineMap yOfEarlier) { // a tensor's product with itself, in either order
      return isSame(y, yOfEarlier, exchanged) || (op.getA() == op.getB() && isSame(y, yOfEarlier, true));
    };
    if (earlier.getType() == op.getType() && isSameAs(op.getYMap(), earlier.getYMap())) {
      op.replaceAllUsesWith(earlier.getResult());
      op.erase();
      return true;
    }
    auto from = orderOfResult(earlier, false), to = orderOfResult(op, exchanged);
    if (!from || !to || !isSameAs(op.getYMap().getSubMap(*to), earlier.getYMap().getSubMap(*from)))
      return false;
    // Dimension from[i] of the earlier result is dimension to[i] of this one.
    SmallVector<AffineExpr> places(from->size());
    for (auto [ofEarlier, own] : llvm::zip_equal(*from, *to))
      places[ofEarlier] = getAffineDimExpr(own, op.getContext());
    OpBuilder builder(op);
    auto transposed = tw::WindowOp::create(builder, op.getLoc(), op.getType(), earlier.getResult(),
                                           AffineMap::get(places.size(), 0, places, op.getContext()));
    op.replaceAllUsesWith(transposed.getResult());
    op.erase();
    return true;
  }

  //===-- a common factor ------------------------------------------------------------------------------------------===//

  void addFactorsIn(Block &block) {
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
      if (op.use_empty()) {
        continue;
      } else if (auto sum = dyn_cast<tw::AddOp>(op)) {
        addFactors(sum);
      } else if (auto difference = dyn_cast<tw::SubOp>(op)) {
        if (Value merged = merge(difference.getA(), difference.getB(), difference)) {
          difference.replaceAllUsesWith(merged);
          difference.erase();
          ++added;
        }
      }
  }

  /// The contraction that `value` is, if no other op reads it.
  static ContractOp termOf(Value value) {
    auto op = value.getDefiningOp<ContractOp>();
    return op && (op->hasOneUse() || op->use_empty()) ? op : ContractOp();
  }

  /// The terms of a sum in the order in which they are added up.
  static void termsOf(Value value, Block *block, SmallVector<Value> &terms) {
    auto sum = value.getDefiningOp<tw::AddOp>();
    if (!sum || !sum->hasOneUse() || sum->getBlock() != block || sum->hasAttr(tw::kJoined)) {
      terms.push_back(value);
      return;
    }
    termsOf(sum.getA(), block, terms);
    termsOf(sum.getB(), block, terms);
  }

  void addFactors(tw::AddOp sum) {
    if (sum->hasAttr(tw::kJoined))
      return;
    SmallVector<Value> terms;
    for (Value operand : sum.getOperands())
      termsOf(operand, sum->getBlock(), terms);
    bool changed = false;
    for (unsigned i = 0; i < terms.size(); ++i)
      for (unsigned j = i + 1; j < terms.size();) {
        Value merged = merge(terms[i], terms[j], sum);
        if (!merged) {
          ++j;
          continue;
        }
        terms[i] = merged;
        terms.erase(terms.begin() + j);
        changed = true;
        ++added;
      }
    if (!changed)
      return;
    OpBuilder builder(sum);
    Value total = terms.front();
    for (Value term : llvm::drop_begin(terms))
      total = tw::AddOp::create(builder, sum.getLoc(), sum.getType(), total, term);
    sum.replaceAllUsesWith(total);
    sum.erase();
  }

  /// The sum of both, or their difference, whatever `of` is, as one contraction in front of it; null: they have no factor in common, or it would cost more.
  Value merge(Value left, Value right, Operation *of) const {
    ContractOp a = termOf(left), b = termOf(right);
    if (!a || !b || a == b ||
        (!llvm::is_contained(a->getOperands(), b.getA()) && !llvm::is_contained(a->getOperands(), b.getB())))
      return {};
    for (bool aExchanged : {false, true})
      for (bool bExchanged : {false, true}) {
        Named x = nameIndices(a, a.getYMap(), aExchanged), y = nameIndices(b, b.getYMap(), bExchanged);
        if (Named::haveCommonFactor(x, y))
          if (Value merged = merge(x, y, of))
            return merged;
      }
    return {};
  }

  Value merge(const Named &x, const Named &y, Operation *of) const {
    constexpr int64_t least = 4; // terms for each element that is added
    int64_t terms = 1;
    for (int64_t extent : x.extents)
      terms *= extent;
    auto typeX = cast<RankedTensorType>(x.second.getType()), typeY = cast<RankedTensorType>(y.second.getType());
    if (terms < least * std::max(typeX.getNumElements(), typeY.getNumElements()))
      return {};
    OpBuilder builder(of);
    Value own = x.second;
    if (x.ofSecond != y.ofSecond) { // the same indices in another order
      auto isPlain = [&](AffineMap map) { return map.isProjectedPermutation(); };
      if (!isPlain(x.ofSecond) || !isPlain(y.ofSecond) || x.ofSecond.getNumResults() != y.ofSecond.getNumResults())
        return {};
      SmallVector<AffineExpr> places;
      for (AffineExpr dim : x.ofSecond.getResults()) {
        auto place = y.ofSecond.getResultPosition(dim);
        if (!place)
          return {};
        places.push_back(getAffineDimExpr(*place, of->getContext()));
      }
      own = tw::WindowOp::create(builder, of->getLoc(), typeY, own,
                                 AffineMap::get(typeY.getRank(), 0, places, of->getContext()));
    } else if (typeX != typeY) {
      return {};
    }
    Value factor = isa<tw::AddOp>(of) ? tw::AddOp::create(builder, of->getLoc(), typeY, own, y.second).getResult()
                                      : tw::SubOp::create(builder, of->getLoc(), typeY, own, y.second).getResult();
    if (tells)
      of->emitRemark("contractions with a common factor are one: ")
          << gainText({2 * volume(x.extents)}, {volume(x.extents) + double(typeY.getNumElements())});
    return ContractOp::create(builder, of->getLoc(), of->getResult(0).getType(), y.first, factor, y.extents, y.ofFirst,
                              y.ofSecond, y.y);
  }
};

} // namespace
} // namespace talweg
