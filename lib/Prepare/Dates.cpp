// Dates and times to their parts.
#include "DateText.h"
#include "StepTable.h"
#include "StepValues.h"
#include "Work.h"

#include <fmt/format.h>

#include <array>
#include <numbers>
#include <set>

namespace talweg::prepare {

namespace {
/// A part of a date: its number, and where it turns, how far around it is, from 0 to 1.
struct Part {
  std::string_view name;
  double (*numberOf)(const DateTime &date);
  double (*turnOf)(const DateTime &date) = nullptr;
  /// Whether a text that gives so much says it.
  bool (*isGiven)(const DateGiven &given);
};
} // namespace

static std::int64_t weekdayOf(std::int64_t days) { return ((days + 3) % 7 + 7) % 7; }
static std::int64_t firstOfYear(std::int64_t year) { return daysOf({.year = year}); }
static std::int64_t dayOfYear(const DateTime &date) { return daysOf(date) - firstOfYear(date.year); }

/// The number of its week by ISO 8601: the first one of a year has its first Thursday.
static std::int64_t weekOf(const DateTime &date) {
  const std::int64_t days = daysOf(date), thursday = days - weekdayOf(days) + 3;
  std::int64_t year = date.year;
  year += thursday < firstOfYear(year) ? -1 : thursday >= firstOfYear(year + 1) ? 1 : 0;
  return (thursday - firstOfYear(year)) / 7 + 1;
}

static double unixOf(const DateTime &date) {
  const std::int64_t seconds = ((daysOf(date) * 24 + date.hour) * 60 + date.minute) * 60 + date.second - date.ahead;
  return double(seconds) + date.fraction;
}

static bool givesDate(const DateGiven &given) { return given.year && given.month && given.day; }

static constexpr std::array<Part, 10> parts = {{
    {"year", [](const DateTime &date) { return double(date.year); }, nullptr,
     [](const DateGiven &given) { return given.year; }},
    {"month", [](const DateTime &date) { return double(date.month); },
     [](const DateTime &date) { return (date.month - 1) / 12.; }, [](const DateGiven &given) { return given.month; }},
    {"day", [](const DateTime &date) { return double(date.day); }, nullptr,
     [](const DateGiven &given) { return given.day; }},
    {"weekday", [](const DateTime &date) { return double(weekdayOf(daysOf(date))); },
     [](const DateTime &date) { return double(weekdayOf(daysOf(date))) / 7; }, givesDate},
    {"hour", [](const DateTime &date) { return double(date.hour); },
     [](const DateTime &date) { return date.hour / 24.; }, [](const DateGiven &given) { return given.hour; }},
    {"minute", [](const DateTime &date) { return double(date.minute); }, nullptr,
     [](const DateGiven &given) { return given.minute; }},
    {"second", [](const DateTime &date) { return double(date.second); }, nullptr,
     [](const DateGiven &given) { return given.second; }},
    {"day_of_year", [](const DateTime &date) { return double(dayOfYear(date) + 1); },
     [](const DateTime &date) {
       return double(dayOfYear(date)) / double(firstOfYear(date.year + 1) - firstOfYear(date.year));
     },
     givesDate},
    {"week", [](const DateTime &date) { return double(weekOf(date)); }, nullptr, givesDate},
    {"unix", unixOf, nullptr, givesDate},
}};

static const Part *partNamed(const StepValue &value) {
  const auto *name = std::get_if<std::string>(&value);
  const auto found = name ? std::ranges::find(parts, *name, &Part::name) : parts.end();
  return found == parts.end() ? nullptr : &*found;
}
static bool isPart(const StepValue &value) { return partNamed(value); }
static bool isTurning(const StepValue &value) { return isPart(value) && partNamed(value)->turnOf; }

namespace {
class Dates : public Work {
public:
  Dates(const Step &step, bool turns) : turns(turns), format(namedOf<std::string>(step, "format")) {
    for (const StepValue &value : step.values)
      wanted.push_back(partNamed(value));
  }
  Fault apply(Row &row) const override;
  std::size_t sourceOf(std::size_t given) const override { return given / (wanted.size() * (turns ? 2 : 1)); }

private:
  Fault read(const Cell &cell, std::optional<DateTime> &date) const;

