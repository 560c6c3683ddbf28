// Programs: reading and checking a source, its facts, and text at any stage.
#include "ProgramImpl.h"

#include "Emit.h"
#include "Files.h"
#include "Learn.h"
#include "MachineMemory.h"
#include "MachineRates.h"
#include "ManifestJson.h"

#include "talweg/Pipeline/Clips.h"

#include "mlir/Pass/PassManager.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/raw_ostream.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

using namespace talweg;

static constexpr const char *kStages[] = {"ast",    "graph", "gradient", "update", "linalg",
                                          "vector", "llvm",  "asm",      "object"};

std::optional<Stage> talweg::stageFromName(const std::string &name) {
  for (int i = 0; i <= int(Stage::Object); ++i)
    if (name == kStages[i])
      return Stage(i);
  return std::nullopt;
}

Result<void> talweg::setDebugFlags(const std::vector<std::string> &flags) {
  mlir::registerPassManagerCLOptions();
  mlir::registerDefaultTimingManagerCLOptions();
  std::vector<const char *> arguments{"talweg"};
  for (const std::string &flag : flags)
    arguments.push_back(flag.c_str());
  std::string text;
  llvm::raw_string_ostream stream(text);
  if (!llvm::cl::ParseCommandLineOptions(int(arguments.size()), arguments.data(), "", &stream))
    return Error{"E0804", "error: " + text};
  // What the flags show may be lost. LLVM would make a failure of the process of it, when the stream ends; that comes after
  // what is registered once the stream exists.
  llvm::errs();
  std::atexit([] { llvm::errs().clear_error(); });
  return {};
}

//===-- from source ------------------------------------------------------------------------------------------------===//

/// The plan as the file says it, changed by the options.
static PlanFacts planFacts(const Compiler &compiler, const CompileOptions &options) {
  const frontend::Plan &plan = compiler.plan();
  PlanFacts facts;
  facts.name = plan.model;
  facts.data = plan.data;
  facts.file = compiler.file();
  facts.batch = options.batch.value_or(plan.batch);
  facts.accumulate = plan.accumulate;
  facts.epochs = plan.epochs;
  facts.steps = plan.steps;
  if (options.epochs || options.steps) {
    facts.epochs = options.epochs;
    facts.steps = options.steps;
  }
  facts.validateSteps = plan.validateEvery;
  facts.best = plan.best;
  facts.greatest = plan.greatest;
  facts.early = plan.early;
  facts.stopWhen = plan.stopWhen;
  facts.budgetSeconds = plan.budgetSeconds;
  facts.budgetSteps = plan.budgetSteps;
  facts.onNan = plan.onNan;
  facts.rollbacks = plan.rollbacks;
  facts.saved = plan.saved;
  facts.seed = options.seed.value_or(plan.seed);
  for (const frontend::Split &split : plan.splits)
    facts.splits.push_back(split.name);
  if (options.fold && std::ranges::find(facts.splits, "validation") == facts.splits.end())
    facts.splits.push_back("validation");
  return facts;
}

static Result<void> checkOptions(const CompileOptions &options) {
  auto wrong = [](const char *what) { return Error{"E0805", fmt::format("error: {}", what)}; };
  if (options.batch && (*options.batch < 1 || *options.batch > INT32_MAX))
    return wrong("the batch must have at least one row and at most 2147483647");
  if (options.epochs && *options.epochs < 0)
    return wrong("the number of epochs cannot be negative");
  if (options.steps && *options.steps < 0)
    return wrong("the number of steps cannot be negative");
  if (options.memory && *options.memory < 1)
    return wrong("the limit of memory must be at least one byte");
  if (options.fold && (options.fold->count < 2 || options.fold->index < 1 || options.fold->index > options.fold->count))
    return wrong("a fold is one of two or more: its number is from 1 to how many there are");
  if (options.epochs && options.steps)
    return wrong("the length of training is given twice, in epochs and in steps");
  return {};
}

