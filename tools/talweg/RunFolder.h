// The folder of a run: run.json (what is run, with what, how it ended), log.jsonl (its events) and the checkpoint that
// the engine writes there. A folder holds one run; each file is replaced as a whole.
#ifndef TALWEG_TOOL_RUNFOLDER_H
#define TALWEG_TOOL_RUNFOLDER_H

#include "Experiment.h"

#include <cstdio>
#include <memory>

namespace talweg::driver {

/// `runs/NAME` for the model file `…/NAME.tw`; with `-2`, `-3`, … if a run is there already.
std::string freeFolder(const std::string &file);

class RunFolder {
public:
  explicit RunFolder(std::string path) : path(std::move(path)) {}

  const std::string &directory() const { return path; }

  /// Makes the folder, writes the first checkpoint and run.json, and begins an empty log: what cannot be written is
  /// known before training starts.
  Result<void> begin(const Session &session, const std::vector<std::string> &command, Json facts);
  /// What run.json of an earlier run says; an error where it says what no run has written.
  Result<Json> readRecord() const;
  /// Continues the log after `step`: what it tells of later steps, which the checkpoint does not hold, is dropped.
  Result<void> proceed(std::int64_t step);

  /// Adds the members of `facts` to run.json, replacing those of the same names.
  Result<void> record(const Json &facts);
  /// Appends one event to log.jsonl.
  void log(const std::string &event);
  /// Hands logged events to the system; an error if any was lost.
  Result<void> flush();

private:
  struct Closer {
    void operator()(std::FILE *file) const { std::fclose(file); }
  };

  Result<void> openLog();

  std::string path;
  std::unique_ptr<std::FILE, Closer> logFile;
  int logError = 0; ///< why events were lost, if any were
};

} // namespace talweg::driver

#endif
