// Writes objectives that are cut where something reduces over rows: what belongs to rows, and what is computed of all of them. Private to
// Transforms.
#ifndef TALWEG_LIB_TRANSFORMS_ROWWRITER_H
#define TALWEG_LIB_TRANSFORMS_ROWWRITER_H

#include "talweg/Dialect/Train/Train.h"
#include "talweg/Dialect/Tw/Rows.h"
#include "talweg/Dialect/Tw/Tw.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

namespace talweg {

using Operations = llvm::SetVector<mlir::Operation *>;

/// What the host combines of a reduction over rows, or of a batch's own number.
struct Combination {
  Combine combine;
  std::int64_t pass, at = 0;
  mlir::RankedTensorType type; ///< of f64
};
using Combinations = llvm::MapVector<mlir::Operation *, Combination>;

/// The same with f64 in the place of floats, or of all elements.
mlir::RankedTensorType wideType(mlir::Type type);
mlir::RankedTensorType allWide(mlir::Type type);
Combine combineOf(mlir::Operation *reduction);
/// The reductions over rows behind a value, each in the pass that it is made in.
void addReductions(Combinations &combinations, const tw::Rows &rows, mlir::Value value);
/// An empty objective in front of the one that is cut: a pass over the rows, or the finish.
train::ObjectiveOp createInFront(train::ObjectiveOp source, std::optional<std::int64_t> pass);
/// Numbers the places of the combinations, pass by pass.
void place(Combinations &combinations, std::int64_t passes);
/// The op's operands, and what its regions take from outside.
llvm::SmallVector<mlir::Value> takenBy(mlir::Operation *op);
/// What `values` are computed from, as far as `ends` goes.
Operations slice(
    mlir::ValueRange values,
    llvm::function_ref<bool(mlir::Operation *)> ends = [](mlir::Operation *) { return false; });

/// Whether the op is linear in the operands of which `depends` holds, all of them together.
bool isLinearIn(mlir::Operation &op, llvm::function_ref<bool(mlir::Value)> depends);
/// What a batch adds to a reduction over rows, of these operands: f64, a list or a number.
mlir::Value createPart(mlir::ImplicitLocOpBuilder &b, mlir::Operation *reduction, mlir::ValueRange operands);

/// Counts the random numbers of a row as in a batch of all rows. Where the rows are not the first dimension, that would need to know how many
/// there are: such an op is given back; or, if they may be `others` than those of a batch of all rows, as long as they are the same for any
/// batch, it counts row by row.
tw::UniformOp countRandomNumbers(train::ObjectiveOp objective, bool others);

/// One of the new objectives, and what has been put into it of the one that is cut. Values are asked for once they have been copied.
class RowWriter {
public:
  RowWriter(const tw::Rows &rows, const Combinations &combinations, train::ObjectiveOp source,
            train::ObjectiveOp target);

  /// Something will be differentiated by what rows, and what is computed of all, read of these parameters.
  void watchReads(mlir::ArrayAttr parameters) { watched = parameters; }
  /// What has been read of each; null: nothing.
  llvm::SmallVector<mlir::Value> readsOf(mlir::ArrayAttr parameters) const;
  /// Puts in what these values are computed from, of the batch alone.
  void copyBatchwise(mlir::ValueRange values);
  /// The same of all rows.
  void copyWhole(mlir::ValueRange values);
  /// What rows carry to the next batch, with all that it is computed from.
  void copyCarries();
  mlir::Value batchwise(mlir::Value value) { return plain.lookup(value); }
  /// A value of a row, or of no row.
  mlir::Value inRows(mlir::Value value);
  /// A value of no row, computed in f64 if it is a float.
  mlir::Value inWide(mlir::Value value);
  mlir::Value whole(mlir::Value value) { return isOverRows(value) ? inWide(value) : inRows(value); }

  /// The batch's own reduction, and what has been combined of it, by which something is going to be differentiated.
  mlir::Value copyReduction(mlir::Operation *reduction);
  mlir::Value watch(mlir::Value reduced) {
    mlir::Value all = inWide(reduced);
    return wide[reduced] = tw::WatchOp::create(b, all.getType(), all);
  }
  /// What a batch adds to a reduction.
  mlir::Value partOf(mlir::Operation *reduction) {
    b.setLoc(reduction->getLoc());
    return createPart(b, reduction,
                      llvm::map_to_vector(reduction->getOperands(), [&](mlir::Value x) { return inRows(x); }));
  }
  /// A batch's own number times its rows, and the mean of such.
  mlir::Value weighted(mlir::Value value);
  mlir::Value mean(const Combination &sum);
  void copyRequirement(tw::RequireOp require) { b.clone(*require, plain); }

  mlir::Value createNumber(double number);
  /// Each element times a number.
  mlir::Value multiply(mlir::Value value, mlir::Value number);
  mlir::Value convert(mlir::Value value, mlir::RankedTensorType type) {
    return b.createOrFold<tw::ConvertOp>(type, value);
  }

private:
  bool isOverRows(mlir::Value value) const { return rows.of(value).kind == tw::RowUse::OverRows; }
  void copyBatchwise(mlir::Operation *op);
  void copyWhole(mlir::Operation *op);
  void watchRead(train::GetOp get);
  mlir::Value combined(const Combination &combination);
  mlir::Value widened(mlir::Value value) { return convert(value, allWide(value.getType())); }

  const tw::Rows &rows;
  const Combinations &combinations;
  mlir::Block &source;
  std::int64_t batch;
  mlir::ArrayAttr watched;
  llvm::DenseMap<mlir::Attribute, mlir::Value> reads;
  mlir::IRMapping plain; ///< of the batch alone
  mlir::IRMapping split; ///< of a row and of all
  llvm::DenseMap<mlir::Value, mlir::Value> wide;

public:
  mlir::ImplicitLocOpBuilder b;
};

} // namespace talweg

#endif
