// What a host takes from a module on its way: counts after the gradient, layout and columns after the update, sizes
// once memory is planned.
#include "Collect.h"

#include "Messages.h"

#include "talweg/Dialect/Train/Train.h"
#include "talweg/Dialect/Tw/Elements.h"
#include "talweg/Dialect/Tw/Tw.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <algorithm>

using namespace mlir;
using namespace talweg;

std::vector<Variable> talweg::variablesOf(ModuleOp module) {
  std::vector<Variable> result;
  module.walk([&](train::VariableOp op) {
    auto type = cast<RankedTensorType>(op.getType());
    ElementType element = *tw::elementTypeOf(type.getElementType()); // the op's verifier
    result.push_back({op.getSymName().str(), op.getRole(), element, type.getShape().vec(), op.getFrozen(),
                      std::int64_t(op.getOffset().value_or(0))});
  });
  return result;
}

Layouts talweg::layoutsOf(const std::vector<Variable> &variables) {
  Layouts layouts;
  for (const Variable &variable : variables)
    if (variable.block != 0)
      layouts[variable.name] = variable.block;
  return layouts;
}

void talweg::countContractions(ModuleOp module, Manifest &manifest) {
  module.walk([&](tw::ContractOp op) {
    std::int64_t products = 1;
    for (std::int64_t extent : op.getExtents())
      products *= extent;
    manifest.flops += 2 * products;
    ++manifest.contractions;
  });
}

/// What the objective reads, and what it requires.
static void readFields(Block &objective, Manifest &manifest) {
  for (BlockArgument batch : objective.getArguments())
    manifest.fields.push_back({!batch.use_empty()});
  for (auto require : objective.getOps<tw::RequireOp>()) {
    FileLineColRange place = placeOf(require.getLoc());
    manifest.faults.push_back({require.getMessage().str(), require.getHelp().value_or("").str(),
                               place ? place.getFilename().str() : "", place ? place.getStartLine() : 0,
                               place ? place.getStartColumn() : 0});
  }
  boundFields(objective, manifest);
}

Result<void> talweg::readLayout(ModuleOp module, Manifest &manifest) {
  auto programs = module.getOps<train::ProgramOp>();
  if (programs.empty())
    return Error{"E0831", "error: the module holds no train.program"};
  train::ProgramOp program = *programs.begin();
  manifest.mode = *program.getMode();
  manifest.batch = program.getBatch();
  manifest.variables = variablesOf(module);
  for (auto objective : program.getOps<train::ObjectiveOp>()) {
    readFields(objective.getBody().front(), manifest);
    ValueRange told = objective.getBody().front().getTerminator()->getOperands();
    for (auto [number, metric] : llvm::enumerate(objective.getMetrics().getAsRange<StringAttr>())) {
      manifest.metrics.push_back(metric.str());
      if (number + 1 < told.size() && told[number + 1] == told[0])
        manifest.lossMetrics.push_back(metric.str());
    }
    objective.walk([&](train::ReportOp report) { manifest.reports.push_back(report.getName().str()); });
    if (program.getMode() != Mode::Predict)
      continue;
    auto output = cast<RankedTensorType>(objective.getBody().front().getTerminator()->getOperand(0).getType());
    manifest.outputShape = output.getShape().vec();
    manifest.outputType = tw::elementTypeOf(output.getElementType()).value_or(ElementType::F32);
    if (output.getRank() == 0 || output.getDimSize(0) != manifest.batch)
      return Error{"internal", "error: the model's output does not have one row for each row of the batch"};
    if (!isa<FloatType>(output.getElementType()))
      return Error{"E0832", "error: prediction of a model whose output is not a float is not supported yet"};
  }
  return {};
}

void talweg::giveLayouts(ModuleOp module, const Layouts &layouts) {
  Builder builder(module.getContext());
  SmallVector<NamedAttribute> blocks;
  for (auto &[name, block] : layouts)
    blocks.push_back(builder.getNamedAttr(name, builder.getI64IntegerAttr(block)));
  module->setAttr("talweg.layouts", builder.getDictionaryAttr(blocks));
}

void talweg::readSizes(ModuleOp module, Manifest &manifest) {
  if (auto described = module->getAttrOfType<ArrayAttr>("talweg.variables"))
    for (auto [variable, entry] : llvm::zip_equal(manifest.variables, described.getAsRange<DictionaryAttr>()))
      if (auto block = entry.getAs<IntegerAttr>("block"))
        variable.block = block.getInt();
  module.walk([&](func::FuncOp function) {
    if (!function.getSymName().starts_with("talweg_") || function.getNumArguments() < 2)
      return;
    auto bytes = [&](unsigned argument) {
      auto type = dyn_cast<MemRefType>(function.getArgumentTypes()[argument]);
      return type && type.hasStaticShape() ? type.getNumElements() : 0;
    };
    manifest.persistentBytes = std::max(manifest.persistentBytes, bytes(0));
    manifest.arenaBytes = std::max(manifest.arenaBytes, bytes(1));
  });
}

std::vector<RegionFacts> talweg::readRegions(ModuleOp module) {
  std::vector<RegionFacts> result;
  auto regions = module->getAttrOfType<ArrayAttr>("talweg.regions");
  if (!regions)
    return result;
  for (auto region : regions.getAsRange<DictionaryAttr>()) {
    auto text = [&](StringRef name) { return region.getAs<StringAttr>(name).str(); };
    auto number = [&](StringRef name) { return region.getAs<IntegerAttr>(name).getInt(); };
    RegionFacts &added = result.emplace_back();
    added.kind = text("kind");
    added.what = text("what");
    // Locations are named by talweg-differentiate, talweg-expand-update and talweg-train-to-loops; those of the forward pass are not.
    StringRef part = region.getAs<StringAttr>("part");
    added.part = part.empty() ? "forward" : part.str();
    StringRef then = region.getAs<StringAttr>("then");
    if (part.consume_front("update of ")) {
      added.part = "update";
      added.variable = part.str();
    } else if (then.consume_front("update of ")) {
      added.what += " of the update";
      added.variable = then.str();
    }
    added.file = text("file");
    added.line = number("line");
    added.column = number("column");
    added.endColumn = number("end");
    added.flops = number("flops");
    added.bytesRead = number("read");
    added.bytesWritten = number("written");
  }
  return result;
}
