// Reading a module's facts at the phases where they stand.
#ifndef TALWEG_PIPELINE_MODULEFACTS_H
#define TALWEG_PIPELINE_MODULEFACTS_H

#include "talweg/Pipeline/Compiler.h"

namespace talweg {

/// After phase gradient.
void countContractions(mlir::ModuleOp module, ModuleFacts &facts);
/// After phase update: variables, fields, columns, output.
Result<void> readLayout(mlir::ModuleOp module, ModuleFacts &facts);
/// The part of it that says which values of the fields make sense; the fields are there.
void boundFields(mlir::Block &objective, ModuleFacts &facts);
/// Before phase vector: what code generation must not choose again.
void giveLayouts(mlir::ModuleOp module, const Layouts &layouts);
/// After phase vector.
void readSizes(mlir::ModuleOp module, ModuleFacts &facts);
/// After phase vector: what talweg-mark-regions has noted, if it ran.
void readRegions(mlir::ModuleOp module, ModuleFacts &facts);

} // namespace talweg

#endif
