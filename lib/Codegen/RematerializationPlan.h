// Which values of a straight line of ops to compute again, so that what is alive at once fits a limit.
#ifndef TALWEG_LIB_CODEGEN_REMATERIALIZATIONPLAN_H
#define TALWEG_LIB_CODEGEN_REMATERIALIZATIONPLAN_H

#include "BufferPlan.h"

namespace talweg::remat {

using buffers::Program;
using buffers::Schedule;

/// Values that are forgotten: ops from `cut` (index in the program) on read a copy.
using Cuts = std::map<int, unsigned>;

/// The program in which ops from a value's cut on read a copy, computed just before the first of them; with what it takes.
Schedule scheduleOf(const Program &program, const Cuts &cuts);

/// The cheapest cuts found for which at most `limit` bytes are alive at once; if there are none, those with the least.
Cuts chooseCuts(const Program &program, std::int64_t limit);

} // namespace talweg::remat

#endif
