// Lets what is padded be computed in its place between the padding.
//
// In: linalg on tensors, elementwise ops fused. What is x between elements of one value, p, is a sum of these and of x, which reaches each once.
// Out: p is an elementwise op, written into a box of what is filled with the value. Where an op that is elementwise, or reduces with few terms, gives x, it
// gives p in its place, and all that reads x reads p instead: x is no tensor of its own, and is not copied. Every value is the same to the bit.
#include "Access.h"
#include "Cycles.h"
#include "InlineProducer.h"
#include "Memory.h"
#include "PlanProduct.h"
#include "ProductEstimate.h"
#include "ReductionOrder.h"
#include "talweg/Dialect/Kernel/Kernel.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"

#define GEN_PASS_DEF_PLACEINPADDING
#include "talweg/Codegen/Passes.h"

using namespace mlir;
using namespace talweg;
using linalg::FillOp;
using linalg::GenericOp;

namespace {

/// x between elements of one value.
struct Padding {
  GenericOp op;
  AffineMap place; ///< of an element of x
  Value value;     ///< of those around
};

/// `op` as one that combines what it computes with a literal, in a box of elements that each loop reaches once.
std::optional<Padding> paddingOf(GenericOp op) {
  if (!op.hasPureTensorSemantics() || op.getNumDpsInits() != 1)
    return std::nullopt;
  auto fill = op.getDpsInits()[0].getDefiningOp<FillOp>();
  AffineMap place = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  if (!fill || !matchPattern(fill.value(), m_Constant()) || place.isIdentity() ||
      place.getNumDims() != place.getNumResults())
    return std::nullopt;
  for (auto [dim, expr] : llvm::enumerate(place.getResults()))
    if (!isa<AffineConstantExpr>(expr - getAffineDimExpr(unsigned(dim), op.getContext())))
      return std::nullopt;
  return Padding{op, place, fill.value()};
}

/// linalg infers the extents of loops from operands: where none shows them any more, an unused one of the old shape stays.
void keepExtents(GenericOp op, RankedTensorType shape, AffineMap map) {
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  if (inversePermutation(concatAffineMaps(maps, op.getContext())))
    return;
  OpBuilder builder(op);
  Value extents = tensor::EmptyOp::create(builder, op.getLoc(), shape.getShape(), shape.getElementType());
  const unsigned inputs = unsigned(op.getNumDpsInputs());
  op.getInputsMutable().append(extents);
  op.getBody()->insertArgument(inputs, shape.getElementType(), op.getLoc());
  maps.insert(maps.begin() + inputs, map);
  op.setIndexingMapsAttr(builder.getAffineMapArrayAttr(maps));
}

/// Whether `use` may read the same element elsewhere.
bool mayReadElsewhere(OpOperand &use, Block *block) {
  Operation *reader = use.getOwner();
  if (reader->getBlock() != block)
    return false;
  if (auto generic = dyn_cast<GenericOp>(reader))
    return generic.isDpsInput(&use);
  auto product = dyn_cast<kernel::ProductOp>(reader);
  return product && use.getOperandNumber() < 2;
}

/// Lets `use` read `padded`, in which what it has read lies at `place`.
void readElsewhere(OpOperand &use, Value padded, AffineMap place) {
  auto maps = cast<IndexingMapOpInterface>(use.getOwner());
  AffineMap own = maps.getMatchingIndexingMap(&use);
  SmallVector<Attribute> all;
  for (AffineMap map : maps.getIndexingMapsArray())
    all.push_back(AffineMapAttr::get(map));
  all[use.getOperandNumber()] = AffineMapAttr::get(place.compose(own));
  auto arrayOf = [&] { return ArrayAttr::get(padded.getContext(), all); };
  if (auto product = dyn_cast<kernel::ProductOp>(use.getOwner())) {
    product.setMapsAttr(arrayOf());
    return use.set(padded);
  }
  auto generic = cast<GenericOp>(use.getOwner());
  const auto shape = cast<RankedTensorType>(use.get().getType());
  use.set(padded);
  generic.setIndexingMapsAttr(arrayOf());
  keepExtents(generic, shape, own);
}

/// A tensor of this type that is filled with a literal in front of all that computes, so that what is written into it may move.
Value filledInFront(RankedTensorType type, Value literal, Block *block) {
  Operation *first = &block->front();
  while (!isa<linalg::LinalgOp, kernel::PlacedOp>(first))
    first = first->getNextNode();
  OpBuilder builder(first);
  if (literal.getParentBlock() == block)
    literal = builder.clone(*literal.getDefiningOp())->getResult(0);
  Value empty = tensor::EmptyOp::create(builder, literal.getLoc(), type.getShape(), type.getElementType());
  return FillOp::create(builder, literal.getLoc(), literal, empty).getResult(0);
}

/// Makes a padding what it is: elementwise.
void makeElementwise(Padding &padding) {
  GenericOp op = padding.op;
  auto type = cast<RankedTensorType>(op.getResultTypes()[0]);
  op.getDpsInitsMutable()[0].set(filledInFront(type, padding.value, op->getBlock()));
  op.getRegionOutputArgs()[0].replaceAllUsesWith(padding.value);
  const Attribute parallel = linalg::IteratorTypeAttr::get(op.getContext(), utils::IteratorType::parallel);
  op.setIteratorTypesAttr(ArrayAttr::get(op.getContext(), SmallVector<Attribute>(op.getNumLoops(), parallel)));
}

/// Whether a padding is of one tensor as it is: x is 0 + x, or max(-inf, x), or false or x.
bool isCopy(const Padding &padding) {
  GenericOp op = padding.op;
  if (op.getNumDpsInputs() != 1 || !op.getMatchingIndexingMap(op.getDpsInputOperand(0)).isIdentity())
    return false;
  Operation *combined = op.getBody()->getTerminator()->getOperand(0).getDefiningOp();
  if (!combined || combined != &op.getBody()->front() || combined->getNumOperands() != 2)
    return false;
  auto reads = [&](Value value) { return llvm::is_contained(combined->getOperands(), value); };
  const bool isNeutral = isa<arith::AddFOp>(combined) ? matchPattern(padding.value, m_AnyZeroFloat())
                         : isa<arith::MaximumFOp>(combined)
                             ? matchPattern(padding.value, m_NegInfFloat())
                             : isa<arith::OrIOp>(combined) && matchPattern(padding.value, m_Zero());
  return isNeutral && reads(op.getBody()->getArgument(0)) && reads(padding.value);
}

/// `op` with the result of `x` between padding: of its type, and by `map`.
GenericOp withResult(GenericOp op, OpResult x, Value init, AffineMap map) {
  OpBuilder builder(op);
  SmallVector<Value> inits(op.getDpsInits());
  SmallVector<Type> types(op.getResultTypes());
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  inits[x.getResultNumber()] = init;
  types[x.getResultNumber()] = init.getType();
  maps[size_t(op.getNumDpsInputs()) + x.getResultNumber()] = map;
  auto placed =
      GenericOp::create(builder, op.getLoc(), types, op.getDpsInputs(), inits, maps, op.getIteratorTypesArray());
  placed->setDiscardableAttrs(op->getDiscardableAttrDictionary());
  placed.getRegion().takeBody(op.getRegion());
  keepExtents(placed, cast<RankedTensorType>(x.getType()),
              op.getMatchingIndexingMap(op.getDpsInitOperand(x.getResultNumber())));
  return placed;
}

/// How a product sums: the extents of the loops that do, in their order, and how they are cut.
SmallVector<int64_t> orderOfSums(const kernel::ProductPlan &plan) {
  SmallVector<int64_t> order{plan.dot, plan.chains, plan.kBlock};
  for (const auto *loops : {&plan.scatter, &plan.kBlocks, &plan.k}) {
    for (const kernel::Loop &loop : *loops)
      order.push_back(loop.extent);
    order.push_back(0);
  }
  return order;
}

struct PlaceInPadding : talweg::impl::PlaceInPaddingBase<PlaceInPadding> {
  using PlaceInPaddingBase::PlaceInPaddingBase;

