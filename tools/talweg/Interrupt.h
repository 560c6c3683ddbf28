// Ctrl-C. A SIGINT, SIGTERM or SIGHUP asks the run to stop at the next step; the second SIGINT or SIGTERM ends the program at
// once. (A terminal that closes may send SIGHUP more than once.)
#ifndef TALWEG_TOOL_INTERRUPT_H
#define TALWEG_TOOL_INTERRUPT_H

namespace talweg {
class Session;
}

namespace talweg::driver {

/// From here on these signals are requests; SIGHUP only where it is not ignored, as under nohup.
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
