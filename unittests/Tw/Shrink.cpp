// Runs checks apart, and makes a failing program smaller: values are replaced by simpler ones as long as it still fails.
#include "../Support/Apart.h"
#include "CheckStep.h"

#include "mlir/IR/Verifier.h"

using namespace mlir;

extern "C" int omp_pause_resource_all(int);

namespace talweg::random {
namespace {

/// What kind of failure a message tells: its first words, without numbers.
std::string kindOf(const std::string &wrong) {
  if (wrong.starts_with("in step"))
    return "wrong";
  std::string kind = wrong.substr(0, wrong.find('\n'));
  std::erase_if(kind, [](char c) { return c >= '0' && c <= '9'; });
  return kind;
}

class Shrinker {
public:
  Shrinker(CheckOf check, RandomStep &step, std::uint64_t seed)
      : check(check), step(step), seed(seed), kind(kindOf(apart(check, step, seed))) {}

  void run() {
    bool isSmaller = true;
    for (int round = 0; isSmaller && round < 8; ++round) {
      isSmaller = false;
      // Ops are numbered from the last, which stay as they are when earlier ones go.
      for (std::int64_t number = 0; number < std::int64_t(ops(step.module.get()).size()); ++number)
        for (int way = 0; way < 4; ++way)
          if (attempt(number, way)) {
            isSmaller = true;
            break;
          }
    }
  }

private:
  CheckOf check;
  RandomStep &step;
  std::uint64_t seed;
  std::string kind;

  /// Those of the bodies of loops, too, in front of these.
  static SmallVector<Operation *> ops(ModuleOp module) {
    SmallVector<Operation *> result;
    auto program = *module.getOps<train::ProgramOp>().begin();
    auto objective = *program.getOps<train::ObjectiveOp>().begin();
    addOps(objective.getBody().front(), result);
    return result;
  }

  static void addOps(Block &block, SmallVector<Operation *> &result) {
    for (Operation &op : llvm::reverse(block.without_terminator())) {
      if (auto scan = dyn_cast<tw::ScanOp>(op))
        addOps(*scan.getBody(), result);
      result.push_back(&op);
    }
  }

  /// What is differentiated by stays a tw.watch, as the frontend makes it.
  static bool isDifferentiatedBy(Value value) {
    return llvm::any_of(value.getUsers(), [&](Operation *user) {
      auto gradient = dyn_cast<tw::GradientOp>(user);
      return gradient && llvm::is_contained(gradient.getX(), value);
    });
  }

  /// The value in place of the op's result, in a way; null if there is none.
  static Value replacement(Operation *op, int way) {
    if (op->getNumResults() != 1 || isa<tw::ConstantOp, train::GetOp>(op) || isDifferentiatedBy(op->getResult(0)))
      return {};
    auto type = cast<RankedTensorType>(op->getResult(0).getType());
    if (way < 3)
      return way < int(op->getNumOperands()) && op->getOperand(way).getType() == type ? op->getOperand(way) : Value();
    OpBuilder builder(op);
    Type element = type.getElementType();
    Attribute number = isa<FloatType>(element) ? Attribute(builder.getFloatAttr(element, 0.75))
                                               : Attribute(builder.getIntegerAttr(element, 0));
    return tw::ConstantOp::create(builder, op->getLoc(), type, DenseElementsAttr::get(type, number));
  }

  static void eraseUnused(ModuleOp module) {
    for (Operation *op : ops(module))
      if (op->getNumResults() > 0 && op->use_empty())
        op->erase();
  }

  bool attempt(std::int64_t number, int way) {
    RandomStep smaller = step.copy();
    Operation *op = ops(smaller.module.get())[number];
    if (isa<train::ReportOp, train::MinimizeOp>(op))
      return false;
    if (isa<train::SetOp>(op)) {
      if (way > 0)
        return false;
    } else {
      Value value = replacement(op, way);
      if (!value)
        return false;
      op->getResult(0).replaceAllUsesWith(value);
    }
    op->erase();
    eraseUnused(smaller.module.get());
    if (failed(verify(smaller.module.get())) || kindOf(apart(check, smaller, seed)) != kind)
      return false;
    step.module = std::move(smaller.module);
    return true;
  }
};

} // namespace

std::string apart(CheckOf check, const RandomStep &step, std::uint64_t seed) {
  return saidApart([&] { return check(step, seed); },
                   [](int status) {
                     omp_pause_resource_all(/*omp_pause_hard*/ 2); // libomp's file in shared memory would stay for ever
                     _exit(status);
                   });
}

void shrink(CheckOf check, RandomStep &step, std::uint64_t seed) { Shrinker(check, step, seed).run(); }

} // namespace talweg::random
