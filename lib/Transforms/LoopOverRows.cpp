// Products of a row of the batch with itself, such as the scores of an attention, may have far more numbers than what they are computed of and
// what becomes of them. Such a product, what is computed of its numbers row by row, and the products that sum them up again are the body of a
// loop over the rows: in it the numbers are those of one row, which caches hold. No turn hands anything to another, so that any thread takes
// any turn; and where there are very many numbers the derivative computes them again. Where caches would not hold those of a row, as of long texts, a turn is
// one step of the next dimension too, as a head: what a product reads and gives is then laid out turn by turn.
#include "ByRows.h"
#include "talweg/Transforms/Passes.h"

#include "mlir/Analysis/TopologicalSortUtils.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace talweg {
#define GEN_PASS_DEF_LOOPOVERROWS
#include "talweg/Transforms/Passes.h.inc"

namespace {

/// A product is large if it has more numbers than half a second cache holds, and so many in each row that a turn is worth its loop.
constexpr int64_t largeInAll = 1 << 17, largeInRow = 1 << 12;
/// And so many times those that either factor has.
constexpr int64_t timesFactor = 2;
/// More of a row no second cache holds.
constexpr int64_t largeForRow = 1 << 19;
/// So many numbers, of all layers, no cache keeps until the derivative needs them: then they are computed again.
constexpr int64_t largeToKeep = 1 << 22;

using namespace byrows;

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }
int64_t elementsOf(Value value) { return typeOf(value).getNumElements(); }

/// How many numbers of a factor a product reads.
int64_t readBy(tw::ContractOp op, AffineMap map) {
  int64_t numbers = 1;
  for (auto [loop, extent] : llvm::enumerate(op.getExtents()))
    numbers *= map.isFunctionOfDim(loop) ? extent : 1;
  return numbers;
}

bool isLarge(tw::ContractOp op) {
  const int64_t numbers = elementsOf(op.getY());
  return rowLoops(op, 1) && numbers > largeInAll && numbers >= largeInRow * typeOf(op.getY()).getDimSize(0) &&
         numbers >= timesFactor * std::max(readBy(op, op.getAMap()), readBy(op, op.getBMap()));
}

/// What is computed of no variable, no field and no other op's numbers, as a mask is: a value, or its rows.
class FixedValues {
public:
  explicit FixedValues(unsigned depth) : depth(depth) {}

  bool contains(Value value, bool isOfRows) {
    if (auto known = found.find({value, unsigned(isOfRows)}); known != found.end())
      return known->second;
    const bool fixed = isFixed(value.getDefiningOp(), isOfRows);
    return found[{value, unsigned(isOfRows)}] = fixed;
  }

private:
  unsigned depth; ///< of rows
  llvm::DenseMap<std::pair<Value, unsigned>, bool> found;

  bool isFixed(Operation *op, bool isOfRows) {
    if (!op || !(isa<tw::ConstantOp, tw::IotaOp, tw::WindowOp, tw::ReshapeOp>(op) || op->hasTrait<tw::Elementwise>()))
      return false;
    if (!isOfRows)
      return llvm::all_of(op->getOperands(), [&](Value operand) { return contains(operand, false); });
    const auto byRows = readByRows(op, depth);
    return byRows && llvm::all_of(llvm::zip_equal(op->getOperands(), *byRows),
                                  [&](auto pair) { return contains(std::get<0>(pair), std::get<1>(pair)); });
  }
};

/// Writes the body of a loop over rows: values as they are in it.
class RowBody {
public:
  RowBody(ImplicitLocOpBuilder &b, unsigned depth, Value turn) : b(b), depth(depth), turn(turn) {}

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
    for (auto [operand, isOfRows] : llvm::zip_equal(op->getOperands(), *readByRows(op, depth)))
      operands.push_back(get(operand, isOfRows));
    return inRow(b, op, depth, operands, turn);
  }

private:
  ImplicitLocOpBuilder &b;
  unsigned depth;
  Value turn;
  IRMapping rows, whole;

  Value copy(Operation *op) {
    for (Value operand : op->getOperands())
      get(operand, false);
    return b.clone(*op, whole)->getResult(0);
  }
};

/// What `x` is read of by `map`, and by what map: through windows.
std::pair<Value, AffineMap> readThrough(Value x, AffineMap map) {
  while (auto before = x.getDefiningOp<tw::WindowOp>()) {
    map = before.getMap().compose(map);
    x = before.getX();
  }
  return {x, map};
}

