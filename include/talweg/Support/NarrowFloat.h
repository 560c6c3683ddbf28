// Floats of 16 bits, in memory and in files. Nothing is computed with them: they are numbers of f32 that take half the room.
#ifndef TALWEG_SUPPORT_NARROWFLOAT_H
#define TALWEG_SUPPORT_NARROWFLOAT_H

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

namespace talweg {

/// A sign, `exponentBits`, and the rest of 16 bits for the fraction, as IEEE 754 has them.
template <int exponentBits>
class NarrowFloat {
public:
  NarrowFloat() = default;
  /// The nearest, of two that are as near the one whose last bit is 0; an infinity beyond the largest.
  explicit NarrowFloat(double value) {
    std::uint16_t magnitude = infinity;
    if (std::isnan(value)) {
      magnitude = infinity | 1 << (fractionBits - 1);
    } else if (!std::isinf(value)) {
      int exponent = 0;
      std::frexp(value, &exponent);
      exponent = value == 0 ? least : std::max(exponent - 1, least);
      const double units = std::nearbyint(std::ldexp(std::fabs(value), fractionBits - exponent));
      const double encoded =
          units + std::ldexp(exponent - least, fractionBits); // the fraction's leading bit counts, too
      magnitude = encoded < infinity ? std::uint16_t(encoded) : infinity;
    }
    bits = magnitude | (std::signbit(value) ? 0x8000 : 0);
  }

  explicit operator double() const {
    const int fraction = bits & ((1 << fractionBits) - 1), exponent = (bits & 0x7fff) >> fractionBits;
    double value = exponent == 0 ? std::ldexp(fraction, least - fractionBits)
                                 : std::ldexp(fraction + (1 << fractionBits), exponent - 1 + least - fractionBits);
    if (exponent == (1 << exponentBits) - 1)
      value = fraction == 0 ? std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
    return bits & 0x8000 ? -value : value;
  }
  explicit operator float() const { return float(double(*this)); }

private:
  static constexpr int fractionBits = 15 - exponentBits;
  static constexpr int least = 2 - (1 << (exponentBits - 1)); ///< the exponent of the least normal number
  static constexpr std::uint16_t infinity = ((1 << exponentBits) - 1) << fractionBits;

  static constexpr double powerOfTwo(int exponent) {
    double power = 1;
    for (; exponent > 0; --exponent)
      power *= 2;
    return power;
  }

public:
  static constexpr double largest = (2 - 1 / powerOfTwo(fractionBits)) * powerOfTwo(1 - least);

private:
  std::uint16_t bits = 0;
};

using BFloat16 = NarrowFloat<8>;
using Float16 = NarrowFloat<5>;

} // namespace talweg

#endif
