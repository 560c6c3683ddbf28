// Source texts and the messages about them. Everything that is wrong with a program is collected in a Diagnostics and
// shown at the end: sorted by position, without repetitions, with the source line and a caret. No input makes rendering fail.
#ifndef TALWEG_FRONTEND_DIAGNOSTICS_H
#define TALWEG_FRONTEND_DIAGNOSTICS_H

#include "talweg/Frontend/Ast.h"
#include "talweg/Support/Result.h"
#include "talweg/Support/Suggest.h"

#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace talweg {

/// The texts of one compilation: the user's file (number 0) and the library's.
class Sources {
public:
  /// 1-based; a column is a character (code point), a tab being one.
  struct Position {
    int line = 1, column = 1;
  };

  /// Takes a text in and gives its number. `path` is shown in messages as it is.
  int add(std::string path, std::string text);

  int size() const { return int(files.size()); }
  const std::string &path(int file) const { return files[file].path; }
  std::string_view text(int file) const { return files[file].text; }
  std::string_view text(ast::Range range) const;

  Position position(int file, int offset) const;
  Position position(ast::Range range) const { return position(range.file, range.begin); }
  /// The text of a line (1-based), without its end.
  std::string_view line(int file, int line) const;
  int lineBegin(int file, int line) const { return files[file].lines[line - 1]; }
  /// `mlp.tw:4:3`
  std::string where(ast::Range range) const;

private:
  struct File {
    std::string path, text;
    std::vector<int> lines; ///< the offset where each line begins
  };
  std::deque<File> files;
};

/// The stable number of a message; Code::UnknownName is shown as E0201.
enum class Code {
#define TALWEG_DIAGNOSTIC(code, name, explanation) name,
#include "talweg/Frontend/DiagnosticCodes.def"
#undef TALWEG_DIAGNOSTIC
};

struct CodeInfo {
  const char *code, *name, *explanation;
};
/// The row of the table, and the whole table in the order of Code.
const CodeInfo &describe(Code code);
std::span<const CodeInfo> allCodes();

/// One message. Texts are lower case, without a final period, with code in backticks; texts may hold several lines.
struct Diagnostic {
  struct Note {
    ast::Range range;
    std::string message;
  };
  Code code;
  ast::Range range;
  std::string message;
  std::vector<std::string> lines;
  std::vector<Note> notes;
  std::vector<std::string> helps;

  /// A further line under the caret: `     | left side is  f32[n, 128]`.
  Diagnostic &line(std::string text) {
    lines.push_back(std::move(text));
    return *this;
  }
  /// The other end of the disagreement, with its own source line.
  Diagnostic &note(ast::Range at, std::string text) {
    notes.push_back({at, std::move(text)});
    return *this;
  }
  /// What to write instead.
  Diagnostic &help(std::string text) {
    helps.push_back(std::move(text));
    return *this;
  }
  /// `did you mean \`relu\`?`; nothing when `name` is empty, so that suggest()'s answer can be passed on.
  Diagnostic &didYouMean(const std::string &name) {
    return name.empty() ? *this : help("did you mean `" + name + "`?");
  }
};

/// The messages of one compilation.
class Diagnostics {
public:
  explicit Diagnostics(const Sources &sources) : sources(sources) {}

  /// Adds an error; the reference stays valid, for the notes and helps that are added to it. After `most` errors further ones
  /// are forgotten.
  Diagnostic &error(Code code, ast::Range range, std::string message);

  /// Takes what is not to be said, such as what follows from an error already reported.
  Diagnostic &unsaid() { return forgotten = {}; }

  static constexpr int most = 1000;
  bool full() const { return count() >= most; }
  bool hasErrorAt(ast::Range range) const;
  bool hasErrors() const { return !list.empty(); }
  int count() const { return int(list.size()); }

  /// All messages as text, each ending in a newline: sorted by file and position, repetitions removed, the first `limit` of them.
  std::string render(int limit = 20) const;
  /// The same as an error value, without the last newline. Its code is the first message's.
  Error toError() const;

private:
  std::vector<const Diagnostic *> sorted() const;
  void renderOne(std::string &out, const Diagnostic &diagnostic) const;
  void renderExcerpt(std::string &out, ast::Range range) const;

  const Sources &sources;
  std::deque<Diagnostic> list;
  Diagnostic forgotten{};
};

} // namespace talweg

#endif
