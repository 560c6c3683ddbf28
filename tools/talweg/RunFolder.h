// The folder of a run: its moments, which the engine writes there, and for people run.json (what is run, with what, how it ended) and
// log.jsonl (its events). No command depends on what these two say.
#ifndef TALWEG_TOOL_RUNFOLDER_H
#define TALWEG_TOOL_RUNFOLDER_H

#include "Experiment.h"

namespace talweg::driver {

/// `runs/NAME` for the model file `…/NAME.tw`; with `-2`, `-3`, … if something is there already.
std::string freeFolder(const std::string &file);

class RunFolder {
public:
  explicit RunFolder(std::string path) : path(std::move(path)) {}
  RunFolder(RunFolder &&) = default;
  ~RunFolder();

  const std::string &directory() const { return path; }

  /// Whether a new run may be here: where nothing is, or a run that never took a step; with `replace`, where a run is.
  Result<void> checkFree(bool replace);
  /// Makes the folder the session's and saves the first moment, so that what cannot be written is known before training starts. Of a run that
  /// is replaced all stays until there is a step to show.
  Result<void> begin(Session &session, const std::vector<std::string> &command, const Json &facts,
                     const SaveOptions &options);
  /// Continues the log after `step`: what it tells of later steps, which the moment does not hold, is dropped.
  Result<void> proceed(std::int64_t step);

  /// Saves a moment, and adds the members of `facts` to run.json, replacing those of the same names.
  Result<void> save(const Session &session, SaveOptions options, const Json &facts);
  Result<void> record(const Json &facts);
  /// Appends one event to log.jsonl.
  void log(const std::string &event);
  /// Writes logged events; an error if any was lost.
  Result<void> flush();

private:
  Result<void> openLog();
  Result<void> show(const Session &session);

  std::string path;
  std::vector<std::string> command;
  bool replaces = false; ///< there is another run until `show`
  Json facts = Json::object();
  std::string waiting; ///< events that are not written yet
  int logFile = -1;
  int logError = 0; ///< why events were lost, if any were
};

} // namespace talweg::driver

#endif
