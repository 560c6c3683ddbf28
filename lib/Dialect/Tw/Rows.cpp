// A value's rows follow from those of its operands, op by op.
#include "talweg/Dialect/Tw/Rows.h"
#include "talweg/Dialect/Tw/Access.h"
#include "talweg/Dialect/Tw/Tw.h"

#include "mlir/IR/BuiltinAttributes.h"

using namespace mlir;

namespace talweg::tw {
namespace {

constexpr StringLiteral kMark = "tw.rows";

ArrayRef<int64_t> shapeOf(Value value) { return cast<RankedTensorType>(value.getType()).getShape(); }

RowUse mixed(Operation *op) { return {RowUse::Mixed, 0, 0, op}; }

/// The rows of something that takes an element of each operand for each of its own.
RowUse join(RowUse a, RowUse b, Operation *op) {
  if (a.kind == RowUse::Mixed || b.kind == RowUse::Mixed)
    return a.kind == RowUse::Mixed ? a : b;
  if (a.isPerRow() && b.isPerRow() && a.dim != b.dim)
    return mixed(op);
  RowUse result = b.isPerRow() || (b.kind == RowUse::OverRows && !a.isPerRow()) ? b : a;
  result.passes = std::max(a.passes, b.passes);
  return result;
}

/// Whether `expr` is factor * d + rest with 0 <= rest < factor, for a dimension d; which.
std::optional<int64_t> outermostOf(AffineExpr expr, int64_t factor, ArrayRef<int64_t> extents) {
  for (int64_t dim = 0; dim < int64_t(extents.size()); ++dim) {
    AffineExpr d = getAffineDimExpr(dim, expr.getContext());
    AffineExpr rest = simplifyAffineExpr(expr - d * factor, extents.size(), 0);
    auto range = rangeOf(rest, extents);
    if (!rest.isFunctionOfDim(dim) && range && range->first >= 0 && range->second < factor)
      return dim;
  }
  return std::nullopt;
}

bool usesElsewhere(AffineMap map, int64_t dim, int64_t result) {
  for (auto [number, expr] : llvm::enumerate(map.getResults()))
    if (int64_t(number) != result && expr.isFunctionOfDim(dim))
      return true;
  return false;
}

/// The dimension of `map`, of these extents, along which the rows lie that lie along its result number `result`, which indexes `factor`
/// elements for each row.
std::optional<int64_t> rowsThrough(AffineMap map, ArrayRef<int64_t> extents, int64_t result, int64_t factor,
                                   int64_t batch) {
  AffineExpr expr = map.getResult(result);
  std::optional<int64_t> dim;
  if (auto bare = dyn_cast<AffineDimExpr>(expr); bare && extents[bare.getPosition()] == factor * batch)
    dim = bare.getPosition();
  else if (auto outermost = outermostOf(expr, factor, extents); outermost && extents[*outermost] == batch)
    dim = outermost;
  return dim && !usesElsewhere(map, *dim, result) ? dim : std::nullopt;
}

/// The rows of a result at `to`, of values at `from` for each point of the space that both maps index. Where `from` has rows and no
/// dimension of `to` is theirs, they are summed.
RowUse through(RowUse use, AffineMap from, AffineMap to, ArrayRef<int64_t> space, Operation *op, int64_t batch,
               int64_t factor, bool &sums) {
  if (!use.isPerRow())
    return use;
  std::optional<int64_t> dim = rowsThrough(from, space, use.dim, factor, batch);
  if (!dim)
    return mixed(op);
  if (!llvm::any_of(to.getResults(), [&](AffineExpr expr) { return expr.isFunctionOfDim(*dim); })) {
    sums = true;
    return {RowUse::OverRows, 0, use.passes + 1, nullptr};
  }
  std::optional<unsigned> at = to.getResultPosition(getAffineDimExpr(*dim, to.getContext()));
  if (!at || usesElsewhere(to, *dim, *at))
    return mixed(op);
  use.dim = *at;
  return use;
}

/// Where the rows are behind a reshape: elements of a row lie together as long as nothing stands outside of the rows.
std::optional<int64_t> reshaped(ArrayRef<int64_t> from, ArrayRef<int64_t> to, int64_t dim, int64_t batch) {
  int64_t outside = ShapedType::getNumElements(from.take_front(dim)), before = 1;
  for (auto [position, extent] : llvm::enumerate(to)) {
    if (before == outside && extent % batch == 0)
      return position;
    before *= extent;
  }
  return std::nullopt;
}

} // namespace

Rows::Rows(Block &block, int64_t batch, const Reductions &ofBatch, Known isKnown) : batch(batch) {
  for (BlockArgument argument : block.getArguments())
    uses[argument] = {RowUse::PerRow, 0, 0, nullptr};
  visit(block, ofBatch, isKnown);
}

void Rows::visit(Block &block, const Reductions &ofBatch, Known isKnown) {
  for (Operation &op : block) {
    if (op.getNumResults() == 0 || ofBatch.contains(&op))
      continue;
    if (isa<ScanOp>(op)) {
      visitScan(&op, ofBatch, isKnown);
      continue;
    }
    RowUse use = useOf(&op, isKnown);
    auto passes = llvm::map_range(op.getOperands(), [&](Value operand) { return of(operand).passes; });
    if ((use.kind == RowUse::OverRows || isa<CountBelowOp>(op)) && use.passes > 0 &&
        llvm::all_of(passes, [&](int64_t before) { return before < use.passes; }))
      reductions.insert(&op);
    for (Value result : op.getResults())
      uses[result] = use;
  }
}

/// What a loop carries depends on the rows that its start depends on, and on those of what a turn makes of it. Rows that meet in a turn meet
/// again in the next one.
void Rows::visitScan(Operation *op, const Reductions &ofBatch, Known isKnown) {
  auto scan = cast<ScanOp>(op);
  auto behindTurns = [&](RowUse use, int64_t moved) {
    if (use.isPerRow() && use.dim + moved < 0)
      return mixed(op);
    use.dim += use.isPerRow() ? moved : 0;
    return use;
  };
  for (auto [operand, inside] : llvm::zip_equal(scan.getOperands(), scan.getInside()))
    uses[inside] = of(operand);
  for (BlockArgument slice : scan.getSlices())
    uses[slice] = behindTurns(of(slice), -1);
  ValueRange yielded = scan.getYield().getValues();
  for (bool changes = true; changes;) {
    visit(*scan.getBody(), ofBatch, isKnown);
    changes = false;
    for (auto [inside, next] : llvm::zip(scan.getCarried(), yielded)) {
      RowUse before = of(inside), use = join(before, of(next), op);
      if (use.kind == RowUse::OverRows && before.kind != RowUse::OverRows)
        use = mixed(op);
      changes |= use.kind != before.kind;
      uses[inside] = use;
    }
  }
  DenseMap<Value, Operation *> met = reducedInside(scan);
  for (Operation &inner : *scan.getBody())
    reductions.erase(&inner);
  for (auto [result, value] : llvm::zip_equal(scan.getResults(), yielded)) {
    bool isEnd = result.getResultNumber() < scan.getStarts().size();
    RowUse use =
        isEnd ? join(of(scan.getCarried()[result.getResultNumber()]), of(value), op) : behindTurns(of(value), 1);
    bool meetInside = llvm::any_of(scan.getOperands(), [&](Value operand) { return of(operand).passes < use.passes; });
    if (use.kind == RowUse::OverRows && meetInside)
      use = mixed(op);
    if (Operation *reduction = met.lookup(value))
      use = {RowUse::Mixed, 0, 1, reduction};
    uses[result] = use;
  }
}

/// The values of a loop's body that are computed from reductions over rows in it, in this or an earlier turn, and from which.
DenseMap<Value, Operation *> Rows::reducedInside(ScanOp scan) const {
  DenseMap<Value, Operation *> met;
  auto add = [&](Value value, Operation *reduction) { return reduction && met.try_emplace(value, reduction).second; };
  for (bool changes = true; changes;) {
    changes = false;
    for (Operation &inner : scan.getBody()->without_terminator()) {
      Operation *reduction = reductions.contains(&inner) ? &inner : nullptr;
      for (Value operand : inner.getOperands())
        reduction = reduction ? reduction : met.lookup(operand);
      for (Value result : inner.getResults())
        changes |= add(result, reduction);
    }
    for (auto [inside, next] : llvm::zip(scan.getCarried(), scan.getYield().getValues()))
      changes |= add(inside, met.lookup(next));
  }
  return met;
}

RowUse Rows::useOf(Operation *op, Known isKnown) const {
  ArrayRef<int64_t> marks = rowMarksOf(op);
  if (marks.size() > 1)
    return mixed(op);
  bool sums = false;
  auto factorOf = [&](Value x) { return shapeOf(x)[of(x).dim] / batch; };
  if (auto contract = dyn_cast<ContractOp>(op)) {
    auto ofFactor = [&](Value factor, AffineMap map) {
      RowUse use = of(factor);
      return through(use, map, contract.getYMap(), contract.getExtents(), op, batch,
                     use.isPerRow() ? factorOf(factor) : 1, sums);
    };
    auto rowsOf = [&](Value factor, AffineMap map) -> std::optional<int64_t> {
      RowUse use = of(factor);
      return use.isPerRow() ? rowsThrough(map, contract.getExtents(), use.dim, factorOf(factor), batch) : std::nullopt;
    };
    std::optional<int64_t> a = rowsOf(contract.getA(), contract.getAMap()),
                           b = rowsOf(contract.getB(), contract.getBMap());
    if (a && b && a != b) // rows of one with rows of the other
      return mixed(op);
    RowUse use = join(ofFactor(contract.getA(), contract.getAMap()), ofFactor(contract.getB(), contract.getBMap()), op);
    if (sums && use.kind == RowUse::OverRows)
      use.passes = std::max(of(contract.getA()).passes, of(contract.getB()).passes) + 1;
    return use;
  }
  if (auto gather = dyn_cast<GatherOp>(op)) {
    RowUse table = of(gather.getTable());
    int64_t shared = gather.getShared(), picked = shapeOf(gather.getRows()).size() - shared;
    if (table.isPerRow() && table.dim == shared) // any row picks from all
      return mixed(op);
    if (table.isPerRow() && table.dim > shared)
      table.dim += picked - 1;
    return join(table, of(gather.getRows()), op);
  }
  if (auto scatter = dyn_cast<ScatterAddOp>(op)) {
    RowUse use = join(of(scatter.getValues()), of(scatter.getRows()), op);
    int64_t shared = scatter.getShared(), last = shapeOf(scatter.getRows()).size();
    if (!use.isPerRow() || use.dim < shared)
      return use;
    if (use.dim < last)
      return {RowUse::OverRows, 0, use.passes + 1, nullptr};
    use.dim -= last - shared - 1;
    return use;
  }
  if (isa<GradientOp>(op)) // what it stands for is not there yet
    return mixed(op);
  if (auto own = dyn_cast<WithDerivativeOp>(op))
    return of(own.getValue());
  if (auto select = dyn_cast<SelectOp>(op))
    if (std::optional<bool> taken = isKnown(select.getCondition()))
      return of(*taken ? select.getA() : select.getB());
  RowUse joined; // as of something elementwise, or of a source without operands
  for (Value operand : op->getOperands())
    joined = join(joined, of(operand), op);
  auto withMark = [&](RowUse use) {
    return marks.empty() ? use : join(use, {RowUse::PerRow, marks[0], 0, nullptr}, op);
  };
  if (auto iota = dyn_cast<IotaOp>(op))
    return llvm::is_contained(marks, int64_t(iota.getDim())) ? mixed(op) : withMark(joined);
  if (!joined.isPerRow())
    return withMark(joined);
  if (isa<CoalesceOp, PutRowsOp>(op)) // any row may name any of the table
    return mixed(op);
  if (auto window = dyn_cast<WindowOp>(op)) {
    AffineMap map = window.getMap();
    AffineMap identity = AffineMap::getMultiDimIdentityMap(map.getNumDims(), op->getContext());
    return withMark(through(joined, map, identity, shapeOf(window), op, batch, factorOf(window.getX()), sums));
  }
  if (auto fold = dyn_cast<FoldOp>(op)) {
    AffineMap map = fold.getMap();
    AffineMap identity = AffineMap::getMultiDimIdentityMap(map.getNumDims(), op->getContext());
    return through(joined, identity, map, shapeOf(fold.getX()), op, batch, factorOf(fold.getX()), sums);
  }
  if (auto pad = dyn_cast<PadOp>(op))
    return pad.getLow()[joined.dim] == 0 && pad.getHigh()[joined.dim] == 0 ? joined : mixed(op);
  if (auto concat = dyn_cast<ConcatOp>(op))
    return int64_t(concat.getDim()) == joined.dim ? mixed(op) : joined;
  if (auto reshape = dyn_cast<ReshapeOp>(op)) {
    std::optional<int64_t> dim = reshaped(shapeOf(reshape.getX()), shapeOf(reshape), joined.dim, batch);
    joined.dim = dim.value_or(0);
    return dim ? joined : mixed(op);
  }
  auto without = [&](ArrayRef<int64_t> dims) {
    RowUse use = joined;
    use.dim -= llvm::count_if(dims, [&](int64_t dim) { return dim < joined.dim; });
    return use;
  };
  if (auto reduce = dyn_cast<ReduceOp>(op)) {
    if (llvm::is_contained(reduce.getDims(), joined.dim))
      return {RowUse::OverRows, 0, joined.passes + 1, nullptr};
    return without(reduce.getDims());
  }
  if (isa<CountBelowOp>(op)) {
    ++joined.passes;
    return joined;
  }
  if (auto arg = dyn_cast<ArgOp>(op))
    return int64_t(arg.getDim()) == joined.dim ? mixed(op) : without(int64_t(arg.getDim()));
  return withMark(joined);
}

ArrayRef<int64_t> rowMarksOf(Operation *op) {
  auto marks = op->getAttrOfType<DenseI64ArrayAttr>(kMark);
  return marks ? marks.asArrayRef() : ArrayRef<int64_t>();
}

void markRows(Operation *op, ArrayRef<int64_t> dims) {
  if (!dims.empty())
    op->setAttr(kMark, DenseI64ArrayAttr::get(op->getContext(), dims));
}

void eraseRowMarks(Operation *root) {
  root->walk([](Operation *op) { op->removeAttr(kMark); });
}

} // namespace talweg::tw
