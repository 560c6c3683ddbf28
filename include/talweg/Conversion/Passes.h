// The passes of Conversion; each is described in Passes.td.
#ifndef TALWEG_CONVERSION_PASSES_H
#define TALWEG_CONVERSION_PASSES_H

#include "mlir/Pass/Pass.h"

namespace talweg {
#define GEN_PASS_DECL
#include "talweg/Conversion/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "talweg/Conversion/Passes.h.inc"
} // namespace talweg

#endif
