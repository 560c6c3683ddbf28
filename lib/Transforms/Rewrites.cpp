// Operations are counted as ContractionOrder.h counts them: one for each place that is multiplied or added.
#include "Rewrites.h"

#include "RunningSums.h"

#include "talweg/Support/Gain.h"

#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace talweg {

static int64_t bytesFor(double elements, Type element) {
  return int64_t(elements) * (element.getIntOrFloatBitWidth() / 8);
}

/// Element by element, from left to right; the last factor is multiplied as it is added. What is multiplied before has all places.
static Work workOf(const Product &product, Type element) {
  const double places = volume(product.extents);
  const size_t factors = product.factors.size();
  if (factors < 2)
    return {factors ? places : 0, 0};
  return {places * double(factors - 1), bytesFor(places, element)};
}

static Work workOf(const ContractionOrder &order, ArrayRef<int64_t> extents, Type element) {
  Work work{order.operations, 0};
  for (const ContractionOrder::Step &step : ArrayRef(order.steps).drop_back())
    work.bytes = std::max(work.bytes, bytesFor(volume(extents, step.left), element));
  return work;
}

static int64_t conditionsIn(const Product &product) {
  return llvm::count_if(product.factors, [](const Factor &factor) { return factor.isCondition(); });
}

void Rewrites::tell(Location loc, Type element, const Sum &sum) const {
  if (!tells)
    return;
  SmallVector<std::string> done;
  if (sum.looksUp)
    done.push_back("what equality selects is looked up");
  if (!sum.looksUp && sum.inside.extents.size() < sum.written.extents.size())
    done.push_back("indices that no factor has are left out");
  if (sum.factorsOutside)
    done.push_back(counted(int64_t(sum.factorsOutside), "factor") + " stand" + (sum.factorsOutside == 1 ? "s" : "") +
                   " outside of the sum");
  if (sum.order && sum.order->steps.size() > 1)
    done.push_back("contracted in " + counted(int64_t(sum.order->steps.size()), "step"));
  if (sum.order && llvm::any_of(sum.order->steps, [](const auto &step) { return step.a == step.b; }))
    done.push_back("indices that one factor alone has are summed first");
  if (sum.order && conditionsIn(sum.written))
    done.push_back("conditions go to a factor");
  if (done.empty())
    return;
  Work after = sum.order ? workOf(*sum.order, sum.inside.extents, element) : workOf(sum.inside, element);
  after.operations += double(sum.factorsOutside) * volume(sum.written.extents, sum.kept);
  emitRemark(loc) << "a sum of " << counted(int64_t(sum.written.factors.size()), "factor") << ": "
                  << llvm::join(done, ", ") << ": " << gainText(workOf(sum.written, element), after);
}

void Rewrites::tellPlanned(Location loc, double written, const ContractionOrder &order) const {
  if (tells)
    emitRemark(loc, "contractions that follow each other, and sums of them, are planned together: ")
        << gainText({written}, {order.operations});
}

void Rewrites::tellRunning(Location loc, StringRef what, RankedTensorType terms, unsigned dim) const {
  if (!tells)
    return;
  const int64_t each = terms.getDimSize(dim);
  const double sums = double(terms.getNumElements()) / double(each);
  const RunningSumCost cost = costOfRunningSum(each);
  emitRemark(loc, "a running ") << what << " is cut into blocks: "
                                << gainText({sums * double(each) * double(each)},
                                            {sums * cost.operations,
                                             bytesFor(sums * double(cost.elements), terms.getElementType())});
}

void Rewrites::tellBeforeSpreading(Operation *op, ArrayRef<int64_t> shape) const {
  if (!tells)
    return;
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  const double all = double(type.getNumElements()), some = volume(shape);
  const int64_t bits = type.getElementTypeBitWidth(), bytes = type.getNumElements() * ((bits + 7) / 8);
  if (bytes >= kLargeBox)
    op->emitRemark("computed before it is spread: ")
        << gainText({all, bytes}, {some, int64_t(some) * ((bits + 7) / 8)});
}

void Rewrites::tellKnownSum(tw::ReduceOp op) const {
  auto summed = cast<RankedTensorType>(op.getX().getType());
  const int64_t bits = summed.getElementTypeBitWidth(), bytes = summed.getNumElements() * ((bits + 7) / 8);
  if (tells && bytes >= kLargeBox)
    op->emitRemark("reckoned of sums that are there: ") << gainText({double(summed.getNumElements()), bytes}, {0, 0});
}

static Work workOf(tw::ContractOp op, double elementsBetween) {
  auto type = cast<RankedTensorType>(op.getType());
  return {volume(op.getExtents()), bytesFor(elementsBetween, type.getElementType())};
}

