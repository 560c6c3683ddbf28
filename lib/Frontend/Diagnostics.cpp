// How messages look:
//
//   mlp.tw:9:42: error: shapes do not agree in the call to dense [E0231]
//      9 |   pixels / 16 |> dense(128) |> relu |> matmul(readout)
//        |                                        ^~~~~~~~~~~~~~~
//        |   left side is  f32[n, 128]
//   mlp.tw:4:3: note: readout is declared here
//      4 |   param readout: f32[64, 10]
//        |   ^~~~~~~~~~~~~~~~~~~~~~~~~~
//   help: give readout 128 rows, or dense 64 outputs
//
// Whatever bytes the source holds, what is printed is valid UTF-8 without control characters.
#include "talweg/Frontend/Diagnostics.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/ConvertUTF.h"
#include "llvm/Support/Unicode.h"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>
#include <numeric>
#include <tuple>

using namespace talweg;

static constexpr CodeInfo codes[] = {
#define TALWEG_DIAGNOSTIC(code, name, explanation) {#code, #name, explanation},
#include "talweg/Frontend/DiagnosticCodes.def"
#undef TALWEG_DIAGNOSTIC
};

const CodeInfo &talweg::describe(Code code) { return codes[size_t(code)]; }
std::span<const CodeInfo> talweg::allCodes() { return codes; }

//===-- text that can be shown -------------------------------------------------------------------------------------===//

/// The number of bytes of the well-formed character at the beginning of `text`, or 0.
static size_t characterLength(std::string_view text) {
  const auto *begin = reinterpret_cast<const llvm::UTF8 *>(text.data());
  const size_t length = llvm::getNumBytesForUTF8(*begin);
  return length <= text.size() && llvm::isLegalUTF8Sequence(begin, begin + length) ? length : 0;
}

/// `text` on one line: tabs as spaces up to the next multiple of four columns, what cannot be shown as U+FFFD.
static std::string printable(std::string_view text) {
  std::string out;
  size_t column = 0;
  while (!text.empty()) {
    const size_t length = characterLength(text);
    const std::string_view character = text.substr(0, std::max<size_t>(length, 1));
    const int width = length ? llvm::sys::unicode::columnWidthUTF8(llvm::StringRef(character)) : -1;
    if (character == "\t") {
      out.append(4 - column % 4, ' ');
      column += 4 - column % 4;
    } else {
      out += width < 0 ? std::string_view("\uFFFD") : character;
      column += width < 0 ? 1 : width;
    }
    text.remove_prefix(character.size());
  }
  return out;
}

static int width(std::string_view printable) { return llvm::sys::unicode::columnWidthUTF8(llvm::StringRef(printable)); }

/// The longest beginning of `text` that is at most `columns` wide.
static std::string_view clipped(std::string_view text, int columns) {
  size_t end = 0;
  while (end < text.size() && columns > 0) {
    const size_t length = characterLength(text.substr(end));
    columns -= width(text.substr(end, length));
    end += columns < 0 ? 0 : length;
  }
  return text.substr(0, end);
}

/// Calls `each` for every line of `text`.
template <typename Fn>
static void forEachLine(std::string_view text, Fn each) {
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    each(printable(text.substr(begin, end - begin)));
    begin = end + 1;
  }
}

//===-- rendering --------------------------------------------------------------------------------------------------===//

/// The line where `range` begins, and a caret with tildes under the part of the range that is on it. Of a line wider than a
/// screen only the surroundings of the caret are shown.
void Diagnostics::renderExcerpt(std::string &out, ast::Range range) const {
  constexpr int widest = 160, before = 60;
  const Sources::Position at = sources.position(range);
  const std::string_view line = sources.line(range.file, at.line);
  const size_t begin = std::min<size_t>(range.begin - sources.lineBegin(range.file, at.line), line.size());
  const size_t end = std::clamp<size_t>(range.end - sources.lineBegin(range.file, at.line), begin, line.size());

  std::string shown = printable(line);
  int caret = width(printable(line.substr(0, begin)));
  int length = width(printable(line.substr(0, end))) - caret;
  if (width(shown) > widest) {
    std::string_view rest = shown;
    std::string start;
    if (caret > before) {
      const std::string_view hidden = clipped(rest, caret - before);
      rest.remove_prefix(hidden.size());
      caret -= width(hidden) - 1;
      start = "…";
    }
    const std::string_view visible = clipped(rest, widest);
    shown = start + std::string(visible) + (visible.size() < rest.size() ? "…" : "");
    length = std::min(length, width(shown) - caret);
  }
  out += fmt::format("{:4} | {}\n", at.line, shown);
  out += fmt::format("{:{}} | {:{}}^{:~>{}}\n", "", std::max<size_t>(4, fmt::formatted_size("{}", at.line)), "", caret,
                     "", std::max(length - 1, 0));
}

void Diagnostics::renderOne(std::string &out, const Diagnostic &diagnostic) const {
  out += fmt::format("{}: error: {} [{}]\n", sources.where(diagnostic.range), printable(diagnostic.message),
                     describe(diagnostic.code).code);
  renderExcerpt(out, diagnostic.range);
  for (const std::string &text : diagnostic.lines)
    forEachLine(text, [&](std::string line) { out += fmt::format("     |   {}\n", line); });
  for (const Diagnostic::Note &note : diagnostic.notes) {
    out += fmt::format("{}: note: {}\n", sources.where(note.range), printable(note.message));
    renderExcerpt(out, note.range);
  }
  for (const std::string &help : diagnostic.helps) {
    const char *start = "help: ";
    forEachLine(help, [&](std::string line) {
      out += fmt::format("{}{}\n", start, line);
      start = "      ";
    });
  }
}

//===-- the collection ---------------------------------------------------------------------------------------------===//

Diagnostic &Diagnostics::error(Code code, ast::Range range, std::string message) {
  Diagnostic diagnostic{code, range, std::move(message), {}, {}, {}};
  return full() ? forgotten = std::move(diagnostic) : list.emplace_back(std::move(diagnostic));
}

bool Diagnostics::hasErrorAt(ast::Range range) const {
  return std::any_of(list.begin(), list.end(), [&](const Diagnostic &diagnostic) {
    return diagnostic.range.file == range.file && diagnostic.range.begin == range.begin;
  });
}

std::vector<const Diagnostic *> Diagnostics::sorted() const {
  const auto key = [&](int i) {
    return std::tie(list[i].range.file, list[i].range.begin, list[i].code, list[i].message);
  };
  std::vector<int> order(list.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](int a, int b) { return key(a) < key(b) || (key(a) == key(b) && a < b); });
  order.erase(std::unique(order.begin(), order.end(), [&](int a, int b) { return key(a) == key(b); }), order.end());
  std::vector<const Diagnostic *> result;
  for (int i : order)
    result.push_back(&list[i]);
  return result;
}

std::string Diagnostics::render(int limit) const {
  std::string out;
  const std::vector<const Diagnostic *> all = sorted();
  for (const Diagnostic *diagnostic : std::span(all).first(std::min<size_t>(all.size(), limit)))
    renderOne(out, *diagnostic);
  if (int(all.size()) > limit) {
    const size_t rest = all.size() - limit;
    out += fmt::format("{} more error{} not shown\n", rest, rest == 1 ? "" : "s");
  }
  return out;
}

Error Diagnostics::toError() const {
  std::string text = render();
  if (text.ends_with('\n'))
    text.pop_back();
  return {list.empty() ? std::string() : std::string(describe(sorted().front()->code).code), text};
}
