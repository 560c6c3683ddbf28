// See SourceText.h.
#include "SourceText.h"

#include <algorithm>
#include <sstream>

using namespace talweg;

std::string talweg::trimmed(std::string text) {
  text.erase(0, std::min(text.find_first_not_of(" \t"), text.size()));
  text.erase(text.find_last_not_of(" \t\r") + 1);
  return text;
}

/// Where a column of a line begins, in bytes.
static std::size_t offsetOf(const std::string &line, std::int64_t column) {
  std::size_t at = 0;
  for (; column > 1 && at < line.size(); --column)
    do
      ++at;
    while (at < line.size() && (line[at] & 0xC0) == 0x80);
  return at;
}

SourceText talweg::sourceText(const std::string &text, std::int64_t line, std::int64_t column, std::int64_t endColumn) {
  if (line < 1)
    return {};
  std::istringstream lines(text);
  SourceText found;
  for (std::int64_t i = 0; i < line; ++i)
    std::getline(lines, found.line);
  const std::size_t begin = offsetOf(found.line, column);
  const std::size_t end = endColumn > column ? offsetOf(found.line, endColumn) : found.line.size();
  found.expression = trimmed(found.line.substr(begin, end - begin));
  return found;
}
