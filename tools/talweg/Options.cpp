// See Options.h.
#include "Options.h"
#include "Console.h"
#include "Lines.h"

#include "talweg/Engine/Engine.h"
#include "talweg/Support/Suggest.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <sstream>

namespace talweg::driver {

namespace {

constexpr size_t kLeft = 24; // where the descriptions of options start

std::string entry(const std::string &name, const std::string &text) {
  std::string result = "  " + name;
  if (result.size() + 2 > kLeft)
    result += "\n" + std::string(kLeft, ' ');
  else
    result.resize(kLeft, ' ');
  return result + wrapped(text, kLeft, kLeft, kUsualWidth) + "\n";
}

std::string heading(const char *text) { return "\n" + styled(Stream::Out, Style::Bold, text) + "\n"; }

constexpr const char *kExitCodes = "  0 success   1 the program or its data is wrong, or the run failed\n"
                                   "  2 wrong command line   130 interrupted (Ctrl-C); what was trained is saved\n";

/// Help in one style: usage, a paragraph, what can be given, examples, exit codes.
class HelpText : public CLI::Formatter {
public:
  std::string make_help(const CLI::App *app, std::string, CLI::AppFormatMode) const override {
    bool top = app->get_parent() == nullptr;
    std::string text = styled(Stream::Out, Style::Bold, "usage:") + " talweg";
    if (top)
      text += " COMMAND …";
    else {
      text += " " + app->get_name();
      for (const CLI::Option *option : app->get_options())
        if (option->get_positional())
          text += option->get_required() ? " " + option->get_name(true) : " [" + option->get_name(true) + "]";
      text += " [options]";
    }
    text += "\n\n" + wrapped(app->get_description(), 0, 0, kUsualWidth) + "\n";

    auto commands = app->get_subcommands([](const CLI::App *) { return true; });
    if (!commands.empty()) {
      text += heading("Commands:");
      for (const CLI::App *command : commands)
        text += entry(command->get_name(), command->get_group());
    }
    text += arguments(app, true, "Arguments:") + arguments(app, false, "Options:");
    if (!app->get_footer().empty())
      text += heading("Examples:") + app->get_footer();
    return text + heading("Exit codes:") + kExitCodes;
  }

private:
  static std::string arguments(const CLI::App *app, bool positional, const char *title) {
    std::string text;
    for (const CLI::Option *option : app->get_options()) {
      if (option->get_positional() != positional)
        continue;
      std::string help = option->get_description();
      if (!option->get_default_str().empty())
        help += fmt::format(" (default: {})", option->get_default_str());
      else if (option->get_required() && !positional)
        help += " (required)";
      std::string shown = option->get_name(positional, true);
      if (size_t comma = shown.find(','); comma != std::string::npos)
        shown.insert(comma + 1, " ");
      if (!positional && !option->get_option_text().empty())
        shown += " " + option->get_option_text();
      text += entry(shown, help);
    }
    return text.empty() ? text : heading(title) + text;
  }
};

/// "--out DIR" → "--out", "DIR"
std::pair<std::string, std::string> splitSpelling(const std::string &spelling) {
  size_t space = spelling.find(' ');
  if (space == std::string::npos)
    return {spelling, ""};
  return {spelling.substr(0, space), spelling.substr(space + 1)};
}

/// Options longer than this in a message are cut.
std::string cited(const std::string &text) { return "`" + (text.size() > 60 ? text.substr(0, 57) + "…" : text) + "`"; }

[[noreturn]] void reject(const std::string &name, const std::string &wanted, const std::string &given) {
  throw CLI::ValidationError(name, fmt::format("{} takes {}, not {}", name, wanted, cited(given)));
}

/// A whole number, written in digits or as `1e6`.
std::optional<std::int64_t> wholeNumber(const std::string &text) {
  std::int64_t number = 0;
  const char *end = text.data() + text.size();
  auto [stop, status] = std::from_chars(text.data(), end, number);
  if (status == std::errc() && stop == end)
    return number;
  double real = 0;
  auto [realStop, realStatus] = std::from_chars(text.data(), end, real);
  if (realStatus == std::errc() && realStop == end && real == std::floor(real) && std::fabs(real) < 9e15)
    return std::int64_t(real);
  return std::nullopt;
}

/// A number above 0, with digits after a point if need be, and its unit.
std::optional<std::int64_t> byteCount(const std::string &text) {
  static constexpr std::pair<std::string_view, double> units[] = {
      {"B", 1},    {"KiB", 1024.0}, {"MiB", 1048576.0}, {"GiB", 1073741824.0}, {"TiB", 1099511627776.0},
      {"KB", 1e3}, {"kB", 1e3},     {"MB", 1e6},        {"GB", 1e9},           {"TB", 1e12}};
  double number = 0;
  const char *end = text.data() + text.size();
  auto [stop, status] = std::from_chars(text.data(), end, number);
  if (status != std::errc() || !std::isfinite(number) || number <= 0)
    return std::nullopt;
  for (auto [unit, bytes] : units)
    if (unit == std::string_view(stop, size_t(end - stop)) && number * bytes >= 1 && number * bytes < 9e15)
      return std::int64_t(number * bytes);
  return std::nullopt;
}

/// A number above 0 and its unit; `epoch` is one.
std::optional<Interval> intervalOf(const std::string &text) {
  const std::string_view given = text == "epoch" ? "1epoch" : std::string_view(text);
  double number = 0;
  const char *end = given.data() + given.size();
  auto [stop, status] = std::from_chars(given.data(), end, number);
  std::string_view unit(stop, size_t(end - stop));
  unit.remove_prefix(std::min(unit.find_first_not_of(' '), unit.size()));
  if (status != std::errc() || !(number > 0) || number > 1e12)
    return std::nullopt;
  static constexpr std::pair<std::string_view, double> times[] = {{"s", 1},       {"min", 60},     {"h", 3600},
                                                                  {"seconds", 1}, {"minutes", 60}, {"hours", 3600}};
  for (auto [name, seconds] : times)
    if (unit == name)
      return Interval{.seconds = number * seconds};
  if (number != std::floor(number))
    return std::nullopt;
  if (unit == "step" || unit == "steps")
    return Interval{.steps = std::int64_t(number)};
  if (unit == "epoch" || unit == "epochs")
    return Interval{.epochs = std::int64_t(number)};
  return std::nullopt;
}

CLI::Option *addText(CLI::App &app, const std::string &spelling, const std::string &help,
                     std::function<void(const std::string &)> take) {
  auto [name, placeholder] = splitSpelling(spelling);
  return app.add_option_function<std::string>(name, std::move(take), help)
      ->option_text(placeholder)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
}

/// A name of the language: letters, digits and `_`.
bool isName(const std::string &text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isalnum(c) || c == '_'; });
}

} // namespace

