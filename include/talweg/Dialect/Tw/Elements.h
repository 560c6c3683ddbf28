// The element types of Support/ElementType.def in MLIR.
#ifndef TALWEG_DIALECT_TW_ELEMENTS_H
#define TALWEG_DIALECT_TW_ELEMENTS_H

#include "talweg/Support/ElementType.h"

#include "mlir/IR/Types.h"

namespace talweg::tw {

mlir::Type irType(ElementType type, mlir::MLIRContext *context);

/// What elements of `type` are below tw; itself for a type that the table does not have.
mlir::Type loweredType(mlir::Type type);

/// Nothing for a type that the table does not have.
std::optional<ElementType> elementTypeOf(mlir::Type type);

/// Of a type that the table has.
const ElementInfo &infoOf(mlir::Type type);

/// A condition.
bool isTruth(mlir::Type type);

/// A float with which the program computes.
bool isReal(mlir::Type type);

/// A whole number with which the program computes.
bool isWhole(mlir::Type type);

/// A whole number that is only stored.
bool isStoredInteger(mlir::Type type);

} // namespace talweg::tw

#endif
