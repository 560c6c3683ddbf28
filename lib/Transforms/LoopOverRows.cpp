// Products of a row of the batch with itself, such as the scores of an attention, may have far more numbers than what they are computed of and
// what becomes of them. Such a product, what is computed of its numbers row by row, and the products that sum them up again are the body of a
// loop over the rows: in it the numbers are those of one row, which caches hold. No turn hands anything to another, so that any thread takes
// any turn; and where there are very many numbers the derivative computes them again.
#include "talweg/Dialect/Tw/Tw.h"
#include "talweg/Transforms/Passes.h"

#include "mlir/Analysis/TopologicalSortUtils.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace talweg {
#define GEN_PASS_DEF_LOOPOVERROWS
#include "talweg/Transforms/Passes.h.inc"

namespace {

/// A product is large if it has more numbers than half a second cache holds, and so many in each row that a turn is worth its loop.
constexpr int64_t largeInAll = 1 << 17, largeInRow = 1 << 12;
/// And so many times those that either factor has.
constexpr int64_t timesFactor = 2;
/// So many numbers, of all layers, no cache keeps until the derivative needs them: then they are computed again.
constexpr int64_t largeToKeep = 1 << 22;

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }
int64_t elementsOf(Value value) { return typeOf(value).getNumElements(); }

/// True if `map` has `dim` alone as its first result, and nowhere else.
bool isFirst(AffineMap map, unsigned dim) {
  ArrayRef<AffineExpr> results = map.getResults();
  return !results.empty() && results[0] == getAffineDimExpr(dim, map.getContext()) &&
         llvm::none_of(results.drop_front(), [&](AffineExpr other) { return other.isFunctionOfDim(dim); });
}

/// The loop that is the first dimension of all three of a product's tensors.
std::optional<unsigned> rowLoop(tw::ContractOp op) {
  for (unsigned loop = 0; loop < op.getExtents().size(); ++loop)
    if (isFirst(op.getAMap(), loop) && isFirst(op.getBMap(), loop) && isFirst(op.getYMap(), loop))
      return loop;
  return std::nullopt;
}

/// How many numbers of a factor a product reads.
int64_t readBy(tw::ContractOp op, AffineMap map) {
  int64_t numbers = 1;
  for (auto [loop, extent] : llvm::enumerate(op.getExtents()))
    numbers *= map.isFunctionOfDim(loop) ? extent : 1;
  return numbers;
}

bool isLarge(tw::ContractOp op) {
  const int64_t numbers = elementsOf(op.getY());
  return rowLoop(op) && typeOf(op.getY()).getDimSize(0) > 1 && numbers > largeInAll &&
         numbers >= largeInRow * typeOf(op.getY()).getDimSize(0) &&
         numbers >= timesFactor * std::max(readBy(op, op.getAMap()), readBy(op, op.getBMap()));
}

/// The type of a row of tensors of `type`.
RankedTensorType rowOf(Type type) {
  auto all = cast<RankedTensorType>(type);
  return all.clone(all.getShape().drop_front());
}

/// `map` without loop or dimension `row`, and without its first result, if that is the row.
AffineMap withoutRow(AffineMap map, unsigned row) {
  MLIRContext *context = map.getContext();
  SmallVector<AffineExpr> others;
  for (unsigned dim = 0; dim < map.getNumDims(); ++dim)
    others.push_back(dim == row ? getAffineConstantExpr(0, context) : getAffineDimExpr(dim - (dim > row), context));
  ArrayRef<AffineExpr> results = map.getResults();
  if (!results.empty() && results[0].isFunctionOfDim(row))
    results = results.drop_front();
  return AffineMap::get(map.getNumDims(), 0, results, context)
      .replaceDimsAndSymbols(others, {}, map.getNumDims() - 1, 0);
}

