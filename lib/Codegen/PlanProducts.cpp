// Joins elementwise ops, and sums of all elements (kInTiles), to the products whose results they read, and plans each product with what it
// has then to compute.
//
// In: linalg and products on tensors. Out: an op that could be computed on the tiles of a product in registers is its epilogue; every product
// has its plan. An elementwise op that directly reads a product and is not joined to it gets a remark with the reason.
#include "BufferPlan.h"
#include "Epilogue.h"
#include "PlanProduct.h"
#include "ReductionOrder.h"
#include "talweg/Codegen/Attributes.h"
#include "talweg/Codegen/Passes.h"

#include "mlir/Analysis/FlatLinearValueConstraints.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"

#include <optional>

namespace talweg {
#define GEN_PASS_DEF_PLANPRODUCTS
#include "talweg/Codegen/Passes.h.inc"
} // namespace talweg

using namespace mlir;
using namespace talweg;
using kernel::ProductOp;
using kernel::ProductPlan;
using linalg::GenericOp;

namespace {

/// True if every result of `map` is a sum of loops with factors.
bool isLinear(AffineMap map) {
  return llvm::all_of(map.getResults(), [&](AffineExpr expr) {
    SmallVector<int64_t> flattened; // dims, symbols, locals of divisions, constant
    return expr.isPureAffine() && succeeded(getFlattenedAffineExpr(expr, map.getNumDims(), 0, &flattened)) &&
           flattened.size() == map.getNumDims() + 1 && flattened.back() == 0;
  });
}

int64_t elementsOf(Value tensor) { return cast<ShapedType>(tensor.getType()).getNumElements(); }

/// An op that may become the epilogue of a product.
struct Candidate {
  GenericOp op;
  bool sums = false;                    ///< it is the sum of all that the product gives
  SmallVector<OpOperand *> results;     ///< its operands that read the product's result
  SmallVector<OpOperand *> reads, outs; ///< the others, in its order
  SmallVector<AffineMap> maps;          ///< of reads and outs, by the loops of the product
  ProductPlan plan;                     ///< of the product with it

  SmallVector<Access> accesses() const {
    SmallVector<Access> all;
    for (auto [i, operand] : llvm::enumerate(llvm::concat<OpOperand *const>(reads, outs)))
      all.push_back(linearize(maps[i], cast<ShapedType>(operand->get().getType()).getShape()));
    return all;
  }
};

class BlockPlanner {
public:
  BlockPlanner(Block &block, const Target &target) : block(block), target(target), program(block), buffers(program) {}

  int64_t fused = 0;

  void run() {
    for (ProductOp product : llvm::to_vector(block.getOps<ProductOp>())) {
      if (!product.isOnTensors())
        continue;
      if (std::optional<Candidate> epilogue = epilogueFor(product))
        join(product, *epilogue);
      else
        product.setPlanAttr(kernel::ProductPlanAttr::get(product.getContext(), planOf(product, {}, target)));
    }
  }

private:
  Block &block;
  const Target &target;
  buffers::BlockProgram program;
  buffers::BufferPlan buffers; ///< where everything would be if nothing were joined

  static void tellApart(Operation *op, StringRef reason) {
    op->emitRemark("computed in a pass of its own over memory, not in the registers of the product that it reads: ")
        << reason;
  }

  /// The first op behind `from` that reads the product's result, through reshapes too.
  Operation *nextReader(ProductOp product, Operation *from) {
    Operation *next = nullptr;
    SmallVector<Value> shown{product.getResult(0)};
    while (!shown.empty())
      for (Operation *user : shown.pop_back_val().getUsers()) {
        Operation *reader = block.findAncestorOpInBlock(*user);
        if (isa<tensor::CollapseShapeOp, tensor::ExpandShapeOp>(user))
          shown.push_back(user->getResult(0));
        else if (from->isBeforeInBlock(reader) && (!next || reader->isBeforeInBlock(next)))
          next = reader;
      }
    return next;
  }

