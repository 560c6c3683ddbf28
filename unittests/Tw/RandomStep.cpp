// The frame of a random program: data, variables, optimizer, loss, metrics; the ops come from the makers.
#include "Makers.h"

#include "talweg/Autodiff/Differentiate.h"

#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/raw_ostream.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

using namespace mlir;

namespace talweg::random {

//===-- programs ---------------------------------------------------------------------------------------------------===//

Tensor Inputs::operator()(Value value) const {
  if (auto argument = dyn_cast<BlockArgument>(value))
    return batch[argument.getArgNumber()];
  Operation *op = value.getDefiningOp();
  if (auto get = dyn_cast<train::GetOp>(op)) {
    auto found = after.find(get.getVariable().str());
    for (auto loss : get->getBlock()->getOps<train::MinimizeOp>())
      if (found != after.end() && loss->isBeforeInBlock(get) &&
          llvm::is_contained(loss.getOver().getAsRange<FlatSymbolRefAttr>(), get.getVariableAttr()))
        return found->second;
    return variables.at(get.getVariable().str());
  }
  if (isa<train::KeyOp>(op))
    return {{2}, {{double(seed)}, {double(step)}}};
  if (isa<train::StepOp>(op))
    return {{}, {{double(step)}}};
  llvm::report_fatal_error("unittests/Tw/RandomStep.cpp: no value for " + op->getName().getStringRef());
}

RandomStep RandomStep::copy() const {
  RandomStep result;
  result.batch = batch, result.rows = rows, result.rule = rule, result.fields = fields, result.makers = makers;
  result.module = OwningOpRef<ModuleOp>(module.get().clone());
  return result;
}

RandomStep RandomStep::expanded() const {
  RandomStep result = copy();
  Block &block = result.objective().getBody().front();
  SmallVector<Operation *> holders;
  for (auto gradient : llvm::make_early_inc_range(block.getOps<tw::GradientOp>())) {
    OpBuilder builder(gradient);
    Value x = gradient.getX().front();
    auto found = differentiate(builder, Seed{gradient.getY(), gradient.getDy()}, x, "x");
    Value dx = failed(found) ? Value() : found->front();
    if (!dx) {
      auto type = cast<RankedTensorType>(x.getType());
      Attribute zero = builder.getFloatAttr(type.getElementType(), 0);
      dx = tw::ConstantOp::create(builder, gradient.getLoc(), type, DenseElementsAttr::get(type, zero));
    }
    gradient.getDx().front().replaceAllUsesWith(dx);
    // What differentiates next may put a loop in the place of another: ops know.
    OperationState state(gradient.getLoc(), "builtin.unrealized_conversion_cast");
    state.addOperands({gradient.getY(), gradient.getDy(), x, dx});
    holders.push_back(builder.create(state));
    gradient.erase();
  }
  for (Operation *holder : holders) {
    result.derivatives.push_back(
        {holder->getOperand(0), holder->getOperand(1), holder->getOperand(2), holder->getOperand(3)});
    holder->erase();
  }
  return result;
}

SmallVector<train::MinimizeOp> RandomStep::losses() const {
  return llvm::to_vector(objective().getBody().getOps<train::MinimizeOp>());
}

std::vector<Tensor> RandomStep::batchAt(std::int64_t first) const {
  std::vector<Tensor> result;
  for (auto [argument, values] : llvm::zip(objective().getBody().getArguments(), fields)) {
    Tensor tensor{shapeOf(argument), {}};
    std::int64_t count = countOf(tensor.shape), row = count / batch;
    for (std::int64_t i = 0; i < count; ++i)
      tensor.elements.push_back({values[first * row + i]});
    result.push_back(std::move(tensor));
  }
  return result;
}

std::string RandomStep::text() const {
  std::string text;
  llvm::raw_string_ostream stream(text);
  module.get().print(stream);
  return text + "\n";
}

/// A program without variables and ops. Fields: numbers, bytes, labels.
static std::string frame(std::int64_t batch, const Shape &row, const Shape &bytes, std::int64_t classes,
                         const std::string &element, Rule rule) {
  auto type = [&](Shape shape, const char *of, bool isBatch) {
    if (isBatch)
      shape.insert(shape.begin(), batch);
    return fmt::format("tensor<{}{}{}>", fmt::join(shape, "x"), shape.empty() ? "" : "x", of);
  };
  static const char *const slots[] = {"", R"("m")", R"("m", "v")"};
  std::string body;
  auto number = [&](const char *name, double value) {
    body += fmt::format("    %{0}_s = tw.constant dense<{1:e}> : tensor<{2}>\n"
                        "    %{0} = tw.window %{0}_s by affine_map<() -> ()> : tensor<{2}> -> tensor<*x{2}>\n",
                        name, value, element);
  };
  auto op = [&](const char *text) { body += fmt::format("    {} : tensor<*x{}>\n", text, element); };
  body += fmt::format("    %lr_h = train.get_hyper @lr : tensor<f64>\n"
                      "    %lr_c = tw.convert %lr_h : tensor<f64> -> tensor<{0}>\n"
                      "    %lr = tw.window %lr_c by affine_map<() -> ()> : tensor<{0}> -> tensor<*x{0}>\n",
                      element);
  std::string state;
  if (rule != Rule::Plain) {
    number("mu", kMomentum);
    op("%kept = tw.mul %mu, %m");
    op("%m1 = tw.add %kept, %g");
    state = ", %m1";
  }
  if (rule == Rule::Adam) {
    number("beta", kSecondMomentum);
    number("floor", kAdamFloor);
    op("%kept_v = tw.mul %beta, %v");
    op("%square = tw.mul %g, %g");
    op("%v1 = tw.add %kept_v, %square");
    op("%root = tw.sqrt %v1");
    op("%by = tw.add %root, %floor");
    op("%s = tw.div %m1, %by");
    state += ", %v1";
  }
  op(fmt::format("%d = tw.mul %lr, {}", rule == Rule::Plain ? "%g" : rule == Rule::Momentum ? "%m1" : "%s").c_str());
  op("%n = tw.sub %p, %d");
  std::string tensors = fmt::format("tensor<*x{}>", element), yielded = tensors;
  for (std::size_t i = 0; i < std::size_t(std::count(state.begin(), state.end(), '%')); ++i)
    yielded += ", " + tensors;
  return fmt::format(R"(train.program "random" mode train batch {batch} {{
  train.field @x : {x}
  train.field @bytes : {bytes}
  train.field @label : tensor<i32> classes {classes}
  train.hyper @lr = {lr:e} at 0
  train.optimizer @rule slots [{slots}] report [] {{
  ^bb0(%p: {t}, %g: {t}{arguments}):
{body}    train.yield %n{state} : {yielded}
  }}
  train.objective {{
  ^bb0(%x: {xs}, %bytes: {bytess}, %label: tensor<{batch}xi32>):
    train.yield
  }}
}}
)",
                     fmt::arg("batch", batch), fmt::arg("x", type(row, "f32", false)),
                     fmt::arg("bytes", type(bytes, "ui8", false)), fmt::arg("classes", classes),
                     fmt::arg("lr", kLearningRate), fmt::arg("slots", slots[int(rule)]), fmt::arg("t", tensors),
                     fmt::arg("arguments", rule == Rule::Plain      ? ""
                                           : rule == Rule::Momentum ? ", %m: " + tensors
                                                                    : ", %m: " + tensors + ", %v: " + tensors),
                     fmt::arg("body", body), fmt::arg("state", state), fmt::arg("yielded", yielded),
                     fmt::arg("xs", type(row, "f32", true)), fmt::arg("bytess", type(bytes, "ui8", true)),
                     fmt::arg("element", element));
}

