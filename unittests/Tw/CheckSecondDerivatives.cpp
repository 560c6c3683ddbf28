// Second derivatives by the dot-product test: with the gradient g of the loss and directions u and v, the derivative of <g, u> by all
// parameters times v, that of <g, v> times u, and the slope of <g, u> along v are one number; and <g, v> is the slope of the loss. Likewise
// that what is lifted out of loops stays what it was in them.
#include "CheckStep.h"

#include "talweg/Autodiff/Differentiate.h"
#include "talweg/Transforms/Passes.h"

#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

#include <fmt/format.h>

#include <cmath>

using namespace mlir;

namespace talweg::random {
namespace {

class Check {
public:
  Check(const RandomStep &step, std::uint64_t seed) : step(step.expanded()), chance(seed), b(this->step.losses()[0]) {}

  std::string run() {
    SmallVector<Value> reads = parameters();
    const Directions u = draw(reads), v = draw(reads);
    auto gradient = derivatives(step.loss(), reads);
    Value gu = product(gradient, u), gv = product(gradient, v);
    if (!gu)
      return {};
    Value hessian = product(derivatives(gu, reads), v), transposed = product(derivatives(gv, reads), u);
    Evaluation along([&](Value value) { return moved(value, v); });
    const Dual loss = number(along, step.loss()), first = number(along, gv), slope = number(along, gu);
    expect("<g, v> and the slope of the loss", first.value, loss.slope, first.error + errorOfSlope(loss));
    const Dual huv = number(along, hessian), hvu = number(along, transposed);
    expect("<Hu, v> and the slope of <g, u>", huv.value, slope.slope, huv.error + errorOfSlope(slope));
    expect("<Hu, v> and <Hv, u>", huv.value, hvu.value, huv.error + hvu.error);
    return wrong;
  }

  /// The loss, <g, u> and <Hu, v>, by loops and by what talweg-lift-out-of-scans makes of these.
  std::string runLifted() {
    SmallVector<Value> reads = parameters();
    const Directions u = draw(reads), v = draw(reads);
    Value gu = product(derivatives(step.loss(), reads), u);
    if (!gu)
      return {};
    Value hessian = product(derivatives(gu, reads), v);
    for (Value number : {step.loss(), gu, hessian})
      if (number)
        reported.push_back(train::ReportOp::create(b, b.getUnknownLoc(), Told::Report, "number", number));
    simplify(createFormContractions());
    const std::vector<Dual> inLoops = reportedNumbers();
    simplify(createLiftOutOfScans());
    const std::vector<Dual> lifted = reportedNumbers();
    for (auto [x, y] : llvm::zip_equal(inLoops, lifted))
      expect("a number in loops and out of them", x.value, y.value, x.error + y.error);
    return wrong;
  }

private:
  using Directions = llvm::DenseMap<Value, Tensor>;

  RandomStep step;
  Chance chance;
  OpBuilder b;
  std::string wrong;
  std::vector<train::ReportOp> reported;

  SmallVector<Value> parameters() {
    SmallVector<Value> reads;
    for (auto get : step.objective().getBody().getOps<train::GetOp>())
      if (get.getVariable().starts_with("p"))
        reads.push_back(get);
    return reads;
  }

  void simplify(std::unique_ptr<Pass> pass) {
    PassManager passes(step.module->getContext());
    passes.addPass(std::move(pass));
    passes.addPass(createCanonicalizerPass());
    passes.addPass(createCSEPass());
    if (failed(passes.run(*step.module)))
      wrong += "a pass fails\n";
  }

  std::vector<Dual> reportedNumbers() {
    Evaluation evaluation([&](Value value) { return moved(value, Directions()); });
    std::vector<Dual> numbers;
    for (train::ReportOp report : reported)
      numbers.push_back(number(evaluation, report.getValue()));
    return numbers;
  }

