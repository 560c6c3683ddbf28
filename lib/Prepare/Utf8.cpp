#include "Utf8.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <cstdlib>
#include <cstring>

namespace talweg::prepare {

/// How many bytes from the start are ASCII, counted in eights but at the end.
static std::size_t asciiPrefix(std::string_view text) {
  std::size_t at = 0;
  for (std::uint64_t eight; at + sizeof eight <= text.size(); at += sizeof eight) {
    std::memcpy(&eight, text.data() + at, sizeof eight);
    if (eight & 0x8080808080808080)
      return at;
  }
  while (at < text.size() && static_cast<unsigned char>(text[at]) < 0x80)
    ++at;
  return at;
}

/// The character at the start of a text that is not empty, and how many bytes it has; these are 0 where it is none.
static std::pair<char32_t, std::size_t> firstOf(std::string_view text) {
  if (static_cast<unsigned char>(text[0]) < 0x80)
    return {static_cast<unsigned char>(text[0]), 1};
  utf8proc_int32_t character = 0;
  const utf8proc_ssize_t bytes =
      utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t *>(text.data()), std::ssize(text), &character);
  return {char32_t(character), bytes > 0 ? std::size_t(bytes) : 0};
}

/// Where the first byte is that is not of UTF-8.
static std::size_t validPrefix(std::string_view text) {
  std::size_t at = asciiPrefix(text);
  while (at < text.size()) {
    const std::size_t bytes = firstOf(text.substr(at)).second;
    if (bytes == 0)
      break;
    at += bytes;
  }
  return at;
}

bool isUtf8(std::string_view text) { return validPrefix(text) == text.size(); }

Fault faultOfUtf8(std::string_view text) {
  const std::size_t at = validPrefix(text);
  if (at == text.size())
    return {};
  return {"E0754",
          fmt::format("{} is not UTF-8: its byte {} is \\x{:02x}", quoted(text), at + 1,
                      static_cast<unsigned char>(text[at])),
          "say how the file is encoded, as in `encoding = \"latin1\"`"};
}

char32_t takeFirst(std::string_view &text) {
  const auto [character, bytes] = firstOf(text);
  text.remove_prefix(bytes);
  return character;
}

char32_t takeLast(std::string_view &text) {
  std::size_t at = text.size() - 1;
  while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80)
    --at;
  const char32_t character = firstOf(text.substr(at)).first;
  text.remove_suffix(text.size() - at);
  return character;
}

void append(std::string &text, char32_t character) {
  if (character < 0x80) {
    text += char(character);
    return;
  }
  utf8proc_uint8_t bytes[4];
  const utf8proc_ssize_t count = utf8proc_encode_char(utf8proc_int32_t(character), bytes);
  text.append(reinterpret_cast<const char *>(bytes), std::size_t(count));
}

bool isSpace(char32_t character) {
  if (character < 0x80)
    return character == ' ' || (character >= '\t' && character <= '\r');
  const utf8proc_category_t category = utf8proc_category(utf8proc_int32_t(character));
  return character == 0x85 || category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL ||
         category == UTF8PROC_CATEGORY_ZP;
}

bool isOfWord(char32_t character) {
  if (character < 0x80)
    return (character >= '0' && character <= '9') || ((character | 0x20) >= 'a' && (character | 0x20) <= 'z') ||
           character == '_';
  switch (utf8proc_category(utf8proc_int32_t(character))) {
  case UTF8PROC_CATEGORY_LU:
  case UTF8PROC_CATEGORY_LL:
  case UTF8PROC_CATEGORY_LT:
  case UTF8PROC_CATEGORY_LM:
  case UTF8PROC_CATEGORY_LO:
  case UTF8PROC_CATEGORY_MN:
  case UTF8PROC_CATEGORY_MC:
  case UTF8PROC_CATEGORY_ME:
  case UTF8PROC_CATEGORY_ND:
  case UTF8PROC_CATEGORY_NL:
  case UTF8PROC_CATEGORY_NO:
  case UTF8PROC_CATEGORY_PC: return true;
  default: return false;
  }
}

char32_t lowerOf(char32_t character) { return char32_t(utf8proc_tolower(utf8proc_int32_t(character))); }

std::string normalizedText(std::string_view text) {
  utf8proc_uint8_t *made = nullptr;
  const auto options = utf8proc_option_t(UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT);
  const utf8proc_ssize_t bytes =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t *>(text.data()), std::ssize(text), &made, options);
  std::string normalized = bytes < 0 ? std::string(text) : std::string(reinterpret_cast<char *>(made), bytes);
  std::free(made);
  return normalized;
}

void splitCharacters(std::string_view text, std::vector<std::string_view> &pieces) {
  pieces.clear();
  while (!text.empty()) {
    const std::string_view rest = text;
    takeFirst(text);
    pieces.push_back(rest.substr(0, rest.size() - text.size()));
  }
}

static bool isApostrophe(char32_t character) { return character == '\'' || character == U'’'; }

void splitWords(std::string_view text, std::vector<std::string_view> &pieces) {
  pieces.clear();
  while (!text.empty()) {
    const std::string_view start = text;
    if (!isOfWord(takeFirst(text)))
      continue;
    std::string_view end = text;
    while (!text.empty()) {
      const char32_t next = takeFirst(text);
      if (isOfWord(next))
        end = text;
      else if (std::string_view behind = text; !isApostrophe(next) || text.empty() || !isOfWord(takeFirst(behind)))
        break;
    }
    pieces.push_back(start.substr(0, start.size() - end.size()));
    text = end;
  }
}

void splitSpaces(std::string_view text, std::vector<std::string_view> &pieces) {
  pieces.clear();
  while (!text.empty()) {
    const std::string_view start = text;
    if (isSpace(takeFirst(text)))
      continue;
    std::string_view end = text;
    while (!text.empty() && !isSpace(takeFirst(text)))
      end = text;
    pieces.push_back(start.substr(0, start.size() - end.size()));
    text = end;
  }
}

Fault joinTexts(Row &row, std::string_view &text) {
  for (std::size_t i = 0; i < row.cells.size(); ++i)
    if (Fault fault = faultOfUtf8(row.cells[i].text)) {
      fault.cell = i;
      return fault;
    }
  if (row.cells.size() == 1) {
    text = row.cells[0].text;
    return {};
  }
  row.joined.clear();
  for (const Cell &cell : row.cells)
    if (!isMissing(cell)) {
      row.joined += row.joined.empty() ? "" : " ";
      row.joined += cell.text;
    }
  text = row.joined;
  return {};
}

} // namespace talweg::prepare
