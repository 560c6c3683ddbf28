// Where text goes and how it looks. Results go to standard output; diagnostics and the progress bar to standard error.
// Nothing ends because text could not be written: messages are then lost, and lost results are an error at the end.
// Colour appears only on a terminal, and never when NO_COLOR is set or TERM is `dumb`.
#ifndef TALWEG_TOOL_CONSOLE_H
#define TALWEG_TOOL_CONSOLE_H

#include "talweg/Support/Counted.h"
#include "talweg/Support/Result.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace talweg::driver {

/// Before anything else: a standard stream that is closed becomes one that cannot be written, so that no file opened later
/// takes its number and gets its text; a pipe that nobody reads, and a file that may not grow, is a failed write.
void prepareStreams();

/// Writes all of `bytes` to a descriptor; false, with errno, if that fails.
bool writeAll(int file, std::string_view bytes);

enum class Stream { Out, Err };

bool isTerminal(Stream stream);
bool hasColor(Stream stream);
/// Columns of the terminal behind a stream; 80 when unknown.
int terminalWidth(Stream stream);
/// Whether the locale's character set is UTF-8.
bool hasUnicode();

enum class Style { Plain, Bold, Dim, Red, Green, Yellow, Magenta, Cyan };
/// `text` in the style, if the stream shows colour.
std::string styled(Stream stream, Style style, std::string_view text);

/// The text of a diagnostic with its `error:`, `note:`, `help:`, place and carets coloured.
std::string colorDiagnostic(const std::string &text);

/// Draws a line on standard error that the next line, on either stream, replaces: for terminals only.
void showTransient(std::string_view text);
void clearTransient();

/// Writes text, or a line, to standard output. A failure is remembered for `finishOutput`; nothing is written after it.
void print(std::string_view text);
void printLine(std::string_view line);
/// Whether all that was printed so far could be written.
bool canPrint();
/// Writes a line to standard error, if it can be written.
void complain(std::string_view line);
/// Shows an error on standard error (and, with `json`, as an event on standard output); returns kFailed.
int report(const Error &error, bool json);
/// The event of --json that tells of it.
std::string errorEvent(const Error &error);
/// An error of the driver's own, in the common form.
Error makeError(std::string situation, std::string help = "");

/// False, after a message, if anything written to standard output was lost.
bool finishOutput();

/// 1234567 → "1,234,567"
std::string grouped(std::int64_t number);
/// "1 step", "1,234 steps"
std::string counted(std::int64_t number, std::string_view noun);
/// Seconds as "0.41 s", "12.3 s", "3:07 min", "2:03:07 h"
std::string humanSeconds(double seconds);
/// A loss or metric in few digits: "0.9722", "2.303", "1.2e-05"
std::string shortNumber(double value);
/// The same number, or a nan that prints as "nan": its sign says nothing.
double plainNan(double value);

} // namespace talweg::driver

#endif
