// The element types of Support/ElementType.def in MLIR.
#ifndef TALWEG_DIALECT_TW_ELEMENTS_H
#define TALWEG_DIALECT_TW_ELEMENTS_H

#include "talweg/Support/ElementType.h"

#include "mlir/IR/Types.h"

namespace talweg::tw {

mlir::Type irType(ElementType type, mlir::MLIRContext *context);

/// Nothing for a type that the table does not have.
std::optional<ElementType> elementTypeOf(mlir::Type type);

/// Whether fields of whole numbers are stored so, with which the program does not compute.
bool isStoredInteger(mlir::Type type);

/// Whether all whole numbers of the type are of i32, too.
bool fitsInto32Bits(mlir::Type type);

} // namespace talweg::tw

#endif
