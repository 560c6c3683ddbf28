// See TraceNan.h.
#include "TraceNan.h"
#include "Console.h"
#include "Interrupt.h"
#include "Lines.h"
#include "Progress.h"

#include "talweg/Engine/TraceNumbers.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace talweg::driver {

namespace {

using Kind = TracedValue::Kind;

//===-- the event --------------------------------------------------------------------------------------------------===//

const char *nameOf(Kind kind) {
  switch (kind) {
  case Kind::Operation: return "operation";
  case Kind::Constant: return "constant";
  case Kind::Variable: return "variable";
  case Kind::Field: return "field";
  case Kind::Setting: return "setting";
  }
  return "";
}

/// JSON has none that are not finite.
Json numberJson(double number) {
  if (std::isfinite(number))
    return number;
  return std::isnan(number) ? "nan" : number > 0 ? "inf" : "-inf";
}

Json valueJson(const TracedValue &value) {
  Json json{{"kind", nameOf(value.kind)}, {"what", value.what}};
  if (value.kind == Kind::Operation)
    json["part"] = talweg::nameOf(value.part);
  if (!value.variable.empty())
    json["variable"] = value.variable;
  if (value.line > 0) {
    json["file"] = value.file;
    json["line"] = value.line;
    json["column"] = value.column;
  }
  json["least"] = numberJson(value.least);
  json["greatest"] = numberJson(value.greatest);
  json["count"] = value.count;
  return json;
}

Json eventOf(const NumberTrace &trace) {
  Json event{{"event", "trace"}, {"found", true}, {"step", trace.step}};
  event[trace.isLoss ? "loss" : "update"] = trace.outcome;
  event["first"] = valueJson(trace.first);
  event["operands"] = Json::array();
  for (const TracedValue &operand : trace.operands)
    event["operands"].push_back(valueJson(operand));
  for (const TracedTurn &turn : trace.turns)
    event["turns"].push_back({{"line", turn.line}, {"turn", turn.turn}, {"turns", turn.turns}});
  for (const TracedField &field : trace.fields) {
    Json told = valueJson(field.value);
    told["row"] = field.row;
    event["fields"].push_back(told);
  }
  return event;
}

//===-- lines ------------------------------------------------------------------------------------------------------===//

/// The place as messages have it, the line and a caret below its expression.
std::string excerptOf(const TracedValue &value) {
  if (value.source.empty())
    return "";
  const std::int64_t length = value.endColumn > value.column ? value.endColumn - value.column : 1;
  std::string line = value.source;
  std::replace(line.begin(), line.end(), '\t', ' ');
  return fmt::format("\n{:4} | {}\n     | {:{}}^{:~>{}}", value.line, line, "", value.column - 1, "", length - 1);
}

std::string placed(const TracedValue &value, const std::string &note) {
  const std::string place = value.line > 0 ? fmt::format("{}:{}:{}: ", value.file, value.line, value.column) : "";
  return place + "note: " + note + excerptOf(value);
}

std::string partText(const TracedValue &value) {
  switch (value.part) {
  case Part::Backward: return "in the backward pass";
  case Part::Update: return fmt::format("in the update of `{}`", value.variable);
  default: return "in the forward pass";
  }
}

std::string noteOf(const NumberTrace &trace) {
  const TracedValue &first = trace.first;
  switch (first.kind) {
  case Kind::Operation: return fmt::format("the first is `{}`, {}", first.what, partText(first));
  case Kind::Variable: return fmt::format("`{}` is not finite before the step", first.what);
  case Kind::Field: return fmt::format("the data is not finite: `{}`", first.what);
  case Kind::Constant: return "it comes from a constant that is infinite";
  case Kind::Setting: return fmt::format("`{}` is not finite", first.what);
  }
  return "";
}

struct Row {
  std::string name, least, greatest, where;
};

Row rowOf(const TracedValue &value, std::string where) {
  auto text = [](double number) { return fmt::format("{:.4g}", plainNan(number)); };
  return {value.what, text(value.least), text(value.greatest), std::move(where)};
}

/// Where an operand comes from.
std::string originOf(const TracedValue &value) {
  switch (value.kind) {
  case Kind::Operation: return value.line > 0 ? fmt::format("line {}: {}", value.line, value.expression) : "";
  case Kind::Constant: return "constant";
  case Kind::Variable: return value.line > 0 ? fmt::format("line {}: {}", value.line, value.expression) : "variable";
  case Kind::Field: return "data";
  case Kind::Setting: return "setting";
  }
  return "";
}

void printRows(const std::vector<Row> &rows) {
  constexpr size_t widest = 26;
  const size_t line = lineWidth();
  size_t name = 0;
  for (const Row &row : rows)
    name = std::max(name, std::min(columnsOf(row.name), widest));
  for (const Row &row : rows) {
    const std::string shown = clipped(row.name, widest);
    const std::string text =
        fmt::format("  {}{:{}}  {:>10}  {:>10}  ", shown, "", name - columnsOf(shown), row.least, row.greatest);
    std::string whole = text + clipped(row.where, line - std::min(line, columnsOf(text)));
    printLine(whole.substr(0, whole.find_last_not_of(' ') + 1));
  }
}

void print(const NumberTrace &trace, std::int64_t steps) {
  const std::string outcome = trace.isLoss ? fmt::format("`{}` is not finite", trace.outcome)
                                           : fmt::format("the update of `{}` is not finite", trace.outcome);
  printWrapped(fmt::format("step {} of {}: {}", grouped(trace.step), grouped(steps), outcome));
  printLine(placed(trace.first, noteOf(trace)));
  for (const TracedTurn &turn : trace.turns)
    printLine(fmt::format("  in turn {}, of 0 to {}, of the loop in line {}", turn.turn, turn.turns - 1, turn.line));
  std::vector<Row> rows{{"", "least", "greatest", ""}, rowOf(trace.first, "")};
  for (const TracedValue &operand : trace.operands)
    rows.push_back(rowOf(operand, originOf(operand)));
  for (const TracedField &field : trace.fields)
    rows.push_back(rowOf(field.value, fmt::format("data: {}", field.where)));
  printRows(rows);
}

} // namespace

