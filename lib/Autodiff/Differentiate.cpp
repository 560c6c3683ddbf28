// The derivatives in a program's objective, and the backward pass of each of its losses.
//
// In: a program. Out: every tw.gradient is the ops that it stands for, and there is neither tw.watch nor tw.with_derivative; in the place
// of every train.minimize stands the gradient of each of its parameters, handed to its optimizer (mode train) or stored in the slot
// `<parameter>.grad` (gradient; of a second loss `<parameter>.<loss>.grad`), all at locations in Part::Backward. In mode train a loss that is to be
// finite, and the norms that its gradients are clipped by, are required to be. Guaranteed: a parameter that no derivative reaches is an error.
#include "talweg/Autodiff/Differentiate.h"
#include "talweg/Autodiff/Passes.h"
#include "talweg/Dialect/Train/Train.h"
#include "talweg/Dialect/Tw/Access.h"
#include "talweg/Dialect/Tw/DerivativePath.h"
#include "talweg/Dialect/Tw/Norm.h"
#include "talweg/Dialect/Tw/Rows.h"
#include "talweg/Dialect/Tw/Tw.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;

namespace talweg {
#define GEN_PASS_DEF_DIFFERENTIATE
#include "talweg/Autodiff/Passes.h.inc"

namespace {

/// A constant of the value's type, all of whose elements are `number`.
Value createSplat(OpBuilder &builder, Value like, double number) {
  auto type = cast<RankedTensorType>(like.getType());
  auto elements = DenseElementsAttr::get(type, Attribute(builder.getFloatAttr(type.getElementType(), number)));
  return tw::ConstantOp::create(builder, like.getLoc(), elements);
}

/// A parameter's sum of squares: of the last of `every` steps, where the loss is skipped in the others.
struct Squares {
  Value sum;
  IntegerAttr every;
};
/// Of each norm of gradients its sums, in the order of the losses and of their parameters.
using SquaresOfNorms = llvm::MapVector<Operation *, SmallVector<Squares>>;

/// A requirement of a loss that is skipped but in the last of `every` steps.
struct RequiredEvery {
  tw::RequireOp require;
  IntegerAttr every;
};

bool contains(ArrayAttr parameters, train::VariableOp parameter) {
  return llvm::is_contained(parameters.getAsRange<FlatSymbolRefAttr>(),
                            FlatSymbolRefAttr::get(parameter.getSymNameAttr()));
}

/// The backward pass of one loss.
class BackwardPass {
public:
  BackwardPass(train::MinimizeOp minimize, SquaresOfNorms &norms, SmallVector<RequiredEvery> &required)
      : norms(norms), required(required), program(minimize->getParentOfType<train::ProgramOp>()), minimize(minimize),
        block(*minimize->getBlock()), symbols(program), builder(minimize) {}

  LogicalResult run();

private:
  LogicalResult findGradients();
  void measure();
  void requireFinite(Value number, const std::string &what);
  void clip();
  void clip(train::ClipAttr clip, Value limit, std::string norm);
  void handToOptimizers();
  void storeInSlots();
  void markBackward(Operation *lastPrimal);
  InFlightDiagnostic reportUnreached(train::VariableOp parameter);
  SmallVector<train::GetOp> readsOf(StringRef parameter);

