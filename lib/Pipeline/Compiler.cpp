// The two kinds of source, the language and MLIR text, and the phases of a unit.
#include "talweg/Pipeline/Compiler.h"

#include "Collect.h"
#include "FitMemory.h"
#include "Messages.h"

#include "talweg/Autodiff/Passes.h"
#include "talweg/Dialect/Train/Train.h"
#include "talweg/Dialect/Tw/Access.h"
#include "talweg/Dialect/Tw/Tw.h"
#include "talweg/Frontend/Frontend.h"
#include "talweg/Frontend/PlanOps.h"
#include "talweg/Transforms/CountOperations.h"
#include "talweg/Transforms/Passes.h"

#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

#include <fmt/format.h>

#include <chrono>
#include <mutex>

using namespace talweg;

using Clock = std::chrono::steady_clock;

static double secondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

namespace {

/// A file of the language.
class LanguageCompiler : public Compiler {
public:
  LanguageCompiler(frontend::Source source, const CompilerOptions &options)
      : Compiler(options), source(std::move(source)) {}

  Result<frontend::DataDeclaration> data() const override { return source.data(optionsFor(0)); }

  bool preparesData() const override { return source.preparesData(); }

  Result<void> readPlan() override {
    auto start = Clock::now();
    auto own = elaborated(0);
    if (!own)
      return own.error();
    thePlan = (*own)->plan;
    parseSeconds += secondsSince(start);
    return {};
  }

  Result<std::string> ast() const override { return source.dumpAst(); }

  Result<void> check(std::int64_t batch) const override {
    auto file = elaborated(batch);
    return file ? Result<void>() : file.error();
  }

  int elaborations() const override {
    std::lock_guard lock(mutex);
    return int(byBatch.size());
  }

protected:
  Result<void> parseInto(Unit &unit, Mode mode, std::int64_t batch) const override {
    auto file = elaborated(batch);
    if (!file)
      return file.error();
    if (mode == Mode::Predict && (*file)->noPrediction)
      return *(*file)->noPrediction;
    unit.module = mlir::parseSourceString<mlir::ModuleOp>((*file)->module, unit.context.get());
    if (!unit.module)
      return Error{"internal", fmt::format("{}: error: the program's bytecode cannot be read", fileName)};
    return specialize(unit, mode);
  }

private:
  frontend::Options optionsFor(std::int64_t batch) const {
    frontend::Options wanted;
    wanted.batch = batch ? batch : options.batch.value_or(0);
    wanted.mostRows = batch ? thePlan.batch : 0;
    wanted.real = options.real;
    for (auto &[key, value] : options.set)
      wanted.set[key] = value;
    wanted.classes = classes;
    return wanted;
  }

  using Elaborated = std::shared_ptr<const frontend::Elaborated>;

  /// The file at a batch size (0: the plan's).
  Result<Elaborated> elaborated(std::int64_t batch) const {
    std::lock_guard lock(mutex);
    if (batch == thePlan.batch)
      batch = 0;
    if (auto known = byBatch.find(batch); known != byBatch.end())
      return known->second;
    Result<frontend::Elaborated> fresh = source.elaborate(optionsFor(batch));
    if (!fresh)
      return fresh.error();
    return byBatch[batch] = std::make_shared<frontend::Elaborated>(std::move(*fresh));
  }

  frontend::Source source;
  mutable std::mutex mutex;
  mutable std::map<std::int64_t, Elaborated> byBatch; ///< 0: at the plan's
};

/// A module in MLIR's text, holding one train.program.
class ModuleCompiler : public Compiler {
public:
  ModuleCompiler(std::string text, const std::string &name, const CompilerOptions &options) : Compiler(options) {
    setText(std::move(text), name);
  }

