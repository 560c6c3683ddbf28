// Taking a profile, and its table. The time of a region is the median over chunks of steps, like that of a step: a pause of the
// machine in one chunk does not count.
#include "Profile.h"
#include "Console.h"
#include "Lines.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace talweg::driver {

double median(std::vector<double> values) {
  auto middle = values.begin() + std::ptrdiff_t(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

double Profile::sum() const {
  double result = 0;
  for (const TimedRegion &region : regions)
    result += region.seconds;
  return result;
}

std::string TimedRegion::place() const {
  return file.empty() ? "" : fmt::format("{}:{}", file.substr(file.rfind('/') + 1), line);
}

namespace {

/// Chunks of one runner on so many threads.
struct Chunks {
  BatchRunner *runner;
  int threads;
  std::vector<double> steps;                ///< of each chunk the time of a step
  std::vector<std::vector<double>> regions; ///< of each region likewise

  Chunks(BatchRunner &runner, int threads) : runner(&runner), threads(threads), regions(runner.regions().size()) {}

  Result<double> run(std::int64_t count) {
    auto took = runner->run(count, threads);
    if (!took)
      return took;
    steps.push_back(*took / double(count));
    for (size_t i = 0; i < regions.size(); ++i)
      regions[i].push_back(runner->regionSeconds()[i] / double(count));
    return took;
  }
};

} // namespace

Result<Profile> takeProfile(Session &session, const Dataset &data, std::int64_t chunk, double seconds) {
  auto plain = BatchRunner::create(session, data);
  if (!plain)
    return plain.error();
  auto marked = BatchRunner::createProfiled(session, data);
  if (!marked)
    return marked.error();
  Profile profile;
  profile.threads = session.threads();
  std::vector<Chunks> kinds{{*plain, profile.threads}, {*marked, profile.threads}};
  const bool compares = profile.threads > 1;
  if (compares)
    kinds.insert(kinds.end(), {{*plain, 1}, {*marked, 1}});
  for (Chunks &kind : kinds)
    if (auto first = kind.runner->run(chunk, kind.threads); !first) // which is slow
      return first.error();
  double passed = 0;
  while (passed < seconds || kinds.front().steps.size() < 3)
    for (Chunks &kind : kinds) {
      auto took = kind.run(chunk);
      if (!took)
        return took.error();
      passed += *took;
    }
  profile.steps = chunk * std::int64_t(kinds[1].steps.size());
  profile.plain = median(kinds[0].steps);
  profile.marked = median(kinds[1].steps);
  profile.alone = compares ? median(kinds[2].steps) : 0;
  for (size_t i = 0; i < marked->regions().size(); ++i)
    profile.regions.push_back(
        {marked->regions()[i], median(kinds[1].regions[i]), compares ? median(kinds[3].regions[i]) : 0});
  return profile;
}

std::string Profile::limitedBy(const TimedRegion &region) const {
  constexpr double kAbout = 0.9; // of as many times as fast as there are threads
  if (region.forks == 0)
    return "alone";
  const auto pieces = double(region.pieces), count = double(threads);
  const double ideal = region.alone / count;
  if (region.seconds * kAbout <= ideal)
    return "";
  // What is faster than a limit, on all threads or on one, is not held by it: memory's does not hold what stays in caches.
  auto atLimit = [&](std::int64_t work, double rate) {
    constexpr double kBeyond = 1.1;
    const double least = rate > 0 ? double(work) / rate : 0;
    return least <= kBeyond * std::min(region.seconds, region.alone) ? least : 0;
  };
  // What each reason makes a region take at least. The one that makes most is told, if that is half of what is lost.
  const std::pair<double, const char *> reasons[] = {
      {ideal + (region.seconds - ideal) / 2, "other"},
      {pieces > 0 ? region.alone * std::ceil(pieces / count) / pieces : 0, "uneven"},
      {ideal + double(region.forks) * limits.forkSeconds, "small"},
      {atLimit(region.bytes, limits.bytes), "memory"},
      {atLimit(region.flops, limits.flops), "peak"}};
  return std::max_element(std::begin(reasons), std::end(reasons))->second;
}

std::vector<RegionGroup> Profile::groups() const {
  std::vector<RegionGroup> groups;
  for (const TimedRegion &region : regions) {
    auto same = std::find_if(groups.begin(), groups.end(), [&](const RegionGroup &group) {
      return group.kind == region.kind && group.what == region.what && group.part == region.part &&
             group.file == region.file && group.line == region.line && group.column == region.column;
    });
    if (same == groups.end()) {
      groups.push_back({region, 1});
      continue;
    }
    ++same->count;
    same->seconds += region.seconds;
    same->alone += region.alone;
    same->forks += region.forks;
    same->flops += region.flops;
    same->estimate += region.estimate;
    same->bytes += region.bytes;
    if (same->variable != region.variable)
      same->variable.clear();
  }
  return groups;
}

std::string RegionGroup::description() const {
  return fmt::format("{}{} {}", kind, count > 1 ? fmt::format(", {} times:", count) : "", what);
}

//===-- the table --------------------------------------------------------------------------------------------------===//

std::string microseconds(double seconds) {
  double value = seconds * 1e6;
  return value < 100   ? fmt::format("{:.2f} µs", value)
         : value < 1e3 ? fmt::format("{:.0f} µs", value)
                       : fmt::format("{:.2f} ms", value * 1e-3);
}

namespace {

std::string padded(const std::string &text, size_t columns) {
  return text + std::string(columns - std::min(columns, columnsOf(text)), ' ');
}

std::string rightAligned(const std::string &text, size_t columns) {
  return std::string(columns - std::min(columns, columnsOf(text)), ' ') + text;
}

/// "103 GFLOP/s  91 %": products against the multiply-add peak, the rest against the update bandwidth.
std::string speedOf(const TimedRegion &region, const Limits &limits) {
  double rate = region.isProduct() ? region.flopRate() : region.byteRate();
  double limit = region.isProduct() ? limits.flops : limits.bytes;
  if (rate <= 0)
    return "";
  return fmt::format("{:>6.1f} {:<7} {:>3.0f} %", rate * 1e-9, region.isProduct() ? "GFLOP/s" : "GB/s",
                     limit > 0 ? 100 * rate / limit : 0);
}

/// "1.42 memory", behind two spaces; nothing on one thread.
std::string speedupOf(const TimedRegion &region, const Profile &profile) {
  return profile.threads > 1 ? fmt::format("  {:>5.2f} {:<6}", region.speedup(), profile.limitedBy(region)) : "";
}

std::string sourceOf(const TimedRegion &region) {
  std::string text = region.place();
  if (!region.variable.empty())
    text += (text.empty() ? "" : " ") + fmt::format("[{}]", region.variable);
  if (!region.expression.empty())
    text += ": " + region.expression;
  return text;
}

void printParts(const Profile &profile) {
  auto isInside = [](const TimedRegion &region) { return region.part != Part::Update && !region.variable.empty(); };
  const auto inside = std::count_if(profile.regions.begin(), profile.regions.end(), isInside);
  for (Part part : {Part::Data, Part::Forward, Part::Backward, Part::Update}) {
    double seconds = 0, flops = 0;
    size_t count = 0;
    for (const TimedRegion &region : profile.regions)
      if (region.part == part) {
        seconds += region.seconds;
        flops += double(region.flops);
        ++count;
      }
    const bool isFused = part == Part::Update && inside;
    if (!count && !isFused)
      continue;
    std::string note;
    if (flops > 0 && seconds > 0)
      note = fmt::format("{:.1f} GFLOP/s, {:.0f} % of the peak", flops / seconds * 1e-9,
                         profile.limits.flops > 0 ? 100 * flops / seconds / profile.limits.flops : 0);
    else if (isFused)
      note = fmt::format("{} more inside products of the backward pass", inside);
    printNoted(fmt::format("  {:<10}{:>6.1f} %  {}  {:>4} {}", nameOf(part), 100 * seconds / profile.sum(),
                           rightAligned(microseconds(seconds), 9), count, count == 1 ? "region" : "regions"),
               3 + (count == 1), note);
  }
}

} // namespace

void printProfile(const Profile &profile) {
  constexpr double kLeastShare = 0.001;
  const char *step = profile.inference ? "call" : "step";
  printLine("");
  printLine(styled(Stream::Out, Style::Bold, fmt::format("Where the time of a {} goes", step)));
  double sum = profile.sum();
  if (profile.regions.empty() || sum <= 0) {
    printLine(fmt::format("  a {} has no region that takes time", step));
    return;
  }
  printParts(profile);
  std::string note = fmt::format("{} a {} with marks, {} without: marking costs {:.1f} %", microseconds(profile.marked),
                                 step, microseconds(profile.plain), 100 * (profile.marked / profile.plain - 1));
  if (profile.threads > 1)
    note += fmt::format("; {:.2f} times as fast as on one thread", profile.speedup());
  printNoted(fmt::format("  {:<10}{:>6.1f} %  {}", "all", 100.0, rightAligned(microseconds(sum), 9)), 2, note);
  std::vector<RegionGroup> rows = profile.groups();
  std::sort(rows.begin(), rows.end(), [](const RegionGroup &a, const RegionGroup &b) { return a.seconds > b.seconds; });
  // What a region is gets at most half of what the figures leave of a terminal's line.
  const size_t columns = isTerminal(Stream::Out) ? size_t(terminalWidth(Stream::Out)) : 160;
  const size_t figures = profile.threads > 1 ? 79 : 65;
  const size_t widest = std::clamp<size_t>(columns > figures ? (columns - figures) / 2 : 0, 20, 60);
  size_t wide = 4, shown = 0;
  for (const RegionGroup &row : rows)
    if (row.seconds >= kLeastShare * sum) {
      wide = std::max(wide, std::min(widest, columnsOf(row.description())));
      ++shown;
    }
  auto line = [&](const std::string &text) { printLine(isTerminal(Stream::Out) ? clipped(text, columns) : text); };
  printLine("");
  line(fmt::format("  {:>7}  {:>9}  {:>9}  {:<20}{}  {:<8}  {}  {}", "share", "time", "estimate", "speed, of the limit",
                   profile.threads > 1 ? "  speed-up    " : "", "part", padded("what", wide), "where"));
  for (size_t i = 0; i < shown; ++i)
    line(fmt::format("  {:>5.1f} %  {}  {}  {:<20}{}  {:<8}  {}  {}", 100 * rows[i].seconds / sum,
                     rightAligned(microseconds(rows[i].seconds), 9), rightAligned(microseconds(rows[i].estimate), 9),
                     speedOf(rows[i], profile.limits), speedupOf(rows[i], profile), nameOf(rows[i].part),
                     padded(clipped(rows[i].description(), wide), wide), sourceOf(rows[i])));
  double rest = 0;
  for (size_t i = shown; i < rows.size(); ++i)
    rest += rows[i].seconds;
  if (shown < rows.size())
    line(fmt::format("  {:>5.1f} %  {}  {} more, each below {} %", 100 * rest / sum,
                     rightAligned(microseconds(rest), 9), rows.size() - shown, 100 * kLeastShare));
}

Json profileJson(const Profile &profile) {
  Json result{{"steps", profile.steps},
              {"marked_us", profile.marked * 1e6},
              {"plain_us", profile.plain * 1e6},
              {"sum_us", profile.sum() * 1e6}};
  if (profile.threads > 1) {
    result["speedup"] = profile.speedup();
    result["fork_us"] = profile.limits.forkSeconds * 1e6;
  }
  Json &regions = result["regions"] = Json::array();
  for (const TimedRegion &region : profile.regions) {
    Json entry{{"part", nameOf(region.part)}, {"kind", region.kind}, {"what", region.what}};
    if (!region.variable.empty())
      entry["variable"] = region.variable;
    entry["file"] = region.file;
    entry["line"] = region.line;
    entry["column"] = region.column;
    entry["source"] = region.source;
    entry["expression"] = region.expression;
    entry["us"] = region.seconds * 1e6;
    entry["estimate_us"] = region.estimate * 1e6;
    entry["share"] = profile.sum() > 0 ? region.seconds / profile.sum() : 0;
    entry["flops"] = region.flops;
    entry["bytes"] = region.bytes;
    entry["gflops"] = region.flopRate() * 1e-9;
    entry["forks"] = region.forks;
    entry["pieces"] = region.pieces;
    entry["fma_peak_share"] = profile.limits.flops > 0 ? region.flopRate() / profile.limits.flops : 0;
    entry["bytes_per_second"] = region.byteRate();
    if (profile.threads > 1) {
      entry["speedup"] = region.speedup();
      entry["limited_by"] = profile.limitedBy(region);
    }
    entry["bandwidth_share"] = profile.limits.bytes > 0 ? region.byteRate() / profile.limits.bytes : 0;
    regions.push_back(std::move(entry));
  }
  return result;
}

} // namespace talweg::driver