/// Lets what large masks are computed of be read in their place, where rows are not their first dimension: a condition on places and on a row's own numbers
/// is computed row by row then, and what it says of places is seen by products.
void spreadMasks(Operation *root) {
  llvm::SetVector<Operation *> masks;
  root->walk([&](tw::WindowOp window) {
    if (isa<RankedTensorType>(window.getY().getType())) // rules are for any shape
      masks.insert(window);
  });
  while (!masks.empty()) {
    auto window = cast<tw::WindowOp>(masks.pop_back_val());
    const RankedTensorType type = typeOf(window.getY());
    const auto [x, map] = readThrough(window.getX(), window.getMap());
    Operation *from = x.getDefiningOp();
    const bool hasRowsElsewhere = map.isFunctionOfDim(0) && !areFirst(map, 0u);
    if (!type.getElementType().isInteger(1) || type.getNumElements() <= largeInAll || !hasRowsElsewhere || !from ||
        !from->hasTrait<tw::Elementwise>() || elementsOf(x) > type.getNumElements())
      continue;
    ImplicitLocOpBuilder b(window.getLoc(), window);
    SmallVector<Value> operands;
    for (Value operand : from->getOperands()) {
      const auto [source, places] = readThrough(operand, map);
      auto own = RankedTensorType::get(type.getShape(), typeOf(operand).getElementType());
      auto read = tw::WindowOp::create(b, own, source, places);
      operands.push_back(read);
      masks.insert(read);
    }
    OperationState state(from->getLoc(), from->getName(), operands, type);
    state.propertiesAttr = from->getPropertiesAsAttribute();
    window.getY().replaceAllUsesWith(b.create(state)->getResult(0));
    window.erase();
  }
}

/// The ops around a large product that become the body of a loop.
class Group {
public:
  /// The first `depth` dimensions are those of rows.
  Group(tw::ContractOp large, unsigned depth)
      : large(large), numbers(typeOf(large.getY())), depth(depth), block(large->getBlock()), fixed(depth) {}

  llvm::SetVector<Operation *> ops;

  /// False: the numbers of the product do not stay inside; then why not is told.
  bool find(std::string &reason) {
    if (!addAround(reason))
      return false;
    addBetween();
    return findEdges(reason);
  }
  /// Makes what was found a loop.
  void write();

  /// Whether rows are so large that their steps along the next dimension are better rows, and may be.
  bool mayBeCut();
  /// Lays out what its products read and give step by step. The large product is another then.
  tw::ContractOp cut();

private:
  tw::ContractOp large;
  RankedTensorType numbers; ///< of the large product
  unsigned depth;
  Block *block;
  FixedValues fixed;

