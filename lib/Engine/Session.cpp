// Sessions: storage, native units and the native call. The loops over it are in Train.cpp and Evaluate.cpp.
#include "SessionImpl.h"

#include "Fault.h"
#include "Resident.h"

#include "talweg/Runtime/Threads.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <system_error>

using namespace talweg;

Session::Session(std::unique_ptr<Impl> impl) : impl(std::move(impl)) {}
Session::Session(Session &&) noexcept = default;
Session &Session::operator=(Session &&) noexcept = default;
Session::~Session() = default;

Session::Impl::~Impl() {
  for (auto &[key, unit] : underWay)
    unit.wait();
}

//===-- native units -----------------------------------------------------------------------------------------------===//

static Error noMemory(std::int64_t bytes) {
  return {"memory", fmt::format("error: there is no memory for {} bytes", bytes)};
}

/// Grows a buffer to at least `bytes` (never to nothing, so that it has an address); new bytes are undefined.
static Result<void> grow(data::Buffer &buffer, std::int64_t bytes) {
  bytes = std::max<std::int64_t>(bytes, abi::kAlignment);
  if (bytes > buffer.size() && !buffer.resize(bytes))
    return noMemory(bytes);
  return {};
}

static bool sameLayout(const std::vector<Variable> &a, const std::vector<Variable> &b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Variable &x, const Variable &y) {
    return x.name == y.name && x.offset == y.offset && x.bytes() == y.bytes() && x.block == y.block;
  });
}

Result<void> Session::Impl::fit(const NativeUnit &unit, Mode mode) {
  if (!sameLayout(variables(), unit.manifest.variables))
    return Error{
        "internal",
        fmt::format("error: mode `{}` stores its variables differently from the mode compiled first", nameOf(mode))};
  if (auto grown = grow(arena, unit.manifest.arenaBytes); !grown)
    return grown.error();
  return grow(persistent, unit.manifest.persistentBytes);
}

Result<const NativeUnit *> Session::Impl::adopt(Mode mode, NativeUnit unit) {
  if (units.empty()) {
    facts = {unit.manifest, unit.times};
    for (const Hyper &hyper : facts.manifest.hypers)
      hypers.push_back(hyper.value);
  }
  if (auto fits = fit(unit, mode); !fits)
    return fits.error();
  const bool isFirst = std::ranges::none_of(units, [&](auto &known) { return known.first.first == mode; });
  if (isFirst) // what is told of one batch size is so of all
    program.impl->compiler->tell(unit.messages);
  auto &place = units[{mode, unit.manifest.batch}];
  place = std::make_unique<NativeUnit>(std::move(unit));
  return place.get();
}

/// Native code beside that of a session whose variables lie in `layouts`.
static Result<NativeUnit> makeUnit(const Compiler &compiler, Mode mode, std::int64_t batch, const Layouts &layouts) {
  return makeNative(compiler, mode, batch, /*quiet=*/true, &layouts);
}

Result<const NativeUnit *> Session::Impl::unit(Mode mode, std::int64_t batch) {
  Key key{mode, batch};
  if (auto known = units.find(key); known != units.end())
    return known->second.get();
  Stopwatch waiting;
  auto obtain = [&]() -> Result<NativeUnit> {
    auto found = underWay.find(key);
    if (found == underWay.end())
      return makeUnit(*program.impl->compiler, mode, batch, layoutsOf(variables()));
    std::future<Result<NativeUnit>> future = std::move(found->second);
    underWay.erase(found);
    return future.get();
  };
  Result<NativeUnit> compiled = obtain();
  compileSeconds += waiting.seconds();
  if (!compiled)
    return compiled.error();
  return adopt(mode, std::move(*compiled));
}

Result<void> Session::Impl::check(Mode mode, std::int64_t batch) const {
  const Compiler &compiler = *program.impl->compiler;
  const Layouts layouts = layoutsOf(variables());
  if (units.count({mode, batch}) || keptStart(compiler, mode, batch, &layouts))
    return {};
  return compiler.check(batch);
}

void Session::Impl::prepareUnit(Mode mode, std::int64_t batch) {
  Key key{mode, batch};
  if (units.count(key) || underWay.count(key))
    return;
  auto compile = [program = program, mode, batch, layouts = layoutsOf(variables())] {
    return makeUnit(*program.impl->compiler, mode, batch, layouts);
  };
  try {
    underWay.emplace(key, std::async(std::launch::async, compile));
  } catch (const std::system_error &) {
    // The system refuses a thread: the call that needs the code compiles it.
  }
}

