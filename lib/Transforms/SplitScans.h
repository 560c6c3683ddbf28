// Loops over time whose results are of all rows and of none. Private to Transforms.
#ifndef TALWEG_LIB_TRANSFORMS_SPLITSCANS_H
#define TALWEG_LIB_TRANSFORMS_SPLITSCANS_H

#include "talweg/Dialect/Train/Train.h"

namespace talweg {

/// Gives what loops compute of no row, or of all by way of reductions, loops of its own, so that an objective that is cut has it without the rows;
/// and what needs no reduction that some other result of its loop needs.
void splitScans(train::ObjectiveOp objective);

} // namespace talweg

#endif
