// The passes of Autodiff; each is described in Passes.td.
#ifndef TALWEG_AUTODIFF_PASSES_H
#define TALWEG_AUTODIFF_PASSES_H

#include "mlir/Pass/Pass.h"

namespace talweg {
#define GEN_PASS_DECL
#include "talweg/Autodiff/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "talweg/Autodiff/Passes.h.inc"
} // namespace talweg

#endif
