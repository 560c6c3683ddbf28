// What the loops of all ops on rows share: rows are moved and added a vector at a time, threads are used where there is enough to do.
#ifndef TALWEG_LIB_CODEGEN_ROWLOOPS_H
#define TALWEG_LIB_CODEGEN_ROWLOOPS_H

#include "VectorTools.h"
#include "talweg/Codegen/Target.h"
#include "talweg/Dialect/Kernel/Kernel.h"

namespace talweg {

class RowLoops {
protected:
  /// What a core keeps for itself while it writes, in bytes.
  static constexpr std::int64_t kLine = 64;
  /// In how many parts work that cannot be cut anywhere is given to threads.
  static constexpr std::int64_t kParts = 8;

  /// `looked`: memref<P x W..>, a row for each position.
  RowLoops(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value looked, const Target &target);

  /// What it takes to find a row, in elements that lie together: in a near cache, and beyond the second one.
  static constexpr std::int64_t kRow = 64, kFarRow = 512;

  /// Whether threads are worth their fork.
  bool isLarge(std::int64_t rowCost = kRow) const;
  /// Whether threads that share rows by columns write whole lines; the columns that each then has.
  bool isWide() const { return width * elementBytes >= 4 * kLine; }
  std::int64_t columnsOfPart() const;
  /// Neighbouring rows that share a line.
  std::int64_t rowsOfLine() const;

  void forEach(std::int64_t turns, llvm::function_ref<void(mlir::Value)> body);

  void ifHolds(mlir::Value condition, llvm::function_ref<void()> body);

  mlir::Value placeOf(mlir::Value row, mlir::Value column) { return tools.advance(column, row, width); }

  /// The row that `number` names; one out of [0, count) is taken for the nearest.
  mlir::Value clamp(mlir::Value number, std::int64_t count);

  /// As VectorTools, of plain numbers where rows have one element.
  mlir::Value load(mlir::Value memory, mlir::Value at, std::int64_t size);
  void store(mlir::Value value, mlir::Value memory, mlir::Value at, std::int64_t size);
  mlir::Value zero(mlir::Type element);

  mlir::OpBuilder &builder;
  mlir::Location loc;
  VectorTools tools;
  const Machine &machine;
  std::int64_t positions, width, elementBytes, lanes;
};

/// Writes the loops of a kernel.coalesce on memrefs, where `builder` is.
void writeCoalesce(mlir::OpBuilder &builder, kernel::CoalesceOp op, const Target &target);

/// The sizes in elements of i64 of all scratch that they take.
llvm::SmallVector<std::int64_t> scratchOf(kernel::CoalesceOp op);

} // namespace talweg

#endif
