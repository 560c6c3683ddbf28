// A profile as a picture: SVG of one file, without scripts or outside fonts; every box tells its figures as a tooltip.
#include "Profile.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>

namespace talweg::driver {

namespace {

constexpr double kWidth = 1400, kMargin = 16, kRow = 26, kTop = 84, kLegend = 30;
constexpr double kCharacter = 6.9; ///< about the width of a character of 12 px

struct Color {
  const char *kind, *fill;
};
constexpr Color kColors[] = {{"product", "#7fb2e5"},   {"convolution", "#8f9be8"}, {"elementwise", "#8fce9b"},
                             {"reduction", "#f2b66d"}, {"fill", "#cfcfcf"},        {"copy", "#b9b9b9"},
                             {"gather", "#d7a7dd"},    {"scatter", "#b58fd0"},     {"loop", "#e3d28a"}};

const char *colorOf(const std::string &kind) {
  for (const Color &color : kColors)
    if (kind == color.kind)
      return color.fill;
  return "#e0e0e0";
}

std::string escaped(const std::string &text) {
  std::string result;
  for (char c : text) {
    switch (c) {
    case '&': result += "&amp;"; break;
    case '<': result += "&lt;"; break;
    case '>': result += "&gt;"; break;
    case '"': result += "&quot;"; break;
    default:
      if (static_cast<unsigned char>(c) >= 0x20 || c == '\n') // XML has no other control characters
        result += c;
    }
  }
  return result;
}

/// As much of `text` as fits into `width`, none if that is less than three characters.
std::string fitting(const std::string &text, double width) {
  auto most = std::int64_t((width - 8) / kCharacter);
  if (most < 3)
    return "";
  std::string result;
  std::int64_t columns = 0;
  for (size_t at = 0; at < text.size(); ++at) {
    bool starts = (text[at] & 0xC0) != 0x80;
    if (starts && columns == most - 1 && at + 1 < text.size() &&
        std::count_if(text.begin() + std::ptrdiff_t(at), text.end(), [](char c) { return (c & 0xC0) != 0x80; }) > 1)
      return result + "…";
    columns += starts;
    result += text[at];
  }
  return result;
}

/// A box and what hangs below it.
struct Box {
  std::string label, tip, fill = "#ececec";
  double seconds = 0;
  std::vector<Box> inner;
};

class Picture {
public:
  explicit Picture(double total) : scale((kWidth - 2 * kMargin) / std::max(total, 1e-12)) {}

  void draw(const Box &box, double x, int depth) {
    double width = box.seconds * scale, y = kTop + depth * kRow;
    if (width < 0.05)
      return;
    text +=
        fmt::format("<g><title>{}</title><rect x=\"{:.2f}\" y=\"{:.1f}\" width=\"{:.2f}\" height=\"{:.1f}\" rx=\"2\" "
                    "fill=\"{}\"/>",
                    escaped(box.tip), x, y, width - std::min(0.6, 0.2 * width), kRow - 2, box.fill);
    if (std::string label = fitting(box.label, width); !label.empty())
      text += fmt::format("<text x=\"{:.2f}\" y=\"{:.1f}\">{}</text>", x + 4, y + 16.5, escaped(label));
    text += "</g>\n";
    for (const Box &inner : box.inner) {
      draw(inner, x, depth + 1);
      x += inner.seconds * scale;
    }
  }