  bool isInside(Value value) { return value.getDefiningOp() && ops.contains(value.getDefiningOp()); }
  bool isAsLarge(Value value) {
    auto type = dyn_cast<RankedTensorType>(value.getType());
    return type && type.getRank() > 0 && type.getNumElements() == numbers.getNumElements() && type.getRank() >= depth &&
           isOfRows(type);
  }
  bool isOfRows(RankedTensorType type) {
    return type.getShape().take_front(depth) == numbers.getShape().take_front(depth);
  }
  std::optional<SmallVector<unsigned>> loopsOfSteps(tw::ContractOp op);
  bool isSpreadOverSteps(Operation *op);
  void spreadOverSteps(tw::WindowOp window);
  bool addAround(std::string &reason);
  void addBetween();
  bool findEdges(std::string &reason);

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
    if (op->getBlock() != block || !readByRows(op, depth)) {
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
  for (Operation *op : inOrder) {
    const auto byRows = readByRows(op, depth);
    if (!byRows || !isOfRows(typeOf(op->getResult(0)))) {
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

void Group::write() {
  ImplicitLocOpBuilder b(large.getLoc(), inOrder.back());
  auto inShape = [&](Value value, RankedTensorType type) -> Value {
    return b.createOrFold<tw::ReshapeOp>(type, value);
  };
  const auto types = llvm::map_to_vector(emitted, [&](Value value) -> Type { return stackOf(value.getType(), depth); });
  const auto along =
      llvm::map_to_vector(stacks, [&](Value value) { return inShape(value, stackOf(value.getType(), depth)); });
  auto scan = tw::ScanOp::create(b, types, stackOf(numbers, depth).getDimSize(0), /*reversed=*/false, ValueRange(),
                                 along, shared.getArrayRef());
  scan.setBlocks(true);
  int64_t kept = numbers.getNumElements();
  for (auto around = large->getParentOfType<tw::ScanOp>(); around; around = around->getParentOfType<tw::ScanOp>())
    kept *= around.getLength();
  scan.setRecomputed(kept >= largeToKeep);
  Block &body = scan.getTurns().emplaceBlock();
  body.addArgument(RankedTensorType::get({}, b.getI32Type()), b.getLoc());
  b.setInsertionPointToStart(&body);
  RowBody row(b, depth, body.getArgument(0));
  for (Value stack : stacks)
    row.set(stack, body.addArgument(rowOf(stack.getType(), depth), stack.getLoc()));
  for (Value value : shared)
    row.setShared(value, body.addArgument(value.getType(), value.getLoc()));
  for (Operation *op : inOrder)
    row.set(op->getResult(0), row.compute(op));
  b.setLoc(large.getLoc());
  tw::YieldOp::create(b, llvm::map_to_vector(emitted, [&](Value value) { return row.get(value, true); }));
  b.setInsertionPointAfter(scan);
  for (auto [number, value] : llvm::enumerate(emitted.takeVector()))
    value.replaceAllUsesWith(inShape(scan.getResult(number), typeOf(value)));
  for (Operation *op : llvm::reverse(inOrder))
    op->erase();
  sortTopologically(block); // what reads a result may have stood in front of the group's last
}

/// The loops of rows and of their steps, where each of the product's tensors has its own loops, one by one; nothing: it is not as simple.
std::optional<SmallVector<unsigned>> Group::loopsOfSteps(tw::ContractOp op) {
  auto isSimple = [](AffineMap map) {
    llvm::SmallDenseSet<AffineExpr> seen;
    return llvm::all_of(map.getResults(), [&](AffineExpr expr) {
      return isa<AffineConstantExpr>(expr) || (isa<AffineDimExpr>(expr) && seen.insert(expr).second);
    });
  };
  if (!isSimple(op.getAMap()) || !isSimple(op.getBMap()) || !op.getYMap().isProjectedPermutation())
    return std::nullopt;
  for (auto [value, map] :
       {std::pair<Value, AffineMap>(op.getY(), op.getYMap()), {op.getA(), op.getAMap()}, {op.getB(), op.getBMap()}})
    if (isAsLarge(value)) {
      SmallVector<unsigned> loops;
      for (AffineExpr result : map.getResults().take_front(depth + 1))
        if (auto loop = dyn_cast<AffineDimExpr>(result))
          loops.push_back(loop.getPosition());
      return loops.size() == depth + 1 ? std::optional(loops) : std::nullopt;
    }
  return std::nullopt;
}

/// Whether all steps of a row read the same, little, of what comes from outside.
bool Group::isSpreadOverSteps(Operation *op) {
  auto window = dyn_cast<tw::WindowOp>(op);
  return window && !isInside(window.getX()) && areFirst(window.getMap(), llvm::to_vector(llvm::seq(depth))) &&
         !window.getMap().isFunctionOfDim(depth) &&
         elementsOf(window.getX()) * numbers.getDimSize(depth) * 16 <= numbers.getNumElements();
}

bool Group::mayBeCut() {
  RankedTensorType row = rowOf(numbers, depth);
  if (row.getRank() < 3 || row.getNumElements() <= largeForRow || row.getDimSize(0) == 1 ||
      row.getNumElements() < largeInRow * row.getDimSize(0))
    return false;
  auto hasSteps = [&](Value value) {
    return typeOf(value).getShape().take_front(depth + 1) == numbers.getShape().take_front(depth + 1);
  };
  return llvm::all_of(inOrder, [&](Operation *op) {
    auto contract = dyn_cast<tw::ContractOp>(op);
    if (!contract)
      return hasSteps(op->getResult(0)) && (readByRows(op, depth + 1) || isSpreadOverSteps(op));
    const auto loops = loopsOfSteps(contract);
    // What is handed on inside is not laid out anew.
    auto isInOrder = [&](Value value, AffineMap map) { return hasSteps(value) && areFirst(map, *loops); };
    return loops &&
           llvm::all_of(llvm::zip_equal(op->getOperands(), ArrayRef{contract.getAMap(), contract.getBMap()}),
                        [&](auto factor) {
                          auto [value, map] = factor;
                          return !isInside(value) || isInOrder(value, map);
                        }) &&
           (isInOrder(contract.getY(), contract.getYMap()) ||
            llvm::none_of(op->getUsers(), [&](Operation *user) { return ops.contains(user); }));
  });
}

/// Lets a window read its own for each step.
void Group::spreadOverSteps(tw::WindowOp window) {
  ImplicitLocOpBuilder b(window.getLoc(), window);
  const RankedTensorType type = typeOf(window.getX());
  SmallVector<int64_t> shape(type.getShape());
  shape.insert(shape.begin() + depth, numbers.getDimSize(depth));
  SmallVector<unsigned> own = llvm::to_vector(llvm::seq(unsigned(shape.size())));
  own.erase(own.begin() + depth);
  window.getXMutable().assign(
      tw::WindowOp::create(b, type.clone(shape), window.getX(),
                           AffineMap::getMultiDimMapWithTargets(unsigned(shape.size()), own, b.getContext())));
  SmallVector<AffineExpr> results(window.getMap().getResults());
  results.insert(results.begin() + depth, b.getAffineDimExpr(depth));
  window.setMap(AffineMap::get(window.getMap().getNumDims(), 0, results, b.getContext()));
}

tw::ContractOp Group::cut() {
  tw::ContractOp other;
  for (Operation *op : inOrder) {
    if (isSpreadOverSteps(op))
      spreadOverSteps(cast<tw::WindowOp>(op));
    auto contract = dyn_cast<tw::ContractOp>(op);
    if (!contract)
      continue;
    ImplicitLocOpBuilder b(contract.getLoc(), contract);
    const auto first = *loopsOfSteps(contract);
    const unsigned count = contract.getExtents().size();
    /// The loops of a tensor, those of rows and steps first.
    auto inOrderOf = [&](AffineMap map) {
      SmallVector<unsigned> loops(first);
      for (AffineExpr result : map.getResults())
        if (auto loop = dyn_cast<AffineDimExpr>(result); loop && !llvm::is_contained(first, loop.getPosition()))
          loops.push_back(loop.getPosition());
      return loops;
    };
    auto mapOf = [&](ArrayRef<unsigned> loops) {
      return AffineMap::getMultiDimMapWithTargets(count, loops, b.getContext());
    };
    auto typeBy = [&](Value like, ArrayRef<unsigned> loops) {
      return typeOf(like).clone(llvm::map_to_vector(loops, [&](unsigned loop) { return contract.getExtents()[loop]; }));
    };
    auto laidOut = [&](Value factor, AffineMap &map) -> Value {
      const auto loops = inOrderOf(map);
      const AffineMap from = std::exchange(map, mapOf(loops));
      if (from == map)
        return factor;
      SmallVector<AffineExpr> places(count, b.getAffineConstantExpr(0));
      for (auto [place, loop] : llvm::enumerate(loops))
        places[loop] = b.getAffineDimExpr(unsigned(place));
      return tw::WindowOp::create(b, typeBy(factor, loops), factor,
                                  from.replaceDimsAndSymbols(places, {}, unsigned(loops.size()), 0));
    };
    AffineMap aMap = contract.getAMap(), bMap = contract.getBMap(), yMap = contract.getYMap();
    Value left = laidOut(contract.getA(), aMap), right = laidOut(contract.getB(), bMap);
    const auto loops = inOrderOf(yMap);
    auto product = tw::ContractOp::create(b, typeBy(contract.getY(), loops), left, right, contract.getExtents(), aMap,
                                          bMap, mapOf(loops));
    Value y = product;
    if (mapOf(loops) != yMap) {
      const auto places =
          llvm::map_to_vector(loops, [&](unsigned loop) { return *yMap.getResultPosition(b.getAffineDimExpr(loop)); });
      y = tw::WindowOp::create(b, contract.getY().getType(), y,
                               AffineMap::getMultiDimMapWithTargets(yMap.getNumResults(), places, b.getContext()));
    }
    contract.getY().replaceAllUsesWith(y);
    if (contract == large)
      other = product;
    contract.erase();
  }
  return other;
}

struct LoopOverRows : impl::LoopOverRowsBase<LoopOverRows> {
  using LoopOverRowsBase::LoopOverRowsBase;

  void runOnOperation() override {
    spreadMasks(getOperation());
    SmallVector<tw::ContractOp> found;
    getOperation()->walk([&](tw::ContractOp contract) {
      if (isLarge(contract))
        found.push_back(contract);
    });
    llvm::DenseSet<Operation *> gone;
    for (tw::ContractOp large : found) {
      if (gone.contains(large))
        continue;
      Group group(large, 1);
      std::string reason;
      const Location loc = large.getLoc();
      const bool isFound = group.find(reason), isCut = isFound && group.mayBeCut();
      if (!isCut && typeOf(large.getY()).getDimSize(0) == 1)
        continue;
      if (!isFound) {
        if (tells)
          emitRemark(loc) << "larger than its factors, and not computed row by row: " << reason;
        continue;
      }
      gone.insert(group.ops.begin(), group.ops.end());
      ++loops;
      if (!isCut) {
        group.write();
        continue;
      }
      Group steps(group.cut(), 2);
      if (!steps.find(reason)) {
        emitError(loc) << "cannot be computed step by step: " << reason;
        return signalPassFailure();
      }
      steps.write();
    }
  }
};

} // namespace
} // namespace talweg
