// The plan of a product: what can be counted of it, and its form as an attribute.
#include "talweg/Dialect/Kernel/Kernel.h"

#include "mlir/IR/Builders.h"

using namespace mlir;

namespace talweg::kernel {

std::int64_t turnsOf(ArrayRef<Loop> loops) {
  std::int64_t turns = 1;
  for (const Loop &loop : loops)
    turns *= loop.extent;
  return turns;
}

double ProductPlan::multiplyAdds() const {
  return double(m.extent) * n.extent * turnsOf(scatter) * turnsOf(kBlocks) * turnsOf(outer) * turnsOf(k);
}

std::int64_t ProductPlan::tiles() const {
  return turnsOf(outer) * ((m.extent + rows - 1) / rows) * ((n.extent + panel() - 1) / panel());
}

std::int64_t ProductPlan::visits() const {
  std::int64_t blocks = kBlock ? (k.front().extent + kBlock - 1) / kBlock : 1;
  return turnsOf(scatter) * turnsOf(kBlocks) * blocks;
}

//===-- as an attribute --------------------------------------------------------------------------------------------===//

namespace {

/// Hands every field of a plan to `visit(name, field)`.
template <typename Plan, typename Visit>
void visitFields(Plan &plan, Visit &&visit) {
  visit("scatter", plan.scatter);
  visit("k_blocks", plan.kBlocks);
  visit("outer", plan.outer);
  visit("k", plan.k);
  visit("m", plan.m);
  visit("n", plan.n);
  visit("swapped", plan.swapped);
  visit("dot", plan.dot);
  visit("lanes", plan.lanes);
  visit("rows", plan.rows);
  visit("vectors", plan.vectors);
  visit("k_block", plan.kBlock);
  visit("chains", plan.chains);
  visit("pack_a", plan.packA.wanted);
  visit("pack_a_ahead", plan.packA.ahead);
  visit("pack_a_tile", plan.packA.tile);
  visit("pack_b", plan.packB.wanted);
  visit("pack_b_ahead", plan.packB.ahead);
  visit("pack_b_tile", plan.packB.tile);
}

/// Fields as attributes: a loop is array<i64: extent, a, b, c, e…>.
struct Writer {
  Builder builder;
  NamedAttrList fields;

  Attribute of(bool value) { return builder.getBoolAttr(value); }
  Attribute of(std::int64_t value) { return builder.getI64IntegerAttr(value); }
  Attribute of(const Loop &loop) {
    SmallVector<std::int64_t> numbers{loop.extent, loop.a, loop.b, loop.c};
    llvm::append_range(numbers, loop.e);
    return builder.getDenseI64ArrayAttr(numbers);
  }
  Attribute of(ArrayRef<Loop> loops) {
    SmallVector<Attribute> all;
    for (const Loop &loop : loops)
      all.push_back(of(loop));
    return builder.getArrayAttr(all);
  }
};

struct Reader {
  std::size_t known = 0; ///< fields that were there
  std::string fault;     ///< the first field that is not what it must be

  bool read(Attribute from, bool &to) {
    auto value = dyn_cast<BoolAttr>(from);
    to = value && value.getValue();
    return bool(value);
  }
  bool read(Attribute from, std::int64_t &to) {
    auto value = dyn_cast<IntegerAttr>(from);
    to = value ? value.getInt() : 0;
    return value && value.getType().isSignlessInteger(64);
  }
  bool read(Attribute from, Loop &to) {
    auto numbers = dyn_cast<DenseI64ArrayAttr>(from);
    if (!numbers || numbers.size() < 4 || numbers[0] < 1)
      return false;
    ArrayRef<std::int64_t> all = numbers;
    to = {all[0], all[1], all[2], all[3], {}};
    to.e.append(all.begin() + 4, all.end());
    return true;
  }
  bool read(Attribute from, SmallVector<Loop> &to) {
    auto loops = dyn_cast<ArrayAttr>(from);
    return loops && llvm::all_of(loops, [&](Attribute loop) { return read(loop, to.emplace_back()); });
  }
};

/// `plan` with the fields that are given. Why they are no plan, if they are not.
std::string readPlan(DictionaryAttr fields, ProductPlan &plan) {
  Reader reader;
  visitFields(plan, [&](StringRef name, auto &field) {
    Attribute given = fields.get(name);
    reader.known += given != nullptr;
    if (given && !reader.read(given, field) && reader.fault.empty())
      reader.fault = ("field '" + name + "' is malformed").str();
  });
  if (reader.fault.empty() && reader.known != fields.size())
    return "a field is none of a plan's";
  if (reader.fault.empty() &&
      (plan.k.empty() || plan.lanes < 1 || plan.rows < 1 || plan.vectors < 1 || plan.chains < 1))
    return "a plan has a loop of k, and a tile of at least one element";
  return reader.fault;
}

} // namespace

ProductPlanAttr ProductPlanAttr::get(MLIRContext *context, const ProductPlan &plan) {
  Writer writer{Builder(context), {}}, defaults{Builder(context), {}};
  const ProductPlan nothing;
  visitFields(nothing, [&](StringRef name, auto &field) { defaults.fields.set(name, defaults.of(field)); });
  visitFields(plan, [&](StringRef name, auto &field) {
    Attribute value = writer.of(field);
    if (value != defaults.fields.get(name))
      writer.fields.set(name, value);
  });
  return get(context, writer.fields.getDictionary(context));
}

ProductPlan ProductPlanAttr::getPlan() const {
  ProductPlan plan;
  readPlan(getFields(), plan);
  return plan;
}

LogicalResult ProductPlanAttr::verify(function_ref<InFlightDiagnostic()> emitError, DictionaryAttr fields) {
  ProductPlan plan;
  std::string fault = readPlan(fields, plan);
  return fault.empty() ? success() : emitError() << fault;
}

} // namespace talweg::kernel
