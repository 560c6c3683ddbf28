// Declaring a subcommand's options, once: from these declarations come parsing, validation and --help. CLI11 is behind
// this door. Every rejected value ends the program with exit code 2 and one line that names the option, what it takes
// and what was given.
#ifndef TALWEG_TOOL_OPTIONS_H
#define TALWEG_TOOL_OPTIONS_H

#include "talweg/Engine/Engine.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace CLI {
class App;
class Option;
} // namespace CLI

namespace talweg::driver {

/// How the program ends; documented in every --help.
enum ExitCode : int { kOk = 0, kFailed = 1, kUsage = 2, kInterrupted = 130 };

/// NAME=VALUE as given on the command line.
using Pair = std::pair<std::string, std::string>;

/// Inclusive bounds of a whole number.
struct Bounds {
  std::int64_t least;
  std::int64_t most;
};
inline constexpr Bounds kCount{1, 1'000'000'000'000};
inline constexpr Bounds kRows{1, (std::int64_t(1) << 31) - 1};
inline constexpr Bounds kSeed{0, INT64_MAX};

/// How often something is done.
struct Interval {
  std::optional<double> seconds = {};
  std::optional<std::int64_t> steps = {}, epochs = {}; ///< exactly one of the three is there
};

/// One subcommand. Members that declare an option bind a variable, which keeps its value when the option is absent.
/// `spelling` is what --help shows: `--out DIR`; `shown` is the default that --help shows, if any.
class Command {
public:
  Command(CLI::App &app, std::function<int()> &chosen) : app(app), chosen(chosen) {}

  void positional(std::string &value, const std::string &name, const std::string &help, bool required = true);
  void text(std::string &value, const std::string &spelling, const std::string &help, const std::string &shown = "");
  void requiredText(std::string &value, const std::string &spelling, const std::string &help);
  void choice(std::string &value, const std::string &spelling, const std::vector<std::string> &values,
              const std::string &help);
  /// May be given many times.
  void texts(std::vector<std::string> &value, const std::string &spelling, const std::string &help);
  /// Some of `values`, with commas between them or in several options.
  void choices(std::vector<std::string> &value, const std::string &spelling, const std::vector<std::string> &values,
               const std::string &help);
  void whole(std::optional<std::int64_t> &value, const std::string &spelling, Bounds bounds, const std::string &help,
             const std::string &shown = "");
  /// A size with its unit: 512MiB, 2GB, 4096B.
  void bytes(std::optional<std::int64_t> &value, const std::string &spelling, const std::string &help);
  /// 30s, 5min, 2h, 500steps, 2epochs, epoch.
  void interval(std::optional<Interval> &value, const std::string &spelling, const std::string &help,
                const std::string &shown);
  /// 2/5: one of several parts.
  void fold(std::optional<Fold> &value, const std::string &spelling, const std::string &help);
  /// A finite number greater than zero.
  void positive(double &value, const std::string &spelling, const std::string &help);
  void flag(bool &value, const std::string &spelling, const std::string &help);
  /// May be given many times. With `alone`, what does not begin with a name and `=` is a value whose name is empty.
  void pairs(std::vector<Pair> &value, const std::string &spelling, const std::string &help, bool alone = false);
  /// Options of the two names exclude each other.
  void exclusive(const std::string &one, const std::string &other);
  /// Shown below the options: one command a line, each with what it does.
  void examples(const std::vector<Pair> &lines);
  /// What to do when the subcommand is chosen; returns the exit code.
  void action(std::function<int()> body);

private:
  CLI::App &app;
  std::function<int()> &chosen;
};

/// The whole command line: subcommands, help, suggestions, exit codes.
class CommandLine {
public:
  CommandLine(int argc, char **argv);
  ~CommandLine();

  /// A new subcommand: `summary` is its line in the list, `description` its paragraph.
  Command add(const std::string &name, const std::string &summary, const std::string &description);

  /// Parses, runs the chosen subcommand, returns the exit code.
  int run();

  /// The whole command line as typed, the program's name first.
  const std::vector<std::string> &words() const { return typed; }

private:
  std::unique_ptr<CLI::App> app;
  std::vector<std::string> typed;
  std::function<int()> chosen; ///< the action of the subcommand that was given
};

} // namespace talweg::driver

#endif
