// Makes a step tell the range of every value of floats that it computes. What is in the body of a loop is told of each turn: the body emits it. What
// only a loss needs that is skipped in some steps is told in the others alone. That a loss or a norm is finite is not required any more.
#include "NumberWords.h"

#include "talweg/Dialect/Train/Train.h"
#include "talweg/Dialect/Tw/Elements.h"
#include "talweg/Dialect/Tw/Tw.h"
#include "talweg/Transforms/NumberSites.h"
#include "talweg/Transforms/Passes.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

#include <array>

using namespace mlir;

namespace talweg {
#define GEN_PASS_DEF_TRACENUMBERS
#include "talweg/Transforms/Passes.h.inc"

namespace {

bool isOfFloats(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && isa<FloatType>(tensor.getElementType());
}

/// The least and the greatest, or nan: of each turn of the loops that have been left.
using Told = std::array<Value, 2>;
constexpr const char *kTold[] = {"least", "greatest"};

struct ToldSite {
  int site;
  Told told;
};

/// The program's own ops, in front of those of the trace.
SmallVector<Operation *> opsOf(Block &block) {
  return llvm::map_to_vector(block.without_terminator(), [](Operation &op) { return &op; });
}

/// Of all elements of `x`.
Told rangeOf(ImplicitLocOpBuilder &b, Value x) {
  auto type = cast<RankedTensorType>(x.getType());
  if (!tw::isReal(type.getElementType())) { // it is only stored
    type = type.clone(b.getF32Type());
    x = tw::ConvertOp::create(b, type, x);
  }
  if (type.getRank() == 0)
    return {x, x};
  auto reduced = [&](tw::Reduction kind) -> Value {
    return tw::ReduceOp::create(b, RankedTensorType::get({}, type.getElementType()), kind, x,
                                llvm::to_vector(llvm::seq<int64_t>(0, type.getRank())));
  };
  return {reduced(tw::Reduction::min), reduced(tw::Reduction::max)};
}

/// In which steps a value is needed: in all, or in the last of so many.
struct Steps {
  bool all = false;
  SmallVector<int64_t> last = {};

  void add(const Steps &other) {
    all |= other.all;
    for (int64_t steps : other.last)
      if (!llvm::is_contained(last, steps))
        last.push_back(steps);
  }
};

class Tracing {
public:
  Tracing(NumberSites &out, train::ProgramOp program) : out(out), symbols(program) {}

  void run(train::ObjectiveOp objective, ArrayRef<train::FieldOp> fields);

private:
  void traceOps(ArrayRef<Operation *> ops, SmallVector<ToldSite> &told);
  void traceOp(Operation &op, SmallVector<ToldSite> &told);
  void traceScan(tw::ScanOp scan, SmallVector<ToldSite> &told);
  int add(Value value, NumberSite::Kind kind, Location loc, std::string what);
  void tell(int site, Value value, OpBuilder &at, SmallVector<ToldSite> &told);
  void findSteps(train::ObjectiveOp objective);
  Value inSteps(ImplicitLocOpBuilder &b, Value told, const Steps &steps, double none);
  int siteOf(Value value) const {
    auto found = siteOfValue.find(value);
    return found == siteOfValue.end() ? -1 : found->second;
  }

