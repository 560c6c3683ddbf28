#include "Messages.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

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

std::string quoted(std::string_view text) {
  constexpr std::size_t longest = 40;
  std::string shown = "`";
  for (unsigned char c : text.substr(0, longest)) {
    if (c < 0x20 || c >= 0x7f)
      shown += fmt::format("\\x{:02x}", c);
    else
      shown += char(c);
  }
  return shown + (text.size() > longest ? "…`" : "`");
}

static std::size_t editDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

std::string closest(std::string_view wanted, const std::vector<std::string> &names) {
  std::string best;
  std::size_t bestDistance = std::max<std::size_t>(1, wanted.size() / 3) + 1;
  for (const std::string &name : names) {
    if (name.size() > 4 * wanted.size() + 8 || name == wanted)
      continue;
    const std::size_t distance = editDistance(wanted, name);
    if (distance < bestDistance && distance < std::min(wanted.size(), name.size())) {
      bestDistance = distance;
      best = name;
    }
  }
  return best;
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

} // namespace talweg::data
