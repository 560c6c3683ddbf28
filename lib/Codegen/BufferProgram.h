// What the ops of a block do with memory, as plain facts: which tensors they read and make, which may be written over which, and what is
// a variable's storage. Who decides about buffers reads this, and nobody asks the ops again.
#ifndef TALWEG_LIB_CODEGEN_BUFFERPROGRAM_H
#define TALWEG_LIB_CODEGEN_BUFFERPROGRAM_H

#include "mlir/IR/Block.h"
#include "mlir/IR/Value.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SmallVector.h"

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace talweg::kernel {
class PlacedOp;
}

namespace talweg::buffers {

/// A tensor. Reshapes of it are the same value.
struct Value {
  std::int64_t bytes = 0; ///< in the arena; 0: a variable's storage, a literal
  int producer =
      -1; ///< index of its op, or of the last that writes its memory before it is read; -1: there from the start
  int memory = -1;     ///< the variable whose storage it reads
  bool pinned = false; ///< stays where it is
};

struct Result {
  int value = -1;
  llvm::SmallVector<unsigned> needs; ///< which inputs this result depends on
  llvm::SmallVector<unsigned>
      overwritable;     ///< inputs whose memory it may take when they die here, the first before the second
  int destination = -1; ///< the variable that it may be written to at once, if nothing reads that later
};

struct Input {
  int value = -1;
  bool inlinable = false;                  ///< a producer of this value alone can be computed inside the op
  llvm::SmallVector<unsigned> elementwise; ///< results that overwrite an element only after it was read
};

struct Op {
  llvm::SmallVector<Input> inputs;
  llvm::SmallVector<Result> results;
  double cost = 0;                      ///< of computing it once more
  bool repeatable = false;              ///< has no effect but its results
  bool inlinable = false;               ///< can be computed inside its only reader
  llvm::SmallVector<int, 1> overwrites; ///< variables whose storage it writes: not to be read afterwards
  /// Of memory that is needed while the op runs alone: the pieces.
  llvm::SmallVector<std::int64_t> scratch;
  int joins =
      -1; ///< the input, a product's result, in whose registers the op is computed if it is the first that reads it
  int runsWith = -1;     ///< the op, at or behind it, in whose place it runs if nothing is copied between; -1: its own
  bool leaves = false;   ///< a kernel.leave: in front of it variables stay as they are
  bool inMemory = false; ///< the result is added up in memory, even where only an op in registers reads it
};

/// Memory of the arena that is not made for an op's result: that which ops of the block fill in loops, or before loops read it.
struct Local {
  int variable = -1;
  std::int64_t bytes = 0;
  int first = -1, last = -1;        ///< the ops that have to do with it
  llvm::SmallVector<int> rewriters; ///< loops that write it
};

struct Program {
  std::vector<Value> values;
  std::vector<Op> ops; ///< in their order
  std::vector<Local> locals;
};

/// The variables of a block, by their storage: views of one storage are one variable unless their offsets are known to differ.
class Variables {
public:
  /// The number of the variable whose storage `memref` shows.
  int numberOf(mlir::Value memref);

private:
  struct Storage {
    std::map<std::int64_t, int> at; ///< by offset
    int anywhere = -1;              ///< where an offset is not known, all are one
  };
  llvm::DenseMap<mlir::Value, Storage> storages;
  int numbers = 0;
};

/// The program of one block, and what its parts are.
class BlockProgram : public Program {
public:
  explicit BlockProgram(mlir::Block &block);

  std::vector<mlir::Operation *> operations;                  ///< of ops
  std::vector<mlir::Value> tensors;                           ///< of values
  std::vector<llvm::SmallVector<mlir::OpOperand *>> operands; ///< of ops: what each input is
  Variables variables;

  /// The number of the value that `tensor` shows; -1: it is none of the block's.
  int numberOf(mlir::Value tensor) const;
  /// The number of an op; -1: it has nothing to do with tensors.
  int numberOf(mlir::Operation *op) const;
  Op &factsOf(mlir::Operation *op) { return ops[numberOf(op)]; }
  /// From now on `with` is the value that `tensor` was.
  void replace(mlir::Value tensor, mlir::Value with);

private:
  mlir::Block &block;
  llvm::DenseMap<mlir::Value, int> valueNumbers;
  llvm::DenseMap<mlir::Operation *, int> opNumbers;
  llvm::DenseMap<int, int> touched;      ///< variable → the last op so far that writes it, or holds what does
  llvm::DenseMap<int, unsigned> localOf; ///< variable → which local it is

  int addValue(mlir::Value tensor, Value facts);
  void addStored(mlir::Value tensor, mlir::Value memref);
  void addSlice(mlir::Value tensor, mlir::Value whole);
  int valueFor(mlir::Value tensor);
  void touch(mlir::Value memref);
  void add(mlir::Operation &op);
  void describe(kernel::PlacedOp op, Op &facts, llvm::ArrayRef<mlir::OpOperand *> read);
};

bool isReshape(mlir::Operation *op);

/// `tensor` before it was reshaped.
mlir::Value withoutReshapes(mlir::Value tensor);

/// Where `result` is materialized in its block: by itself, or as what an op, whose init it is, leaves of it. Null: nowhere.
mlir::Value destinationOf(mlir::OpResult result);

} // namespace talweg::buffers

#endif
