// See Digest.h.
#include "Digest.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/xxhash.h"

#include <fmt/format.h>

std::string talweg::digestOf(std::string_view bytes) {
  auto hash = llvm::xxh3_128bits(llvm::arrayRefFromStringRef({bytes.data(), bytes.size()}));
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}
