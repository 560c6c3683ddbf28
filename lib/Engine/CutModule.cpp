// See CutModule.h.
#include "CutModule.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SetVector.h"

#include <algorithm>
#include <numeric>

using namespace mlir;

/// What a thread of its own costs is as much as so many ops.
static constexpr std::size_t kOpsOfPart = 2048;

static std::size_t opsIn(Operation &op) {
  std::size_t ops = 0;
  op.walk([&](Operation *) { ++ops; });
  return ops;
}

/// The symbols that the ops of a module name, in the order in which they are named.
static llvm::SetVector<StringAttr> namedIn(ModuleOp module) {
  llvm::SetVector<StringAttr> names;
  module.walk([&](Operation *op) {
    for (NamedAttribute attribute : op->getAttrs())
      if (auto symbol = dyn_cast<SymbolRefAttr>(attribute.getValue()))
        names.insert(symbol.getRootReference());
  });
  return names;
}

/// For each of several lengths one of `count` parts: the longest first, each where there is least.
static std::vector<std::size_t> dealt(const std::vector<std::size_t> &lengths, std::size_t count) {
  std::vector<std::size_t> order(lengths.size()), parts(lengths.size()), filled(count, 0);
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, {}, [&](std::size_t i) { return std::pair(-std::ptrdiff_t(lengths[i]), i); });
  for (std::size_t i : order) {
    const auto least = std::ranges::min_element(filled);
    *least += lengths[i];
    parts[i] = std::size_t(least - filled.begin());
  }
  return parts;
}

/// What a part names and has not: functions are declared, and constants copied.
static void complete(ModuleOp part, const llvm::DenseMap<StringAttr, Operation *> &symbols) {
  const SymbolTable own(part);
  for (StringAttr name : namedIn(part)) {
    Operation *symbol = symbols.lookup(name);
    if (!symbol || own.lookup(name))
      continue;
    auto function = dyn_cast<LLVM::LLVMFuncOp>(symbol);
    if (function && !function.isExternal())
      function.setVisibility_(LLVM::Visibility::Hidden);
    part.push_back(function ? function->cloneWithoutRegions() : symbol->clone());
  }
}

std::vector<OwningOpRef<ModuleOp>> talweg::cutModule(ModuleOp module, std::size_t count) {
  std::vector<LLVM::LLVMFuncOp> functions;
  std::vector<std::size_t> lengths;
  llvm::DenseMap<StringAttr, Operation *> symbols;
  for (Operation &op : *module.getBody()) {
    symbols[SymbolTable::getSymbolName(&op)] = &op;
    if (auto function = dyn_cast<LLVM::LLVMFuncOp>(op); function && !function.isExternal()) {
      functions.push_back(function);
      lengths.push_back(opsIn(op));
    }
  }
  const std::size_t ops = std::accumulate(lengths.begin(), lengths.end(), std::size_t(0));
  std::vector<OwningOpRef<ModuleOp>> parts(
      std::clamp<std::size_t>(ops / kOpsOfPart, 1, std::max<std::size_t>(count, 1)));
  for (OwningOpRef<ModuleOp> &part : parts) {
    part = ModuleOp::create(module.getLoc());
    (*part)->setAttrs(module->getAttrDictionary());
  }
  for (auto [function, part] : llvm::zip_equal(functions, dealt(lengths, parts.size()))) {
    function->remove();
    parts[part]->push_back(function);
  }
  for (OwningOpRef<ModuleOp> &part : parts)
    complete(*part, symbols);
  return parts;
}
