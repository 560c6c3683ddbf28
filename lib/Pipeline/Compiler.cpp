// The two kinds of source, the language and MLIR text, and the phases of a unit.
#include "talweg/Pipeline/Compiler.h"

#include "FitMemory.h"
#include "Messages.h"
#include "ModuleFacts.h"

#include "talweg/Dialect/Train/Train.h"
#include "talweg/Dialect/Tw/Elements.h"
#include "talweg/Frontend/Frontend.h"

#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"

#include <fmt/format.h>

#include <chrono>

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

  Result<void> readPlan() {
    Result<frontend::Plan> read = source.plan(frontendOptions("train", 0));
    if (!read)
      return read.error();
    thePlan = std::move(*read);
    return {};
  }

  Result<std::string> ast() const override { return source.dumpAst(); }

protected:
  Result<void> parseInto(Unit &unit, const std::string &mode, std::int64_t batch) const override {
    auto module = source.build(*unit.context, frontendOptions(mode, batch));
    if (!module)
      return module.error();
    unit.module = std::move(*module);
    return {};
  }

private:
  frontend::Options frontendOptions(const std::string &mode, std::int64_t batch) const {
    frontend::Options result;
    result.mode = mode;
    result.batch = batch ? batch : options.batch.value_or(0);
    result.doublePrecision = options.doublePrecision;
    for (auto &[key, value] : options.set)
      result.set[key] = value;
    return result;
  }

  frontend::Source source;
};

/// A module in MLIR's text, holding one train.program.
class ModuleCompiler : public Compiler {
public:
  ModuleCompiler(std::string text, const std::string &name, const CompilerOptions &options) : Compiler(options) {
    setText(std::move(text), name);
  }

  Result<void> readPlan() {
    Unit unit = freshUnit();
    if (auto parsed = parse(unit); !parsed)
      return parsed.error();
    train::ProgramOp program = *unit.module->getOps<train::ProgramOp>().begin();
    thePlan.model = program.getName().str();
    thePlan.batch = program.getBatch();
    thePlan.steps = 1;
    predictsOnly = program.getMode() == "predict";
    for (auto op : program.getOps<train::FieldOp>()) {
      auto type = mlir::dyn_cast<mlir::RankedTensorType>(op.getType());
      frontend::Field field;
      field.name = op.getSymName().str();
      auto element = tw::elementTypeOf(type ? type.getElementType() : op.getType());
      if (element != ElementType::F32 && element != ElementType::I32 && element != ElementType::U8)
        return Error{"internal",
                     fmt::format("{}: error: field `{}` is stored neither as f32, i32 nor ui8", fileName, field.name)};
      field.element = *element;
      if (type)
        field.shape = type.getShape().vec();
      if (op.getClasses())
        field.classes = *op.getClasses();
      thePlan.fields.push_back(std::move(field));
    }
    for (auto op : program.getOps<train::HyperOp>()) {
      std::size_t index = op.getIndex();
      if (thePlan.hypers.size() <= index)
        thePlan.hypers.resize(index + 1);
      thePlan.hypers[index] = {op.getSymName().str(), op.getValue().convertToDouble()};
    }
    for (auto op : program.getOps<train::ObjectiveOp>())
      for (mlir::Attribute metric : op.getMetrics())
        thePlan.metrics.push_back(mlir::cast<mlir::StringAttr>(metric).str());
    for (auto op : program.getOps<train::OptimizerOp>())
      for (mlir::Attribute report : op.getReport())
        thePlan.reports.push_back(mlir::cast<mlir::StringAttr>(report).str());
    for (auto &[key, value] : options.set)
      return Error{"E0834", fmt::format("{}: error: `{}` cannot be set in a module", fileName, key)};
    return {};
  }

  Result<std::string> ast() const override {
    return Error{"E0835", fmt::format("{}: error: a module has no syntax tree", fileName)};
  }

protected:
  Result<void> parseInto(Unit &unit, const std::string &mode, std::int64_t batch) const override {
    if (auto parsed = parse(unit); !parsed)
      return parsed.error();
    train::ProgramOp program = *unit.module->getOps<train::ProgramOp>().begin();
    if (predictsOnly != (mode == "predict"))
      return Error{"E0836", fmt::format("{}: error: the program is written for mode `{}` and cannot run in mode `{}`",
                                        fileName, program.getMode().str(), mode)};
    if (batch && batch != std::int64_t(program.getBatch()))
      return Error{"E0837", fmt::format("{}: error: the program is written for batches of {}, not of {}", fileName,
                                        program.getBatch(), batch)};
    program.setMode(mode);
    return {};
  }

private:
  Result<void> parse(Unit &unit) const {
    MessageCollector messages(*unit.context, fileName, fileText, options.onMessage, options.remarks);
    unit.module = mlir::parseSourceString<mlir::ModuleOp>(fileText, unit.context.get(), fileName);
    if (!unit.module)
      return messages.error("E0831", "not a valid module");
    auto programs = unit.module->getOps<train::ProgramOp>();
    if (std::distance(programs.begin(), programs.end()) != 1)
      return Error{"E0831", fmt::format("{}: error: the module does not hold exactly one train.program", fileName)};
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
    if (auto read = compiler->readPlan(); !read)
      return read.error();
    result = std::move(compiler);
  } else {
    Result<frontend::Source> source = frontend::Source::parse(text, name);
    if (!source)
      return source.error();
    auto compiler = std::make_unique<LanguageCompiler>(std::move(*source), options);
    compiler->setText(std::move(text), name);
    if (auto read = compiler->readPlan(); !read)
      return read.error();
    result = std::move(compiler);
  }
  result->parseSeconds = secondsSince(start);
  return result;
}

