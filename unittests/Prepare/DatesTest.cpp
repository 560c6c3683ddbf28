// Dates and times to their parts.
#include "Prepared.h"

namespace talweg::prepare {

static Field parts(std::vector<StepValue> parts, std::map<std::string, StepValue> named = {}) {
  return f64({std::ssize(parts)}, {{"date", parts, std::move(named)}});
}
static Field times(std::map<std::string, StepValue> named = {}) {
  return parts({"year", "month", "day", "hour", "minute", "second", "unix"}, std::move(named));
}

TEST(Date, is_read_as_iso_8601_and_as_unix_seconds) {
  for (std::string_view same : {"2024-02-29T12:30:15Z", "2024-02-29 12:30:15", "2024-02-29t12:30:15.0+00:00",
                                "2024-02-29T12:30:15 -00", "1709209815", "1709209815.0"})
    EXPECT_EQ(prepared(times(), texts({same})), (Numbers{2024, 2, 29, 12, 30, 15, 1709209815})) << same;
  EXPECT_EQ(prepared(times(), {{number(1709209815)}}), (Numbers{2024, 2, 29, 12, 30, 15, 1709209815}));
  EXPECT_EQ(prepared(times(), texts({"1969-12-31"})), (Numbers{1969, 12, 31, 0, 0, 0, -86400}));
  EXPECT_EQ(prepared(times(), texts({"-0.5"})), (Numbers{1969, 12, 31, 23, 59, 59, -0.5}));
}

TEST(Date, parts_are_those_that_are_written_and_unix_is_of_utc) {
  EXPECT_EQ(prepared(times(), texts({"2024-01-01T00:30+01:00"})), (Numbers{2024, 1, 1, 0, 30, 0, 1704065400}));
  EXPECT_EQ(prepared(times(), texts({"2024-01-01T00:30-0530"})), (Numbers{2024, 1, 1, 0, 30, 0, 1704088800}));
}

TEST(Date, knows_weekdays_from_monday_days_of_the_year_and_weeks) {
  EXPECT_EQ(prepared(parts({"weekday", "day_of_year", "week"}),
                     texts({"2024-12-30", "2021-01-03", "2020-12-31", "1900-03-01"})),
            (Numbers{0, 365, 1, 6, 3, 53, 3, 366, 53, 3, 60, 9}));
}

TEST(Date, has_formats) {
  const auto read = [](std::string_view format, std::string_view of) {
    return prepared(times({{"format", std::string(format)}}), texts({of}));
  };
  EXPECT_EQ(read("%d.%m.%Y %H:%M:%S", "29.2.2024 12:30:00"), (Numbers{2024, 2, 29, 12, 30, 0, 1709209800}));
}

TEST(Date, formats_have_names_halves_and_zones) {
  const auto read = [](std::string_view format, std::string_view of) {
    return prepared(parts({"unix"}, {{"format", std::string(format)}}), texts({of}))[0];
  };
  EXPECT_EQ(read("%A, %d %B %y", "Thursday, 29 february 24"), 1709164800);
  EXPECT_EQ(read("%a %e %b %Y %I:%M %p", "thu  1 Feb 2024 12:05 am"), 1706745900);
  EXPECT_EQ(read("%Y-%j", "2024-060"), 1709164800);
  EXPECT_EQ(read("%Y%m%d%H%M%S", "20240229123015"), 1709209815);
  EXPECT_EQ(read("%d/%b/%Y:%H:%M:%S %z", "29/Feb/2024:12:30:15 +0100"), 1709206215);
  EXPECT_EQ(read("%Y-%m-%dT%H:%M:%S.%f", "2024-02-29T12:30:15.25"), 1709209815.25);
  EXPECT_EQ(read("%s%%", "1709209815%"), 1709209815);
  EXPECT_EQ(read("%y-%m-%d", "69-01-01"), -31536000);
}

TEST(Date, that_is_none_is_a_fault) {
  for (std::string_view wrong :
       {"2023-02-29", "2024-13-01", "2024-1-1", "2024-01-01T24:00", "2024-01-01T12:60", "noon", "2024-01-01x",
        "2024-01-01T12:00+25:00", "1e300", "0000-01-01", "2024-01-01T12:00:00."})
    EXPECT_EQ(faultIn(times(), {text(wrong)}).substr(0, 5), "E0756") << wrong;
  EXPECT_EQ(
      faultIn(times(), {text("31.1.2024")}),
      "E0756 `31.1.2024` is no date | others than 2024-02-29, 2024-02-29T12:30:00+01:00 and seconds since 1970 need "
      "their format, as in `format = \"%d.%m.%Y\"`");
  EXPECT_EQ(faultIn(parts({"year"}, {{"format", "%d.%m.%Y"}}), {text("31.2.2024")}),
            "E0756 `31.2.2024` is no date as `%d.%m.%Y` says");
  EXPECT_EQ(faultIn(parts({"year"}), {number(1e300)}),
            "E0756 1e+300 is no time in seconds since 1970, of a year from 1 to 9999");
}

TEST(Date, that_is_missing_is_so_in_all_parts) {
  const Field field = f64({2}, {{"date", {"year", "month"}}, {"filled", {std::int64_t(0)}}});
  EXPECT_EQ(prepared(field, {{none}, {text("")}}), (Numbers{0, 0, 0, 0}));
}

TEST(Date, of_several_cells_stand_behind_each_other) {
  EXPECT_EQ(prepared(f64({4}, {{"date", {"year", "month"}}}), {{text("2024-02-01"), text("1999-12-01")}}),
            (Numbers{2024, 2, 1999, 12}));
}

TEST(Date, formats_must_say_what_the_parts_need) {
  EXPECT_EQ(refused(parts({"hour", "weekday"}, {{"format", "%H:%M"}})),
            "E0751 error: the format does not say what all of the parts need\nhelp: as in `date(\"year\", \"month\")`");
  EXPECT_EQ(prepared(parts({"hour"}, {{"format", "%H:%M"}}), texts({"7:30"})), (Numbers{7}));
  EXPECT_EQ(refused(parts({"year"}, {{"format", "%Q"}})).substr(0, 5), "E0751");
  EXPECT_EQ(refused(parts({"year", "year"})),
            "E0751 error: each part is named once\nhelp: as in `date(\"year\", \"month\")`");
}

TEST(Cycles, are_sine_and_cosine) {
  const Field field = f64({8}, {{"cycles", {"hour", "weekday", "month", "day_of_year"}}});
  EXPECT_EQ(created(field).columns(), 1);
  expectNear(prepared(field, texts({"2024-01-01T06:00"})), {1, 0, 0, 1, 0, 1, 0, 1}, 1e-15);
  expectNear(prepared(f64({2}, {{"cycles", {"month"}}}), texts({"2024-07-01"})), {0, -1}, 1e-15);
}

} // namespace talweg::prepare
