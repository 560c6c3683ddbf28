// Traces a step: one native call for each of its batches, of code that tells the ranges of all values, then the search among these.
#include "Fault.h"
#include "NumberGraph.h"
#include "SessionImpl.h"
#include "SourceText.h"

#include "talweg/Engine/TraceNumbers.h"
#include "talweg/Runtime/Shuffle.h"

#include <algorithm>
#include <cmath>
#include <cstring>

using namespace talweg;

using Kind = NumberSite::Kind;

//===-- a traced step ----------------------------------------------------------------------------------------------===//

namespace {

/// While it lives, a session's variables are a copy, and its scratch memory is another.
class OnCopy {
public:
  static Result<std::unique_ptr<OnCopy>> make(Session::Impl &session) {
    std::unique_ptr<OnCopy> copy(new OnCopy(session));
    if (!copy->persistent.resize(session.persistent.size()))
      return Error{"memory", "error: there is no memory for a copy of the variables"};
    std::memcpy(copy->persistent.data(), session.persistent.data(), std::size_t(session.persistent.size()));
    copy->exchange();
    copy->isExchanged = true;
    return copy;
  }
  ~OnCopy() {
    if (isExchanged)
      exchange();
  }

private:
  explicit OnCopy(Session::Impl &session) : session(session) {}
  void exchange() {
    std::swap(session.persistent, persistent);
    std::swap(session.arena, arena);
  }

  Session::Impl &session;
  data::Buffer persistent, arena;
  bool isExchanged = false;
};

/// The rows of the step that comes next.
struct StepRows {
  std::vector<std::int32_t> order;
  std::int64_t first = 0, count = 0;
};

StepRows nextRows(const Session::Impl &session) {
  const std::int64_t rows = session.training->rows(), first = session.stepInEpoch * session.stepRows();
  return {session.epochOrder(), first, std::min(session.stepRows(), rows - first)};
}

/// The native code that a step needs, for each size of its batches.
class TracedUnits {
public:
  explicit TracedUnits(Session::Impl &session) : session(session) {}

  Result<const NativeUnit *> of(std::int64_t rows) {
    if (auto known = units.find(rows); known != units.end())
      return &known->second;
    const Compiler &compiler = *session.program.impl->compiler;
    const Layouts layouts = layoutsOf(session.variables());
    Result<Unit> unit = compiler.build(Mode::Train, rows, &layouts);
    if (!unit)
      return unit.error();
    unit->quiet = unit->traced = true;
    Result<NativeUnit> native = makeNative(compiler, std::move(*unit));
    if (!native)
      return native.error();
    if (auto fits = session.fit(*native, Mode::Train); !fits)
      return fits.error();
    return &units.emplace(rows, std::move(*native)).first->second;
  }

private:
  Session::Impl &session;
  std::map<std::int64_t, NativeUnit> units;
};

} // namespace

/// Calls `each` with every number of a field in these rows, and its row.
template <typename Each>
static void overField(const Session::Impl &session, const std::string &name, const StepRows &rows, Each each) {
  const data::Table &table = session.training->impl->table;
  const std::optional<std::size_t> place = table.find(name);
  if (!place || !table.fields[*place].wanted)
    return;
  const std::int64_t elements = table.fields[*place].count();
  const std::optional<RowWindow> window = session.facts.manifest.fields[*place].window;
  const std::int64_t begin = window ? window->begin : 0, count = window ? window->size() : 1;
  withStored(table.fields[*place].element, [&](auto stored) {
    const auto *values = table.values<decltype(stored)>(*place);
    for (std::int64_t i = rows.first; i < rows.first + rows.count; ++i)
      for (std::int64_t row = session.training->impl->rowOfRecord(rows.order[std::size_t(i)]), e = 0;
           e < count * elements; ++e)
        each(row, double(values[(row + begin) * elements + e]));
  });
}

static NumberRange rangeOf(const Session::Impl &session, const Variable &variable) {
  NumberRange range;
  withStored(variable.element, [&](auto stored) {
    const auto *values = reinterpret_cast<const decltype(stored) *>(session.persistent.data() + variable.offset);
    for (std::int64_t i = 0; i < variable.count() && !range.hasNan(); ++i)
      range.take(double(values[i]));
  });
  return range;
}

