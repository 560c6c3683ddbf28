// See Lookups.h.
#include "Lookups.h"

#include "Expressions.h"
#include "Indexing.h"
#include "Statements.h"
#include "Types.h"
#include "Walk.h"

#include "talweg/Dialect/Tw/Tw.h"
#include "talweg/Frontend/Parser.h"

#include "llvm/ADT/STLExtras.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

using namespace talweg;
using namespace talweg::frontend;
using ast::Expr;
using ast::Index;

using Vars = std::vector<IndexVar *>;

//===-- what an index is -------------------------------------------------------------------------------------------===//

bool frontend::isFromData(Walk &walk, const Expr &expr) {
  if (mentionsIndex(walk.frame(), expr))
    switch (expr.kind) {
    case Expr::Unary: return isFromData(walk, *expr.lhs);
    case Expr::Binary:
      return expr.binary == ast::BinaryOp::Div || expr.binary == ast::BinaryOp::Mod || isFromData(walk, *expr.lhs) ||
             isFromData(walk, *expr.rhs);
    case Expr::Ident: return false;
    default: return true;
    }
  if (expr.kind == Expr::Number || namesNothing(walk, expr))
    return false;
  const Value value = eval(walk, expr);
  if (IndexStatement *statement = walk.frame().statement)
    statement->known[&expr] = value;
  return value.isTensor() || value.isPoison();
}

std::optional<Tensor> frontend::readPosition(Walk &walk, const Expr &expr, Count extent) {
  const Value value = eval(walk, expr);
  if (value.isPoison())
    return std::nullopt;
  if (!value.isRankedTensor() || !tw::infoOf(value.tensor.element()).isWhole()) {
    Failure failure =
        walk.fail(Code::WrongKind, expr.range,
                  fmt::format("an index is a whole number, and `{}` is {}", toText(expr), walk.describe(value)));
    if (value.isRankedTensor())
      failure.help(fmt::format("`int({})` is one, cut off toward zero", toText(expr)));
    return std::nullopt;
  }
  if (!value.tensor.dims.empty()) {
    std::vector<std::string> names;
    for (const Dim &dim : value.tensor.dims)
      names.push_back(dim.name.empty() || dim.rest ? std::string(1, char('i' + names.size() % 18)) : dim.name);
    walk.fail(Code::WrongKind, expr.range,
              fmt::format("an index is a single number, and `{}` is {}", toText(expr), walk.describe(value)))
        .help(fmt::format("index it in all of its dimensions, as in `{}[{}]`", toText(expr), fmt::join(names, ", ")));
    return std::nullopt;
  }
  Tensor position = value.tensor;
  if (const ElementInfo &info = tw::infoOf(position.element()); info.isOnlyStored())
    position = walk.tensors.converted(
        position, info.isWithin(infoOf(ElementType::I32)) ? walk.builder.getI32Type() : walk.builder.getI64Type(),
        expr.range);
  return requirePosition(walk, position, extent, expr) ? std::optional(position) : std::nullopt;
}

//===-- rows -------------------------------------------------------------------------------------------------------===//

static bool contains(const Vars &vars, IndexVar *var) { return llvm::is_contained(vars, var); }

static void addNew(Vars &vars, const Vars &more) {
  for (IndexVar *var : more)
    if (!contains(vars, var))
      vars.push_back(var);
}

static Vars varsOf(const std::vector<DataIndex> &indices) {
  Vars vars;
  for (const DataIndex &index : indices)
    addNew(vars, index.position.vars);
  return vars;
}

/// Those of `vars` that are among `others`, or those that are not.
static Vars only(const Vars &vars, const Vars &others, bool among) {
  Vars kept;
  llvm::copy_if(vars, std::back_inserter(kept), [&](IndexVar *var) { return contains(others, var) == among; });
  return kept;
}

/// The number of the row that the positions name together, in dimensions of `extents` taken for one, for all values of `vars`.
static mlir::Value rowNumber(Walk &walk, const std::vector<DataIndex> &indices,
                             const std::vector<std::int64_t> &extents, const Vars &vars, ast::Range range) {
  mlir::OpBuilder &builder = walk.builder;
  std::int64_t rows = 1;
  bool isWide = false;
  for (const auto &[index, extent] : llvm::zip_equal(indices, extents)) {
    rows *= extent;
    isWide |= rows > INT32_MAX || index.position.element().isInteger(64);
  }
  const mlir::Type element = isWide ? builder.getI64Type() : builder.getI32Type();
  const mlir::RankedTensorType type = tensorType(vars, {}, element);
  const mlir::Location loc = walk.location(range);
  mlir::Value row;
  for (const auto &[index, extent] : llvm::zip_equal(indices, extents)) {
    const mlir::Value at =
        walk.tensors.spread(walk.tensors.converted(index.position, element, range), vars, {}, false, range);
    const mlir::Value size = walk.tensors.constant(Number::of(extent), type, range);
    row = row ? tw::AddOp::create(builder, loc, type, tw::MulOp::create(builder, loc, type, row, size), at).getResult()
              : at;
  }
  return row;
}