  NumberSites &out;
  SymbolTable symbols;
  int entry = -1;
  SmallVector<int> loops, positions;
  llvm::DenseMap<Value, int> siteOfValue;
  llvm::DenseMap<Operation *, Steps> needed; ///< ops of the objective
  llvm::DenseMap<int, Steps> neededSite;
};

//===-- sites ------------------------------------------------------------------------------------------------------===//

int Tracing::add(Value value, NumberSite::Kind kind, Location loc, std::string what) {
  NumberSite site;
  site.kind = kind;
  site.what = std::move(what);
  site.where = loc;
  if (train::PartAttr part = train::partOf(loc)) {
    site.part = part.getPart();
    if (part.getVariable())
      site.variable = part.getVariable().getValue().str();
  }
  site.entry = entry;
  site.loops.assign(loops.begin(), loops.end());
  site.positions.assign(positions.begin(), positions.end());
  site.count = cast<RankedTensorType>(value.getType()).getNumElements();
  out.sites.push_back(std::move(site));
  return siteOfValue[value] = int(out.sites.size()) - 1;
}

void Tracing::tell(int site, Value value, OpBuilder &at, SmallVector<ToldSite> &told) {
  ImplicitLocOpBuilder b(value.getLoc(), at);
  told.push_back({site, rangeOf(b, value)});
}

/// The range of a constant.
NumberRange rangeOf(ElementsAttr value) {
  NumberRange range;
  auto take = [&](APFloat number) {
    bool loses = false;
    number.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &loses);
    range.take(number.convertToDouble());
  };
  auto dense = dyn_cast<DenseElementsAttr>(value);
  if (dense && dense.isSplat())
    take(dense.getSplatValue<APFloat>());
  else if (dense)
    for (APFloat number : dense.getValues<APFloat>())
      take(number);
  return range;
}

/// Has a result the elements of its operand and no others?
bool hasSameElements(Operation &op) {
  if (isa<tw::ReshapeOp, tw::StopGradientOp, tw::WatchOp>(op))
    return true;
  auto window = dyn_cast<tw::WindowOp>(op);
  if (!window || !window.getMap().isProjectedPermutation())
    return false;
  auto x = cast<RankedTensorType>(window.getX().getType()), y = cast<RankedTensorType>(window.getY().getType());
  for (auto [dim, place] : llvm::enumerate(window.getMap().getResults()))
    if (y.getDimSize(cast<AffineDimExpr>(place).getPosition()) != x.getDimSize(dim))
      return false;
  return true;
}

void Tracing::traceOp(Operation &op, SmallVector<ToldSite> &told) {
  if (auto scan = dyn_cast<tw::ScanOp>(op))
    return traceScan(scan, told);
  SmallVector<int> operands;
  for (Value operand : op.getOperands())
    if (int site = siteOf(operand); site >= 0)
      operands.push_back(site);
  for (OpResult result : op.getResults()) {
    if (!isOfFloats(result.getType()))
      continue;
    auto kind = NumberSite::Kind::Operation;
    std::string what = wordsFor(&op);
    auto get = dyn_cast<train::GetOp>(op);
    if (get) {
      kind = NumberSite::Kind::Variable;
      what = get.getVariable().str();
    } else if (auto setting = dyn_cast<train::GetHyperOp>(op)) {
      kind = NumberSite::Kind::Setting;
      what = setting.getHyper().str();
    } else if (isa<tw::ConstantOp>(op)) {
      kind = NumberSite::Kind::Constant;
    } else if (isa<train::CombinedOp>(op)) {
      kind = NumberSite::Kind::Combined;
    }
    int number = add(result, kind, op.getLoc(), what);
    NumberSite &site = out.sites[number];
    site.operands.assign(operands.begin(), operands.end());
    if (loops.empty())
      neededSite[number] = needed.lookup(&op);
    if (auto constant = dyn_cast<tw::ConstantOp>(op)) {
      site.range = rangeOf(cast<ElementsAttr>(constant.getValueAttr()));
      continue;
    }
    if (auto combined = dyn_cast<train::CombinedOp>(op))
      site.combined = int64_t(combined.getAt());
    if (get)
      if (auto variable = symbols.lookup<train::VariableOp>(get.getVariable())) {
        site.where = variable.getLoc();
        site.isState = variable.getRole() == Role::State;
        if (variable.getMembers())
          for (StringRef member : variable.getMembers()->getAsValueRange<StringAttr>())
            site.members.push_back(member.str());
      }
    if (kind == NumberSite::Kind::Variable || kind == NumberSite::Kind::Setting ||
        (hasSameElements(op) && operands.size() == 1))
      continue;
    OpBuilder behind(op.getContext());
    behind.setInsertionPointAfter(&op);
    tell(number, result, behind, told);
  }
}

void Tracing::traceOps(ArrayRef<Operation *> ops, SmallVector<ToldSite> &told) {
  positions.push_back(0);
  for (Operation *op : ops) {
    ++positions.back();
    traceOp(*op, told);
  }
  positions.pop_back();
}

//===-- loops ------------------------------------------------------------------------------------------------------===//

/// The loop over the turns of a block, in a loop over blocks; null: it is another loop.
tw::ScanOp turnsOfBlock(tw::ScanOp scan) {
  if (scan.getBlocks())
    for (auto inner : scan.getBody()->getOps<tw::ScanOp>())
      if (inner.getLoc() == scan.getLoc())
        return inner;
  return {};
}

/// How many turns of the same loop of the text another one takes, in front of those of `scan`: the turns that blocks leave come behind them.
int64_t turnsInFront(tw::ScanOp scan) {
  if (!scan.getBlocks())
    for (auto other : scan->getBlock()->getOps<tw::ScanOp>())
      if (other != scan && other.getLoc() == scan.getLoc())
        if (tw::ScanOp turns = turnsOfBlock(other))
          return int64_t(other.getLength()) * int64_t(turns.getLength());
  return 0;
}

void Tracing::traceScan(tw::ScanOp scan, SmallVector<ToldSite> &told) {
  const unsigned carried = scan.getStarts().size();
  SmallVector<int> operands = llvm::map_to_vector(scan.getOperands(), [&](Value operand) { return siteOf(operand); });
  const Steps steps = needed.lookup(scan);
  NumberLoop loop;
  loop.turns = int64_t(scan.getLength());
  loop.reversed = scan.getReversed();
  loop.ofBlocks = bool(turnsOfBlock(scan));
  loop.first = turnsInFront(scan);
  loop.where = scan.getLoc();
  out.loops.push_back(loop);
  loops.push_back(int(out.loops.size()) - 1);
  positions.push_back(0);

  const SmallVector<Operation *> ops = opsOf(*scan.getBody());
  OpBuilder atHead = OpBuilder::atBlockBegin(scan.getBody());
  SmallVector<ToldSite> inside;
  SmallVector<std::pair<unsigned, int>> hands; // what is carried, and its site
  for (auto [number, argument] : llvm::enumerate(scan.getInside())) {
    if (operands[number] < 0)
      continue;
    const bool isCarried = number < carried, isSlice = !isCarried && number < carried + scan.getStacks().size();
    if (!isCarried && !isSlice) { // what all turns share is what it is outside
      siteOfValue[argument] = operands[number];
      continue;
    }
    const NumberSite outer = out.sites[operands[number]];
    int site =
        add(argument, isCarried ? NumberSite::Kind::Carried : NumberSite::Kind::Slice, scan.getLoc(), outer.what);
    out.sites[site].operands = {operands[number]};
    if (isCarried) {
      hands.push_back({unsigned(number), site});
    } else {
      out.sites[site].members = outer.members;
      out.sites[site].isState = outer.isState;
      if (outer.members.empty())
        tell(site, argument, atHead, inside);
    }
  }
  positions.pop_back();
  traceOps(ops, inside);
  tw::YieldOp yield = scan.getYield();
  SmallVector<int> yielded = llvm::map_to_vector(yield.getValues(), [&](Value value) { return siteOf(value); });
  for (auto [number, site] : hands)
    out.sites[site].operands.push_back(yielded[number]);
  loops.pop_back();

  SmallVector<Value> values(yield.getValues());
  SmallVector<Type> types(scan.getResultTypes());
  for (const ToldSite &one : inside)
    for (Value number : one.told) {
      values.push_back(number);
      types.push_back(tw::stackOf(number.getType(), int64_t(scan.getLength())));
    }
  yield->setOperands(values);
  OpBuilder builder(scan);
  auto telling =
      tw::ScanOp::create(builder, scan.getLoc(), scan, types, scan.getStarts(), scan.getStacks(), scan.getShared());
  telling.getTurns().takeBody(scan.getTurns());
  const unsigned before = scan.getNumResults();
  scan->replaceAllUsesWith(telling.getResults().take_front(before));
  scan.erase();
  for (auto [number, site] : llvm::enumerate(yielded)) {
    if (site < 0)
      continue;
    int result =
        add(telling.getResult(unsigned(number)), number < carried ? NumberSite::Kind::End : NumberSite::Kind::Emitted,
            telling.getLoc(), out.sites[site].what);
    out.sites[result].operands = {site};
  }
  for (auto [number, one] : llvm::enumerate(inside)) {
    Told turns;
    for (unsigned i = 0; i < turns.size(); ++i)
      turns[i] = telling.getResult(before + unsigned(turns.size() * number) + i);
    told.push_back({one.site, turns});
    if (loops.empty())
      neededSite[one.site] = steps;
  }
}

//===-- steps that skip a loss -------------------------------------------------------------------------------------===//

void Tracing::findSteps(train::ObjectiveOp objective) {
  needed.clear();
  for (Operation &op : llvm::reverse(objective.getBody().front())) {
    Steps own = needed.lookup(&op);
    if (auto report = dyn_cast<train::ReportOp>(op); report && report.getEvery())
      own.last.push_back(int64_t(*report.getEvery()));
    else if (op.getNumResults() == 0)
      own.all = true;
    needed[&op] = own;
    for (OpOperand &operand : op.getOpOperands()) {
      Operation *definition = operand.get().getDefiningOp();
      if (!definition)
        continue;
      auto every = dyn_cast<train::EveryOp>(op);
      if (every && operand.get() == every.getLast() && operand.get() != every.getBefore())
        needed[definition].add({false, {int64_t(every.getSteps())}});
      else
        needed[definition].add(own);
    }
  }
}

/// `told` in the steps in which it is computed, in the others `none`.
Value Tracing::inSteps(ImplicitLocOpBuilder &b, Value told, const Steps &steps, double none) {
  if (steps.all || steps.last.empty())
    return told;
  auto type = cast<RankedTensorType>(told.getType());
  Value result = tw::ConstantOp::create(b, DenseElementsAttr::get(type, b.getFloatAttr(type.getElementType(), none)));
  for (int64_t every : steps.last)
    result = train::EveryOp::create(b, type, b.getI64IntegerAttr(every), told, result);
  return result;
}

//===-- an objective -----------------------------------------------------------------------------------------------===//

/// A traced step looks at no number itself: it has to tell those that are not finite. What was looked at.
llvm::DenseSet<Value> lookAway(Block &block) {
  llvm::DenseSet<Value> looked;
  for (auto require : llvm::make_early_inc_range(block.getOps<tw::RequireOp>()))
    if (require.getNotFinite()) {
      auto every = require.getValue().getDefiningOp<train::EveryOp>();
      looked.insert(every ? every.getLast() : require.getValue());
      require.erase();
    }
  return looked;
}

void Tracing::run(train::ObjectiveOp objective, ArrayRef<train::FieldOp> fields) {
  ++entry;
  Block &block = objective.getBody().front();
  const llvm::DenseSet<Value> looked = lookAway(block);
  findSteps(objective);
  SmallVector<ToldSite> told;
  ImplicitLocOpBuilder b(objective.getLoc(), objective.getContext());
  SmallVector<train::ReportOp> reports = train::toldBy(objective);
  SmallVector<train::SetOp> sets(block.getOps<train::SetOp>());
  SmallVector<train::PartialOp> partials(block.getOps<train::PartialOp>());
  const SmallVector<Operation *> ops = opsOf(block);
  positions.push_back(0);
  if (block.getNumArguments() > 0)
    for (auto [constField, argument] : llvm::zip(fields, block.getArguments()))
      if (train::FieldOp field = constField; isOfFloats(argument.getType()) && !argument.use_empty())
        add(argument, NumberSite::Kind::Field, field.getLoc(), field.getSymName().str());
  positions.pop_back();
  traceOps(ops, told);

  b.setInsertionPoint(block.getTerminator());
  llvm::DenseMap<Operation *, int> siteOfReport;
  for (const ToldSite &one : told)
    for (auto [number, value] : llvm::enumerate(one.told)) {
      b.setLoc(value.getLoc());
      auto type = cast<RankedTensorType>(value.getType());
      Value table = type.getRank() > 0 ? b.createOrFold<tw::ConvertOp>(type.clone(b.getF64Type()), value) : value;
      table = inSteps(b, table, neededSite.lookup(one.site),
                      std::numeric_limits<double>::infinity() * (number == 0 ? 1 : -1));
      auto report =
          train::ReportOp::create(b, talweg::Told::Table, std::to_string(one.site) + "." + kTold[number], table);
      if (number == 0)
        siteOfReport[report] = one.site;
    }
  int64_t width = 0;
  for (train::ReportOp report : train::toldBy(objective)) {
    if (auto site = siteOfReport.find(report); site != siteOfReport.end())
      out.sites[site->second].at = width;
    width += cast<RankedTensorType>(report.getValue().getType()).getNumElements();
  }
  for (train::PartialOp partial : partials) {
    width += cast<RankedTensorType>(partial.getValue().getType()).getNumElements();
    if (int site = siteOf(partial.getValue()); site >= 0)
      out.partials.push_back({int64_t(partial.getAt()), site});
  }
  out.widths.push_back(width);
  for (train::ReportOp report : reports)
    if (int site = siteOf(report.getValue()); report.getTold() == talweg::Told::Loss && site >= 0)
      out.losses.push_back({report.getName().str(), entry, site});
    else if (site >= 0 && looked.contains(report.getValue()))
      out.norms.push_back({report.getName().str(), entry, site});
  for (train::SetOp set : sets)
    if (int site = siteOf(set.getValue()); site >= 0)
      out.variables.push_back({set.getVariable().str(), entry, site});
}

struct TraceNumbers : impl::TraceNumbersBase<TraceNumbers> {
  NumberSites *asked = nullptr; ///< who made the pass

  TraceNumbers() = default;
  explicit TraceNumbers(NumberSites &sites) : asked(&sites) {}

  void runOnOperation() override {
    NumberSites found;
    for (auto program : getOperation().getOps<train::ProgramOp>()) {
      SmallVector<train::FieldOp> fields(program.getOps<train::FieldOp>());
      Tracing tracing(found, program);
      for (auto objective : program.getOps<train::ObjectiveOp>())
        if (!objective.getTell())
          tracing.run(objective, fields);
    }
    traced = found.sites.size();
    if (asked)
      *asked = std::move(found);
    else
      for (const NumberSite &site : found.sites)
        if (site.at >= 0)
          emitRemark(Location(site.where)) << nameOf(site.part) << ": " << site.what << ", told at " << site.at;
  }
};

} // namespace

std::unique_ptr<Pass> createTraceNumbers(NumberSites &sites) { return std::make_unique<TraceNumbers>(sites); }

} // namespace talweg
