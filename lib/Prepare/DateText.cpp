#include "DateText.h"

#include <fast_float/fast_float.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <span>

namespace talweg::prepare {

using namespace std::chrono;

static year_month_day calendarOf(const DateTime &date) {
  return year(int(date.year)) / month(unsigned(date.month)) / day(unsigned(date.day));
}

std::int64_t daysOf(const DateTime &date) { return sys_days(calendarOf(date)).time_since_epoch().count(); }

static bool isLegal(const DateTime &date) {
  return date.year >= 1 && date.year <= 9999 && calendarOf(date).ok() && date.hour < 24 && date.minute < 60 &&
         date.second <= 60;
}

std::optional<DateTime> ofUnix(double seconds) {
  constexpr double least = -62135596800, end = 253402300800; // 0001-01-01 and 10000-01-01
  if (!(seconds >= least && seconds < end))
    return std::nullopt;
  constexpr std::int64_t perDay = 86400;
  const auto whole = std::int64_t(std::floor(seconds));
  const std::int64_t days = whole >= 0 ? whole / perDay : -((perDay - 1 - whole) / perDay);
  const auto of = int(whole - days * perDay);
  const year_month_day date{sys_days(std::chrono::days(int(days)))};
  return DateTime{int(date.year()), int(unsigned(date.month())), int(unsigned(date.day())), of / 3600, of / 60 % 60,
                  of % 60,          seconds - double(whole)};
}

namespace {
/// The rest of a text. What is taken off has been there, or `fails`.
class Reader {
public:
  explicit Reader(std::string_view text) : text(text) {}

  bool isEnd() const { return text.empty(); }
  bool fails = false;

