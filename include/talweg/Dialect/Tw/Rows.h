// Which values of a block belong to a row of the batch: the one analysis for faults, for metrics over a split, and for sums over the parts
// of a step.
#ifndef TALWEG_DIALECT_TW_ROWS_H
#define TALWEG_DIALECT_TW_ROWS_H

#include "mlir/IR/Block.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/STLFunctionalExtras.h"

#include <optional>

namespace talweg::tw {

class ScanOp;

/// The rows of the batch that a value depends on.
struct RowUse {
  enum Kind {
    Free,     ///< on none
    PerRow,   ///< each element on its own row, and on what is over rows
    OverRows, ///< on all, by way of reductions over rows
    Mixed,    ///< on several rows, in a way that is no reduction
  } kind = Free;
  /// PerRow: the dimension along which the rows lie. Its extent is that of the batch times a number of elements for each row, which lie together.
  std::int64_t dim = 0;
  /// How often all rows have to be read before the value, of an own row, can be computed.
  std::int64_t passes = 0;
  /// Mixed: the op that mixes.
  mlir::Operation *culprit = nullptr;

  bool isPerRow() const { return kind == PerRow; }
};

class Rows {
public:
  /// What all rows are read for one after the other is told if it is no more often than this.
  static constexpr std::int64_t kMostPasses = 3;

  /// The block's arguments are batches, one row after the other. Where a value comes from no row although it has something for each (random
  /// numbers, a number repeated), marks tell.
  /// `isKnown`: which conditions are decided, and how, so that one branch alone counts.
  using Known = llvm::function_ref<std::optional<bool>(mlir::Value condition)>;
  /// `ofBatch`: reductions that speak of the batch whatever it is a part of, and are free of rows.
  using Reductions = llvm::DenseSet<mlir::Operation *>;
  Rows(
      mlir::Block &block, std::int64_t batch, const Reductions &ofBatch = {},
      Known isKnown = [](mlir::Value) { return std::optional<bool>(); });

  RowUse of(mlir::Value value) const { return uses.lookup(value); }
  /// Whether the op combines elements of different rows by a reduction, or ranks them.
  bool reducesRows(mlir::Operation *op) const { return reductions.contains(op); }

private:
  RowUse useOf(mlir::Operation *op, Known isKnown) const;
  void visit(mlir::Block &block, const Reductions &ofBatch, Known isKnown);
  void visitScan(mlir::Operation *op, const Reductions &ofBatch, Known isKnown);
  llvm::DenseMap<mlir::Value, mlir::Operation *> reducedInside(ScanOp scan) const;

  std::int64_t batch;
  llvm::DenseMap<mlir::Value, RowUse> uses;
  Reductions reductions;
};

/// Marks dimensions of the op's result: there is something for each row along them.
void markRows(mlir::Operation *op, llvm::ArrayRef<std::int64_t> dims);
llvm::ArrayRef<std::int64_t> rowMarksOf(mlir::Operation *op);
void eraseRowMarks(mlir::Operation *root);

} // namespace talweg::tw

#endif
