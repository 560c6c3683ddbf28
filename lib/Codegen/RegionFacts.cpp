// Describes regions by their ops. The op that stands for a region is its product, else the one that touches most bytes.
#include "RegionFacts.h"

#include "Access.h"
#include "Memory.h"
#include "ProductEstimate.h"
#include "ProductNest.h"
#include "talweg/Dialect/Kernel/Kernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Location.h"

using namespace mlir;
using linalg::GenericOp;
using talweg::bytesOf;
using talweg::CodeRegion;
using talweg::productShape;
using talweg::kernel::ProductOp;

namespace {

std::string join(ArrayRef<int64_t> extents) {
  auto texts = llvm::map_range(extents, [](int64_t extent) { return std::to_string(extent); });
  return extents.empty() ? "1" : llvm::join(texts, "x");
}

/// The bytes that one operand of an op touches: its elements, or fewer if the loops cannot reach them all.
int64_t touched(IndexingMapOpInterface op, OpOperand &operand) {
  auto type = dyn_cast<MemRefType>(operand.get().getType());
  if (!type || !type.hasStaticShape())
    return 0;
  int64_t reached = 1;
  AffineMap map = op.getMatchingIndexingMap(&operand);
  for (auto [d, extent] : llvm::enumerate(op.getStaticLoopRanges()))
    if (map.isFunctionOfDim(d))
      reached *= extent;
  return std::min(reached, type.getNumElements()) * ((type.getElementTypeBitWidth() + 7) / 8);
}

/// Mathematics of a body: everything but the bookkeeping of types, conditions and indices.
int64_t countOps(Block &body) {
  int64_t count = 0;
  for (Operation &inner : body.without_terminator()) {
    bool widens = isa<arith::ExtUIOp, arith::TruncIOp, arith::IndexCastOp, arith::ConstantOp>(inner);
    count += isa<arith::ArithDialect, math::MathDialect>(inner.getDialect()) && !widens;
  }
  return count;
}

/// "exp, log": the elementary functions of a body, each once.
std::string functionsOf(GenericOp op) {
  SmallVector<StringRef> names;
  for (Operation &inner : op.getBody()->without_terminator())
    if (StringRef name = inner.getName().stripDialect();
        isa<math::MathDialect>(inner.getDialect()) && !llvm::is_contained(names, name))
      names.push_back(name);
  return llvm::join(names, ", ");
}

std::string opsText(GenericOp op) {
  int64_t count = countOps(*op.getBody());
  std::string functions = functionsOf(op);
  return std::to_string(count) + (count == 1 ? " op" : " ops") + (functions.empty() ? "" : " with " + functions);
}

/// True if a position is a sum of loops that move different operands. (Loops that move the same are one that panels have cut in two.)
bool isConvolution(ProductOp op) {
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  maps.truncate(3); // of the factors and the sums
  auto movesAlike = [&](unsigned d, unsigned e) {
    return llvm::all_of(maps, [&](AffineMap map) { return map.isFunctionOfDim(d) == map.isFunctionOfDim(e); });
  };
  for (AffineMap map : maps)
    for (AffineExpr position : map.getResults())
      for (unsigned d = 0; d < op.getLoops().size(); ++d)
        for (unsigned e = 0; e < d; ++e)
          if (position.isFunctionOfDim(d) && position.isFunctionOfDim(e) && !movesAlike(d, e))
            return true;
  return false;
}

/// Adds up what the ops of one region do.
class Description {
public:
  Description(ArrayRef<Operation *> ops, const talweg::Target &target) : target(target) {
    for (Operation *op : ops)
      add(op, 1);
  }

  CodeRegion region(Location otherwise) const {
    std::string text = what + (after ? ", then " + std::to_string(after) + (after == 1 ? " op" : " ops") : "");
    return {kind, text, main ? main->getLoc() : otherwise, epilogue, flops, read, written, plan, plans, ns, 0, pieces};
  }

private:
  const talweg::Target &target;
  double ns = 0;      ///< by estimate
  int64_t pieces = 0; ///< of its product, if threads share it
  std::string plan;   ///< likewise
  int64_t plans = 0;
  Operation *main = nullptr;
  int64_t mainBytes = -1; ///< of `main`; a product has more than anything else
  std::string kind = "loop", what;
  int64_t flops = 0, read = 0, written = 0;
  int64_t after = 0;                ///< operations computed in a product's epilogue
  std::optional<Location> epilogue; ///< where the last of them is
  llvm::SmallDenseSet<Value> writtenHere;