  Result<void> readModule() {
    Unit unit = freshUnit();
    if (auto parsed = parse(unit); !parsed)
      return parsed.error();
    train::ProgramOp program = programOf(unit);
    for (auto field : program.getOps<train::FieldOp>())
      prepares |= field.getCategory() || field.getSteps();
    Result<frontend::Plan> plan = frontend::readPlan(program, fileName);
    if (!plan)
      return plan.error();
    thePlan = std::move(*plan);
    predictsOnly = program.getMode() == Mode::Predict;
    for (auto &[key, value] : options.set)
      return Error{"E0834", fmt::format("{}: error: `{}` cannot be set in a module", fileName, key)};
    return {};
  }

  Result<frontend::DataDeclaration> data() const override {
    Unit unit = freshUnit();
    if (auto parsed = parse(unit); !parsed)
      return parsed.error();
    frontend::DataDeclaration declared{{}, thePlan.splits};
    for (auto field : programOf(unit).getOps<train::FieldOp>())
      declared.fields.push_back(frontend::readField(field));
    return declared;
  }

  bool preparesData() const override { return prepares; }

  Result<std::string> ast() const override {
    return Error{"E0835", fmt::format("{}: error: a module has no syntax tree", fileName)};
  }

  Result<void> check(std::int64_t batch) const override {
    if (batch == thePlan.batch)
      return {};
    return Error{"E0837", fmt::format("{}: error: the program is written for batches of {}, not of {}", fileName,
                                      thePlan.batch, batch)};
  }

protected:
  Result<void> parseInto(Unit &unit, Mode mode, std::int64_t batch) const override {
    if (auto parsed = parse(unit); !parsed)
      return parsed.error();
    train::ProgramOp program = programOf(unit);
    if (program.getMode() && predictsOnly != (mode == Mode::Predict))
      return Error{"E0836", fmt::format("{}: error: the program is written for mode `{}` and cannot run in mode `{}`",
                                        fileName, nameOf(*program.getMode()), nameOf(mode))};
    if (auto checked = check(batch ? batch : thePlan.batch); !checked)
      return checked.error();
    if (!program.getMode())
      return specialize(unit, mode);
    program.setMode(mode);
    return {};
  }

private:
  bool prepares = false;

  static train::ProgramOp programOf(Unit &unit) { return *unit.module->getOps<train::ProgramOp>().begin(); }

  Result<void> parse(Unit &unit) const {
    MessageCollector messages(*unit.context, fileName, fileText, options.onMessage, options.remarks);
    unit.module = mlir::parseSourceString<mlir::ModuleOp>(fileText, unit.context.get(), fileName);
    if (!unit.module)
      return messages.error("E0831", "not a valid module");
    auto programs = unit.module->getOps<train::ProgramOp>();
    if (std::distance(programs.begin(), programs.end()) != 1)
      return Error{"E0831", fmt::format("{}: error: the module does not hold exactly one train.program", fileName)};
    if ((*programs.begin()).isLowered())
      return Error{"E0831",
                   fmt::format("{}: error: the program is lowered already; what is run is a program as it is in "
                               "phase `graph`",
                               fileName)};
    return {};
  }
};

} // namespace

Result<std::unique_ptr<Compiler>> Compiler::create(std::string text, const std::string &name,
                                                   const CompilerOptions &options) {
  auto start = Clock::now();
  std::unique_ptr<Compiler> result;
  if (name.ends_with(".mlir")) {
    auto compiler = std::make_unique<ModuleCompiler>(std::move(text), name, options);
    if (auto read = compiler->readModule(); !read)
      return read.error();
    result = std::move(compiler);
  } else {
    Result<frontend::Source> source = frontend::Source::parse(text, name);
    if (!source)
      return source.error();
    auto compiler = std::make_unique<LanguageCompiler>(std::move(*source), options);
    compiler->setText(std::move(text), name);
    result = std::move(compiler);
  }
  result->parseSeconds = secondsSince(start);
  return result;
}

/// A requirement that never holds in the program's mode; null: there is none.
static tw::RequireOp findUnfulfilled(mlir::ModuleOp module) {
  tw::RequireOp found;
  module.walk([&](tw::RequireOp require) {
    if (tw::uniformValue(require.getCondition()) != 0.0)
      return mlir::WalkResult::advance();
    found = require;
    return mlir::WalkResult::interrupt();
  });
  return found;
}

