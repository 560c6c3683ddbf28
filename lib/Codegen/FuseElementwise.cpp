// Merges elementwise ops, so that values pass in registers instead of through memory.
//
// In: linalg.generic on tensors, each with one result. An *elementwise* op is one whose loops are all parallel and whose
// output map is the identity; an *access* is an elementwise op that computes nothing (it yields an input, a captured
// scalar or an index). Out: fewer ops, some with several results; every value is the same to the bit.
#include "Access.h"
#include "InlineProducer.h"
#include "JoinGenerics.h"
#include "Memory.h"
#include "Recomputation.h"
#include "talweg/Dialect/Kernel/Kernel.h"
#include "talweg/Support/Gain.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

#include <set>

#define GEN_PASS_DEF_FUSEELEMENTWISE
#include "talweg/Codegen/Passes.h"

using namespace mlir;
using linalg::GenericOp;
using talweg::inlineProducer;
using talweg::isAccess;
using talweg::isElementwise;
using talweg::kernel::ProductOp;

namespace {

/// Puts inputs that hold one value throughout into the body, as scalars.
void inlineSplats(GenericOp op, OpBuilder &builder) {
  for (OpOperand *input : op.getDpsInputOperands()) {
    auto constant = input->get().getDefiningOp<arith::ConstantOp>();
    auto value = constant ? dyn_cast<SplatElementsAttr>(constant.getValue()) : SplatElementsAttr();
    if (!value || !op.payloadUsesValueFromOperand(input))
      continue;
    builder.setInsertionPointToStart(op.getBody());
    Value scalar = arith::ConstantOp::create(builder, op.getLoc(), value.getSplatValue<TypedAttr>());
    op.getMatchingBlockArgument(input).replaceAllUsesWith(scalar);
  }
}

/// True if the body only hands on an input: the same value from another place.
bool isPureAccess(GenericOp op) {
  return op.getBody()->without_terminator().empty() && op.getNumDpsInputs() == 1 &&
         op.getBody()->getTerminator()->getOperand(0) == op.getBody()->getArgument(0);
}

/// True if inlining `producer` at `use` never computes an element twice, or costs nothing.
bool mayInline(GenericOp producer, OpOperand &use) {
  if (use.getOwner()->getBlock() != producer->getBlock() || producer.getNumResults() != 1)
    return false;
  // A product reads memory: the place of an element may change, never its value.
  if (isa<ProductOp>(use.getOwner()))
    return isPureAccess(producer);
  auto consumer = dyn_cast<GenericOp>(use.getOwner());
  if (!consumer || !consumer.isDpsInput(&use))
    return false;
  return isAccess(producer) || consumer.getMatchingIndexingMap(&use).isPermutation();
}

/// Lets a product read what `access`, a pure one, hands on to it.
void readDirectly(GenericOp access, OpOperand &factor) {
  auto product = cast<ProductOp>(factor.getOwner());
  OpOperand *source = access.getDpsInputOperand(0);
  SmallVector<Attribute> maps(product.getMaps().getValue());
  AffineMap map = access.getMatchingIndexingMap(source).compose(product.getMatchingIndexingMap(&factor));
  maps[factor.getOperandNumber()] = AffineMapAttr::get(map);
  product.setMapsAttr(ArrayAttr::get(product.getContext(), maps));
  factor.set(source->get());
}

/// Everything that uses `op` comes after `place`, so that `op` may be computed there.
bool mayMoveTo(GenericOp op, Operation *place) {
  return llvm::all_of(op->getUsers(), [&](Operation *user) {
    Operation *ancestor = place->getBlock()->findAncestorOpInBlock(*user);
    return ancestor && (ancestor == place || place->isBeforeInBlock(ancestor));
  });
}

/// True if `second` reads `first`, both have the same loops, and every element read is the one just computed.
bool mayJoin(GenericOp first, GenericOp second) {
  auto shape = [](GenericOp op) { return cast<RankedTensorType>(op.getResult(0).getType()).getShape(); };
  return isElementwise(first) && first->getBlock() == second->getBlock() && shape(first) == shape(second) &&
         mayMoveTo(first, second) && llvm::all_of(second.getDpsInputOperands(), [&](OpOperand *input) {
           return input->get().getDefiningOp() != first || second.getMatchingIndexingMap(input).isIdentity();
         });
}

struct FuseElementwise : talweg::impl::FuseElementwiseBase<FuseElementwise> {
  using FuseElementwiseBase::FuseElementwiseBase;

