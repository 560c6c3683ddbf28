// What the tensor ops mean: an evaluator in plain loops, in f64, on dual numbers.
//
// Each element is a value and its derivative along one direction in which the variables move (forward mode), both with a
// bound of what rounding in the program's own element type may change. Nothing here is shared with the compiler's rules.
#ifndef TALWEG_UNITTESTS_TW_EVALUATE_H
#define TALWEG_UNITTESTS_TW_EVALUATE_H

#include "mlir/IR/Operation.h"
#include "mlir/IR/Value.h"
#include "llvm/ADT/DenseMap.h"

#include <cstdint>
#include <functional>
#include <vector>

namespace talweg::random {

using Shape = std::vector<std::int64_t>;

std::int64_t countOf(const Shape &shape);
Shape shapeOf(mlir::Value value);

/// One element. Integers and conditions are numbers too; an error there says that another answer is as good.
///
/// `slopeSize` is the sum over all paths from the variables of the absolute products of derivatives along them: reverse mode adds
/// the same products in another order, so its rounding is relative to that too.
struct Dual {
  double value = 0, error = 0;
  double slope = 0, slopeError = 0, slopeSize = 0;
};

struct Tensor {
  Shape shape;
  std::vector<Dual> elements; ///< row-major
};

/// The values of a block of tw ops, each computed when it is asked for.
class Evaluation {
public:
  /// `source` gives the values that no tw op computes: block arguments and what the train dialect reads.
  explicit Evaluation(std::function<Tensor(mlir::Value)> source) : source(std::move(source)) {}

  const Tensor &of(mlir::Value value);
  /// Gives a value that is not computed.
  void put(mlir::Value value, Tensor tensor) { known[value] = std::move(tensor); }
  /// Forgets the value of an op that is erased.
  void forget(mlir::Value value) { known.erase(value); }
  void forgetAll() { known.clear(); }

private:
  std::function<Tensor(mlir::Value)> source;
  llvm::DenseMap<mlir::Value, Tensor> known;

  Tensor compute(mlir::OpResult result);
  void runTurns(mlir::Operation *op);
};

} // namespace talweg::random

#endif
