// Declarations of variables, and the bodies that compute their initial values.
#include "Variables.h"

#include "Averages.h"
#include "Calls.h"
#include "Expressions.h"
#include "Types.h"
#include "Walk.h"

#include "talweg/Dialect/Train/Train.h"
#include "talweg/Dialect/Tw/Tw.h"

#include <algorithm>
#include <cmath>
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

/// A number that a variable of whole numbers cannot hold.
static bool isOutOfRange(const DeclaredVariable &variable, const Value &value) {
  const ElementInfo &info = infoOf(variable.declared);
  const double number = value.isNumber() ? value.number.asReal() : 0;
  return !info.isFloat() && (number != std::floor(number) || number < double(info.least) || number > double(info.most));
}

//===-- declarations -----------------------------------------------------------------------------------------------===//

/// Does a variable of this kind belong into the present body? False: reported.
static bool checkOwner(Walk &walk, const Stmt &stmt, const char *what) {
  const Decl *owner = walk.frame().decl;
  if (owner && (owner->kind == Decl::Layer || owner->kind == Decl::Model))
    return true;
  if (!owner || !owner->isUpdateRule() || stmt.kind == Stmt::Param)
    walk.fail(Code::MisplacedParameter, stmt.range, fmt::format("{} belongs to a layer or a model", what));
  else if (!walk.frame().states.count(stmt.target.text)) // those of the body itself are bound when it is entered
    walk.fail(Code::NotSupportedYet, stmt.range, "a state inside a loop of an update rule is not supported yet");
  return false;
}

/// The element type that `stmt` declares. Nothing: a variable of this kind cannot have it, or there is none; reported.
static std::optional<ElementType> elementOf(Walk &walk, const Stmt &stmt, const char *what) {
  const bool isParam = stmt.kind == Stmt::Param;
  const auto element = elementTypeBy(&ElementInfo::text, stmt.type.element.text);
  if (element &&
      (isParam ? *element == ElementType::F32 || *element == ElementType::BF16 : infoOf(*element).isOfFields()))
    return element;
  walk.fail(Code::UnknownType, stmt.type.element.text.empty() ? stmt.target.range : stmt.type.range,
            fmt::format("{} is {}, with its dimensions, as in `{}: f32[i, out]`", what,
                        isParam ? "`f32` or `bf16`" : "of a type that data are stored in", stmt.target.text));
  return std::nullopt;
}

static bool isOfBatch(const Dim &dim) { return dim.size.dependsOnBatch(); }

/// Whether each row of the batch has its own.
static bool isOfRows(const Walk &walk, const Stmt &stmt, const Dims &dims) {
  const Count rows = walk.batchRows();
  return stmt.kind == Stmt::State && !dims.empty() && dims[0].size.value == rows.value &&
         dims[0].size.next == rows.next && std::none_of(dims.begin() + 1, dims.end(), isOfBatch);
}

/// Variables are those of every batch. False: the variable `name` would not be (reported).
static bool checkOutlivesBatch(Walk &walk, const std::string &name, const Dims &dims, ast::Range place) {
  const bool isShape = std::any_of(dims.begin(), dims.end(), isOfBatch);
  if (!isShape && !walk.scopes.isBatchDependent())
    return true;
  walk.fail(Code::BatchDependent, place,
            fmt::format("{} `{}` depends on the number of rows in a batch",
                        isShape ? "the shape of" : "whether there is", name));
  return false;
}

/// A state that rows of the batch leave to those of the next: a variable with room for the rows of every batch, of which the step takes its own.
static DeclaredVariable *createCarried(Walk &walk, const Stmt &stmt, const std::string &name, ElementType element,
                                       const Dims &dims) {
  Dims all = dims;
  all[0].size = Count(std::max(walk.plan.batch, walk.options.mostRows));
  DeclaredVariable &variable = createVariable(walk, name, Role::Carried, element, all, stmt.target.range);
  const bool good = initialise(walk, variable, stmt.value.get(), stmt.range);
  variable.dims = dims;
  variable.type = tensorType({}, dims, variable.type.getElementType());
  variable.current = walk.objective->getRegion(0).front().addArgument(variable.type, walk.location(stmt.range));
  return good ? &variable : nullptr;
}

