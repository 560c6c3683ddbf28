// The loops that one linalg.generic becomes: which run along lanes, in what order, over what memory.
#ifndef TALWEG_LIB_CODEGEN_VECTORNEST_H
#define TALWEG_LIB_CODEGEN_VECTORNEST_H

#include "VectorBody.h"

namespace talweg {

class VectorNest {
public:
  VectorNest(mlir::linalg::GenericOp op, std::int64_t vectorBits);

  /// Writes the loops in front of the op and erases it. Fails, with an error, on a reduction not from a filled value.
  mlir::LogicalResult run();

private:
  using Value = mlir::Value;
  using Values = llvm::SmallVector<mlir::Value>;

  /// One loop: its extent, the movement of each operand, and the loop of the op it stands for (-1: several).
  struct Axis {
    std::int64_t extent = 1;
    llvm::SmallVector<std::int64_t> strides;
    int source = -1;
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
  bool inMemory = false; ///< results accumulate in memory: loops reach positions more than once, or not all of them
  Combiner combiner;
  Value initial; ///< scalar that accumulators start from

  std::int64_t outStride(const Axis &axis) const { return axis.strides[firstOutput]; }
  bool across() const { return vectorAxis >= int(moving); } ///< lanes are combined at the end
  double work() const;

  // Choosing (VectorNest.cpp).
  void collectOperands();
  void collectAxes();
  void mergeAxes();
  mlir::LogicalResult takeInitialValue();
  void chooseLanes();
  void orderAxes();
  void chooseVectors();

  // Partial results (VectorNestParts.cpp).
  std::int64_t partLength(std::size_t axis) const;
  std::int64_t cutReduction();
  void combineParts(Value parts, std::int64_t count, Value result);

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
  bool writesApart() const;
  Values move(llvm::ArrayRef<Value> positions, Value iv, const Axis &axis);
  void hoist(int level, llvm::ArrayRef<Value> positions, Values &hoisted);
  void descend(std::size_t level, llvm::ArrayRef<Value> positions, Values ivs, Values hoisted);
  void reduceAndStore(llvm::ArrayRef<Value> positions, llvm::ArrayRef<Value> ivs, llvm::ArrayRef<Value> hoisted,
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
