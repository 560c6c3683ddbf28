// See Console.h.
#include "Console.h"
#include "Options.h"

#include <nlohmann/json.hpp>

#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <limits>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <utility>

namespace talweg::driver {

void prepareStreams() {
  for (int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(stream, F_GETFD) < 0)
      (void)::open("/", O_RDONLY | O_DIRECTORY); // the lowest free number: the stream's
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
}

bool writeAll(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written > 0) {
      bytes.remove_prefix(size_t(written));
    } else if (errno == EAGAIN) { // whoever shares the stream has made it non-blocking
      pollfd ready{file, POLLOUT, 0};
      ::poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

bool isTerminal(Stream stream) { return isatty(stream == Stream::Out ? STDOUT_FILENO : STDERR_FILENO) != 0; }

bool hasColor(Stream stream) {
  const char *noColor = std::getenv("NO_COLOR");
  const char *term = std::getenv("TERM");
  bool capable = term && *term && std::strcmp(term, "dumb") != 0;
  return isTerminal(stream) && capable && !(noColor && *noColor);
}

int terminalWidth(Stream stream) {
  winsize size{};
  if (ioctl(stream == Stream::Out ? STDOUT_FILENO : STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return size.ws_col;
  return 80;
}

bool hasUnicode() {
  for (const char *name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char *value = std::getenv(name);
    if (value && *value)
      return std::strstr(value, "UTF-8") || std::strstr(value, "utf8") || std::strstr(value, "utf-8");
  }
  return false;
}

static const char *codeOf(Style style) {
  switch (style) {
  case Style::Plain: return "";
  case Style::Bold: return "\033[1m";
  case Style::Dim: return "\033[2m";
  case Style::Red: return "\033[1;31m";
  case Style::Green: return "\033[32m";
  case Style::Yellow: return "\033[33m";
  case Style::Magenta: return "\033[1;35m";
  case Style::Cyan: return "\033[1;36m";
  }
  return "";
}

std::string styled(Stream stream, Style style, std::string_view text) {
  if (style == Style::Plain || !hasColor(stream))
    return std::string(text);
  return fmt::format("{}{}\033[0m", codeOf(style), text);
}

/// One line: the place in bold, the kind in its colour, the rest as it is.
static std::string colorLine(const std::string &line) {
  static constexpr std::pair<std::string_view, Style> kinds[] = {{"error:", Style::Red},
                                                                 {"warning:", Style::Magenta},
                                                                 {"note:", Style::Cyan},
                                                                 {"help:", Style::Green},
                                                                 {"remark:", Style::Cyan}};
  size_t bar = line.find_first_not_of(" 0123456789");
  if (bar != std::string::npos && line[bar] == '|') { // an excerpt: only a row of carets is coloured
    size_t mark = line.find_first_not_of(' ', bar + 1);
    if (mark != std::string::npos && line.find_first_not_of("^~ ", mark) == std::string::npos)
      return line.substr(0, mark) + styled(Stream::Err, Style::Green, line.substr(mark));
    return line;
  }
  for (auto [kind, style] : kinds) {
    size_t at = line.find(kind);
    if (at == std::string::npos || (at != 0 && (at < 2 || line.compare(at - 2, 2, ": ") != 0)))
      continue;
    return styled(Stream::Err, at ? Style::Bold : Style::Plain, line.substr(0, at)) + styled(Stream::Err, style, kind) +
           line.substr(at + kind.size());
  }
  return line;
}

std::string colorDiagnostic(const std::string &text) {
  if (!hasColor(Stream::Err))
    return text;
  std::string result;
  for (size_t begin = 0; begin <= text.size();) {
    size_t end = std::min(text.find('\n', begin), text.size());
    result += colorLine(text.substr(begin, end - begin));
    if (end < text.size())
      result += '\n';
    begin = end + 1;
  }
  return result;
}

static bool transientShown = false;

void showTransient(std::string_view text) {
  // To the line's start, the text, then erase what an earlier, longer one left.
  (void)writeAll(STDERR_FILENO, fmt::format("\r{}\033[K", text));
  transientShown = true;
}

void clearTransient() {
  if (!std::exchange(transientShown, false))
    return;
  (void)writeAll(STDERR_FILENO, "\r\033[K");
}

static int outputError = 0;

void print(std::string_view text) {
  clearTransient();
  if (!outputError && !writeAll(STDOUT_FILENO, text))
    outputError = errno;
}

bool canPrint() { return outputError == 0; }

void printLine(std::string_view line) { print(fmt::format("{}\n", line)); }

void complain(std::string_view line) {
  clearTransient();
  (void)writeAll(STDERR_FILENO, fmt::format("{}\n", line));
}

/// Without newlines at its end.
static std::string textOf(const Error &error) {
  return error.message.substr(0, error.message.find_last_not_of('\n') + 1);
}

int report(const Error &error, bool json) {
  complain(colorDiagnostic(textOf(error)));
  if (json)
    printLine(errorEvent(error));
  return kFailed;
}

std::string errorEvent(const Error &error) {
  return nlohmann::ordered_json{{"event", "error"}, {"code", error.code}, {"message", textOf(error)}}.dump(
      -1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

Error makeError(std::string situation, std::string help) {
  std::string text = "error: " + std::move(situation);
  if (!help.empty())
    text += "\nhelp: " + std::move(help);
  return Error{"", std::move(text)};
}

bool finishOutput() {
  if (!outputError)
    return true;
  if (outputError != EPIPE)
    report(makeError(fmt::format("cannot write to standard output: {}", std::strerror(outputError))), false);
  return false;
}

std::string grouped(std::int64_t number) {
  std::string digits = fmt::format("{}", number);
  for (int at = int(digits.size()) - 3; at > (number < 0 ? 1 : 0); at -= 3)
    digits.insert(size_t(at), ",");
  return digits;
}

std::string counted(std::int64_t number, std::string_view noun) {
  return fmt::format("{} {}{}", grouped(number), noun, number == 1 ? "" : "s");
}

std::string humanSeconds(double seconds) {
  if (seconds < 0.0995)
    return fmt::format("{:.1f} ms", seconds * 1e3);
  if (seconds < 9.995)
    return fmt::format("{:.2f} s", seconds);
  if (seconds < 60)
    return fmt::format("{:.1f} s", seconds);
  auto whole = std::int64_t(seconds + 0.5);
  if (whole < 3600)
    return fmt::format("{}:{:02} min", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02} h", whole / 3600, whole / 60 % 60, whole % 60);
}

std::string shortNumber(double value) {
  double size = std::fabs(value);
  if (!std::isfinite(value))
    return fmt::format("{}", plainNan(value));
  if (size != 0 && (size < 1e-3 || size >= 1e6))
    return fmt::format("{:.3g}", value);
  return fmt::format("{:.{}f}", value, size < 10 ? 4 : size < 100 ? 3 : size < 1000 ? 2 : 1);
}

double plainNan(double value) { return std::isnan(value) ? std::numeric_limits<double>::quiet_NaN() : value; }

} // namespace talweg::driver
