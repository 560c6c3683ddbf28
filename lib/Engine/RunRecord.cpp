// run.json: what is needed to know, later, how a result came about.
#include "Files.h"
#include "SessionImpl.h"

#include <nlohmann/json.hpp>

#include <chrono>
#include <ctime>
#include <filesystem>

using namespace talweg;
using Json = nlohmann::ordered_json;

static std::string nowText() {
  std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm parts;
  ::gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

Result<void> Session::writeRunRecord(const std::string &directory, const std::vector<std::string> &command) const {
  if (auto made = makeDirectory(directory); !made)
    return made.error();
  const PlanFacts &plan = impl->program.plan();
  const Manifest &manifest = impl->facts.manifest;
  const CompileOptions &options = impl->program.impl->options;
  Json record;
  record["talweg"] = versionText();
  record["written"] = nowText();
  record["command"] = command;
  record["file"] = plan.file;
  record["source"] = impl->program.impl->compiler->text();
  record["model"] = plan.name;
  record["data"] = plan.data;
  record["set"] = Json::object();
  for (auto &[name, value] : options.set)
    record["set"][name] = value;
  record["hyper"] = Json::object();
  for (std::size_t i = 0; i < manifest.hypers.size(); ++i)
    record["hyper"][manifest.hypers[i].name] = impl->hypers[i];
  record["precision"] = nameOf(impl->program.impl->compiler->plan().real);
  record["seed"] = impl->seed;
  record["batch"] = plan.batch;
  record["shuffle"] = impl->options.shuffle;
  record["threads"] = impl->threads;
  record["rows"] = impl->training ? impl->training->rows() : 0;
  record["total_steps"] = impl->totalSteps();
  record["parameters"] = impl->program.parameterCount();
  record["flops_per_step"] = manifest.flops;
  record["arena_bytes"] = manifest.arenaBytes;
  record["persistent_bytes"] = manifest.persistentBytes;
  const Target &target = impl->program.impl->compiler->target();
  record["target"] = {{"triple", target.triple}, {"cpu", target.cpu}};
  std::string text = record.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
  return writeFile((std::filesystem::path(directory) / "run.json").string(), {text});
}