Result<void> Session::Impl::checkFields(Mode mode, const Dataset &data) const {
  if (auto checked = data.impl->checkFields(program); !checked)
    return checked.error();
  const std::vector<data::Field> &fields = data.impl->table.fields;
  if (std::all_of(fields.begin(), fields.end(), [](const data::Field &field) { return field.wanted; }))
    return {};
  Result<std::vector<FieldUse>> uses = program.impl->fieldUses(mode);
  if (!uses)
    return uses.error();
  static constexpr const char *kReaders[] = {"training", "evaluation", "prediction", "the gradient"};
  for (std::size_t f = 0; f < fields.size(); ++f)
    if ((*uses)[f].read && !fields[f].wanted)
      return Error{"E0852", fmt::format("error: the data has no values for `{}`, which {} reads", fields[f].name,
                                        kReaders[int(mode)])};
  return {};
}

//===-- native calls -----------------------------------------------------------------------------------------------===//

NativeCall Session::Impl::run(Mode mode, const NativeUnit &unit, const Dataset &data,
                              const std::vector<std::int32_t> &order, std::int64_t first, std::int64_t steps, void *out,
                              const Combined *combined, bool keepsGood) {
  std::int64_t control[abi::kControlWords] = {};
  control[abi::kSeed] = std::int64_t(seed);
  control[abi::kStep] = step;
  control[abi::kSteps] = steps;
  control[abi::kFirst] = first;
  control[abi::kTotalSteps] = scheduleEnd();
  control[abi::kKeep] = keepsGood;
  std::vector<double> numbers = hypers;
  if (combined) {
    control[abi::kRows] = combined->rows;
    control[abi::kRowsBefore] = combined->before;
    numbers.insert(numbers.end(), combined->values.begin(), combined->values.end());
  }
  numbers.resize(std::max<std::size_t>(numbers.size(), 1 + hypers.size()));
  std::vector<std::int32_t> ownRows; // of the records from `first` on
  auto rows = reinterpret_cast<std::uintptr_t>(order.data());
  if (data.impl->hasWindows()) {
    const std::int64_t end = std::min(first + steps * unit.manifest.batch, std::int64_t(order.size()));
    for (std::int64_t at = first; at < end; ++at)
      ownRows.push_back(std::int32_t(data.impl->rowOfRecord(order[std::size_t(at)])));
    rows = reinterpret_cast<std::uintptr_t>(ownRows.data()) - std::uintptr_t(first) * sizeof(std::int32_t);
  }
  std::vector<void *> arguments{
      persistent.data(), arena.data(), control, numbers.data(), reinterpret_cast<void *>(rows), out};
  for (const data::Buffer &column : data.impl->table.columns)
    arguments.push_back(const_cast<std::byte *>(column.data()));
  arguments.resize(abi::kFields + unit.manifest.fields.size()); // of data without rows
  if (keepsGood)
    if (auto grown = grow(good.persistent, persistent.size()); !grown)
      return {0, grown.error()};
  arguments.push_back(good.persistent.data());
  if (auto set = runtime::setThreads(threads); !set)
    return {0, set.error()};
  const std::int64_t pass = combined ? combined->pass : 0;
  const Entry entry = pass == Combined::kTell                  ? unit.tell
                      : pass < std::int64_t(unit.steps.size()) ? unit.steps[std::size_t(pass)]
                                                               : unit.finish;
  entry(arguments.data());
  if (keepsGood && control[abi::kKeep] == 0) {
    static_cast<Circumstances &>(good) = *this;
    good.isThere = true;
    if (openStep)
      takeBackParts(good.persistent.data());
  }
  if (control[abi::kFault] == 0)
    return {steps, {}};
  std::int64_t done = control[abi::kFaultStep], row = control[abi::kFaultRow];
  std::int64_t batchBegin = first + done * unit.manifest.batch;
  Fault fault{control[abi::kFault] - 1, {}, std::bit_cast<double>(control[abi::kFaultValue]), {}};
  if (row >= 0)
    fault.row = std::min(data.impl->rowOfRecord(order[std::size_t(batchBegin + row)]), data.impl->table.rows - 1);
  if (mode == Mode::Train)
    fault.step = step + (combined ? 0 : done) + 1;
  return {done, faultError(*program.impl->compiler, unit.manifest, data, fault),
          unit.manifest.faults[std::size_t(fault.site)].notFinite};
}

Result<void> Session::Impl::initialize(std::uint64_t newSeed) {
  static_cast<Place &>(*this) = {};
  seed = newSeed;
  loadedRows = 0;
  good = {};
  beginning = {};
  orderEpoch = -1;
  openStep.reset();
  std::memset(persistent.data(), 0, std::size_t(persistent.size()));
  std::int64_t control[abi::kControlWords] = {};
  control[abi::kSeed] = std::int64_t(seed);
  void *arguments[] = {persistent.data(), arena.data(), control};
  if (auto set = runtime::setThreads(threads); !set)
    return set.error();
  auto compiled = unit(options.mode, batch());
  if (!compiled)
    return compiled.error();
  (*compiled)->init(arguments);
  firstCarried = carried();
  predictedCarried = firstCarried;
  return {};
}

