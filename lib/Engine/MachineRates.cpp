// A fork of all cores, multiply-adds in registers, copies of arrays that fill half of the second cache, twice that cache, and twice the third, and readings of lines in four times the second one. What is measured at
// another time differs a little: plans that differ by it have the same results.
#include "MachineRates.h"

#include "CodeCache.h"
#include "talweg/Engine/Bench.h"
#include "talweg/Runtime/Threads.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

using namespace talweg;

namespace {

/// What is measured, by their names in the file.
constexpr std::pair<const char *, double Machine::*> kRates[] = {
    {"flops", &Machine::flopsPerNs},  {"second cache", &Machine::l2Rate}, {"third cache", &Machine::l3Rate},
    {"memory", &Machine::memoryRate}, {"latency", &Machine::l3Ns},        {"fork", &Machine::forkNs}};

bool isSound(const Machine &machine) {
  return std::all_of(std::begin(kRates), std::end(kRates), [&](const auto &rate) {
    return std::isfinite(machine.*rate.second) && machine.*rate.second >= 0.01 && machine.*rate.second <= 1e6;
  });
}

bool readRates(const std::string &text, Machine &machine) {
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  Machine read = machine;
  for (auto [name, rate] : kRates) {
    if (!json.is_object() || !json.contains(name) || !json[name].is_number())
      return false;
    read.*rate = json[name];
  }
  if (!isSound(read))
    return false;
  machine = read;
  return true;
}

std::string textOfRates(const Machine &machine) {
  nlohmann::ordered_json json;
  for (auto [name, rate] : kRates)
    json[name] = machine.*rate;
  return json.dump();
}

/// Three digits: so exact are they.
double rounded(double rate) {
  const double unit = std::pow(10, std::floor(std::log10(std::max(rate, 1e-9))) - 2);
  return std::round(rate / unit) * unit;
}

bool measure(Machine &machine) {
  constexpr std::int64_t least = 64 << 20; // of what is in no cache
  constexpr double seconds = 0.005;        // of each
  if (const int cores = std::min(runtime::usableCores(), int(machine.cores)); cores > 1) {
    constexpr double unlikely = 2e-5; // others use the cores
    const auto fork = MachineProbe::forkSeconds(std::min(cores, kMostThreads));
    if (fork && *fork < unlikely) // the system may refuse so many
      machine.forkNs = rounded(*fork * 1e9);
  }
  auto probe = MachineProbe::create(1);
  if (!probe)
    return false;
  machine.flopsPerNs = rounded(probe->fmaPeak(seconds) * 1e-9);
  const std::int64_t beyond = std::max(least, 2 * machine.l3Bytes);
  for (auto [bytes, rate] : {std::pair(machine.l2Bytes / 2, &Machine::l2Rate),
                             std::pair(std::min(2 * machine.l2Bytes, beyond), &Machine::l3Rate),
                             std::pair(std::min(beyond, std::int64_t(256) << 20), &Machine::memoryRate)}) {
    auto copied = probe->copyRate(bytes, seconds);
    if (!copied)
      return false;
    machine.*rate = rounded(*copied * 1e-9);
  }
  auto latency = probe->latency(std::min(4 * machine.l2Bytes, beyond), seconds);
  if (!latency)
    return false;
  machine.l3Ns = rounded(*latency * 1e9);
  return isSound(machine);
}

/// By what this machine's entries are found, whatever is known of it besides.
std::string machineName(const Target &target) {
  Machine plain = target.machine;
  plain.tuned = nullptr;
  return fmt::format("{} {}", target.cpu, textOf(plain));
}

/// Likewise its rates: an entry of a build that measured others is none.
std::string ratesName(const Target &target) {
  std::string name = machineName(target);
  for (const auto &[rate, member] : kRates)
    name += fmt::format("\n{}", rate);
  return name;
}

using Ranks = std::map<std::string, std::int64_t>;

/// What was kept; nothing where that is none of ours.
Ranks readTuned(const CodeCache &cache, const std::string &name) {
  Ranks ranks;
  std::optional<std::string> kept = cache.findTuned(name);
  const auto json = nlohmann::json::parse(kept.value_or("{}"), nullptr, /*allow_exceptions=*/false);
  if (json.is_object())
    for (const auto &[plan, rank] : json.items())
      if (rank.is_number_integer() && rank >= 0)
        ranks[plan] = rank;
  return ranks;
}

} // namespace

Target talweg::withRates(Target target) {
  if (target.name != "native")
    return target;
  CodeCache cache;
  const std::string name = ratesName(target);
  Machine machine = target.machine;
  if (Ranks ranks = readTuned(cache, machineName(target)); !ranks.empty())
    machine.tuned = std::make_shared<const Ranks>(std::move(ranks));
  auto isKept = [&] {
    std::optional<std::string> kept = cache.findMachine(name);
    return kept && readRates(*kept, machine);
  };
  if (!isKept() && !cache.path().empty() && measure(machine)) {
    cache.storeMachine(name, textOfRates(machine));
    isKept(); // another process may have been first
  }
  target.machine = machine;
  return target;
}

Result<void> talweg::keepTuned(const std::map<std::string, std::int64_t> &ranks) {
  CodeCache cache;
  const std::string name = machineName(nativeTarget());
  Ranks all = readTuned(cache, name);
  for (const auto &[plan, rank] : ranks)
    if (rank == 0)
      all.erase(plan);
    else
      all[plan] = rank;
  if (!cache.storeTuned(name, nlohmann::json(all).dump()))
    return Error{
        "E0850",
        fmt::format("error: what was tuned cannot be kept{} [E0850]\nhelp: TALWEG_CACHE names the folder of the cache",
                    cache.path().empty() ? ", there is no cache"
                                         : fmt::format(": `{}` cannot be written", cache.path()))};
  return {};
}
