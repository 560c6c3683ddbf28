// A run that a command goes on from: what its moment says, and what `talweg train` noted there. The folder holds the program and all that
// it was given, so that a command needs no more than the folder; what has changed since is named and refused, unless it is accepted by name.
#ifndef TALWEG_TOOL_KNOWNRUN_H
#define TALWEG_TOOL_KNOWNRUN_H

#include "talweg/Engine/Engine.h"

#include "Options.h"

#include <nlohmann/json.hpp>

namespace talweg::driver {

using Json = nlohmann::ordered_json;

/// What has changed since a run began and is accepted.
struct Accepted {
  bool data = false, source = false, batch = false;
};

struct KnownRun {
  std::string path; ///< as it was named
  Moment moment;
  Json notes = Json::object(); ///< of `talweg train`; empty in a folder that a host has saved

  static Result<KnownRun> read(const std::string &path);

  /// What was given to `talweg train` beside what the moment's options tell.
  Json settings() const { return notes.value("settings", Json::object()); }
  /// The paths of --data.
  std::vector<Pair> data() const;
  /// The options of the program, with those of a command before them.
  CompileOptions options(CompileOptions given) const;
  /// The program of the folder.
  Result<Program> open(const CompileOptions &given) const;
  /// An error unless `program`, read from a file, computes what the folder's does in this mode.
  Result<void> checkSource(const Program &program, const CompileOptions &given, Mode mode) const;
  /// An error unless the rows of a split are those that the run had, as far as they were read: predict reads some of the fields.
  Result<void> checkData(const std::string &split, const Dataset &data) const;
};

} // namespace talweg::driver

#endif