/// Runs the step; what its calls have told.
static Result<std::vector<TracedCall>> runTraced(Session::Impl &session, TracedUnits &units, const StepRows &rows) {
  std::vector<TracedCall> calls;
  const bool isInParts = session.program.plan().accumulate > 1;
  Combined combined{.rows = rows.count};
  Combiner combiner;
  auto call = [&](const NativeUnit &unit, int entry, std::int64_t first) -> Result<void> {
    calls.push_back({&unit.numbers, entry, std::vector<double>(std::size_t(unit.numbers.widths[std::size_t(entry)]))});
    NativeCall done = session.run(Mode::Train, unit, *session.training, rows.order, first, 1, calls.back().out.data(),
                                  isInParts ? &combined : nullptr);
    return done.error ? Result<void>(*done.error) : Result<void>();
  };
  const NativeUnit *largest = nullptr;
  for (std::int64_t first = rows.first, end = rows.first + rows.count; first < end;) {
    const std::int64_t batch = std::min(session.batch(), end - first);
    auto unit = units.of(batch);
    if (!unit)
      return unit.error();
    largest = largest ? largest : *unit; // the first is
    if (auto done = call(**unit, 0, first); !done)
      return done.error();
    if (isInParts) { // what is combined stands behind what is traced
      auto plain = session.unit(Mode::Train, batch);
      if (!plain)
        return plain.error();
      const std::vector<double> &out = calls.back().out;
      combiner.take((*plain)->manifest, 0, 1, {out.end() - (*plain)->manifest.width(), out.end()});
    }
    combined.before += batch;
    first += batch;
  }
  if (!isInParts)
    return calls;
  combined.values = combiner.values(combined.rows);
  combined.pass = 1;
  const StepRows none{{0}, 0, 1};
  if (auto done = call(*largest, 1, 0); !done)
    return done.error();
  return calls;
}

//===-- what is told -----------------------------------------------------------------------------------------------===//

namespace {

class Telling {
public:
  Telling(const Session::Impl &session, const NumberGraph &graph, const StepRows &rows)
      : session(session), graph(graph), rows(rows), compiler(*session.program.impl->compiler) {}

  NumberTrace trace(const std::vector<NumberGraph::Outcome> &outcomes, const NumberNode &first) const {
    NumberTrace trace;
    trace.step = session.step + 1;
    trace.outcome = outcomes.front().name;
    trace.isLoss = outcomes.front().isLoss;
    trace.first = value(first, first);
    trace.turns = turns(first);
    if (trace.first.kind != TracedValue::Kind::Operation)
      return trace;
    std::vector<NumberNode> told;
    for (const NumberNode &input : graph.inputsOf(first))
      if (const NumberNode maker = graph.makerOf(input); std::find(told.begin(), told.end(), maker) == told.end()) {
        told.push_back(maker);
        trace.operands.push_back(value(maker, input));
      }
    std::vector<std::string> fields;
    for (const NumberNode &node : graph.closureOf(first))
      if (const NumberSite &site = graph.site(node);
          site.kind == Kind::Field && std::find(fields.begin(), fields.end(), site.what) == fields.end()) {
        fields.push_back(site.what);
        trace.fields.push_back(field(node));
      }
    return trace;
  }

private:
  static TracedValue::Kind kindOf(Kind kind) {
    switch (kind) {
    case Kind::Constant: return TracedValue::Kind::Constant;
    case Kind::Variable:
    case Kind::Slice: return TracedValue::Kind::Variable;
    case Kind::Field: return TracedValue::Kind::Field;
    case Kind::Setting: return TracedValue::Kind::Setting;
    default: return TracedValue::Kind::Operation;
    }
  }

  /// What `maker` is, with the numbers of `node`, which hands it on.
  TracedValue value(const NumberNode &maker, const NumberNode &node) const {
    const NumberSite &site = graph.site(maker);
    TracedValue value;
    value.kind = kindOf(site.kind);
    value.what = graph.nameOf(maker);
    value.part = site.part;
    value.variable = site.variable;
    value.file = site.place.file;
    value.line = site.place.line;
    value.column = site.place.column;
    value.endColumn = site.place.endColumn;
    if (value.file == compiler.file()) {
      const SourceText found = sourceText(compiler.text(), value.line, value.column, value.endColumn);
      value.source = found.line;
      value.expression = found.expression;
    }
    const NumberRange range = graph.rangeOf(node);
    value.least = range.least;
    value.greatest = range.greatest;
    value.count = graph.countOf(node);
    return value;
  }

  /// Blocks of turns and the turns of a block are those of one loop.
  std::vector<TracedTurn> turns(const NumberNode &node) const {
    std::vector<TracedTurn> turns;
    for (std::size_t depth = 0; depth < node.turns.size(); ++depth) {
      const NumberLoop &loop = graph.loop(node, depth);
      std::int64_t turn = loop.first + node.turns[depth], all = loop.first + loop.turns;
      if (loop.ofBlocks && depth + 1 < node.turns.size()) {
        const NumberLoop &inner = graph.loop(node, ++depth);
        turn = turn * inner.turns + node.turns[depth];
        all *= inner.turns;
      }
      turns.push_back({loop.place.file, loop.place.line, turn, all});
    }
    return turns;
  }

  TracedField field(const NumberNode &node) const {
    TracedField told{value(node, node), 0, ""};
    double greatest = -1;
    overField(session, told.value.what, rows, [&](std::int64_t row, double number) {
      if (!(std::fabs(number) <= greatest)) {
        greatest = std::isnan(number) ? std::numeric_limits<double>::infinity() : std::fabs(number);
        told.row = row;
      }
    });
    told.where = rowText(*session.training->impl, told.row);
    return told;
  }

  const Session::Impl &session;
  const NumberGraph &graph;
  const StepRows &rows;
  const Compiler &compiler;
};

} // namespace

