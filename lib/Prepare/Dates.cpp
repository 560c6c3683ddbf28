// Dates and times to their parts.
#include "StepTable.h"
#include "StepValues.h"

#include <set>

namespace talweg::prepare {

static constexpr std::string_view dateParts[] = {"year",   "month",  "day",         "weekday", "hour",
                                                 "minute", "second", "day_of_year", "week",    "unix"};
static constexpr std::string_view cycleParts[] = {"hour", "weekday", "month", "day_of_year"};

static constexpr StepOption dateOptions[] = {{"format", "a text, such as \"%d.%m.%Y %H:%M\"", isText}};

static bool isOnce(const Step &step) {
  return std::set<StepValue>(step.values.begin(), step.values.end()).size() == step.values.size();
}

const StepInfo dateStep = {
    .name = "date",
    .example = "date(\"year\", \"month\")",
    .takes = Flow::Text,
    .gives = Flow::Numbers,
    .wanted = "some of \"year\", \"month\", \"day\", \"weekday\", \"hour\", \"minute\", \"second\", \"day_of_year\", \"week\" and \"unix\"",
    .least = 1,
    .most = std::size(dateParts),
    .accepts = [](const StepValue &value) { return isOneOf(dateParts, value); },
    .options = dateOptions,
    .rule = "`date` takes each part once",
    .agrees = isOnce};

const StepInfo cyclesStep = {.name = "cycles",
                             .example = "cycles(\"hour\", \"weekday\")",
                             .takes = Flow::Text,
                             .gives = Flow::Numbers,
                             .wanted = "some of \"hour\", \"weekday\", \"month\" and \"day_of_year\"",
                             .least = 1,
                             .most = std::size(cycleParts),
                             .accepts = [](const StepValue &value) { return isOneOf(cycleParts, value); },
                             .options = dateOptions,
                             .rule = "`cycles` takes each part once",
                             .agrees = isOnce};

} // namespace talweg::prepare
