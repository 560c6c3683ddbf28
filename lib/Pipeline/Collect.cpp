// Reads the manifest off a module: the declarations of its train.program, in their order, and the sizes of its functions' memory.
#include "Collect.h"

#include "Messages.h"

#include "talweg/Dialect/Train/Train.h"
#include "talweg/Dialect/Tw/Elements.h"
#include "talweg/Frontend/PlanOps.h"
#include "talweg/Runtime/Abi.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/TypeSwitch.h"

#include <algorithm>
#include <map>

using namespace mlir;
using namespace talweg;

static Variable variableOf(train::VariableOp op) {
  auto type = cast<RankedTensorType>(op.getType());
  return {op.getSymName().str(),
          op.getRole(),
          *tw::elementTypeOf(type.getElementType()), // the op's verifier
          type.getShape().vec(),
          op.getFrozen(),
          std::int64_t(op.getOffset().value_or(0)),
          std::int64_t(op.getBlock().value_or(0))};
}

/// Of a stack its members, one behind the other.
static std::vector<Variable> membersOf(train::VariableOp op) {
  Variable variable = variableOf(op);
  std::vector<Variable> members;
  if (!op.getMembers())
    return {variable};
  const std::int64_t bytes = op.getBytes() / std::int64_t(op.getMembers()->size());
  variable.shape.erase(variable.shape.begin(), variable.shape.end() - op.getMemberRank());
  for (StringRef name : op.getMembers()->getAsValueRange<StringAttr>()) {
    variable.name = name.str();
    members.push_back(variable);
    variable.offset += bytes;
  }
  return members;
}

/// In the order of the program's text: members of stacks say where they stand.
static std::vector<Variable> variablesOf(train::ProgramOp program) {
  std::vector<Variable> others;
  std::map<std::int64_t, Variable> placed;
  for (auto op : program.getBody().front().getOps<train::VariableOp>())
    for (auto [number, variable] : llvm::enumerate(membersOf(op)))
      if (op.getPlaces())
        placed[(*op.getPlaces())[number]] = std::move(variable);
      else
        others.push_back(std::move(variable));
  std::vector<Variable> variables;
  auto next = others.begin();
  while (variables.size() < placed.size() + others.size()) {
    auto here = placed.find(std::int64_t(variables.size()));
    variables.push_back(std::move(here != placed.end() ? here->second : *next++));
  }
  return variables;
}

/// The names that hosts know what is listed by.
static std::vector<std::string> namesOf(train::ProgramOp program, ArrayAttr symbols) {
  std::vector<std::string> names;
  for (auto symbol : symbols.getAsRange<FlatSymbolRefAttr>())
    for (const Variable &variable : membersOf(SymbolTable(program).lookup<train::VariableOp>(symbol.getValue())))
      names.push_back(variable.name);
  return names;
}

Layouts talweg::layoutsOf(const std::vector<Variable> &variables) {
  Layouts layouts;
  for (const Variable &variable : variables)
    if (variable.block != 0)
      layouts[variable.name] = variable.block;
  return layouts;
}

static FieldUse useOf(train::FieldOp op) {
  FieldUse use{op.getRead()};
  if (std::optional<ArrayRef<std::int64_t>> range = op.getRange()) {
    use.low = (*range)[0];
    use.high = (*range)[1];
  }
  return use;
}

static FaultSite siteOf(train::FaultOp op, const std::string &file) {
  FaultSite site{op.getMessage().str(), op.getHelp().value_or("").str(), op.getNotFinite(), "", 0, 0};
  if (FileLineColRange place = placeOf(op.getLoc())) {
    site.file = place.getFilename().str() == file ? "" : place.getFilename().str();
    site.line = place.getStartLine();
    site.column = place.getStartColumn();
  }
  return site;
}

template <typename Op>
static void addColumn(Op column, bool isFirst, Manifest &manifest, ArrayRef<int64_t> shape) {
  const Told told = column.getTold();
  const StringRef name = column.getName();
  if (told == Told::Table) {
    manifest.tables.push_back({name.str(), shape.vec()});
    return;
  }
  if (column.getOfSums())
    manifest.ofSums.push_back(std::int64_t(manifest.every.size()));
  manifest.every.push_back(std::int64_t(column.getEvery().value_or(1)));
  manifest.otherLosses += !isFirst && told == Told::Loss;
  if (isFirst && told == Told::Loss)
    manifest.loss = name.str();
  else
    (told == Told::Report ? manifest.reports : manifest.metrics).push_back(name.str());
}

static Result<void> readPrediction(train::PredictionOp op, Manifest &manifest) {
  auto type = cast<RankedTensorType>(op.getType());
  manifest.outputShape = type.getShape().vec();
  if (ArrayAttr parts = cast<train::ProgramOp>(op->getParentOp()).getOutputsAttr())
    for (auto shape : parts.getAsRange<DenseI64ArrayAttr>())
      manifest.outputs.push_back(shape.asArrayRef().vec());
  if (!isa<FloatType>(type.getElementType()))
    return Error{"E0832", "error: prediction of a model whose output is not a float is not supported yet"};
  manifest.outputType = *tw::elementTypeOf(type.getElementType());
  return {};
}

