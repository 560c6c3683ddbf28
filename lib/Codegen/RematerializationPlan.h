// Which values of a straight line of ops to compute again, so that what is alive at once fits a limit.
#ifndef TALWEG_LIB_CODEGEN_REMATERIALIZATIONPLAN_H
#define TALWEG_LIB_CODEGEN_REMATERIALIZATIONPLAN_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

#include <cstdint>
#include <map>
#include <vector>

namespace talweg::remat {

/// A tensor. Reshapes of it are the same value.
struct Value {
  std::int64_t bytes = 0; ///< in the arena; 0: a variable's storage, a literal
  int producer = -1;      ///< index of its op; -1: there from the start
  int memory = -1;        ///< the variable whose storage it reads
  bool pinned = false;    ///< stays where it is
};

struct Result {
  int value = -1;
  llvm::SmallVector<unsigned> needs;        ///< which inputs this result depends on
  llvm::SmallVector<unsigned> overwritable; ///< inputs whose memory it may take when they die here
  int destination = -1;                     ///< the variable that it is stored to, where nothing reads that later
};

struct Input {
  int value = -1;
  bool inlinable = false;   ///< a producer of this value alone can be computed inside the op
  bool elementwise = false; ///< reads only what the op's results overwrite at the same time
};

struct Op {
  llvm::SmallVector<Input> inputs;
  llvm::SmallVector<Result> results;
  double cost = 0;         ///< of computing it once more
  bool repeatable = false; ///< has no effect but its results
  bool inlinable = false;  ///< can be computed inside its only reader
  int overwrites = -1;     ///< the variable whose storage it writes: not to be read afterwards
};

struct Program {
  std::vector<Value> values;
  std::vector<Op> ops; ///< in their order
};

/// One op at its place in a new order: an op of the program, or a copy of one.
struct Instance {
  unsigned op = 0;
  bool copy = false;
  bool dead = false;              ///< nobody reads it: to be erased
  llvm::SmallVector<int> inputs;  ///< value instances, as the op's inputs
  llvm::SmallVector<int> results; ///< value instances, as the op's results; -1: not wanted of a copy
};

/// The program with copies. The first value instances are the program's own values.
struct Schedule {
  std::vector<Instance> instances;
  std::vector<int> valueOf; ///< value instance → value
  bool legal = true;        ///< false: something would have to be read after it was overwritten, or cannot be repeated
  // What it takes.
  std::vector<std::int64_t> live; ///< bytes alive at each instance
  std::int64_t peak = 0;
  double cost = 0; ///< of what is computed more than before
};

/// Values that are forgotten: ops from `cut` (index in the program) on read a copy.
using Cuts = std::map<int, unsigned>;

/// The program in which ops from a value's cut on read a copy, computed just before the first of them; with what it takes.
Schedule scheduleOf(const Program &program, const Cuts &cuts);

/// The cheapest cuts found for which at most `limit` bytes are alive at once; if there are none, those with the least.
Cuts chooseCuts(const Program &program, std::int64_t limit);

} // namespace talweg::remat

#endif
