// Makes of a loop whose turns threads share one over threads, each of which takes the same number of turns in a row, or one less. Nothing in it
// forks again.
#include "talweg/Dialect/Kernel/Kernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

#define GEN_PASS_DEF_LOWERTURNS
#include "talweg/Codegen/Passes.h"

using namespace mlir;
using namespace talweg;

namespace {

struct LowerTurns : talweg::impl::LowerTurnsBase<LowerTurns> {
  void runOnOperation() override {
    SmallVector<scf::ForOp> loops;
    getOperation()->walk([&](scf::ForOp loop) {
      if (loop->hasAttr(kernel::kThreads))
        loops.push_back(loop);
    });
    for (scf::ForOp loop : loops)
      lower(loop);
  }

  static void lower(scf::ForOp loop) {
    SmallVector<scf::ParallelOp> forks;
    loop->walk([&](scf::ParallelOp fork) { forks.push_back(fork); });
    for (scf::ParallelOp fork : forks) // inner ones first
      makeSerial(fork);
    auto threads = cast<IntegerAttr>(loop->removeAttr(kernel::kThreads));
    const int64_t turns = loop.getStaticTripCount()->getSExtValue();
    ImplicitLocOpBuilder b(loop.getLoc(), loop);
    auto index = [&](int64_t value) -> Value { return arith::ConstantIndexOp::create(b, value); };
    auto fork =
        scf::ParallelOp::create(b, ValueRange{index(0)}, ValueRange{index(threads.getInt())}, ValueRange{index(1)});
    fork->setAttr(kernel::kThreads, threads);
    Value thread = fork.getInductionVars()[0];
    b.setInsertionPointToStart(fork.getBody());
    auto turnOf = [&](Value number) {
      return arith::DivUIOp::create(b, arith::MulIOp::create(b, number, index(turns)), index(threads.getInt()));
    };
    Value first = turnOf(thread), last = turnOf(arith::AddIOp::create(b, thread, index(1)));
    loop->moveBefore(fork.getBody()->getTerminator());
    loop.getLowerBoundMutable().assign(first);
    loop.getUpperBoundMutable().assign(last);
  }

  static void makeSerial(scf::ParallelOp fork) {
    ImplicitLocOpBuilder b(fork.getLoc(), fork);
    SmallVector<Value> turns;
    scf::ForOp loop;
    for (auto [from, to, step] : llvm::zip_equal(fork.getLowerBound(), fork.getUpperBound(), fork.getStep())) {
      loop = scf::ForOp::create(b, from, to, step);
      turns.push_back(loop.getInductionVar());
      b.setInsertionPointToStart(loop.getBody());
    }
    fork.getBody()->getTerminator()->erase();
    Block *body = loop.getBody();
    body->getOperations().splice(body->begin(), fork.getBody()->getOperations());
    for (auto [turn, own] : llvm::zip_equal(turns, fork.getInductionVars()))
      own.replaceAllUsesWith(turn);
    fork.erase();
  }
};

} // namespace