int traceNan(Session &session, bool json) {
  StopTarget target(session);
  Progress progress(!json);
  const std::int64_t steps = session.totalSteps();
  TrainOptions options;
  options.onChunk = [&](const Chunk &chunk) {
    BarState state;
    state.step = chunk.steps.back().step;
    state.totalSteps = steps;
    state.epoch = chunk.steps.back().epoch;
    state.numbers = {fmt::format("loss {}", shortNumber(chunk.steps.back().loss))};
    state.examplesPerSecond = chunk.examplesPerSecond;
    progress.update(state);
    return !interrupted();
  };
  auto found = trainToNotFinite(session, options);
  if (!found)
    return report(found.error(), json);
  if (!*found && session.step() < steps) {
    complain(fmt::format("interrupted at step {} of {}; all was finite up to there", session.step(), steps));
    return kInterrupted;
  }
  std::optional<NumberTrace> trace;
  if (*found) {
    progress.busy("tracing the step …");
    auto traced = traceStep(session);
    if (!traced)
      return report(traced.error(), json);
    trace = std::move(*traced);
  }
  if (trace) {
    if (json)
      printLine(eventText(eventOf(*trace)));
    else
      print(*trace, steps);
    if (trace->first.kind == Kind::Variable)
      complain(colorDiagnostic(
          "help: trace from an earlier moment, --resume RUN/step-N, or without --resume from the beginning"));
    return kOk;
  }
  if (json)
    printLine(eventText({{"event", "trace"}, {"found", false}, {"step", session.step()}}));
  else if (*found)
    printWrapped(
        fmt::format("step {} of {} is not finite as it is trained, but is where each value is computed by itself",
                    grouped(session.step() + 1), grouped(steps)));
  else
    printWrapped(
        fmt::format("all losses and updates are finite up to step {} of {}", grouped(session.step()), grouped(steps)));
  return kOk;
}

} // namespace talweg::driver
