// Clones an elementwise op's body into an op that reads its result.
#include "InlineProducer.h"

#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using linalg::GenericOp;

namespace talweg {

bool isElementwise(GenericOp op) {
  if (!op.hasPureTensorSemantics() || op.getNumParallelLoops() != op.getNumLoops())
    return false;
  return llvm::all_of(op.getDpsInitsMutable(), [&](OpOperand &init) {
    return op.getMatchingIndexingMap(&init).isIdentity() && !op.payloadUsesValueFromOperand(&init);
  });
}

/// Clones the body of `producer` for the element that `use` reads, and returns its value.
static Value cloneProducer(OpBuilder &builder, Location loc, GenericOp producer, AffineMap useMap, unsigned result,
                           IRMapping &mapping) {
  unsigned loops = useMap.getNumDims();
  for (Operation &op : producer.getBody()->without_terminator()) {
    auto index = dyn_cast<linalg::IndexOp>(op);
    if (!index) {
      builder.clone(op, mapping);
      continue;
    }
    // Position d of the producer is expression d of the use's map.
    SmallVector<Value> dims;
    for (unsigned d = 0; d < loops; ++d)
      dims.push_back(linalg::IndexOp::create(builder, loc, d));
    mapping.map(index.getResult(), affine::expandAffineExpr(builder, loc, useMap.getResult(index.getDim()), dims, {}));
  }
  return mapping.lookupOrDefault(producer.getBody()->getTerminator()->getOperand(result));
}

GenericOp inlineProducer(GenericOp producer, OpOperand &use, OpBuilder &builder) {
  auto consumer = cast<GenericOp>(use.getOwner());
  builder.setInsertionPoint(consumer);
  AffineMap useMap = consumer.getMatchingIndexingMap(&use);
  unsigned slot = use.getOperandNumber();

  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps, outMaps;
  for (OpOperand *input : consumer.getDpsInputOperands()) {
    if (input->getOperandNumber() != slot) {
      inputs.push_back(input->get());
      maps.push_back(consumer.getMatchingIndexingMap(input));
      continue;
    }
    for (OpOperand *own : producer.getDpsInputOperands()) {
      inputs.push_back(own->get());
      maps.push_back(producer.getMatchingIndexingMap(own).compose(useMap));
    }
  }
  for (OpOperand &init : consumer.getDpsInitsMutable())
    outMaps.push_back(consumer.getMatchingIndexingMap(&init));

  // linalg infers the extents of loops from operands: where none shows them any more, an unused one of the old shape stays.
  SmallVector<AffineMap> all(maps);
  all.append(outMaps);
  if (!inversePermutation(concatAffineMaps(all, builder.getContext()))) {
    auto type = cast<RankedTensorType>(use.get().getType());
    inputs.push_back(tensor::EmptyOp::create(builder, producer.getLoc(), type.getShape(), type.getElementType()));
    maps.push_back(useMap);
  }
  unsigned inputCount = inputs.size();
  maps.append(outMaps);

  auto body = [&](OpBuilder &inner, Location loc, ValueRange arguments) {
    IRMapping mapping;
    unsigned at = 0;
    for (OpOperand *input : consumer.getDpsInputOperands()) {
      if (input->getOperandNumber() != slot)
        mapping.map(consumer.getMatchingBlockArgument(input), arguments[at++]);
      else
        for (OpOperand *own : producer.getDpsInputOperands())
          mapping.map(producer.getMatchingBlockArgument(own), arguments[at++]);
    }
    for (auto [index, init] : llvm::enumerate(consumer.getRegionOutputArgs()))
      mapping.map(init, arguments[inputCount + index]);
    unsigned result = cast<OpResult>(use.get()).getResultNumber();
    mapping.map(consumer.getMatchingBlockArgument(&use), cloneProducer(inner, loc, producer, useMap, result, mapping));
    for (Operation &op : *consumer.getBody())
      inner.clone(op, mapping);
  };
  auto fused = GenericOp::create(builder, consumer.getLoc(), consumer.getResultTypes(), inputs, consumer.getDpsInits(),
                                 maps, consumer.getIteratorTypesArray(), body);
  for (GenericOp op : {producer, consumer})
    for (NamedAttribute attribute : op->getDiscardableAttrs())
      fused->setDiscardableAttr(attribute.getName(), attribute.getValue());
  consumer.replaceAllUsesWith(fused.getResults());
  consumer.erase();
  return fused;
}

} // namespace talweg
