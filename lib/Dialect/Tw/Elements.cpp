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

const ElementInfo &tw::infoOf(mlir::Type type) { return talweg::infoOf(*elementTypeOf(type)); }

mlir::Type tw::loweredType(mlir::Type type) {
  const auto element = elementTypeOf(type);
  const bool isSame = !element || infoOf(*element).lowered == infoOf(*element).ir;
  return isSame ? type : mlir::parseType(infoOf(*element).lowered, type.getContext());
}

template <typename Property>
static bool has(mlir::Type type, Property property) {
  const auto element = tw::elementTypeOf(type);
  return element && property(infoOf(*element));
}

bool tw::isTruth(mlir::Type type) {
  return has(type, [](const ElementInfo &info) { return info.kind == ElementKind::Truth; });
}

bool tw::isReal(mlir::Type type) {
  return has(type, [](const ElementInfo &info) { return info.isFloat() && !info.isOnlyStored(); });
}

bool tw::isWhole(mlir::Type type) {
  return has(type, [](const ElementInfo &info) { return info.isWhole() && !info.isOnlyStored(); });
}

bool tw::isStoredInteger(mlir::Type type) {
  return has(type, [](const ElementInfo &info) { return info.isWhole() && info.isOnlyStored(); });
}

} // namespace talweg