/// Where `op` computes its result row by row, whether each operand is a tensor of rows, of which it reads its own, or is the same for all; nothing: rows
/// depend on each other, or it is not known.
std::optional<SmallVector<bool>> readByRows(Operation *op) {
  if (op->getNumResults() != 1 || op->getNumRegions() > 0)
    return std::nullopt;
  auto all = [&](bool known) {
    return known ? std::optional(SmallVector<bool>(op->getNumOperands(), true)) : std::nullopt;
  };
  if (typeOf(op->getResult(0)).getRank() == 0)
    return std::nullopt;
  if (op->hasTrait<tw::Elementwise>() || isa<tw::StopGradientOp, tw::WatchOp>(op))
    return all(true);
  return llvm::TypeSwitch<Operation *, std::optional<SmallVector<bool>>>(op)
      .Case([&](tw::ConstantOp constant) { return all(isa<SplatElementsAttr>(constant.getValueAttr())); })
      .Case([&](tw::ReduceOp reduce) { return all(!llvm::is_contained(reduce.getDims(), 0)); })
      .Case([&](tw::ReshapeOp reshape) {
        return all(typeOf(reshape.getX()).getRank() > 0 &&
                   typeOf(reshape.getX()).getDimSize(0) == typeOf(reshape.getY()).getDimSize(0));
      })
      .Case([&](tw::ContractOp contract) { return all(rowLoop(contract).has_value()); })
      .Case([&](tw::WindowOp window) -> std::optional<SmallVector<bool>> {
        if (!window.getMap().isFunctionOfDim(0))
          return SmallVector<bool>{false};
        return all(isFirst(window.getMap(), 0));
      })
      // A row's are those that it has of all rows' random numbers.
      .Case([](tw::UniformOp uniform) { return SmallVector<bool>(uniform->getNumOperands(), false); })
      .Default([](Operation *) { return std::nullopt; });
}

/// What `op` does, in row `turn`.
Value inRow(ImplicitLocOpBuilder &b, Operation *op, ValueRange operands, Value turn) {
  RankedTensorType type = rowOf(op->getResult(0).getType());
  if (auto uniform = dyn_cast<tw::UniformOp>(op)) {
    tw::UniformOp::Adaptor own(operands, uniform);
    auto number = RankedTensorType::get({}, b.getI64Type());
    Value count = tw::ConstantOp::create(b, DenseElementsAttr::get(number, type.getNumElements()));
    Value first = tw::MulOp::create(b, tw::ConvertOp::create(b, number, turn), count);
    if (own.getFirst())
      first = tw::AddOp::create(b, own.getFirst(), first);
    return tw::UniformOp::create(b, type, own.getKey(), uniform.getStreamAttr(), first, own.getFurther(),
                                 own.getTurn());
  }
  if (auto constant = dyn_cast<tw::ConstantOp>(op)) {
    auto splat = cast<SplatElementsAttr>(constant.getValueAttr());
    return tw::ConstantOp::create(b, DenseElementsAttr::get(type, splat.getSplatValue<Attribute>()));
  }
  if (auto reduce = dyn_cast<tw::ReduceOp>(op)) {
    auto dims = llvm::map_to_vector(reduce.getDims(), [](int64_t dim) { return dim - 1; });
    return tw::ReduceOp::create(b, type, reduce.getKind(), operands[0], dims);
  }
  if (auto contract = dyn_cast<tw::ContractOp>(op)) {
    const unsigned row = *rowLoop(contract);
    SmallVector<int64_t> extents(contract.getExtents());
    extents.erase(extents.begin() + row);
    return tw::ContractOp::create(b, type, operands[0], operands[1], extents, withoutRow(contract.getAMap(), row),
                                  withoutRow(contract.getBMap(), row), withoutRow(contract.getYMap(), row));
  }
  if (auto window = dyn_cast<tw::WindowOp>(op))
    return tw::WindowOp::create(b, type, operands[0], withoutRow(window.getMap(), 0));
  OperationState state(op->getLoc(), op->getName(), operands, type);
  state.addAttributes(llvm::to_vector(op->getDiscardableAttrs()));
  state.propertiesAttr = op->getPropertiesAsAttribute();
  return b.create(state)->getResult(0);
}

/// What is computed of no variable, no field and no other op's numbers, as a mask is: a value, or its rows.
class FixedValues {
public:
  bool contains(Value value, bool isOfRows) {
    if (auto known = found.find({value, unsigned(isOfRows)}); known != found.end())
      return known->second;
    const bool fixed = isFixed(value.getDefiningOp(), isOfRows);
    return found[{value, unsigned(isOfRows)}] = fixed;
  }

private:
  llvm::DenseMap<std::pair<Value, unsigned>, bool> found;

