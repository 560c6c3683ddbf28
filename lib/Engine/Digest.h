// Digests by which contents are known again: XXH3 of 128 bits, which finds what failed, not who deceives.
#ifndef TALWEG_ENGINE_DIGEST_H
#define TALWEG_ENGINE_DIGEST_H

#include "Files.h"

#include <memory>
#include <string>
#include <string_view>

struct XXH3_state_s;

namespace talweg {

/// 32 hexadecimal digits.
std::string digestOf(std::string_view bytes);
std::string digestOf(const Pieces &pieces);
Result<std::string> digestOf(const StoredBytes &bytes);

/// The same of bytes that come in pieces.
class Digest {
public:
  Digest();
  void add(std::string_view bytes);
  std::string text() const;

private:
  struct Release {
    void operator()(XXH3_state_s *state) const;
  };
  std::unique_ptr<XXH3_state_s, Release> state;
};

} // namespace talweg

#endif