  Directions draw(ArrayRef<Value> reads) {
    Directions drawn;
    for (Value read : reads) {
      Tensor direction{shapeOf(read), {}};
      for (std::int64_t i = countOf(direction.shape); i > 0; --i)
        direction.elements.push_back({chance.uniform(-1, 1)});
      drawn[read] = std::move(direction);
    }
    return drawn;
  }

  /// Of each read that the scalar has a derivative by.
  llvm::DenseMap<Value, Value> derivatives(Value scalar, ArrayRef<Value> reads) {
    llvm::DenseMap<Value, Value> found;
    if (!scalar)
      return found;
    auto type = cast<RankedTensorType>(scalar.getType());
    Value one = constant(type, {1});
    auto dx = differentiate(b, Seed{scalar, one}, reads, "a parameter");
    for (auto [read, cotangent] : llvm::zip_equal(reads, *dx))
      if (cotangent)
        found[read] = cotangent;
    return found;
  }

  Value constant(RankedTensorType type, ArrayRef<double> numbers) {
    auto attributes =
        llvm::map_to_vector(numbers, [&](double x) -> Attribute { return b.getFloatAttr(type.getElementType(), x); });
    return tw::ConstantOp::create(b, b.getUnknownLoc(), type, DenseElementsAttr::get(type, attributes));
  }

  /// The sum of all products with the directions; null: it is 0.
  Value product(const llvm::DenseMap<Value, Value> &derivatives, const Directions &directions) {
    Value sum;
    Location loc = b.getUnknownLoc();
    for (auto get : step.objective().getBody().getOps<train::GetOp>()) {
      Value dx = derivatives.lookup(get);
      if (!dx)
        continue;
      auto type = cast<RankedTensorType>(dx.getType());
      auto numbers = llvm::map_to_vector(directions.at(get).elements, [](const Dual &x) { return x.value; });
      Value all = tw::MulOp::create(b, loc, type, dx, constant(type, numbers));
      SmallVector<std::int64_t> dims = llvm::to_vector(llvm::seq<std::int64_t>(0, type.getRank()));
      auto scalar = RankedTensorType::get({}, type.getElementType());
      Value own = dims.empty() ? all : tw::ReduceOp::create(b, loc, scalar, tw::Reduction::sum, all, dims);
      sum = sum ? Value(tw::AddOp::create(b, loc, scalar, sum, own)) : own;
    }
    return sum;
  }

  /// What the evaluator starts from: the first batch, initial values, and parameters that move along the directions.
  Tensor moved(Value value, const Directions &directions) {
    Inputs inputs{{}, {}, step.batchAt(0)};
    if (auto get = value.getDefiningOp<train::GetOp>()) {
      auto variable = mlir::SymbolTable(step.program()).lookup<train::VariableOp>(get.getVariable());
      Evaluation initial([](Value) { return Tensor{{2}, {{0}, {0}}}; });
      Tensor tensor = initial.of(variable.getInit().front().getTerminator()->getOperand(0));
      if (auto along = directions.find(value); along != directions.end())
        for (auto [x, direction] : llvm::zip_equal(tensor.elements, along->second.elements)) {
          x.slope = direction.value;
          x.slopeSize = std::fabs(direction.value);
        }
      return tensor;
    }
    return inputs(value);
  }

  static Dual number(Evaluation &evaluation, Value scalar) {
    return scalar ? evaluation.of(scalar).elements[0] : Dual();
  }

  static double errorOfSlope(const Dual &x) { return x.slopeError + 1000 * 0x1p-53 * x.slopeSize; }

  void expect(const char *what, double a, double b, double error) {
    if (std::isfinite(error) && !(std::fabs(a - b) <= error + 1e-30))
      wrong += fmt::format("{} are {:.17g} and {:.17g}, not equal within {:.2g}\n", what, a, b, error);
  }
};

} // namespace

std::string checkSecondDerivatives(const RandomStep &step, std::uint64_t seed) { return Check(step, seed).run(); }

std::string checkLifted(const RandomStep &step, std::uint64_t seed) { return Check(step, seed).runLifted(); }

} // namespace talweg::random
