// Turns linalg ops on memrefs of static shape into loops over vectors: a plan is written as it says (NestEmitter.h).
#include "Access.h"
#include "NestEmitter.h"
#include "VectorTools.h"
#include "talweg/Dialect/Kernel/Kernel.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#define GEN_PASS_DEF_VECTORIZEGENERICS
#include "talweg/Codegen/Passes.h"

using namespace mlir;
using namespace talweg;
using linalg::GenericOp;

namespace {

struct VectorizeGenerics : talweg::impl::VectorizeGenericsBase<VectorizeGenerics> {
  using VectorizeGenericsBase::VectorizeGenericsBase;

  void runOnOperation() override {
    for (Block *block : blocksOf(getOperation()))
      for (ArrayRef<GenericOp> together : groupsOf(*block))
        if (failed(lower(together)))
          return signalPassFailure();
    getOperation().walk([&](linalg::FillOp op) { lowerFill(op); });
  }

  /// The ops of a block; those that are done together are one group.
  static std::vector<SmallVector<GenericOp>> groupsOf(Block &block) {
    std::vector<SmallVector<GenericOp>> groups;
    for (auto op : block.getOps<GenericOp>()) {
      if (!op.hasPureBufferSemantics())
        continue;
      Attribute number = op->getAttr(kernel::kTogether);
      if (!number || groups.empty() || groups.back().back()->getAttr(kernel::kTogether) != number)
        groups.emplace_back();
      groups.back().push_back(op);
    }
    return groups;
  }

  /// Writes the loops in front of the last op, and erases all.
  LogicalResult lower(ArrayRef<GenericOp> ops) {
    std::vector<PlannedNest> nests;
    for (GenericOp op : ops) {
      if (!op->hasAttr(kernel::kNest))
        return op.emitError("has no plan");
      PlannedLoops plan = PlannedLoops::of(op, target.machine);
      OpBuilder builder(op);
      Value start;
      if (auto literal = op->getAttrOfType<TypedAttr>(kernel::kStart)) {
        start = arith::ConstantOp::create(builder, op.getLoc(), literal);
        // Where results accumulate in memory, and in elements between those that loops reach. What lies around a box is filled in front.
        for (OpOperand &init : op.getDpsInitsMutable())
          if (!plan.covers && !boxOf(op.getMatchingIndexingMap(&init), op.getStaticLoopRanges()))
            linalg::FillOp::create(builder, op.getLoc(), start, init.get());
      }
      nests.push_back({op, std::move(plan), start});
    }
    const std::optional<NestAxis> &row = nests.front().plan.row;
    OpBuilder builder(ops.back());
    emitNests(builder, ops.back()->getLoc(), nests, row ? row->extent : 0);
    for (GenericOp op : ops)
      op->erase();
    return success();
  }

  /// Fills what lies around a box in the part of memory that starts at `at`, which has this shape.
  static void fillAround(VectorTools &tools, ArrayRef<Inside> box, ArrayRef<int64_t> shape, Value start, Value memory,
                         Value at) {
    if (llvm::all_of(llvm::zip_equal(box, shape), [](auto dim) { return std::get<0>(dim).count == std::get<1>(dim); }))
      return;
    int64_t inner = 1;
    for (int64_t extent : shape.drop_front())
      inner *= extent;
    auto fill = [&](int64_t from, int64_t count) {
      const int64_t lanes = cast<VectorType>(start.getType()).getNumElements();
      tools.forTiles(count * inner, lanes, false, [&](Value offset, int64_t size) {
        Value there = tools.advance(tools.advance(at, tools.index(from * inner), 1), offset, 1);
        tools.store(start, memory, there, size);
      });
    };
    const auto [from, count] = box.front();
    fill(0, from);
    tools.forTiles(count, 1, false, [&](Value turn, int64_t) {
      Value there = tools.advance(tools.advance(at, tools.index(from * inner), 1), turn, inner);
      fillAround(tools, box.drop_front(), shape.drop_front(), start, memory, there);
    });
    fill(from + count, shape.front() - from - count);
  }

  int64_t lanesOf(MemRefType type) const { return target.vectorBits / std::max(8u, type.getElementTypeBitWidth()); }

  void lowerFill(linalg::FillOp op) {
    OpBuilder builder(op);
    VectorTools tools(builder, op.getLoc());
    Value memory = flatten(builder, op.getLoc(), op.getOutputs()[0]);
    auto type = cast<MemRefType>(memory.getType());
    const int64_t lanes = lanesOf(type);
    Value vector = tools.broadcast(op.getInputs()[0], lanes);
    if (auto numbers = op->getAttrOfType<DenseI64ArrayAttr>(kernel::kAround)) {
      SmallVector<Inside> box;
      for (int64_t i = 0; i < numbers.size(); i += 2)
        box.push_back({numbers[i], numbers[i + 1]});
      fillAround(tools, box, cast<MemRefType>(op.getOutputs()[0].getType()).getShape(), vector, memory, tools.index(0));
      return op.erase();
    }
    constexpr int64_t piece = 1 << 16;
    bool parallel = double(type.getNumElements()) >= target.machine.workOfFork();
    tools.forTiles(type.getNumElements(), parallel ? piece : type.getNumElements(), parallel,
                   [&](Value start, int64_t length) {
                     tools.forTiles(length, lanes, false, [&](Value at, int64_t size) {
                       tools.store(vector, memory, builder.createOrFold<arith::AddIOp>(op.getLoc(), start, at), size);
                     });
                   });
    op.erase();
  }
};

} // namespace
