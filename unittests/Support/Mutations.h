// Files that are almost right: bytes of one that is, with bits flipped, pieces cut, doubled and swapped, and extremes in the place of numbers.
#ifndef TALWEG_UNITTESTS_SUPPORT_MUTATIONS_H
#define TALWEG_UNITTESTS_SUPPORT_MUTATIONS_H

#include "Chance.h"

#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>

namespace talweg::random {

class Mutator {
public:
  explicit Mutator(Chance &chance) : chance(chance) {}

  /// The bytes, changed in one to four ways.
  std::string mutated(std::string bytes) {
    for (std::int64_t times = 1 + chance.below(4); times > 0; --times)
      change(bytes);
    return bytes;
  }

private:
  /// A place in the bytes, each second time among the first ones, where headers are; or behind all of them.
  std::size_t place(const std::string &bytes) {
    const std::int64_t end = std::ssize(bytes) + 1;
    return std::size_t(chance.below(chance.oneIn(2) ? end : std::min<std::int64_t>(end, 64)));
  }
  std::size_t length() { return std::size_t(1 + chance.below(chance.oneIn(4) ? 64 : 8)); }

  void change(std::string &bytes) {
    const std::size_t at = place(bytes), count = length();
    switch (chance.below(9)) {
    case 0:
      if (at < bytes.size())
        bytes[at] ^= char(1 << chance.below(8));
      return;
    case 1:
      if (at < bytes.size())
        bytes[at] = char(chance.below(256));
      return;
    case 2: bytes.erase(at, count); return;
    case 3: bytes.resize(at); return;
    case 4: doubled(bytes, at, count); return;
    case 5: swapped(bytes, at, count); return;
    case 6: bytes.insert(at, text()); return;
    case 7: replaced(bytes, at); return;
    default: overwritten(bytes, at); return;
    }
  }

  void doubled(std::string &bytes, std::size_t at, std::size_t count) {
    const std::string piece = bytes.substr(at, count);
    for (std::int64_t times = chance.oneIn(8) ? 4000 : 1; times > 0; --times)
      bytes.insert(at, piece);
  }

  void swapped(std::string &bytes, std::size_t at, std::size_t count) {
    const std::size_t other = place(bytes), low = std::min(at, other), high = std::max(at, other);
    const std::size_t size = std::min({count, high - low, bytes.size() - high});
    std::swap_ranges(bytes.begin() + std::ptrdiff_t(low), bytes.begin() + std::ptrdiff_t(low + size),
                     bytes.begin() + std::ptrdiff_t(high));
  }

  /// What is at the edges of numbers, and what formats go by.
  std::string text() {
    using namespace std::string_view_literals;
    return std::string(chance.pick({"0"sv,
                                    "-0"sv,
                                    "-1"sv,
                                    "nan"sv,
                                    "inf"sv,
                                    "-inf"sv,
                                    "1e999"sv,
                                    "1e-999"sv,
                                    "1e308"sv,
                                    "2147483647"sv,
                                    "4294967296"sv,
                                    "1152921504606846976"sv,
                                    "9223372036854775807"sv,
                                    "-9223372036854775808"sv,
                                    "18446744073709551616"sv,
                                    ""sv,
                                    " "sv,
                                    "\""sv,
                                    "\"\""sv,
                                    "'"sv,
                                    ","sv,
                                    "\n"sv,
                                    "\r\n"sv,
                                    "\0"sv,
                                    "\xef\xbb\xbf"sv,
                                    "\xff\xfe"sv,
                                    "null"sv,
                                    "true"sv,
                                    "[]"sv,
                                    "{}"sv,
                                    "[[[["sv,
                                    "\\u0000"sv,
                                    "\xf0\x9f"sv,
                                    "€"sv,
                                    "PK\3\4"sv}));
  }

  /// The number in text that begins at `at` or behind becomes another.
  void replaced(std::string &bytes, std::size_t at) {
    const auto isDigit = [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; };
    const auto begin = std::find_if(bytes.begin() + std::ptrdiff_t(at), bytes.end(), isDigit);
    const auto end = std::find_if_not(begin, bytes.end(), isDigit);
    bytes.replace(begin, end, text());
  }

  /// A whole number of one to eight bytes becomes an extreme, in either order of bytes.
  void overwritten(std::string &bytes, std::size_t at) {
    const std::uint64_t value = chance.pick<std::uint64_t>({0, 1, 255, 0x7fff, 0xffff, 0x7fffffff, 0x80000000,
                                                            0xffffffff, std::uint64_t(1) << 40, std::uint64_t(1) << 60,
                                                            ~std::uint64_t(0) >> 1, ~std::uint64_t(0)});
    const std::size_t size = chance.pick<std::size_t>({1, 2, 4, 8});
    const bool isBig = chance.oneIn(2);
    for (std::size_t i = 0; i < size && at + i < bytes.size(); ++i)
      bytes[at + i] = char(value >> 8 * (isBig ? size - 1 - i : i));
  }

  Chance &chance;
};

} // namespace talweg::random

#endif