RandomStep makeStep(MLIRContext &context, Chance &chance, const Wishes &wishes) {
  RandomStep step;
  step.batch = chance.pick<std::int64_t>({1, 2, 2, 3, 3, 4, 5, 8});
  step.rows = 2 * step.batch;
  step.rule = chance.pick({Rule::Plain, Rule::Momentum, Rule::Adam});
  std::int64_t classes = chance.pick<std::int64_t>({2, 3, 5});
  Shape row, bytes{chance.pick<std::int64_t>({1, 3, 8})};
  for (int rank = chance.pick({1, 2, 2, 3}); rank > 0; --rank)
    row.push_back(chance.pick<std::int64_t>({1, 2, 3, 3, 4, 5, 7, 8}));
  while (countOf(row) * step.batch > 300)
    row.pop_back();
  std::string text =
      frame(step.batch, row, bytes, classes, chance.oneIn(2) || wishes.isDouble ? "f64" : "f32", step.rule);
  step.module = parseSourceString<ModuleOp>(text, &context);
  if (!step.module)
    llvm::report_fatal_error(llvm::StringRef("unittests/Tw/RandomStep.cpp: not a module: " + text));
  auto draw = [&](std::int64_t count, auto number) {
    std::vector<double> values(count);
    for (double &value : values)
      value = number();
    step.fields.push_back(std::move(values));
  };
  // Some numbers are equal, and some 0.
  draw(step.rows * countOf(row), [&]() -> double {
    return chance.oneIn(4) ? chance.pick({0.0, 1.0, -1.0, 0.5}) : double(float(chance.uniform(-2, 2)));
  });
  draw(step.rows * countOf(bytes), [&] { return double(chance.below(256)); });
  draw(step.rows, [&] { return double(chance.below(classes)); });
  Maker maker(step, chance);
  maker.classes = classes;
  for (const OpMaker &such : opMakers())
    for (auto left = llvm::count(wishes.makers, such.name); left > 0; --left)
      maker.grow(such);
  maker.grow(wishes.makers.empty() ? 3 + chance.below(6) : chance.below(4));
  maker.finish(wishes.losses);
  return step;
}

