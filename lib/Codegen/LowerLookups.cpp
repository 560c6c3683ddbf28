// Turns ops on rows of a table, on memrefs, into loops over vectors.
//
// Threads that share what a scatter-add sums up by rows look each at all positions for those that are its own: so every element is summed by
// one thread, in the order of the positions, and no bit depends on their number.
#include "Access.h"
#include "RowLoops.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#define GEN_PASS_DEF_LOWERLOOKUPS
#include "talweg/Codegen/Passes.h"

using namespace mlir;
using namespace talweg;

namespace {

/// The rows of a table that are named at run time, and what is moved there or from there.
class Lookup : RowLoops {
public:
  /// `table`: memref<R x W..>; `looked`: memref<P x W..>; `rows`: memref<P>.
  Lookup(OpBuilder &builder, Operation *op, Value table, Value rows, Value looked, const Target &target)
      : RowLoops(builder, op->getLoc(), looked, target), table(flatten(builder, loc, table)), rows(rows),
        looked(flatten(builder, loc, looked)), count(cast<MemRefType>(table.getType()).getDimSize(0)),
        isFar(count * width * elementBytes > machine.l2Bytes) {}

  void gather() {
    forPositions([&](Value position) {
      if (isFar)
        askAhead(position);
      move(table, rowAt(position), looked, position);
    });
  }

  void putRows() {
    forPositions([&](Value position) {
      Value number = tools.loadScalar(rows, position);
      Value row = arith::IndexCastOp::create(builder, loc, builder.getIndexType(), number);
      // What is below 0 is, without its sign, above all.
      ifHolds(arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult, row, tools.index(count)),
              [&] { move(looked, position, table, row); });
    });
  }

  void scatterAdd() {
    if (isLarge() && isWide())
      return tools.forTiles(width, columnsOfPart(), true, [&](Value first, int64_t size) {
        forEach(positions, [&](Value position) { add(position, rowAt(position), first, size); });
      });
    if (!isLarge() || count == 1)
      return forEach(positions, [&](Value position) { add(position, rowAt(position), tools.index(0), width); });
    // Neighbouring rows that share a line are one thread's.
    tools.forTiles(kParts, 1, true, [&](Value part, int64_t) {
      forEach(positions, [&](Value position) {
        Value row = rowAt(position);
        Value line = arith::DivUIOp::create(builder, loc, row, tools.index(rowsOfLine()));
        Value owner = arith::RemUIOp::create(builder, loc, line, tools.index(kParts));
        ifHolds(arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, owner, part),
                [&] { add(position, row, tools.index(0), width); });
      });
    });
  }

private:
  /// The positions in their order, or shared by threads.
  void forPositions(function_ref<void(Value)> body) {
    constexpr int64_t piece = 16; // that a thread takes at once
    const bool shares = isLarge(isFar ? kFarRow : kRow);
    tools.forTiles(positions, shares ? piece : positions, shares, [&](Value first, int64_t size) {
      forEach(size, [&](Value offset) { body(tools.advance(first, offset, 1)); });
    });
  }

  /// Asks for a row that is read some positions from now: processors do not know where the next one is before they have read its number.
  void askAhead(Value position) {
    constexpr int64_t underWay = 64; // lines: of longer rows, processors see the run
    const int64_t line = Machine::kLineBytes / elementBytes;
    const auto ahead = underWay / int64_t(llvm::divideCeil(width, line));
    if (ahead == 0 || ahead >= positions)
      return;
    Value later = builder.createOrFold<arith::MinUIOp>(loc, tools.advance(tools.index(ahead), position, 1),
                                                       tools.index(positions - 1));
    Value row = rowAt(later);
    for (int64_t column = 0; column < width; column += line)
      memref::PrefetchOp::create(builder, loc, table, placeOf(row, tools.index(column)), /*isWrite=*/false,
                                 /*localityHint=*/3, /*isDataCache=*/true);
  }

  Value rowAt(Value position) { return clamp(tools.loadScalar(rows, position), count); }

  /// The columns from `first` on, `number` of them, a vector at a time.
  void forColumns(Value first, int64_t number, function_ref<void(Value column, int64_t size)> body) {
    constexpr int64_t writtenOut = 4; // vectors
    if (number > writtenOut * lanes)
      return tools.forTiles(number, lanes, false,
                            [&](Value offset, int64_t size) { body(tools.advance(offset, first, 1), size); });
    for (int64_t at = 0; at < number; at += lanes)
      body(tools.advance(first, tools.index(at), 1), std::min(lanes, number - at));
  }

  void move(Value from, Value fromRow, Value to, Value toRow) {
    forColumns(tools.index(0), width, [&](Value column, int64_t size) {
      Value element = load(from, placeOf(fromRow, column), size);
      store(element, to, placeOf(toRow, column), size);
    });
  }

  void add(Value position, Value row, Value first, int64_t number) {
    forColumns(first, number, [&](Value column, int64_t size) {
      Value place = placeOf(row, column);
      Value sum =
          arith::AddFOp::create(builder, loc, load(table, place, size), load(looked, placeOf(position, column), size));
      store(sum, table, place, size);
    });
  }

  Value table, rows, looked;
  int64_t count;
  bool isFar; ///< the second cache does not hold the table
};

/// The zero that sums start from.
void createZero(OpBuilder &builder, Location loc, Value memory) {
  Type element = cast<MemRefType>(memory.getType()).getElementType();
  Value zero = arith::ConstantOp::create(builder, loc, builder.getZeroAttr(element));
  linalg::FillOp::create(builder, loc, zero, memory);
}

struct LowerLookups : talweg::impl::LowerLookupsBase<LowerLookups> {
  using LowerLookupsBase::LowerLookupsBase;

  void runOnOperation() override {
    getOperation().walk([&](kernel::PlacedOp op) {
      OpBuilder builder(op);
      if (auto gather = dyn_cast<kernel::GatherOp>(*op)) {
        Lookup(builder, op, gather.getTable(), gather.getRows(), gather.getOut(), target).gather();
      } else if (auto scatter = dyn_cast<kernel::ScatterAddOp>(*op)) {
        createZero(builder, op.getLoc(), scatter.getOut());
        Lookup(builder, op, scatter.getOut(), scatter.getRows(), scatter.getValues(), target).scatterAdd();
      } else if (auto put = dyn_cast<kernel::PutRowsOp>(*op)) {
        Lookup(builder, op, put.getOut(), put.getRows(), put.getValues(), target).putRows();
      } else if (auto coalesce = dyn_cast<kernel::CoalesceOp>(*op)) {
        writeCoalesce(builder, coalesce, target);
      } else {
        return;
      }
      op.erase();
    });
  }
};

} // namespace
