// Lines for people: as wide as the terminal that they go to, and 80 columns where they go to none. What does not fit goes on in a further line.
#ifndef TALWEG_TOOL_LINES_H
#define TALWEG_TOOL_LINES_H

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace talweg::driver {

/// Of a terminal, as most are.
inline constexpr size_t kUsualWidth = 80;
/// Columns that a line on standard output may take: those of its terminal, at least 40; or kUsualWidth, where it is none.
size_t lineWidth();
/// Characters, not bytes; those that set a colour take none.
size_t columnsOf(std::string_view text);
/// At most `most` columns of `text`, the last one a mark if some are left out.
std::string clipped(const std::string &text, size_t most);
/// `text` broken at spaces so that no line passes `width`; the first line begins at the column `at`, further ones at `indent`, as do those after
/// a newline.
std::string wrapped(const std::string &text, size_t at, size_t indent, size_t width);
/// Prints a line, or as many as it takes; further ones are indented.
void printWrapped(const std::string &text);
/// Prints a line with a note behind it, which goes on below itself.
void printNoted(const std::string &line, size_t space, const std::string &note);
/// "saved in PATH", on two lines if need be: a path is never cut.
std::string withPath(const std::string &text, const std::string &path);

/// `text` as a shell takes it for one word.
std::string shellWord(const std::string &text);

/// A name and its value, either of which may be empty.
struct Cell {
  std::string name, value;
};
/// "epoch 1/20  loss 0.1234  accuracy 0.9722": the cells behind `head`, two spaces between them. What does not fit in a line goes on beside the head,
/// as a table unless that is much longer.
std::string inColumns(const std::string &head, const std::vector<Cell> &cells);
/// Whether that is one line.
bool fitsLine(const std::string &head, const std::vector<Cell> &cells);

/// Cells of lines that stand below each other: a value is as wide as the widest that its name has had.
class Columns {
public:
  Cell cell(const std::string &name, const std::string &value, size_t least = 0);

private:
  std::map<std::string, size_t> widths;
};

} // namespace talweg::driver

#endif
