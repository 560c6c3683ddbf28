// Digest.h over xxHash.
#include "Digest.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <new>

using namespace talweg;

static std::string textOf(XXH128_hash_t hash) { return fmt::format("{:016x}{:016x}", hash.high64, hash.low64); }

std::string talweg::digestOf(std::string_view bytes) { return textOf(XXH3_128bits(bytes.data(), bytes.size())); }

void Digest::Release::operator()(XXH3_state_s *state) const { XXH3_freeState(state); }

Digest::Digest() : state(XXH3_createState()) {
  if (!state)
    throw std::bad_alloc();
  XXH3_128bits_reset(state.get());
}

void Digest::add(std::string_view bytes) { XXH3_128bits_update(state.get(), bytes.data(), bytes.size()); }

std::string Digest::text() const { return textOf(XXH3_128bits_digest(state.get())); }

std::string talweg::digestOf(const Pieces &pieces) {
  Digest digest;
  pieces([&](std::string_view piece) { digest.add(piece); });
  return digest.text();
}

Result<std::string> talweg::digestOf(const StoredBytes &bytes) {
  Digest digest;
  std::string piece;
  for (std::uint64_t at = 0; at < bytes.size(); at += piece.size()) {
    piece.resize(std::size_t(std::min<std::uint64_t>(kPiece, bytes.size() - at)));
    if (auto read = bytes.read(at, piece.data(), piece.size()); !read)
      return read.error();
    digest.add(piece);
  }
  return digest.text();
}