Unit Compiler::freshUnit() const {
  mlir::DialectRegistry registry;
  registerPhaseDialects(registry);
  Unit unit;
  unit.context = std::make_unique<mlir::MLIRContext>(registry, mlir::MLIRContext::Threading::DISABLED);
  unit.context->printOpOnDiagnostic(false); // messages show the model's line
  return unit;
}

Result<Unit> Compiler::build(const std::string &mode, std::int64_t batch, const Layouts *layouts) const {
  auto start = Clock::now();
  Unit unit = freshUnit();
  if (auto parsed = parseInto(unit, mode, batch); !parsed)
    return parsed.error();
  if (layouts)
    giveLayouts(*unit.module, *layouts);
  if (options.memory) // a part of the program: other limits, other code
    (*unit.module)
        ->setAttr("talweg.memory_limit", mlir::Builder(unit.context.get()).getI64IntegerAttr(*options.memory));
  unit.times.push_back({"parse", parseSeconds + secondsSince(start)});
  unit.source = sourceOf(mode, batch, layouts);
  return unit;
}

std::string Compiler::sourceOf(const std::string &mode, std::int64_t batch, const Layouts *layouts) const {
  // A field that is added must be considered here.
  const auto &[set, optionsBatch, doublePrecision, onMessage, remarks, memory] = options;
  if (remarks)
    return {};
  std::string result = fmt::format("{} {} {} {}\n", mode, batch ? batch : optionsBatch.value_or(thePlan.batch),
                                   doublePrecision ? "f64" : "f32", memory.value_or(0));
  if (layouts) {
    result += "layouts\n"; // none is another thing than a choice to be made
    for (const auto &[name, block] : *layouts)
      result += fmt::format("{} {} {}\n", name.size(), name, block);
  }
  for (const auto &[name, value] : set)
    result += fmt::format("{} {} {}={}\n", name.size(), value.size(), name, value);
  return result + (fileName.ends_with(".mlir") ? "module\n" : "language\n") + fileText;
}

Error Compiler::errorAt(const std::string &file, std::int64_t line, std::int64_t column, const std::string &message,
                        const std::string &code, const std::string &more) const {
  const std::string excerpt = file.empty() ? lineOf(fileText, unsigned(line)) : "";
  return {code, renderMessage(file.empty() ? fileName : file, unsigned(line), unsigned(column), "error",
                              fmt::format("{} [{}]", message, code), excerpt) +
                    more};
}

Result<void> Compiler::lower(Unit &unit, Phase last) const {
  auto tellMessage = [&](const std::string &message) {
    unit.told = true;
    if (!unit.quiet && options.onMessage)
      options.onMessage(message);
  };
  MessageCollector messages(*unit.context, fileName, fileText, tellMessage, options.remarks);
  auto tell = [&](Phase phase, double seconds) { unit.times.push_back({phaseName(phase), seconds}); };
  for (int next = unit.done ? int(*unit.done) + 1 : 0; next <= int(last); ++next) {
    Phase phase = Phase(next);
    if (phase == Phase::Vector && options.memory) {
      Result<bool> fitted = fitMemory(unit, *options.memory, fileName);
      if (!fitted)
        return fitted.error();
      if (!*fitted)
        return messages.error("E0830", "phase `vector` failed without saying why");
    } else if (mlir::failed(runPhases(*unit.module, phase, phase, tell, {.markRegions = unit.profiled})))
      return messages.error("E0830", fmt::format("phase `{}` failed without saying why", phaseName(phase)));
    unit.done = phase;
    if (phase == Phase::Gradient)
      countContractions(*unit.module, unit.facts);
    if (phase == Phase::Update) {
      if (auto read = readLayout(*unit.module, unit.facts); !read)
        return read.error();
      for (FaultSite &site : unit.facts.faults)
        if (site.file == fileName)
          site.file.clear();
    }
    if (phase == Phase::Vector) {
      readSizes(*unit.module, unit.facts);
      readRegions(*unit.module, unit.facts);
    }
  }
  return {};
}
