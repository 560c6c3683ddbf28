// The threads that generated code runs on: those of the OpenMP runtime of the process.
#ifndef TALWEG_RUNTIME_THREADS_H
#define TALWEG_RUNTIME_THREADS_H

namespace talweg::runtime {

/// Cores this process may use (its affinity), at least 1.
int usableCores();

/// How many threads parallel regions started by the calling thread use from now on.
void setThreads(int count);

} // namespace talweg::runtime

#endif
