// Parameters and states: each is a train.variable with a body that computes its initial value; the objective reads it.
#include "Elaborator.h"

#include "talweg/Dialect/Train/Train.h"
#include "talweg/Dialect/Tw/Tw.h"

#include "mlir/IR/BuiltinTypes.h"

#include <algorithm>
#include <fmt/format.h>

using namespace talweg;
using namespace talweg::frontend;
using ast::Expr;
using ast::Stmt;

/// `[3, 4]`, without the names that different calls give to the same dimensions.
static std::string sizesOf(const Dims &dims) {
  std::string text;
  for (const Dim &dim : dims)
    text += fmt::format("{}{}", text.empty() ? "[" : ", ", dim.size);
  return text.empty() ? text : text + "]";
}

void Elaborator::declareVariable(const Stmt &stmt) {
  const bool isParam = stmt.kind == Stmt::Param;
  const char *what = isParam ? "a parameter" : "a state";
  const ast::Decl::Kind owner = frame->decl ? frame->decl->kind : ast::Decl::Train;
  if (owner == ast::Decl::Optimizer && !isParam) {
    if (!frame->states.count(stmt.target.text))
      fail(Code::NotSupportedYet, stmt.range, "a state inside a loop of an update rule is not supported yet");
    return; // runOptimizer has bound it
  }
  if (owner != ast::Decl::Layer && owner != ast::Decl::Model) {
    fail(Code::MisplacedParameter, stmt.range, fmt::format("{} belongs to a layer or a model", what));
    return;
  }
  Value &local = frame->locals[stmt.target.text];
  local = Value();
  if (stmt.type.element.text != "f32") {
    fail(Code::UnknownType, stmt.type.element.text.empty() ? stmt.target.range : stmt.type.range,
         fmt::format("{} is `f32`, with its dimensions, as in `{}: f32[i, out]`", what, stmt.target.text));
    return;
  }
  const std::optional<Dims> dims = evalDims(stmt.type);
  if (!dims)
    return;
  Instance &instance = *frame->instance;
  Variable *&variable = instance.variables[stmt.target.text];
  if (variable && instance.run > 1 && variable->place.begin == stmt.target.range.begin) {
    const auto sameSize = [](const Dim &a, const Dim &b) { return a.size == b.size; };
    if (!std::equal(dims->begin(), dims->end(), variable->dims.begin(), variable->dims.end(), sameSize)) {
      fail(Code::SharedMismatch, stmt.range,
           fmt::format("`{}` is shared between calls that need it in different shapes", variable->name))
          .line("first it is f32" + sizesOf(variable->dims))
          .line("here it is  f32" + sizesOf(*dims))
          .note(instance.place, "the instance is made here");
      return;
    }
  } else {
    const std::string name = instance.path.empty() ? stmt.target.text : instance.path + "." + stmt.target.text;
    if (variable || variablesByName.count(name)) {
      Failure failure =
          fail(Code::AlreadyDefined, stmt.target.range, fmt::format("`{}` is declared twice", stmt.target.text));
      if (variable)
        failure.note(variable->place, "first here");
      return;
    }
    variable = createVariable(name, isParam ? Role::Parameter : Role::State, *dims, floatType(), stmt.target.range);
    if (!initialise(*variable, stmt.value.get(), stmt.range))
      return;
  }
  Tensor tensor;
  tensor.ssa = read(*variable, stmt.range);
  tensor.dims = variable->dims;
  local = Value::of(tensor);
  if (!isParam)
    frame->states[stmt.target.text] = variable;
}

frontend::Variable *Elaborator::createVariable(const std::string &name, Role role, const Dims &dims, mlir::Type element,
                                               ast::Range place) {
  Variable &variable = variables.emplace_back();
  variable.name = name;
  variable.role = role;
  variable.dims = dims;
  variable.type = tensorType({}, dims, element);
  variable.place = place;
  variablesByName[name] = &variable;
  return &variable;
}

/// The value at this point of the step: what the body was entered with, or what it has been given since.
mlir::Value Elaborator::read(Variable &variable, ast::Range range) {
  if (!variable.current)
    variable.current = train::GetOp::create(builder, location(range), variable.type, variable.name);
  return variable.current;
}

