// A loop's derivative is a loop that takes the turns in the opposite order. It carries the cotangents of what was carried, and the sums of
// those of what all turns share; it emits those of the slices.
//
// In each turn it has the forward body's values again, and behind them the reverse walk. Of these values what was carried into the turn and
// results of contractions, reductions, lookups and functions that take long, with what is elementwise behind them, were kept, emitted by the forward
// loop. All else, what is elementwise, is computed again.
#include "ReverseScan.h"

#include "talweg/Autodiff/Differentiate.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace talweg {
namespace {

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }
bool isFloat(Value value) { return isa<FloatType>(typeOf(value).getElementType()); }

Value zeros(OpBuilder &builder, Location loc, RankedTensorType type) {
  auto zero = builder.getFloatAttr(type.getElementType(), 0);
  return tw::ConstantOp::create(builder, loc, DenseElementsAttr::get(type, Attribute(zero)));
}

/// What is not computed again: all else is elementwise, and takes no longer than to read it.
bool isKept(Operation *op) {
  return isa<tw::ContractOp, tw::ReduceOp, tw::GatherOp, tw::ScatterAddOp, tw::UniformOp, tw::ScanOp, tw::ExpOp,
             tw::LogOp, tw::Log1pOp, tw::TanhOp, tw::ErfOp, tw::LogisticOp, tw::SinOp, tw::CosOp, tw::PowOp>(op);
}

/// Does it tell of random numbers no more than which are below a bound, as where some are dropped? A byte each, for a hundred instructions.
bool isDrawn(Operation *op) {
  return isa<tw::CompareOp>(op) && llvm::any_of(op->getOperands(), [](Value operand) {
           return operand.getDefiningOp<tw::UniformOp>() != nullptr;
         });
}

/// What is kept of turns that are computed again, if they hand nothing on, since it takes next to no memory: a row's greatest score, and its sum.
bool isKeptOfRecomputed(Operation *op) {
  auto isSmall = [&] {
    return 16 * typeOf(op->getResult(0)).getNumElements() <= typeOf(op->getOperand(0)).getNumElements();
  };
  return isDrawn(op) || (isa<tw::ReduceOp>(op) && isSmall());
}

void eraseDead(Block &block) {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
    if (isOpTriviallyDead(&op))
      op.erase();
}

/// `value`, or the only thing that is computed of it, element by element: as large, and later. A product that is joined to a sum is no value by itself.
Value lastOf(Value value, function_ref<bool(Operation *)> isThere) {
  auto isJoined = [](Operation *reader) { return reader->hasAttr(tw::kJoined); };
  Value last = value;
  while (value.hasOneUse()) {
    Operation *user = *value.getUsers().begin();
    if (!isThere(user) || !user->hasTrait<tw::Elementwise>() || user->getResult(0).getType() != value.getType())
      break;
    value = user->getResult(0);
    if (!isa<tw::MulOp>(user) || llvm::none_of(value.getUsers(), isJoined))
      last = value;
  }
  return last;
}

/// The stacks of `kept`, values of the loop's body: where it does not emit all of them, a loop that does is put in its place, and it is left, read by
/// nobody; `scan` is then that loop.
SmallVector<Value> emitToo(tw::ScanOp &scan, ValueRange kept) {
  unsigned carried = scan.getStarts().size(), before = scan.getNumResults();
  llvm::SmallDenseMap<Value, unsigned> emitted; // the number of the result
  SmallVector<Type> types(scan.getResultTypes());
  SmallVector<Value> yielded(scan.getYield().getValues());
  for (unsigned number = carried; number < before; ++number)
    emitted.insert({yielded[number], number});
  for (Value value : kept)
    if (emitted.insert({value, yielded.size()}).second) {
      yielded.push_back(value);
      types.push_back(tw::stackOf(value.getType(), scan.getLength()));
    }
  if (yielded.size() > before) {
    OpBuilder builder(scan);
    auto more =
        tw::ScanOp::create(builder, scan.getLoc(), scan, types, scan.getStarts(), scan.getStacks(), scan.getShared());
    IRMapping mapping;
    scan.getTurns().cloneInto(&more.getTurns(), mapping);
    more.getYield()->setOperands(llvm::map_to_vector(yielded, [&](Value value) { return mapping.lookup(value); }));
    scan->replaceAllUsesWith(more.getResults().take_front(before));
    scan = more;
  }
  return llvm::map_to_vector(kept, [&](Value value) -> Value { return scan.getResult(emitted.lookup(value)); });
}

