// talweg train --trace-nan: where the first number that is not finite comes from.
#ifndef TALWEG_TOOL_TRACENAN_H
#define TALWEG_TOOL_TRACENAN_H

#include "Experiment.h"

namespace talweg::driver {

/// Trains on from where the session stands, saving nothing, to the first step that goes wrong, and tells of it: an event, or lines of at most 80 columns.
/// Returns the exit code.
int traceNan(Session &session, bool json);

} // namespace talweg::driver

#endif