Result<void> Compiler::specialize(Unit &unit, Mode mode) const {
  auto keepMessage = [&](const std::string &message) {
    unit.told = true;
    unit.messages.push_back(message);
  };
  MessageCollector messages(*unit.context, fileName, fileText, keepMessage, options.remarks);
  auto passes = mlir::PassManager::on<mlir::ModuleOp>(unit.context.get());
  configure(passes);
  passes.addPass(createRollLayers({.unroll = options.unroll}));
  passes.addPass(createSpecialize({std::string(nameOf(mode))}));
  if (mlir::failed(passes.run(*unit.module)))
    return messages.error("E0836", fmt::format("the program has no mode `{}`", nameOf(mode)));
  if (tw::RequireOp require = findUnfulfilled(*unit.module)) {
    mlir::FileLineColRange place = placeOf(require.getLoc());
    std::string text = require.getMessage().str();
    const auto told = require.getValue() ? tw::uniformValue(require.getValue()) : std::nullopt;
    if (const std::size_t at = text.find("{}"); at != std::string::npos)
      text.replace(at, 2, told ? fmt::format("{}", *told) : "another");
    return errorAt("", place.getStartLine(), place.getStartColumn(),
                   fmt::format("{}, and this does not hold in mode `{}`", text, nameOf(mode)), "E0210",
                   require.getHelp() ? "\nhelp: " + require.getHelp()->str() : "");
  }
  return {};
}

Result<void> Compiler::cutIntoParts(Unit &unit, Mode mode) const {
  bool isEvaluation = mode == Mode::Eval;
  if (!isEvaluation && (mode != Mode::Train || thePlan.accumulate == 1))
    return {};
  auto keepMessage = [&](const std::string &message) {
    unit.told = true;
    unit.messages.push_back(message);
  };
  MessageCollector messages(*unit.context, fileName, fileText, keepMessage, options.remarks);
  auto passes = mlir::PassManager::on<mlir::ModuleOp>(unit.context.get());
  configure(passes);
  passes.addPass(createDifferentiate({/*ofRows=*/true}));
  passes.addPass(mlir::createCSEPass()); // equal reductions are combined once
  passes.addPass(isEvaluation ? createSumOverRows({/*tells=*/options.remarks}) : createAccumulate());
  if (mlir::failed(passes.run(*unit.module)))
    return messages.error(isEvaluation ? "E0415" : "E0416", "the program cannot be cut into parts of its rows");
  return {};
}

Result<void> Compiler::hold(Unit &unit, Mode mode) const {
  if (!holdsStopped || mode != Mode::Gradient)
    return {};
  MessageCollector messages(*unit.context, fileName, fileText, options.onMessage, options.remarks);
  auto passes = mlir::PassManager::on<mlir::ModuleOp>(unit.context.get());
  configure(passes);
  passes.addPass(createHoldStopped({kStopped}));
  if (mlir::failed(passes.run(*unit.module)))
    return messages.error("E0836", "the program has no objective");
  return {};
}

static SourcePlace sourcePlaceOf(mlir::LocationAttr where) {
  mlir::FileLineColRange place = placeOf(where);
  if (!place)
    return {};
  return {place.getFilename().str(), place.getStartLine(), place.getStartColumn(),
          place.getEndLine() == place.getStartLine() ? place.getEndColumn() : 0};
}

Result<void> Compiler::trace(Unit &unit) const {
  MessageCollector messages(*unit.context, fileName, fileText, options.onMessage, options.remarks);
  auto passes = mlir::PassManager::on<mlir::ModuleOp>(unit.context.get());
  configure(passes);
  passes.addPass(createTraceNumbers(unit.numbers));
  if (mlir::failed(passes.run(*unit.module)))
    return messages.error("E0830", "numbers cannot be traced");
  for (NumberSite &site : unit.numbers.sites)
    site.place = sourcePlaceOf(site.where);
  for (NumberLoop &loop : unit.numbers.loops)
    loop.place = sourcePlaceOf(loop.where);
  return {};
}

