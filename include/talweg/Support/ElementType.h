// How one number is stored: the table ElementType.def, and what is asked of it.
#ifndef TALWEG_SUPPORT_ELEMENTTYPE_H
#define TALWEG_SUPPORT_ELEMENTTYPE_H

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

namespace talweg {

enum class ElementType : std::uint8_t {
#define TALWEG_ELEMENT_TYPE(name, text, ir, stored, kind, safetensors) name,
#include "talweg/Support/ElementType.def"
};

enum class ElementKind : std::uint8_t { Truth, Unsigned, Signed, Float };

struct ElementInfo {
  ElementType type;
  std::string_view text, ir, safetensors;
  ElementKind kind;
  std::int64_t bytes;
  std::int64_t least, most; ///< the range of whole numbers; of floats 0
};

inline constexpr ElementInfo kElementTypes[] = {
#define TALWEG_ELEMENT_TYPE(name, text, ir, stored, kind, safetensors)                                                 \
  {ElementType::name,                                                                                                  \
   text,                                                                                                               \
   ir,                                                                                                                 \
   safetensors,                                                                                                        \
   ElementKind::kind,                                                                                                  \
   sizeof(stored),                                                                                                     \
   ElementKind::kind == ElementKind::Float ? 0 : std::int64_t(std::numeric_limits<stored>::lowest()),                  \
   ElementKind::kind == ElementKind::Float   ? 0                                                                       \
   : ElementKind::kind == ElementKind::Truth ? 1                                                                       \
                                             : std::int64_t(std::numeric_limits<stored>::max())},
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
#define TALWEG_ELEMENT_TYPE(name, text, ir, stored, kind, safetensors)                                                 \
  case ElementType::name: action(stored()); break;
#include "talweg/Support/ElementType.def"
  }
}

} // namespace talweg

#endif
