// Cases that may crash, hang or eat memory, in a process of their own.
#ifndef TALWEG_UNITTESTS_SUPPORT_APART_H
#define TALWEG_UNITTESTS_SUPPORT_APART_H

#include "Chance.h"
#include "Sanitized.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <functional>

namespace talweg::random {

/// What a case may take.
struct Bounds {
  unsigned seconds = 10;
  std::int64_t bytes = std::int64_t(128) << 20;
};

/// The most that this process has had in memory.
inline std::int64_t peakBytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return std::int64_t(usage.ru_maxrss) << 10;
}

/// Looks at all of `cases`, in one child process. Empty if `check` finds nothing wrong with any; else what is, with the case: what it says, a
/// crash, a leak, or more time or memory than `bounds`.
inline std::string wrongApart(const Cases &cases, const std::function<std::string(std::uint64_t number)> &check,
                              const Bounds &bounds = {}) {
  void *shared = mmap(nullptr, sizeof(std::uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  int ends[2];
  if (shared == MAP_FAILED || pipe(ends) != 0)
    return "no memory or pipe to share";
  volatile std::uint64_t &number = *static_cast<std::uint64_t *>(shared);
  number = cases.first;
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    std::string wrong;
    const std::int64_t bytes =
        bounds.bytes + (TALWEG_SANITIZED ? std::int64_t(512) << 20 : 0); // that it keeps back for itself
    for (; number < cases.end && wrong.empty(); number = number + 1) {
      const std::int64_t before = peakBytes();
      alarm(bounds.seconds);
      wrong = check(number);
      if (const std::int64_t taken = peakBytes() - before; wrong.empty() && taken > bytes)
        wrong = "takes " + std::to_string(taken >> 20) + " MiB";
      if (!wrong.empty())
        break;
    }
    alarm(0);
    // Not _exit: memory that leaked is told at the end.
    std::exit(write(ends[1], wrong.data(), wrong.size()) == ssize_t(wrong.size()) ? 0 : 1);
  }
  close(ends[1]);
  std::string wrong;
  char buffer[4096];
  for (ssize_t got; (got = read(ends[0], buffer, sizeof buffer)) > 0;)
    wrong.append(buffer, std::size_t(got));
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
    wrong = "takes more than " + std::to_string(bounds.seconds) + " seconds";
  else if (WIFSIGNALED(status))
    wrong = std::string("crashed: ") + strsignal(WTERMSIG(status));
  else if (WEXITSTATUS(status))
    wrong = "ended with status " + std::to_string(WEXITSTATUS(status));
  if (!wrong.empty())
    wrong += ", " + (number < cases.end ? cases.again(number) : std::string("after the last case"));
  munmap(shared, sizeof(std::uint64_t));
  return wrong;
}

} // namespace talweg::random

#endif
