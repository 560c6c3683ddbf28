// What a Program holds.
#ifndef TALWEG_ENGINE_PROGRAMIMPL_H
#define TALWEG_ENGINE_PROGRAMIMPL_H

#include "Native.h"
#include "Stopwatch.h"

#include "talweg/Prepare/Preparation.h"

#include <map>
#include <mutex>
#include <span>

namespace talweg {

struct Program::Impl {
  CompileOptions options;
  std::unique_ptr<Compiler> compiler;
  PlanFacts plan;
  Manifest manifest;                 ///< see Program::manifest
  std::vector<LearnedField> learned; ///< see Program::learned
  double readSeconds = 0;            ///< parsing and checking the source

  /// What the preparation of the data learns, or has learned; then sizes are known.
  Result<void> learn();
  /// The module of a mode at the plan's batch that an earlier question has made, for the first who asks; then a new one.
  Result<Unit> takeUnit(Mode mode);
  /// The same in native code.
  Result<NativeUnit> makeNativeUnit(Mode mode);
  void keepUnit(Mode mode, Unit unit);

  /// What a step in this mode does with each field of the data.
  Result<std::vector<FieldUse>> fieldUses(Mode mode);
  /// What becomes of a row's cells, for each field. Valid as long as the program.
  Result<std::span<const prepare::Preparation>> preparations();

private:
  Result<std::vector<FieldUse>> findUses(Mode mode);
  std::optional<Unit> takeKeptUnit(Mode mode);

  std::mutex mutex;
  std::map<Mode, Unit> units;
  std::map<Mode, std::vector<FieldUse>> uses;                ///< that have been asked for
  std::optional<std::vector<prepare::Preparation>> prepared; ///< likewise
};

} // namespace talweg

#endif
