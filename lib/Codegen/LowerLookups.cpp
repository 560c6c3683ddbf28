// Turns gathers and scatter-adds on memrefs into loops over vectors.
//
// A row is moved or added as a whole. Threads share the rows that a gather gives. What a scatter-add sums up, they share by columns,
// where rows are long, else by rows, each looking at all positions for those that are its own: so every element is summed by one thread, in
// the order of the positions, and no bit depends on their number.
#include "Access.h"
#include "VectorTools.h"
#include "talweg/Codegen/Passes.h"
#include "talweg/Dialect/Kernel/Kernel.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace talweg {
#define GEN_PASS_DEF_LOWERLOOKUPS
#include "talweg/Codegen/Passes.h.inc"
} // namespace talweg

using namespace mlir;
using namespace talweg;

namespace {

/// What it costs to find a row, in elements that lie together.
constexpr int64_t kRowCost = 64;
/// What one core keeps for itself while it writes.
constexpr int64_t kLineBytes = 64;

/// The rows of a table that are named at run time, and what is moved there or from there.
class Lookup {
public:
  /// `table`: memref<R x W>; `looked`: memref<P x W>; `rows`: memref<P>.
  Lookup(OpBuilder &builder, Operation *op, Value table, Value rows, Value looked, const Target &target)
      : builder(builder), loc(op->getLoc()), tools(builder, loc), rows(rows) {
    auto type = cast<MemRefType>(table.getType());
    count = type.getDimSize(0), width = type.getDimSize(1);
    positions = cast<MemRefType>(looked.getType()).getDimSize(0);
    elementBytes = (type.getElementTypeBitWidth() + 7) / 8;
    lanes = width == 1 ? 1 : target.vectorBits / (8 * elementBytes);
    this->table = flatten(builder, loc, table);
    this->looked = flatten(builder, loc, looked);
  }

  void gather() {
    constexpr int64_t piece = 16; // rows that a thread takes at once
    tools.forTiles(positions, isLarge() ? piece : positions, isLarge(), [&](Value first, int64_t size) {
      forEach(size, [&](Value offset) {
        Value position = tools.advance(first, offset, 1), row = rowAt(position);
        forColumns(0, width, [&](Value column, int64_t size) {
          Value element = load(table, placeOf(row, column), size);
          store(element, looked, placeOf(position, column), size);
        });
      });
    });
  }

  void scatterAdd() {
    constexpr int64_t parts = 8, leastLines = 4;
    if (int64_t line = kLineBytes / elementBytes; isLarge() && width >= leastLines * line) {
      int64_t columns = llvm::alignTo(llvm::divideCeil(width, parts), line);
      tools.forTiles(width, columns, true, [&](Value first, int64_t size) {
        forEach(positions, [&](Value position) { add(position, rowAt(position), first, size); });
      });
      return;
    }
    if (!isLarge() || count == 1)
      return forEach(positions, [&](Value position) { add(position, rowAt(position), tools.index(0), width); });
    // Neighbouring rows that share a line are one thread's.
    int64_t together = llvm::PowerOf2Ceil(llvm::divideCeil(kLineBytes, width * elementBytes));
    tools.forTiles(parts, 1, true, [&](Value part, int64_t) {
      forEach(positions, [&](Value position) {
        Value row = rowAt(position);
        Value owner = arith::RemUIOp::create(
            builder, loc, arith::DivUIOp::create(builder, loc, row, tools.index(together)), tools.index(parts));
        Value isOwn = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, owner, part);
        auto own = scf::IfOp::create(builder, loc, isOwn, /*withElseRegion=*/false);
        OpBuilder::InsertionGuard guard(builder);
        builder.setInsertionPointToStart(own.thenBlock());
        add(position, row, tools.index(0), width);
      });
    });
  }

private:
  bool isLarge() const { return double(positions) * double(width + kRowCost) >= parallelWork; }

  void forEach(int64_t turns, function_ref<void(Value)> body) {
    tools.forTiles(turns, 1, false, [&](Value turn, int64_t) { body(turn); });
  }

  /// The row that is named at `position`; one out of range is taken for the nearest.
  Value rowAt(Value position) {
    Value row = arith::IndexCastOp::create(builder, loc, builder.getIndexType(), tools.loadScalar(rows, position));
    row = arith::MaxSIOp::create(builder, loc, row, tools.index(0));
    return arith::MinSIOp::create(builder, loc, row, tools.index(count - 1));
  }

  Value placeOf(Value row, Value column) { return tools.advance(column, row, width); }

  /// The columns from `first` on, `number` of them, a vector at a time.
  void forColumns(Value first, int64_t number, function_ref<void(Value column, int64_t size)> body) {
    constexpr int64_t writtenOut = 4; // vectors
    if (number > writtenOut * lanes)
      return tools.forTiles(number, lanes, false,
                            [&](Value offset, int64_t size) { body(tools.advance(offset, first, 1), size); });
    for (int64_t at = 0; at < number; at += lanes)
      body(tools.advance(first, tools.index(at), 1), std::min(lanes, number - at));
  }
  void forColumns(int64_t first, int64_t number, function_ref<void(Value column, int64_t size)> body) {
    forColumns(tools.index(first), number, body);
  }

  void add(Value position, Value row, Value first, int64_t number) {
    forColumns(first, number, [&](Value column, int64_t size) {
      Value place = placeOf(row, column);
      Value sum =
          arith::AddFOp::create(builder, loc, load(table, place, size), load(looked, placeOf(position, column), size));
      store(sum, table, place, size);
    });
  }

  Value load(Value memory, Value at, int64_t size) {
    return lanes == 1 ? tools.loadScalar(memory, at) : tools.load(memory, at, lanes, size);
  }
  void store(Value value, Value memory, Value at, int64_t size) {
    if (lanes == 1)
      tools.storeScalar(value, memory, at);
    else
      tools.store(value, memory, at, size);
  }

  OpBuilder &builder;
  Location loc;
  VectorTools tools;
  Value table, rows, looked;
  int64_t count, width, positions, elementBytes, lanes;
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
    getOperation().walk([&](kernel::GatherOp op) {
      OpBuilder builder(op);
      Lookup(builder, op, op.getTable(), op.getRows(), op.getOut(), target).gather();
      op.erase();
    });
    getOperation().walk([&](kernel::ScatterAddOp op) {
      OpBuilder builder(op);
      createZero(builder, op.getLoc(), op.getOut());
      Lookup(builder, op, op.getOut(), op.getRows(), op.getValues(), target).scatterAdd();
      op.erase();
    });
  }
};

} // namespace