void Command::positional(std::string &value, const std::string &name, const std::string &help, bool required) {
  app.add_option(name, value, help)->required(required);
}

void Command::text(std::string &value, const std::string &spelling, const std::string &help, const std::string &shown) {
  std::string name = splitSpelling(spelling).first;
  auto *option = addText(app, spelling, help, [&value, name, app = &app](const std::string &given) {
    if (given.empty())
      reject(name, "a name that is not empty", given);
    if (given.starts_with("--") && app->get_option_no_throw(given))
      reject(name, "a name that is not that of an option", given);
    value = given;
  });
  option->default_str(shown);
}

void Command::requiredText(std::string &value, const std::string &spelling, const std::string &help) {
  text(value, spelling, help);
  app.get_option(splitSpelling(spelling).first)->required();
}

void Command::choice(std::string &value, const std::string &spelling, const std::vector<std::string> &values,
                     const std::string &help) {
  std::string name = splitSpelling(spelling).first;
  addText(app, spelling, help, [&value, name, values](const std::string &given) {
    if (std::find(values.begin(), values.end(), given) == values.end())
      reject(name, fmt::format("one of {}", fmt::join(values, ", ")), given);
    value = given;
  });
}

void Command::texts(std::vector<std::string> &value, const std::string &spelling, const std::string &help) {
  auto [name, placeholder] = splitSpelling(spelling);
  app.add_option_function<std::vector<std::string>>(
         name, [&value](const std::vector<std::string> &all) { value.insert(value.end(), all.begin(), all.end()); },
         help)
      ->option_text(placeholder)
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void Command::choices(std::vector<std::string> &value, const std::string &spelling,
                      const std::vector<std::string> &values, const std::string &help) {
  auto [name, placeholder] = splitSpelling(spelling);
  auto take = [&value, name = name, values](const std::vector<std::string> &all) {
    for (const std::string &given : all) {
      std::istringstream words(given + ",");
      for (std::string word; std::getline(words, word, ',');) {
        if (std::find(values.begin(), values.end(), word) == values.end())
          reject(name, fmt::format("some of {}", fmt::join(values, ", ")), given);
        value.push_back(word);
      }
    }
  };
  app.add_option_function<std::vector<std::string>>(name, take, help)
      ->option_text(placeholder)
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void Command::whole(std::optional<std::int64_t> &value, const std::string &spelling, Bounds bounds,
                    const std::string &help, const std::string &shown) {
  std::string name = splitSpelling(spelling).first;
  auto *option = addText(app, spelling, help, [&value, name, bounds](const std::string &given) {
    auto number = wholeNumber(given);
    if (!number || *number < bounds.least || *number > bounds.most)
      reject(name, fmt::format("a whole number from {} to {}", bounds.least, bounds.most), given);
    value = *number;
  });
  option->default_str(shown);
}

void Command::bytes(std::optional<std::int64_t> &value, const std::string &spelling, const std::string &help) {
  std::string name = splitSpelling(spelling).first;
  addText(app, spelling, help, [&value, name](const std::string &given) {
    auto number = byteCount(given);
    if (!number)
      reject(name, "a size with its unit (B, KiB, MiB, GiB, KB, MB, GB), such as 512MiB", given);
    value = *number;
  });
}

void Command::interval(std::optional<Interval> &value, const std::string &spelling, const std::string &help,
                       const std::string &shown) {
  std::string name = splitSpelling(spelling).first;
  auto *option = addText(app, spelling, help, [&value, name](const std::string &given) {
    value = intervalOf(given);
    if (!value)
      reject(name, "a time, steps or epochs, such as 30s, 10min, 500steps or epoch", given);
  });
  option->default_str(shown);
}

static std::optional<Fold> foldOf(const std::string &given) {
  Fold fold;
  const char *end = given.data() + given.size();
  const auto [slash, first] = std::from_chars(given.data(), end, fold.index);
  if (first != std::errc() || slash == end || *slash != '/')
    return std::nullopt;
  const auto [stop, second] = std::from_chars(slash + 1, end, fold.count);
  const bool isOne = fold.count >= 2 && fold.index >= 1 && fold.index <= fold.count;
  return second == std::errc() && stop == end && isOne ? std::optional(fold) : std::nullopt;
}

void Command::fold(std::optional<Fold> &value, const std::string &spelling, const std::string &help) {
  std::string name = splitSpelling(spelling).first;
  addText(app, spelling, help, [&value, name](const std::string &given) {
    value = foldOf(given);
    if (!value)
      reject(name, "one of two or more parts, such as 1/5", given);
  });
}

void Command::positive(double &value, const std::string &spelling, const std::string &help) {
  std::string name = splitSpelling(spelling).first;
  auto *option = addText(app, spelling, help, [&value, name](const std::string &given) {
    double number = 0;
    const char *end = given.data() + given.size();
    auto [stop, status] = std::from_chars(given.data(), end, number);
    if (status != std::errc() || stop != end || !std::isfinite(number) || number <= 0)
      reject(name, "a finite number above 0", given);
    value = number;
  });
  option->default_str(fmt::format("{}", value));
}

void Command::flag(bool &value, const std::string &spelling, const std::string &help) {
  app.add_flag_callback(spelling, [&value] { value = true; }, help);
}

void Command::pairs(std::vector<Pair> &value, const std::string &spelling, const std::string &help, bool alone) {
  auto [name, placeholder] = splitSpelling(spelling);
  auto take = [&value, name = name, placeholder = placeholder, alone](const std::vector<std::string> &all) {
    for (const std::string &given : all) {
      size_t equals = given.find('=');
      if (alone && !given.empty() && (equals == std::string::npos || !isName(given.substr(0, equals)))) {
        value.emplace_back("", given);
        continue;
      }
      if (equals == std::string::npos || equals == 0 || equals + 1 == given.size())
        reject(name, placeholder, given);
      value.emplace_back(given.substr(0, equals), given.substr(equals + 1));
    }
  };
  app.add_option_function<std::vector<std::string>>(name, take, help)
      ->option_text(placeholder)
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void Command::exclusive(const std::string &one, const std::string &other) {
  app.get_option(one)->excludes(app.get_option(other));
}

void Command::examples(const std::vector<Pair> &lines) {
  std::string text;
  for (const auto &[command, meaning] : lines)
    text += "  " + command + "\n      " + styled(Stream::Out, Style::Dim, wrapped(meaning, 6, 6, kUsualWidth)) + "\n";
  app.footer(text);
}

void Command::action(std::function<int()> body) {
  app.callback([action = &chosen, body = std::move(body)] { *action = body; });
}

//===-- the command line -------------------------------------------------------------------------------------------===//

CommandLine::CommandLine(int argc, char **argv) : app(std::make_unique<CLI::App>()), typed(argv, argv + argc) {
  app->description(
      "Talweg compiles a model file (layers, losses, optimizers and the training plan in one text) to native "
      "code for this machine's processor, and trains it. `talweg COMMAND --help` explains a command.");
  app->formatter(std::make_shared<HelpText>());
  app->set_help_flag("--help,-h", "show this text");
  app->require_subcommand(0, 1); // a word behind it is never another one
  app->set_version_flag("--version", fmt::format("talweg {}", versionText()), "show the version");
  app->footer("  talweg train digits.tw\n      train the model of digits.tw and save it under runs/digits\n"
              "  talweg check digits.tw\n      its parameters, cost and memory, without running\n");
}

CommandLine::~CommandLine() = default;

Command CommandLine::add(const std::string &name, const std::string &summary, const std::string &description) {
  CLI::App *sub = app->add_subcommand(name, description);
  sub->group(summary); // shown beside the name in the list of commands
  sub->set_help_flag("--help,-h", "show this text");
  return Command(*sub, chosen);
}

/// Everything that can be typed at this place and looks like `word`.
static std::string suggestion(const CLI::App &app, const std::string &word) {
  std::vector<std::string> known;
  bool option = word.rfind("-", 0) == 0;
  if (option)
    for (const CLI::Option *one : app.get_options())
      for (const std::string &name : one->get_lnames())
        known.push_back("--" + name);
  else
    for (const CLI::App *sub : app.get_subcommands([](const CLI::App *) { return true; }))
      known.push_back(sub->get_name());
  const std::string found = suggest(word.substr(0, word.find('=')), known);
  return found.empty() ? "" : fmt::format("did you mean `{}`?", found);
}

static int usageError(const CLI::App &app, const std::string &situation, std::string hint) {
  std::string help = app.get_parent() ? fmt::format("`talweg {} --help` lists what it takes", app.get_name())
                                      : "`talweg --help` lists the commands";
  report(makeError(situation, hint.empty() ? help : hint), false);
  return kUsage;
}

int CommandLine::run() {
  if (typed.size() < 2) {
    printLine(app->help());
    return kOk;
  }
  if (typed[1] == "help") { // `talweg help train` is `talweg train --help`
    typed.erase(typed.begin() + 1);
    typed.resize(std::min<size_t>(typed.size(), 2));
    typed.push_back("--help");
  }
  const std::string &first = typed[1];
  const CLI::App *current = app.get();
  for (const CLI::App *sub : app->get_subcommands([](const CLI::App *) { return true; }))
    if (sub->get_name() == first)
      current = sub;
  if (first.rfind("-", 0) != 0 && current == app.get())
    return usageError(*app, fmt::format("there is no command {}", cited(first)), suggestion(*app, first));
  try {
    app->parse(std::vector<std::string>(typed.rbegin(), typed.rend() - 1)); // it wants them last to first
  } catch (const CLI::CallForHelp &) {
    std::string text = current->help();
    printLine(std::string_view(text).substr(0, text.size() - 1));
    return kOk;
  } catch (const CLI::CallForVersion &version) {
    printLine(version.what());
    return kOk;
  } catch (const CLI::ExtrasError &) {
    auto extras = app->remaining(true);
    std::string extra = extras.empty() ? "" : extras.front();
    const char *what = extra.rfind("-", 0) == 0 ? "there is no option" : "unexpected argument";
    return usageError(*current, fmt::format("{} {}", what, cited(extra)), suggestion(*current, extra));
  } catch (const CLI::RequiredError &error) {
    std::string missing = error.what();
    missing = missing.substr(0, missing.find(" is required"));
    return usageError(*current, fmt::format("{} is missing", missing), "");
  } catch (const CLI::ExcludesError &error) {
    std::string text = error.what(); // "--epochs excludes --steps"
    size_t at = text.find(" excludes ");
    return usageError(*current,
                      at == std::string::npos
                          ? text
                          : fmt::format("{} and {} exclude each other", text.substr(0, at), text.substr(at + 10)),
                      "");
  } catch (const CLI::ArgumentMismatch &error) {
    std::string text = error.what();
    size_t at = text.find(':');
    return usageError(*current, fmt::format("{} needs a value", text.substr(0, at)), "");
  } catch (const CLI::ValidationError &error) { // "NAME: text", the text naming the option again
    std::string text = error.what();
    size_t at = text.find(": ");
    return usageError(*current, at == std::string::npos ? text : text.substr(at + 2), "");
  } catch (const CLI::ParseError &error) {
    return usageError(*current, error.what(), "");
  }
  return chosen ? chosen() : int(kOk);
}

} // namespace talweg::driver