//===-- the maker --------------------------------------------------------------------------------------------------===//

Maker::Maker(RandomStep &step, Chance &chance)
    : chance(chance), b(step.module->getContext()), loc(b.getUnknownLoc()), batch(step.batch), step(step),
      evaluation([this](Value value) { return inputs(value); }) {
  Block &block = step.objective().getBody().front();
  b.setInsertionPointToStart(&block);
  inputs.batch = step.batchAt(0);
  auto rule = *step.program().getOps<train::OptimizerOp>().begin();
  element = getElementTypeOrSelf(rule.getBody().front().getArgument(0).getType());
  labelValues = block.getArgument(2);
  pool.push_back(convert(block.getArgument(0), element));
  pool.push_back(scale(convert(block.getArgument(1), element), 1.0 / 256));
  b.setInsertionPoint(block.getTerminator());
}

Maker::Range Maker::rangeOf(Value value) {
  Range range{INFINITY, -INFINITY, INFINITY};
  for (const Dual &x : known(value).elements) {
    range.least = std::min(range.least, x.value);
    range.greatest = std::max(range.greatest, x.value);
    range.leastSize = std::min(range.leastSize, std::fabs(x.value));
  }
  return range;
}

bool Maker::isTelling(Value value) {
  const Tensor &tensor = known(value);
  if (countOf(tensor.shape) > kMostElements)
    return false;
  double size = 0, slopeSize = 0, error = 0, slopeError = 0;
  for (const Dual &x : tensor.elements) {
    if (!std::isfinite(x.value) || !std::isfinite(x.slope) || !std::isfinite(x.error) || !std::isfinite(x.slopeError))
      return false;
    size = std::max(size, std::fabs(x.value)), error = std::max(error, x.error);
    slopeSize = std::max(slopeSize, x.slopeSize), slopeError = std::max(slopeError, x.slopeError);
  }
  return size <= 100 && slopeSize <= 1e4 && error <= 1e-3 * std::max(size, 1e-2) &&
         slopeError <= 1e-3 * std::max(slopeSize, 1e-2);
}

void Maker::takeBack(Operation *last, train::VariableOp lastVariable) {
  Block *block = b.getInsertionBlock();
  while (block->getTerminator()->getPrevNode() != last) {
    Operation *op = block->getTerminator()->getPrevNode();
    op->walk([&](Operation *inner) {
      for (Value result : inner->getResults())
        evaluation.forget(result);
      for (Region &region : inner->getRegions())
        for (Value argument : region.getArguments())
          evaluation.forget(argument);
    });
    op->erase();
  }
  auto declared = llvm::to_vector(step.program().getOps<train::VariableOp>());
  while (!declared.empty() && declared.back() != lastVariable)
    declared.pop_back_val().erase();
}

/// False, and nothing has changed, if what it makes tells nothing.
bool Maker::attempt(const OpMaker &maker) {
  Operation *last = b.getInsertionBlock()->getTerminator()->getPrevNode();
  auto declared = llvm::to_vector(step.program().getOps<train::VariableOp>());
  const std::size_t before = derivatives.size();
  Value made = maker.make(*this);
  if (!made || !isTelling(made)) {
    takeBack(last, declared.empty() ? train::VariableOp() : declared.back());
    derivatives.resize(before);
    return false;
  }
  pool.push_back(made);
  step.makers += (step.makers.empty() ? "" : ", ") + std::string(maker.name);
  return true;
}

