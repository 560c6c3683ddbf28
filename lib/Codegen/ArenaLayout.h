// Places for buffers of known lifetimes in one array.
#ifndef TALWEG_LIB_CODEGEN_ARENALAYOUT_H
#define TALWEG_LIB_CODEGEN_ARENALAYOUT_H

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>

namespace talweg {

/// Offsets in the arena are multiples of this: one cache line.
inline constexpr std::int64_t arenaAlignment = 64;

/// The bytes that `bytes` take in the arena.
inline std::int64_t arenaBytes(std::int64_t bytes) {
  return std::max(arenaAlignment, (bytes + arenaAlignment - 1) / arenaAlignment * arenaAlignment);
}

/// A buffer that holds a value from position `first` to position `last` of a program, both included.
struct ArenaBuffer {
  std::int64_t bytes = 0, first = 0, last = 0;
  std::int64_t offset = -1;

  bool meets(const ArenaBuffer &other) const { return first <= other.last && other.first <= last; }
  std::int64_t end() const { return offset + bytes; }
};

/// The most bytes alive at once: no layout is smaller.
std::int64_t mostLiveBytes(llvm::ArrayRef<ArenaBuffer> buffers);

/// Gives every buffer an offset such that buffers that meet do not overlap. Returns the size of the array.
std::int64_t layOutArena(llvm::MutableArrayRef<ArenaBuffer> buffers);

} // namespace talweg

#endif