static void readSizes(func::FuncOp function, Manifest &manifest) {
  auto bytes = [&](unsigned argument) {
    auto type = dyn_cast<MemRefType>(function.getArgumentTypes()[argument]);
    return type && type.hasStaticShape() ? type.getNumElements() : 0;
  };
  manifest.persistentBytes = std::max(manifest.persistentBytes, bytes(abi::kPersistent));
  manifest.arenaBytes = std::max(manifest.arenaBytes, bytes(abi::kArena));
}

Result<Manifest> talweg::collect(ModuleOp module, const std::string &file) {
  auto programs = module.getOps<train::ProgramOp>();
  if (programs.empty())
    return Error{"E0831", "error: the module holds no train.program"};
  train::ProgramOp program = *programs.begin();
  Manifest manifest;
  manifest.model = program.getName().str();
  manifest.mode = *program.getMode();
  manifest.batch = program.getBatch();
  manifest.knowsEnd = program.getKnowsEnd();
  program.walk([&](train::TotalStepsOp) { manifest.knowsEnd = true; });
  manifest.variables = variablesOf(program);
  for (Operation &op : program.getBody().front()) {
    Result<void> read;
    llvm::TypeSwitch<Operation *>(&op)
        .Case([&](train::FieldOp op) {
          manifest.uses.push_back(useOf(op));
          manifest.fields.push_back(frontend::readField(op));
        })
        .Case([&](train::HyperOp op) {
          manifest.hypers.resize(std::max(manifest.hypers.size(), std::size_t(op.getIndex() + 1)));
          manifest.hypers[op.getIndex()] = {op.getSymName().str(), op.getValue().convertToDouble()};
        })
        .Case([&](train::ObjectiveOp objective) { // each is a train.column once it is lowered
          if (objective.getTell())
            return;
          manifest.inParts |= objective.getFinish();
          for (auto [number, report] : llvm::enumerate(train::toldBy(objective)))
            addColumn(report, number == 0, manifest, cast<RankedTensorType>(report.getValue().getType()).getShape());
        })
        .Case([&](train::ColumnOp column) {
          addColumn(column, column == *program.getOps<train::ColumnOp>().begin(), manifest,
                    column.getShape().value_or(ArrayRef<int64_t>()));
          if (column.getOver())
            for (auto [parameter, slot] :
                 llvm::zip_equal(namesOf(program, *column.getOver()), namesOf(program, *column.getGradients())))
              manifest.gradients.push_back({parameter, slot, std::int64_t(manifest.columns() - 1)});
          if (column.getIsLoss())
            manifest.lossMetrics.push_back(column.getName().str());
        })
        .Case([&](train::SumOp sum) {
          manifest.sums.push_back({sum.getCombine(), std::int64_t(sum.getCount()), std::int64_t(sum.getPass())});
        })
        .Case([&](train::FaultOp fault) { manifest.faults.push_back(siteOf(fault, file)); })
        .Case([&](train::PredictionOp prediction) { read = readPrediction(prediction, manifest); })
        .Case([&](train::WorkOp work) {
          manifest.flops = work.getFlops();
          manifest.contractions = work.getContractions();
          manifest.movedBytes = work.getMoved();
        });
    if (!read)
      return read.error();
  }
  for (auto function : module.getOps<func::FuncOp>())
    if (abi::isEntry(function.getSymName())) {
      readSizes(function, manifest);
      manifest.inParts |= function.getSymName() == abi::kFinishEntry;
    }
  return manifest;
}

RegionFacts talweg::factsOf(const CodeRegion &region) {
  RegionFacts facts;
  facts.kind = region.kind;
  facts.what = region.what;
  train::PartAttr part = train::partOf(region.loc), then = region.epilogue ? train::partOf(*region.epilogue) : nullptr;
  if (part)
    facts.part = part.getPart();
  if (facts.part == Part::Update) {
    facts.variable = part.getVariable().getValue().str();
  } else if (then && then.getPart() == Part::Update) {
    facts.what += " of the update";
    facts.variable = then.getVariable().getValue().str();
  }
  if (FileLineColRange place = placeOf(region.loc)) {
    facts.file = place.getFilename().str();
    facts.line = place.getStartLine();
    facts.column = place.getStartColumn();
    facts.endColumn = place.getEndLine() == place.getStartLine() ? place.getEndColumn() : 0;
  }
  facts.flops = region.flops;
  facts.bytesRead = region.bytesRead;
  facts.bytesWritten = region.bytesWritten;
  facts.plan = region.plan;
  facts.plans = region.plans;
  facts.estimatedNs = region.estimatedNs;
  facts.forks = region.forks;
  facts.pieces = region.pieces;
  return facts;
}
