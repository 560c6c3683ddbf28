// The loops of one linalg.generic over flat memory: what is known of them before it is decided how they run.
#ifndef TALWEG_LIB_CODEGEN_NESTLOOPS_H
#define TALWEG_LIB_CODEGEN_NESTLOOPS_H

#include "ReductionOrder.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace talweg {

using kernel::NestAxis;

struct NestOperand {
  std::int64_t offset = 0;   ///< the constant part of its position
  std::int64_t elements = 0; ///< of its memory
  bool read = false;         ///< an input that the body looks at
};

/// A plan of which nothing is decided but the axes, with what the op tells whatever the plan. Loops that walk all memory as one are one.
/// Operands are those of the op, by number.
struct NestLoops : kernel::NestPlan {
  llvm::SmallVector<NestOperand> operands;
  unsigned firstOutput = 0;
  llvm::SmallVector<bool> indexed; ///< by loop of the op: the body asks for its position
  std::int64_t bodySize = 0;       ///< operations of the body
  double bodyWork = 0;             ///< likewise, weighed by what they cost
  bool reduces = false, collides = false;
  bool covers = true;          ///< every element of the result's memory is reached
  std::int64_t vectorBits = 0; ///< of a register; 0: it is not known for which
  ReductionOrder order;        ///< for such registers

  static NestLoops of(mlir::linalg::GenericOp op);

  /// Likewise, and how wide vectors are and what order reductions have for registers of so many bits.
  static NestLoops of(mlir::linalg::GenericOp op, std::int64_t vectorBits);

  bool uses(std::size_t operand) const { return operand >= firstOutput || operands[operand].read; }
  std::int64_t outStride(const NestAxis &axis) const { return axis.strides[firstOutput]; }
  double work() const;
  /// The loop whose results are combined in groups of turns, by the axes as they are.
  kernel::Groups groupsOfAxes() const;
  /// Makes one loop of two that walk all memory as one and whose positions nobody asks for. True if it did.
  bool merge(std::size_t outer, std::size_t inner);

  // Rows: turns, or several turns each, of the outermost loop that moves the results.

  /// The index of that loop, if its turns are `count` rows; -1 if there is none.
  int rowAxis(std::int64_t count) const;
  /// The number of rows that the op has by itself, or 0.
  std::int64_t rows() const;
  /// True if the op can be done row by row, `count` of them, of a size worth it, as far as its operands agree on rows.
  bool hasRows(std::int64_t count) const;

  /// Where rows lie in an operand: from row to row, and the first and last element of row 0.
  struct Rows {
    std::int64_t step, low, high;
    bool areApart() const { return step > 0 && low >= 0 && high < step; }
  };
  Rows rowsIn(std::size_t operand, std::int64_t count) const;
};

} // namespace talweg

#endif
