#include "Messages.h"

#include <fmt/format.h>

#include <algorithm>

namespace talweg::data {

Error failure(std::string_view code, const Place &place, std::string_view situation, std::string_view help) {
  std::string text(place.file);
  if (place.line > 0)
    text += fmt::format(":{}", place.line);
  if (place.column > 0)
    text += fmt::format(":{}", place.column);
  text += fmt::format(": error: {}", situation);
  if (!help.empty())
    text += fmt::format("\nhelp: {}", help);
  return {std::string(code), std::move(text)};
}

std::string listed(const std::vector<std::string> &names) {
  constexpr std::size_t most = 12;
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), most); ++i)
    text += (i ? ", " : "") + quoted(names[i]);
  if (names.size() > most)
    text += fmt::format(" and {} more", names.size() - most);
  return text;
}

std::string whichElement(std::int64_t element, std::int64_t elements) {
  return elements > 1 ? fmt::format(", element {}", element) : "";
}

} // namespace talweg::data