Result<Program> Program::fromText(const std::string &text, const std::string &name, const CompileOptions &options) {
  if (auto checked = checkOptions(options); !checked)
    return checked.error();
  Stopwatch reading;
  Result<Target> target = targetFromName(options.target);
  if (!target)
    return target.error();
  *target = withRates(*target);
  if (options.planRank) {
    target->machine.tuned = nullptr;
    target->machine.rank = *options.planRank;
  }
  auto compiler =
      Compiler::create(text, name,
                       {options.set, options.batch, options.doublePrecision ? ElementType::F64 : ElementType::F32,
                        options.onMessage, options.remarks, *target, options.memory, options.unroll});
  if (!compiler)
    return compiler.error();
  Mode mode = (*compiler)->onlyPredicts() ? Mode::Predict : Mode::Train;
  auto impl = std::make_shared<Impl>();
  impl->options = options;
  impl->compiler = std::move(*compiler);
  if (auto learned = impl->learn(); !learned)
    return learned.error();
  if (std::optional<CachedStart> kept = keptStart(*impl->compiler, mode, 0)) { // nothing is wrong with it
    impl->compiler->usePlan(std::move(kept->plan));
    impl->manifest = std::move(kept->manifest);
  } else {
    if (auto read = impl->compiler->readPlan(); !read)
      return read.error();
    Result<Unit> unit = impl->compiler->build(mode, 0);
    if (!unit)
      return unit.error();
    impl->compiler->tell(unit->messages);
    impl->manifest = unit->manifest;
    impl->keepUnit(mode, std::move(*unit));
  }
  impl->plan = planFacts(*impl->compiler, options);
  impl->readSeconds = reading.seconds();
  return Program(std::move(impl));
}

Result<void> Program::Impl::learn() {
  if (!compiler->preparesData())
    return {};
  Result<frontend::DataDeclaration> declared = compiler->data();
  if (!declared)
    return declared.error();
  auto known = learnFields(declared->fields,
                           {declared->splits, compiler->file(), options.fold, options.threads, limitsOf(options)},
                           options.trainPath, options.learned, options.growVocabularies);
  if (!known)
    return known.error();
  options.learned = learned = std::move(*known);
  auto preparations = preparationsOf(declared->fields, learned);
  if (!preparations)
    return preparations.error();
  std::map<std::string, std::int64_t> classes;
  for (std::size_t f = 0; f < declared->fields.size(); ++f)
    if (const Field &field = declared->fields[f]; field.category && !field.classes)
      classes[field.name] = (*preparations)[f].classes().value_or(0);
  compiler->useClasses(std::move(classes));
  return {};
}

Result<Program> Program::fromFile(const std::string &path, const CompileOptions &options) {
  Result<std::string> text = readFile(path);
  if (!text)
    return text.error();
  return fromText(*text, path, options);
}

const PlanFacts &Program::plan() const { return impl->plan; }
const Manifest &Program::manifest() const { return impl->manifest; }
const std::vector<LearnedField> &Program::learned() const { return impl->learned; }

std::vector<std::string> Program::classNames(const std::string &name) const {
  const auto field = std::ranges::find(impl->manifest.fields, name, &Field::name);
  if (field == impl->manifest.fields.end() || !field->classes)
    return {};
  auto preparations = impl->preparations();
  return preparations ? (*preparations)[std::size_t(field - impl->manifest.fields.begin())].classNames()
                      : std::vector<std::string>();
}

std::int64_t Program::parameterCount() const {
  std::int64_t count = 0;
  for (const Variable &variable : impl->manifest.variables)
    count += variable.role == Role::Parameter ? variable.count() : 0;
  return count;
}
int Program::elaborations() const { return impl->compiler->elaborations(); }

Result<Unit> Program::Impl::takeUnit(Mode mode) {
  if (std::optional<Unit> unit = takeKeptUnit(mode))
    return std::move(*unit);
  Result<Unit> unit = compiler->build(mode, plan.batch);
  if (unit)
    compiler->tell(unit->messages);
  return unit;
}

Result<NativeUnit> Program::Impl::makeNativeUnit(Mode mode) {
  std::optional<Unit> unit = takeKeptUnit(mode);
  Result<NativeUnit> native =
      unit ? makeNative(*compiler, std::move(*unit)) : makeNative(*compiler, mode, plan.batch, /*quiet=*/false);
  if (native) { // who asks for them needs not compile it again
    std::lock_guard lock(mutex);
    uses.insert_or_assign(mode, native->manifest.uses);
  }
  return native;
}

std::optional<Unit> Program::Impl::takeKeptUnit(Mode mode) {
  std::lock_guard lock(mutex);
  auto kept = units.extract(mode);
  return kept ? std::optional(std::move(kept.mapped())) : std::nullopt;
}

void Program::Impl::keepUnit(Mode mode, Unit unit) {
  std::lock_guard lock(mutex);
  units.insert_or_assign(mode, std::move(unit));
}

Result<std::vector<FieldUse>> Program::Impl::fieldUses(Mode mode) {
  {
    std::lock_guard lock(mutex);
    if (const auto known = uses.find(mode); known != uses.end())
      return known->second;
  }
  Result<std::vector<FieldUse>> found = findUses(mode);
  if (found) {
    std::lock_guard lock(mutex);
    uses.insert_or_assign(mode, *found);
  }
  return found;
}

