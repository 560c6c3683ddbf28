// The loops that one linalg.generic becomes: which run along lanes, in what order, over what memory.
#ifndef TALWEG_LIB_CODEGEN_VECTORNEST_H
#define TALWEG_LIB_CODEGEN_VECTORNEST_H

#include "ReductionOrder.h"
#include "VectorBody.h"

namespace talweg {

class VectorNest {
  using Value = mlir::Value;
  using Values = llvm::SmallVector<mlir::Value>;

public:
  VectorNest(mlir::linalg::GenericOp op, std::int64_t vectorBits);

  /// Takes the fill in front of a reduction. Fails, with an error, on one not from a filled value.
  mlir::LogicalResult prepare();

  /// Writes the loops in front of the op and erases it.
  void run();

  // Rows (VectorNestRows.cpp): turns of the outermost loop that moves the results.

  /// The number of rows that the op has by itself, or 0.
  std::int64_t rows() const;
  /// True if the op can be done row by row, `count` of them, of a size worth it.
  bool hasRows(std::int64_t count) const;
  /// True if the memory that both use, and at least one writes, is in either cut into the same rows.
  bool agreesOnRows(const VectorNest &other, std::int64_t count) const;
  /// True if what one writes the other uses, and it is more than a cache near the core holds.
  bool sharesMuchWith(const VectorNest &other) const;
  /// True if the op uses this memory.
  bool uses(mlir::Value memref) const;
  double work() const;
  /// Writes one row in front of `place`: of `count` rows it is number `row`. The op stays.
  void runRow(mlir::Operation *place, Value row, std::int64_t count);
  void erase() { op.erase(); }

private:
  /// One loop: its extent, the movement of each operand, and the loop of the op it stands for (-1: several).
  struct Axis {
    std::int64_t extent = 1;
    llvm::SmallVector<std::int64_t> strides;
    int source = -1;
    Value start = {}; ///< the loop's position at the first turn; null: 0
  };

  /// One operand: flat memory, the constant part of its position, and whether the body reads it.
  struct Operand {
    Value memory;
    std::int64_t offset = 0;
    bool read = false;
    mlir::Type element;
  };

  mlir::OpBuilder builder;
  mlir::linalg::GenericOp op;
  mlir::Location loc;
  VectorTools tools;
  std::int64_t vectorBits;
  llvm::SmallVector<Operand> operands;
  llvm::SmallVector<bool> indexed; ///< by loop of the op: the body asks for its position
  llvm::SmallVector<Axis> axes;    ///< after orderAxes: moving loops, then reducing loops
  std::int64_t lanes = 1;
  std::int64_t vectors = 1; ///< vectors of results in hand at once, for loops along lanes that move the result
  int vectorAxis = -1;      ///< index in axes
  std::size_t moving = 0;   ///< the number of moving loops
  unsigned outputs = 1, firstOutput = 0;
  bool reduces = false;
  bool covers = true; ///< every element of the result's memory is reached
  ReductionOrder order;
  int partsAxis = -1; ///< index in axes of the loop whose parts are combined one after the other in place
  Combiner combiner;
  Value initial;   ///< scalar that accumulators start from
  Values firstIvs; ///< the positions of loops that are outside already
  Values base;     ///< where the row begins, by operand; empty: at the operand's offset

  std::int64_t outStride(const Axis &axis) const { return axis.strides[firstOutput]; }
  bool across() const { return vectorAxis >= int(moving); } ///< lanes are combined at the end
  int axisOf(int loop) const;
  std::int64_t turnsOf(std::size_t axis) const;
  std::int64_t turnsInside(std::size_t axis) const;

  // Choosing (VectorNest.cpp).
  void write();
  void collectOperands();
  void collectAxes();
  void mergeAxes();
  bool merge(size_t outer, size_t inner);
  mlir::LogicalResult takeInitialValue();
  void chooseLanes();
  void orderAxes();
  void mergeReducing();
  void chooseVectors();

  int rowAxis(std::int64_t count) const;
  struct Span {
    std::int64_t step, low, high; ///< from row to row, and the first and last element of row 0
  };
  Span spanOf(std::size_t operand, std::int64_t count) const;

  // Parts and groups in scratch memory (VectorNestParts.cpp).
  bool partsInScratch() const;
  void writeParts();
  void combineParts(Value parts, std::int64_t count, Value result);
  Groups groupsNow() const;
  void writeGroups(Values positions);

  // Blocks transposed in registers, and interleaved results (VectorNestTiles.cpp).
  bool transposes();
  bool interleaves();
  void writeTiles(std::size_t along, std::size_t rows);
  void writeTile(llvm::ArrayRef<Value> positions, Values ivs, const Axis &along, const Axis &rows,
                 std::int64_t alongCount, std::int64_t rowCount);
  void writeInterleaved(std::size_t along, std::size_t apart);
  void overAxes(llvm::ArrayRef<Axis> outer, llvm::ArrayRef<Value> positions, Values ivs, bool parallel,
                llvm::function_ref<void(Values positions, Values ivs)> inner);

  // Loops (VectorNestLoops.cpp).
  Values startPositions();
  bool mayShare() const;
  bool writesOut(std::int64_t turns) const;
  Values move(llvm::ArrayRef<Value> positions, Value iv, const Axis &axis);
  void setIv(Values &ivs, const Axis &axis, Value iv);
  Axis part(const Axis &axis, Value first, std::int64_t turns);
  void hoist(int level, llvm::ArrayRef<Value> positions, Values &hoisted);
  void descend(std::size_t level, llvm::ArrayRef<Value> positions, Values ivs, Values hoisted);
  void writeLoops(Values positions);
  void reduceAndStore(llvm::ArrayRef<Value> positions, llvm::ArrayRef<Value> ivs, llvm::ArrayRef<Value> hoisted,
                      std::int64_t count);
  Values reduceAll(llvm::ArrayRef<Value> positions, llvm::ArrayRef<Value> ivs, llvm::ArrayRef<Value> hoisted,
                   std::int64_t count);
  Values reducePart(llvm::ArrayRef<Value> positions, llvm::ArrayRef<Value> ivs, llvm::ArrayRef<Value> hoisted,
                    std::int64_t count);
  void overReductions(std::size_t level, Values positions, Values ivs, Values hoisted, std::int64_t count, Values &acc);
  void accumulate(llvm::ArrayRef<Value> positions, llvm::ArrayRef<Value> ivs, llvm::ArrayRef<Value> hoisted,
                  std::int64_t count, Value &acc);
  Values body(llvm::ArrayRef<Value> positions, llvm::ArrayRef<Value> ivs, llvm::ArrayRef<Value> hoisted,
              std::int64_t count);
  Values bodyOn(llvm::ArrayRef<Value> inputs, llvm::ArrayRef<Value> ivs, int loop);
  Value loadLanes(const Operand &operand, Value position, std::int64_t stride, std::int64_t count);
};

} // namespace talweg

#endif