  void runOnOperation() override {
    OpBuilder builder(&getContext());
    for (Block *block : talweg::blocksOf(getOperation())) {
      for (GenericOp op : block->getOps<GenericOp>())
        inlineSplats(op, builder);
      inlineIn(*block);
      joinIn(*block);
    }
    RewritePatternSet unused(&getContext());
    linalg::populateEraseUnusedOperandsAndResultsPatterns(unused);
    GreedyRewriteConfig config; // blocks stay as they are
    config.setRegionSimplificationLevel(GreedySimplifyRegionLevel::Disabled);
    if (failed(applyPatternsGreedily(getOperation(), std::move(unused), config)))
      signalPassFailure();
  }

  /// Last op first, so that chains collapse into their end; what is left without readers goes at once, for then those that it
  /// read may have a single one. Nothing behind an op gets another chance by it.
  void inlineIn(Block &block) {
    OpBuilder builder(&getContext());
    SmallVector<Operation *> ops(llvm::make_pointer_range(block));
    for (Operation *op : llvm::reverse(ops)) {
      auto producer = dyn_cast<GenericOp>(op);
      if (producer && isElementwise(producer))
        inlineUses(producer, builder);
      if (isa<talweg::kernel::PlacedOp>(op) && isMemoryEffectFree(op) && op->use_empty())
        op->erase();
    }
  }

  /// A box that several read is not stored: what it takes to compute it at each reader.
  static void tellRepeated(GenericOp producer) {
    const int64_t bytes = talweg::bytesOf(producer.getResult(0).getType());
    auto again = talweg::recomputationOf(producer);
    if (!again || bytes < talweg::kLargeBox)
      return;
    const int64_t readers = producer.getResult(0).getNumUses();
    const int64_t elements = cast<RankedTensorType>(producer.getResult(0).getType()).getNumElements();
    producer.emitRemark() << "computed where it is read, by " << readers << ", and not stored: "
                          << talweg::gainText({double(elements) * again->operations, bytes},
                                              {double(elements * readers) * again->operations, 0});
  }

  void inlineUses(GenericOp producer, OpBuilder &builder) {
    bool all = llvm::all_of(producer->getUses(), [&](OpOperand &use) { return mayInline(producer, use); });
    bool once = producer->hasOneUse();
    if (!isAccess(producer) && !(all && (once || talweg::whyNotRepeated(producer).empty())))
      return;
    if (tells && !once && !isAccess(producer))
      tellRepeated(producer);
    // One use at a time: inlining replaces the consumer, and with it its other uses of the producer.
    while (true) {
      auto uses = producer->getUses();
      auto next = llvm::find_if(uses, [&](OpOperand &use) { return mayInline(producer, use); });
      if (next == uses.end())
        return;
      if (isa<ProductOp>(next->getOwner()))
        readDirectly(producer, *next);
      else
        inlineProducer(producer, *next, builder);
      ++inlined;
    }
  }

  /// Joins what may be joined, last op first. A new op gives those that read it another chance: nothing else behind it.
  void joinIn(Block &block) {
    OpBuilder builder(&getContext());
    auto isLater = [](Operation *a, Operation *b) { return b->isBeforeInBlock(a); };
    std::set<Operation *, decltype(isLater)> open;
    for (GenericOp op : block.getOps<GenericOp>())
      open.insert(op);
    while (!open.empty()) {
      auto second = cast<GenericOp>(open.extract(open.begin()).value());
      GenericOp first = joinableProducer(second);
      if (!first)
        continue;
      open.erase(first);
      GenericOp both = talweg::joinGenerics(first, second, builder);
      ++joined;
      open.insert(both);
      for (Operation *reader : both->getUsers())
        if (isa<GenericOp>(reader) && reader->getBlock() == &block)
          open.insert(reader);
    }
  }

  static GenericOp joinableProducer(GenericOp second) {
    if (isElementwise(second))
      for (OpOperand *input : second.getDpsInputOperands())
        if (auto first = input->get().getDefiningOp<GenericOp>(); first && mayJoin(first, second))
          return first;
    return {};
  }
};

} // namespace
