// concat, stack, full, and constant tables.
#include "Pieces.h"

#include "Numbers.h"
#include "Operators.h"
#include "Tensors.h"

#include "talweg/Dialect/Tw/Elements.h"
#include "talweg/Dialect/Tw/Tw.h"

#include <algorithm>
#include <fmt/format.h>

using namespace talweg;
using namespace talweg::frontend;

//===-- joined -----------------------------------------------------------------------------------------------------===//

namespace {
/// What is joined by a call of `name`, and along which dimension.
struct Pieces {
  const char *name;
  std::vector<const Given *> given;
  std::vector<Value> values; ///< as tensors
  std::int64_t axis = -1;
  ast::Range axisRange;

  Bounds bounds() const {
    Bounds all = boundsOf(given.front()->value);
    for (const Given *piece : given)
      all = unite(all, boundsOf(piece->value));
    return all;
  }
};
} // namespace

/// Nothing: reported.
static std::optional<Pieces> readPieces(TensorBuilder &tensors, const char *name, const std::vector<Given> &arguments,
                                        ast::Range range) {
  Pieces pieces{name, {}, {}, -1, range};
  for (const Given &given : arguments) {
    const Value &value = given.value;
    if (given.name.text == "axis" && value.isInteger()) {
      pieces.axis = value.number.integer;
      pieces.axisRange = given.range;
      continue;
    }
    if (given.name.text == "axis")
      tensors.fail(Code::WrongArgument, given.range, "`axis` is an integer, and this is " + tensors.describe(value));
    else if (!given.name.text.empty())
      tensors.fail(Code::UnknownArgument, given.name.range,
                   fmt::format("{} has no parameter `{}`", name, given.name.text));
    else if (!value.isNumeric() && value.kind != Value::Bool)
      tensors.fail(Code::WrongKind, given.range,
                   fmt::format("`{}` takes tensors, and this is {}", name, tensors.describe(value)));
    else if (value.isTensor() && !value.tensor.isRanked())
      tensors
          .fail(Code::WrongKind, given.range,
                fmt::format("`{}` takes tensors of known shape, and this is {}", name, tensors.describe(value)))
          .help("a rule is one for all shapes: it computes element by element, and `sum`, `prod`, `max`, `min` of all");
    else {
      pieces.values.push_back(tensors.asTensor(value, given.range));
      pieces.given.push_back(&given);
      continue;
    }
    return std::nullopt;
  }
  if (!pieces.values.empty())
    return pieces;
  tensors.fail(Code::MissingArgument, range, fmt::format("missing tensors in the call to {}", name));
  return std::nullopt;
}

/// The place of the pieces' axis in a tensor of `rank`. Nothing: it has none (reported).
static std::optional<std::size_t> axisIn(TensorBuilder &tensors, const Pieces &pieces, std::size_t rank) {
  const std::int64_t most = std::int64_t(rank);
  if (pieces.axis >= -most && pieces.axis < most)
    return pieces.axis < 0 ? pieces.axis + most : pieces.axis;
  tensors.fail(Code::IndexOutOfRange, pieces.axisRange,
               fmt::format("axis {} is outside of {} dimension{}", pieces.axis, rank, rank == 1 ? "" : "s"));
  return std::nullopt;
}

/// One shape for `values`, and their common element type. Nothing: reported.
static std::optional<Aligned> alignPieces(TensorBuilder &tensors, const Pieces &pieces,
                                          const std::vector<Value> &values, ast::Range range) {
  std::vector<Operand> operands;
  for (const Value &value : values)
    operands.push_back({&value, nullptr});
  std::optional<Aligned> shape = tensors.unite(operands, pieces.name, range);
  if (!shape)
    return std::nullopt;
  const bool isTruth = values.front().isCondition();
  for (std::size_t i = 0; i < values.size(); ++i)
    if (values[i].isCondition() != isTruth) {
      tensors.fail(Code::WrongKind, pieces.given[i]->range,
                   fmt::format("`{}` joins conditions with conditions, and numbers with numbers", pieces.name));
      return std::nullopt;
    }
  shape->element = isTruth       ? tensors.builder.getI1Type()
                   : shape->weak ? tensors.floatType()
                                 : tensors.promote(operands, *shape, false, range);
  shape->weak = false;
  return shape->element ? shape : std::nullopt;
}