static mlir::Value reshape(Walk &walk, mlir::Value value, const std::vector<std::int64_t> &shape, ast::Range range) {
  const auto type = mlir::cast<mlir::RankedTensorType>(value.getType()).clone(shape);
  return type == value.getType() ? value : tw::ReshapeOp::create(walk.builder, walk.location(range), type, value);
}

/// `value` with its dimensions in another order: number i of the result is number `order[i]`.
static mlir::Value transpose(Walk &walk, mlir::Value value, const std::vector<unsigned> &order, const Vars &vars,
                             const Dims &dims, ast::Range range) {
  mlir::MLIRContext *context = walk.builder.getContext();
  const auto map = mlir::inversePermutation(mlir::AffineMap::getMultiDimMapWithTargets(order.size(), order, context));
  if (map.isIdentity())
    return value;
  const mlir::RankedTensorType type = tensorType(vars, dims, mlir::getElementTypeOrSelf(value));
  const mlir::Value result =
      tw::WindowOp::create(walk.builder, walk.location(range), type, value, mlir::AffineMapAttr::get(map));
  markRows(result, vars, dims);
  return result;
}

//===-- on the right -----------------------------------------------------------------------------------------------===//

Value frontend::lookUp(Walk &walk, const Tensor &tensor, const std::vector<DataIndex> &indices, ast::Range range) {
  const Vars ofRows = varsOf(indices);
  const Vars shared = only(tensor.vars, ofRows, true), picked = only(ofRows, shared, false),
             others = only(tensor.vars, ofRows, false);
  // The table: [shared.., dimensions looked up.., other variables.., other dimensions..].
  std::vector<unsigned> order;
  std::vector<std::int64_t> extents, sizes;
  Dims front, behind;
  for (IndexVar *var : shared) {
    order.push_back(llvm::find(tensor.vars, var) - tensor.vars.begin());
    sizes.push_back(var->extent);
  }
  std::int64_t rows = 1;
  for (const DataIndex &index : indices) {
    order.push_back(tensor.vars.size() + index.dim);
    front.push_back(tensor.dims[index.dim]);
    extents.push_back(tensor.dims[index.dim].size);
    rows *= extents.back();
  }
  sizes.push_back(rows);
  for (IndexVar *var : others) {
    order.push_back(llvm::find(tensor.vars, var) - tensor.vars.begin());
    front.push_back({var->extent, var->name, var->rest});
    sizes.push_back(var->extent);
  }
  for (std::size_t dim = 0; dim < tensor.dims.size(); ++dim)
    if (llvm::none_of(indices, [&](const DataIndex &index) { return index.dim == dim; })) {
      order.push_back(tensor.vars.size() + dim);
      behind.push_back(tensor.dims[dim]);
      sizes.push_back(behind.back().size);
    }
  front.insert(front.end(), behind.begin(), behind.end());
  Tensor result = tensor;
  result.vars = shared;
  addNew(result.vars, picked);
  const Vars named = result.vars;
  addNew(result.vars, others);
  result.dims = behind;
  if (!walk.tensors.checkSize(result.vars, result.dims, range))
    return Value();
  const mlir::Value table = reshape(walk, transpose(walk, tensor.ssa, order, shared, front, range), sizes, range);
  result.ssa =
      tw::GatherOp::create(walk.builder, walk.location(range), tensorType(result.vars, result.dims, tensor.element()),
                           table, rowNumber(walk, indices, extents, named, range), shared.size());
  return Value::of(std::move(result));
}

//===-- on the left ------------------------------------------------------------------------------------------------===//

namespace {
/// `h[bucket[n] < 50, k] += x[n, k]`. Names that stand on the left alone are those of the result; those in its positions from data are summed
/// over.
class Accumulation {
public:
  Accumulation(Walk &walk, const ast::Stmt &stmt, const ast::Type *result) : walk(walk), stmt(stmt), result(result) {}
  Value run();

private:
  /// A position on the left: a name, or an expression and perhaps its range.
  struct Place {
    std::shared_ptr<IndexBinding> binding; ///< or
    const Expr *expr = nullptr, *size = nullptr;
    Count extent = -1; ///< of an expression's dimension; -1: not known yet
  };

