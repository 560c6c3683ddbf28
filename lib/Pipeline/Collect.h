// The collector: a module as its host sees it.
#ifndef TALWEG_PIPELINE_COLLECT_H
#define TALWEG_PIPELINE_COLLECT_H

#include "talweg/Pipeline/Compiler.h"

namespace talweg {

/// What stands on the declarations of a program and on its functions. Out of the frontend: variables, fields, hypers and metrics; after
/// phase linalg all but the blocks of variables and the arena; after phase vector these too. `file`: the program's, for messages; places
/// in it have no file.
Result<Manifest> collect(mlir::ModuleOp module, const std::string &file);

/// A region of a step as its host sees it.
RegionFacts factsOf(const CodeRegion &region);

} // namespace talweg

#endif
