// Variables of layers that are alike, each a slice of one. What is beside a parameter under its name (slots, sums, averages) is beside the stack.
#ifndef TALWEG_LIB_TRANSFORMS_VARIABLESTACKS_H
#define TALWEG_LIB_TRANSFORMS_VARIABLESTACKS_H

#include "talweg/Dialect/Train/Train.h"

#include "llvm/ADT/StringMap.h"

#include <functional>
#include <string>

namespace talweg {

class VariableStacks {
public:
  using Names = llvm::SmallVector<llvm::StringRef>;

  explicit VariableStacks(train::ProgramOp program);

  /// Why they cannot be a stack; empty: they can. `isInTurns`: will an op read a slice, if it reads a variable?
  std::string whyNot(const Names &members, llvm::function_ref<bool(mlir::Operation *)> isInTurns);

  /// Declares the stack in the place of `members`, and reads slices of it in the place of these; what gives them values is left to the caller.
  train::VariableOp stack(const Names &members);

  /// The stack, as it is read where the first of `gets` was, in the type of a stack of theirs.
  static mlir::Value read(train::VariableOp stack, llvm::ArrayRef<train::GetOp> gets);

private:
  train::ProgramOp program;
  mlir::Block &block; ///< the objective's
  llvm::StringMap<train::VariableOp> variables;
  llvm::StringMap<std::int64_t> places;

  llvm::SmallVector<std::string> suffixesOf(llvm::StringRef name);
  std::string whyNotOne(const Names &members);
  std::string whyNotTogether(const Names &members);
  train::VariableOp declare(const Names &members);
  void replaceInLists(const Names &members, train::VariableOp stack);
};

} // namespace talweg

#endif
