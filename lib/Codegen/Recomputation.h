// What it costs to compute an element again wherever it is read.
#ifndef TALWEG_LIB_CODEGEN_RECOMPUTATION_H
#define TALWEG_LIB_CODEGEN_RECOMPUTATION_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

#include <optional>

namespace talweg {

/// What it takes to compute an element where it is read, from tensors that lie in memory.
struct Recomputation {
  static constexpr int kMost = 12;               ///< operations that are cheaper than memory
  static constexpr std::int64_t kFarSmaller = 4; ///< what is read where a box is computed again, than the box

  int operations = 0;
  std::int64_t elementsRead = 0;

  bool isCheap(std::int64_t elements) const { return operations <= kMost && elementsRead * kFarSmaller <= elements; }
};

/// True if the body costs no arithmetic worth saving: repeating it anywhere is free.
bool isAccess(mlir::linalg::GenericOp op);

/// Of a few simple operations on tensors that are far smaller than the result, or computed so themselves; nothing: of others.
std::optional<Recomputation> recomputationOf(mlir::linalg::GenericOp op, int depth = 8);

/// Why repeating the body does not beat storing its result; empty: it does. It does with one or two simple operations on one input, or on one that is
/// stored anyway and others that are far smaller than the result, or some on inputs that together are.
llvm::StringRef whyNotRepeated(mlir::linalg::GenericOp op);

} // namespace talweg

#endif