  bool isFixed(Operation *op, bool isOfRows) {
    if (!op || !(isa<tw::ConstantOp, tw::IotaOp, tw::WindowOp, tw::ReshapeOp>(op) || op->hasTrait<tw::Elementwise>()))
      return false;
    if (!isOfRows)
      return llvm::all_of(op->getOperands(), [&](Value operand) { return contains(operand, false); });
    const auto byRows = readByRows(op);
    return byRows && llvm::all_of(llvm::zip_equal(op->getOperands(), *byRows),
                                  [&](auto pair) { return contains(std::get<0>(pair), std::get<1>(pair)); });
  }
};

/// Writes the body of a loop over rows: values as they are in it.
class RowBody {
public:
  RowBody(ImplicitLocOpBuilder &b, Value turn) : b(b), turn(turn) {}

  void set(Value all, Value row) { rows.map(all, row); }
  void setShared(Value all, Value inside) { whole.map(all, inside); }

  /// `value`, of which the body has the row's or all, or which is fixed.
  Value get(Value value, bool isOfRows) {
    IRMapping &known = isOfRows ? rows : whole;
    if (!known.contains(value))
      known.map(value, isOfRows ? compute(value.getDefiningOp()) : copy(value.getDefiningOp()));
    return known.lookup(value);
  }

  Value compute(Operation *op) {
    b.setLoc(op->getLoc());
    SmallVector<Value> operands;
    for (auto [operand, isOfRows] : llvm::zip_equal(op->getOperands(), *readByRows(op)))
      operands.push_back(get(operand, isOfRows));
    return inRow(b, op, operands, turn);
  }

private:
  ImplicitLocOpBuilder &b;
  Value turn;
  IRMapping rows, whole;

  Value copy(Operation *op) {
    for (Value operand : op->getOperands())
      get(operand, false);
    return b.clone(*op, whole)->getResult(0);
  }
};

/// The ops around a large product that become the body of a loop.
class Group {
public:
  explicit Group(tw::ContractOp large) : large(large), block(large->getBlock()) {}

  llvm::SetVector<Operation *> ops;

  /// False: the numbers of the product do not stay inside; then why not is told.
  bool run(std::string &reason);

private:
  tw::ContractOp large;
  Block *block;
  FixedValues fixed;

  bool isInside(Value value) { return value.getDefiningOp() && ops.contains(value.getDefiningOp()); }
  bool isAsLarge(Value value) {
    auto type = dyn_cast<RankedTensorType>(value.getType());
    return type && type.getRank() > 0 && type.getNumElements() == elementsOf(large.getY()) &&
           type.getDimSize(0) == typeOf(large.getY()).getDimSize(0);
  }
  bool addAround(std::string &reason);
  void addBetween();
  bool findEdges(std::string &reason);
  void writeLoop();

  SmallVector<Operation *> inOrder;
  llvm::SetVector<Value> stacks, emitted; ///< what comes in and what goes out, of all rows
  llvm::SetVector<Value> shared;          ///< whole numbers that all rows read, and so nothing has a derivative by
};

/// Adds all that read or make tensors as large.
bool Group::addAround(std::string &reason) {
  SmallVector<Operation *> left{large};
  while (!left.empty()) {
    Operation *op = left.pop_back_val();
    if (!ops.insert(op))
      continue;
    if (op->getBlock() != block || !readByRows(op)) {
      reason = ("`" + op->getName().getStringRef() + "` reads or makes it, which is not row by row").str();
      return false;
    }
    for (Value operand : op->getOperands())
      if (isAsLarge(operand) && !fixed.contains(operand, /*isOfRows=*/true)) {
        if (!operand.getDefiningOp()) {
          reason = "another of its size comes from outside";
          return false;
        }
        left.push_back(operand.getDefiningOp());
      }
    for (Value result : op->getResults())
      if (isAsLarge(result))
        left.append(result.getUsers().begin(), result.getUsers().end());
  }
  return true;
}

/// Adds what is computed of results of the group and leads to operands of it.
void Group::addBetween() {
  llvm::DenseSet<Operation *> behind, inFront;
  for (Operation &op : *block)
    if (llvm::any_of(op.getOperands(), [&](Value operand) {
          Operation *from = operand.getDefiningOp();
          return from && (ops.contains(from) || behind.contains(from));
        }))
      behind.insert(&op);
  for (Operation &op : llvm::reverse(*block))
    if (llvm::any_of(op.getUsers(), [&](Operation *user) {
          Operation *at = block->findAncestorOpInBlock(*user);
          return ops.contains(at) || inFront.contains(at);
        }))
      inFront.insert(&op);
  for (Operation &op : *block)
    if (behind.contains(&op) && inFront.contains(&op))
      ops.insert(&op);
}