void Maker::grow(const OpMaker &maker) {
  while (!attempt(maker)) {
  }
}

const OpMaker &Maker::drawMaker() {
  int total = 0;
  for (const OpMaker &maker : opMakers())
    total += maker.weight;
  std::int64_t drawn = chance.below(total);
  const OpMaker *maker = opMakers().begin();
  while ((drawn -= maker->weight) >= 0)
    ++maker;
  return *maker;
}

void Maker::grow(std::int64_t ops) {
  for (int attempts = 0; ops > 0 && attempts < 100; ++attempts)
    ops -= attempt(drawMaker());
}

Value Maker::grown(std::int64_t ops) {
  Value last;
  for (int attempts = 0; ops > 0 && attempts < 20; ++attempts)
    if (Value made = drawMaker().make(*this); made && isTelling(made)) {
      pool.push_back(last = made);
      --ops;
    }
  return last;
}

bool Maker::inTurn(Block &body, std::vector<Value> values, llvm::function_ref<bool()> make) {
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToEnd(&body);
  turns.push_back(body.getArgument(0));
  std::swap(pool, values);
  bool made = make();
  std::swap(pool, values);
  turns.pop_back();
  return made;
}

/// What the train dialect gives is read in front of all loops.
void Maker::leaveLoops() {
  for (Operation *around = b.getInsertionBlock()->getParentOp(); isa<tw::ScanOp>(around);
       around = around->getParentOp())
    b.setInsertionPoint(around);
}

Value Maker::key() {
  OpBuilder::InsertionGuard guard(b);
  leaveLoops();
  return train::KeyOp::create(b, loc, RankedTensorType::get({2}, b.getI64Type()));
}

//===-- values -----------------------------------------------------------------------------------------------------===//

Value Maker::any() {
  if (chance.oneIn(3))
    for (Value value : llvm::reverse(pool))
      if (value.use_empty())
        return value;
  return chance.oneIn(2) ? pool.back() : pool[chance.below(std::int64_t(pool.size()))];
}

Value Maker::madeOf(Value x, Value (*make)(Maker &)) {
  std::vector<Value> others = std::exchange(pool, {x});
  Value made = make(*this);
  pool = std::move(others);
  return made;
}

Value Maker::anyOfRank(std::size_t least) {
  for (int attempt = 0; attempt < 10; ++attempt)
    if (Value value = any(); shapeOf(value).size() >= least)
      return value;
  return {};
}

Value Maker::ofShape(const Shape &shape) {
  std::vector<Value> such;
  for (Value value : pool)
    if (shapeOf(value) == shape)
      such.push_back(value);
  if (!such.empty() && !chance.oneIn(3))
    return such[chance.below(std::int64_t(such.size()))];
  return chance.oneIn(6) ? literal(shape) : parameter(shape);
}

/// Numbers that print short; some are equal.
DenseElementsAttr Maker::draw(const Shape &shape) {
  std::vector<Attribute> numbers;
  for (std::int64_t i = countOf(shape); i > 0; --i)
    numbers.push_back(b.getFloatAttr(element, double(chance.below(65) - 32) / 32));
  return DenseElementsAttr::get(type(shape), numbers);
}

Value Maker::literal(const Shape &shape) { return tw::ConstantOp::create(b, loc, type(shape), draw(shape)); }

Value Maker::all(const Shape &shape, double number) {
  return tw::ConstantOp::create(b, loc, type(shape),
                                DenseElementsAttr::get(type(shape), Attribute(b.getFloatAttr(element, number))));
}

train::VariableOp Maker::declare(Role role, const std::string &name, DenseElementsAttr initial) {
  OpBuilder outside(*step.program().getOps<train::OptimizerOp>().begin());
  auto variable = train::VariableOp::create(outside, loc, name, role, cast<RankedTensorType>(initial.getType()));
  Block &init = variable.getInit().emplaceBlock();
  init.addArgument(RankedTensorType::get({2}, b.getI64Type()), loc);
  auto inside = OpBuilder::atBlockEnd(&init);
  Value value = tw::ConstantOp::create(inside, loc, initial.getType(), initial);
  train::YieldOp::create(inside, loc, value);
  inputs.variables[name] = evaluation.of(value);
  evaluation.forget(value);
  return variable;
}

