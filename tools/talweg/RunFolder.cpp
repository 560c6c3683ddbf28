// See RunFolder.h.
#include "RunFolder.h"
#include "Console.h"
#include "Lines.h"

#include "talweg/Support/Folder.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <sstream>
#include <unistd.h>

namespace fs = std::filesystem;

namespace talweg::driver {

std::string freeFolder(const std::string &file) {
  std::string base = (fs::path("runs") / fs::path(file).stem()).string();
  std::error_code ignored;
  std::string folder = base;
  for (int number = 2; fs::exists(folder, ignored) && (!fs::is_directory(folder, ignored) || !namesIn(folder).empty());
       ++number)
    folder = fmt::format("{}-{}", base, number);
  return folder;
}

static Error folderError(const std::string &path, const char *verb, const std::string &reason) {
  return makeError(fmt::format("cannot {} `{}`: {}", verb, path, reason));
}

RunFolder::~RunFolder() {
  if (logFile >= 0)
    ::close(logFile);
}

/// What a run writes before its first moment is there.
static bool isOfRun(const std::string &name) {
  return name == "lock" || name == "run.json" || name == "log.jsonl" || name.starts_with("step-") ||
         name.ends_with(".part");
}

/// Of the moment of this name in the folder; -1: there is none.
static std::int64_t momentStep(const std::string &folder, const std::string &name) {
  const auto moment = name.starts_with("step-") ? Moment::read((fs::path(folder) / name).string()) : makeError("");
  return moment ? moment->step : -1;
}

Result<void> RunFolder::checkFree(bool replace) {
  std::error_code ignored;
  if (!fs::exists(fs::symlink_status(path, ignored)))
    return {};
  if (!fs::is_directory(path, ignored))
    return makeError(fmt::format("`{}` is not a folder", path), "--out takes the folder that the run is to have");
  const std::vector<std::string> names = namesIn(path);
  const auto has = [&](const char *name) { return std::find(names.begin(), names.end(), name) != names.end(); };
  const auto moment = Moment::read(path);
  if (moment && !has("last"))
    return makeError(fmt::format("`{}` is one moment of a run", path), "choose a folder that is not there yet");
  const bool isEarlier = has("model.safetensors") && has("run.json"); // of the layout without moments
  if (!has("last") && !isEarlier) {
    for (const std::string &name : names)
      if (!isOfRun(name))
        return makeError(fmt::format("`{}` is not the folder of a run: it holds `{}`", path, name),
                         "choose a folder that is not there yet");
    const auto hasTrained = [&](const std::string &name) { return momentStep(path, name) > 0; };
    if (std::none_of(names.begin(), names.end(), hasTrained))
      return {}; // of a run that ended before its first moment
  }
  if (moment && moment->step == 0)
    return {};
  replaces = true;
  if (replace)
    return {};
  const std::string otherwise = "and without --out a free folder is taken", word = shellWord(path);
  if (isEarlier)
    return makeError(fmt::format("`{}` holds a run of an earlier version", path),
                     fmt::format("--replace replaces it, --init {} begins with its parameters, {}", word, otherwise));
  if (!moment) {
    std::string reason = moment.error().message;
    if (const size_t at = reason.find("error: "); at != std::string::npos)
      reason.replace(at, 5, "note");
    return makeError(fmt::format("`{}` holds a run that cannot be read\n{}", path, reason),
                     "--replace replaces it, " + otherwise);
  }
  const std::string what =
      moment->step >= moment->totalSteps
          ? fmt::format("a run of {}", counted(moment->step, "step"))
          : fmt::format("a run at step {} of {}", grouped(moment->step), grouped(moment->totalSteps));
  return makeError(fmt::format("`{}` holds {}", path, what),
                   fmt::format("--replace replaces it, --resume {} goes on with it, {}", word, otherwise));
}

Result<void> RunFolder::begin(Session &session, const std::vector<std::string> &words, const Json &given,
                              const SaveOptions &options) {
  command = words;
  facts = given;
  if (auto claimed = session.claim(path); !claimed)
    return claimed.error();
  return replaces ? Result<void>() : save(session, options, Json::object());
}

Result<void> RunFolder::proceed(std::int64_t step) {
  std::string file = path + "/log.jsonl", kept;
  std::error_code ignored;
  if (fs::exists(file, ignored)) {
    auto text = readFile(file);
    if (!text)
      return text.error();
    std::istringstream lines(*text);
    for (std::string line; std::getline(lines, line);) {
      Json event = Json::parse(line, nullptr, /*allow_exceptions=*/false);
      if (!event.is_object())
        continue;
      Json at = event.value("step", Json(0)), kind = event.value("event", Json(""));
      if (at.is_number_integer() && at.get<std::int64_t>() <= step && kind != "end")
        kept += line + "\n";
    }
  }
  if (auto written = writeFile(file, kept); !written)
    return written.error();
  return openLog();
}

Result<void> RunFolder::openLog() {
  std::string file = path + "/log.jsonl";
  logFile = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (logFile < 0)
    return folderError(file, "write", std::strerror(errno));
  return {};
}

/// From now on the folder tells of this run.
Result<void> RunFolder::show(const Session &session) {
  replaces = false;
  if (auto emptied = writeFile(path + "/log.jsonl", ""); !emptied)
    return emptied.error();
  if (auto opened = openLog(); !opened)
    return opened.error();
  return session.writeRunRecord(path, command);
}

Result<void> RunFolder::save(const Session &session, SaveOptions options, const Json &given) {
  if (replaces && session.step() == 0)
    return {};
  options.replace = replaces;
  if (auto saved = session.save(path, options); !saved)
    return saved.error();
  if (logFile < 0)
    if (auto shown = show(session); !shown)
      return shown.error();
  return record(given);
}

Result<void> RunFolder::record(const Json &given) {
  facts.update(given);
  if (logFile < 0)
    return {};
  const std::string file = path + "/run.json";
  auto text = readFile(file);
  Json all = text ? Json::parse(*text, nullptr, /*allow_exceptions=*/false) : Json();
  if (!all.is_object())
    all = Json::object();
  all.update(facts);
  return writeFile(file, all.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

void RunFolder::log(const std::string &event) { waiting += event + "\n"; }

Result<void> RunFolder::flush() {
  if (logFile >= 0 && !logError) {
    if (!writeAll(logFile, waiting))
      logError = errno;
    waiting.clear();
  }
  if (!logError)
    return {};
  return folderError(path + "/log.jsonl", "write", std::strerror(logError));
}

} // namespace talweg::driver
