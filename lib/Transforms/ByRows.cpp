// Takes dimensions of rows off ops.
#include "ByRows.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace talweg {

static RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

bool byrows::areFirst(AffineMap map, ArrayRef<unsigned> dims) {
  auto isOther = [&](AffineExpr expr) {
    return llvm::none_of(dims, [&](unsigned dim) { return expr.isFunctionOfDim(dim); });
  };
  ArrayRef<AffineExpr> results = map.getResults();
  return results.size() >= dims.size() && llvm::all_of(results.drop_front(dims.size()), isOther) &&
         llvm::all_of(llvm::enumerate(dims), [&](auto dim) {
           return results[dim.index()] == getAffineDimExpr(dim.value(), map.getContext());
         });
}

std::optional<SmallVector<unsigned>> byrows::rowLoops(tw::ContractOp op, unsigned depth) {
  SmallVector<unsigned> loops;
  for (AffineExpr result : op.getYMap().getResults().take_front(depth))
    if (auto loop = dyn_cast<AffineDimExpr>(result))
      loops.push_back(loop.getPosition());
  auto areRows = [&](AffineMap map) { return areFirst(map, loops); };
  if (loops.size() != depth || !areRows(op.getAMap()) || !areRows(op.getBMap()) || !areRows(op.getYMap()))
    return std::nullopt;
  return loops;
}

RankedTensorType byrows::rowOf(Type type, unsigned depth) {
  auto all = cast<RankedTensorType>(type);
  return all.clone(all.getShape().drop_front(depth));
}

RankedTensorType byrows::stackOf(Type type, unsigned depth) {
  RankedTensorType row = rowOf(type, depth);
  return tw::stackOf(row, cast<RankedTensorType>(type).getNumElements() / row.getNumElements());
}

/// `map` without loops or dimensions `rows`, and without its first results, if they are the rows.
static AffineMap withoutRows(AffineMap map, ArrayRef<unsigned> rows) {
  MLIRContext *context = map.getContext();
  SmallVector<AffineExpr> others;
  unsigned left = 0;
  for (unsigned dim = 0; dim < map.getNumDims(); ++dim)
    others.push_back(llvm::is_contained(rows, dim) ? getAffineConstantExpr(0, context)
                                                   : getAffineDimExpr(left++, context));
  ArrayRef<AffineExpr> results = map.getResults();
  if (byrows::areFirst(map, rows))
    results = results.drop_front(rows.size());
  return AffineMap::get(map.getNumDims(), 0, results, context).replaceDimsAndSymbols(others, {}, left, 0);
}

std::optional<SmallVector<bool>> byrows::readByRows(Operation *op, unsigned depth) {
  if (op->getNumResults() != 1 || op->getNumRegions() > 0)
    return std::nullopt;
  auto all = [&](bool known) {
    return known ? std::optional(SmallVector<bool>(op->getNumOperands(), true)) : std::nullopt;
  };
  if (typeOf(op->getResult(0)).getRank() < depth)
    return std::nullopt;
  const auto rows = llvm::to_vector(llvm::seq(depth));
  if (op->hasTrait<tw::Elementwise>() || isa<tw::StopGradientOp, tw::WatchOp>(op))
    return all(true);
  return llvm::TypeSwitch<Operation *, std::optional<SmallVector<bool>>>(op)
      .Case([&](tw::ConstantOp constant) { return all(isa<SplatElementsAttr>(constant.getValueAttr())); })
      .Case([&](tw::ReduceOp reduce) {
        return all(llvm::all_of(reduce.getDims(), [&](int64_t dim) { return dim >= depth; }));
      })
      .Case([&](tw::ReshapeOp reshape) {
        return all(typeOf(reshape.getX()).getRank() >= depth &&
                   typeOf(reshape.getX()).getShape().take_front(depth) ==
                       typeOf(reshape.getY()).getShape().take_front(depth));
      })
      .Case([&](tw::ContractOp contract) { return all(rowLoops(contract, depth).has_value()); })
      .Case([&](tw::WindowOp window) -> std::optional<SmallVector<bool>> {
        if (llvm::none_of(rows, [&](unsigned dim) { return window.getMap().isFunctionOfDim(dim); }))
          return SmallVector<bool>{false};
        return all(areFirst(window.getMap(), rows));
      })
      // A row's are those that it has of all rows' random numbers.
      .Case([](tw::UniformOp uniform) { return SmallVector<bool>(uniform->getNumOperands(), false); })
      .Default([](Operation *) { return std::nullopt; });
}

Value byrows::inRow(ImplicitLocOpBuilder &b, Operation *op, unsigned depth, ValueRange operands, Value turn) {
  RankedTensorType type = rowOf(op->getResult(0).getType(), depth);
  if (auto uniform = dyn_cast<tw::UniformOp>(op)) {
    tw::UniformOp::Adaptor own(operands, uniform);
    auto number = RankedTensorType::get({}, b.getI64Type());
    Value count = tw::ConstantOp::create(b, DenseElementsAttr::get(number, type.getNumElements()));
    Value first = tw::MulOp::create(b, tw::ConvertOp::create(b, number, turn), count);
    if (own.getFirst())
      first = tw::AddOp::create(b, own.getFirst(), first);
    return tw::UniformOp::create(b, type, own.getKey(), uniform.getStreamAttr(), first, own.getFurther(),
                                 own.getTurn());
  }
  if (auto constant = dyn_cast<tw::ConstantOp>(op)) {
    auto splat = cast<SplatElementsAttr>(constant.getValueAttr());
    return tw::ConstantOp::create(b, DenseElementsAttr::get(type, splat.getSplatValue<Attribute>()));
  }
  if (auto reduce = dyn_cast<tw::ReduceOp>(op)) {
    auto dims = llvm::map_to_vector(reduce.getDims(), [&](int64_t dim) { return dim - depth; });
    return tw::ReduceOp::create(b, type, reduce.getKind(), operands[0], dims);
  }
  if (auto contract = dyn_cast<tw::ContractOp>(op)) {
    const auto rows = *rowLoops(contract, depth);
    SmallVector<int64_t> extents;
    for (auto [loop, extent] : llvm::enumerate(contract.getExtents()))
      if (!llvm::is_contained(rows, loop))
        extents.push_back(extent);
    return tw::ContractOp::create(b, type, operands[0], operands[1], extents, withoutRows(contract.getAMap(), rows),
                                  withoutRows(contract.getBMap(), rows), withoutRows(contract.getYMap(), rows));
  }
  if (auto window = dyn_cast<tw::WindowOp>(op))
    return tw::WindowOp::create(b, type, operands[0], withoutRows(window.getMap(), llvm::to_vector(llvm::seq(depth))));
  OperationState state(op->getLoc(), op->getName(), operands, type);
  state.addAttributes(llvm::to_vector(op->getDiscardableAttrs()));
  state.propertiesAttr = op->getPropertiesAsAttribute();
  return b.create(state)->getResult(0);
}

} // namespace talweg