Value Maker::addVariable(Role role, const Shape &shape) {
  std::string name = fmt::format("{}{}", nameOf(role)[0], variables++);
  declare(role, name, draw(shape));
  if (role == Role::Parameter)
    for (Dual &x : inputs.variables[name].elements)
      x.slope = x.slopeSize = 1;
  OpBuilder::InsertionGuard guard(b);
  leaveLoops();
  return train::GetOp::create(b, loc, type(shape), name);
}

Value Maker::parameter(const Shape &shape) {
  std::vector<Value> such;
  for (auto get : step.objective().getBody().getOps<train::GetOp>())
    if (shapeOf(get) == shape)
      such.push_back(get);
  if (!such.empty() && chance.oneIn(2))
    return such[chance.below(std::int64_t(such.size()))];
  return addVariable(Role::Parameter, shape);
}

std::int64_t Maker::extent() { return chance.pick<std::int64_t>({1, 2, 2, 3, 3, 4, 5, 5, 7, 8, 9, 15, 16, 17, 33}); }

Shape Maker::shape(std::size_t rank, std::int64_t most) {
  Shape shape;
  do {
    shape.clear();
    for (std::size_t r = 0; r < rank; ++r)
      shape.push_back(extent());
  } while (countOf(shape) > most);
  return shape;
}

//===-- ops --------------------------------------------------------------------------------------------------------===//

Value Maker::compare(tw::Predicate predicate, Value x, Value y) {
  auto result = RankedTensorType::get(shapeOf(x), b.getI1Type());
  return tw::CompareOp::create(b, loc, result, predicate, x, y);
}

Value Maker::spread(Value x, const Shape &shape, ArrayRef<unsigned> dims) {
  return window(x, shape, AffineMap::getMultiDimMapWithTargets(shape.size(), dims, b.getContext()));
}

Value Maker::reduce(tw::Reduction kind, Value x, ArrayRef<std::int64_t> dims) {
  Shape kept, from = shapeOf(x);
  for (std::size_t d = 0; d < from.size(); ++d)
    if (!llvm::is_contained(dims, std::int64_t(d)))
      kept.push_back(from[d]);
  return tw::ReduceOp::create(b, loc, typeOf(kept, x), kind, x, dims);
}

Value Maker::pad(Value x, ArrayRef<std::int64_t> low, ArrayRef<std::int64_t> high, double value) {
  Shape to = shapeOf(x);
  for (std::size_t d = 0; d < to.size(); ++d)
    to[d] += low[d] + high[d];
  return tw::PadOp::create(b, loc, typeOf(to, x), x, low, high, APFloat(value));
}

Value Maker::concat(ArrayRef<Value> parts, std::size_t dim) {
  Shape to = shapeOf(parts.front());
  for (Value part : parts.drop_front())
    to[dim] += shapeOf(part)[dim];
  return tw::ConcatOp::create(b, loc, typeOf(to, parts.front()), parts, dim);
}

Value Maker::convert(Value x, Type to) {
  if (getElementTypeOrSelf(x) == to)
    return x;
  return tw::ConvertOp::create(b, loc, RankedTensorType::get(shapeOf(x), to), x);
}

//===-- the end of a program ---------------------------------------------------------------------------------------===//

/// A scalar that depends on every element differently.
Value Maker::lossOf(Value leaf) {
  Shape shape = shapeOf(leaf);
  Value weighted = chance.oneIn(3)   ? binary<tw::MulOp>(leaf, leaf)
                   : chance.oneIn(6) ? leaf
                                     : binary<tw::MulOp>(leaf, literal(shape));
  std::vector<std::int64_t> dims;
  for (std::size_t d = 0; d < shape.size(); ++d)
    dims.push_back(std::int64_t(d));
  Value sum = dims.empty() ? weighted : reduce(tw::Reduction::sum, weighted, dims);
  return chance.oneIn(2) ? sum : scale(sum, 1.0 / double(countOf(shape)));
}

/// True if a derivative reaches the parameter: through floats, and no op that is inactive.
bool Maker::isReached(train::GetOp get, Value loss) {
  SmallVector<Value> left{loss};
  llvm::DenseSet<Value> seen;
  while (!left.empty()) {
    Value value = left.pop_back_val();
    if (!seen.insert(value).second || !isa<FloatType>(getElementTypeOrSelf(value)))
      continue;
    if (value == get.getValue())
      return true;
    if (Operation *op = value.getDefiningOp(); op && !op->hasTrait<tw::Inactive>())
      left.append(op->operand_begin(), op->operand_end());
  }
  return false;
}

