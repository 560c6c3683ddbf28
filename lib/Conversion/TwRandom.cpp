// Random numbers: Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel Random Numbers: As Easy as 1, 2, 3, 2011).
//
// Four 32-bit counter words c and two key words k pass ten rounds
//   (c0, c1, c2, c3) <- (hi(M1 c2) ^ c1 ^ k0, lo(M1 c2), hi(M0 c0) ^ c3 ^ k1, lo(M0 c0)),   then k0 += W0, k1 += W1
// and the first word is the number. The rounds' keys depend on the seed alone and are computed once, before the loop. Words are the lower halves of
// i64, above which anything may stand: so a product is one instruction on lanes of that width, and its halves are taken where they are.
#include "TwToLinalg.h"

#include "talweg/Codegen/Attributes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;
using namespace talweg;
using namespace talweg::conversion;

namespace {

using Builder = ImplicitLocOpBuilder;

constexpr uint32_t multiplier0 = 0xD2511F53, multiplier1 = 0xCD9E8D57;
constexpr uint32_t weyl0 = 0x9E3779B9, weyl1 = 0xBB67AE85;
constexpr int rounds = 10;

Value word(Builder &b, uint32_t value) {
  return arith::ConstantOp::create(b, b.getIntegerAttr(b.getI32Type(), APInt(32, value)));
}

Value truncate(Builder &b, Value x) { return arith::TruncIOp::create(b, b.getI32Type(), x); }

Value extend(Builder &b, Value x) { return arith::ExtUIOp::create(b, b.getI64Type(), x); }

/// The upper 32 bits of an i64, as its lower ones.
Value upper(Builder &b, Value x) {
  return arith::ShRUIOp::create(b, x, arith::ConstantOp::create(b, b.getI64IntegerAttr(32)));
}

/// The whole product of a constant and the lower half of `x`.
Value multiply(Builder &b, Value x, uint32_t factor) {
  Value lower = arith::AndIOp::create(b, x, arith::ConstantOp::create(b, b.getI64IntegerAttr(0xffffffff)));
  return arith::MulIOp::create(b, lower, arith::ConstantOp::create(b, b.getI64IntegerAttr(factor)));
}

Value exclusiveOr(Builder &b, Value x, Value y) { return arith::XOrIOp::create(b, x, y); }

using Keys = SmallVector<std::pair<Value, Value>, rounds>;

Keys roundKeys(Builder &b, Value seed) {
  Keys keys{{truncate(b, seed), truncate(b, upper(b, seed))}};
  while (keys.size() < rounds) {
    auto [k0, k1] = keys.back();
    keys.emplace_back(arith::AddIOp::create(b, k0, word(b, weyl0)), arith::AddIOp::create(b, k1, word(b, weyl1)));
  }
  for (auto &[k0, k1] : keys) {
    k0 = extend(b, k0);
    k1 = extend(b, k1);
  }
  return keys;
}

/// The first word of the generator's output.
Value philox(Builder &b, std::array<Value, 4> c, const Keys &keys) {
  for (Value &each : c)
    each = extend(b, each);
  for (auto [k0, k1] : keys) {
    Value first = multiply(b, c[0], multiplier0), second = multiply(b, c[2], multiplier1);
    c = {exclusiveOr(b, exclusiveOr(b, upper(b, second), c[1]), k0), second,
         exclusiveOr(b, exclusiveOr(b, upper(b, first), c[3]), k1), first};
  }
  return truncate(b, c[0]);
}

/// The element's position in row-major order, inside a generic over `shape`.
Value rowMajorIndex(Builder &b, ArrayRef<int64_t> shape) {
  Value index = word(b, 0);
  for (auto [dim, size] : llvm::enumerate(shape)) {
    Value position = arith::IndexCastOp::create(b, b.getI32Type(), linalg::IndexOp::create(b, dim));
    if (dim == 0)
      index = position;
    else
      index = arith::AddIOp::create(b, arith::MulIOp::create(b, index, word(b, size)), position);
  }
  return index;
}

/// y = (word >> 8) / 2^24: 24 bits are exact in f32.
Value toUnit(Builder &b, Value bits, Type type) {
  Value shifted = arith::ShRUIOp::create(b, bits, word(b, 8));
  // 24 bits are not negative: the signed conversion is the cheaper instruction.
  Value number = arith::SIToFPOp::create(b, type, shifted);
  return arith::MulFOp::create(b, number, createScalar(b, type, 0x1p-24));
}

Value lowerUniform(Builder &b, tw::UniformOp op, tw::UniformOp::Adaptor operands, RankedTensorType type) {
  Keys keys = roundKeys(b, createExtract(b, operands.getKey(), {0}));
  Value step = truncate(b, createExtract(b, operands.getKey(), {1}));
  Value first = operands.getFirst() ? truncate(b, createExtract(b, operands.getFirst())) : Value();
  Value stream = word(b, static_cast<uint32_t>(op.getStream()));
  if (operands.getFurther())
    stream = arith::AddIOp::create(b, stream, truncate(b, createExtract(b, operands.getFurther())));
  Value turn = operands.getTurn() ? truncate(b, createExtract(b, operands.getTurn())) : word(b, 0);
  Value numbers = createElementwise(b, type, {}, {}, [&](Builder &inner, ValueRange) {
    Value element = rowMajorIndex(inner, type.getShape());
    if (first)
      element = arith::AddIOp::create(inner, element, first);
    Value bits = philox(inner, {element, step, stream, turn}, keys);
    return toUnit(inner, bits, type.getElementType());
  });
  if (auto generic = numbers.getDefiningOp<linalg::GenericOp>())
    generic->setAttr(attributes::kStream, op.getStreamAttr());
  return numbers;
}

} // namespace

void conversion::addRandomPatterns(StorageTypes &types, RewritePatternSet &patterns) {
  patterns.add<LowerOp<tw::UniformOp>>(types, patterns.getContext(), lowerUniform);
}