Result<std::span<const prepare::Preparation>> Program::Impl::preparations() {
  std::lock_guard lock(mutex);
  if (!prepared) {
    auto made = preparationsOf(manifest.fields, learned);
    if (!made)
      return made.error();
    prepared = std::move(*made);
  }
  return std::span<const prepare::Preparation>(*prepared);
}

Result<std::vector<FieldUse>> Program::Impl::findUses(Mode mode) {
  if (std::optional<CachedStart> kept = keptStart(*compiler, mode, plan.batch))
    return kept->manifest.uses;
  Result<Unit> unit = takeUnit(mode);
  if (!unit)
    return unit.error();
  if (auto lowered = compiler->lower(*unit, Phase::Linalg); !lowered)
    return lowered.error();
  std::vector<FieldUse> uses = unit->manifest.uses;
  keepUnit(mode, std::move(*unit));
  return uses;
}

//===-- facts and text ---------------------------------------------------------------------------------------------===//

Result<Facts> Program::check(Stage upTo, bool quiet) const {
  Result<Unit> unit = impl->takeUnit(Mode::Train);
  if (!unit)
    return unit.error();
  unit->quiet = quiet;
  if (upTo >= Stage::Asm) {
    Result<LibraryUnit> library = makeLibrary(*impl->compiler, std::move(*unit));
    if (!library)
      return library.error();
    return Facts{library->manifest, library->times};
  }
  const bool clips = upTo == Stage::Vector && !impl->options.memory && hasClips(*unit);
  Facts facts;
  if (upTo == Stage::Vector) {
    Result<std::int64_t> written = impl->compiler->operationsAsWritten(*unit);
    if (!written)
      return written.error();
    facts.operationsWritten = *written;
  }
  if (upTo >= Stage::Graph)
    if (auto lowered = impl->compiler->lower(*unit, Phase(int(upTo) - int(Stage::Graph))); !lowered)
      return lowered.error();
  if (auto fits = fitsMachine(unit->manifest, machineMemory(), impl->compiler->file()); !fits)
    return fits.error();
  facts.manifest = unit->manifest;
  facts.phases = phaseTimes(*unit);
  facts.operations = unit->operations;
  if (upTo == Stage::Vector)
    facts.operationsWritten += unit->operations - unit->gradientOperations; // updates are what they are
  if (clips) {
    Result<Unit> unclipped = impl->compiler->build(Mode::Train, impl->plan.batch);
    if (!unclipped)
      return unclipped.error();
    takeClips(*unclipped);
    unclipped->quiet = true;
    if (auto lowered = impl->compiler->lower(*unclipped, Phase::Vector); !lowered)
      return lowered.error();
    facts.clipBytes = std::max<std::int64_t>(0, facts.manifest.arenaBytes - unclipped->manifest.arenaBytes);
  }
  return facts;
}

Result<std::string> Program::emit(Stage stage, Mode mode, std::int64_t batch) const {
  if (batch < 0 || batch > INT32_MAX)
    return Error{"E0805", "error: the batch must have at least one row and at most 2147483647"};
  if (stage == Stage::Ast)
    return impl->compiler->ast();
  const bool isOfPlan = batch == 0 || batch == impl->plan.batch;
  const bool tellsAhead = impl->options.remarks && stage < Stage::Vector; // of all that is decided, whatever is shown
  if (tellsAhead) {
    Result<Unit> whole = isOfPlan ? impl->takeUnit(mode) : impl->compiler->build(mode, batch);
    if (!whole)
      return whole.error();
    impl->compiler->tell(whole->messages);
    if (auto lowered = impl->compiler->lower(*whole, Phase::Vector); !lowered)
      return lowered.error();
  }
  Result<Unit> unit = tellsAhead ? impl->compiler->build(mode, isOfPlan ? impl->plan.batch : batch)
                      : isOfPlan ? impl->takeUnit(mode)
                                 : impl->compiler->build(mode, batch);
  if (!unit)
    return unit.error();
  unit->quiet = tellsAhead;
  if (!tellsAhead)
    impl->compiler->tell(unit->messages);
  if (auto lowered = impl->compiler->lower(*unit, std::min(Phase(int(stage) - int(Stage::Graph)), Phase::Llvm));
      !lowered)
    return lowered.error();
  if (stage == Stage::Llvm)
    return emitNative(*unit->module, impl->compiler->target(), NativeForm::LlvmIr);
  if (stage >= Stage::Asm)
    return emitNative(*unit->module, impl->compiler->target(),
                      stage == Stage::Asm ? NativeForm::Assembly : NativeForm::Object, textOf(unit->manifest));
  std::string text;
  llvm::raw_string_ostream stream(text);
  unit->module->print(stream);
  stream << "\n";
  return text;
}
