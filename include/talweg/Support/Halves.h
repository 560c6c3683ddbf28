// A number of f32 as two halves of its bits. A parameter of bf16 that is learnt is the upper one: the slot `<parameter>.low`, of u16, is the
// lower one.
#ifndef TALWEG_SUPPORT_HALVES_H
#define TALWEG_SUPPORT_HALVES_H

#include <bit>
#include <cstdint>
#include <string>

namespace talweg {

struct Halves {
  std::uint16_t high, low;

  explicit Halves(float number)
      : high(std::uint16_t(std::bit_cast<std::uint32_t>(number) >> 16)),
        low(std::uint16_t(std::bit_cast<std::uint32_t>(number))) {}
};

/// The slot with the lower half of a parameter.
inline std::string lowHalfName(const std::string &parameter) { return parameter + ".low"; }

} // namespace talweg

#endif
