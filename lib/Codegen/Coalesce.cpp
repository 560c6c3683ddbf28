// Brings the positions that name one row together, and sums up what they have.
//
// A row and a position are one number, of i64, the row in front: sorted by the bits of the row alone, from the lowest digit to the highest and
// each time stably, they are sorted by row and then by position. That takes time in proportion to the positions, however many rows there are.
// Then each different row is a run of neighbours, which one thread sums in their order. No bit depends on the number of threads.
#include "Access.h"
#include "RowLoops.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace talweg {
namespace {

/// How many passes sort by how many bits each.
struct Digits {
  unsigned passes = 0, bits = 0;

  static Digits of(kernel::CoalesceOp op) {
    constexpr unsigned mostBits = 11; // whose counts stay in the nearest cache
    double positions = cast<ShapedType>(op.getRows().getType()).getDimSize(0), least = INFINITY;
    Digits best;
    for (unsigned bits = 1; bits <= mostBits; ++bits) {
      unsigned passes = llvm::divideCeil(op.getRowBits(), bits);
      if (double work = passes * (positions + double(1 << bits)); work < least)
        least = work, best = {passes, bits};
    }
    return best;
  }
};

class Coalesce : RowLoops {
public:
  Coalesce(OpBuilder &builder, kernel::CoalesceOp op, const Target &target)
      : RowLoops(builder, op.getLoc(), op.getValues(), target), op(op), values(flatten(builder, loc, op.getValues())),
        sums(flatten(builder, loc, op.getSums())) {}

  void write() {
    SmallVector<Value> scratch;
    for (int64_t elements : scratchOf(op))
      scratch.push_back(memref::AllocOp::create(builder, loc, MemRefType::get({elements}, builder.getI64Type())));
    words = scratch[0], starts = scratch[1];
    numberRows();
    Digits digits = Digits::of(op);
    for (unsigned pass = 0; pass < digits.passes; ++pass) {
      unsigned first = pass * digits.bits;
      sort(scratch[2], op.getPositionBits() + first, std::min(digits.bits, op.getRowBits() - first));
      std::swap(words, starts);
    }
    findRuns();
    sumRuns();
  }

private:
  kernel::CoalesceOp op;
  Value values, sums;
  Value words;  ///< positions, with their rows in front
  Value starts; ///< where the run of each different row begins in words; behind these, the end

  Value number(int64_t value) { return arith::ConstantIntOp::create(builder, loc, builder.getI64Type(), value); }
  Value toIndex(Value number) { return arith::IndexCastOp::create(builder, loc, builder.getIndexType(), number); }
  Value toNumber(Value index) { return arith::IndexCastOp::create(builder, loc, builder.getI64Type(), index); }

  /// `count` bits of `word`, from `first` on.
  Value bitsOf(Value word, unsigned first, unsigned count) {
    if (first != 0)
      word = arith::ShRUIOp::create(builder, loc, word, number(first));
    return arith::AndIOp::create(builder, loc, word, number(int64_t((uint64_t(1) << count) - 1)));
  }

  /// A loop from one number to another that need not be known.
  VectorTools::Values forRange(Value from, Value to, Value step, ValueRange starts,
                               function_ref<void(Value at, VectorTools::Values &carried)> body) {
    auto loop = scf::ForOp::create(builder, loc, from, to, step, starts);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    VectorTools::Values carried(loop.getRegionIterArgs());
    body(loop.getInductionVar(), carried);
    if (!starts.empty())
      scf::YieldOp::create(builder, loc, carried);
    return VectorTools::Values(loop.getResults());
  }

  void numberRows() {
    forEach(positions, [&](Value position) {
      Value row = toNumber(clamp(tools.loadScalar(op.getRows(), position), op.getCount()));
      Value front = arith::ShLIOp::create(builder, loc, row, number(op.getPositionBits()));
      tools.storeScalar(arith::OrIOp::create(builder, loc, front, toNumber(position)), words, position);
    });
  }

  /// Brings `words` in the order of `bits` of theirs, from `first` on, in `starts`. Those that are alike there stay in order.
  void sort(Value counts, unsigned first, unsigned bits) {
    const int64_t digits = int64_t(1) << bits;
    auto placeOfDigit = [&](Value word) { return toIndex(bitsOf(word, first, bits)); };
    auto increment = [&](Value count) { return arith::AddIOp::create(builder, loc, count, number(1)); };
    forEach(digits, [&](Value digit) { tools.storeScalar(number(0), counts, digit); });
    forEach(positions, [&](Value at) {
      Value digit = placeOfDigit(tools.loadScalar(words, at));
      tools.storeScalar(increment(tools.loadScalar(counts, digit)), counts, digit);
    });
    VectorTools::Values before{number(0)};
    tools.forCarrying(digits, 1, before, [&](Value digit, VectorTools::Values &before) {
      Value count = tools.loadScalar(counts, digit);
      tools.storeScalar(before[0], counts, digit);
      before[0] = arith::AddIOp::create(builder, loc, before[0], count);
    });
    forEach(positions, [&](Value at) {
      Value word = tools.loadScalar(words, at), digit = placeOfDigit(word);
      Value place = tools.loadScalar(counts, digit);
      tools.storeScalar(word, starts, toIndex(place));
      tools.storeScalar(increment(place), counts, digit);
    });
  }

