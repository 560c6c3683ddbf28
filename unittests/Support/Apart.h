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
#include <cstdlib>
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

/// What `work` says in a child process, which it shares memory with only where that is mapped so; or how that died: by a signal, a leak. `leave`
/// ends the child; what has leaked is told by std::exit.
inline std::string saidApart(const std::function<std::string()> &work, void (*leave)(int status) = std::exit) {
  int ends[2];
  if (pipe(ends) != 0)
    return "no pipe";
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    const std::string said = work();
    leave(write(ends[1], said.data(), said.size()) == ssize_t(said.size()) ? 0 : 1);
  }
  close(ends[1]);
  std::string said;
  char buffer[4096];
  for (ssize_t got; (got = read(ends[0], buffer, sizeof buffer)) > 0;)
    said.append(buffer, std::size_t(got));
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
    return "takes too much time";
  if (WIFSIGNALED(status))
    return std::string("crashed: ") + strsignal(WTERMSIG(status));
  return WEXITSTATUS(status) ? "ended with status " + std::to_string(WEXITSTATUS(status)) : said;
}

/// Looks at all of `cases`, in one child process. Empty if `check` finds nothing wrong with any; else what is, with the case: what it says, a
/// crash, a leak, or more time or memory than `bounds`.
inline std::string wrongApart(const Cases &cases, const std::function<std::string(std::uint64_t number)> &check,
                              const Bounds &bounds = {}) {
  void *shared = mmap(nullptr, sizeof(std::uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED)
    return "no memory to share";
  volatile std::uint64_t &number = *static_cast<std::uint64_t *>(shared);
  number = cases.first;
  std::string wrong = saidApart([&] {
    std::string found;
    const std::int64_t bytes =
        bounds.bytes + (TALWEG_SANITIZED ? std::int64_t(512) << 20 : 0); // that it keeps back for itself
    for (; number < cases.end; number = number + 1) {
      const std::int64_t before = peakBytes();
      alarm(bounds.seconds);
      found = check(number);
      if (const std::int64_t taken = peakBytes() - before; found.empty() && taken > bytes)
        found = "takes " + std::to_string(taken >> 20) + " MiB";
      if (!found.empty())
        break;
    }
    alarm(0);
    return found;
  });
  if (!wrong.empty())
    wrong += ", " + (number < cases.end ? cases.again(number) : std::string("after the last case"));
  munmap(shared, sizeof(std::uint64_t));
  return wrong;
}

} // namespace talweg::random

#endif