  std::optional<Candidate> epilogueFor(ProductOp product) {
    Operation *reader = nextReader(product, product);
    if (auto joined = dyn_cast_or_null<ProductOp>(reader);
        joined && llvm::is_contained(joined.getReads(), product.getResult(0)))
      tellApart(joined.getEpilogue().front().getTerminator(),
                "it is computed in the registers of another product that it reads");
    auto op = dyn_cast_or_null<GenericOp>(reader);
    if (!op)
      return std::nullopt;
    if (isTotal(op))
      if (auto next = dyn_cast_or_null<GenericOp>(nextReader(product, op)); next && isParallel(next))
        tellApart(next,
                  "a sum of all that the product gives comes first, as where gradients are clipped by their norm");
    if (!isParallel(op) && !op->hasAttr(attributes::kInTiles))
      return std::nullopt;
    std::string reason;
    std::optional<Candidate> candidate = candidateOf(product, op, reason);
    if (candidate) {
      candidate->plan = planOf(product, candidate->accesses(), target);
      reason = refusal(product, *candidate);
    }
    if (reason.empty())
      return candidate;
    tellApart(op, reason);
    return std::nullopt;
  }

  /// `op` as an epilogue; nothing and a reason: its form is not one.
  static std::optional<Candidate> candidateOf(ProductOp product, GenericOp op, std::string &reason) {
    auto refuse = [&](StringRef why) -> std::optional<Candidate> {
      reason = why.str();
      return std::nullopt;
    };
    Value result = product.getResult(0);
    Candidate candidate;
    candidate.op = op;
    candidate.sums = isTotal(op);
    if (!isParallel(op) && !candidate.sums)
      return refuse("it is a reduction");
    if (op.hasIndexSemantics())
      return refuse("it needs the positions of elements");
    if (!candidate.sums &&
        llvm::any_of(op.getDpsInitsMutable(), [&](OpOperand &init) { return op.payloadUsesValueFromOperand(&init); }))
      return refuse("it adds to elements of its result");
    if (!isLinear(product.getSumMap()))
      return refuse("the product's result is written through divisions of its indices");
    int64_t elements = 1;
    for (auto [loop, extent] : llvm::enumerate(product.getLoops()))
      elements *= product.isSummed(loop) ? 1 : extent;
    if (elements != elementsOf(result))
      return refuse("the product sums into elements from several places");

    AffineMap map; // loops of op → dimensions of the result
    for (OpOperand *input : op.getDpsInputOperands()) {
      if (!op.payloadUsesValueFromOperand(input))
        continue;
      if (buffers::withoutReshapes(input->get()) != result) {
        candidate.reads.push_back(input);
        continue;
      }
      if (input->get() != result)
        return refuse("it reads the product's result in another shape");
      candidate.results.push_back(input);
      AffineMap own = op.getMatchingIndexingMap(input);
      if (!own.isPermutation() || (map && map != own))
        return refuse("it reads the product's result in another order");
      map = own;
    }
    if (candidate.results.empty())
      return refuse("it does not read the product's result");
    if (candidate.sums && !candidate.reads.empty())
      return refuse("it sums what the product does not give");
    if (candidate.sums)
      return candidate;
    for (OpOperand &init : op.getDpsInitsMutable())
      candidate.outs.push_back(&init);
    AffineMap toLoops = inversePermutation(map).compose(product.getSumMap());
    for (OpOperand *operand : llvm::concat<OpOperand *>(candidate.reads, candidate.outs))
      candidate.maps.push_back(op.getMatchingIndexingMap(operand).compose(toLoops));
    return candidate;
  }

  /// Why `candidate` is not computed in the product's registers; empty: it is.
  std::string refusal(ProductOp product, const Candidate &candidate) {
    GenericOp op = candidate.op;
    auto overwritesFactor = [&](Operation *writer) {
      return buffers.overwrites(writer, product.getLeft()) || buffers.overwrites(writer, product.getRight());
    };
    if (overwritesFactor(op))
      return "it overwrites an operand of the product";
    for (Operation *between = product->getNextNode(); between != op; between = between->getNextNode()) {
      bool isKnown = isa<kernel::PlacedOp, bufferization::MaterializeInDestinationOp, bufferization::ToTensorOp,
                         memref::AllocOp, memref::LoadOp>(between);
      if (overwritesFactor(between) || !(isKnown || (between->getNumRegions() == 0 && isMemoryEffectFree(between))))
        return "an op between them changes what the product reads";
    }
    return refusedByPlan(candidate);
  }

