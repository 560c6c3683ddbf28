// See Numbers.h.
#include "talweg/Dialect/Tw/Numbers.h"

#include "talweg/Dialect/Tw/Access.h"
#include "talweg/Dialect/Tw/Elements.h"
#include "talweg/Dialect/Tw/Functions.h"

#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace mlir;

namespace talweg::tw {

static Sign signOf(double number) {
  return number > 0 ? Sign::positive : number == 0 ? Sign::notNegative : Sign::unknown;
}

/// The dims over which x is a - max a, so that it is 0 somewhere and nowhere more; nothing: it is something else.
static std::optional<ArrayRef<int64_t>> belowGreatest(Value x) {
  auto difference = x.getDefiningOp<SubOp>();
  auto spread = difference ? difference.getB().getDefiningOp<WindowOp>() : WindowOp();
  if (!spread)
    return std::nullopt;
  Value of = spread.getX();
  if (auto stopped = of.getDefiningOp<StopGradientOp>())
    of = stopped.getX();
  auto greatest = of.getDefiningOp<ReduceOp>();
  if (!greatest || greatest.getKind() != Reduction::max || greatest.getX() != difference.getA() ||
      spread.getMap() != dropDims(x.getContext(), spread.getMap().getNumDims(), greatest.getDims()))
    return std::nullopt;
  return greatest.getDims();
}

/// Whether it sums up e^(a - max a): one term is 1.
static bool isNormalized(ReduceOp sum) {
  auto exp = sum.getX().getDefiningOp<ExpOp>();
  return sum.getKind() == Reduction::sum && exp && belowGreatest(exp.getX()) == sum.getDims();
}

/// A loop whose operands and turns are there; not so while its body is made.
static bool isLoop(Operation *op) {
  auto scan = dyn_cast<ScanOp>(op);
  return scan && scan.getBody()->mightHaveTerminator() && scan.getInside().size() == scan->getNumOperands();
}

/// The facts of `value` and of all that it is computed from, those in front first.
Numbers::Facts Numbers::of(Value value) {
  auto isOpen = [&](Value of) {
    auto argument = dyn_cast<BlockArgument>(of);
    return isa<FloatType>(getElementTypeOrSelf(of)) && !facts.contains(of) &&
           !(argument && !isLoop(argument.getOwner()->getParentOp()));
  };
  SmallVector<Value> open;
  if (isOpen(value))
    open.push_back(value);
  while (!open.empty()) {
    Operation *op = open.back().getDefiningOp();
    if (facts.contains(open.back())) {
      open.pop_back();
      continue;
    }
    if (!op) {
      enter(cast<ScanOp>(open.pop_back_val().getParentBlock()->getParentOp()));
      continue;
    }
    size_t before = open.size();
    if (auto scan = dyn_cast<ScanOp>(op))
      llvm::copy_if(scan.getYield().getValues(), std::back_inserter(open), isOpen);
    else
      llvm::copy_if(op->getOperands(), std::back_inserter(open), isOpen);
    if (open.size() > before)
      continue;
    open.pop_back();
    if (auto scan = dyn_cast<ScanOp>(op)) {
      for (auto [result, yielded] : llvm::zip_equal(scan->getResults(), scan.getYield().getValues()))
        facts[result] = facts.lookup(yielded);
      continue;
    }
    auto singular = [&](Value operand) { return facts.lookup(operand).isSingular; };
    Facts found = {signOfResult(op), makesSingular(op) || llvm::any_of(op->getOperands(), singular)};
    for (Value result : op->getResults())
      facts[result] = found;
  }
  return facts.lookup(value);
}

/// The facts of what a body takes. Of what it carries they are those of the first turn, if a turn that begins with such numbers ends with such.
void Numbers::enter(ScanOp scan) {
  auto carried = scan.getCarried();
  for (auto [operand, inside] : llvm::zip_equal(scan->getOperands(), scan.getInside())) {
    const Facts known = of(operand);
    facts[inside] = known;
  }
  for (Value value : carried)
    facts[value].sign = Sign::unknown;
  auto becomes = [&](auto pair) { return !isSingular(std::get<0>(pair)) && isSingular(std::get<1>(pair)); };
  if (llvm::none_of(llvm::zip(carried, scan.getYield().getValues()), becomes))
    return;
  scan.getBody()->walk([&](Operation *op) { forget(op); });
  for (Value value : carried)
    facts[value].isSingular = true;
}

void Numbers::forget(Operation *op) {
  for (Value result : op->getResults())
    facts.erase(result);
  for (Region &region : op->getRegions())
    for (Value argument : region.getArguments())
      facts.erase(argument);
}

Sign Numbers::signOfResult(Operation *op) {
  auto lesser = [&](Value a, Value b) { return std::min(sign(a), sign(b)); };
  return llvm::TypeSwitch<Operation *, Sign>(op)
      .Case([](tw::ConstantOp constant) {
        auto number = tw::uniformValue(constant);
        return number ? signOf(*number) : Sign::unknown;
      })
      .Case<tw::ExpOp, tw::LogisticOp, tw::UniformOp>([](Operation *) { return Sign::notNegative; })
      .Case<tw::AbsOp, tw::SqrtOp, tw::RsqrtOp>(
          [&](auto unary) { return std::max(sign(unary.getX()), Sign::notNegative); })
      .Case<tw::WindowOp, tw::ReshapeOp, tw::StopGradientOp, tw::WatchOp>([&](auto same) { return sign(same.getX()); })
      .Case([&](tw::ReduceOp reduce) { return isNormalized(reduce) ? Sign::positive : sign(reduce.getX()); })
      .Case([&](tw::FoldOp fold) { return std::min(sign(fold.getX()), Sign::notNegative); })
      .Case([&](tw::GatherOp gather) { return sign(gather.getTable()); })
      .Case([&](tw::ScatterAddOp scatter) { return std::min(sign(scatter.getValues()), Sign::notNegative); })
      .Case([&](tw::PadOp pad) { return std::min(sign(pad.getX()), signOf(pad.getValue().convertToDouble())); })
      .Case([&](tw::ConcatOp concat) {
        auto signs = llvm::map_range(concat.getParts(), [&](Value part) { return sign(part); });
        return *llvm::min_element(signs);
      })
      .Case([&](tw::ConvertOp convert) {
        return tw::infoOf(getElementTypeOrSelf(convert.getX())).isUnsigned() ? Sign::notNegative : sign(convert.getX());
      })
      .Case([&](tw::AddOp add) {
        Sign least = lesser(add.getA(), add.getB());
        return least == Sign::unknown ? least : std::max(sign(add.getA()), sign(add.getB()));
      })
      .Case([&](tw::MulOp mul) {
        Sign least = lesser(mul.getA(), mul.getB());
        return mul.getA() == mul.getB() ? std::max(least, Sign::notNegative) : least;
      })
      .Case<tw::DivOp, tw::MinOp, tw::SelectOp>([&](auto binary) { return lesser(binary.getA(), binary.getB()); })
      .Case([&](tw::MaxOp max) { return std::max(sign(max.getA()), sign(max.getB())); })
      .Case([&](tw::PowOp pow) {
        auto exponent = tw::uniformValue(pow.getB());
        bool isEven = exponent && std::fmod(*exponent, 2) == 0;
        return isEven ? std::max(sign(pow.getA()), Sign::notNegative) : sign(pow.getA());
      })
      .Case([&](tw::ContractOp contract) {
        bool squares = contract.getA() == contract.getB() && contract.getAMap() == contract.getBMap();
        Sign least = std::min(lesser(contract.getA(), contract.getB()), Sign::notNegative);
        return squares ? Sign::notNegative : least;
      })
      .Default(Sign::unknown);
}

bool Numbers::canBeZero(Value divisor) {
  auto number = tw::uniformValue(divisor);
  return sign(divisor) != Sign::positive && !(number && *number != 0);
}

/// Whether a function that is finite `where` may be infinite or nan of the finite x.
bool Numbers::canLeave(tw::FiniteWhere where, Value x) {
  switch (where) {
  case tw::FiniteWhere::everywhere: return false;
  case tw::FiniteWhere::notNegative: return sign(x) == Sign::unknown;
  case tw::FiniteWhere::positive: return sign(x) != Sign::positive;
  case tw::FiniteWhere::notPositive: break;
  }
  if (belowGreatest(x))
    return false;
  auto negated = x.getDefiningOp<tw::NegOp>();
  return !negated || sign(negated.getX()) == Sign::unknown;
}

/// Whether finite numbers become infinite. Single ones do not: they are the plan's, whose hyper-parameters are numbers of f32.
static bool overflows(tw::ConvertOp convert) {
  auto from = convert.getX().getType(), to = convert.getY().getType();
  const ElementInfo &wide = tw::infoOf(from.getElementType()), &narrow = tw::infoOf(to.getElementType());
  return wide.isFloat() && narrow.isFloat() && wide.largest > narrow.largest && (!to.hasRank() || to.getRank() > 0);
}

/// Whether the op's result may be infinite or nan where its operands are not.
bool Numbers::makesSingular(Operation *op) {
  if (!isa<tw::TwDialect>(op->getDialect()))
    return false;
  if (const tw::Function *function = tw::findFunction(op))
    return canLeave(function->finiteWhere, op->getOperand(0));
  return llvm::TypeSwitch<Operation *, bool>(op)
      .Case([](tw::ConstantOp constant) {
        auto elements = dyn_cast<DenseElementsAttr>(constant.getValue());
        auto isInside = [](const APFloat &number) { return number.isFinite(); };
        return !elements || !(elements.isSplat() ? isInside(elements.getSplatValue<APFloat>())
                                                 : llvm::all_of(elements.getValues<APFloat>(), isInside));
      })
      .Case([](tw::ConvertOp convert) { return overflows(convert); })
      .Case([](tw::PadOp pad) { return !pad.getValue().isFinite(); })
      .Case([&](tw::DivOp div) { return canBeZero(div.getB()); })
      .Case([&](tw::PowOp pow) {
        if (sign(pow.getA()) == Sign::positive)
          return false;
        auto exponent = tw::uniformValue(pow.getB());
        bool isRoot = exponent && std::floor(*exponent) != *exponent;
        return !exponent || *exponent < 0 || (isRoot && sign(pow.getA()) == Sign::unknown);
      })
      .Default([](Operation *other) { return !other->hasTrait<tw::FiniteWhereOperandsAre>(); });
}

} // namespace talweg::tw
