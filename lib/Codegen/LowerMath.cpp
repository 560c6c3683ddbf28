// Makes calls and intrinsics of the mathematics that has no formula here. MLIR's own passes look at every op of a program, of which these are few.
#include "mlir/Conversion/LLVMCommon/ConversionTarget.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/MathToLibm/MathToLibm.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Transforms/DialectConversion.h"

#define GEN_PASS_DEF_LOWERMATH
#include "talweg/Codegen/Passes.h"

using namespace mlir;

namespace {

struct LowerMath : talweg::impl::LowerMathBase<LowerMath> {
  void runOnOperation() override {
    LLVMTypeConverter types(&getContext());
    RewritePatternSet intrinsics(&getContext()), calls(&getContext());
    // The logarithm of 1 + x would lose all of a small x.
    populateMathToLLVMConversionPatterns(types, intrinsics, /*approximateLog1p=*/false);
    populateMathToLibmConversionPatterns(calls); // takes vectors apart with vector ops
    LLVMConversionTarget legal(getContext());
    if (failed(applyPartialConversion(mathematics(), legal, std::move(intrinsics))))
      return signalPassFailure();
    ConversionTarget called(getContext());
    called.addLegalDialect<arith::ArithDialect, func::FuncDialect, vector::VectorDialect>();
    called.addIllegalDialect<math::MathDialect>();
    if (failed(applyPartialConversion(mathematics(), called, std::move(calls))))
      signalPassFailure();
  }

private:
  SmallVector<Operation *> mathematics() {
    SmallVector<Operation *> ops;
    getOperation()->walk([&](Operation *op) {
      if (isa<math::MathDialect>(op->getDialect()))
        ops.push_back(op);
    });
    return ops;
  }
};

} // namespace
