// Recognizes epilogues by their accesses, and says why an op is none.
#include "EpilogueChoice.h"

#include "Cycles.h"
#include "Epilogue.h"
#include "Memory.h"
#include "ProductEstimate.h"
#include "ReductionOrder.h"
#include "talweg/Codegen/Attributes.h"

#include "mlir/Analysis/FlatLinearValueConstraints.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using linalg::GenericOp;

namespace talweg {

using kernel::ProductOp;
using kernel::ProductPlan;

/// True if every result of `map` is a sum of loops with factors.
static bool isLinear(AffineMap map) {
  return llvm::all_of(map.getResults(), [&](AffineExpr expr) {
    SmallVector<int64_t> flattened; // dims, symbols, locals of divisions, constant
    return expr.isPureAffine() && succeeded(getFlattenedAffineExpr(expr, map.getNumDims(), 0, &flattened)) &&
           flattened.size() == map.getNumDims() + 1 && flattened.back() == 0;
  });
}

static int64_t elementsOf(Value tensor) { return cast<ShapedType>(tensor.getType()).getNumElements(); }

SmallVector<Access> Candidate::accesses() const {
  SmallVector<Access> all;
  for (auto [i, operand] : llvm::enumerate(llvm::concat<OpOperand *const>(reads, outs)))
    all.push_back(linearize(maps[i], cast<ShapedType>(operand->get().getType()).getShape()));
  return all;
}

SmallVector<int64_t> shapeOfPartials(const Candidate &candidate) {
  const ProductPlan &plan = candidate.plan;
  if (isColumnSum(candidate.op))
    return {plan.tiles() / plan.panels(), plan.n.extent};
  return {plan.tiles()};
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
  candidate.sums = isTotal(op) || isColumnSum(op);
  if (!isParallel(op) && !candidate.sums)
    return refuse("it is a reduction");
  if (op.hasIndexSemantics())
    return refuse("it needs the positions of elements");
  if (!candidate.sums &&
      llvm::any_of(op.getDpsInitsMutable(), [&](OpOperand &init) { return op.payloadUsesValueFromOperand(&init); }))
    return refuse("it adds to elements of its result");
  if (!isLinear(product.getSumMap()))
    return refuse("the product's result is written through divisions of its indices");
  if (!product.sumsInOnePlace())
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

void EpilogueChoice::tellApart(Operation *op, StringRef reason) {
  if (tells)
    op->emitRemark("computed in a pass of its own over memory, not in the registers of the product that it reads: ")
        << reason;
}

/// The first op behind `from` that reads the product's result, through reshapes too.
Operation *EpilogueChoice::nextReader(ProductOp product, Operation *from) {
  Operation *next = nullptr;
  SmallVector<Value> shown{product.getResult(0)};
  while (!shown.empty())
    for (Operation *user : shown.pop_back_val().getUsers()) {
      Operation *reader = block.findAncestorOpInBlock(*user);
      if (buffers::isReshape(user))
        shown.push_back(user->getResult(0));
      else if (from->isBeforeInBlock(reader) && (!next || reader->isBeforeInBlock(next)))
        next = reader;
    }
  return next;
}

std::optional<Candidate> EpilogueChoice::epilogueOf(ProductOp product) {
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
      tellApart(next, "a sum of all that the product gives comes first, as where gradients are clipped by their norm");
  if (!isParallel(op) && !op->hasAttr(attributes::kInTiles))
    return std::nullopt;
  std::string reason;
  std::optional<Candidate> candidate = candidateOf(product, op, reason);
  if (candidate) {
    candidate->plan = planOf(product, candidate->accesses(), target);
    reason = refusal(product, *candidate);
    if (reason.empty() && shortensTiles(product, candidate->accesses()))
      reason = "its operands lie so that the product's tiles would be shorter, which takes longer than a pass";
  }
  if (reason.empty())
    return candidate;
  tellApart(op, reason);
  return std::nullopt;
}

/// True if tiles that also follow what an epilogue reads and writes, as between padding, take longer by more than it does to write all sums and read
/// them again.
bool EpilogueChoice::shortensTiles(ProductOp product, ArrayRef<Access> accesses) const {
  return cyclesAnywhere(product, accesses, target) - cyclesAnywhere(product, {}, target) >
         cycles::ofBytes(2.0 * double(bytesOf(product.getResult(0).getType())));
}

/// Why `candidate` is not computed in the product's registers; empty: it is.
std::string EpilogueChoice::refusal(ProductOp product, const Candidate &candidate) {
  GenericOp op = candidate.op;
  auto overwritesFactor = [&](Operation *writer) {
    return buffers.overwrites(writer, product.getLeft()) || buffers.overwrites(writer, product.getRight());
  };
  if (overwritesFactor(op))
    return "it overwrites an operand of the product";
  for (Operation *between = product->getNextNode(); between != op; between = between->getNextNode()) {
    bool isKnown = isa<kernel::PlacedOp, linalg::FillOp, bufferization::MaterializeInDestinationOp,
                       bufferization::ToTensorOp, memref::AllocOp, memref::LoadOp>(between);
    if (overwritesFactor(between) || !(isKnown || (between->getNumRegions() == 0 && isMemoryEffectFree(between))))
      return "an op between them changes what the product reads";
  }
  return refusedByPlan(candidate);
}

/// Why the plan cannot take this epilogue, or would make it slower; empty if it can.
std::string EpilogueChoice::refusedByPlan(const Candidate &candidate) {
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
  if (isColumnSum(candidate.op)) {
    const int64_t columns = elementsOf(GenericOp(candidate.op).getDpsInits()[0]);
    auto movesWithin = [&](const kernel::Loop &loop) { return loop.c % columns != 0; };
    if (plan.lanes == 1 || plan.n.c != 1 || plan.n.extent != columns || movesWithin(plan.m) ||
        llvm::any_of(plan.outer, movesWithin))
      return "the columns that it sums do not lie along the product's lanes";
  }
  if (candidate.sums)
    return "";
  SmallVector<Value> operands;
  for (OpOperand *read : candidate.reads)
    operands.push_back(read->get());
  llvm::append_range(operands, GenericOp(candidate.op)->getResults());
  Streams streams = Streams::of(operands, elementsOf(candidate.results[0]->get()),
                                [&](Value a, Value b) { return a == b || buffers.meet(a, b); });
  bool tileIsOneRun = plan.m.c == plan.n.extent && plan.n.extent <= plan.panel();
  if (streams.count >= Streams::many && plan.accumulates())
    return "the product is summed in blocks, and only the last would compute it";
  constexpr int64_t manyRegisters = 16; // of a row: the last may be partly empty
  if (streams.count >= 2 && plan.n.extent % plan.lanes != 0 && plan.n.extent < manyRegisters * plan.lanes)
    return "its operands would be read in registers that are partly empty";
  if (streams.count >= Streams::many && streams.bytes > cached && !tileIsOneRun)
    return "its operands do not fit the caches, and a tile of them is not one run of memory";
  return "";
}

} // namespace talweg