  /// Why the plan cannot take this epilogue, or would make it slower; empty if it can.
  std::string refusedByPlan(const Candidate &candidate) {
    // An op that passes over many memories, such as a parameter's update, wants whole registers and long runs: a tile of separate rows
    // touches as many runs at once as it has rows, in each of them. (Measured; see docs/Rationale.md.)
    constexpr int64_t cached = 1 << 20;
    const ProductPlan &plan = candidate.plan;
    if (!plan.scatter.empty())
      return "the product sums into elements from several places";
    if (plan.visits() > longestChain)
      return "the product's sum is so long that it is added up in groups";
    if (plan.dot)
      return "the product's lanes run along its sum";
    for (int64_t step : plan.n.e)
      if (plan.lanes > 1 && step != 0 && step != 1)
        return "one of its operands lies across the product's lanes";
    if (candidate.sums)
      return "";
    SmallVector<Value> operands;
    for (OpOperand *read : candidate.reads)
      operands.push_back(read->get());
    llvm::append_range(operands, GenericOp(candidate.op)->getResults());
    Streams streams = Streams::of(operands, elementsOf(operands.back()),
                                  [&](Value a, Value b) { return a == b || buffers.meet(a, b); });
    bool tileIsOneRun = plan.m.c == plan.n.extent && plan.n.extent <= plan.panel();
    if (streams.count >= Streams::many && plan.accumulates())
      return "the product is summed in blocks, and only the last would compute it";
    if (streams.count >= 2 && plan.n.extent % plan.lanes != 0)
      return "its operands would be read in registers that are partly empty";
    if (streams.count >= Streams::many && streams.bytes > cached && !tileIsOneRun)
      return "its operands do not fit the caches, and a tile of them is not one run of memory";
    return "";
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
    SmallVector<AffineMap> maps;
    for (Attribute map : product.getMaps())
      maps.push_back(cast<AffineMapAttr>(map).getValue());
    llvm::append_range(maps, candidate.maps);
    if (kept)
      outs.push_back(product.getOuts()[0]);
    for (OpOperand *read : candidate.reads)
      reads.push_back(read->get());
    for (OpOperand *out : candidate.outs)
      outs.push_back(out->get());
    if (candidate.sums) {
      Value partials = tensor::EmptyOp::create(builder, op.getLoc(), plan.tiles(), product.getElementType());
      outs.push_back(partials);
      maps.push_back(AffineMap::get(product.getLoops().size(), 0, builder.getAffineConstantExpr(0)));
    }
    for (Value out : outs)
      types.push_back(out.getType());
    auto joined = ProductOp::create(builder, product.getLoc(), types, product.getLoops(),
                                    builder.getAffineMapArrayAttr(maps), product.getLeft(), product.getRight(), reads,
                                    outs, candidate.sums, /*scratch_sums=*/kept && !readElsewhere,
                                    kernel::ProductPlanAttr::get(builder.getContext(), plan));
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
    SmallVector<AffineMap> maps{builder.getDimIdentityMap(), AffineMap::get(1, 0, builder.getContext())};
    auto total = GenericOp::create(builder, op.getLoc(), op.getResultTypes(), partials, op.getDpsInits()[0], maps,
                                   utils::IteratorType::reduction, [](OpBuilder &inner, Location loc, ValueRange x) {
                                     Value sum = arith::AddFOp::create(inner, loc, x[1], x[0]);
                                     linalg::YieldOp::create(inner, loc, sum);
                                   });
    return total.getResults();
  }

  void replace(Operation *op, ValueRange with) {
    for (auto [result, value] : llvm::zip_equal(op->getResults(), with))
      program.replace(result, value);
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
