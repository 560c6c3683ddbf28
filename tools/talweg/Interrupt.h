// Ctrl-C. The first SIGINT or SIGTERM asks the run to stop at the next step; the second ends the program at once.
#ifndef TALWEG_TOOL_INTERRUPT_H
#define TALWEG_TOOL_INTERRUPT_H

namespace talweg {
class Session;
}

namespace talweg::driver {

/// From here on SIGINT and SIGTERM are requests, and SIGPIPE a failed write.
void catchInterrupts();
/// Whether a stop was requested.
bool interrupted();

/// While it lives, a request also reaches this session, whose evaluation then ends early.
class StopTarget {
public:
  explicit StopTarget(Session &session);
  ~StopTarget();
  StopTarget(const StopTarget &) = delete;
};

} // namespace talweg::driver

#endif
