// Copies of a product's operands in the order that its tiles read them.
#ifndef TALWEG_LIB_CODEGEN_PRODUCTPACKING_H
#define TALWEG_LIB_CODEGEN_PRODUCTPACKING_H

#include "ProductLoops.h"
#include "VectorTools.h"

namespace talweg {

class ProductPacking {
protected:
  ProductPacking(mlir::OpBuilder &builder, mlir::Location loc, kernel::ProductPlan plan, FlatOperand a, FlatOperand b)
      : builder(builder), loc(loc), tools(builder, loc), plan(plan), unpacked(std::move(plan)), a(a), b(b),
        element(mlir::cast<mlir::MemRefType>(a.memory.getType()).getElementType()), nPanelB(unpacked.n.b),
        mTileA(unpacked.m.a) {}

  /// Makes room for what is packed, and copies what is packed ahead.
  void packAhead();

  /// Copies so many steps and columns of one panel of b; lanes beyond these columns become zero.
  void packPanel(mlir::Value from, mlir::Value to, std::int64_t columns, std::int64_t steps);

  /// Where an operand begins.
  mlir::Value startOf(const FlatOperand &operand);

  mlir::OpBuilder &builder;
  mlir::Location loc;
  VectorTools tools;
  kernel::ProductPlan plan, unpacked; ///< strides after and before packing
  FlatOperand a, b;
  mlir::Type element;
  mlir::Value sourceA, sourceB; ///< the operands before packing
  std::int64_t nPanelB, mTileA; ///< movement from one panel (tile) to the next, for each column (row) of offset

private:
  /// A loop over the packed copy, and over the operand.
  using PackedLoop = std::pair<kernel::Loop, kernel::Loop>;
  using PackedLoops = llvm::SmallVector<PackedLoop>;

  /// Makes the scratch of one operand and rewrites its strides in `plan`.
  void arrange(bool ofA);
  PackedLoops loopsOfK();
  /// The loops outside of tiles that an operand is packed for.
  PackedLoops loopsOutside(std::int64_t kernel::Loop::*stride);
  /// Calls body at each point of the loops, with where it is in the operand and in the copy.
  void overPacked(llvm::ArrayRef<PackedLoop> loops, std::int64_t kernel::Loop::*stride, mlir::Value from,
                  mlir::Value to, llvm::function_ref<void(mlir::Value from, mlir::Value to)> body);
  void packAllA();
  void packAllB();
  /// One step of k of tiles with so many rows together.
  void packRows(mlir::Value source, mlir::Value target, std::int64_t count);
  void packRow(mlir::Value source, mlir::Value target, std::int64_t columns);
  /// lanes x lanes blocks: vectors along k are loaded, transposed in registers and stored along n.
  void packTransposed(std::int64_t steps, mlir::Value source, mlir::Value target, std::int64_t packedStep,
                      std::int64_t columns);
};

} // namespace talweg

#endif
