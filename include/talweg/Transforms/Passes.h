// The passes of Transforms; each is described in Passes.td.
#ifndef TALWEG_TRANSFORMS_PASSES_H
#define TALWEG_TRANSFORMS_PASSES_H

#include "mlir/Pass/Pass.h"

namespace talweg {
#define GEN_PASS_DECL
#include "talweg/Transforms/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "talweg/Transforms/Passes.h.inc"
} // namespace talweg

#endif