CarriedRows Session::Impl::carried() const {
  CarriedRows rows;
  for (const Variable &variable : variables())
    if (variable.role == Role::Carried) {
      const std::byte *bytes = persistent.data() + variable.offset;
      rows.emplace_back(bytes, bytes + variable.bytes());
    }
  return rows;
}

void Session::Impl::setCarried(const CarriedRows &rows) {
  auto next = rows.begin();
  for (const Variable &variable : variables())
    if (variable.role == Role::Carried)
      std::ranges::copy(*next++, persistent.data() + variable.offset);
}

Result<std::size_t> Session::Impl::hyper(const std::string &name) const {
  const std::vector<Hyper> &known = facts.manifest.hypers;
  for (std::size_t i = 0; i < known.size(); ++i)
    if (known[i].name == name)
      return i;
  return Error{"E0851", fmt::format("error: `{}` is not a number that can change between steps", name)};
}

void ChunkSize::took(std::int64_t steps, double seconds) {
  constexpr double kTarget = 0.05;
  double fit = seconds > 0 ? kTarget * double(steps) / seconds : 1e9;
  size = std::clamp<std::int64_t>(std::int64_t(std::min(fit, 1e9)), 1, std::max<std::int64_t>(4 * steps, 4));
}

//===-- the API ----------------------------------------------------------------------------------------------------===//

Result<Session> Session::create(const Program &program, const SessionOptions &options) {
  if (options.threads < 0 || options.threads > kMostThreads)
    return Error{"E0805", fmt::format("error: the number of threads is between 1 and {}, or 0 for every core; it is {}",
                                      kMostThreads, options.threads)};
  if (auto runs = runsHere(program.impl->compiler->target()); !runs)
    return runs.error();
  auto impl = std::make_unique<Impl>(program);
  impl->options = options;
  impl->threads = options.threads ? options.threads : std::min(runtime::usableCores(), kMostThreads);
  if (auto set = runtime::setThreads(impl->threads); !set)
    return set.error();
  Stopwatch waiting;
  Result<NativeUnit> native = program.impl->makeNativeUnit(options.mode);
  if (!native)
    return native.error();
  impl->compileSeconds += program.impl->readSeconds + waiting.seconds();
  letGoOfCompiler();
  if (auto adopted = impl->adopt(options.mode, std::move(*native)); !adopted)
    return adopted.error();
  if (auto done = impl->initialize(program.plan().seed); !done)
    return done.error();
  return Session(std::move(impl));
}

const Program &Session::program() const { return impl->program; }
const Facts &Session::facts() const { return impl->facts; }
double Session::compileSeconds() const { return impl->compileSeconds; }
int Session::threads() const { return impl->threads; }
void Session::requestStop() { impl->stop.store(true, std::memory_order_relaxed); }
void Session::clearStop() { impl->stop.store(false, std::memory_order_relaxed); }
std::int64_t Session::step() const { return impl->step; }
std::int64_t Session::epoch() const { return impl->epochs; }
std::int64_t Session::stepsPerEpoch() const { return impl->stepsPerEpoch(); }
std::int64_t Session::totalSteps() const { return impl->totalSteps(); }
std::uint64_t Session::seed() const { return impl->seed; }
const std::optional<Error> &Session::notFinite() const { return impl->notFinite; }
Result<void> Session::initialize(std::uint64_t seed) { return impl->initialize(seed); }

void Session::prepare(Mode mode, const Dataset &data) {
  const std::int64_t batch = mode == Mode::Predict && impl->carries() ? 1 : impl->batch();
  if (data.rows() >= batch)
    impl->prepareUnit(mode, batch);
  if (std::int64_t rest = data.rows() % batch)
    impl->prepareUnit(mode, rest);
}

Result<void> Session::setHyper(const std::string &name, double value) {
  if (!(std::abs(value) <= infoOf(impl->program.impl->compiler->plan().real).largest))
    return Error{"E0846", fmt::format("error: `{}` cannot be {}: it must be a finite number", name, value)};
  Result<std::size_t> place = impl->hyper(name);
  if (!place)
    return place.error();
  impl->hypers[*place] = value;
  return {};
}

Result<double> Session::hyper(const std::string &name) const {
  Result<std::size_t> place = impl->hyper(name);
  return place ? Result<double>(impl->hypers[*place]) : place.error();
}
