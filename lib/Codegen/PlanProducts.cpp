// Joins elementwise ops, and sums of all elements (kInTiles), to the products whose results they read, and plans each product with what it
// has then to compute.
#include "EpilogueChoice.h"
#include "Memory.h"
#include "ProductFetch.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"

#define GEN_PASS_DEF_PLANPRODUCTS
#include "talweg/Codegen/Passes.h"

using namespace mlir;
using namespace talweg;
using kernel::ProductOp;
using kernel::ProductPlan;
using linalg::GenericOp;

namespace {

class BlockPlanner {
public:
  BlockPlanner(Block &block, const Target &target) : block(block), target(target), choice(block, target, true) {}

  int64_t fused = 0;

  void run() {
    for (ProductOp product : llvm::to_vector(block.getOps<ProductOp>())) {
      if (!product.isOnTensors())
        continue;
      if (std::optional<Candidate> epilogue = choice.epilogueOf(product))
        join(product, *epilogue);
      else
        setPlan(product, planOf(product, {}, target));
    }
  }

private:
  Block &block;
  const Target &target;
  EpilogueChoice choice;

  void setPlan(ProductOp product, ProductPlan plan) {
    int64_t bytes = 0;
    for (Value operand : product->getOperands().drop_front(2))
      bytes += bytesOf(operand.getType());
    planFetches(plan, bytes, product.getElementType().getIntOrFloatBitWidth() / 8, target.machine);
    product.setPlanAttr(kernel::ProductPlanAttr::get(product.getContext(), plan));
  }

  /// Makes the candidate the epilogue of the product, in the candidate's place.
  void join(ProductOp product, const Candidate &candidate) {
    GenericOp op = candidate.op;
    const ProductPlan &plan = candidate.plan;
    OpBuilder builder(op);
    Value sums = product.getResult(0);
    bool readElsewhere = llvm::any_of(sums.getUsers(), [&](Operation *user) { return user != op; });
    bool kept = readElsewhere || plan.accumulates();
    SmallVector<Value> reads, outs;
    SmallVector<Type> types;
    SmallVector<AffineMap> maps = product.getIndexingMapsArray();
    llvm::append_range(maps, candidate.maps);
    if (kept)
      outs.push_back(product.getOuts()[0]);
    for (OpOperand *read : candidate.reads)
      reads.push_back(read->get());
    for (OpOperand *out : candidate.outs)
      outs.push_back(out->get());
    if (candidate.sums) {
      const SmallVector<int64_t> shape = shapeOfPartials(candidate);
      outs.push_back(tensor::EmptyOp::create(builder, op.getLoc(), shape, product.getElementType()));
      const SmallVector<AffineExpr> first(shape.size(), builder.getAffineConstantExpr(0));
      maps.push_back(AffineMap::get(product.getLoops().size(), 0, first, builder.getContext()));
    }
    for (Value out : outs)
      types.push_back(out.getType());
    auto joined =
        ProductOp::create(builder, product.getLoc(), types, product.getLoops(), builder.getAffineMapArrayAttr(maps),
                          product.getLeft(), product.getRight(), reads, outs, candidate.sums,
                          /*scratch_sums=*/kept && !readElsewhere, kernel::ProductPlanAttr());
    setPlan(joined, plan);
    joined->setDiscardableAttrs(product->getDiscardableAttrDictionary());
    writeBody(joined, candidate);
    ValueRange results = candidate.sums ? sumUp(joined.getResults().back(), op) : joined.getResults().drop_front(kept);
    replace(op, results);
    if (kept)
      replace(product, joined.getResults().take_front());
    else
      product.erase();
    ++fused;
  }

  static void writeBody(ProductOp joined, const Candidate &candidate) {
    GenericOp op = candidate.op;
    OpBuilder builder(joined.getContext());
    Block *body = builder.createBlock(&joined.getEpilogue());
    IRMapping mapping;
    Value sum = body->addArgument(joined.getElementType(), op.getLoc());
    for (OpOperand *result : candidate.results)
      mapping.map(op.getMatchingBlockArgument(result), sum);
    for (OpOperand *read : candidate.reads)
      mapping.map(op.getMatchingBlockArgument(read),
                  body->addArgument(getElementTypeOrSelf(read->get()), read->get().getLoc()));
    Operation *total = candidate.sums ? op.getBody()->getTerminator()->getOperand(0).getDefiningOp() : nullptr;
    for (Operation &inner : op.getBody()->without_terminator())
      if (&inner != total)
        builder.clone(inner, mapping);
    SmallVector<Value> values;
    for (Value value : total ? total->getOperands() : op.getBody()->getTerminator()->getOperands())
      if (!total || value != op.getRegionOutputArgs()[0])
        values.push_back(mapping.lookupOrDefault(value));
    kernel::YieldOp::create(builder, op.getLoc(), values);
  }

  /// The sum of the partial sums, in the place of `op`.
  static ValueRange sumUp(Value partials, GenericOp op) {
    OpBuilder builder(op);
    const auto rank = unsigned(cast<ShapedType>(partials.getType()).getRank());
    SmallVector<utils::IteratorType> iterators{utils::IteratorType::reduction, utils::IteratorType::parallel};
    iterators.resize(rank);
    const AffineMap all = builder.getMultiDimIdentityMap(rank);
    SmallVector<AffineMap> maps{all, all.getMinorSubMap(rank - 1)};
    if (rank == 1)
      maps[1] = AffineMap::get(1, 0, builder.getContext());
    auto total = GenericOp::create(builder, op.getLoc(), op.getResultTypes(), partials, op.getDpsInits()[0], maps,
                                   iterators, [](OpBuilder &inner, Location loc, ValueRange x) {
                                     Value sum = arith::AddFOp::create(inner, loc, x[1], x[0]);
                                     linalg::YieldOp::create(inner, loc, sum);
                                   });
    return total.getResults();
  }

  void replace(Operation *op, ValueRange with) {
    for (auto [result, value] : llvm::zip_equal(op->getResults(), with))
      choice.replace(result, value);
    op->replaceAllUsesWith(with);
    op->erase();
  }
};

struct PlanProducts : talweg::impl::PlanProductsBase<PlanProducts> {
  using PlanProductsBase::PlanProductsBase;

  void runOnOperation() override {
    for (Block *block : blocksOf(getOperation())) {
      BlockPlanner planner(*block, target);
      planner.run();
      fused += planner.fused;
    }
  }
};

} // namespace
