// Rewrites what a function does with variables that lie in tiles.
#ifndef TALWEG_LIB_CODEGEN_TILEVARIABLES_H
#define TALWEG_LIB_CODEGEN_TILEVARIABLES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/MapVector.h"

namespace talweg {

/// How a tensor or memref lies in tiles: `outer` dimensions stay in front of the blocks' numbers.
struct Tiles {
  std::int64_t block;
  unsigned outer = 0;
};

/// Of variables, by their names.
using VariableTiles = llvm::MapVector<mlir::StringAttr, Tiles>;

/// Ops that can read or write such a variable in tiles do; the others get copies in rows.
void tileVariables(mlir::func::FuncOp function, const VariableTiles &variables);

} // namespace talweg

#endif