  bool takeIf(char c) {
    if (!text.starts_with(c))
      return false;
    text.remove_prefix(1);
    return true;
  }
  void take(char c) { fails |= !takeIf(c); }
  bool startsWithAny(std::string_view of) const { return !text.empty() && of.find(text[0]) != of.npos; }
  void takeSpaces() {
    while (startsWithAny(" \t\r\n"))
      text.remove_prefix(1);
  }
  /// A number of so many digits.
  int digits(int least, int most) {
    int value = 0, count = 0;
    for (; count < most && startsWithAny("0123456789"); ++count, text.remove_prefix(1))
      value = value * 10 + (text[0] - '0');
    fails |= count < least;
    return value;
  }
  /// The digits behind a point.
  double fraction() {
    double value = 0, place = 0.1;
    fails |= !startsWithAny("0123456789");
    for (; startsWithAny("0123456789"); place /= 10, text.remove_prefix(1))
      value += place * (text[0] - '0');
    return std::min(value, 0x1.fffffffffffffp-1);
  }
  /// Z, +01:00, +0100 or +01, in seconds.
  std::int64_t zone() {
    if (takeIf('Z') || takeIf('z'))
      return 0;
    const bool isBehind = takeIf('-');
    fails |= !isBehind && !takeIf('+');
    const int hours = digits(2, 2), minutes = takeIf(':') || startsWithAny("0123456789") ? digits(2, 2) : 0;
    fails |= hours > 23 || minutes > 59;
    return (isBehind ? -60 : 60) * (hours * 60 + minutes);
  }
  /// Which of the names, in any case, with all letters or the first three; longer names first.
  int name(std::span<const std::string_view> names) {
    for (const bool isWhole : {true, false})
      for (std::size_t i = 0; i < names.size(); ++i) {
        const std::string_view name = isWhole ? names[i] : names[i].substr(0, 3);
        if (std::ranges::equal(name, text.substr(0, name.size()), {}, lowered, lowered)) {
          text.remove_prefix(name.size());
          return int(i);
        }
      }
    fails = true;
    return 0;
  }
  std::optional<double> number() {
    double value = 0;
    const auto [rest, error] = fast_float::from_chars(text.data(), text.data() + text.size(), value);
    const bool isRead = error == std::errc() && std::isfinite(value);
    text.remove_prefix(isRead ? std::size_t(rest - text.data()) : 0);
    return isRead ? std::optional(value) : std::nullopt;
  }

private:
  static char lowered(char c) { return c >= 'A' && c <= 'Z' ? char(c | 0x20) : c; }
  std::string_view text;
};
} // namespace

std::optional<DateTime> readDate(std::string_view text) {
  if (Reader number(text); const std::optional<double> seconds = number.number())
    if (number.isEnd())
      return ofUnix(*seconds);
  Reader reader(text);
  DateTime date;
  date.year = reader.digits(4, 4);
  reader.take('-');
  date.month = reader.digits(2, 2);
  reader.take('-');
  date.day = reader.digits(2, 2);
  if (!reader.fails && (reader.takeIf('T') || reader.takeIf('t') || reader.takeIf(' '))) {
    date.hour = reader.digits(2, 2);
    reader.take(':');
    date.minute = reader.digits(2, 2);
    if (reader.takeIf(':'))
      date.second = reader.digits(2, 2);
    if (reader.takeIf('.') || reader.takeIf(','))
      date.fraction = reader.fraction();
    if (reader.takeIf(' '), !reader.isEnd())
      date.ahead = reader.zone();
  }
  return !reader.fails && reader.isEnd() && isLegal(date) ? std::optional(date) : std::nullopt;
}

static constexpr std::string_view monthNames[] = {"January",   "February", "March",    "April",
                                                  "May",       "June",     "July",     "August",
                                                  "September", "October",  "November", "December"};
static constexpr std::string_view dayNames[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                "Friday", "Saturday", "Sunday"};
static constexpr std::string_view halfNames[] = {"AM", "PM"};

std::optional<DateTime> readDate(std::string_view text, std::string_view format) {
  Reader reader(text);
  DateTime date;
  int dayOfYear = 0, half = -1;
  for (; !format.empty() && !reader.fails; format.remove_prefix(1)) {
    if (format[0] == ' ') {
      reader.takeSpaces();
      continue;
    }
    if (format[0] != '%') {
      reader.take(format[0]);
      continue;
    }
    format.remove_prefix(1);
    switch (format[0]) {
    case 'Y': date.year = reader.digits(4, 4); break;
    case 'y':
      date.year = reader.digits(2, 2);
      date.year += date.year < 69 ? 2000 : 1900;
      break;
    case 'm': date.month = reader.digits(1, 2); break;
    case 'b':
    case 'B': date.month = reader.name(monthNames) + 1; break;
    case 'd':
    case 'e':
      reader.takeSpaces();
      date.day = reader.digits(1, 2);
      break;
    case 'j':
      dayOfYear = reader.digits(1, 3);
      reader.fails |= dayOfYear == 0;
      break;
    case 'a':
    case 'A': reader.name(dayNames); break;
    case 'H': date.hour = reader.digits(1, 2); break;
    case 'I':
      date.hour = reader.digits(1, 2);
      reader.fails |= date.hour < 1 || date.hour > 12;
      break;
    case 'p': half = reader.name(halfNames); break;
    case 'M': date.minute = reader.digits(1, 2); break;
    case 'S': date.second = reader.digits(1, 2); break;
    case 'f': date.fraction = reader.fraction(); break;
    case 'z': date.ahead = reader.zone(); break;
    case 's': {
      const std::optional<DateTime> read = ofUnix(reader.number().value_or(NAN));
      reader.fails |= !read;
      date = read.value_or(date);
      break;
    }
    default: reader.take('%'); break;
    }
  }
  if (half >= 0)
    date.hour = date.hour % 12 + 12 * half;
  if (reader.fails || !reader.isEnd() || !isLegal(date))
    return std::nullopt;
  if (dayOfYear > 0) {
    const year_month_day at(sys_days(year(int(date.year)) / 1 / 1) + days(dayOfYear - 1));
    if (int(at.year()) != date.year)
      return std::nullopt;
    date.month = int(unsigned(at.month()));
    date.day = int(unsigned(at.day()));
  }
  return date;
}

bool isDateFormat(std::string_view format) {
  for (; !format.empty(); format.remove_prefix(1))
    if (format[0] == '%') {
      format.remove_prefix(1);
      if (format.empty() || std::string_view("YymbBdejaAHIpMSfzs%").find(format[0]) == format.npos)
        return false;
    }
  return true;
}

DateGiven givenBy(std::string_view format) {
  DateGiven given;
  for (std::size_t at = 0; at + 1 < format.size(); ++at) {
    if (format[at] != '%')
      continue;
    const char c = format[++at];
    const auto isOf = [&](std::string_view any) { return any.find(c) != any.npos; };
    given.year |= isOf("Yys");
    given.month |= isOf("mbBjs");
    given.day |= isOf("dejs");
    given.hour |= isOf("HIs");
    given.minute |= isOf("Ms");
    given.second |= isOf("Ss");
  }
  return given;
}

} // namespace talweg::prepare
