// Byte offsets to lines and columns.
#include "talweg/Frontend/Diagnostics.h"

#include <algorithm>
#include <limits>

using namespace talweg;

int Sources::add(std::string path, std::string text) {
  // Offsets are ints; parse() refuses far smaller files than this.
  text.resize(std::min<size_t>(text.size(), std::numeric_limits<int>::max()));
  File &file = files.emplace_back(File{std::move(path), std::move(text), {0}});
  for (size_t i = 0; i < file.text.size(); ++i)
    if (file.text[i] == '\n')
      file.lines.push_back(int(i) + 1);
  return int(files.size()) - 1;
}

std::string_view Sources::text(ast::Range range) const {
  return text(range.file).substr(range.begin, range.end - range.begin);
}

std::string_view Sources::line(int file, int line) const {
  std::string_view text = files[file].text;
  text.remove_prefix(lineBegin(file, line));
  text = text.substr(0, text.find('\n'));
  if (text.ends_with('\r'))
    text.remove_suffix(1);
  return text;
}

Sources::Position Sources::position(int file, int offset) const {
  const std::vector<int> &lines = files[file].lines;
  const auto after = std::upper_bound(lines.begin(), lines.end(), offset);
  const int line = int(after - lines.begin());
  const std::string_view before = text(file).substr(lines[line - 1], offset - lines[line - 1]);
  const auto startsCharacter = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
  return {line, 1 + int(std::count_if(before.begin(), before.end(), startsCharacter))};
}

std::string Sources::where(ast::Range range) const {
  const Position at = position(range);
  return path(range.file) + ":" + std::to_string(at.line) + ":" + std::to_string(at.column);
}