/// Each derivative is a tw.gradient from here on: the ops that it stood for go.
void Maker::finishDerivatives() {
  Block &block = step.objective().getBody().front();
  if (derivatives.empty())
    return;
  for (const Derivative &derivative : derivatives) {
    OpBuilder builder(derivative.dx.getDefiningOp());
    auto gradient =
        tw::GradientOp::create(builder, loc, derivative.x.getType(), derivative.y, derivative.dy, derivative.x);
    derivative.dx.getDefiningOp()->setOperand(0, gradient.getDx().front());
  }
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
    if (isOpTriviallyDead(&op))
      op.erase();
}

void Maker::addSlots(train::VariableOp parameter) {
  auto rule = *step.program().getOps<train::OptimizerOp>().begin();
  auto type = cast<RankedTensorType>(parameter.getType());
  for (Attribute slot : rule.getSlots())
    declare(Role::Slot, (parameter.getSymName() + "." + cast<StringAttr>(slot).getValue()).str(),
            DenseElementsAttr::get(type, Attribute(b.getFloatAttr(type.getElementType(), 0))));
}

void Maker::finish(bool severalLosses) {
  auto objective = step.objective();
  Value loss;
  auto addToLoss = [&](Value leaf) {
    Value term = lossOf(leaf);
    loss = loss ? binary<tw::AddOp>(loss, term) : term;
  };
  std::vector<Value> made(pool.begin() + 2, pool.end());
  if (severalLosses) {
    finishLosses(made);
    return finishDerivatives();
  }
  for (Value value : made)
    if (value.use_empty())
      addToLoss(value);
  if (!loss)
    addToLoss(pool.back());
  // Each parameter once, in the order of the reads.
  std::map<std::string, train::GetOp> reads;
  for (auto get : objective.getBody().front().getOps<train::GetOp>())
    reads.try_emplace(get.getVariable().str(), get);
  if (reads.empty())
    addToLoss(binary<tw::MulOp>(pool[0], parameter(shapeOf(pool[0]))));
  for (auto get : llvm::to_vector(objective.getBody().front().getOps<train::GetOp>()))
    if (!isReached(get, loss))
      addToLoss(get);

  std::vector<std::pair<std::string, Value>> metrics;
  for (std::int64_t more = chance.below(3); more > 0; --more) {
    Value metric = lossOf(any());
    metrics.push_back({fmt::format("metric{}", more), metric});
  }
  // States keep values of the program, and what they kept may be read.
  for (std::int64_t more = chance.below(3); more > 0; --more) {
    Value kept = any();
    Value old = addVariable(Role::State, shapeOf(kept));
    Value next = chance.oneIn(2) ? kept : binary<tw::AddOp>(scale(old, 0.75), kept);
    if (!shapeOf(old).empty() && chance.oneIn(4))
      next = withSomeRows(*this, kept, old);
    if (chance.oneIn(3))
      metrics.push_back({fmt::format("kept{}", more), lossOf(binary<tw::MulOp>(old, kept))});
    train::SetOp::create(b, loc, cast<train::GetOp>(old.getDefiningOp()).getVariable(), next);
  }
  train::ReportOp::create(b, loc, Told::Loss, "loss", loss);
  for (const auto &[name, metric] : metrics)
    train::ReportOp::create(b, loc, Told::Metric, name, metric);

  auto rule = *step.program().getOps<train::OptimizerOp>().begin();
  std::vector<Attribute> updated;
  for (auto variable : llvm::to_vector(step.program().getOps<train::VariableOp>())) {
    if (variable.getRole() != Role::Parameter)
      continue;
    updated.push_back(FlatSymbolRefAttr::get(b.getContext(), variable.getSymName()));
    addSlots(variable);
  }
  std::vector<Attribute> by(updated.size(), FlatSymbolRefAttr::get(rule.getSymNameAttr()));
  train::MinimizeOp::create(b, loc, "loss", loss, ValueRange(), ValueRange(), b.getArrayAttr(updated),
                            b.getArrayAttr(by), ArrayAttr(), IntegerAttr());
  finishDerivatives();
}

} // namespace talweg::random