/// The parts, of `shape` but for their extents, behind each other along dimension `axis` of it.
static Value joined(TensorBuilder &tensors, const Pieces &pieces, Aligned shape, const std::vector<mlir::Value> &parts,
                    std::size_t axis, ast::Range range) {
  if (!tensors.checkSize(shape.vars, shape.dims, range))
    return Value();
  const mlir::Value all =
      tw::ConcatOp::create(tensors.builder, tensors.location(range), tensorType(shape.vars, shape.dims, shape.element),
                           parts, tensors.builder.getI64IntegerAttr(shape.vars.size() + axis));
  return withBounds(wrap(all, shape), pieces.bounds());
}

Value frontend::concat(TensorBuilder &tensors, const std::vector<Given> &arguments, ast::Range range) {
  const std::optional<Pieces> pieces = readPieces(tensors, "concat", arguments, range);
  if (!pieces)
    return Value();
  const Dims &dims = pieces->values.front().tensor.dims;
  const std::optional<std::size_t> axis = axisIn(tensors, *pieces, dims.size());
  if (!axis)
    return Value();
  std::vector<Value> elements; // what each piece is along the axis: of one shape
  Number extent = Number::of(std::int64_t(0));
  for (std::size_t i = 0; i < pieces->values.size(); ++i) {
    Value element = pieces->values[i];
    Dims &own = element.tensor.dims;
    if (own.size() != dims.size())
      return tensors
          .fail(Code::ShapesDisagree, pieces->given[i]->range,
                "what `concat` joins has as many dimensions as the first")
          .line("the first is " + tensors.describe(pieces->given.front()->value))
          .line("this is      " + tensors.describe(pieces->given[i]->value))
          .help("`stack(x)` is x with a dimension of 1 more");
    if (arithmetic(ast::BinaryOp::Add, extent, Number::of(own[*axis].size), extent) != NumberFault::None)
      return tensors.fail(Code::NumberOutOfRange, range, "the joined dimension does not fit into 64 bits");
    own.erase(own.begin() + *axis);
    elements.push_back(std::move(element));
  }
  std::optional<Aligned> shape = alignPieces(tensors, *pieces, elements, range);
  if (!shape)
    return Value();
  std::vector<mlir::Value> parts;
  for (const Value &piece : pieces->values) {
    Dims own = shape->dims;
    own.insert(own.begin() + *axis, piece.tensor.dims[*axis]);
    parts.push_back(
        tensors.spread(tensors.converted(piece.tensor, shape->element, range), shape->vars, own, false, range));
  }
  shape->dims.insert(shape->dims.begin() + *axis, Dim{extent.integer, "", false});
  return joined(tensors, *pieces, *shape, parts, *axis, range);
}

Value frontend::stack(TensorBuilder &tensors, const std::vector<Given> &arguments, ast::Range range) {
  const std::optional<Pieces> pieces = readPieces(tensors, "stack", arguments, range);
  std::optional<Aligned> shape =
      pieces ? alignPieces(tensors, *pieces, pieces->values, range) : std::optional<Aligned>();
  const std::optional<std::size_t> axis =
      shape ? axisIn(tensors, *pieces, shape->dims.size() + 1) : std::optional<std::size_t>();
  if (!axis)
    return Value();
  Dims single = shape->dims;
  single.insert(single.begin() + *axis, Dim{1, "", false});
  const mlir::RankedTensorType type = tensorType(shape->vars, single, shape->element);
  std::vector<mlir::Value> parts;
  for (const Value &piece : pieces->values) {
    const mlir::Value part = tensors.materialise(piece, shape->element, *shape, range);
    parts.push_back(tw::ReshapeOp::create(tensors.builder, tensors.location(range), type, part));
  }
  shape->dims.insert(shape->dims.begin() + *axis, Dim{std::int64_t(parts.size()), "", false});
  return joined(tensors, *pieces, *shape, parts, *axis, range);
}

