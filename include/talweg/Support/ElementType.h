// How one number is stored: the table ElementType.def, and what is asked of it.
#ifndef TALWEG_SUPPORT_ELEMENTTYPE_H
#define TALWEG_SUPPORT_ELEMENTTYPE_H

#include "talweg/Support/NarrowFloat.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <type_traits>

namespace talweg {

enum class ElementType : std::uint8_t {
#define TALWEG_ELEMENT_TYPE(name, text, ir, lowered, stored, kind, computes, safetensors) name,
#include "talweg/Support/ElementType.def"
};

enum class ElementKind : std::uint8_t { Truth, Unsigned, Signed, Float };

struct ElementInfo {
  ElementType type;
  std::string_view text, ir, lowered, safetensors;
  ElementKind kind;
  ElementType computes;
  std::int64_t bytes = 0;
  std::int64_t least = 0, most = 0; ///< the range of whole numbers; of floats 0
  double largest = 0;               ///< of floats

  constexpr bool isFloat() const { return kind == ElementKind::Float; }
  constexpr bool isWhole() const { return kind == ElementKind::Unsigned || kind == ElementKind::Signed; }
  /// Whether a field of the data may be stored so.
  bool isOfFields() const { return kind != ElementKind::Truth; }
  /// Whether the program computes with another type.
  bool isOnlyStored() const { return computes != type; }
  /// Whether it has no negative numbers.
  bool isUnsigned() const { return kind == ElementKind::Truth || kind == ElementKind::Unsigned; }
  /// Whether a whole number is one of its own.
  constexpr bool holds(std::int64_t number) const { return number >= least && number <= most; }
  /// Whether it is of whole numbers, all of which are of `other`, too.
  constexpr bool isWithin(const ElementInfo &other) const {
    return !isFloat() && !other.isFloat() && least >= other.least && most <= other.most;
  }
};

template <typename Stored>
constexpr ElementInfo withRange(ElementInfo info) {
  info.bytes = sizeof(Stored);
  if constexpr (std::is_integral_v<Stored>) {
    info.least = info.kind == ElementKind::Truth ? 0 : std::int64_t(std::numeric_limits<Stored>::lowest());
    info.most = info.kind == ElementKind::Truth ? 1 : std::int64_t(std::numeric_limits<Stored>::max());
  } else if constexpr (std::is_floating_point_v<Stored>) {
    info.largest = std::numeric_limits<Stored>::max();
  } else {
    info.largest = Stored::largest;
  }
  return info;
}

inline constexpr ElementInfo kElementTypes[] = {
#define TALWEG_ELEMENT_TYPE(name, text, ir, lowered, stored, kind, computes, safetensors)                              \
  withRange<stored>({ElementType::name, text, ir, lowered, safetensors, ElementKind::kind, ElementType::computes}),
#include "talweg/Support/ElementType.def"
};

constexpr const ElementInfo &infoOf(ElementType type) { return kElementTypes[std::size_t(type)]; }
constexpr std::string_view nameOf(ElementType type) { return infoOf(type).text; }
constexpr std::int64_t sizeOf(ElementType type) { return infoOf(type).bytes; }

/// The type for which `key`, such as &ElementInfo::text, is `value`.
constexpr std::optional<ElementType> elementTypeBy(std::string_view ElementInfo::*key, std::string_view value) {
  for (const ElementInfo &info : kElementTypes)
    if (info.*key == value)
      return info.type;
  return std::nullopt;
}

/// Calls `action` with an element in memory, for its C++ type.
template <typename Action>
void withStored(ElementType type, Action action) {
  switch (type) {
#define TALWEG_ELEMENT_TYPE(name, text, ir, lowered, stored, kind, computes, safetensors)                              \
  case ElementType::name: action(stored()); break;
#include "talweg/Support/ElementType.def"
  }
}

} // namespace talweg

#endif
