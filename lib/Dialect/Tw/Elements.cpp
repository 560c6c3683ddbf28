// By the table's spelling, so that a line of it is all that a type needs.
#include "talweg/Dialect/Tw/Elements.h"

#include "mlir/AsmParser/AsmParser.h"

#include "llvm/Support/raw_ostream.h"

namespace talweg {

mlir::Type tw::irType(ElementType type, mlir::MLIRContext *context) {
  return mlir::parseType(infoOf(type).ir, context);
}

std::optional<ElementType> tw::elementTypeOf(mlir::Type type) {
  std::string spelling;
  llvm::raw_string_ostream(spelling) << type;
  return elementTypeBy(&ElementInfo::ir, spelling);
}

} // namespace talweg
