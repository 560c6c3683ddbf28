// Taking a profile, and its table. The time of a region is the median over chunks of steps, like that of a step: a pause of the
// machine in one chunk does not count.
#include "Profile.h"
#include "Console.h"
#include "Lines.h"

#include <algorithm>
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

Result<Profile> takeProfile(Session &session, const Dataset &data, std::int64_t chunk, double seconds) {
  auto plain = BatchRunner::create(session, data);
  if (!plain)
    return plain.error();
  auto marked = BatchRunner::createProfiled(session, data);
  if (!marked)
    return marked.error();
  Profile profile;
  std::vector<double> plainTimes, markedTimes;
  std::vector<std::vector<double>> times(marked->regions().size());
  double passed = 0;
  for (bool first = true; passed < seconds || markedTimes.size() < 3; first = false) {
    auto took = plain->run(chunk), tookMarked = marked->run(chunk);
    if (!took || !tookMarked)
      return !took ? took.error() : tookMarked.error();
    if (first) // the first call of new code is slow
      continue;
    passed += *took + *tookMarked;
    plainTimes.push_back(*took / double(chunk));
    markedTimes.push_back(*tookMarked / double(chunk));
    for (size_t i = 0; i < times.size(); ++i)
      times[i].push_back(marked->regionSeconds()[i] / double(chunk));
    profile.steps += chunk;
  }
  profile.plain = median(plainTimes);
  profile.marked = median(markedTimes);
  for (size_t i = 0; i < times.size(); ++i)
    profile.regions.push_back({marked->regions()[i], median(times[i])});
  return profile;
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
  printNoted(fmt::format("  {:<10}{:>6.1f} %  {}", "all", 100.0, rightAligned(microseconds(sum), 9)), 2,
             fmt::format("{} a {} with marks, {} without: marking costs {:.1f} %", microseconds(profile.marked), step,
                         microseconds(profile.plain), 100 * (profile.marked / profile.plain - 1)));
  std::vector<RegionGroup> rows = profile.groups();
  std::sort(rows.begin(), rows.end(), [](const RegionGroup &a, const RegionGroup &b) { return a.seconds > b.seconds; });
  // What a region is gets at most half of what the figures leave of a terminal's line.
  const size_t columns = isTerminal(Stream::Out) ? size_t(terminalWidth(Stream::Out)) : 160, figures = 65;
  const size_t widest = std::clamp<size_t>(columns > figures ? (columns - figures) / 2 : 0, 20, 60);
  size_t wide = 4, shown = 0;
  for (const RegionGroup &row : rows)
    if (row.seconds >= kLeastShare * sum) {
      wide = std::max(wide, std::min(widest, columnsOf(row.description())));
      ++shown;
    }
  auto line = [&](const std::string &text) { printLine(isTerminal(Stream::Out) ? clipped(text, columns) : text); };
  printLine("");
  line(fmt::format("  {:>7}  {:>9}  {:>9}  {:<20}  {:<8}  {}  {}", "share", "time", "estimate", "speed, of the limit",
                   "part", padded("what", wide), "where"));
  for (size_t i = 0; i < shown; ++i)
    line(fmt::format("  {:>5.1f} %  {}  {}  {:<20}  {:<8}  {}  {}", 100 * rows[i].seconds / sum,
                     rightAligned(microseconds(rows[i].seconds), 9), rightAligned(microseconds(rows[i].estimate), 9),
                     speedOf(rows[i], profile.limits), nameOf(rows[i].part),
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
    entry["fma_peak_share"] = profile.limits.flops > 0 ? region.flopRate() / profile.limits.flops : 0;
    entry["bytes_per_second"] = region.byteRate();
    entry["bandwidth_share"] = profile.limits.bytes > 0 ? region.byteRate() / profile.limits.bytes : 0;
    regions.push_back(std::move(entry));
  }
  return result;
}

} // namespace talweg::driver