  void runOnOperation() override {
    for (Block *block : blocksOf(getOperation()))
      for (GenericOp op : llvm::to_vector(block->getOps<GenericOp>()))
        if (std::optional<Padding> padding = paddingOf(op)) {
          makeElementwise(*padding);
          if (!isCopy(*padding))
            continue;
          const StringRef reason = whyCopied(*padding);
          if (reason.empty())
            place(*padding);
          else if (reason != inRegisters)
            op.emitRemark("copied between its padding: ") << reason;
          placed += reason.empty();
        }
  }

  static constexpr StringLiteral inRegisters = "a product computes it";

  /// Why products should not read between the padding what they read; empty: they may. They follow the memory of what an elementwise op gives
  /// by itself. What is reduced, or given beside other results, is summed as it would be without padding.
  StringRef whyNotRead(Padding padding, GenericOp producer) {
    const bool followed = isParallel(producer) && producer->getNumResults() == 1;
    const Value x = padding.op.getDpsInputs()[0], p = padding.op.getResult(0);
    double slower = 0;
    for (OpOperand &use : x.getUses()) {
      auto product = dyn_cast<kernel::ProductOp>(use.getOwner());
      if (!product)
        continue;
      auto there = cast<kernel::ProductOp>(product->clone());
      readElsewhere(there->getOpOperand(use.getOperandNumber()), p, padding.place);
      slower += cyclesAnywhere(there, {}, target) - cyclesAnywhere(product, {}, target);
      const bool isAlike = orderOfSums(planOf(product, {}, target)) == orderOfSums(planOf(there, {}, target));
      there->erase();
      if (!followed && !isAlike)
        return "a product that reads it as it is would sum in another order";
    }
    return slower > cycles::ofBytes(double(bytesOf(x.getType()) + bytesOf(p.getType())))
               ? "products that read it as it is would take longer, by more than the copy does"
               : "";
  }

