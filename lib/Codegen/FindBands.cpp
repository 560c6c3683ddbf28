// Tells products which of their terms a mask leaves: a triangular matrix's, causal attention's.
#include "Access.h"
#include "Band.h"
#include "talweg/Dialect/Kernel/Kernel.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#define GEN_PASS_DEF_FINDBANDS
#include "talweg/Codegen/Passes.h"

using namespace mlir;
using namespace talweg;
using kernel::ProductOp;

namespace {

struct FindBands : talweg::impl::FindBandsBase<FindBands> {
  void runOnOperation() override {
    for (Block *block : blocksOf(getOperation()))
      for (ProductOp product : block->getOps<ProductOp>())
        if (product.isOnTensors() && !product.hasEpilogue())
          find(product);
  }

  void find(ProductOp product) {
    std::optional<Band> band = bandOf(product);
    if (!band)
      return;
    SmallVector<int64_t> numbers{band->low, band->high};
    llvm::append_range(numbers, band->moves);
    product->setAttr(kernel::kBand, DenseI64ArrayAttr::get(product.getContext(), numbers));
    ++found;
  }
};

} // namespace
