// Loops over time: in their bodies are the ops of other makers, which read what is carried, a slice, the turn, and values from in front.
#include "Makers.h"

#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace talweg::random {
namespace {

constexpr std::int64_t kMostTurns = 9;
constexpr int kMostNested = 2;

Value mean(Maker &m, Value x) {
  std::vector<std::int64_t> dims;
  for (std::size_t d = 0; d < shapeOf(x).size(); ++d)
    dims.push_back(std::int64_t(d));
  return dims.empty() ? x : m.scale(m.reduce(tw::Reduction::sum, x, dims), 1.0 / double(countOf(shapeOf(x))));
}

/// x, or its mean everywhere.
Value withShape(Maker &m, Value x, const Shape &shape) {
  return shapeOf(x) == shape ? x : m.spread(mean(m, x), shape, {});
}

/// A loop while its body is made. What it carries starts as `starts`.
struct Loop {
  Maker &m;
  tw::ScanOp op;
  Block *body;
  std::int64_t firstTurn;
  std::vector<Value> starts, yielded, emitted;

  Loop(Maker &m, std::int64_t length, bool reversed)
      : m(m),
        op(tw::ScanOp::create(m.b, m.loc, TypeRange(), length, reversed, ValueRange(), ValueRange(), ValueRange())),
        body(&op.getTurns().emplaceBlock()), firstTurn(reversed ? length - 1 : 0) {
    Value turn = body->addArgument(RankedTensorType::get({}, m.b.getI32Type()), m.loc);
    m.know(turn, {{}, {{double(firstTurn)}}});
  }

  Value carry(Value start) {
    starts.push_back(start);
    Value carried = body->insertArgument(unsigned(starts.size()), start.getType(), m.loc);
    m.know(carried, Tensor(m.known(start)));
    return carried;
  }

  Value slice(Value stack) {
    Shape shape = shapeOf(stack);
    Tensor all = m.known(stack), first{Shape(shape.begin() + 1, shape.end()), {}};
    std::int64_t count = countOf(first.shape);
    auto begin = all.elements.begin() + firstTurn * count;
    first.elements.assign(begin, begin + count);
    Value slice = body->addArgument(Maker::typeOf(first.shape, stack), m.loc);
    m.know(slice, std::move(first));
    return slice;
  }

  /// The whole loop, of `stack` and all that the body reads.
  tw::ScanOp close(Value stack) {
    yielded.insert(yielded.end(), emitted.begin(), emitted.end());
    auto end = OpBuilder::atBlockEnd(body);
    tw::YieldOp::create(end, m.loc, yielded);
    llvm::SetVector<Value> read;
    getUsedValuesDefinedAbove(op.getTurns(), read);
    for (Value value : read) {
      Value inside = body->addArgument(value.getType(), m.loc);
      value.replaceUsesWithIf(
          inside, [&](OpOperand &use) { return op.getTurns().isAncestor(use.getOwner()->getParentRegion()); });
    }
    std::vector<Type> types;
    for (auto [number, value] : llvm::enumerate(yielded))
      types.push_back(number < starts.size() ? value.getType()
                                             : Type(tw::stackOf(value.getType(), std::int64_t(op.getLength()))));
    auto whole =
        tw::ScanOp::create(m.b, m.loc, types, op.getLength(), op.getReversed(), starts, stack, read.getArrayRef());
    whole.getTurns().takeBody(op.getTurns());
    op.erase();
    return whole;
  }
};

} // namespace

Value looped(Maker &m) {
  Value stack = m.anyOfRank(1);
  if (m.turns.size() >= kMostNested || !stack || shapeOf(stack)[0] > kMostTurns)
    return {};
  Shape ofSlice = shapeOf(stack);
  ofSlice.erase(ofSlice.begin());
  Value start = m.chance.oneIn(2) ? m.ofShape(ofSlice) : m.any(), before = m.any();
  Loop loop(m, shapeOf(stack)[0], m.chance.oneIn(3));
  Value slice = loop.slice(stack), carried = loop.carry(start);
  bool isMade = m.inTurn(*loop.body, {before, slice, carried}, [&] {
    if (m.chance.oneIn(3))
      m.offer(m.scale(m.convert(m.turns.back(), m.element), 0.25));
    Value made = m.grown(1 + m.chance.below(3));
    if (!made)
      return false;
    Value term = withShape(m, made, shapeOf(carried)), kept = m.scale(carried, 0.5);
    Value next = m.binary<tw::AddOp>(kept, term);
    loop.yielded.push_back(m.chance.oneIn(2) ? m.unary<tw::TanhOp>(next) : next);
    loop.emitted.push_back(m.chance.pick({made, carried, loop.yielded[0], m.unary<tw::TanhOp>(slice)}));
    if (m.chance.oneIn(2))
      loop.emitted.push_back(m.any());
    return true;
  });
  if (!isMade)
    return {};
  if (m.chance.oneIn(2)) { // a sum that nothing reads in between
    Value term = loop.emitted.back();
    Value sum = loop.carry(m.all(shapeOf(term), 0));
    m.inTurn(*loop.body, {}, [&] {
      loop.yielded.push_back(m.binary<tw::AddOp>(sum, term));
      return true;
    });
  }
  tw::ScanOp op = loop.close(stack);
  // What is read of it, by ops alone: a derivative may put another loop in its place.
  Value result = m.unary<tw::TanhOp>(op.getResult(unsigned(m.chance.below(op.getNumResults()))));
  if (m.chance.oneIn(2)) {
    Value other = op.getResult(unsigned(m.chance.below(op.getNumResults())));
    result = m.binary<tw::AddOp>(result, withShape(m, m.scale(other, 0.5), shapeOf(result)));
  }
  return result;
}

} // namespace talweg::random
