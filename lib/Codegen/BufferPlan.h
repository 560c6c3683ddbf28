// Where the results of a block's ops are kept: written straight into a variable, over an operand that dies, or in memory of their own; what
// is alive at each op, and so what the block takes. Decided once, before any buffer exists: talweg-plan-products asks it what overlaps,
// talweg-rematerialize what an order with copies would take, and talweg-bufferize does what it says.
#ifndef TALWEG_LIB_CODEGEN_BUFFERPLAN_H
#define TALWEG_LIB_CODEGEN_BUFFERPLAN_H

#include "ArenaLayout.h"
#include "BufferProgram.h"

namespace talweg::buffers {

/// How a result gets its place, in order of preference.
enum class Way { Destination, Over, Own };

struct Place {
  Way way = Way::Own;
  unsigned input = 0; ///< over which of the op's inputs
};

/// One op at its place in an order: an op of the program, or a copy of one.
struct Instance {
  unsigned op = 0;
  bool copy = false;
  bool dead = false;               ///< nobody reads it: to be erased
  llvm::SmallVector<int> inputs;   ///< value instances, as the op's inputs
  llvm::SmallVector<int> results;  ///< value instances, as the op's results; -1: not wanted of a copy
  llvm::SmallVector<Place> places; ///< of the results
  llvm::SmallVector<int> saved;    ///< value instances that get memory of their own before this op overwrites theirs
};

/// A program's ops in an order. The first value instances are the program's own values.
struct Schedule {
  std::vector<Instance> instances;
  std::vector<int> valueOf; ///< value instance → value
  bool copies = false;      ///< whether there are any
  bool legal = true;        ///< false: something would have to be read after it was overwritten, or cannot be repeated

  // What place() finds.
  std::vector<int> holder;          ///< value instance → the one whose memory holds it; -1: none of the arena
  std::vector<int> variable;        ///< value instance → the variable whose storage holds it; -1: none
  std::vector<ArenaBuffer> buffers; ///< all memory that is taken, by instances
  std::vector<std::int64_t> live;   ///< bytes alive at each instance
  std::int64_t peak = 0;
  double cost = 0; ///< of what is computed more than in the program

  /// The program as it is.
  static Schedule of(const Program &program);
};

/// Gives all results of the schedule their places. With copies, elementwise ops are reckoned to be computed inside of their only readers
/// as talweg-fuse-elementwise will do.
void place(const Program &program, Schedule &schedule);

/// The places of a block as it is.
class BufferPlan {
public:
  explicit BufferPlan(const BlockProgram &program) : program(program), schedule(Schedule::of(program)) {
    place(program, schedule);
  }

  /// How `result`, of an op of the block, gets its place.
  Place placeOf(mlir::OpResult result) const;
  /// The operand that `result` is written over.
  mlir::OpOperand *operandOf(mlir::OpResult result) const;
  /// The tensors that get memory of their own before `op` overwrites theirs.
  llvm::SmallVector<mlir::Value> savedBefore(mlir::Operation *op) const;
  /// True if `tensor` is in the storage of a variable.
  bool isStored(mlir::Value tensor) const;
  /// True if `op` writes a result, or what it materializes, where `tensor` is kept.
  bool overwrites(mlir::Operation *op, mlir::Value tensor) const;
  /// True if `a` and `b` are kept in one place, at different times or at once.
  bool meet(mlir::Value a, mlir::Value b) const;

private:
  const BlockProgram &program;
  Schedule schedule;

  std::pair<int, int> memoryOf(int value) const { return {schedule.holder[value], schedule.variable[value]}; }
};

} // namespace talweg::buffers

#endif
