// See RunFolder.h.
#include "RunFolder.h"
#include "Console.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fmt/format.h>
#include <sstream>

namespace fs = std::filesystem;

namespace talweg::driver {

std::string freeFolder(const std::string &file) {
  std::string base = (fs::path("runs") / fs::path(file).stem()).string();
  std::error_code ignored;
  std::string folder = base;
  for (int number = 2; fs::exists(folder + "/run.json", ignored); ++number)
    folder = fmt::format("{}-{}", base, number);
  return folder;
}

static Error folderError(const std::string &path, const char *verb, const std::string &reason) {
  return makeError(fmt::format("cannot {} `{}`: {}", verb, path, reason));
}

Result<void> RunFolder::begin(const Session &session, const std::vector<std::string> &command, Json facts) {
  std::error_code failure;
  fs::create_directories(path, failure);
  if (failure)
    return folderError(path, "make the folder", failure.message());
  if (auto saved = session.save(path); !saved)
    return saved.error();
  if (auto written = session.writeRunRecord(path, command); !written)
    return written.error();
  if (auto written = record(facts); !written)
    return written.error();
  fs::remove(path + "/best.safetensors", failure); // of a run that was here before
  if (auto emptied = writeFile(path + "/log.jsonl", ""); !emptied)
    return emptied.error();
  return openLog();
}

/// Whether the members that a resumed run reads are what runs write.
static bool isRecord(const Json &record) {
  using Type = bool (*)(const Json &);
  Type object = [](const Json &value) { return value.is_object(); };
  Type truth = [](const Json &value) { return value.is_boolean(); };
  Type text = [](const Json &value) { return value.is_string(); };
  Type whole = [](const Json &value) { return value.is_number_integer(); };
  Type positive = [](const Json &value) { return value.is_number_integer() && value.get<std::int64_t>() > 0; };
  Type number = [](const Json &value) { return value.is_number() || value.is_null(); }; // null: not finite
  Type numbers = [](const Json &value) {
    auto one = [](const Json &element) {
      return element.is_number() || element.is_null() || element == "inf" || element == "-inf";
    };
    return value.is_array() && std::all_of(value.begin(), value.end(), one);
  };
  Type pairs = [](const Json &value) {
    auto one = [](const Json &pair) {
      return pair.is_array() && pair.size() == 2 && pair[0].is_string() && pair[1].is_string();
    };
    return value.is_array() && std::all_of(value.begin(), value.end(), one);
  };
  Type numberOrNumbers = [](const Json &value) {
    auto one = [](const Json &element) { return element.is_number() || element.is_null(); };
    return one(value) || (value.is_array() && std::all_of(value.begin(), value.end(), one));
  };
  auto holds = [](const Json &from, const char *name, Type type) { return !from.contains(name) || type(from[name]); };
  if (!record.is_object() || !holds(record, "settings", object) || !holds(record, "pending", object))
    return false;
  const Json settings = record.value("settings", Json::object()), pending = record.value("pending", Json::object());
  for (auto [name, type] : {std::pair("shuffle", truth),
                            {"set", pairs},
                            {"data", pairs},
                            {"batch", positive},
                            {"epochs", positive},
                            {"steps", positive},
                            {"seed", whole},
                            {"memory", positive},
                            {"log_every", positive}})
    if (!holds(settings, name, type))
      return false;
  const Json best = record.value("best", Json());
  if (best.is_object() && !(holds(best, "name", text) && best.contains("value") && best["value"].is_number()))
    return false;
  auto holdsFigures = [&](const Json &figures) {
    return holds(figures, "sums", numbers) && holds(figures, "rows", numberOrNumbers) &&
           holds(figures, "combined", numbers) && holds(figures, "all_rows", number);
  };
  return holds(pending, "step", whole) && holdsFigures(pending) && holds(pending, "line", object) &&
         holdsFigures(pending.value("line", Json::object())) && holds(pending, "loss", number) &&
         holds(pending, "metrics", numbers);
}

Result<Json> RunFolder::readRecord() const {
  std::string file = path + "/run.json";
  auto text = readFile(file);
  if (!text)
    return text.error();
  Json record = Json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (!isRecord(record))
    return makeError(fmt::format("`{}` is not the record of a run", file));
  return record;
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
  logFile.reset(std::fopen(file.c_str(), "ae"));
  if (!logFile)
    return folderError(file, "write", std::strerror(errno));
  return {};
}

Result<void> RunFolder::record(const Json &facts) {
  auto old = readRecord();
  if (!old)
    return old.error();
  for (const auto &[name, value] : facts.items())
    (*old)[name] = value;
  return writeFile(path + "/run.json", old->dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

void RunFolder::log(const std::string &event) {
  if (std::fwrite(event.data(), 1, event.size(), logFile.get()) != event.size() ||
      std::fputc('\n', logFile.get()) == EOF)
    logError = errno;
}

Result<void> RunFolder::flush() {
  if (std::fflush(logFile.get()) == EOF)
    logError = errno;
  if (!logError)
    return {};
  return folderError(path + "/log.jsonl", "write", std::strerror(logError));
}

} // namespace talweg::driver