Result<std::optional<NumberTrace>> talweg::traceStep(Session &session) {
  Session::Impl &self = *session.impl;
  if (!self.training)
    return Error{"E0854", "error: there is no training data; set it first"};
  if (self.step >= self.totalSteps())
    return std::optional<NumberTrace>();
  if (auto closed = self.checkNoStep(); !closed)
    return closed.error();
  const StepRows rows = nextRows(self);
  auto copy = OnCopy::make(self);
  if (!copy)
    return copy.error();
  TracedUnits units(self);
  auto calls = runTraced(self, units, rows);
  if (!calls)
    return calls.error();
  copy->reset(); // what is asked for of variables is what they were
  const NumberGraph graph(std::move(*calls), [&](Kind kind, const std::string &name) {
    NumberRange range;
    if (kind == Kind::Variable) {
      if (auto variable = self.find(name))
        range = rangeOf(self, **variable);
    } else if (kind == Kind::Field) {
      overField(self, name, rows, [&](std::int64_t, double number) { range.take(number); });
    } else if (auto setting = session.hyper(name)) {
      range.take(*setting);
    }
    return range;
  });
  const std::vector<NumberGraph::Outcome> outcomes = graph.badOutcomes();
  if (outcomes.empty())
    return std::optional<NumberTrace>();
  const std::optional<NumberNode> first = graph.findFirst(outcomes);
  return std::optional(
      Telling(self, graph, rows).trace(outcomes, first.value_or(graph.makerOf(outcomes.front().node))));
}

//===-- the step to be traced --------------------------------------------------------------------------------------===//

/// Are a variable's numbers finite?
static bool isFinite(const Session::Impl &session, const Variable &variable) {
  return !infoOf(variable.element).isFloat() || rangeOf(session, variable).isFinite();
}

static bool isFinite(const Manifest &manifest, const StepRecord &step) {
  auto isGood = [&](std::size_t column, double loss) {
    return !manifest.tells(column, step.step) || std::isfinite(loss);
  };
  bool good = isGood(0, step.loss);
  for (std::size_t other = 0; other < std::size_t(manifest.otherLosses); ++other)
    good &= isGood(1 + other, step.metrics[other]);
  return good;
}

namespace {

/// While it lives, a session's training does nothing of its own where a number is not finite.
class StaysAtNan {
public:
  explicit StaysAtNan(Session::Impl &session) : session(session) { session.staysAtNan = true; }
  StaysAtNan(const StaysAtNan &) = delete;
  StaysAtNan &operator=(const StaysAtNan &) = delete;
  ~StaysAtNan() { session.staysAtNan = false; }

private:
  Session::Impl &session;
};

} // namespace

Result<bool> talweg::trainToNotFinite(Session &session, const TrainOptions &options) {
  Session::Impl &self = *session.impl;
  const StaysAtNan stays(self);
  std::vector<const Variable *> watched;
  for (const Variable &variable : self.variables())
    if (isFinite(self, variable))
      watched.push_back(&variable);
  auto areFinite = [&] {
    return std::all_of(watched.begin(), watched.end(),
                       [&](const Variable *variable) { return isFinite(self, *variable); });
  };
  Result<Snapshot> good = session.snapshot();
  if (!good)
    return good.error();
  std::int64_t firstBad = INT64_MAX; // steps taken with that which told a loss that is not finite
  bool areGood = true;
  double sinceSaved = 0, saving = 0;
  auto look = [&](const Chunk &chunk) {
    for (const StepRecord &step : chunk.steps)
      if (firstBad == INT64_MAX && !isFinite(self.facts.manifest, step))
        firstBad = step.step;
  };
  TrainOptions watching = options;
  watching.onChunk = [&](const Chunk &chunk) {
    look(chunk);
    Stopwatch stopwatch;
    areGood = firstBad == INT64_MAX && areFinite();
    sinceSaved += chunk.seconds;
    if (areGood && sinceSaved > 20 * saving) { // it costs a twentieth of the time
      if (Result<Snapshot> saved = session.snapshot())
        good = std::move(saved);
      saving = stopwatch.seconds();
      sinceSaved = 0;
    }
    return areGood && (!options.onChunk || options.onChunk(chunk));
  };
  auto stopped = session.train(watching);
  if (!stopped)
    return stopped.error();
  if (areGood)
    return *stopped == Stopped::NotFinite;
  // Between a step behind which all is finite and one behind which it is not; each of them but the last could be taken.
  for (std::int64_t bad = std::min(firstBad, self.step); bad - good->step() > 1;) {
    if (auto back = session.restore(*good); !back)
      return back.error();
    const std::int64_t middle = good->step() + (bad - good->step()) / 2;
    firstBad = INT64_MAX;
    TrainOptions half;
    half.maxSteps = middle - good->step();
    half.onChunk = [&](const Chunk &chunk) {
      look(chunk);
      return true;
    };
    if (stopped = session.train(half); !stopped)
      return stopped.error();
    if (self.step < middle) // it was asked to stop
      return false;
    if (firstBad == INT64_MAX && areFinite()) {
      if (good = session.snapshot(); !good)
        return good.error();
    } else {
      bad = std::min(firstBad, middle);
    }
  }
  if (auto back = session.restore(*good); !back)
    return back.error();
  return true;
}