/// Lets the loops in the body of `scan` emit all that they compute, so that it can be kept; of those that are computed again, what is kept of these. What
/// nobody reads is not emitted in the end.
void emitAllInside(tw::ScanOp scan) {
  for (auto inner : llvm::to_vector(scan.getBody()->getOps<tw::ScanOp>())) {
    SmallVector<Value> all;
    if (!inner.getRecomputed()) {
      emitAllInside(inner);
      llvm::append_range(all, inner.getCarried());
    } else if (!inner.isIndependent()) {
      continue;
    }
    for (Operation &op : inner.getBody()->without_terminator())
      if (!inner.getRecomputed() || isKeptOfRecomputed(&op))
        for (Value result : op.getResults())
          all.append({result, lastOf(result, [](Operation *) { return true; })});
    tw::ScanOp more = inner;
    emitToo(more, all);
    if (more != inner)
      inner.erase();
  }
}

/// Makes the reverse loop.
class ReverseScan {
public:
  ReverseScan(OpBuilder &builder, tw::ScanOp scan, ValueRange cotangents)
      : builder(builder), scan(scan), cotangents(cotangents), loc(scan.getLoc()) {}

  FailureOr<SmallVector<Value>> run(StringRef what);
  tw::ScanOp getScan() { return scan; }

private:
  OpBuilder &builder;
  tw::ScanOp scan;
  ValueRange cotangents;
  Location loc;

  llvm::DenseMap<Operation *, Operation *>
      originals; ///< of the forward body, by what stands for them in the reverse one
  void keep(tw::ScanOp reverse);

  /// Adds what the reverse loop takes and the argument that stands for it in its body.
  struct Operands {
    SmallVector<Value> values;
    SmallVector<Type> inside;
  };
  void carry(Operands &starts, Value like, Value cotangent) {
    starts.values.push_back(cotangent ? cotangent : zeros(builder, loc, typeOf(like)));
    starts.inside.push_back(like.getType());
  }
};

/// Lets the forward loop emit what was carried and what the reverse body would have to compute again, and the reverse loop take it.
void ReverseScan::keep(tw::ScanOp reverse) {
  Block &body = *reverse.getBody();
  SmallVector<Value> kept = llvm::to_vector_of<Value>(scan.getCarried());
  unsigned place = body.getNumArguments() - scan.getShared().size();
  eraseDead(body);
  auto isThere = [&](Operation *op) { return originals.contains(op); };
  auto isWorthIt = [&](Operation *op) {
    return !scan.getRecomputed() || (scan.isIndependent() && isKeptOfRecomputed(op));
  };
  while (true) { // the last one first: what only that was computed from is not needed any more
    auto again = llvm::find_if(llvm::reverse(body), [&](Operation &op) {
      return (isKept(&op) || isDrawn(&op)) && isThere(&op) && isWorthIt(&op);
    });
    if (again == body.rend())
      break;
    for (OpResult result : again->getResults()) {
      if (result.use_empty())
        continue;
      auto value = cast<OpResult>(again->getNumResults() == 1 ? lastOf(result, isThere) : result);
      kept.push_back(originals.lookup(value.getOwner())->getResult(value.getResultNumber()));
      value.replaceAllUsesWith(body.insertArgument(place++, value.getType(), loc));
    }
    eraseDead(body);
  }
  reverse.getStacksMutable().append(emitToo(scan, kept));
}

