// A nest's plan tells what its code takes of the arena.
#include "../../lib/Codegen/NestPlan.h"
#include "talweg/Codegen/Passes.h"
#include "talweg/Pipeline/Pipeline.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <string>

using namespace talweg;

namespace {

/// y[`result`] += x[d0, d1, d2], of this shape.
struct Sum {
  std::array<std::int64_t, 3> shape;
  const char *result;
  std::string type;
};

std::string print(const Sum &sum) {
  auto [a, b, c] = sum.shape;
  std::string x = fmt::format("memref<{}x{}x{}xf32>", a, b, c), kinds;
  for (const char *loop : {"d0", "d1", "d2"})
    kinds += fmt::format("{}\"{}\"", kinds.empty() ? "" : ", ",
                         std::string(sum.result).find(loop) != std::string::npos ? "parallel" : "reduction");
  return fmt::format("func.func @f(%persistent: memref<1xi8>, %arena: memref<0xi8>, %x: {0}, %y: {1}) {{\n"
                     "  linalg.generic {{indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d1, d2)>,\n"
                     "      affine_map<(d0, d1, d2) -> ({2})>], iterator_types = [{3}]}}\n"
                     "      ins(%x : {0}) outs(%y : {1}) attrs = {{kernel.start = 0.0 : f32}} {{\n"
                     "  ^bb0(%in: f32, %out: f32):\n"
                     "    %sum = arith.addf %out, %in : f32\n"
                     "    linalg.yield %sum : f32\n"
                     "  }}\n  return\n}}\n",
                     x, sum.type, sum.result, kinds);
}

struct Scratch {
  std::int64_t planned = 0, taken = 0;
};

Scratch scratchOf(const Sum &sum, std::int64_t vectorBits) {
  mlir::DialectRegistry registry;
  registerPhaseDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  auto module = mlir::parseSourceString<mlir::ModuleOp>(print(sum), &context);
  EXPECT_TRUE(module) << print(sum);
  Scratch scratch;
  module->walk([&](mlir::linalg::GenericOp op) {
    scratch.planned += planNest(NestLoops::of(op, vectorBits), /*rows=*/0, Machine()).scratchBytes(4);
  });
  Target target;
  target.vectorBits = vectorBits;
  mlir::PassManager passes(&context);
  passes.addNestedPass<mlir::func::FuncOp>(createPlanNests({target}));
  passes.addNestedPass<mlir::func::FuncOp>(createVectorizeGenerics({target}));
  passes.addNestedPass<mlir::func::FuncOp>(createPlanMemory());
  EXPECT_TRUE(succeeded(passes.run(*module)));
  auto function = module->lookupSymbol<mlir::func::FuncOp>("f");
  scratch.taken = mlir::cast<mlir::MemRefType>(function.getArgumentTypes()[1]).getNumElements();
  return scratch;
}

TEST(NestPlan, TellsWhatItsCodeTakesOfTheArena) {
  const Sum inRegisters{{64, 32, 16}, "d0, d1", "memref<64x32xf32>"};
  const Sum parts{{100000, 3, 4}, "d1, d2", "memref<3x4xf32>"}, evenParts{{1 << 16, 4, 4}, "d1, d2", "memref<4x4xf32>"};
  const Sum groups{{2000, 1200, 3}, "d0 + d1, d2", "memref<3199x3xf32>"};
  const Sum groupsOfGroups{{300, 300, 300}, "d0 + d1 + d2", "memref<898xf32>"};
  for (std::int64_t bits : {128, 256, 512}) {
    EXPECT_EQ(scratchOf(inRegisters, bits).planned, 0);
    for (const Sum &sum : {parts, evenParts, groups, groupsOfGroups}) {
      Scratch scratch = scratchOf(sum, bits);
      EXPECT_EQ(scratch.planned, scratch.taken) << print(sum) << bits;
      EXPECT_GT(scratch.taken, 0) << print(sum) << bits;
    }
  }
}

} // namespace