  /// Why what `padding` pads is not computed in its place; empty: it is.
  StringRef whyCopied(Padding padding) {
    OpOperand &own = *padding.op.getDpsInputOperand(0);
    if (own.get().getDefiningOp<kernel::ProductOp>())
      return inRegisters;
    auto producer = own.get().getDefiningOp<GenericOp>();
    if (!producer || producer->getBlock() != padding.op->getBlock() || !producer.hasPureTensorSemantics())
      return "what gives it writes it elsewhere, as data, a lookup or a loop";
    for (OpOperand &use : own.get().getUses())
      if (&use != &own && !mayReadElsewhere(use, padding.op->getBlock()))
        return "something needs it as it is";
    if (const StringRef why = whyNotRead(padding, producer); !why.empty())
      return why;
    OpOperand *init = producer.getTiedOpOperand(cast<OpResult>(own.get()));
    const AffineMap map = producer.getMatchingIndexingMap(init);
    if (isParallel(producer))
      return map.isIdentity() && !producer.payloadUsesValueFromOperand(init) ? "" : "it is written in another order";
    return whyNotReduced(padding, producer, map);
  }

  /// Likewise, of what `producer` reduces to.
  static StringRef whyNotReduced(Padding padding, GenericOp producer, AffineMap map) {
    auto fill = producer.getDpsInits()[0].getDefiningOp<FillOp>();
    if (producer->getNumResults() != 1 || !fill || !matchPattern(fill.value(), m_Constant()) ||
        !map.isProjectedPermutation())
      return "it is reduced to several results, or to places that several loops reach";
    int64_t terms = 1;
    for (auto [loop, extent] : llvm::enumerate(producer.getStaticLoopRanges()))
      terms *= map.isFunctionOfDim(unsigned(loop)) ? 1 : extent;
    if (terms > longestChain)
      return "it is reduced in parts";
    // A sum of 0 and x gives a zero no sign. Nobody is there to compute it: sums of products do not see the difference.
    auto isFactor = [](OpOperand &use) { return isa<kernel::ProductOp>(use.getOwner()) && use.getOperandNumber() < 2; };
    if (isa<FloatType>(padding.value.getType()) && matchPattern(padding.value, m_AnyZeroFloat()) &&
        !llvm::all_of(padding.op->getUses(), isFactor))
      return "it is a reduction, and something sees the sign of its zeros";
    return "";
  }

  static void place(Padding padding) {
    auto x = cast<OpResult>(padding.op.getDpsInputs()[0]);
    auto producer = cast<GenericOp>(x.getOwner());
    // A reader may get further operands, which moves those that it has.
    SmallVector<std::pair<Operation *, unsigned>> others;
    for (OpOperand &use : x.getUses())
      if (use.getOwner() != padding.op)
        others.push_back({use.getOwner(), use.getOperandNumber()});
    OpOperand *init = producer.getTiedOpOperand(x);
    const bool reduces = !isParallel(producer);
    Value around = padding.op.getDpsInits()[0];
    if (reduces)
      around = startingFrom(producer, padding, around);
    GenericOp placed = withResult(producer, x, around, padding.place.compose(producer.getMatchingIndexingMap(init)));
    Value p = placed.getResult(x.getResultNumber());
    if (!reduces) {
      auto yield = cast<linalg::YieldOp>(placed.getBody()->getTerminator());
      OpBuilder builder(yield);
      IRMapping mapping;
      mapping.map(padding.op.getBody()->getArgument(0), yield.getOperand(x.getResultNumber()));
      for (Operation &op : padding.op.getBody()->without_terminator())
        builder.clone(op, mapping);
      yield.setOperand(x.getResultNumber(), mapping.lookup(padding.op.getBody()->getTerminator()->getOperand(0)));
    }
    for (auto [reader, number] : others)
      readElsewhere(reader->getOpOperand(number), p, padding.place);
    padding.op->replaceAllUsesWith(ValueRange(p));
    padding.op.erase();
    for (auto [old, now] : llvm::zip_equal(producer->getResults(), placed->getResults()))
      if (old != x)
        old.replaceAllUsesWith(now);
    producer.erase();
  }

  /// `around` with what a reduction starts from where it is written.
  static Value startingFrom(GenericOp op, const Padding &padding, Value around) {
    auto start = op.getDpsInits()[0].getDefiningOp<FillOp>();
    Attribute inside, outside;
    if (matchPattern(start.value(), m_Constant(&inside)) && matchPattern(padding.value, m_Constant(&outside)) &&
        inside == outside)
      return around;
    auto type = cast<RankedTensorType>(start.getResultTypes()[0]);
    OpBuilder builder(op);
    SmallVector<OpFoldResult> from, counts, steps;
    for (auto [dim, expr] : llvm::enumerate(padding.place.getResults())) {
      auto low = cast<AffineConstantExpr>(expr - getAffineDimExpr(unsigned(dim), builder.getContext()));
      from.push_back(builder.getIndexAttr(low.getValue()));
      counts.push_back(builder.getIndexAttr(type.getDimSize(int64_t(dim))));
      steps.push_back(builder.getIndexAttr(1));
    }
    return tensor::InsertSliceOp::create(builder, start.getLoc(), start.getResult(0), around, from, counts, steps);
  }
};

} // namespace