  /// Notes an op that may stand for the region.
  void propose(Operation *op, int64_t bytes, StringRef itsKind, std::string itsWhat) {
    if (bytes <= mainBytes)
      return;
    main = op;
    mainBytes = bytes;
    kind = itsKind.str();
    what = std::move(itsWhat);
  }

  /// What passing over so many bytes so often takes.
  void take(int64_t bytes, int64_t times) {
    ns += double(times) * double(bytes) / target.machine.rateOf(double(bytes));
  }

  void readFrom(Value memory, int64_t bytes) {
    if (!writtenHere.contains(talweg::rootOf(memory)))
      read += bytes;
  }
  void writeTo(Value memory, int64_t bytes) {
    if (writtenHere.insert(talweg::rootOf(memory)).second)
      written += bytes;
  }

  void add(Operation *op, int64_t times) {
    if (auto product = dyn_cast<ProductOp>(op))
      addProduct(product, times);
    else if (auto generic = dyn_cast<GenericOp>(op))
      addGeneric(generic, times);
    else if (auto gather = dyn_cast<talweg::kernel::GatherOp>(op))
      addLookup(op, "gather", gather.getOut(), gather.getRows(), gather.getOut(), times);
    else if (auto scatter = dyn_cast<talweg::kernel::ScatterAddOp>(op))
      addLookup(op, "scatter", scatter.getValues(), scatter.getRows(), scatter.getOut(), times);
    else if (auto coalesce = dyn_cast<talweg::kernel::CoalesceOp>(op))
      addLookup(op, "coalesce", coalesce.getValues(), coalesce.getRows(), coalesce.getSums(), times);
    else if (auto put = dyn_cast<talweg::kernel::PutRowsOp>(op))
      addLookup(op, "put", put.getValues(), put.getRows(), {}, times);
    else if (auto fill = dyn_cast<linalg::FillOp>(op))
      addFill(fill, times);
    else if (auto copy = dyn_cast<memref::CopyOp>(op))
      addCopy(op, copy.getSource(), copy.getTarget(), bytesOf(copy.getSource().getType()), times);
    else if (auto store = dyn_cast<memref::StoreOp>(op))
      addCopy(op, {}, store.getMemRef(), (store.getMemRefType().getElementTypeBitWidth() + 7) / 8, times);
    else
      addNested(op, times);
  }

  void addNested(Operation *op, int64_t times) {
    auto loop = dyn_cast<scf::ForOp>(op);
    int64_t trips = loop ? loop.getStaticTripCount().value_or(APInt(64, 0)).getSExtValue() : 1; // 0: not known
    for (Region &region : op->getRegions())
      for (Operation &inner : region.getOps())
        add(&inner, times * trips);
    bool gathers = loop && mainBytes >= 0 && isa<memref::CopyOp, memref::StoreOp>(main);
    if (gathers && op->isAncestor(main)) {
      kind = "gather";
      what = std::to_string(trips) + " rows of " + std::to_string(mainBytes / std::max<int64_t>(1, times * trips)) +
             " bytes";
      main = op;
    }
  }

  void addCopy(Operation *op, Value from, Value to, int64_t bytes, int64_t times) {
    read += times * bytes;
    written += times * bytes;
    writtenHere.insert(talweg::rootOf(to));
    take(2 * bytes, times);
    propose(op, times * bytes, "copy", std::to_string(times * bytes) + " bytes");
  }

  /// `looked`: what is moved, as much as is read of the table or written to it at most. `whole` is written whole; null: no more than that.
  void addLookup(Operation *op, StringRef itsKind, Value looked, Value rows, Value whole, int64_t times) {
    auto type = cast<MemRefType>(looked.getType());
    read += times * bytesOf(type);
    readFrom(rows, times * bytesOf(rows.getType()));
    take(2 * bytesOf(type), times);
    if (whole)
      writeTo(whole, times * bytesOf(whole.getType()));
    else
      written += times * bytesOf(type);
    int64_t count = type.getDimSize(0);
    propose(op, times * bytesOf(type), itsKind,
            std::to_string(times * count) + " rows of " + std::to_string(bytesOf(type) / count) + " bytes");
  }

