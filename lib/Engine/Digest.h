// Digests by which contents are known again: XXH3 of 128 bits, which finds what failed, not who deceives.
#ifndef TALWEG_ENGINE_DIGEST_H
#define TALWEG_ENGINE_DIGEST_H

#include <string>
#include <string_view>

namespace talweg {

/// 32 hexadecimal digits.
std::string digestOf(std::string_view bytes);

} // namespace talweg

#endif