  /// Names the different rows, and tells where their runs start. Those that are none start, and end, at the end.
  void findRuns() {
    Type named = cast<MemRefType>(op.getNamed().getType()).getElementType();
    auto asNamed = [&](Value row) -> Value {
      return named.isInteger(64) ? row : arith::TruncIOp::create(builder, loc, named, row);
    };
    VectorTools::Values found{tools.index(0), number(-1)}; // runs, and the row of the last
    tools.forCarrying(positions, 1, found, [&](Value at, VectorTools::Values &found) {
      Value row = bitsOf(tools.loadScalar(words, at), op.getPositionBits(), 63 - op.getPositionBits());
      Value isNew = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne, row, found[1]);
      ifHolds(isNew, [&] {
        tools.storeScalar(toNumber(at), starts, found[0]);
        tools.storeScalar(asNamed(row), op.getNamed(), found[0]);
      });
      Value next = arith::AddIOp::create(builder, loc, found[0], tools.index(1));
      found = {arith::SelectOp::create(builder, loc, isNew, next, found[0]), row};
    });
    tools.storeScalar(number(positions), starts, tools.index(positions));
    forRange(found[0], tools.index(positions), tools.index(1), {}, [&](Value at, VectorTools::Values &) {
      tools.storeScalar(number(positions), starts, at);
      tools.storeScalar(asNamed(number(op.getCount())), op.getNamed(), at);
    });
  }

  void sumRuns() {
    Value none = tools.index(0), one = tools.index(1), all = tools.index(positions);
    if (!isLarge())
      return forEach(positions, [&](Value run) { sum(run, none, width); });
    if (isWide())
      return tools.forTiles(width, columnsOfPart(), true, [&](Value first, int64_t size) {
        forEach(positions, [&](Value run) { sum(run, first, size); });
      });
    // Rows that are named often may follow each other: parts take lines in turn.
    Value line = tools.index(rowsOfLine()), lines = tools.index(rowsOfLine() * kParts);
    tools.forTiles(kParts, 1, true, [&](Value part, int64_t) {
      forRange(arith::MulIOp::create(builder, loc, part, line), all, lines, {}, [&](Value from, VectorTools::Values &) {
        Value to = arith::MinSIOp::create(builder, loc, arith::AddIOp::create(builder, loc, from, line), all);
        forRange(from, to, one, {}, [&](Value run, VectorTools::Values &) { sum(run, none, width); });
      });
    });
  }

  /// `number` columns, from `first` on, of the sum of a run: as many as registers hold at a time.
  void sum(Value run, Value first, int64_t number) {
    constexpr int64_t inRegisters = 4; // vectors
    Value start = toIndex(tools.loadScalar(starts, run));
    Value end = toIndex(tools.loadScalar(starts, tools.advance(run, tools.index(1), 1)));
    tools.forTiles(number, inRegisters * lanes, false, [&](Value offset, int64_t size) {
      Value column = tools.advance(offset, first, 1);
      SmallVector<int64_t> vectors;
      for (int64_t at = 0; at < size; at += lanes)
        vectors.push_back(at);
      auto placeIn = [&](Value row, int64_t at) { return tools.advance(placeOf(row, column), tools.index(at), 1); };
      VectorTools::Values zeros(vectors.size(), zero(cast<MemRefType>(sums.getType()).getElementType()));
      auto added = forRange(start, end, tools.index(1), zeros, [&](Value at, VectorTools::Values &sums) {
        Value position = toIndex(bitsOf(tools.loadScalar(words, at), 0, op.getPositionBits()));
        for (auto [sum, vector] : llvm::zip_equal(sums, vectors))
          sum = arith::AddFOp::create(builder, loc, sum,
                                      load(values, placeIn(position, vector), std::min(lanes, size - vector)));
      });
      for (auto [sum, vector] : llvm::zip_equal(added, vectors))
        store(sum, sums, placeIn(run, vector), std::min(lanes, size - vector));
    });
  }
};

} // namespace

SmallVector<int64_t> scratchOf(kernel::CoalesceOp op) {
  int64_t positions = cast<ShapedType>(op.getRows().getType()).getDimSize(0);
  return {positions + 1, positions + 1, int64_t(1) << Digits::of(op).bits};
}

void writeCoalesce(OpBuilder &builder, kernel::CoalesceOp op, const Target &target) {
  Coalesce(builder, op, target).write();
}

} // namespace talweg