void Compiler::tell(std::vector<std::string> &messages) const {
  if (options.onMessage)
    for (const std::string &message : messages)
      options.onMessage(message);
  messages.clear();
}

Unit Compiler::freshUnit() const {
  mlir::DialectRegistry registry;
  registerPhaseDialects(registry);
  Unit unit;
  unit.context = std::make_unique<mlir::MLIRContext>(registry, mlir::MLIRContext::Threading::DISABLED);
  unit.context->printOpOnDiagnostic(false); // messages show the model's line
  return unit;
}

Result<void> Compiler::collectInto(Unit &unit) const {
  Result<Manifest> manifest = collect(*unit.module, fileName);
  if (!manifest)
    return manifest.error();
  unit.manifest = std::move(*manifest);
  return {};
}

Result<Unit> Compiler::build(Mode mode, std::int64_t batch, const Layouts *layouts) const {
  auto start = Clock::now();
  Unit unit = freshUnit();
  if (auto parsed = parseInto(unit, mode, batch); !parsed)
    return parsed.error();
  if (auto cut = cutIntoParts(unit, mode); !cut)
    return cut.error();
  if (auto held = hold(unit, mode); !held)
    return held.error();
  if (auto collected = collectInto(unit); !collected)
    return collected.error();
  if (layouts)
    unit.layouts = *layouts;
  unit.times.push_back({"parse", parseSeconds + secondsSince(start)});
  unit.source = sourceOf(mode, batch, layouts);
  return unit;
}

std::string Compiler::codeOptions() const {
  const Target &target = options.target; // the rest of it follows from these
  return fmt::format("{} {} {}\nmachine {}\nmemory {}\n", target.triple, target.cpu, target.features,
                     textOf(target.machine), options.memory.value_or(0));
}

std::string Compiler::codeText(const Unit &unit) const {
  std::string result = codeOptions();
  llvm::raw_string_ostream stream(result);
  const auto flags = mlir::OpPrintingFlags().useLocalScope().assumeVerified();
  for (mlir::Operation &op : *(*unit.module).getBody()) {
    auto program = mlir::dyn_cast<train::ProgramOp>(op);
    if (!program) {
      op.print(stream, flags);
      continue;
    }
    for (auto variable : program.getOps<train::VariableOp>()) // the other declarations tell, and decide nothing
      variable->print(stream, flags);
  }
  return result;
}

std::string Compiler::sourceOf(Mode mode, std::int64_t batch, const Layouts *layouts) const {
  // A field that is added must be considered here, or in codeOptions.
  const auto &[set, optionsBatch, real, onMessage, remarks, target, memory, unroll] = options;
  if (remarks)
    return {};
  std::string result = fmt::format("{} {} {}\n", nameOf(mode),
                                   batch && batch != thePlan.batch ? batch : optionsBatch.value_or(0), nameOf(real)) +
                       codeOptions();
  if (unroll)
    result += "unrolled\n";
  if (holdsStopped && mode == Mode::Gradient)
    result += "held\n";
  if (layouts) {
    result += "layouts\n"; // none is another thing than a choice to be made
    for (const auto &[name, block] : *layouts)
      result += fmt::format("{} {} {}\n", name.size(), name, block);
  }
  for (const auto &[name, value] : set)
    result += fmt::format("{} {} {}={}\n", name.size(), value.size(), name, value);
  for (const auto &[field, count] : classes)
    result += fmt::format("classes {} {}\n", field, count);
  return result + (fileName.ends_with(".mlir") ? "module\n" : "language\n") + fileText;
}

