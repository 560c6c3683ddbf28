// The threads that generated code runs on: those of the OpenMP runtime of the process.
#ifndef TALWEG_RUNTIME_THREADS_H
#define TALWEG_RUNTIME_THREADS_H

#include "talweg/Support/Result.h"

namespace talweg::runtime {

/// Cores this process may use (its affinity), at least 1.
int usableCores();

/// How many threads parallel regions started by the calling thread use from now on. They are started here, if they have not
/// been: what would end the process inside the OpenMP runtime (threads that the system refuses, an OMP_NUM_THREADS that is no
/// number of threads) is an error, E0807.
Result<void> setThreads(int count);

/// Calls `body` once on each of `count` of these threads, with numbers from 0, and returns when all have. The calling thread
/// is number 0, and setThreads has given it as many. `threads` is how many take part: fewer than `count` if the runtime grants
/// fewer.
using ThreadBody = void (*)(int thread, int threads, void *context);
void onEachThread(int count, ThreadBody body, void *context);

} // namespace talweg::runtime

#endif