  bool turns;
  std::optional<std::string> format;
  std::vector<const Part *> wanted;
};
} // namespace

/// Leaves `date` empty where the cell is missing.
Fault Dates::read(const Cell &cell, std::optional<DateTime> &date) const {
  if (isMissing(cell))
    return {};
  if (cell.kind == Cell::Number)
    date = ofUnix(cell.number);
  else
    date = format ? readDate(cell.text, *format) : readDate(cell.text);
  if (date)
    return {};
  if (cell.kind == Cell::Number)
    return {"E0756", fmt::format("{} is no time in seconds since 1970, of a year from 1 to 9999", cell.number), ""};
  return {"E0756", quoted(cell.text) + (format ? fmt::format(" is no date as `{}` says", *format) : " is no date"),
          format ? ""
                 : "others than 2024-02-29, 2024-02-29T12:30:00+01:00 and seconds since 1970 need their format, as in "
                   "`format = \"%d.%m.%Y\"`"};
}

Fault Dates::apply(Row &row) const {
  row.numbers.clear();
  for (std::size_t i = 0; i < row.cells.size(); ++i) {
    std::optional<DateTime> date;
    if (Fault fault = read(row.cells[i], date)) {
      fault.cell = i;
      return fault;
    }
    for (const Part *part : wanted)
      if (!turns) {
        row.numbers.push_back(date ? part->numberOf(*date) : missing);
      } else {
        const double angle = date ? 2 * std::numbers::pi * part->turnOf(*date) : missing;
        row.numbers.insert(row.numbers.end(), {std::sin(angle), std::cos(angle)});
      }
  }
  return {};
}

static constexpr StepOption dateOptions[] = {
    {"format",
     "a text in which %Y, %y, %m, %b, %B, %d, %e, %j, %a, %A, %H, %I, %p, %M, %S, %f, %z, %s and %% have their meaning",
     [](const StepValue &value) { return isText(value) && isDateFormat(std::get<std::string>(value)); }}};

static std::string_view unlessOnceAndGiven(const Step &step) {
  if (std::set<StepValue>(step.values.begin(), step.values.end()).size() < step.values.size())
    return "each part is named once";
  if (const auto format = namedOf<std::string>(step, "format"))
    for (const StepValue &value : step.values)
      if (!partNamed(value)->isGiven(givenBy(*format)))
        return "the format does not say what all of the parts need";
  return {};
}

const StepInfo dateStep = {
    .name = "date",
    .example = "date(\"year\", \"month\")",
    .takes = Flow::Text,
    .gives = Flow::Numbers,
    .wanted = "some of \"year\", \"month\", \"day\", \"weekday\", \"hour\", \"minute\", \"second\", \"day_of_year\", "
              "\"week\" and \"unix\"",
    .least = 1,
    .most = parts.size(),
    .accepts = isPart,
    .options = dateOptions,
    .broken = unlessOnceAndGiven,
    .growth = [](const Step &step) { return std::ssize(step.values); },
    .make = [](const Place &place) -> std::unique_ptr<Work> { return std::make_unique<Dates>(place.step, false); }};

const StepInfo cyclesStep = {
    .name = "cycles",
    .example = "cycles(\"hour\", \"weekday\")",
    .takes = Flow::Text,
    .gives = Flow::Numbers,
    .wanted = "some of \"hour\", \"weekday\", \"month\" and \"day_of_year\"",
    .least = 1,
    .most = 4,
    .accepts = isTurning,
    .options = dateOptions,
    .broken = unlessOnceAndGiven,
    .growth = [](const Step &step) { return 2 * std::ssize(step.values); },
    .givesFractions = [](const Step &) { return true; },
    .make = [](const Place &place) -> std::unique_ptr<Work> { return std::make_unique<Dates>(place.step, true); }};

} // namespace talweg::prepare
