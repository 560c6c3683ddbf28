#include "talweg/Prepare/Cell.h"

#include <fmt/format.h>

namespace talweg::prepare {

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

} // namespace talweg::prepare
