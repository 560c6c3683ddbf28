// Threads.h over libomp. The OpenMP functions are declared here, because the compiler that builds Talweg need not
// ship omp.h.
#include "talweg/Runtime/Threads.h"

#include <algorithm>

extern "C" void omp_set_num_threads(int);
extern "C" int omp_get_num_procs(void);
extern "C" int omp_get_thread_num(void);
extern "C" int omp_get_num_threads(void);
extern "C" void GOMP_parallel(void (*)(void *), void *, unsigned threads, unsigned flags);

int talweg::runtime::usableCores() { return std::max(1, omp_get_num_procs()); }

void talweg::runtime::setThreads(int count) { omp_set_num_threads(std::max(1, count)); }

namespace {
struct Call {
  talweg::runtime::ThreadBody body;
  void *context;
};
} // namespace

void talweg::runtime::onEachThread(int count, ThreadBody body, void *context) {
  Call call{body, context};
  auto enter = [](void *data) {
    const Call &call = *static_cast<const Call *>(data);
    call.body(omp_get_thread_num(), omp_get_num_threads(), call.context);
  };
  GOMP_parallel(enter, &call, unsigned(std::max(1, count)), 0);
}