/// Creates the train.variable with a body for `init`: a number, a tensor, or a function whose first parameter is `shape`.
bool Elaborator::initialise(Variable &variable, const Expr *init, ast::Range range) {
  mlir::OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(objective);
  const mlir::Location loc = location(range);
  auto op = train::VariableOp::create(builder, loc, builder.getStringAttr(variable.name),
                                      train::RoleAttr::get(&context, variable.role), mlir::TypeAttr::get(variable.type),
                                      mlir::IntegerAttr(), mlir::UnitAttr());
  variable.op = op;
  mlir::Block *block = &op.getInit().emplaceBlock();
  const mlir::Value key = block->addArgument(mlir::RankedTensorType::get({2}, builder.getI64Type()), loc);
  builder.setInsertionPointToStart(block);

  RandomSource source{key, variable.name, 0};
  RandomSource *outerSource = std::exchange(randomSource, &source);
  const bool outerInitialising = std::exchange(initialising, true);
  std::vector<IndexVar *> outerAmbient = std::exchange(frame->ambient, {});
  IndexStatement *outerStatement = std::exchange(frame->statement, nullptr);

  Given shape;
  std::vector<Value> sizes;
  for (const Dim &dim : variable.dims)
    sizes.push_back(Value::integer(dim.size));
  shape.value = Value::list(std::move(sizes));
  shape.range = range;
  const auto takesShape = [&](const Value &function) {
    const ast::Decl &decl = *function.callable->decl;
    return decl.kind == ast::Decl::Fn && !decl.formals.empty() && decl.formals[0].name.text == "shape";
  };

  Value value = Value::integer(0);
  if (init) {
    value = eval(*init);
    if (value.kind == Value::Function) {
      shape.range = init->range;
      value = takesShape(value) ? callDecl(*value.callable, {shape}, init->range, value.callable->decl->name.text)
                                : fail(Code::BadInitialValue, init->range,
                                       "an initial value is a number, a tensor, or a function of `shape`")
                                      .note(value.callable->decl->name.range, "its first parameter is not `shape`");
    }
  }
  bool good = !value.isPoison();
  mlir::Value result;
  if (good && value.kind == Value::List) {
    Aligned flat;
    std::vector<mlir::Attribute> elements;
    for (const Value &item : value.items)
      if (item.isNumber())
        elements.push_back(builder.getFloatAttr(variable.type.getElementType(), item.number.asReal()));
    good = variable.dims.size() == 1 && std::int64_t(elements.size()) == variable.dims[0].size &&
           elements.size() == value.items.size();
    if (good)
      result =
          tw::ConstantOp::create(builder, loc, variable.type, mlir::DenseElementsAttr::get(variable.type, elements));
  } else if (good) {
    good = value.isNumeric() && !(value.isTensor() && (elementOf(value).isInteger(1) || !value.tensor.vars.empty()));
    if (good && value.isTensor() && !value.tensor.dims.empty()) {
      const auto sameSize = [](const Dim &a, const Dim &b) { return a.size == b.size; };
      const Dims &dims = value.tensor.dims;
      good = std::equal(dims.begin(), dims.end(), variable.dims.begin(), variable.dims.end(), sameSize);
    }
    Aligned whole;
    whole.dims = variable.dims;
    if (good)
      result = materialise(value, variable.type.getElementType(), whole, range);
  }
  if (!good && !value.isPoison())
    fail(Code::BadInitialValue, init->range, fmt::format("the initial value does not fit `{}`", variable.name))
        .line("the variable is f32" + sizesOf(variable.dims))
        .line("the value is " + describe(value));
  if (!result) // the module is not used after an error, but must be well formed
    result = constant(Number::of(std::int64_t(0)), variable.type, range);
  train::YieldOp::create(builder, loc, result);

  frame->ambient = std::move(outerAmbient);
  frame->statement = outerStatement;
  initialising = outerInitialising;
  randomSource = outerSource;
  return good;
}