//===-- filled -----------------------------------------------------------------------------------------------------===//

Value frontend::full(TensorBuilder &tensors, Dims dims, const Value &value, ast::Range range) {
  Aligned shape;
  if (value.isTensor())
    shape.vars = value.tensor.vars;
  shape.dims = std::move(dims);
  if (!tensors.checkSize(shape.vars, shape.dims, range))
    return Value();
  shape.element = value.isCondition()                      ? tensors.builder.getI1Type()
                  : value.isTensor() && !value.tensor.weak ? tensors.computedType(value.tensor.element())
                                                           : tensors.floatType();
  return withBounds(wrap(tensors.materialise(value, shape.element, shape, range), shape), boundsOf(value));
}

//===-- tables -----------------------------------------------------------------------------------------------------===//

namespace {
/// The numbers of nested lists, in their order.
struct Entries {
  std::vector<Number> numbers;
  Dims dims; ///< of the list looked at first at each depth
};
} // namespace

/// Takes in `list`, which is `depth` lists deep. False: reported.
static bool takeEntries(TensorBuilder &tensors, const Value &list, std::size_t depth, Entries &entries,
                        ast::Range range) {
  const std::int64_t count = std::int64_t(list.items.size());
  if (depth == entries.dims.size() && entries.numbers.empty())
    entries.dims.push_back({count, "", false});
  if (depth == entries.dims.size() || entries.dims[depth].size != count || count == 0) {
    tensors.fail(count == 0 ? Code::BadDimension : Code::ShapesDisagree, range,
                 count == 0                     ? std::string("an empty list has no elements to index")
                 : depth == entries.dims.size() ? std::string("lists and numbers stand side by side in this list")
                                                : fmt::format("lists of {} and of {} elements stand side by side",
                                                              entries.dims[depth].size.value, count));
    return false;
  }
  for (const Value &item : list.items) {
    if (item.kind == Value::List) {
      if (!takeEntries(tensors, item, depth + 1, entries, range))
        return false;
      continue;
    }
    if (!item.isNumber() || item.number.dependsOnBatch()) {
      tensors
          .fail(Code::NotKnownHere, range,
                "an indexed list has numbers known at compile time, and one element " +
                    (item.isNumber() ? "depends on the batch" : "is " + tensors.describe(item)))
          .help("`stack(…)` makes a tensor of values that are computed");
      return false;
    }
    if (depth + 1 != entries.dims.size()) {
      tensors.fail(Code::ShapesDisagree, range, "lists and numbers stand side by side in this list");
      return false;
    }
    entries.numbers.push_back(item.number);
  }
  return true;
}

Value frontend::constantTable(TensorBuilder &tensors, const Value &list, ast::Range range) {
  Entries entries;
  if (!takeEntries(tensors, list, 0, entries, range) || !tensors.checkSize({}, entries.dims, range))
    return Value();
  const bool isWhole = std::ranges::all_of(entries.numbers, [](const Number &number) { return number.isInteger; });
  const mlir::Type element = isWhole ? mlir::Type(tensors.builder.getI32Type()) : tensors.floatType();
  llvm::SmallVector<mlir::Attribute> elements;
  Bounds bounds = Bounds::of(entries.numbers.front().integer);
  for (const Number &number : entries.numbers) {
    bounds = unite(bounds, Bounds::of(number.integer));
    if (isWhole && !infoOf(ElementType::I32).holds(number.integer))
      return tensors.fail(Code::NumberOutOfRange, range,
                          fmt::format("{} does not fit into 32 bits", number.integer.value));
    elements.push_back(elementFor(tensors.builder, number, element));
  }
  Tensor result;
  result.dims = entries.dims;
  const mlir::RankedTensorType type = tensorType({}, result.dims, element);
  result.ssa = tw::ConstantOp::create(tensors.builder, tensors.location(range), type,
                                      mlir::DenseElementsAttr::get(type, elements));
  return withBounds(Value::of(std::move(result)), bounds);
}
