// Modules in native code.
#ifndef TALWEG_ENGINE_NATIVE_H
#define TALWEG_ENGINE_NATIVE_H

#include "CodeCache.h"
#include "Jit.h"

#include "talweg/Engine/Engine.h"
#include "talweg/Pipeline/Compiler.h"

namespace talweg {

/// A module as a library (Emit.h).
struct LibraryUnit {
  std::string library; ///< its bytes
  Manifest manifest;
  std::vector<RegionFacts> regions; ///< of a profiled program
  std::vector<PhaseTime> times;
  std::vector<std::string> messages; ///< still to be told
  NumberSites numbers;               ///< of a traced program
};

struct NativeUnit {
  std::unique_ptr<NativeCode> code;
  Entry init = nullptr, finish = nullptr,
        tell = nullptr;     ///< the latter two where there is something in parts, or to tell of several steps
  std::vector<Entry> steps; ///< of each pass
  Manifest manifest;
  std::vector<RegionFacts> regions; ///< of a profiled program
  std::vector<PhaseTime> times;
  std::vector<std::string> messages; ///< still to be told
  NumberSites numbers;               ///< of a traced program
};

/// Takes a unit through the phases that it has not seen, and makes a library of it for the compiler's target.
Result<LibraryUnit> makeLibrary(const Compiler &compiler, Unit unit);
/// The same, loaded into this process.
Result<NativeUnit> makeNative(const Compiler &compiler, Unit unit);
/// The same from the source; without a module, if both it and its code are kept. `layouts`: how a session's variables lie, if
/// it has any.
Result<NativeUnit> makeNative(const Compiler &compiler, Mode mode, std::int64_t batch, bool quiet,
                              const Layouts *layouts = nullptr);

/// What is kept of a module whose code is kept, without making it.
std::optional<CachedStart> keptStart(const Compiler &compiler, Mode mode, std::int64_t batch,
                                     const Layouts *layouts = nullptr);

std::vector<PhaseTime> phaseTimes(const Unit &unit);

} // namespace talweg

#endif