  SquaresOfNorms &norms;
  SmallVector<RequiredEvery> &required;
  train::ProgramOp program;
  train::MinimizeOp minimize;
  Block &block;
  SymbolTable symbols;
  OpBuilder builder;
  /// Of each parameter, in the order of the op.
  SmallVector<std::pair<train::VariableOp, Value>> gradients;
};

LogicalResult BackwardPass::run() {
  Operation *lastPrimal = minimize->getPrevNode();
  if (program.getMode() == Mode::Train)
    requireFinite(minimize.getLoss(),
                  minimize.getName() == "loss" ? "the loss" : "the loss `" + minimize.getName().str() + "`");
  if (failed(findGradients()))
    return failure();
  if (program.getMode() == Mode::Train) {
    measure();
    clip();
    handToOptimizers();
  } else {
    storeInSlots();
  }
  markBackward(lastPrimal);
  minimize.erase();
  return success();
}

SmallVector<train::GetOp> BackwardPass::readsOf(StringRef parameter) {
  SmallVector<train::GetOp> reads;
  for (auto get : block.getOps<train::GetOp>())
    if (get.getVariable() == parameter && get->isBeforeInBlock(minimize))
      reads.push_back(get);
  return reads;
}

/// The loss has cotangent 1. A parameter's gradient is the sum of those of all its reads.
LogicalResult BackwardPass::findGradients() {
  SmallVector<Value> reads;
  for (auto name : minimize.getOver().getAsRange<FlatSymbolRefAttr>()) {
    gradients.push_back({symbols.lookup<train::VariableOp>(name.getValue()), Value()});
    for (train::GetOp get : readsOf(name.getValue()))
      reads.push_back(get.getValue());
  }
  llvm::sort(reads, [](Value a, Value b) { return a.getDefiningOp()->isBeforeInBlock(b.getDefiningOp()); });
  if (!minimize.getGradients().empty()) {
    for (auto [of, gradient] : llvm::zip_equal(gradients, minimize.getGradients()))
      of.second = gradient;
    return success();
  }
  Value loss = minimize.getLoss();
  Value unit = createSplat(builder, loss, 1);
  auto cotangents = differentiate(builder, Seed{loss, unit}, reads, "a parameter");
  if (failed(cotangents))
    return failure();
  if (unit.use_empty() && !llvm::is_contained(*cotangents, unit))
    unit.getDefiningOp()->erase();
  llvm::StringMap<Value> sums;
  for (auto [read, dy] : llvm::reverse(llvm::zip_equal(reads, *cotangents)))
    if (Value &sum = sums[read.getDefiningOp<train::GetOp>().getVariable()]; dy)
      sum = sum ? builder.createOrFold<tw::AddOp>(read.getLoc(), dy.getType(), sum, dy) : dy;
  LogicalResult result = success();
  for (auto &[parameter, gradient] : gradients) {
    gradient = sums.lookup(parameter.getSymName());
    if (!gradient)
      result = reportUnreached(parameter);
  }
  return result;
}

InFlightDiagnostic BackwardPass::reportUnreached(train::VariableOp parameter) {
  auto error = parameter.emitError() << "the loss does not depend on parameter '" << parameter.getSymName()
                                     << "' in a way that has a derivative";
  auto reads = llvm::map_to_vector(readsOf(parameter.getSymName()), [](train::GetOp get) -> Value { return get; });
  if (Operation *cut = tw::derivativePath(reads, minimize.getLoss()).cut)
    error.attachNote(cut->getLoc()) << "`" << cut->getName() << "`, which has no derivative, depends on it here";
  return error;
}

/// For the norms behind, of gradients before they are clipped.
void BackwardPass::measure() {
  for (auto &[norm, squares] : norms)
    for (auto [parameter, gradient] : gradients)
      if (minimize->isBeforeInBlock(norm) && contains(cast<train::NormOp>(norm).getOf(), parameter))
        squares.push_back(
            {train::sumsOfSquares(builder, norm->getLoc(), gradient, parameter), minimize.getEveryAttr()});
}

void BackwardPass::requireFinite(Value number, const std::string &what) {
  if (!minimize.getFinite())
    return;
  ImplicitLocOpBuilder b(minimize.getLoc(), builder);
  auto truth = RankedTensorType::get({}, b.getI1Type());
  Value size = tw::AbsOp::create(b, number.getType(), number);
  Value isFinite = tw::CompareOp::create(b, truth, tw::Predicate::lt, size,
                                         createSplat(b, number, std::numeric_limits<double>::infinity()));
  auto require = tw::RequireOp::create(b, isFinite, number, b.getStringAttr(what + " is {}"),
                                       b.getStringAttr("a smaller learning rate may prevent it"), IntegerAttr(),
                                       IntegerAttr(), b.getUnitAttr());
  if (IntegerAttr every = minimize.getEveryAttr())
    required.push_back({require, every});
}

void BackwardPass::clip() {
  if (!minimize.getClips())
    return;
  int norms = 0;
  for (auto [clip, limit] : llvm::zip_equal(minimize.getClips()->getAsRange<train::ClipAttr>(), minimize.getLimits())) {
    std::string name = minimize.getName() == "loss" ? "gradient_norm" : (minimize.getName() + "_gradient_norm").str();
    if (clip.getLimit() == Limit::Norm && ++norms > 1)
      name += "_" + std::to_string(norms);
    this->clip(clip, limit, name);
  }
}

/// Limits the gradients of the parameters in `clip`.
void BackwardPass::clip(train::ClipAttr clip, Value limit, std::string norm) {
  Location loc = minimize.getLoc();
  ImplicitLocOpBuilder b(loc, builder);
  limit = b.createOrFold<tw::MaxOp>(limit.getType(), limit, createSplat(b, limit, 0));
  auto spread = [&](Value scalar, Value like) -> Value {
    auto type = cast<RankedTensorType>(like.getType());
    Value near = b.createOrFold<tw::ConvertOp>(RankedTensorType::get({}, type.getElementType()), scalar);
    return b.createOrFold<tw::WindowOp>(type, near, tw::spreadMap(b.getContext(), type.getRank()));
  };
  auto isClipped = [&](train::VariableOp parameter) { return contains(clip.getParameters(), parameter); };
  if (clip.getLimit() == Limit::Value) {
    for (auto &[parameter, gradient] : gradients)
      if (isClipped(parameter)) {
        Value most = spread(limit, gradient), least = tw::NegOp::create(b, most.getType(), most);
        Value below = tw::MinOp::create(b, gradient.getType(), gradient, most);
        gradient = tw::MaxOp::create(b, gradient.getType(), below, least);
      }
    return;
  }
  Type f64 = limit.getType();
  SmallVector<Value> squares;
  for (auto [parameter, gradient] : gradients)
    if (isClipped(parameter))
      squares.push_back(train::sumsOfSquares(b, loc, gradient, parameter));
  Value length = tw::normOf(b, loc, squares), one = createSplat(b, length, 1);
  Value factor = tw::DivOp::create(b, f64, limit, tw::AddOp::create(b, f64, length, createSplat(b, length, 1e-6)));
  factor = tw::MinOp::create(b, f64, factor, one);
  train::ReportOp::create(b, Told::Report, norm, length, minimize.getEveryAttr());
  requireFinite(length, "`" + norm + "`, the norm that gradients are clipped by,");
  for (auto &[parameter, gradient] : gradients)
    if (isClipped(parameter))
      gradient = tw::MulOp::create(b, gradient.getType(), gradient, spread(factor, gradient));
}

void BackwardPass::handToOptimizers() {
  for (auto [of, by] : llvm::zip_equal(gradients, minimize.getBy()->getAsRange<FlatSymbolRefAttr>())) {
    auto [parameter, gradient] = of;
    train::UpdateOp::create(builder, parameter.getLoc(), FlatSymbolRefAttr::get(parameter.getSymNameAttr()), gradient,
                            /*rows=*/Value(), by, minimize.getEveryAttr());
  }
}

void BackwardPass::storeInSlots() {
  OpBuilder declare(minimize->getParentOp());
  SmallVector<Attribute> slots;
  for (auto [parameter, gradient] : gradients) {
    Location loc = parameter.getLoc();
    auto type = cast<RankedTensorType>(gradient.getType());
    std::string name = (parameter.getSymName() + ".grad").str();
    for (std::string more; symbols.lookup(name); more += "_") // of a loss in front, or a slot of that name
      name = (parameter.getSymName() + "." + minimize.getName() + ".grad" + more).str();
    slots.push_back(FlatSymbolRefAttr::get(builder.getContext(), name));
    auto slot = train::VariableOp::create(declare, loc, name, Role::Slot, type);
    if (auto members = parameter.getMembers()) {
      const StringRef ending = StringRef(name).drop_front(parameter.getSymName().size());
      slot.setMembersAttr(builder.getArrayAttr(
          llvm::map_to_vector(members->getAsValueRange<StringAttr>(),
                              [&](StringRef member) -> Attribute { return builder.getStringAttr(member + ending); })));
    }
    Block &init = slot.getInit().emplaceBlock();
    init.addArgument(RankedTensorType::get({2}, builder.getI64Type()), loc);
    auto inside = OpBuilder::atBlockEnd(&init);
    train::YieldOp::create(inside, loc, createSplat(inside, gradient, 0));
    train::SetOp::create(builder, loc, name, gradient);
  }
  for (auto report : block.getOps<train::ReportOp>())
    if (report.getTold() == Told::Loss && report.getName() == minimize.getName()) {
      report.setOverAttr(minimize.getOverAttr());
      report.setGradientsAttr(builder.getArrayAttr(slots));
    }
}

/// Every op of the backward pass keeps the place of the op it comes from.
void BackwardPass::markBackward(Operation *lastPrimal) {
  for (Operation &op :
       llvm::make_range(lastPrimal ? std::next(lastPrimal->getIterator()) : block.begin(), minimize->getIterator()))
    op.walk([](Operation *inner) { inner->setLoc(train::inPart(inner->getLoc(), Part::Backward)); });
}

/// Puts the ops in the place of a tw.gradient. Of what y does not depend on, it is 0.
LogicalResult expand(tw::GradientOp gradient, const tw::Rows *rows) {
  OpBuilder builder(gradient);
  auto cotangents = differentiate(builder, Seed{gradient.getY(), gradient.getDy()}, gradient.getX(),
                                  "what is differentiated by", rows);
  if (failed(cotangents))
    return failure();
  for (auto [dx, cotangent] : llvm::zip_equal(gradient.getDx(), *cotangents))
    dx.replaceAllUsesWith(cotangent ? cotangent : createSplat(builder, dx, 0));
  gradient.erase();
  return success();
}

/// Puts the norm of the losses' gradients in the place of a train.norm. A step that skips a loss has none of it: this is chosen here, behind all
/// losses, as what is skipped has no derivative that a later one's backward pass could take.
LogicalResult expand(train::NormOp norm, ArrayRef<Squares> squares) {
  if (squares.empty())
    return norm.emitError() << "no loss in front of it gives any of these parameters a gradient";
  OpBuilder builder(norm);
  auto inStep = [&](const Squares &of) -> Value {
    if (!of.every)
      return of.sum;
    Value none = createSplat(builder, of.sum, 0);
    return train::EveryOp::create(builder, norm.getLoc(), none.getType(), of.every, of.sum, none);
  };
  norm.replaceAllUsesWith(tw::normOf(builder, norm.getLoc(), llvm::map_to_vector(squares, inStep)));
  norm.erase();
  return success();
}

/// Where the loss is skipped nothing is required of it: chosen behind all losses, as norms are.
void skip(const RequiredEvery &required) {
  tw::RequireOp require = required.require;
  ImplicitLocOpBuilder b(require.getLoc(), require);
  Value isFinite = require.getCondition(), number = require.getValue();
  auto truth = cast<RankedTensorType>(isFinite.getType());
  Value always = tw::ConstantOp::create(b, truth, DenseElementsAttr::get(truth, true));
  require.getConditionMutable().assign(train::EveryOp::create(b, truth, required.every, isFinite, always));
  require.getValueMutable().assign(
      train::EveryOp::create(b, number.getType(), required.every, number, createSplat(b, number, 0)));
}

/// Nothing is differentiated any more.
void leaveValues(Block &block) {
  for (Operation &op : llvm::make_early_inc_range(block))
    if (auto scan = dyn_cast<tw::ScanOp>(op)) {
      leaveValues(*scan.getBody());
    } else if (isa<tw::WatchOp, tw::WithDerivativeOp>(op)) {
      op.getResult(0).replaceAllUsesWith(op.getOperand(0));
      op.erase();
    }
}

/// The first one, also in the turns of a loop; or null.
tw::GradientOp firstGradient(Block &block) {
  for (Operation &op : block) {
    if (auto gradient = dyn_cast<tw::GradientOp>(op))
      return gradient;
    if (auto scan = dyn_cast<tw::ScanOp>(op))
      if (tw::GradientOp inside = firstGradient(*scan.getBody()))
        return inside;
  }
  return {};
}

struct Differentiate : impl::DifferentiateBase<Differentiate> {
  using DifferentiateBase::DifferentiateBase;

