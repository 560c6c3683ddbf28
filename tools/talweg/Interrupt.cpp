// See Interrupt.h.
#include "Interrupt.h"
#include "Options.h"

#include "talweg/Engine/Engine.h"

#include <atomic>
#include <csignal>
#include <unistd.h>

namespace talweg::driver {

static std::atomic<int> requests{0};

static std::atomic<Session *> target{nullptr};

static void onSignal(int) {
  if (requests.fetch_add(1) > 0) {
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
  std::signal(SIGPIPE, SIG_IGN);
}

bool interrupted() { return requests.load() > 0; }

StopTarget::StopTarget(Session &session) {
  target.store(&session);
  if (interrupted())
    session.requestStop();
}

StopTarget::~StopTarget() { target.store(nullptr); }

} // namespace talweg::driver
