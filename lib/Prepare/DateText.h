// Dates and times as texts have them, without a locale. Internal.
#ifndef TALWEG_LIB_PREPARE_DATETEXT_H
#define TALWEG_LIB_PREPARE_DATETEXT_H

#include <cstdint>
#include <optional>
#include <string_view>

namespace talweg::prepare {

/// What a text says: the parts as they are written, wherever that was, and how far that place is ahead of UTC.
struct DateTime {
  std::int64_t year = 1970;
  int month = 1, day = 1, hour = 0, minute = 0, second = 0;
  double fraction = 0;    ///< of a second
  std::int64_t ahead = 0; ///< seconds
};

/// Days from 1970-01-01 to the date.
std::int64_t daysOf(const DateTime &date);
/// `seconds` after the beginning of 1970, in UTC. Nothing where no year from 1 to 9999 is.
std::optional<DateTime> ofUnix(double seconds);

/// ISO 8601, as in 2024-02-29, 2024-02-29T12:30 and 2024-02-29 12:30:15.5+01:00; or the seconds since 1970.
std::optional<DateTime> readDate(std::string_view text);
/// By a format such as "%d.%m.%Y %H:%M". It is one that isDateFormat.
std::optional<DateTime> readDate(std::string_view text, std::string_view format);

/// Whether all that follows a % is known.
bool isDateFormat(std::string_view format);
/// Whether a text of this format says the year, the month, the day, the hour, the minute, the second.
struct DateGiven {
  bool year = false, month = false, day = false, hour = false, minute = false, second = false;
};
DateGiven givenBy(std::string_view format);

} // namespace talweg::prepare

#endif
