// How fast this machine's caches are, and how long its threads take to start: measured once, and kept beside compiled code.
#ifndef TALWEG_ENGINE_MACHINERATES_H
#define TALWEG_ENGINE_MACHINERATES_H

#include "talweg/Pipeline/Pipeline.h"

namespace talweg {

/// `native` with the rates of this machine, of a core that works alone, and the time of a fork of all cores. They are measured, in a tenth of a second, where the cache has none; where nothing
/// is kept, and for other targets, `target` as it is: measuring at each start would take longer than it spares.
Target withRates(Target target);

} // namespace talweg

#endif
