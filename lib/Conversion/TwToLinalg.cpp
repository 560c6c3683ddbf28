// talweg-tw-to-linalg. In: functions that hold tw ops on tensors of static shape. Out: linalg.generic, linalg.fill, tensor,
// arith and math ops; no tw op and no unsigned type is left, or the pass fails and names the op. Each family has a file of its own.
#include "TwToLinalg.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Func/Transforms/FuncConversions.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "talweg/Conversion/Passes.h"
#include "talweg/Dialect/Kernel/Kernel.h"

using namespace mlir;

namespace talweg {
#define GEN_PASS_DEF_TWTOLINALG
#include "talweg/Conversion/Passes.h.inc"
} // namespace talweg

namespace {

/// Memory seen as tensors of a type that is lowered to another: both are of that one after this pass.
struct DropStorageCast : OpConversionPattern<UnrealizedConversionCastOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(UnrealizedConversionCastOp op, OpAdaptor operands,
                                ConversionPatternRewriter &rewriter) const override {
    if (op.getNumOperands() != 1 || op.getNumResults() != 1 ||
        operands.getInputs()[0].getType() != getTypeConverter()->convertType(op.getType(0)))
      return failure();
    rewriter.replaceOp(op, operands.getInputs());
    return success();
  }
};

struct TwToLinalg : talweg::impl::TwToLinalgBase<TwToLinalg> {
  void runOnOperation() override {
    MLIRContext *context = &getContext();
    talweg::conversion::StorageTypes types;

    ConversionTarget target(*context);
    target.addIllegalDialect<talweg::tw::TwDialect>();
    target.addLegalDialect<arith::ArithDialect, linalg::LinalgDialect, math::MathDialect, tensor::TensorDialect,
                           bufferization::BufferizationDialect, memref::MemRefDialect, scf::SCFDialect,
                           talweg::kernel::KernelDialect>();
    target.addDynamicallyLegalOp<func::FuncOp>([&](func::FuncOp function) {
      return types.isSignatureLegal(function.getFunctionType()) && types.isLegal(&function.getBody());
    });
    target.addDynamicallyLegalOp<func::ReturnOp, UnrealizedConversionCastOp>(
        [&](Operation *op) { return types.isLegal(op); });

    RewritePatternSet patterns(context);
    patterns.add<DropStorageCast>(types, context);
    populateFunctionOpInterfaceTypeConversionPattern<func::FuncOp>(patterns, types);
    populateReturnOpTypeConversionPattern(patterns, types);
    talweg::conversion::addElementwisePatterns(types, patterns);
    talweg::conversion::addStructurePatterns(types, patterns);
    talweg::conversion::addLookupPatterns(types, patterns);
    talweg::conversion::addReductionPatterns(types, patterns);
    talweg::conversion::addRandomPatterns(types, patterns);
    talweg::conversion::addScanPattern(types, patterns);

    if (failed(applyPartialConversion(getOperation(), target, std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
