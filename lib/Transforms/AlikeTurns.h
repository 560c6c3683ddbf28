// Turns of a loop, op beside op: what differs from turn to turn, and what a loop in the program would be handed from outside.
#ifndef TALWEG_LIB_TRANSFORMS_ALIKETURNS_H
#define TALWEG_LIB_TRANSFORMS_ALIKETURNS_H

#include "talweg/Dialect/Train/Train.h"
#include "talweg/Dialect/Tw/Tw.h"

#include "llvm/ADT/DenseMap.h"

#include <string>
#include <vector>

namespace talweg {

/// An op that reads the world around the step, or a slice of a variable: it is no part of a turn, and where it stands makes no difference.
bool isReadOfStep(mlir::Operation *op);

/// Comparable are turns of one block, and blocks of one op each, as initial values are. Nothing nested reads what lies outside of its op.
class AlikeTurns {
public:
  /// Without the ops that isReadOfStep is true of.
  using Turn = llvm::SmallVector<mlir::Operation *>;

  explicit AlikeTurns(std::vector<Turn> turns);

  /// Why the turns are no loop; empty: they are.
  const std::string &whyNot() const { return reason; }

  /// What the ops of a turn read that is not of it.
  struct Outside {
    enum Kind { Shared, Carried, Stack, Variables } kind;
    llvm::SmallVector<mlir::Value> values;                   ///< in each turn
    mlir::Value left;                                        ///< Carried: what the first turn leaves to the second
    mlir::Value stack;                                       ///< Stack: of which they are the slices
    llvm::SmallVector<std::pair<unsigned, unsigned>> places; ///< ops by their number, and operands
  };
  /// The variables that Outside::Variables reads, in each turn.
  static llvm::SmallVector<llvm::StringRef> variablesOf(const Outside &outside);

  /// Each variable of these is given the value of its turn.
  struct Set {
    mlir::Value first; ///< in the first turn
    llvm::SmallVector<train::SetOp> ops;
  };

  llvm::ArrayRef<Outside> outside() const { return read; }
  llvm::ArrayRef<Set> sets() const { return given; }

  /// The loop, of `blocks`. It emits `emitted`, values of the first turn. There are no Outside::Variables any more: they are slices.
  struct Made {
    tw::ScanOp scan;
    llvm::DenseMap<mlir::Value, mlir::Value> ends; ///< of values of the last turn that are read behind it
  };
  Made createScan(mlir::OpBuilder &builder, mlir::Location loc, mlir::ValueRange emitted) const;

private:
  struct Place {
    unsigned turn, number;
  };
  /// Numbers of a constant, or the stream of random numbers, in each turn.
  struct Difference {
    unsigned op;
    llvm::SmallVector<mlir::Attribute> values;
  };

  std::vector<Turn> turns;
  std::vector<Turn> all; ///< with ops inside of ops
  std::string reason;
  llvm::DenseMap<mlir::Value, Place> places;            ///< of what is computed in a turn
  std::vector<llvm::SmallVector<mlir::Value>> computed; ///< in each turn, by number
  llvm::SmallVector<Outside> read;
  llvm::SmallVector<Difference> differences;
  llvm::SmallVector<Set> given;
  llvm::SmallVector<unsigned> ends; ///< numbers of values that are read behind the last turn

  void number();
  bool compareOps(unsigned op);
  bool compareOperands(unsigned op);
  bool classify(Outside &outside);
  bool findEnds();
  bool fail(std::string why) {
    reason = std::move(why);
    return false;
  }
};

} // namespace talweg

#endif
