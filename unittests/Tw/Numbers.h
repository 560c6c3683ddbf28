// Arithmetic of dual numbers with bounds of their rounding.
#ifndef TALWEG_UNITTESTS_TW_NUMBERS_H
#define TALWEG_UNITTESTS_TW_NUMBERS_H

#include "Evaluate.h"
#include "talweg/Dialect/Tw/Tw.h"

namespace talweg::random {

/// The results of one elementwise op from one element of each operand. `epsilon` is half a unit in the last place of 1.
Dual applyElementwise(mlir::Operation *op, llvm::ArrayRef<Dual> x, double epsilon);
/// True for the ops that applyElementwise knows.
bool isElementwise(mlir::Operation *op);

Dual multiply(const Dual &a, const Dual &b, double epsilon);
/// The elements that may be the extreme: it is one of them, and shares its cotangent equally among those equal to it.
Dual extremeOf(tw::Reduction kind, llvm::ArrayRef<Dual> elements);

/// A sum in any order.
class Sum {
public:
  void add(const Dual &x) {
    total.value += x.value, total.error += x.error;
    total.slope += x.slope, total.slopeError += x.slopeError, total.slopeSize += x.slopeSize;
    size += std::abs(x.value);
    ++count;
  }
  Dual finish(double epsilon) const {
    Dual result = total;
    result.error += epsilon * double(count > 1 ? count : 0) * size;
    result.slopeError += epsilon * double(count > 1 ? count : 0) * total.slopeSize;
    return result;
  }

private:
  Dual total;
  double size = 0;
  std::int64_t count = 0;
};

} // namespace talweg::random

#endif
