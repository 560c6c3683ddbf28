// Threads.h over libomp. The two OpenMP functions are declared here, because the compiler that builds Talweg need not
// ship omp.h.
#include "talweg/Runtime/Threads.h"

#include <algorithm>

extern "C" void omp_set_num_threads(int);
extern "C" int omp_get_num_procs(void);

int talweg::runtime::usableCores() { return std::max(1, omp_get_num_procs()); }

void talweg::runtime::setThreads(int count) { omp_set_num_threads(std::max(1, count)); }
