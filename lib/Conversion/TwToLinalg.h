// What the families of the lowering from tw to linalg share. Private to Conversion.
//
// Every lowering goes through createElementwise or createAccumulation, so that what they guarantee holds for all of them:
// one linalg.generic with one result; static shapes; every iteration dimension is shown bare by some operand; a bare
// dimension covers its operand's dimension exactly (linalg's own rule; see fitMap for those that do not); and
// positions are linear in the indices (an index that is divided is split in two); scalar arithmetic (rank 0) is plain arith and math on extracted values, never a loop.
#ifndef TALWEG_LIB_CONVERSION_TWTOLINALG_H
#define TALWEG_LIB_CONVERSION_TWTOLINALG_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Transforms/DialectConversion.h"
#include "talweg/Dialect/Tw/Tw.h"

namespace talweg::conversion {

/// Elements become those of the column `lowered` of Support/ElementType.def.
class StorageTypes : public mlir::TypeConverter {
public:
  StorageTypes();
};

/// The type of `tensor` after StorageTypes, or null when it is not a ranked tensor of static shape.
mlir::RankedTensorType loweredType(mlir::Type tensor);

/// The scalar body of a generic. `x`: one element of each input. Returns the element of the result.
using ElementBody = llvm::function_ref<mlir::Value(mlir::ImplicitLocOpBuilder &, mlir::ValueRange x)>;

/// The scalar body of an accumulation: the accumulator's new value, given the inputs' elements and its present value.
using AccumulateBody =
    llvm::function_ref<mlir::Value(mlir::ImplicitLocOpBuilder &, mlir::ValueRange x, mlir::Value accumulator)>;

/// A constant of `type` (float or integer) near `value`.
mlir::Value createScalar(mlir::ImplicitLocOpBuilder &b, mlir::Type type, double value);

/// The element of `tensor` at constant `position`; folded where the tensor is built from scalars.
mlir::Value createExtract(mlir::ImplicitLocOpBuilder &b, mlir::Value tensor, llvm::ArrayRef<int64_t> position = {});

/// A tensor of `type` holding `value` everywhere.
mlir::Value createFill(mlir::ImplicitLocOpBuilder &b, mlir::RankedTensorType type, mlir::TypedAttr value);

/// The elements of `x` in row-major order under the shape of `type`.
mlir::Value createReshape(mlir::ImplicitLocOpBuilder &b, mlir::Value x, mlir::RankedTensorType type);

/// y[d] = body(x[map(d)]…): all-parallel over y's shape, the output map is the identity. Null: a map divides an index in a
/// way that does not split it.
mlir::Value createElementwise(mlir::ImplicitLocOpBuilder &b, mlir::RankedTensorType type, mlir::ValueRange inputs,
                              llvm::ArrayRef<mlir::AffineMap> maps, ElementBody body);

/// y = initial everywhere, then y[outputMap(d)] = body(x[map(d)]…, y[outputMap(d)]) for every d in `extents`. Dimensions
/// that outputMap shows bare are parallel, all others reductions. Null: as above.
mlir::Value createAccumulation(mlir::ImplicitLocOpBuilder &b, mlir::RankedTensorType type, mlir::TypedAttr initial,
                               llvm::ArrayRef<int64_t> extents, mlir::ValueRange inputs,
                               llvm::ArrayRef<mlir::AffineMap> maps, mlir::AffineMap outputMap, AccumulateBody body);

/// One pattern: adds the lowering of each family (a file each).
void addElementwisePatterns(StorageTypes &types, mlir::RewritePatternSet &patterns);
void addStructurePatterns(StorageTypes &types, mlir::RewritePatternSet &patterns);
void addLookupPatterns(StorageTypes &types, mlir::RewritePatternSet &patterns);
void addReductionPatterns(StorageTypes &types, mlir::RewritePatternSet &patterns);
void addRandomPatterns(StorageTypes &types, mlir::RewritePatternSet &patterns);
void addScanPattern(StorageTypes &types, mlir::RewritePatternSet &patterns);

/// The lowering of one op as a function from its lowered operands to the value that replaces it (null: not supported).
template <typename TwOp>
using Lower = mlir::Value (*)(mlir::ImplicitLocOpBuilder &, TwOp op, typename TwOp::Adaptor operands,
                              mlir::RankedTensorType result);

/// A conversion pattern from such a function.
template <typename TwOp>
class LowerOp : public mlir::OpConversionPattern<TwOp> {
public:
  LowerOp(StorageTypes &types, mlir::MLIRContext *context, Lower<TwOp> lower)
      : mlir::OpConversionPattern<TwOp>(types, context), lower(lower) {}

  mlir::LogicalResult matchAndRewrite(TwOp op, typename TwOp::Adaptor operands,
                                      mlir::ConversionPatternRewriter &rewriter) const override {
    mlir::RankedTensorType type = loweredType(op->getResult(0).getType());
    if (!type)
      return rewriter.notifyMatchFailure(op, "its shape is not static");
    mlir::ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    mlir::Value value = lower(b, op, operands, type);
    if (!value)
      return op.emitOpError("reads positions that divide an index unevenly, which is not supported yet");
    rewriter.replaceOp(op, value);
    return mlir::success();
  }

private:
  Lower<TwOp> lower;
};

} // namespace talweg::conversion

#endif
