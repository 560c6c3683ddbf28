// What clipping gradients costs is found by compiling without it.
#ifndef TALWEG_PIPELINE_CLIPS_H
#define TALWEG_PIPELINE_CLIPS_H

#include "talweg/Pipeline/Compiler.h"

namespace talweg {

/// Whether gradients are clipped in a unit of which no phase is done.
bool hasClips(const Unit &unit);

/// Makes them clipped no more.
void takeClips(Unit &unit);

} // namespace talweg

#endif
