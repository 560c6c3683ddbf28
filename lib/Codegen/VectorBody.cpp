// The body of a linalg op on vectors in place of scalars: each op is cloned on operands with lanes.
#include "VectorBody.h"
#include "VectorTools.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace talweg {

Combiner Combiner::of(linalg::GenericOp generic, unsigned result) {
  Combiner combiner;
  combiner.acc = generic.getRegionOutputArgs()[result];
  Operation *op = generic.getBody()->getTerminator()->getOperand(result).getDefiningOp();
  if (!op || op->getNumOperands() != 2 || !combiner.acc.hasOneUse())
    return combiner;
  for (unsigned i : {0u, 1u})
    if (op->getOperand(i) == combiner.acc) {
      combiner.op = op;
      combiner.value = op->getOperand(1 - i);
    }
  return combiner;
}

Value Combiner::apply(OpBuilder &builder, Value x, Value y) const {
  IRMapping mapping;
  mapping.map(acc, x);
  mapping.map(value, y);
  Operation *copy = builder.clone(*op, mapping);
  copy->getResult(0).setType(x.getType());
  return copy->getResult(0);
}

SmallVector<Value> writeOnVectors(OpBuilder &builder, Block *body, int64_t lanes, unsigned vectorLoop,
                                  ArrayRef<Value> inputs, ArrayRef<Value> ivs, ArrayRef<Combiner> combiners) {
  IRMapping mapping;
  for (auto [argument, vector] : llvm::zip(body->getArguments(), inputs))
    if (vector)
      mapping.map(argument, vector);
  auto vectorOf = [&](Value scalar) {
    if (!mapping.contains(scalar))
      mapping.map(scalar, VectorTools(builder, scalar.getLoc()).broadcast(scalar, lanes));
    return mapping.lookup(scalar);
  };
  Location loc = body->getTerminator()->getLoc();
  for (Operation &op : body->without_terminator()) {
    if (llvm::any_of(combiners, [&](const Combiner &combiner) { return combiner.op == &op; }))
      continue;
    if (auto index = dyn_cast<linalg::IndexOp>(op)) {
      Value vector = VectorTools(builder, loc).broadcast(ivs[index.getDim()], lanes);
      if (index.getDim() == vectorLoop && lanes > 1)
        vector = arith::AddIOp::create(builder, loc, vector, VectorTools(builder, loc).counting(lanes));
      mapping.map(index.getResult(), vector);
      continue;
    }
    if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
      auto type = VectorType::get({lanes}, constant.getType());
      Attribute splat = DenseElementsAttr::get(type, constant.getValue());
      mapping.map(constant.getResult(), arith::ConstantOp::create(builder, loc, cast<TypedAttr>(splat)).getResult());
      continue;
    }
    for (Value operand : op.getOperands())
      vectorOf(operand);
    Operation *copy = builder.clone(op, mapping);
    for (auto [result, original] : llvm::zip_equal(copy->getResults(), op.getResults()))
      result.setType(VectorType::get({lanes}, original.getType()));
  }
  SmallVector<Value> results;
  for (const Combiner &combiner : combiners)
    results.push_back(vectorOf(combiner.value));
  if (!combiners.empty())
    return results;
  for (Value value : body->getTerminator()->getOperands())
    results.push_back(vectorOf(value));
  return results;
}

} // namespace talweg
