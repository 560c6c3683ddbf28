// See RunFolder.h.
#include "RunFolder.h"
#include "Console.h"

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
  if (auto emptied = writeFile(path + "/log.jsonl", ""); !emptied)
    return emptied.error();
  return openLog();
}

Result<Json> RunFolder::readRecord() const {
  std::string file = path + "/run.json";
  auto text = readFile(file);
  if (!text)
    return text.error();
  Json record = Json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (!record.is_object())
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
      if (event.is_object() && event.value("step", std::int64_t(0)) <= step && event.value("event", "") != "end")
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
