// Writes the loops that a NestPlan says.
#ifndef TALWEG_LIB_CODEGEN_NESTEMITTER_H
#define TALWEG_LIB_CODEGEN_NESTEMITTER_H

#include "NestPlan.h"
#include "VectorBody.h"

namespace talweg {

class NestEmitter {
  using Value = mlir::Value;
  using Values = llvm::SmallVector<mlir::Value>;

public:
  /// Flat views of the operands stand in front of the op. `initial`: the scalar that a reduction's accumulators start from.
  NestEmitter(mlir::OpBuilder &builder, mlir::linalg::GenericOp op, const NestPlan &plan, Value initial);

  /// Writes the nest at the builder's place; of a plan for rows, this row. The op stays.
  void write(Value row = {});

private:
  /// Where the nest stands.
  struct Place {
    Values positions;   ///< by operand, in elements; null: the body does not look at it
    Values ivs;         ///< by loop of the op; null: 0
    Values hoisted;     ///< by operand: what all lanes read from here on; null: not loaded yet
    std::int64_t count; ///< lanes in hand, in several vectors where the plan says so
  };

  mlir::OpBuilder &builder;
  mlir::linalg::GenericOp op;
  mlir::Location loc;
  VectorTools tools;
  NestPlan plan;
  Values memories; ///< by operand
  Combiner combiner;
  Value initial;

  NestEmitter with(NestPlan other, Value results) const;
  Value &resultMemory() { return memories[plan.firstOutput]; }
  Value resultPosition(const Place &place) const { return place.positions[plan.firstOutput]; }
  Value combine(Value x, Value y) { return combiner.apply(builder, x, y); }
  Place move(const Place &from, Value iv, const NestAxis &axis);
  void moveIv(Values &ivs, Value iv, const NestAxis &axis);
  void hoist(int level, Place &place);
  Values body(const Place &place);
  Values bodyOn(llvm::ArrayRef<Value> inputs, llvm::ArrayRef<Value> ivs);

  // Loops, a vector of results at a time (NestEmitter.cpp).
  void writeVectors(const Place &place);
  Value allocateScratch();
  void writeParts(const Place &place);
  void writeGroups(const Place &place);
  void writeLoops(Place place);
  void descend(std::size_t level, const Place &place);
  void reduceAndStore(const Place &place);
  Values reduceAll(const Place &place);
  Values reducePart(const Place &place);
  void overReductions(std::size_t level, const Place &place, Values &sums);
  void accumulate(const Place &place, Value &sum);

  // Blocks in registers (NestTiles.cpp).
  void overOuter(std::size_t level, const Place &place, llvm::function_ref<void(const Place &)> inner);
  void writeTransposed(const Place &place);
  void writeBlock(const Place &place, std::int64_t rowCount);
  void writeInterleaved(const Place &place);
  void writeMixed(const Place &place);
};

} // namespace talweg

#endif
