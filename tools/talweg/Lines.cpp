// See Lines.h.
#include "Lines.h"
#include "Console.h"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <fmt/format.h>
#include <numeric>

namespace talweg::driver {

size_t lineWidth() {
  constexpr size_t least = 40;
  return isTerminal(Stream::Out) ? std::max(least, size_t(terminalWidth(Stream::Out))) : kUsualWidth;
}

size_t columnsOf(std::string_view text) {
  size_t columns = 0;
  bool isColor = false;
  for (char c : text) {
    isColor |= c == '\033';
    columns += !isColor && (c & 0xC0) != 0x80;
    isColor &= c != 'm';
  }
  return columns;
}

std::string clipped(const std::string &text, size_t most) {
  if (columnsOf(text) <= most)
    return text;
  std::string result;
  size_t columns = 0;
  for (char c : text) {
    columns += (c & 0xC0) != 0x80;
    if (columns >= most)
      break;
    result += c;
  }
  return most ? result + (hasUnicode() ? "…" : "~") : "";
}

std::string wrapped(const std::string &text, size_t at, size_t indent, size_t width) {
  std::string result;
  size_t column = at;
  bool isFirst = true; // of its line
  const auto next = [&] {
    result += "\n" + std::string(indent, ' ');
    column = indent;
    isFirst = true;
  };
  for (size_t begin = 0; begin < text.size();) {
    if (text[begin] == '\n') {
      next();
      ++begin;
      continue;
    }
    const size_t end = std::min(text.find_first_of(" \n", begin), text.size());
    const std::string word = text.substr(begin, end - begin);
    if (!isFirst && column + 1 + columnsOf(word) > width)
      next();
    if (!isFirst) {
      result += ' ';
      ++column;
    }
    result += word;
    column += columnsOf(word);
    isFirst = false;
    begin = end < text.size() && text[end] == ' ' ? end + 1 : end;
  }
  return result;
}

void printWrapped(const std::string &text) { printLine(wrapped(text, 0, 2, lineWidth())); }

void printNoted(const std::string &line, size_t space, const std::string &note) {
  const size_t at = columnsOf(line) + space;
  printLine(note.empty()
                ? line
                : line + std::string(space, ' ') + styled(Stream::Out, Style::Dim, wrapped(note, at, at, lineWidth())));
}

std::string withPath(const std::string &text, const std::string &path) {
  const bool fits = columnsOf(text) + 1 + columnsOf(path) <= lineWidth();
  return fits ? text + " " + path : wrapped(text, 0, 2, lineWidth()) + "\n  " + path;
}

std::string shellWord(const std::string &text) {
  const auto isPlain = [](unsigned char c) { return std::isalnum(c) || c >= 0x80 || std::strchr("_-./+:@%,=", c); };
  if (!text.empty() && std::all_of(text.begin(), text.end(), isPlain))
    return text;
  std::string word = "'";
  for (char c : text)
    word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

static size_t widthOf(const Cell &cell) {
  return columnsOf(cell.name) + columnsOf(cell.value) + (cell.name.empty() || cell.value.empty() ? 0 : 1);
}

bool fitsLine(const std::string &head, const std::vector<Cell> &cells) {
  size_t width = columnsOf(head);
  for (const Cell &cell : cells)
    width += 2 + widthOf(cell);
  return width <= lineWidth();
}

/// Cells line by line, beginning at a column.
static std::vector<std::vector<Cell>> inLines(const std::vector<Cell> &cells, size_t indent) {
  std::vector<std::vector<Cell>> lines(1);
  size_t column = indent;
  for (const Cell &cell : cells) {
    if (!lines.back().empty() && column + 2 + widthOf(cell) > lineWidth()) {
      lines.emplace_back();
      column = indent;
    }
    lines.back().push_back(cell);
    column += 2 + widthOf(cell);
  }
  return lines;
}

/// Those of as many columns as fit.
static std::vector<std::vector<Cell>> inTable(const std::vector<Cell> &cells, size_t indent) {
  for (size_t columns = cells.size(); columns > 0; --columns) {
    std::vector<size_t> widths(columns);
    for (size_t i = 0; i < cells.size(); ++i)
      widths[i % columns] = std::max(widths[i % columns], widthOf(cells[i]));
    if (columns > 1 && std::accumulate(widths.begin(), widths.end(), indent + 2 * columns) > lineWidth())
      continue;
    std::vector<std::vector<Cell>> lines((cells.size() + columns - 1) / columns);
    for (size_t i = 0; i < cells.size(); ++i) { // the value at the right
      Cell cell = cells[i];
      cell.value.insert(0, widths[i % columns] - widthOf(cell), ' ');
      lines[i / columns].push_back(cell);
    }
    return lines;
  }
  return {};
}

std::string inColumns(const std::string &head, const std::vector<Cell> &cells) {
  size_t widest = 0;
  for (const Cell &cell : cells)
    widest = std::max(widest, 2 + widthOf(cell));
  const bool isBeside = columnsOf(head) + widest <= lineWidth();
  const size_t indent = isBeside ? columnsOf(head) : 2;
  std::vector<std::vector<Cell>> lines = inLines(cells, indent);
  if (lines.size() > 1) // a table, if that is not much longer
    if (auto table = inTable(cells, indent); table.size() <= lines.size() + 1)
      lines = std::move(table);
  std::string text = head;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (i > 0 || !isBeside)
      text += "\n" + std::string(indent, ' ');
    for (const Cell &cell : lines[i])
      text += "  " + cell.name + (cell.name.empty() || cell.value.empty() ? "" : " ") + cell.value;
    text.resize(text.find_last_not_of(' ') + 1);
  }
  return text;
}

Cell Columns::cell(const std::string &name, const std::string &value, size_t least) {
  size_t &width = widths[name];
  width = std::max({width, least, value.size()});
  return {name, fmt::format("{:>{}}", value, width)};
}

} // namespace talweg::driver