FailureOr<SmallVector<Value>> ReverseScan::run(StringRef what) {
  if (!scan.getRecomputed())
    emitAllInside(scan);
  tw::YieldOp yield = scan.getYield();
  unsigned carried = scan.getStarts().size();
  Operands starts, stacks;
  SmallVector<Value> yielded; // that have a cotangent: of these values of the body
  for (auto [inside, cotangent] : llvm::zip(scan.getCarried(), cotangents))
    if (isFloat(inside))
      carry(starts, inside, cotangent);
  for (Value inside : scan.getSharedInside())
    if (isFloat(inside))
      carry(starts, inside, Value());
  for (auto [value, cotangent] : llvm::zip_equal(yield.getValues().drop_front(carried), cotangents.drop_front(carried)))
    if (cotangent) {
      stacks.values.push_back(cotangent);
      stacks.inside.push_back(value.getType());
      yielded.push_back(value);
    }
  unsigned arrived = yielded.size();
  llvm::append_range(stacks.values, scan.getStacks());
  llvm::append_range(stacks.inside, TypeRange(ValueRange(llvm::to_vector_of<Value>(scan.getSlices()))));

  SmallVector<Type> types(TypeRange(ValueRange(starts.values)));
  for (Value slice : scan.getSlices())
    if (isFloat(slice))
      types.push_back(tw::stackOf(slice.getType(), scan.getLength()));
  auto reverse = tw::ScanOp::create(builder, loc, scan, types, starts.values, stacks.values, scan.getShared());
  reverse.setReversed(!scan.getReversed());
  Block &body = reverse.getTurns().emplaceBlock();
  body.addArgument(scan.getTurn().getType(), loc);
  auto addArguments = [&](TypeRange inside) {
    return llvm::map_to_vector(inside, [&](Type type) -> Value { return body.addArgument(type, loc); });
  };
  SmallVector<Value> carriedInside = addArguments(starts.inside), stacksInside = addArguments(stacks.inside);
  SmallVector<Value> keptInside = addArguments(scan.getStarts().getTypes());
  SmallVector<Value> sharedInside = addArguments(scan.getShared().getTypes());

  OpBuilder inner = OpBuilder::atBlockEnd(&body);
  IRMapping mapping;
  mapping.map(scan.getTurn(), body.getArgument(0));
  mapping.map(scan.getSlices(), ValueRange(stacksInside).drop_front(arrived));
  mapping.map(scan.getCarried(), keptInside);
  mapping.map(scan.getSharedInside(), sharedInside);
  for (Operation &op : scan.getBody()->without_terminator())
    originals[inner.clone(op, mapping)] = &op;

  SmallVector<Seed> seeds;
  ValueRange left(carriedInside);
  for (auto [number, inside] : llvm::enumerate(scan.getCarried()))
    if (isFloat(inside)) {
      seeds.push_back({mapping.lookup(yield.getValues()[number]), left.front()});
      left = left.drop_front();
    }
  for (auto [value, cotangent] : llvm::zip(yielded, stacksInside))
    seeds.push_back({mapping.lookup(value), cotangent});
  // Of layers, what a turn adds to a cotangent that all share goes to it term by term, as it would behind each other without a loop.
  if (scan.getBlocks())
    for (auto [inside, sum] : llvm::zip(llvm::make_filter_range(scan.getSharedInside(), isFloat), left))
      seeds.push_back({mapping.lookup(inside), sum});
  SmallVector<Value> wanted;
  for (Value inside : scan.getInside())
    if (isFloat(inside))
      wanted.push_back(mapping.lookup(inside));
  auto found = differentiate(inner, seeds, wanted, what);
  if (failed(found))
    return failure();
  llvm::DenseMap<Operation *, Operation *> present; // a loop that is computed again is another one now
  for (Operation &op : body)
    if (Operation *original = originals.lookup(&op))
      present[&op] = original;
  originals = std::move(present);

  // In the order of the operands: of what is carried, of slices, of what is shared.
  SmallVector<Value> ofCarried, ofSlices, ofShared;
  auto next = found->begin();
  for (Value inside : scan.getCarried())
    if (isFloat(inside)) {
      Value cotangent = *next++;
      ofCarried.push_back(cotangent ? cotangent : zeros(inner, loc, typeOf(inside)));
    }
  for (Value inside : scan.getSlices())
    if (isFloat(inside)) {
      Value cotangent = *next++;
      ofSlices.push_back(cotangent ? cotangent : zeros(inner, loc, typeOf(inside)));
    }
  for (Value inside : scan.getSharedInside())
    if (isFloat(inside)) {
      Value cotangent = *next++, sum = left.front();
      left = left.drop_front();
      ofShared.push_back(scan.getBlocks() ? cotangent
                         : cotangent      ? inner.createOrFold<tw::AddOp>(loc, sum.getType(), sum, cotangent)
                                          : sum);
    }
  SmallVector<Value> results(ofCarried);
  llvm::append_range(results, ofShared);
  llvm::append_range(results, ofSlices);
  tw::YieldOp::create(inner, loc, results);
  keep(reverse);

  auto ends = reverse.getEnds().begin();
  auto emitted = reverse.getEmitted().begin();
  SmallVector<Value> ofOperands(scan.getNumOperands());
  auto take = [&](unsigned first, ValueRange inside, auto &from) {
    for (auto [number, value] : llvm::enumerate(inside))
      if (isFloat(value))
        ofOperands[first + number] = *from++;
  };
  unsigned slices = scan.getSlices().size();
  take(0, scan.getInside().take_front(carried), ends);
  take(carried + slices, scan.getInside().take_back(scan.getShared().size()), ends);
  take(carried, scan.getInside().slice(carried, slices), emitted);
  return ofOperands;
}

} // namespace

FailureOr<SmallVector<Value>> reverseScan(OpBuilder &builder, tw::ScanOp &scan, ValueRange cotangents, StringRef what) {
  ReverseScan reverse(builder, scan, cotangents);
  auto found = reverse.run(what);
  scan = reverse.getScan();
  return found;
}

} // namespace talweg
