// A sum of a product, in whatever order it was written and at whatever indices its parts are computed, takes no more multiply-adds
// behind talweg-form-contractions than in the best of all orders: of sums by chance. TALWEG_ORDERS_CASES asks for more of them, TALWEG_ORDERS_SEED
// for others.
#include "../Support/Chance.h"
#include "ContractionOrder.h"

#include "talweg/Dialect/Tw/Tw.h"
#include "talweg/Transforms/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/raw_ostream.h"

#include <gtest/gtest.h>

using namespace mlir;
using namespace talweg;
using namespace talweg::random;

namespace {

using Bits = llvm::SmallBitVector;

/// Writes Σ Π xᵢ as the frontend does: parts are computed at the indices that they have, and spread over those of what reads them.
class Writer {
public:
  Writer(MLIRContext &context, const SumOfFactors &sum, Chance &chance)
      : sum(sum), chance(chance), b(&context), loc(b.getUnknownLoc()), module(ModuleOp::create(loc)) {
    SmallVector<Type> types;
    for (const Bits &reads : sum.reads)
      types.push_back(typeOf(reads));
    b.setInsertionPointToEnd(module->getBody());
    auto function = func::FuncOp::create(b, loc, "sum", b.getFunctionType(types, typeOf(sum.kept)));
    b.setInsertionPointToStart(function.addEntryBlock());
    std::vector<Part> parts;
    for (auto [argument, reads] : llvm::zip_equal(function.getArguments(), sum.reads))
      parts.push_back({argument, reads});
    while (parts.size() > 1) {
      chance.shuffle(parts);
      const Part last = parts.back();
      parts.pop_back();
      parts.back() = multiply(parts.back(), last);
    }
    Bits all(unsigned(sum.extents.size()), true);
    SmallVector<int64_t> summed;
    for (unsigned d = 0; d < all.size(); ++d)
      if (!sum.kept.test(d))
        summed.push_back(d);
    Value box = spread(parts.front(), all);
    Value result =
        summed.empty() ? box : tw::ReduceOp::create(b, loc, typeOf(sum.kept), tw::Reduction::sum, box, summed).getY();
    func::ReturnOp::create(b, loc, result);
  }

  OwningOpRef<ModuleOp> take() { return std::move(module); }

private:
  struct Part {
    Value value;
    Bits indices;
  };

  const SumOfFactors &sum;
  Chance &chance;
  OpBuilder b;
  Location loc;
  OwningOpRef<ModuleOp> module;

  RankedTensorType typeOf(const Bits &indices) {
    SmallVector<int64_t> shape;
    for (unsigned d : indices.set_bits())
      shape.push_back(sum.extents[d]);
    return RankedTensorType::get(shape, b.getF32Type());
  }

  Value spread(const Part &part, const Bits &over) {
    if (part.indices == over)
      return part.value;
    SmallVector<unsigned> read;
    for (auto [place, d] : llvm::enumerate(over.set_bits()))
      if (part.indices.test(d))
        read.push_back(unsigned(place));
    return tw::WindowOp::create(b, loc, typeOf(over), part.value,
                                AffineMap::getMultiDimMapWithTargets(over.count(), read, b.getContext()));
  }

  Part multiply(const Part &x, const Part &y) {
    Bits indices = x.indices;
    indices |= y.indices;
    if (chance.oneIn(3)) // at all of them
      indices.set();
    return {tw::MulOp::create(b, loc, typeOf(indices), spread(x, indices), spread(y, indices)), indices};
  }
};

double countOf(Value value) { return double(cast<RankedTensorType>(value.getType()).getNumElements()); }

bool isNumber(Value value) {
  auto spread = value.getDefiningOp<tw::WindowOp>();
  return countOf(spread ? spread.getX() : value) == 1;
}

/// Multiply-adds: a product that is only summed is one with its sum.
double operationsOf(ModuleOp module) {
  double operations = 0;
  module.walk([&](Operation *op) {
    if (auto contract = dyn_cast<tw::ContractOp>(op)) {
      double places = 1;
      for (int64_t extent : contract.getExtents())
        places *= double(extent);
      operations += places;
    } else if (isa<tw::ReduceOp, tw::FoldOp>(op)) {
      const Value summed = op->getOperand(0);
      operations += summed.getDefiningOp<tw::MulOp>() && summed.hasOneUse() ? 0 : countOf(summed);
    } else if (isa<tw::MulOp>(op) && !llvm::any_of(op->getOperands(), isNumber)) {
      operations += countOf(op->getResult(0));
    }
  });
  return operations;
}

/// Every index is read by some factor; extents from 2 on.
SumOfFactors drawSum(Chance &chance) {
  SumOfFactors sum;
  const auto indices = unsigned(2 + chance.below(5)), factors = unsigned(2 + chance.below(5));
  for (unsigned d = 0; d < indices; ++d)
    sum.extents.push_back(2 + chance.below(8));
  sum.reads.assign(factors, Bits(indices));
  for (Bits &reads : sum.reads)
    for (std::int64_t more = 1 + chance.below(3); more > 0; --more)
      reads.set(unsigned(chance.below(indices)));
  Bits all(indices);
  for (const Bits &reads : sum.reads)
    all |= reads;
  for (unsigned d = 0; d < indices; ++d)
    if (!all.test(d))
      sum.reads[std::size_t(chance.below(factors))].set(d);
  sum.kept = Bits(indices);
  for (unsigned d = 0; d < indices; ++d)
    if (chance.oneIn(3))
      sum.kept.set(d);
  sum.kept.reset(unsigned(chance.below(indices)));
  return sum;
}

TEST(SumsOfProducts, TakeNoMoreThanTheBestOrder) {
  DialectRegistry registry;
  registry.insert<tw::TwDialect, func::FuncDialect>();
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  const Cases cases = Cases::of("TALWEG_ORDERS", 200, 4000);
  for (std::uint64_t number = cases.first; number < cases.end; ++number) {
    Chance chance(cases.seedOf(number));
    const SumOfFactors sum = drawSum(chance);
    OwningOpRef<ModuleOp> module = Writer(context, sum, chance).take(), before(module->clone());
    PassManager passes(&context);
    passes.addPass(createFormContractions());
    ASSERT_TRUE(succeeded(passes.run(*module)));
    const double operations = operationsOf(*module), best = orderOf(sum).operations;
    if (operations <= best)
      continue;
    std::string text;
    llvm::raw_string_ostream stream(text);
    before->print(stream);
    module->print(stream);
    ADD_FAILURE() << operations << " operations instead of " << best << "\nagain: " << cases.again(number) << "\n"
                  << text;
  }
}

} // namespace
