// Threads.h over libomp. The OpenMP functions are declared here, because the compiler that builds Talweg need not
// ship omp.h.
#include "talweg/Runtime/Threads.h"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string_view>
#include <thread>
#include <vector>

#include <pthread.h>
#include <sched.h>

extern "C" void omp_set_num_threads(int);
extern "C" int omp_get_thread_num(void);
extern "C" int omp_get_num_threads(void);
extern "C" std::size_t kmp_get_stacksize_s(void);
extern "C" void GOMP_parallel(void (*)(void *), void *, unsigned threads, unsigned flags);

using namespace talweg;

// The OpenMP runtime is not asked, because it would read its variables of the environment.
int runtime::usableCores() {
#if defined(__linux__)
  cpu_set_t cores;
  if (sched_getaffinity(0, sizeof cores, &cores) == 0)
    return std::max(1, CPU_COUNT(&cores));
#endif
  return std::max(1, int(std::thread::hardware_concurrency()));
}

//===-- what the OpenMP runtime would not survive ------------------------------------------------------------------===//

/// Whether OMP_NUM_THREADS is absent or a list of numbers that libomp can prepare for. Others (no number, nothing, 10^9) abort
/// it when it starts, though the number of threads is never taken from there.
static bool environmentIsSound() {
  constexpr long kMost = 65536;
  const char *text = std::getenv("OMP_NUM_THREADS");
  if (!text)
    return true;
  for (;; ++text) {
    text += std::strspn(text, " \t");
    char *end = nullptr;
    long number = *text >= '0' && *text <= '9' ? std::strtol(text, &end, 10) : 0;
    if (number < 1 || number > kMost)
      return false;
    text = end + std::strspn(end, " \t");
    if (*text != ',')
      return *text == '\0';
  }
}

/// Starts `count` threads with the stacks that libomp's have, all there at once, and ends them. Returns 0, or why the system
/// refused one.
static int tryThreads(int count) {
  constexpr std::size_t kBeside = 64 << 10; // what libomp needs for a thread beside its stack
  std::mutex gate;
  auto wait = [](void *gate) -> void * {
    std::lock_guard passed(*static_cast<std::mutex *>(gate));
    return nullptr;
  };
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  int refused = pthread_attr_setstacksize(&attributes, kmp_get_stacksize_s() + kBeside);
  std::vector<pthread_t> threads;
  gate.lock();
  while (!refused && int(threads.size()) < count) {
    pthread_t thread;
    refused = pthread_create(&thread, &attributes, wait, &gate);
    if (!refused)
      threads.push_back(thread);
  }
  gate.unlock();
  for (pthread_t thread : threads)
    pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
  return refused;
}

Result<void> runtime::setThreads(int count) {
  static thread_local int started = 0; // of which the calling thread is one
  count = std::max(1, count);
  if (count > started) {
    if (!environmentIsSound())
      return Error{"E0807", "error: the environment variable OMP_NUM_THREADS is `" +
                                std::string(std::getenv("OMP_NUM_THREADS")) +
                                "`, which is no number of threads\nhelp: unset it; Talweg does not take its number of "
                                "threads from there"};
    if (int refused = tryThreads(count - std::max(1, started)))
      return Error{"E0807", "error: the system refuses " + std::to_string(count) +
                                " threads: " + std::strerror(refused) +
                                "\nhelp: ask for fewer, or for smaller stacks with OMP_STACKSIZE"};
    onEachThread(count, [](int, int, void *) {}, nullptr);
    started = count;
  }
  omp_set_num_threads(count);
  return {};
}

//===-- calls on them ----------------------------------------------------------------------------------------------===//

namespace {
struct Call {
  runtime::ThreadBody body;
  void *context;
};
} // namespace

void runtime::onEachThread(int count, ThreadBody body, void *context) {
  Call call{body, context};
  auto enter = [](void *data) {
    const Call &call = *static_cast<const Call *>(data);
    call.body(omp_get_thread_num(), omp_get_num_threads(), call.context);
  };
  GOMP_parallel(enter, &call, unsigned(std::max(1, count)), 0);
}
