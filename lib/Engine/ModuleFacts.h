// Reading a module's facts at the phases where they stand.
#ifndef TALWEG_ENGINE_MODULEFACTS_H
#define TALWEG_ENGINE_MODULEFACTS_H

#include "Compiler.h"

#include "talweg/Dialect/Train/Train.h"

namespace talweg {

/// An element type's name: f32, i32, ui8.
std::string elementName(mlir::Type type);
Variable variableFacts(train::VariableOp op);

/// After phase gradient.
void countContractions(mlir::ModuleOp module, ModuleFacts &facts);
/// After phase update.
Result<void> readLayout(mlir::ModuleOp module, ModuleFacts &facts);
/// After phase vector.
void readSizes(mlir::ModuleOp module, ModuleFacts &facts);

} // namespace talweg

#endif
