// What a Program holds.
#ifndef TALWEG_ENGINE_PROGRAMIMPL_H
#define TALWEG_ENGINE_PROGRAMIMPL_H

#include "Native.h"
#include "Stopwatch.h"

#include <mutex>

namespace talweg {

struct Program::Impl {
  CompileOptions options;
  std::unique_ptr<Compiler> compiler;
  PlanFacts plan;
  double readSeconds = 0; ///< parsing and checking the source

  /// The module for training at the plan's batch that checking the file has made, for the first who asks; then a new one.
  Result<Unit> takeTrainUnit();
  /// The same in native code.
  Result<NativeUnit> makeTrainNative();
  void keepTrainUnit(Unit unit);

private:
  std::optional<Unit> takeKeptUnit();

  std::mutex mutex;
  std::optional<Unit> trainUnit;
};

} // namespace talweg

#endif