  void addFill(linalg::FillOp op, int64_t times) {
    Value output = op.getOutputs()[0];
    auto type = cast<MemRefType>(output.getType());
    int64_t inside = 1; // of a box around which it is filled
    auto box = op->getAttrOfType<DenseI64ArrayAttr>(talweg::kernel::kAround);
    for (int64_t dim = 0; box && dim < type.getRank(); ++dim)
      inside *= box[2 * dim + 1];
    const int64_t bytes = bytesOf(type) - (box ? inside * bytesOf(type) / type.getNumElements() : 0);
    writeTo(output, times * bytes);
    take(bytes, times);
    propose(op, 0, "fill", join(type.getShape()));
  }

  void addProduct(ProductOp op, int64_t times) {
    for (OpOperand &operand : op->getOpOperands()) {
      if (op.isDpsInput(&operand))
        readFrom(operand.get(), times * touched(op, operand));
      else
        writeTo(operand.get(), times * touched(op, operand));
    }
    int64_t points = times;
    for (int64_t extent : op.getLoops())
      points *= extent;
    flops += 2 * points;
    ns += double(times) * talweg::estimatedNs(op, target);
    if (op.getPlan()) {
      const talweg::kernel::ProductPlan &its = op.getPlan()->getPlan();
      const int64_t elementBytes = op.getElementType().getIntOrFloatBitWidth() / 8;
      plan = talweg::keyOf(its, elementBytes);
      plans = talweg::closeNests(its, elementBytes, target.machine);
      pieces = its.shared.empty() ? 0 : its.sharedTurns();
    }
    propose(op, INT64_MAX, isConvolution(op) ? "convolution" : "product", productShape(op));
    if (!op.hasEpilogue())
      return;
    Block &body = op.getEpilogue().front();
    after += countOps(body);
    epilogue = body.getTerminator()->getLoc();
  }

  void addGeneric(GenericOp op, int64_t times) {
    SmallVector<int64_t> loops = op.getStaticLoopRanges();
    bool elementwise = op.getNumParallelLoops() == op.getNumLoops();
    int64_t bytes = 0;
    for (OpOperand &operand : op->getOpOperands()) {
      bool used = op.payloadUsesValueFromOperand(&operand), isInput = op.isDpsInput(&operand);
      bool starts = !isInput && op->hasAttr(talweg::kernel::kStart); // all of it gets a value
      int64_t here = times * (starts ? bytesOf(operand.get().getType()) : touched(op, operand));
      if (used && (isInput || (elementwise && !starts))) {
        readFrom(operand.get(), here);
        bytes += here;
      }
      if (!isInput) {
        writeTo(operand.get(), here);
        bytes += here;
      }
    }
    take(bytes / std::max<int64_t>(1, times), times);
    if (elementwise) {
      propose(op, bytes, "elementwise", join(loops) + ", " + opsText(op));
    } else {
      auto result = cast<MemRefType>(op.getDpsInits()[0].getType());
      propose(op, bytes, "reduction", join(loops) + " to " + join(result.getShape()) + ", " + opsText(op));
    }
  }
};

} // namespace

std::string talweg::productShape(ProductOp op) {
  AffineMap a = op.getMatchingIndexingMap(&op.getLeftMutable()), b = op.getMatchingIndexingMap(&op.getRightMutable()),
            c = op.getSumMap();
  int64_t batch = 1, rows = 1, columns = 1, summed = 1;
  for (auto [d, extent] : llvm::enumerate(op.getLoops())) {
    bool inA = a.isFunctionOfDim(d), inB = b.isFunctionOfDim(d), inC = c.isFunctionOfDim(d);
    (!inC ? summed : inA && inB ? batch : inA ? rows : columns) *= extent;
  }
  return (batch > 1 ? std::to_string(batch) + " of " : "") + join({rows, columns, summed});
}

talweg::CodeRegion talweg::describeRegion(ArrayRef<Operation *> ops, const Target &target) {
  return Description(ops, target).region(UnknownLoc::get(ops.front()->getContext()));
}
