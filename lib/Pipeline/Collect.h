// Reading a module's facts at the phases where they stand.
#ifndef TALWEG_PIPELINE_COLLECT_H
#define TALWEG_PIPELINE_COLLECT_H

#include "talweg/Pipeline/Compiler.h"

namespace talweg {

/// After phase gradient.
void countContractions(mlir::ModuleOp module, Manifest &manifest);
/// After phase update: variables, fields, columns, output.
Result<void> readLayout(mlir::ModuleOp module, Manifest &manifest);
/// The part of it that says which values of the fields make sense; the fields are there.
void boundFields(mlir::Block &objective, Manifest &manifest);
/// Before phase vector: what code generation must not choose again.
void giveLayouts(mlir::ModuleOp module, const Layouts &layouts);
/// After phase vector.
void readSizes(mlir::ModuleOp module, Manifest &manifest);
/// After phase vector: what talweg-mark-regions has noted, if it ran.
std::vector<RegionFacts> readRegions(mlir::ModuleOp module);

} // namespace talweg

#endif
