// Declarations of variables, and the bodies that compute their initial values.
#include "Variables.h"

#include "Calls.h"
#include "Expressions.h"
#include "Types.h"
#include "Walk.h"

#include "talweg/Dialect/Train/Train.h"
#include "talweg/Dialect/Tw/Tw.h"

#include <fmt/format.h>

using namespace talweg;
using namespace talweg::frontend;
using ast::Decl;
using ast::Expr;
using ast::Stmt;

/// `[3, 4]`, without the names that different calls give to the same dimensions.
static std::string sizesOf(const Dims &dims) {
  std::string text;
  for (const Dim &dim : dims)
    text += fmt::format("{}{}", text.empty() ? "[" : ", ", dim.size);
  return text.empty() ? text : text + "]";
}

//===-- declarations -----------------------------------------------------------------------------------------------===//

/// Does a variable of this kind belong into the present body? False: reported.
static bool checkOwner(Walk &walk, const Stmt &stmt, const char *what) {
  const Decl *owner = walk.frame().decl;
  if (owner && (owner->kind == Decl::Layer || owner->kind == Decl::Model))
    return true;
  if (!owner || owner->kind != Decl::Optimizer || stmt.kind == Stmt::Param)
    walk.fail(Code::MisplacedParameter, stmt.range, fmt::format("{} belongs to a layer or a model", what));
  else if (!walk.frame().states.count(stmt.target.text)) // those of the body itself are bound when it is entered
    walk.fail(Code::NotSupportedYet, stmt.range, "a state inside a loop of an update rule is not supported yet");
  return false;
}

/// The instance's variable that `stmt` declares, of sizes `dims`: a new one, or in a further run of the body the same. Null:
/// reported.
static DeclaredVariable *findOrCreate(Walk &walk, const Stmt &stmt, const Dims &dims) {
  Instance &instance = *walk.frame().instance;
  DeclaredVariable *&variable = instance.variables[stmt.target.text];
  if (variable && instance.run > 1 && variable->place.begin == stmt.target.range.begin) {
    if (sameSizes(dims, variable->dims))
      return variable;
    walk.fail(Code::SharedMismatch, stmt.range,
              fmt::format("`{}` is shared between calls that need it in different shapes", variable->name))
        .line("first it is f32" + sizesOf(variable->dims))
        .line("here it is  f32" + sizesOf(dims))
        .note(instance.place, "the instance is made here");
    return nullptr;
  }
  const std::string name = instance.pathOf(stmt.target.text);
  if (variable || walk.instances.find(name)) {
    Failure failure =
        walk.fail(Code::AlreadyDefined, stmt.target.range, fmt::format("`{}` is declared twice", stmt.target.text));
    if (variable)
      failure.note(variable->place, "first here");
    return nullptr;
  }
  variable =
      &createVariable(walk, name, stmt.kind == Stmt::Param ? Role::Parameter : Role::State, dims, stmt.target.range);
  return initialise(walk, *variable, stmt.value.get(), stmt.range) ? variable : nullptr;
}

void frontend::declareVariable(Walk &walk, const Stmt &stmt) {
  const bool isParam = stmt.kind == Stmt::Param;
  const char *what = isParam ? "a parameter" : "a state";
  if (!checkOwner(walk, stmt, what))
    return;
  Value &local = walk.frame().locals[stmt.target.text];
  local = Value();
  if (stmt.type.element.text != "f32") {
    walk.fail(Code::UnknownType, stmt.type.element.text.empty() ? stmt.target.range : stmt.type.range,
              fmt::format("{} is `f32`, with its dimensions, as in `{}: f32[i, out]`", what, stmt.target.text));
    return;
  }
  const std::optional<Dims> dims = evalDims(walk, stmt.type);
  DeclaredVariable *variable = dims ? findOrCreate(walk, stmt, *dims) : nullptr;
  if (!variable)
    return;
  if (!variable->current) // else it is what the step has given it so far
    variable->current = train::GetOp::create(walk.builder, walk.location(stmt.range), variable->type, variable->name);
  Tensor tensor;
  tensor.ssa = variable->current;
  tensor.dims = variable->dims;
  local = Value::of(tensor);
  if (!isParam)
    walk.frame().states[stmt.target.text] = variable;
}

