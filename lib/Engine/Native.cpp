// The last part of the road: LLVM dialect, object files, code in this process.
#include "Native.h"

#include "Emit.h"
#include "MachineMemory.h"
#include "ManifestJson.h"
#include "Stopwatch.h"

#include "talweg/Runtime/Abi.h"

using namespace talweg;

std::vector<PhaseTime> talweg::phaseTimes(const Unit &unit) {
  std::vector<PhaseTime> result;
  for (auto &[phase, seconds] : unit.times)
    result.push_back({phase, seconds});
  return result;
}

static Result<NativeUnit> load(Result<LibraryUnit> unit) {
  if (!unit)
    return unit.error();
  Stopwatch stopwatch;
  auto code = NativeCode::load(unit->library);
  if (!code)
    return code.error();
  NativeUnit native;
  std::vector<std::pair<std::string, Entry *>> entries{{abi::kInitEntry, &native.init}};
  native.steps.resize(std::size_t(unit->manifest.passes()));
  for (std::size_t pass = 0; pass < native.steps.size(); ++pass)
    entries.emplace_back(abi::stepEntry(std::int64_t(pass)), &native.steps[pass]);
  if (unit->manifest.inParts)
    entries.emplace_back(abi::kFinishEntry, &native.finish);
  if (!unit->manifest.ofSums.empty())
    entries.emplace_back(abi::kTellEntry, &native.tell);
  for (auto &[symbol, entry] : entries) {
    auto found = (*code)->entry(symbol);
    if (!found)
      return found.error();
    *entry = *found;
  }
  unit->times.back().seconds += stopwatch.seconds();
  native.code = std::move(*code);
  native.manifest = std::move(unit->manifest);
  native.regions = std::move(unit->regions);
  native.times = std::move(unit->times);
  native.messages = std::move(unit->messages);
  native.numbers = std::move(unit->numbers);
  return native;
}

/// What is known of a library; an error if the program is larger than the machine.
static Result<LibraryUnit> libraryUnit(const Compiler &compiler, std::string library, Manifest manifest,
                                       std::vector<RegionFacts> regions, std::vector<PhaseTime> times,
                                       const Stopwatch &stopwatch) {
  if (auto fits = fitsMachine(manifest, machineMemory(), compiler.file()); !fits)
    return fits.error();
  times.push_back({"native", stopwatch.seconds()});
  return LibraryUnit{std::move(library), std::move(manifest), std::move(regions), std::move(times), {}, {}};
}

/// What code generation has decided of equal code: how the variables, which are the same, lie, and how much memory there is.
static void takePlaces(Manifest &manifest, const Manifest &from) {
  for (std::size_t i = 0; i < manifest.variables.size(); ++i)
    manifest.variables[i].block = from.variables.at(i).block;
  manifest.arenaBytes = from.arenaBytes;
  manifest.persistentBytes = from.persistentBytes;
}

Result<LibraryUnit> talweg::makeLibrary(const Compiler &compiler, Unit unit) {
  if (auto lowered = compiler.lower(unit, Phase::Linalg); !lowered)
    return lowered.error();
  CodeCache cache;
  // Code that is kept says nothing of regions or ranges: what is profiled or traced is compiled anew.
  const bool isKept = !unit.profiled && !unit.traced;
  std::string key = !isKept ? std::string() : cache.keyOf(compiler.codeText(unit));
  Stopwatch stopwatch;
  Result<std::string> library = std::string();
  if (std::optional<std::string> kept = cache.find(key)) {
    takePlaces(unit.manifest, manifestFrom(manifestIn(*kept)));
    library = std::move(*kept);
  } else {
    if (auto lowered = compiler.lower(unit, Phase::Llvm); !lowered)
      return lowered.error();
    stopwatch = Stopwatch();
    library = emitNative(*unit.module, compiler.target(), NativeForm::Library, textOf(unit.manifest));
    if (!library)
      return library.error();
    cache.store(key, *library);
  }
  if (!unit.told && isKept) // what was told must be told again
    cache.store(cache.keyOf(unit.source), CachedStart{compiler.plan(), unit.manifest, key});
  std::vector<PhaseTime> times = phaseTimes(unit);
  auto result = libraryUnit(compiler, std::move(*library), std::move(unit.manifest), std::move(unit.regions),
                            std::move(times), stopwatch);
  if (result) {
    result->messages = std::move(unit.messages);
    result->numbers = std::move(unit.numbers);
  }
  return result;
}

Result<NativeUnit> talweg::makeNative(const Compiler &compiler, Unit unit) {
  return load(makeLibrary(compiler, std::move(unit)));
}

Result<NativeUnit> talweg::makeNative(const Compiler &compiler, Mode mode, std::int64_t batch, bool quiet,
                                      const Layouts *layouts) {
  Stopwatch stopwatch;
  CodeCache cache;
  if (auto start = keptStart(compiler, mode, batch, layouts))
    if (auto library = cache.find(start->code))
      return load(libraryUnit(compiler, std::move(*library), std::move(start->manifest), {}, {}, stopwatch));
  Result<Unit> unit = compiler.build(mode, batch, layouts);
  if (!unit)
    return unit.error();
  unit->quiet = quiet;
  return makeNative(compiler, std::move(*unit));
}

std::optional<CachedStart> talweg::keptStart(const Compiler &compiler, Mode mode, std::int64_t batch,
                                             const Layouts *layouts) {
  CodeCache cache;
  return cache.findStart(cache.keyOf(compiler.sourceOf(mode, batch, layouts)));
}
