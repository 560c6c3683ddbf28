// Small pieces of vector code that several lowerings write.
#ifndef TALWEG_LIB_CODEGEN_VECTORTOOLS_H
#define TALWEG_LIB_CODEGEN_VECTORTOOLS_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"

namespace talweg {

class VectorTools {
public:
  VectorTools(mlir::OpBuilder &builder, mlir::Location loc) : builder(builder), loc(loc) {}

  mlir::Value index(std::int64_t value) { return mlir::arith::ConstantIndexOp::create(builder, loc, value); }

  /// base + iv * stride, folded where constants allow.
  mlir::Value advance(mlir::Value base, mlir::Value iv, std::int64_t stride);

  /// `lanes` elements from memory[at…]; only the first `count` exist, the others are zero.
  mlir::Value load(mlir::Value memory, mlir::Value at, std::int64_t lanes, std::int64_t count);

  /// The same of elements `stride` apart. Up to four apart they are shuffled out of whole vectors that cover them.
  mlir::Value loadApart(mlir::Value memory, mlir::Value at, std::int64_t stride, std::int64_t lanes,
                        std::int64_t count);

  /// The same, each element by itself.
  mlir::Value loadEach(mlir::Value memory, mlir::Value at, std::int64_t stride, std::int64_t lanes, std::int64_t count);

  /// Writes the first `count` lanes to memory[at…].
  void store(mlir::Value vector, mlir::Value memory, mlir::Value at, std::int64_t count);

  mlir::Value loadScalar(mlir::Value memory, mlir::Value at);
  void storeScalar(mlir::Value value, mlir::Value memory, mlir::Value at);
  mlir::Value broadcast(mlir::Value scalar, std::int64_t lanes);
  mlir::Value zero(mlir::Type element, std::int64_t lanes);

  /// The first `count` of `lanes` are true.
  mlir::Value mask(std::int64_t lanes, std::int64_t count);
  /// 0, 1, 2, …
  mlir::Value counting(std::int64_t lanes);

  /// All lanes combined in a fixed order, as a tree: neighbours halves first.
  mlir::Value combineLanes(mlir::Value vector, llvm::function_ref<mlir::Value(mlir::Value, mlir::Value)> combine);

  /// `rows` (as many vectors as each has lanes, a power of two) transposed in registers.
  void transpose(llvm::MutableArrayRef<mlir::Value> rows);

  /// Calls body(offset, size) for each tile of an extent: a loop over whole tiles, then the remainder by itself. A parallel
  /// loop runs its tiles on any thread.
  void forTiles(std::int64_t extent, std::int64_t tile, bool parallel,
                llvm::function_ref<void(mlir::Value offset, std::int64_t size)> body);

  using Values = llvm::SmallVector<mlir::Value>;

  /// A loop over `turns` turns that carries `values`: body(turn * step, values) updates them. One turn is written without a loop.
  /// Of several those that have one of the steps from `within.first` to in front of `within.second`, if these are given.
  void forCarrying(std::int64_t turns, std::int64_t step, Values &values,
                   llvm::function_ref<void(mlir::Value offset, Values &values)> body,
                   std::pair<mlir::Value, mlir::Value> within = {});

  /// Combines `turns` turns, `step` apart, each of which lengthens every chain by `weight`, into `sums`: groups that are within
  /// `longestChain` start from `starts`, and their results are combined in order, in groups again where they are many.
  /// plain(offset, count, sums) combines `count` turns from `offset` on.
  void cascade(std::int64_t turns, std::int64_t step, std::int64_t weight, llvm::ArrayRef<mlir::Value> starts,
               Values &sums, llvm::function_ref<mlir::Value(mlir::Value, mlir::Value)> combine,
               llvm::function_ref<void(mlir::Value offset, std::int64_t count, Values &sums)> plain);

private:
  mlir::OpBuilder &builder;
  mlir::Location loc;
};

} // namespace talweg

#endif