/// The instance's variable that `stmt` declares, of sizes `dims`: a new one, or in a further run of the body the same. Null:
/// reported.
static DeclaredVariable *findOrCreate(Walk &walk, const Stmt &stmt, ElementType element, const Dims &dims) {
  Instance &instance = *walk.frame().instance;
  DeclaredVariable *&variable = instance.variables[stmt.target.text];
  if (variable && instance.run > 1 && variable->place.begin == stmt.target.range.begin) {
    if (sameSizes(dims, variable->dims))
      return variable;
    walk.fail(Code::SharedMismatch, stmt.range,
              fmt::format("`{}` is shared between calls that need it in different shapes", variable->name))
        .line(fmt::format("first it is {}{}", nameOf(element), sizesOf(variable->dims)))
        .line(fmt::format("here it is  {}{}", nameOf(element), sizesOf(dims)))
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
  const bool ofRows = isOfRows(walk, stmt, dims);
  if (!checkOutlivesBatch(walk, name, ofRows ? Dims() : dims, stmt.target.range))
    return nullptr;
  if (ofRows)
    return variable = createCarried(walk, stmt, name, element, dims);
  variable = &createVariable(walk, name, stmt.kind == Stmt::Param ? Role::Parameter : Role::State, element, dims,
                             stmt.target.range);
  return initialise(walk, *variable, stmt.value.get(), stmt.range) ? variable : nullptr;
}

/// A train.get of the variable `name`, which has the type of `variable`: a parameter is read as it is computed with.
static mlir::Value get(Walk &walk, const DeclaredVariable &variable, const std::string &name, ast::Range range) {
  mlir::ShapedType type = variable.type;
  if (variable.role == Role::Parameter)
    type = type.clone(walk.tensors.computedType(type.getElementType()));
  return train::GetOp::create(walk.builder, walk.location(range), type, name);
}

/// What the step has given the variable so far.
static mlir::Value readVariable(Walk &walk, DeclaredVariable &variable, ast::Range range) {
  if (variable.current)
    return variable.current;
  mlir::OpBuilder::InsertionGuard guard(walk.builder);
  leaveScans(walk.builder);
  if (variable.role == Role::Parameter && walk.lastLoss)
    walk.builder.setInsertionPoint(walk.lastLoss);
  return variable.current = get(walk, variable, variable.name, range);
}

/// The average of a parameter; what is not learnt is its own. Null (reported): it has none.
static mlir::Value readAverage(Walk &walk, DeclaredVariable &parameter, ast::Range range) {
  if (averageOf(walk, parameter))
    return get(walk, parameter, averageName(parameter.name), range);
  if (isFrozen(walk, parameter))
    return readVariable(walk, parameter, range);
  walk.fail(Code::NotKnownHere, range, fmt::format("`{}` has no average that could be read", parameter.name))
      .help(fmt::format("write `average ema(0.999) for \"{}\"` in `train`", parameter.name));
  return {};
}

void frontend::declareVariable(Walk &walk, const Stmt &stmt) {
  const bool isParam = stmt.kind == Stmt::Param;
  const char *what = isParam ? "a parameter" : "a state";
  if (!checkOwner(walk, stmt, what))
    return;
  Value &local = walk.frame().locals[stmt.target.text];
  local = Value();
  const std::optional<ElementType> element = elementOf(walk, stmt, what);
  const std::optional<Dims> dims = element ? evalDims(walk, stmt.type) : std::nullopt;
  DeclaredVariable *variable = dims ? findOrCreate(walk, stmt, *element, *dims) : nullptr;
  if (!variable)
    return;
  const bool readsAverages = walk.scopes.readsAverages();
  const mlir::Value current =
      isParam && readsAverages ? readAverage(walk, *variable, stmt.range) : readVariable(walk, *variable, stmt.range);
  if (!current)
    return;
  Tensor tensor;
  tensor.ssa = walk.tensors.convert(current, walk.tensors.computedType(variable->type.getElementType()), stmt.range);
  tensor.dims = variable->dims;
  local = Value::of(tensor);
  if (!isParam && !readsAverages)
    walk.frame().states[stmt.target.text] = variable;
}

DeclaredVariable &frontend::createVariable(Walk &walk, const std::string &name, Role role, ElementType declared,
                                           const Dims &dims, ast::Range place) {
  DeclaredVariable variable;
  variable.name = name;
  variable.role = role;
  variable.dims = dims;
  variable.declared = declared;
  variable.type = tensorType({}, dims, walk.tensors.storedType(declared));
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

/// A list of numbers, one for each element of the variable, of `type`. Null: it is none.
static mlir::Value listed(Walk &walk, const DeclaredVariable &variable, mlir::RankedTensorType type,
                          const std::vector<Value> &items, mlir::Location loc) {
  std::vector<mlir::Attribute> elements;
  for (const Value &item : items)
    if (item.isNumber())
      elements.push_back(elementFor(walk.builder, item.number, type.getElementType()));
  if (variable.dims.size() != 1 || std::int64_t(elements.size()) != variable.dims[0].size ||
      elements.size() != items.size())
    return {};
  return tw::ConstantOp::create(walk.builder, loc, type, mlir::DenseElementsAttr::get(type, elements));
}

/// The variable's tensor of `value`, as it is computed with. Null: it does not fit.
static mlir::Value fitted(Walk &walk, const DeclaredVariable &variable, mlir::RankedTensorType type, const Value &value,
                          ast::Range range) {
  const std::vector<Value> numbers = value.kind == Value::List ? value.items : std::vector<Value>{value};
  if (std::any_of(numbers.begin(), numbers.end(), [&](const Value &each) { return isOutOfRange(variable, each); }))
    return {};
  if (value.kind == Value::List)
    return listed(walk, variable, type, value.items, walk.location(range));
  if (!value.isNumeric() || (value.isTensor() && (value.tensor.hasConditions() || !value.tensor.vars.empty())))
    return {};
  if (value.isTensor() && !value.tensor.dims.empty() && !sameSizes(value.tensor.dims, variable.dims))
    return {};
  Aligned whole;
  whole.dims = variable.dims;
  return walk.tensors.materialise(value, type.getElementType(), whole, range);
}

/// The initial value as the variable is stored: of a split parameter its upper half.
static mlir::Value asStored(Walk &walk, const DeclaredVariable &variable, mlir::Value value, ast::Range range) {
  if (mlir::cast<train::VariableOp>(variable.op).isSplit())
    return tw::HighHalfOp::create(walk.builder, walk.location(range), variable.type, value);
  return walk.tensors.convert(value, variable.type.getElementType(), range);
}

bool frontend::initialise(Walk &walk, DeclaredVariable &variable, const Expr *init, ast::Range range) {
  mlir::OpBuilder &builder = walk.builder;
  mlir::OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(walk.objective);
  const mlir::Location loc = walk.location(range);
  auto op = train::VariableOp::create(builder, loc, variable.name, variable.role,
                                      mlir::cast<mlir::RankedTensorType>(variable.type));
  variable.op = op;
  mlir::Block *block = &op.getInit().emplaceBlock();
  const mlir::Value key = block->addArgument(mlir::RankedTensorType::get({2}, builder.getI64Type()), loc);
  builder.setInsertionPointToStart(block);
  ProgramBody body{variable.name, key};
  ProgramBodyScope scope(walk.scopes, body);

  const Value value = init ? evalInitial(walk, variable, *init) : Value::integer(0);
  const auto computed = mlir::cast<mlir::RankedTensorType>(
      variable.type.clone(walk.tensors.computedType(variable.type.getElementType())));
  mlir::Value result = value.isPoison() ? mlir::Value() : fitted(walk, variable, computed, value, range);
  const bool good = bool(result);
  if (!good && !value.isPoison())
    walk.fail(Code::BadInitialValue, init->range, fmt::format("the initial value does not fit `{}`", variable.name))
        .line(fmt::format("the variable is {}{}", nameOf(variable.declared), sizesOf(variable.dims)))
        .line("the value is " + walk.describe(value));
  if (!good) // the module is not used after an error, but must be well formed
    result = walk.tensors.constant(Number::of(std::int64_t(0)), computed, range);
  train::YieldOp::create(builder, loc, asStored(walk, variable, result, range));
  return good;
}

//===-- beside a parameter -----------------------------------------------------------------------------------------===//

/// A variable whose initial value is computed as `parameter`'s is. Null: the name is taken by what is `called` so (reported).
static DeclaredVariable *createBeside(Walk &walk, const DeclaredVariable &parameter, const std::string &name, Role role,
                                      ElementType element, const char *called) {
  if (walk.instances.find(name)) {
    walk.fail(Code::AlreadyDefined, parameter.place, fmt::format("`{}` is declared twice: it is {}", name, called));
    return nullptr;
  }
  DeclaredVariable &variable = createVariable(walk, name, role, element, parameter.dims, parameter.place);
  mlir::OpBuilder::InsertionGuard guard(walk.builder);
  walk.builder.setInsertionPoint(walk.objective);
  auto op = mlir::cast<train::VariableOp>(walk.builder.clone(*parameter.op));
  op.setSymName(name);
  op.setRole(role);
  op.setType(variable.type);
  variable.op = op;
  return &variable;
}

DeclaredVariable *frontend::createAverage(Walk &walk, const DeclaredVariable &parameter) {
  return createBeside(walk, parameter, averageName(parameter.name), Role::Average, parameter.declared,
                      "the average of a parameter");
}

bool frontend::createLowHalf(Walk &walk, const DeclaredVariable &parameter) {
  const std::string name = mlir::cast<train::VariableOp>(parameter.op).getLowHalfName();
  DeclaredVariable *low =
      createBeside(walk, parameter, name, Role::Slot, ElementType::U16, "the lower half of a parameter of bf16");
  if (!low)
    return false;
  mlir::OpBuilder &builder = walk.builder;
  mlir::OpBuilder::InsertionGuard guard(builder);
  mlir::Operation *yield = mlir::cast<train::VariableOp>(low->op).getInit().front().getTerminator();
  builder.setInsertionPoint(yield);
  auto high = yield->getOperand(0).getDefiningOp<tw::HighHalfOp>();
  yield->setOperand(0, tw::LowHalfOp::create(builder, high.getLoc(), low->type, high.getX()));
  high.erase();
  return true;
}

/// A variable that is zero between steps.
static bool createSum(Walk &walk, const DeclaredVariable &parameter, const char *ending, ElementType element,
                      const Dims &dims) {
  DeclaredVariable &sum = createVariable(walk, parameter.name + ending, Role::Sum, element, dims, parameter.place);
  return initialise(walk, sum, nullptr, parameter.place);
}

/// Whether rows of `table` are looked up, as it is or in another form.
static bool isLookedUp(mlir::Value table) {
  return llvm::any_of(table.getUsers(), [&](mlir::Operation *user) {
    if (auto gather = mlir::dyn_cast<tw::GatherOp>(user))
      return gather.getTable() == table;
    return mlir::isa<tw::WindowOp, tw::ReshapeOp, tw::ConvertOp>(user) && isLookedUp(user->getResult(0));
  });
}

static bool isLookedUp(Walk &walk, const DeclaredVariable &parameter) {
  auto gets = mlir::cast<train::ObjectiveOp>(walk.objective).getOps<train::GetOp>();
  return llvm::any_of(gets, [&](train::GetOp get) { return get.getVariable() == parameter.name && isLookedUp(get); });
}

bool frontend::createGradientSum(Walk &walk, const DeclaredVariable &parameter) {
  mlir::OpBuilder::InsertionGuard guard(walk.builder);
  walk.builder.setInsertionPoint(walk.objective);
  if (!createSum(walk, parameter, train::kGradientSum, ElementType::F32, parameter.dims))
    return false;
  if (!isLookedUp(walk, parameter) || parameter.dims[0].size >= INT32_MAX)
    return true;
  const Dims rows{parameter.dims[0]};
  return createSum(walk, parameter, train::kSummedRows, ElementType::I32, rows) &&
         createSum(walk, parameter, train::kSummedCount, ElementType::I32, {}) &&
         createSum(walk, parameter, train::kIsSummed, ElementType::I32, rows);
}