  std::string text;

private:
  double scale;
};

std::string tipOf(const RegionGroup &region, const Profile &profile) {
  std::string tip = fmt::format("{}\n{}, {:.1f} % of all", region.description(), microseconds(region.seconds),
                                100 * region.seconds / profile.sum());
  if (region.isProduct())
    tip += fmt::format("\n{:.1f} GFLOP/s, {:.0f} % of the multiply-add peak", region.flopRate() * 1e-9,
                       profile.limits.flops > 0 ? 100 * region.flopRate() / profile.limits.flops : 0);
  if (region.bytes > 0)
    tip += fmt::format("\n{:.1f} GB/s, {:.0f} % of the update bandwidth ({} bytes)", region.byteRate() * 1e-9,
                       profile.limits.bytes > 0 ? 100 * region.byteRate() / profile.limits.bytes : 0, region.bytes);
  if (profile.threads > 1)
    tip += fmt::format("\n{:.2f} times as fast as on one thread {}", region.speedup(), profile.limitedBy(region));
  if (!region.variable.empty())
    tip += "\nparameter " + region.variable;
  if (!region.file.empty())
    tip += fmt::format("\n{}:{}: {}", region.place(), region.column, region.source);
  return tip;
}

std::string shareText(double seconds, const Profile &profile) {
  return fmt::format("{}, {:.1f} %", microseconds(seconds), 100 * seconds / profile.sum());
}

/// Parts in the order of a step; lines in the order of the file; groups of regions in the order in which the first of each runs.
Box stepBox(const Profile &profile) {
  const std::vector<RegionGroup> groups = profile.groups();
  Box step;
  step.seconds = profile.sum();
  const char *name = profile.inference ? "call" : "step";
  step.label = fmt::format("one {}: {}", name, microseconds(step.seconds));
  step.tip = fmt::format("{}\n{} regions\n{} with marks, {} without", step.label, profile.regions.size(),
                         microseconds(profile.marked), microseconds(profile.plain));
  for (Part kind : {Part::Data, Part::Forward, Part::Backward, Part::Update}) {
    std::map<std::pair<std::int64_t, std::string>, Box> lines;
    Box part;
    for (const RegionGroup &region : groups) {
      if (region.part != kind)
        continue;
      part.seconds += region.seconds;
      Box &line = lines[{region.line, region.file}];
      line.seconds += region.seconds;
      line.label = region.file.empty() ? "elsewhere" : fmt::format("{}: {}", region.line, region.source);
      line.tip = region.file.empty() ? "no line of the model" : fmt::format("{}: {}", region.place(), region.source);
      std::string label = fmt::format("{}: {}", region.description(), region.expression);
      line.inner.push_back({label, tipOf(region, profile), colorOf(region.kind), region.seconds, {}});
    }
    if (lines.empty())
      continue;
    part.label = fmt::format("{} {}", nameOf(kind), shareText(part.seconds, profile));
    part.tip = part.label;
    part.fill = "#dcdcdc";
    for (auto &[key, line] : lines) {
      line.tip += fmt::format("\n{}: {}", nameOf(kind), shareText(line.seconds, profile));
      part.inner.push_back(std::move(line));
    }
    step.inner.push_back(std::move(part));
  }
  return step;
}

} // namespace

std::string profileSvg(const Profile &profile, const std::string &title) {
  Picture picture(profile.sum());
  picture.draw(stepBox(profile), kMargin, 0);
  double height = kTop + 4 * kRow + kLegend + kMargin;
  std::string svg = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" "
      "height=\"{1}\" "
      "viewBox=\"0 0 {0} {1}\" font-family=\"DejaVu Sans, Verdana, sans-serif\" font-size=\"12\" fill=\"#1c1c1c\">\n"
      "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n",
      kWidth, height);
  svg +=
      fmt::format("<text x=\"{}\" y=\"32\" font-size=\"18\" font-weight=\"bold\">{}</text>\n", kMargin, escaped(title));
  svg +=
      fmt::format("<text x=\"{}\" y=\"56\" fill=\"#555555\">Width is time. From above: the {}, its parts, the model's "
                  "lines, and what the compiler made of them. A box tells its figures under the pointer.</text>\n",
                  kMargin, profile.inference ? "call" : "step");
  svg += picture.text;
  double x = kMargin, y = kTop + 4 * kRow + 12;
  for (const Color &color : kColors) {
    bool used = std::any_of(profile.regions.begin(), profile.regions.end(),
                            [&](const TimedRegion &region) { return region.kind == color.kind; });
    if (!used)
      continue;
    svg += fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"14\" height=\"14\" rx=\"2\" fill=\"{}\"/>"
                       "<text x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n",
                       x, y, color.fill, x + 20, y + 11.5, color.kind);
    x += 20 + kCharacter * (double(std::string_view(color.kind).size()) + 1) + 24;
  }
  return svg + "</svg>\n";
}

} // namespace talweg::driver
