// The last part of the road: LLVM dialect, object file, code in this process.
#include "Native.h"

#include "CodeCache.h"
#include "Stopwatch.h"

using namespace talweg;

std::vector<PhaseTime> talweg::phaseTimes(const Unit &unit) {
  std::vector<PhaseTime> result;
  for (auto &[phase, seconds] : unit.times)
    result.push_back({phase, seconds});
  return result;
}

Result<NativeUnit> talweg::makeNative(const Compiler &compiler, Unit unit) {
  if (auto lowered = compiler.lower(unit, Phase::Linalg); !lowered)
    return lowered.error();
  CodeCache cache;
  std::string key = cache.keyOf(*unit.module);
  Stopwatch stopwatch;
  Result<std::string> object = std::string();
  if (std::optional<CachedCode> cached = cache.find(key)) {
    object = std::move(cached->object);
    unit.facts.arenaBytes = cached->arenaBytes;
    unit.facts.persistentBytes = cached->persistentBytes;
  } else {
    if (auto lowered = compiler.lower(unit, Phase::Llvm); !lowered)
      return lowered.error();
    stopwatch = Stopwatch();
    object = emitNative(*unit.module, NativeForm::Object);
    if (!object)
      return object.error();
    cache.store(key, {*object, unit.facts.arenaBytes, unit.facts.persistentBytes});
  }
  auto code = NativeCode::load(*object);
  if (!code)
    return code.error();
  auto init = (*code)->entry("talweg_init"), step = (*code)->entry("talweg_step");
  if (!init || !step)
    return !init ? init.error() : step.error();
  NativeUnit native{std::move(*code), *init, *step, std::move(unit.facts), phaseTimes(unit)};
  native.times.push_back({"native", stopwatch.seconds()});
  return native;
}

Result<NativeUnit> talweg::makeNative(const Compiler &compiler, Mode mode, std::int64_t batch, bool quiet) {
  Result<Unit> unit = compiler.build(modeName(mode), batch);
  if (!unit)
    return unit.error();
  unit->quiet = quiet;
  return makeNative(compiler, std::move(*unit));
}
