// A step whose rows come in parts: their sums, and the finish.
#include "SessionImpl.h"

#include "talweg/Runtime/Shuffle.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

using namespace talweg;

void Session::Impl::openStepOf(std::int64_t rows) {
  openStep = OpenStep{{.rows = rows}, {}};
  for (const Variable &variable : variables())
    if (variable.role == Role::State || variable.role == Role::Carried) {
      const std::byte *bytes = persistent.data() + variable.offset;
      openStep->states.emplace_back(bytes, bytes + variable.bytes());
    }
}

Result<void> Session::Impl::addRows(const Dataset &data, const std::vector<std::int32_t> &rowOrder, std::int64_t first,
                                    std::int64_t count) {
  openStep->data = data;
  for (std::int64_t end = first + count; first < end;) {
    std::int64_t rows = std::min(batch(), end - first), batches = rows == batch() ? (end - first) / rows : 1;
    auto native = unit(Mode::Train, rows);
    if (!native)
      return native.error();
    const Manifest &manifest = (*native)->manifest;
    if (!openStep->unit || openStep->unit->manifest.batch < manifest.batch)
      openStep->unit = *native;
    std::vector<double> out(std::size_t(batches * manifest.width()));
    NativeCall call = run(Mode::Train, **native, data, rowOrder, first, batches, out.data(), &openStep->combined);
    if (call.error)
      return *call.error;
    openStep->combiner.take(manifest, 0, batches, out);
    openStep->combined.before += batches * rows;
    first += batches * rows;
  }
  return {};
}

/// Whose finish has room for the rows of all parts: of tables that are looked up it takes those that so many of its batches name.
Result<const NativeUnit *> Session::Impl::finishingUnit() {
  const auto listsRows = [](const Variable &variable) {
    return variable.role == Role::Sum && !infoOf(variable.element).isFloat();
  };
  const std::int64_t parts = program.plan().accumulate, needed = (openStep->combined.rows + parts - 1) / parts;
  if (openStep->unit->manifest.batch >= needed || std::ranges::none_of(variables(), listsRows))
    return openStep->unit;
  return unit(Mode::Train, needed);
}

Result<StepRecord> Session::Impl::finishStep(bool trains, bool &notFinite) {
  auto unit = finishingUnit();
  if (!unit) {
    abandonStep();
    return unit.error();
  }
  const Manifest &manifest = (*unit)->manifest;
  openStep->combined.values = openStep->combiner.values(openStep->combined.rows);
  openStep->combined.pass = 1;
  std::vector<double> columns(std::size_t(manifest.columns()), NAN);
  const std::vector<std::int32_t> none(1);
  NativeCall call = run(Mode::Train, **unit, *openStep->data, none, 0, 1, columns.data(), &openStep->combined,
                        trains && isGoodMomentDue());
  notFinite = call.notFinite;
  const std::int64_t rows = openStep->combined.rows;
  if (call.error) {
    abandonStep();
    if (!trains || !skipsNotFinite() || !notFinite)
      return *call.error;
  }
  ++step;
  auto reports = columns.begin() + 1 + std::ptrdiff_t(manifest.metrics.size());
  StepRecord record{step, epochs + 1, rows, columns[0], {columns.begin() + 1, reports}, {reports, columns.end()},
                    {},   notFinite};
  if (openStep && !manifest.ofSums.empty())
    record.sums = std::move(openStep->combined.values);
  openStep.reset();
  return record;
}

Result<void> Session::Impl::checkNoStep() const {
  if (!openStep)
    return {};
  return Error{"E0854", "error: a step has begun; finish it before its moment is kept"};
}

void Session::Impl::abandonStep() {
  if (!openStep)
    return;
  takeBackParts(persistent.data());
  openStep.reset();
}

void Session::Impl::takeBackParts(std::byte *memory) const {
  auto state = openStep->states.begin();
  for (const Variable &variable : variables())
    if (variable.role == Role::Sum)
      std::memset(memory + variable.offset, 0, std::size_t(variable.bytes()));
    else if (variable.role == Role::State || variable.role == Role::Carried)
      std::ranges::copy(*state++, memory + variable.offset);
}

Result<void> Session::beginStep(std::int64_t rows) {
  impl->abandonStep();
  if (rows < 1)
    return Error{"E0805", fmt::format("error: a step cannot have {} rows", rows)};
  if (impl->program.plan().accumulate == 1)
    return Error{"E0854", "error: a step takes rows in parts in a program with `accumulate` of 2 or more"};
  impl->openStepOf(rows);
  return {};
}

Result<void> Session::addRows(const Dataset &data, std::int64_t first, std::int64_t count) {
  if (!impl->openStep)
    return Error{"E0854", "error: no step has begun"};
  auto fail = [&](Error error) {
    impl->abandonStep();
    return error;
  };
  if (auto checked = impl->checkFields(Mode::Train, data); !checked)
    return fail(checked.error());
  if (first < 0 || count < 0 || count > data.rows() - first ||
      count > impl->openStep->combined.rows - impl->openStep->combined.before)
    return fail({"E0805", fmt::format("error: rows {} to {} are not there, or are more than the step has left", first,
                                      first + count)});
  if (auto added = impl->addRows(data, identityOrder(data.rows()), first, count); !added)
    return fail(added.error());
  return {};
}

Result<StepRecord> Session::finishStep() {
  if (!impl->openStep)
    return Error{"E0854", "error: no step has begun"};
  const Combined &combined = impl->openStep->combined;
  bool notFinite = false;
  if (combined.before == combined.rows)
    return impl->finishStep(/*trains=*/false, notFinite);
  Error error{"E0805", fmt::format("error: the step was to have {} rows, and has {}", combined.rows, combined.before)};
  impl->abandonStep();
  return error;
}
