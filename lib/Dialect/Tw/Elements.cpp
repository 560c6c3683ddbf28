// By the table's lines, so that one of them is all that a type needs.
#include "talweg/Dialect/Tw/Elements.h"

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/IR/BuiltinTypes.h"

namespace talweg {

mlir::Type tw::irType(ElementType type, mlir::MLIRContext *context) {
  return mlir::parseType(infoOf(type).ir, context);
}

static bool isType(const ElementInfo &info, mlir::Type type) {
  if (auto integer = mlir::dyn_cast<mlir::IntegerType>(type)) {
    const unsigned bits = info.kind == ElementKind::Truth ? 1 : 8 * unsigned(info.bytes);
    return !info.isFloat() && integer.getWidth() == bits &&
           integer.isUnsigned() == (info.kind == ElementKind::Unsigned) && !integer.isSigned();
  }
  llvm::StringRef name = type.getAbstractType().getName(); // builtin.f32
  return info.isFloat() && name.consume_front("builtin.") && std::string_view(name) == info.ir;
}

std::optional<ElementType> tw::elementTypeOf(mlir::Type type) {
  for (const ElementInfo &info : kElementTypes)
    if (isType(info, type))
      return info.type;
  return std::nullopt;
}

bool tw::isStoredInteger(mlir::Type type) {
  const auto element = mlir::isa<mlir::IntegerType>(type) ? elementTypeOf(type) : std::nullopt;
  return element && infoOf(*element).isOnlyStored();
}

bool tw::fitsInto32Bits(mlir::Type type) {
  const auto element = elementTypeOf(type);
  return element && infoOf(*element).least >= INT32_MIN && infoOf(*element).most <= INT32_MAX;
}

} // namespace talweg
