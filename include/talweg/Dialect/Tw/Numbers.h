// What is known of the numbers that values have, where parameters and data are finite.
#ifndef TALWEG_DIALECT_TW_NUMBERS_H
#define TALWEG_DIALECT_TW_NUMBERS_H

#include "talweg/Dialect/Tw/Tw.h"

#include "llvm/ADT/DenseMap.h"

namespace talweg::tw {

/// What is known of the elements that are numbers, from the least to the most.
enum class Sign { unknown, notNegative, positive };

/// Finds of values their sign and whether they can be infinite or nan, each from what is known of its operands, and once. What is
/// known to be safe is safe (`rsqrt(variance + eps)`, whose argument is positive); overflow is thought of in exp alone. What
/// a loop takes and gives is what its operands and its turns are; what other blocks take are finite numbers.
class Numbers {
public:
  Sign sign(mlir::Value value) { return of(value).sign; }
  /// Some elements may be infinite or nan.
  bool isSingular(mlir::Value value) { return of(value).isSingular; }
  bool canBeZero(mlir::Value divisor);

  /// The op is no more.
  void forget(mlir::Operation *op);

private:
  struct Facts {
    Sign sign = Sign::unknown;
    bool isSingular = false;
  };
  Facts of(mlir::Value value);
  void enter(ScanOp scan);
  Sign signOfResult(mlir::Operation *op);
  bool makesSingular(mlir::Operation *op);
  bool canLeave(FiniteWhere where, mlir::Value x);

  llvm::DenseMap<mlir::Value, Facts> facts;
};

} // namespace talweg::tw

#endif
