// Compiled programs on disk, so that the second run of a program starts at once.
//
// Code (KEY.code) is found by a hash of all that decides it: the module after phase linalg, the target and the limit of memory, and
// these very builds of the library and of LLVM. A start (KEY.start) is found by a hash of the source and the options in place of the module, and tells the
// plan, the module's manifest and the key of its code, so that nothing is elaborated; a source that has changed in nothing but its looks
// still finds its code. Beside them is what was measured of machines (KEY.machine). Entries are files of $TALWEG_CACHE (default: $XDG_CACHE_HOME/talweg or ~/.cache/talweg; `off`: no cache). One
// digest of an entry's name and of everything in it is checked before anything in it is used: what does not match is no entry. The
// oldest go when together they pass 256 MiB. A cache that cannot be read or written is no error: the program is compiled.
#ifndef TALWEG_ENGINE_CODECACHE_H
#define TALWEG_ENGINE_CODECACHE_H

#include "talweg/Pipeline/Compiler.h"

#include <cstdint>
#include <optional>
#include <string>

namespace talweg {

struct CachedStart {
  frontend::Plan plan; ///< of its file
  Manifest manifest;
  std::string code; ///< the key of its code
};

class CodeCache {
public:
  /// The cache that the environment names.
  CodeCache();

  /// Its folder; empty: there is no cache.
  const std::string &path() const { return folder; }
  /// The name of the entry for what a text spells out (Unit::source, Compiler::codeText); empty without a cache or a text.
  std::string keyOf(const std::string &text) const;
  /// The bytes of an object file with a manifest, of a module with the same code: its names and words may be another's.
  std::optional<std::string> find(const std::string &key) const { return read(key, codeKind); }
  void store(const std::string &key, const std::string &object) const;
  std::optional<CachedStart> findStart(const std::string &key) const;
  void store(const std::string &key, const CachedStart &start) const;
  /// What was measured of a machine, by a text that describes it. Any build of this library finds it, and it does not go.
  std::optional<std::string> findMachine(const std::string &machine) const;
  void storeMachine(const std::string &machine, const std::string &rates) const;
  /// Likewise which plans were fastest there; the last that is stored stays. False if it cannot be.
  std::optional<std::string> findTuned(const std::string &machine) const;
  bool storeTuned(const std::string &machine, const std::string &ranks) const;

private:
  static constexpr const char *codeKind = ".code", *startKind = ".start", *machineKind = ".machine",
                              *tunedKind = ".tuned";

  std::string folder; ///< empty: no cache

  /// The contents of an entry, if they are what was written under its name.
  std::optional<std::string> read(const std::string &key, const char *kind) const;
  void write(const std::string &key, const char *kind, const std::string &contents) const;
  std::string pathOf(const std::string &key, const char *kind) const { return folder + "/" + key + kind; }
  void dropOldest() const;
};

} // namespace talweg

#endif
