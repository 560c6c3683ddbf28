// The passes of Codegen; each is described in Passes.td. The file of a pass defines GEN_PASS_DEF_ and its name, and includes this last: its base.
#ifndef TALWEG_CODEGEN_PASSES_H
#define TALWEG_CODEGEN_PASSES_H

#include "talweg/Codegen/TargetOption.h"

#include "mlir/Pass/Pass.h"

namespace talweg {
#define GEN_PASS_DECL
#include "talweg/Codegen/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "talweg/Codegen/Passes.h.inc"
} // namespace talweg

#endif
