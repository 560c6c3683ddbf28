// Makes one linalg.generic of two.
#include "JoinGenerics.h"

#include "mlir/IR/IRMapping.h"

using namespace mlir;
using linalg::GenericOp;

GenericOp talweg::joinGenerics(GenericOp first, GenericOp second, OpBuilder &builder) {
  builder.setInsertionPoint(second);
  SmallVector<Value> inputs, inits;
  SmallVector<AffineMap> maps, outMaps;
  SmallVector<Type> types;
  SmallVector<std::pair<BlockArgument, unsigned>> fromInput, fromFirst;
  for (GenericOp op : {first, second}) {
    for (OpOperand *input : op.getDpsInputOperands()) {
      BlockArgument argument = op.getMatchingBlockArgument(input);
      if (input->get().getDefiningOp() == first) {
        fromFirst.push_back({argument, cast<OpResult>(input->get()).getResultNumber()});
        continue;
      }
      AffineMap map = op.getMatchingIndexingMap(input);
      unsigned at = 0;
      while (at < inputs.size() && (inputs[at] != input->get() || maps[at] != map))
        ++at;
      if (at == inputs.size()) {
        inputs.push_back(input->get());
        maps.push_back(map);
      }
      fromInput.push_back({argument, at});
    }
    for (OpOperand &init : op.getDpsInitsMutable()) {
      inits.push_back(init.get());
      outMaps.push_back(op.getMatchingIndexingMap(&init));
    }
    llvm::append_range(types, op.getResultTypes());
  }
  maps.append(outMaps);

  auto body = [&](OpBuilder &inner, Location loc, ValueRange arguments) {
    IRMapping mapping;
    ValueRange combined = arguments.drop_front(inputs.size());
    for (GenericOp op : {first, second})
      for (BlockArgument argument : op.getRegionOutputArgs()) {
        mapping.map(argument, combined.front());
        combined = combined.drop_front();
      }
    for (auto [argument, at] : fromInput)
      mapping.map(argument, arguments[at]);
    SmallVector<Value> results;
    for (GenericOp op : {first, second}) {
      for (Operation &own : op.getBody()->without_terminator())
        inner.clone(own, mapping);
      for (Value value : op.getBody()->getTerminator()->getOperands())
        results.push_back(mapping.lookupOrDefault(value));
      if (op == first)
        for (auto [argument, result] : fromFirst)
          mapping.map(argument, results[result]);
    }
    linalg::YieldOp::create(inner, loc, results);
  };
  auto joined =
      GenericOp::create(builder, second.getLoc(), types, inputs, inits, maps, second.getIteratorTypesArray(), body);
  first.replaceAllUsesWith(joined.getResults().take_front(first.getNumResults()));
  second.replaceAllUsesWith(joined.getResults().drop_front(first.getNumResults()));
  second.erase();
  first.erase();
  return joined;
}
