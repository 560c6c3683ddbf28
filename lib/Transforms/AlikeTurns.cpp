// Turns of a loop, op beside op.
#include "AlikeTurns.h"

#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

#include <fmt/format.h>

using namespace mlir;

namespace talweg {

bool isReadOfStep(Operation *op) {
  if (auto window = dyn_cast<tw::WindowOp>(op))
    return window.getX().getDefiningOp<train::GetOp>() && window.getMap().getNumResults() > 0 &&
           isa<AffineConstantExpr>(window.getMap().getResult(0)) && window.getMap().dropResult(0).isIdentity();
  return isa<train::GetOp, train::KeyOp, train::TrainingOp, train::RowsOp, train::StepOp, train::TotalStepsOp,
             train::GetHyperOp, train::FirstRowOp>(op);
}

static std::string nameOf(Operation *op) { return op->getName().getStringRef().str(); }

/// Do they stand for the same in two turns?
static bool isSame(Value a, Value b) {
  if (a == b)
    return true;
  auto inBlock = dyn_cast<BlockArgument>(a), other = dyn_cast<BlockArgument>(b); // of blocks that are compared
  if (inBlock && other)
    return inBlock.getArgNumber() == other.getArgNumber();
  Operation *read = a.getDefiningOp(), *again = b.getDefiningOp();
  return read && again && isReadOfStep(read) && read->getName() == again->getName() &&
         read->getAttrDictionary() == again->getAttrDictionary() && a.getType() == b.getType();
}

/// The tensor of which `value` is the slice `number` along the first dimension; null: it is none.
static Value stackOfSlice(Value value, unsigned number) {
  auto window = value.getDefiningOp<tw::WindowOp>();
  if (!window)
    return {};
  AffineMap map = window.getMap();
  auto first = map.getNumResults() == 0 ? AffineConstantExpr() : dyn_cast<AffineConstantExpr>(map.getResult(0));
  bool isSlice = first && first.getValue() == number && map.dropResult(0).isIdentity();
  return isSlice ? window.getX() : Value();
}

AlikeTurns::AlikeTurns(std::vector<Turn> given) : turns(std::move(given)) {
  if (llvm::any_of(turns, [](const Turn &turn) { return turn.empty(); })) {
    fail("a turn computes nothing");
    return;
  }
  for (const Turn &turn : turns) {
    Turn &ops = all.emplace_back();
    for (Operation *op : turn)
      op->walk<WalkOrder::PreOrder>([&](Operation *inner) { ops.push_back(inner); });
  }
  for (auto [turn, ops] : llvm::enumerate(all))
    if (ops.size() != all[0].size()) {
      fail(fmt::format("turn {} has {} operations where the first has {}", turn, ops.size(), all[0].size()));
      return;
    }
  number();
  for (unsigned op = 0; op < all[0].size(); ++op)
    if (!compareOps(op) || !compareOperands(op))
      return;
  for (Outside &outside : read)
    if (!classify(outside))
      return;
  findEnds();
}

void AlikeTurns::number() {
  computed.resize(all.size());
  for (auto [turn, ops] : llvm::enumerate(all)) {
    auto add = [&](Value value) {
      places[value] = {unsigned(turn), unsigned(computed[turn].size())};
      computed[turn].push_back(value);
    };
    for (Operation *op : ops) {
      llvm::for_each(op->getResults(), add);
      for (Region &region : op->getRegions())
        for (Block &block : region)
          llvm::for_each(block.getArguments(), add);
    }
  }
}

/// What may differ: the numbers of a constant, the stream of random numbers. Null: nothing of this op.
static Attribute variedOf(Operation *op) {
  if (auto constant = dyn_cast<tw::ConstantOp>(op))
    return constant.getValueAttr();
  if (auto uniform = dyn_cast<tw::UniformOp>(op); uniform && !uniform.getFurther())
    return uniform.getStreamAttr();
  return {};
}

static bool areAlike(Operation *a, Operation *b) {
  if (a->getName() != b->getName() || a->getNumOperands() != b->getNumOperands() ||
      a->getResultTypes() != b->getResultTypes() || a->getNumRegions() != b->getNumRegions())
    return false;
  for (auto [region, other] : llvm::zip_equal(a->getRegions(), b->getRegions())) {
    if (region.getBlocks().size() != other.getBlocks().size())
      return false;
    for (auto [block, beside] : llvm::zip_equal(region, other))
      if (block.getArgumentTypes() != beside.getArgumentTypes() ||
          block.getOperations().size() != beside.getOperations().size())
        return false;
  }
  return true;
}

bool AlikeTurns::compareOps(unsigned number) {
  Operation *first = all[0][number];
  const bool isOfTurn = first->getBlock() == turns[0][0]->getBlock();
  if (isOfTurn && !isPure(first) && !isa<tw::ScanOp>(first))
    return fail(fmt::format("`{}` is in it", nameOf(first)));
  const DictionaryAttr attributes = first->getAttrDictionary();
  const Attribute varied = variedOf(first);
  Difference difference{number, {varied}};
  bool differs = false;
  for (unsigned turn = 1; turn < all.size(); ++turn) {
    Operation *op = all[turn][number];
    if (first->getName() == op->getName() && first->getResultTypes() != op->getResultTypes())
      return fail(fmt::format("turn {} has other shapes than the first", turn));
    if (!areAlike(first, op))
      return fail(fmt::format("turn {} differs from the first at `{}`", turn, nameOf(first)));
    difference.values.push_back(variedOf(op));
    if (op->getAttrDictionary() == attributes)
      continue;
    if (!varied || !isOfTurn)
      return fail(fmt::format("turn {} differs from the first at `{}`", turn, nameOf(first)));
    differs = true;
  }
  if (differs)
    differences.push_back(std::move(difference));
  return true;
}

bool AlikeTurns::compareOperands(unsigned number) {
  Operation *first = all[0][number];
  for (unsigned operand = 0; operand < first->getNumOperands(); ++operand) {
    Outside outside{Outside::Shared, {}, {}, {}, {{number, operand}}};
    unsigned inside = 0;
    for (auto [turn, ops] : llvm::enumerate(all)) {
      Value value = ops[number]->getOperand(operand);
      outside.values.push_back(value);
      auto place = places.find(value), ofFirst = places.find(outside.values[0]);
      inside += place != places.end() && place->second.turn == turn && ofFirst != places.end() &&
                place->second.number == ofFirst->second.number;
    }
    if (inside == turns.size())
      continue;
    auto known = llvm::find_if(read, [&](const Outside &other) { return other.values == outside.values; });
    if (known != read.end())
      known->places.push_back(outside.places[0]);
    else
      read.push_back(std::move(outside));
  }
  return true;
}

bool AlikeTurns::classify(Outside &outside) {
  ArrayRef<Value> values = outside.values;
  auto isComputed = [&](Value value) { return places.contains(value); };
  if (llvm::all_of(values, [&](Value value) { return !isComputed(value) && isSame(value, values[0]); }))
    return true;
  if (llvm::any_of(values, [&](Value value) { return value.getType() != values[0].getType(); }))
    return fail("what its turns read is of other shapes");
  if (llvm::all_of(values, [](Value value) { return value.getDefiningOp<train::GetOp>(); })) {
    outside.kind = Outside::Variables;
    return true;
  }
  if (Value stack = stackOfSlice(values[0], 0);
      stack && cast<RankedTensorType>(stack.getType()).getDimSize(0) == int64_t(values.size()) &&
      llvm::all_of(llvm::enumerate(values),
                   [&](auto each) { return stackOfSlice(each.value(), each.index()) == stack; })) {
    outside.kind = Outside::Stack;
    outside.stack = stack;
    return true;
  }
  auto second = places.find(values[1]);
  if (isComputed(values[0]) || second == places.end())
    return fail("its turns read different values");
  for (unsigned turn = 1; turn < values.size(); ++turn) {
    auto place = places.find(values[turn]);
    if (place == places.end() || place->second.turn != turn - 1 || place->second.number != second->second.number)
      return fail(fmt::format("turn {} reads another value than the turn before", turn));
  }
  outside.kind = Outside::Carried;
  outside.left = values[1];
  return true;
}

/// What is read behind the turns.
bool AlikeTurns::findEnds() {
  DenseMap<Operation *, unsigned> turnOf;
  for (auto [turn, ops] : llvm::enumerate(turns))
    for (Operation *op : ops)
      turnOf[op] = turn;
  Block *block = turns[0][0]->getBlock();
  llvm::MapVector<unsigned, SmallVector<train::SetOp>> setsOf;
  llvm::SetVector<unsigned> found;
  for (auto [turn, ops] : llvm::enumerate(turns))
    for (Operation *op : ops)
      for (Value value : op->getResults())
        for (Operation *user : value.getUsers()) {
          Operation *reader = block->findAncestorOpInBlock(*user);
          if (!reader || reader == block->getTerminator() || turnOf.contains(reader)) // a turn, which is compared
            continue;
          unsigned number = places.lookup(value).number;
          if (auto set = dyn_cast<train::SetOp>(reader)) {
            SmallVector<train::SetOp> &sets = setsOf[number];
            if (sets.size() != turn)
              return fail("one turn gives a state its value where another does not");
            sets.push_back(set);
          } else if (turn + 1 == turns.size()) {
            found.insert(number);
          } else {
            return fail(fmt::format("what turn {} computes is read behind it", turn));
          }
        }
  for (auto &[number, ops] : setsOf) {
    if (ops.size() != turns.size())
      return fail("one turn gives a state its value where another does not");
    given.push_back({computed[0][number], std::move(ops)});
  }
  ends = found.takeVector();
  return true;
}

SmallVector<StringRef> AlikeTurns::variablesOf(const Outside &outside) {
  return llvm::map_to_vector(outside.values,
                             [](Value value) { return value.getDefiningOp<train::GetOp>().getVariable(); });
}

//===-- the loop ---------------------------------------------------------------------------------------------------===//

/// What a constant is in each turn, one behind the other.
static Value stackOfDifferences(OpBuilder &builder, Location loc, ArrayRef<Attribute> values) {
  if (isa<IntegerAttr>(values[0])) { // streams
    auto type = RankedTensorType::get({int64_t(values.size())}, builder.getI64Type());
    auto numbers =
        llvm::map_to_vector(values, [](Attribute value) { return cast<IntegerAttr>(value).getValue().getSExtValue(); });
    return tw::ConstantOp::create(builder, loc, type, DenseElementsAttr::get(type, ArrayRef<int64_t>(numbers)));
  }
  auto type = tw::stackOf(cast<ElementsAttr>(values[0]).getShapedType(), int64_t(values.size()));
  SmallVector<Attribute> elements;
  for (Attribute value : values)
    llvm::append_range(elements, cast<ElementsAttr>(value).getValues<Attribute>());
  return tw::ConstantOp::create(builder, loc, type, DenseElementsAttr::get(type, elements));
}

static Value zerosLike(OpBuilder &builder, Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  return tw::ConstantOp::create(builder, value.getLoc(),
                                DenseElementsAttr::get(type, builder.getZeroAttr(type.getElementType())));
}

AlikeTurns::Made AlikeTurns::createScan(OpBuilder &builder, Location loc, ValueRange emitted) const {
  const int64_t count = int64_t(turns.size());
  SmallVector<Value> starts, stacks, shared, left;
  SmallVector<std::pair<const Outside *, unsigned>> argumentOf; // its number among those of its kind
  auto add = [&](SmallVector<Value> &operands, const Outside &outside, Value value) {
    argumentOf.push_back({&outside, operands.size()});
    operands.push_back(value);
  };
  for (const Outside &outside : read)
    switch (outside.kind) {
    case Outside::Shared: add(shared, outside, outside.values[0]); break;
    case Outside::Stack: add(stacks, outside, outside.stack); break;
    case Outside::Variables: llvm_unreachable("variables are stacked before");
    case Outside::Carried:
      add(starts, outside, outside.values[0]);
      left.push_back(outside.left);
      break;
    }
  for (unsigned number : ends) // what no turn reads of the one before is carried out of the last one all the same
    if (!llvm::is_contained(left, computed[0][number])) {
      starts.push_back(zerosLike(builder, computed[0][number]));
      left.push_back(computed[0][number]);
    }
  const unsigned given = stacks.size();
  for (const Difference &difference : differences)
    stacks.push_back(stackOfDifferences(builder, all[0][difference.op]->getLoc(), difference.values));

  auto types = llvm::to_vector_of<Type>(ValueRange(left).getTypes());
  for (Value value : emitted)
    types.push_back(tw::stackOf(value.getType(), count));
  Made made;
  made.scan = tw::ScanOp::create(builder, loc, types, count, /*reversed=*/false, starts, stacks, shared);
  made.scan.setBlocks(true);
  Block &body = made.scan.getTurns().emplaceBlock();
  body.addArgument(RankedTensorType::get({}, builder.getI32Type()), loc);
  for (Value start : starts)
    body.addArgument(start.getType(), loc);
  for (Value stack : stacks) {
    auto type = cast<RankedTensorType>(stack.getType());
    body.addArgument(type.clone(type.getShape().drop_front()), loc);
  }
  for (Value value : shared)
    body.addArgument(value.getType(), loc);

  OpBuilder inside = OpBuilder::atBlockEnd(&body);
  IRMapping mapping;
  SmallVector<Operation *> clones;
  for (Operation *op : turns[0])
    inside.clone(*op, mapping)->walk<WalkOrder::PreOrder>([&](Operation *clone) { clones.push_back(clone); });
  for (auto [outside, number] : argumentOf) {
    if (auto mode = outside->values[0].getDefiningOp<train::TrainingOp>()) { // answered there, when a mode is chosen
      Value again = OpBuilder::atBlockBegin(&body).clone(*mode)->getResult(0);
      for (auto [op, operand] : outside->places)
        clones[op]->setOperand(operand, again);
      continue;
    }
    auto arguments = outside->kind == Outside::Shared    ? made.scan.getSharedInside()
                     : outside->kind == Outside::Carried ? made.scan.getCarried()
                                                         : made.scan.getSlices();
    for (auto [op, operand] : outside->places)
      clones[op]->setOperand(operand, arguments[number]);
  }
  SmallVector<Value> yielded = llvm::map_to_vector(left, [&](Value value) { return mapping.lookup(value); });
  for (Value value : emitted)
    yielded.push_back(mapping.lookup(value));
  tw::YieldOp::create(inside, loc, yielded);
  for (auto [number, difference] : llvm::enumerate(differences)) {
    Value slice = made.scan.getSlices()[given + number];
    if (auto uniform = dyn_cast<tw::UniformOp>(clones[difference.op])) {
      uniform.setStream(0);
      uniform.getFurtherMutable().assign(slice);
    } else {
      clones[difference.op]->getResult(0).replaceAllUsesWith(slice);
      clones[difference.op]->erase();
    }
  }
  for (unsigned number : ends)
    made.ends[computed.back()[number]] = made.scan.getResult(llvm::find(left, computed[0][number]) - left.begin());
  return made;
}

} // namespace talweg
