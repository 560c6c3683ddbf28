// Each op of the tensor dialect has a derivative or says that it has none.
#include "talweg/Dialect/Tw/Tw.h"

#include "mlir/IR/MLIRContext.h"
#include "gtest/gtest.h"

TEST(Tw, EveryOpIsDifferentiableOrInactive) {
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  context.loadDialect<talweg::tw::TwDialect>();
  auto ops = context.getRegisteredOperationsByDialect("tw");
  EXPECT_GT(ops.size(), 30u);
  for (mlir::RegisteredOperationName op : ops) {
    // What stands for ops, and what only ends a region.
    if (op.getStringRef() == talweg::tw::GradientOp::getOperationName() || op.hasTrait<mlir::OpTrait::IsTerminator>())
      continue;
    EXPECT_EQ(op.hasInterface<talweg::tw::Differentiable>() + op.hasTrait<talweg::tw::Inactive>() +
                  op.hasTrait<talweg::tw::DerivativeByBody>(),
              1)
        << op.getStringRef().str();
  }
}
