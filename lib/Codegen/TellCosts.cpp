// Tells what a step has to pay for: large tensors that lie in memory, with what keeps them there, and products that are slow by estimate.
#include "Access.h"
#include "BufferProgram.h"
#include "InlineProducer.h"
#include "Memory.h"
#include "ProductEstimate.h"
#include "Recomputation.h"
#include "RegionFacts.h"
#include "talweg/Support/Gain.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

#include "llvm/Support/Format.h"

#define GEN_PASS_DEF_TELLCOSTS
#include "talweg/Codegen/Passes.h"

using namespace mlir;
using linalg::GenericOp;
using talweg::kernel::PlacedOp;
using talweg::kernel::ProductOp;

namespace {

constexpr double kSlow = 0.1; ///< of the limit

std::string textOf(Type type) {
  auto shaped = cast<ShapedType>(type);
  std::string text;
  llvm::raw_string_ostream stream(text);
  llvm::interleave(shaped.getShape(), stream, "x");
  stream << " of " << shaped.getElementType();
  return text;
}

/// What reads a tensor, through reshapes too.
SmallVector<OpOperand *> readersOf(Value tensor) {
  SmallVector<OpOperand *> readers;
  for (OpOperand &use : tensor.getUses())
    if (talweg::buffers::isReshape(use.getOwner()))
      llvm::append_range(readers, readersOf(use.getOwner()->getResult(0)));
    else
      readers.push_back(&use);
  return readers;
}

bool isInput(OpOperand &use) {
  auto op = dyn_cast<DestinationStyleOpInterface>(use.getOwner());
  return op && op.isDpsInput(&use);
}

/// What `use`, of an elementwise result, needs memory for; empty: nothing that it tells by itself.
StringRef whyRead(OpOperand &use, Block *block) {
  Operation *reader = use.getOwner();
  if (reader->getBlock() != block)
    return "the turns of a loop read it";
  if (auto product = dyn_cast<ProductOp>(reader))
    return use == product.getLeftMutable() || use == product.getRightMutable()
               ? "a product reads each of its factors many times"
               : "it is read in the registers of a product";
  auto generic = dyn_cast<GenericOp>(reader);
  if (!generic || !generic.isDpsInput(&use))
    return isInput(use) ? "a lookup reads it" : "";
  return generic.getMatchingIndexingMap(&use).isPermutation() ? "" : "its reader needs each element several times";
}

/// Why a tensor is not in registers from where it is computed to where it is read.
std::string whyStored(OpResult result, ArrayRef<OpOperand *> readers) {
  Operation *op = result.getOwner();
  if (isa<ProductOp>(op) && result.getResultNumber() == 0 && cast<ProductOp>(op).keepsSums())
    return "a product's sums, which are not read in its registers alone";
  auto generic = dyn_cast<GenericOp>(op);
  if (generic && !talweg::isParallel(generic))
    return "each element is complete only behind its whole sum";
  if (!generic && !isa<ProductOp>(op))
    return "a lookup writes it";
  for (OpOperand *use : readers)
    if (StringRef why = whyRead(*use, op->getBlock()); !why.empty())
      return why.str();
  if (isa<ProductOp>(op))
    return "a product computes it tile by tile, where no reader can follow";
  if (!talweg::isElementwise(generic))
    return "it is written in another order than it is computed in";
  if (generic.getNumResults() > 1)
    return "one pass over memory computes it with others";
  if (readers.size() > 1) {
    StringRef why = talweg::whyNotRepeated(generic);
    return "several read it, and " +
           (why.empty() ? "it was not cheap before its operands were computed in it" : why.str());
  }
  return "its reader is a pass of its own over memory";
}

struct TellCosts : talweg::impl::TellCostsBase<TellCosts> {
  using TellCostsBase::TellCostsBase;

  void runOnOperation() override {
    for (Block *block : talweg::blocksOf(getOperation()))
      for (Operation &op : *block) {
        if (auto product = dyn_cast<ProductOp>(op))
          tellSlow(product);
        if (auto memory = dyn_cast<memref::AllocOp>(op); memory && isLarge(memory.getType()))
          tellStored(memory.getLoc(), memory.getType(), "the turns of a loop fill it");
        if (isa<PlacedOp>(op) && !isa<linalg::FillOp>(op))
          for (OpResult result : op.getResults())
            if (isLarge(result.getType()) && !talweg::buffers::destinationOf(result))
              tellStored(result);
      }
  }

private:
  static bool isLarge(Type type) { return talweg::bytesOf(type) >= talweg::kLargeBox; }

  static InFlightDiagnostic tellStored(Location loc, Type type, StringRef why) {
    return emitRemark(loc) << "stored, " << talweg::bytesText(talweg::bytesOf(type)) << ", " << textOf(type) << ": "
                           << why;
  }

  static void tellStored(OpResult result) {
    SmallVector<OpOperand *> readers = readersOf(result);
    if (readers.empty())
      return;
    InFlightDiagnostic remark = tellStored(result.getLoc(), result.getType(), whyStored(result, readers));
    constexpr size_t mostNotes = 3;
    SmallVector<Location> places{result.getLoc()};
    for (OpOperand *use : readers)
      if (Location place = use->getOwner()->getLoc();
          !llvm::is_contained(places, place) && places.size() <= mostNotes) {
        places.push_back(place);
        remark.attachNote(place) << "read here";
      }
  }

  void tellSlow(ProductOp product) const {
    int64_t bytes = 0;
    for (OpOperand &operand : product->getOpOperands())
      if (operand.get() == product.getLeft() || operand.get() == product.getRight() || !product.isDpsInput(&operand))
        bytes += talweg::bytesOf(operand.get().getType());
    const talweg::kernel::ProductPlan plan = product.getPlanAttr().getPlan();
    const talweg::ProductEstimate estimate =
        talweg::estimateOf(plan, target.vectorBits / product.getElementType().getIntOrFloatBitWidth(), bytes);
    if (estimate.share >= kSlow)
      return;
    std::string share;
    llvm::raw_string_ostream(share) << llvm::format(estimate.share < 0.0095 ? "%.1f" : "%.0f", 100 * estimate.share);
    product.emitRemark() << "product " << talweg::productShape(product) << ", "
                         << talweg::humanCount(plan.multiplyAdds()) << " multiply-adds: about " << share
                         << " % of what registers can do, by estimate: " << estimate.reason;
  }
};

} // namespace