  void runOnOperation() override {
    for (auto program : getOperation().getOps<train::ProgramOp>()) {
      if (failed(program.findObjective()))
        return signalPassFailure();
      for (auto objective : llvm::to_vector(program.getOps<train::ObjectiveOp>()))
        if (failed(ofRows ? expandOfRows(objective) : differentiateIn(objective.getBody().front())))
          return signalPassFailure();
    }
  }

private:
  /// The first one first, so that a later one differentiates what it gives. A rule of the program's own may put more of them in front.
  static LogicalResult expandGradients(Block &block, std::optional<int64_t> batch) {
    while (tw::GradientOp gradient = firstGradient(block)) {
      std::optional<tw::Rows> rows;
      if (batch)
        rows.emplace(block, *batch);
      if (failed(expand(gradient, rows ? &*rows : nullptr)))
        return failure();
    }
    return success();
  }

  static LogicalResult expandOfRows(train::ObjectiveOp objective) {
    Block &block = objective.getBody().front();
    if (failed(expandGradients(block, objective->getParentOfType<train::ProgramOp>().getBatch())))
      return failure();
    if (block.getOps<train::MinimizeOp>().empty())
      leaveValues(block);
    return success();
  }

  static LogicalResult differentiateIn(Block &block) {
    if (failed(expandGradients(block, std::nullopt)))
      return failure();
    SquaresOfNorms norms;
    SmallVector<RequiredEvery> required;
    for (auto norm : block.getOps<train::NormOp>())
      if (norm.getMeasured() == Measured::Gradient)
        norms[norm];
    for (auto minimize : llvm::make_early_inc_range(block.getOps<train::MinimizeOp>()))
      if (failed(BackwardPass(minimize, norms, required).run()) || failed(expandGradients(block, std::nullopt)))
        return failure();
    for (auto &[norm, squares] : norms)
      if (failed(expand(cast<train::NormOp>(norm), squares)))
        return failure();
    for (const RequiredEvery &each : required)
      skip(each);
    leaveValues(block);
    return success();
  }
};

} // namespace
} // namespace talweg