DeclaredVariable &frontend::createVariable(Walk &walk, const std::string &name, Role role, const Dims &dims,
                                           ast::Range place) {
  DeclaredVariable variable;
  variable.name = name;
  variable.role = role;
  variable.dims = dims;
  variable.type = tensorType({}, dims, walk.tensors.floatType());
  variable.place = place;
  return walk.instances.add(std::move(variable));
}

//===-- initial values ---------------------------------------------------------------------------------------------===//

/// The value of `init`; of a function of `shape`, what it gives for the variable's.
static Value evalInitial(Walk &walk, const DeclaredVariable &variable, const Expr &init) {
  const Value value = eval(walk, init);
  if (value.kind != Value::Function)
    return value;
  const Decl &function = *value.callable->decl;
  if (function.kind != Decl::Fn || function.formals.empty() || function.formals[0].name.text != "shape")
    return walk
        .fail(Code::BadInitialValue, init.range, "an initial value is a number, a tensor, or a function of `shape`")
        .note(function.name.range, "its first parameter is not `shape`");
  std::vector<Value> sizes;
  for (const Dim &dim : variable.dims)
    sizes.push_back(Value::integer(dim.size));
  const Given shape{{}, Value::list(std::move(sizes)), init.range};
  return callDecl(walk, *value.callable, {shape}, init.range, function.name.text);
}

/// A list of numbers, one for each element of the variable. Null: it is none.
static mlir::Value listed(Walk &walk, const DeclaredVariable &variable, const std::vector<Value> &items,
                          mlir::Location loc) {
  std::vector<mlir::Attribute> elements;
  for (const Value &item : items)
    if (item.isNumber())
      elements.push_back(walk.builder.getFloatAttr(variable.type.getElementType(), item.number.asReal()));
  if (variable.dims.size() != 1 || std::int64_t(elements.size()) != variable.dims[0].size ||
      elements.size() != items.size())
    return {};
  return tw::ConstantOp::create(walk.builder, loc, variable.type,
                                mlir::DenseElementsAttr::get(variable.type, elements));
}

/// The variable's tensor of `value`. Null: it does not fit.
static mlir::Value fitted(Walk &walk, const DeclaredVariable &variable, const Value &value, ast::Range range) {
  if (value.kind == Value::List)
    return listed(walk, variable, value.items, walk.location(range));
  if (!value.isNumeric() || (value.isTensor() && (value.tensor.hasConditions() || !value.tensor.vars.empty())))
    return {};
  if (value.isTensor() && !value.tensor.dims.empty() && !sameSizes(value.tensor.dims, variable.dims))
    return {};
  Aligned whole;
  whole.dims = variable.dims;
  return walk.tensors.materialise(value, variable.type.getElementType(), whole, range);
}

bool frontend::initialise(Walk &walk, DeclaredVariable &variable, const Expr *init, ast::Range range) {
  mlir::OpBuilder &builder = walk.builder;
  mlir::OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(walk.objective);
  const mlir::Location loc = walk.location(range);
  auto op = train::VariableOp::create(
      builder, loc, builder.getStringAttr(variable.name), train::RoleAttr::get(builder.getContext(), variable.role),
      mlir::TypeAttr::get(variable.type), mlir::IntegerAttr(), mlir::UnitAttr(), mlir::IntegerAttr());
  variable.op = op;
  mlir::Block *block = &op.getInit().emplaceBlock();
  const mlir::Value key = block->addArgument(mlir::RankedTensorType::get({2}, builder.getI64Type()), loc);
  builder.setInsertionPointToStart(block);
  ProgramBody body{variable.name, key};
  ProgramBodyScope scope(walk.scopes, body);

  const Value value = init ? evalInitial(walk, variable, *init) : Value::integer(0);
  mlir::Value result = value.isPoison() ? mlir::Value() : fitted(walk, variable, value, range);
  const bool good = bool(result);
  if (!good && !value.isPoison())
    walk.fail(Code::BadInitialValue, init->range, fmt::format("the initial value does not fit `{}`", variable.name))
        .line("the variable is f32" + sizesOf(variable.dims))
        .line("the value is " + walk.describe(value));
  if (!good) // the module is not used after an error, but must be well formed
    result = walk.tensors.constant(Number::of(std::int64_t(0)), variable.type, range);
  train::YieldOp::create(builder, loc, result);
  return good;
}
