// Lets what is padded be computed in its place between the padding.
//
// In: linalg on tensors, elementwise ops fused. Where an elementwise op has one result, x, and p is x between elements of one value, all that reads x
// reads p instead, and p computes x. Out: every value is the same to the bit; x is no tensor of its own, and is not copied.
#include "Access.h"
#include "InlineProducer.h"
#include "talweg/Dialect/Kernel/Kernel.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#define GEN_PASS_DEF_PLACEINPADDING
#include "talweg/Codegen/Passes.h"

using namespace mlir;
using namespace talweg;
using linalg::GenericOp;

namespace {

/// The map to x's place in the result, if `op` is x between elements of one value: the sum of these and of x, which reaches each once.
std::optional<AffineMap> placeOf(GenericOp op) {
  if (op.getNumDpsInputs() != 1 || op.getNumDpsInits() != 1 ||
      !op.getMatchingIndexingMap(op.getDpsInputOperand(0)).isIdentity() ||
      !op.getDpsInits()[0].getDefiningOp<linalg::FillOp>())
    return std::nullopt;
  Block &body = *op.getBody();
  auto sum = dyn_cast_or_null<arith::AddFOp>(body.getTerminator()->getOperand(0).getDefiningOp());
  if (!sum || &body.front() != sum || !llvm::is_contained(sum->getOperands(), body.getArgument(0)) ||
      !llvm::is_contained(sum->getOperands(), body.getArgument(1)))
    return std::nullopt;
  AffineMap map = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  if (map.getNumDims() != map.getNumResults())
    return std::nullopt;
  for (auto [dim, expr] : llvm::enumerate(map.getResults()))
    if (!isa<AffineConstantExpr>(expr - getAffineDimExpr(unsigned(dim), op.getContext())))
      return std::nullopt;
  return map;
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
  // linalg infers the extents of loops from operands: where none shows them any more, an unused one of the old shape stays.
  auto generic = cast<GenericOp>(use.getOwner());
  Value old = use.get();
  use.set(padded);
  generic.setIndexingMapsAttr(arrayOf());
  SmallVector<AffineMap> now = generic.getIndexingMapsArray();
  if (inversePermutation(concatAffineMaps(now, padded.getContext())))
    return;
  OpBuilder builder(generic);
  auto type = cast<RankedTensorType>(old.getType());
  Value shape = tensor::EmptyOp::create(builder, generic.getLoc(), type.getShape(), type.getElementType());
  const unsigned inputs = unsigned(generic.getNumDpsInputs());
  generic.getInputsMutable().append(shape);
  generic.getBody()->insertArgument(inputs, type.getElementType(), generic.getLoc());
  all.insert(all.begin() + inputs, AffineMapAttr::get(own));
  generic.setIndexingMapsAttr(arrayOf());
}

struct PlaceInPadding : talweg::impl::PlaceInPaddingBase<PlaceInPadding> {
  void runOnOperation() override {
    for (Block *block : blocksOf(getOperation()))
      for (GenericOp op : llvm::to_vector(block->getOps<GenericOp>()))
        if (std::optional<AffineMap> place = placeOf(op))
          placed += computeIn(op, *place);
  }

  static bool computeIn(GenericOp pad, AffineMap place) {
    OpOperand &own = *pad.getDpsInputOperand(0);
    auto producer = own.get().getDefiningOp<GenericOp>();
    if (!producer || producer->getNumResults() != 1 || producer->getBlock() != pad->getBlock() ||
        !isElementwise(producer))
      return false;
    // A reader may get further operands, which moves those that it has.
    SmallVector<std::pair<Operation *, unsigned>> others;
    for (OpOperand &use : own.get().getUses()) {
      if (&use == &own)
        continue;
      if (!mayReadElsewhere(use, pad->getBlock()))
        return false;
      others.push_back({use.getOwner(), use.getOperandNumber()});
    }
    OpBuilder builder(producer);
    builder.setInsertionPointAfter(producer);
    auto fill = pad.getDpsInits()[0].getDefiningOp<linalg::FillOp>();
    Value empty =
        tensor::EmptyOp::create(builder, pad.getLoc(), cast<RankedTensorType>(pad.getResultTypes()[0]).getShape(),
                                getElementTypeOrSelf(pad.getResultTypes()[0]));
    Value literal = fill.getInputs()[0];
    if (Operation *constant = literal.getDefiningOp(); constant && !constant->isBeforeInBlock(producer))
      return false;
    pad.getDpsInitsMutable()[0].set(linalg::FillOp::create(builder, fill.getLoc(), literal, empty).getResult(0));
    pad->moveAfter(pad.getDpsInits()[0].getDefiningOp());
    for (auto [reader, number] : others)
      readElsewhere(reader->getOpOperand(number), pad.getResult(0), place);
    inlineProducer(producer, own, builder);
    producer.erase();
    return true;
  }
};

} // namespace
