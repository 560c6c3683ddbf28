// The check at the end of a phase.
#ifndef TALWEG_PIPELINE_VERIFYPHASE_H
#define TALWEG_PIPELINE_VERIFYPHASE_H

#include "talweg/Pipeline/Pipeline.h"

#include "mlir/Pass/Pass.h"

namespace talweg {

/// Fails, naming the op, if the module is not what `phase` promises. Changes nothing.
std::unique_ptr<mlir::Pass> createVerifyPhase(Phase phase);

} // namespace talweg

#endif
