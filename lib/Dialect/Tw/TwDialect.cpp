// Registers the tensor dialect and its generated parts.
#include "talweg/Dialect/Tw/Elements.h"
#include "talweg/Dialect/Tw/Tw.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"

using namespace mlir;
using namespace talweg::tw;

#include "talweg/Dialect/Tw/TwDialect.cpp.inc"
#include "talweg/Dialect/Tw/TwEnums.cpp.inc"
#include "talweg/Dialect/Tw/TwInterfaces.cpp.inc"

#define GET_OP_CLASSES
#include "talweg/Dialect/Tw/Tw.cpp.inc"

void TwDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "talweg/Dialect/Tw/Tw.cpp.inc"
      >();
}

Operation *TwDialect::materializeConstant(OpBuilder &builder, Attribute value, Type type, Location loc) {
  if (auto elements = dyn_cast<ElementsAttr>(value))
    return ConstantOp::create(builder, loc, type, elements);
  return nullptr;
}