void Rewrites::tellDiagonals(tw::ContractOp op, ArrayRef<int64_t> shape) const {
  if (tells)
    op.emitRemark("summed for each two indices first, and along diagonals then: ")
        << gainText(workOf(op, 0), workOf(op, volume(shape)));
}

void Rewrites::tellLongLanes(tw::ContractOp op) const {
  if (tells)
    op.emitRemark("computed with a long dimension as the last, which fills registers, and transposed: ")
        << gainText(workOf(op, 0), workOf(op, double(cast<RankedTensorType>(op.getType()).getNumElements())));
}

//===-- squared distances ------------------------------------------------------------------------------------------===//

namespace {

/// The dims that a value varies along, if it is spread.
llvm::SmallBitVector dimsOf(Value value) {
  ArrayRef<int64_t> shape = cast<RankedTensorType>(value.getType()).getShape();
  if (auto window = value.getDefiningOp<tw::WindowOp>())
    return dimsRead(window.getMap(), shape);
  llvm::SmallBitVector all(shape.size());
  for (auto [dim, extent] : llvm::enumerate(shape))
    if (extent > 1)
      all.set(dim);
  return all;
}

/// x[n, i] − c[k, i]: each side lacks an index of the other.
bool isDifferenceOfSpread(Value value) {
  auto difference = value.getDefiningOp<tw::SubOp>();
  if (!difference || !isa<RankedTensorType>(value.getType()))
    return false;
  const llvm::SmallBitVector a = dimsOf(difference.getA()), b = dimsOf(difference.getB());
  return a.test(b) && b.test(a); // some of one that the other has not
}

/// Such a difference among the factors of a value.
Value findDifference(Value value, int depth) {
  if (isDifferenceOfSpread(value))
    return value;
  auto product = value.getDefiningOp<tw::MulOp>();
  if (!product || depth == 0)
    return {};
  Value left = findDifference(product.getA(), depth - 1);
  return left ? left : findDifference(product.getB(), depth - 1);
}

/// A square of such a difference among the terms and factors of what is summed.
Value findSquare(Value value, int depth) {
  Operation *op = value.getDefiningOp();
  if (auto product = dyn_cast_or_null<tw::MulOp>(op); product && product.getA() == product.getB())
    if (Value difference = findDifference(product.getA(), 3))
      return difference;
  if (depth > 0 && isa_and_nonnull<tw::MulOp, tw::AddOp, tw::SubOp, tw::NegOp>(op))
    for (Value operand : op->getOperands())
      if (Value difference = findSquare(operand, depth - 1))
        return difference;
  return {};
}

} // namespace

void tellSquaredDistances(Operation *root) {
  root->walk([](tw::ReduceOp op) {
    auto box = dyn_cast<RankedTensorType>(op.getX().getType());
    if (op.getKind() != tw::Reduction::sum || !box)
      return;
    constexpr int termsAndFactors = 4;
    if (Value difference = findSquare(op.getX(), termsAndFactors))
      emitRemark(difference.getLoc()) << "squared distances are computed difference by difference, "
                                      << humanCount(double(box.getNumElements()))
                                      << " of them: written as |x|^2 - 2 x c + |c|^2 they are a product, which is "
                                         "faster and rounds worse where x is near c";
  });
}

void tellSumsWithoutReuse(Operation *root) {
  root->walk([](tw::ReduceOp op) {
    auto box = dyn_cast<RankedTensorType>(op.getX().getType());
    if (op.getKind() != tw::Reduction::sum || !box || !isa<FloatType>(box.getElementType()) ||
        bytesFor(double(box.getNumElements()), box.getElementType()) < kLargeBox)
      return;
    const Product product = factorsOf(op.getX(), /*withConditions=*/false);
    const auto whole = llvm::count_if(product.factors, [&](const Factor &factor) {
      return volume(product.extents, dimsRead(factor.map, product.extents)) == volume(product.extents);
    });
    if (product.factors.size() != 2 || whole == 0)
      return;
    op.emitRemark("a sum of 2 factors stays one, over ")
        << humanCount(double(box.getNumElements())) << " elements: "
        << (whole == 2 ? "no element of them is read more than once"
                       : "no element of the larger is read more than once");
  });
}

void Rewrites::tellGathered(tw::ContractOp op, int64_t terms) const {
  if (tells)
    emitRemark(op.getLoc(), "what was added to each place of a window, sums of ")
        << counted(terms, "term") << ", is gathered from a factor between zeros: each result is written once";
}

} // namespace talweg