/// Finds what the loop takes and emits, if each of the ops is done row by row.
bool Group::findEdges(std::string &reason) {
  inOrder.assign(ops.begin(), ops.end());
  llvm::sort(inOrder, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  const int64_t rows = typeOf(large.getY()).getDimSize(0);
  for (Operation *op : inOrder) {
    const auto byRows = readByRows(op);
    if (!byRows || typeOf(op->getResult(0)).getDimSize(0) != rows) {
      reason = ("`" + op->getName().getStringRef() + "` in between is not row by row").str();
      return false;
    }
    for (auto [operand, isOfRows] : llvm::zip_equal(op->getOperands(), *byRows)) {
      if (fixed.contains(operand, isOfRows))
        continue;
      if (!isOfRows && !isInside(operand) && typeOf(operand).getElementType().isInteger()) {
        shared.insert(operand);
        continue;
      }
      if (!isOfRows) {
        reason = isInside(operand) ? "a row is computed of other rows" : "all rows share a tensor that is computed";
        return false;
      }
      if (!isInside(operand))
        stacks.insert(operand);
    }
    Value result = op->getResult(0);
    if (llvm::all_of(result.getUsers(), [&](Operation *user) { return ops.contains(user); }))
      continue;
    if (isAsLarge(result)) {
      reason = "another of its size is read outside";
      return false;
    }
    emitted.insert(result);
  }
  return true;
}

void Group::writeLoop() {
  ImplicitLocOpBuilder b(large.getLoc(), inOrder.back());
  auto scan = tw::ScanOp::create(b, TypeRange(emitted.getArrayRef()), typeOf(large.getY()).getDimSize(0),
                                 /*reversed=*/false, ValueRange(), stacks.getArrayRef(), shared.getArrayRef());
  scan.setBlocks(true);
  int64_t kept = elementsOf(large.getY());
  for (auto around = large->getParentOfType<tw::ScanOp>(); around; around = around->getParentOfType<tw::ScanOp>())
    kept *= around.getLength();
  scan.setRecomputed(kept >= largeToKeep);
  Block &body = scan.getTurns().emplaceBlock();
  body.addArgument(RankedTensorType::get({}, b.getI32Type()), b.getLoc());
  b.setInsertionPointToStart(&body);
  RowBody row(b, body.getArgument(0));
  for (Value stack : stacks)
    row.set(stack, body.addArgument(rowOf(stack.getType()), stack.getLoc()));
  for (Value value : shared)
    row.setShared(value, body.addArgument(value.getType(), value.getLoc()));
  for (Operation *op : inOrder)
    row.set(op->getResult(0), row.compute(op));
  b.setLoc(large.getLoc());
  tw::YieldOp::create(b, llvm::map_to_vector(emitted, [&](Value value) { return row.get(value, true); }));
  for (auto [number, value] : llvm::enumerate(emitted.takeVector()))
    value.replaceAllUsesWith(scan.getResult(number));
  for (Operation *op : llvm::reverse(inOrder))
    op->erase();
  sortTopologically(block); // what reads a result may have stood in front of the group's last
}

bool Group::run(std::string &reason) {
  if (!addAround(reason))
    return false;
  addBetween();
  if (!findEdges(reason))
    return false;
  writeLoop();
  return true;
}

struct LoopOverRows : impl::LoopOverRowsBase<LoopOverRows> {
  using LoopOverRowsBase::LoopOverRowsBase;

  void runOnOperation() override {
    SmallVector<tw::ContractOp> found;
    getOperation()->walk([&](tw::ContractOp contract) {
      if (isLarge(contract))
        found.push_back(contract);
    });
    llvm::DenseSet<Operation *> gone;
    for (tw::ContractOp large : found) {
      if (gone.contains(large))
        continue;
      Group group(large);
      std::string reason;
      const Location loc = large.getLoc();
      if (group.run(reason)) {
        gone.insert(group.ops.begin(), group.ops.end());
        ++loops;
      } else if (tells) {
        emitRemark(loc) << "larger than its factors, and not computed row by row: " << reason;
      }
    }
  }
};

} // namespace
} // namespace talweg