Error Compiler::errorAt(const std::string &file, std::int64_t line, std::int64_t column, const std::string &message,
                        const std::string &code, const std::string &more) const {
  const std::string excerpt = file.empty() ? lineOf(fileText, unsigned(line)) : "";
  return {code, renderMessage(file.empty() ? fileName : file, unsigned(line), unsigned(column), "error",
                              fmt::format("{} [{}]", message, code), excerpt) +
                    more};
}

/// Says on the declarations how another module of the program has its variables.
static void placeAs(const Layouts &layouts, mlir::ModuleOp module) {
  module.walk([&](train::VariableOp variable) {
    const auto members = variable.getMembers(); // all are alike
    const auto block =
        layouts.find((members ? mlir::cast<mlir::StringAttr>((*members)[0]).getValue() : variable.getSymName()).str());
    variable.setBlock(block == layouts.end() ? 0 : block->second);
  });
}

Result<std::int64_t> Compiler::operationsAsWritten(const Unit &unit) const {
  MessageCollector messages(*unit.context, fileName, fileText, {}, /*remarks=*/false);
  mlir::OwningOpRef<mlir::ModuleOp> module = mlir::ModuleOp(*unit.module).clone();
  if (mlir::failed(differentiateAsWritten(*module)))
    return messages.error("E0830", "the program as it is written cannot be differentiated");
  return countOperations(*module);
}

Result<void> Compiler::lower(Unit &unit, Phase last) const {
  auto tellMessage = [&](const std::string &message) {
    unit.told = true;
    if (!unit.quiet && options.onMessage)
      options.onMessage(message);
  };
  MessageCollector messages(*unit.context, fileName, fileText, tellMessage, options.remarks);
  auto tell = [&](Phase phase, double seconds) { unit.times.push_back({phaseName(phase), seconds}); };
  std::vector<CodeRegion> regions;
  const CodegenOptions codegen{
      .target = options.target, .regions = unit.profiled ? &regions : nullptr, .tells = options.remarks && !unit.quiet};
  const std::optional<std::int64_t> memory = unit.traced ? std::nullopt : options.memory;
  for (int next = unit.done ? int(*unit.done) + 1 : 0; next <= int(last); ++next) {
    Phase phase = Phase(next);
    if (phase == Phase::Gradient && memory)
      unit.sparing = sparingOf(*unit.module);
    if (phase == Phase::Linalg && unit.layouts)
      placeAs(*unit.layouts, *unit.module);
    if (phase == Phase::Vector && memory) {
      Result<bool> fitted = fitMemory(unit, codegen, *memory, fileName, [&](mlir::ModuleOp module) {
        if (mlir::failed(runPhases(module, Phase::Gradient, Phase::Update, codegen)))
          return mlir::failure();
        if (unit.layouts)
          placeAs(*unit.layouts, module);
        return runPhases(module, Phase::Linalg, Phase::Linalg, codegen);
      });
      if (!fitted)
        return fitted.error();
      if (!*fitted)
        return messages.error("E0830", "phase `vector` failed without saying why");
    } else if (mlir::failed(runPhases(*unit.module, phase, phase, codegen, tell)))
      return messages.error(phase == Phase::Update ? "E0417" : "E0830",
                            fmt::format("phase `{}` failed without saying why", phaseName(phase)));
    unit.done = phase;
    if (phase == Phase::Gradient || phase == Phase::Update)
      (phase == Phase::Gradient ? unit.gradientOperations : unit.operations) = countOperations(*unit.module);
    if (phase == Phase::Update && unit.traced)
      if (auto traced = trace(unit); !traced)
        return traced.error();
    if (phase == Phase::Linalg || phase == Phase::Vector)
      if (auto collected = collectInto(unit); !collected)
        return collected.error();
    if (phase == Phase::Vector)
      for (const CodeRegion &region : regions)
        unit.regions.push_back(factsOf(region));
    if (phase == Phase::Llvm) // the declarations have been read: what is left is translated
      for (auto program : llvm::make_early_inc_range(unit.module->getOps<train::ProgramOp>()))
        program.erase();
  }
  return {};
}
