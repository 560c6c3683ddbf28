// Replaces f32 vector mathematics by polynomials. Scalars and f64 keep their libm accuracy.
#include "talweg/Codegen/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace talweg {
#define GEN_PASS_DEF_APPROXIMATEMATH
#include "talweg/Codegen/Passes.h.inc"
} // namespace talweg

using namespace mlir;

namespace {

struct ApproximateMath : talweg::impl::ApproximateMathBase<ApproximateMath> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    // Upstream's rsqrt is a low-precision instruction of one target; the division by the square root is exact.
    populateMathPolynomialApproximationPatterns(patterns, [](StringRef name) {
      return name != "math.powf" && name != "math.fpowi" && name != "math.rsqrt";
    });
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
