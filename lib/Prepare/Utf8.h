// Text as characters. Internal.
#ifndef TALWEG_LIB_PREPARE_UTF8_H
#define TALWEG_LIB_PREPARE_UTF8_H

#include "Work.h"

namespace talweg::prepare {

/// What is wrong with a text that is not UTF-8.
Fault faultOfUtf8(std::string_view text);
bool isUtf8(std::string_view text);

/// Takes the first character off a text that is UTF-8 and not empty.
char32_t takeFirst(std::string_view &text);
/// Takes the last one off.
char32_t takeLast(std::string_view &text);
void append(std::string &text, char32_t character);

bool isSpace(char32_t character);
/// Letters, marks, numbers and what connects them, such as `_`.
bool isOfWord(char32_t character);
char32_t lowerOf(char32_t character);
/// NFKC.
std::string normalizedText(std::string_view text);

using Split = void (*)(std::string_view text, std::vector<std::string_view> &pieces);
/// The parts of a text that is UTF-8.
void splitCharacters(std::string_view text, std::vector<std::string_view> &pieces);
/// A word is a longest run of isOfWord; an apostrophe between two of these is of the word.
void splitWords(std::string_view text, std::vector<std::string_view> &pieces);
/// What spaces separate.
void splitSpaces(std::string_view text, std::vector<std::string_view> &pieces);

/// The texts of the row's cells in one, missing ones left out, joined by a space.
Fault joinTexts(Row &row, std::string_view &text);

} // namespace talweg::prepare

#endif
