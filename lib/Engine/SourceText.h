// What stands at a place of a program's text.
#ifndef TALWEG_LIB_ENGINE_SOURCETEXT_H
#define TALWEG_LIB_ENGINE_SOURCETEXT_H

#include <cstdint>
#include <string>

namespace talweg {

struct SourceText {
  std::string line;       ///< all of it
  std::string expression; ///< from the column to the end column, or to the line's end where that is 0
};

/// Lines and columns count from 1, columns characters.
SourceText sourceText(const std::string &text, std::int64_t line, std::int64_t column, std::int64_t endColumn);

/// Without the space around it.
std::string trimmed(std::string text);

} // namespace talweg

#endif