  bool bind();
  bool findRanges();
  void takeSizes(const std::vector<std::optional<Count>> &sizes, ast::Range place);
  bool readPositions();
  void sortVars(const Value &value);
  mlir::Value addUp(const Value &value, const Dims &dims);
  Value arrange(mlir::Value sums, const Dims &dims);

  Walk &walk;
  const ast::Stmt &stmt;
  const ast::Type *result;
  IndexStatement statement;
  std::vector<Place> places;
  IndexBindings summed;
  std::vector<DataIndex> positions;
  Vars outside; ///< what the value and the positions range over besides
  Vars shared;  ///< what stays and is named by positions
  Vars others;  ///< what stays and is not
};
} // namespace

static Vars varsOf(const IndexBindings &bindings) {
  Vars vars;
  for (const auto &binding : bindings)
    vars.insert(vars.end(), binding->vars.begin(), binding->vars.end());
  return vars;
}

/// Names of the result, then those that positions introduce.
bool Accumulation::bind() {
  IndexBindings named;
  for (const Index &index : stmt.indices) {
    Place place;
    if (introducesIndex(index)) {
      if (!bindIndex(walk, index, statement, named, "the left side of a definition"))
        return false;
      place.binding = named.back();
    } else {
      const Expr &expr = *index.value;
      const bool isSized = expr.kind == Expr::Binary && expr.binary == ast::BinaryOp::Lt;
      place.expr = isSized ? expr.lhs.get() : &expr;
      place.size = isSized ? expr.rhs.get() : nullptr;
    }
    places.push_back(std::move(place));
  }
  if (llvm::none_of(places, [](const Place &place) { return place.expr; })) {
    walk.fail(Code::BadTarget, stmt.target.range, "`+=` adds up by an index that comes from data")
        .help(fmt::format("write `{}[…] = …`, with `sum` over other indices", stmt.target.text));
    return false;
  }
  IndexBindings &indices = walk.frame().indices; // the statement's scope takes them out
  indices.insert(indices.end(), named.begin(), named.end());
  for (const Place &place : places)
    if (place.expr)
      introduceNames(walk, *place.expr, summed);
  indices.insert(indices.end(), summed.begin(), summed.end());
  return true;
}

/// The sizes of the result's first dimensions, where they are known.
void Accumulation::takeSizes(const std::vector<std::optional<Count>> &sizes, ast::Range range) {
  if (llvm::any_of(places, [](const Place &place) { return place.binding && !place.binding->resolved; }))
    return;
  std::size_t at = 0;
  for (Place &place : places) {
    for (IndexVar *var : place.binding ? place.binding->vars : Vars())
      if (at < sizes.size() && sizes[at++])
        statement.solver.fix(var, *sizes[at - 1], range);
    if (place.expr && at < sizes.size() && sizes[at++] && place.extent < 0)
      place.extent = *sizes[at - 1];
  }
}

bool Accumulation::findRanges() {
  const int errors = walk.messages.count();
  for (Place &place : places) {
    if (place.size) {
      const std::optional<Count> extent = evalDim(walk, *place.size);
      place.extent = extent.value_or(-1);
    }
    if (place.expr)
      collect(walk, *place.expr);
  }
  collect(walk, *stmt.value);
  if (const Value *old = walk.frame().local(stmt.target.text); old && old->isRankedTensor()) {
    std::vector<std::optional<Count>> sizes;
    for (const Dim &dim : old->tensor.dims)
      sizes.push_back(dim.size);
    takeSizes(sizes, stmt.target.range);
  } else if (result && result->hasShape) {
    takeSizes(expectedSizes(walk, *result), result->range);
  }
  for (const auto &binding : walk.frame().indices)
    if (!binding->resolved && walk.messages.count() == errors)
      failUnresolved(walk, *binding);
  return walk.messages.count() == errors && solve(walk, statement);
}

bool Accumulation::readPositions() {
  std::size_t dim = 0;
  for (Place &place : places) {
    if (place.binding) {
      dim += place.binding->vars.size();
      continue;
    }
    if (place.extent < 0) {
      if (const Value value = eval(walk, *place.expr); value.isTensor() && value.tensor.bound())
        place.extent = *value.tensor.bound();
      else if (value.isTensor() && tw::infoOf(value.tensor.element()).isWhole()) {
        walk.fail(Code::IndexRangeUnknown, place.expr->range,
                  fmt::format("what `{}` is below is not known", toText(*place.expr)))
            .help(fmt::format("tell it on the left side, as in `{}[{} < 50]`", stmt.target.text, toText(*place.expr)));
        return false;
      }
    }
    const std::optional<Tensor> position = ::readPosition(walk, *place.expr, place.extent);
    if (!position)
      return false;
    positions.push_back({dim++, *position});
  }
  return true;
}

