// See Interrupt.h.
#include "Interrupt.h"
#include "Options.h"

#include "talweg/Engine/Engine.h"

#include <atomic>
#include <csignal>
#include <unistd.h>

namespace talweg::driver {

static std::atomic<bool> requested{false};
/// How often the end was asked for by signals whose second one does not wait.
static std::atomic<int> urgent{0};

static std::atomic<Session *> target{nullptr};

static void onSignal(int signal) {
  requested.store(true);
  if (signal != SIGHUP && urgent.fetch_add(1) > 0) {
    if (isatty(STDERR_FILENO)) // leave the bar's line
      (void)!write(STDERR_FILENO, "\n", 1);
    _exit(kInterrupted);
  }
  if (Session *session = target.load())
    session->requestStop();
}

void catchInterrupts() {
  struct sigaction action = {};
  action.sa_handler = onSignal;
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  struct sigaction hangup = {};
  if (sigaction(SIGHUP, nullptr, &hangup) == 0 && hangup.sa_handler != SIG_IGN)
    sigaction(SIGHUP, &action, nullptr);
}

bool interrupted() { return requested.load(); }

StopTarget::StopTarget(Session &session) {
  target.store(&session);
  if (interrupted())
    session.requestStop();
}

StopTarget::~StopTarget() { target.store(nullptr); }

} // namespace talweg::driver
