// Compiled programs on disk, so that the second run of a program starts at once.
//
// An entry is found by a hash of all that decides its code: the module after phase linalg, the processor, and this very build of
// the library. Entries are files of $TALWEG_CACHE (default: $XDG_CACHE_HOME/talweg or ~/.cache/talweg; `off`: no cache), checked
// against a checksum before they are run; the oldest go when together they pass 256 MiB. A cache that cannot be read or
// written is no error: the program is compiled.
#ifndef TALWEG_ENGINE_CODECACHE_H
#define TALWEG_ENGINE_CODECACHE_H

#include <cstdint>
#include <optional>
#include <string>

namespace mlir {
class ModuleOp;
}

namespace talweg {

struct CachedCode {
  std::string object; ///< the bytes of an object file
  std::int64_t arenaBytes = 0, persistentBytes = 0;
};

class CodeCache {
public:
  /// The cache that the environment names.
  CodeCache();

  /// The name of the entry for `module`, in phase linalg; empty without a cache.
  std::string keyOf(mlir::ModuleOp module) const;
  std::optional<CachedCode> find(const std::string &key) const;
  void store(const std::string &key, const CachedCode &code) const;

private:
  std::string folder; ///< empty: no cache

  std::string pathOf(const std::string &key) const { return folder + "/" + key + ".code"; }
  void dropOldest() const;
};

} // namespace talweg

#endif