/// Which variables the positions and the sums have in common.
void Accumulation::sortVars(const Value &value) {
  Vars left, own = varsOf(summed);
  for (const Place &place : places)
    if (place.binding)
      addNew(left, place.binding->vars);
  addNew(own, left);
  outside = only(value.isTensor() ? value.tensor.vars : Vars(), own, false);
  const Vars ofRows = varsOf(positions);
  addNew(outside, only(ofRows, own, false));
  Vars kept = outside;
  addNew(kept, left);
  shared = only(kept, ofRows, true);
  others = only(kept, ofRows, false);
}

/// The sums: [shared.., dimensions of positions.., others.., dims..]. Null: reported.
mlir::Value Accumulation::addUp(const Value &value, const Dims &dims) {
  const ast::Range range = stmt.range;
  Aligned shape;
  shape.vars = shared;
  addNew(shape.vars, varsOf(summed));
  const Vars ofRows = shape.vars;
  addNew(shape.vars, others);
  shape.dims = dims;
  if (!walk.tensors.checkSize(shape.vars, shape.dims, range))
    return {};
  const bool isReal = value.isTensor() && !value.tensor.weak && tw::isReal(value.tensor.element());
  const mlir::Type element = isReal ? value.tensor.element() : walk.tensors.floatType();
  const mlir::Value values = walk.tensors.materialise(value, element, shape, range);

  std::vector<std::int64_t> extents, sizes, split;
  std::int64_t rows = 1;
  for (IndexVar *var : shared)
    sizes.push_back(var->extent);
  split = sizes;
  for (const Place &place : places)
    if (place.expr) {
      extents.push_back(place.extent);
      split.push_back(place.extent);
      rows *= place.extent;
    }
  sizes.push_back(rows);
  const auto addBehind = [&](std::int64_t size) { sizes.push_back(size), split.push_back(size); };
  for (IndexVar *var : others)
    addBehind(var->extent);
  for (const Dim &dim : dims)
    addBehind(dim.size);
  const auto type = mlir::RankedTensorType::get(sizes, element);
  const mlir::Value sums =
      tw::ScatterAddOp::create(walk.builder, walk.location(range), type,
                               rowNumber(walk, positions, extents, ofRows, range), values, shared.size());
  return reshape(walk, sums, split, range);
}

/// The sums as the left side has them: [outside.., left side.., dims..]. What the statement has introduced is a dimension.
Value Accumulation::arrange(mlir::Value sums, const Dims &dims) {
  Tensor tensor;
  tensor.vars = outside;
  std::vector<unsigned> order;
  const auto addVar = [&](IndexVar *var) {
    order.push_back(contains(shared, var)
                        ? llvm::find(shared, var) - shared.begin()
                        : shared.size() + positions.size() + (llvm::find(others, var) - others.begin()));
  };
  llvm::for_each(outside, addVar);
  std::size_t next = shared.size();
  for (const Place &place : places) {
    for (IndexVar *var : place.binding ? place.binding->vars : Vars()) {
      addVar(var);
      tensor.dims.push_back({var->extent, var->name, var->rest});
    }
    if (place.expr) {
      order.push_back(next++);
      tensor.dims.push_back({place.extent, "", false});
    }
  }
  for (const Dim &dim : dims) {
    order.push_back(order.size());
    tensor.dims.push_back(dim);
  }
  if (!walk.tensors.checkSize(tensor.vars, tensor.dims, stmt.range))
    return Value();
  tensor.ssa = transpose(walk, sums, order, tensor.vars, tensor.dims, stmt.range);
  return Value::of(std::move(tensor));
}

Value Accumulation::run() {
  StatementScope scope(walk.frame(), statement);
  if (!bind() || !findRanges() || !readPositions())
    return Value();
  const Value value = eval(walk, *stmt.value);
  if (value.isPoison())
    return value;
  if (!value.isNumeric() || value.holdsConditions())
    return walk.fail(Code::WrongKind, stmt.value->range, "numbers are added up, and this is " + walk.describe(value))
        .help("write `if … then 1 else 0` to count a condition");
  if (value.isTensor() && !value.tensor.isRanked())
    return walk.fail(Code::NotSupportedYet, stmt.range, "index notation in an update rule is not supported yet");
  sortVars(value);
  const Dims dims = value.isTensor() ? value.tensor.dims : Dims();
  const mlir::Value sums = addUp(value, dims);
  return sums ? arrange(sums, dims) : Value();
}

Value frontend::evalAccumulated(Walk &walk, const ast::Stmt &stmt, const ast::Type *result) {
  return Accumulation(walk, stmt, result).run();
}
