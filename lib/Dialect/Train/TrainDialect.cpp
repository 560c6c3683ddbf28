// Registers the training dialect and its generated parts.
#include "talweg/Dialect/Train/Train.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace talweg::train;

/// The enum whose names these are, by one of them.
template <typename Enum>
static FailureOr<Enum> parseEnum(AsmParser &parser, ArrayRef<std::string_view> names) {
  StringRef name;
  auto at = parser.getCurrentLocation();
  if (failed(parser.parseKeyword(&name)))
    return failure();
  const auto *found = llvm::find(names, std::string_view(name));
  if (found != names.end())
    return Enum(found - names.begin());
  auto texts = llvm::map_range(names, [](std::string_view text) { return StringRef(text); });
  return parser.emitError(at) << "'" << name << "' is none of " << llvm::join(texts, ", ");
}
template <>
struct mlir::FieldParser<talweg::Mode> {
  static FailureOr<talweg::Mode> parse(AsmParser &parser) {
    return parseEnum<talweg::Mode>(parser, talweg::kModeNames);
  }
};
template <>
struct mlir::FieldParser<talweg::Role> {
  static FailureOr<talweg::Role> parse(AsmParser &parser) {
    return parseEnum<talweg::Role>(parser, talweg::kRoleNames);
  }
};

#include "talweg/Dialect/Train/TrainDialect.cpp.inc"

template <>
struct mlir::FieldParser<talweg::Told> {
  static FailureOr<talweg::Told> parse(AsmParser &parser) {
    return parseEnum<talweg::Told>(parser, talweg::kToldNames);
  }
};
template <>
struct mlir::FieldParser<talweg::Limit> {
  static FailureOr<talweg::Limit> parse(AsmParser &parser) {
    return parseEnum<talweg::Limit>(parser, talweg::kLimitNames);
  }
};
template <>
struct mlir::FieldParser<talweg::Part> {
  static FailureOr<talweg::Part> parse(AsmParser &parser) {
    return parseEnum<talweg::Part>(parser, talweg::kPartNames);
  }
};

#define GET_ATTRDEF_CLASSES
#include "talweg/Dialect/Train/TrainAttributes.cpp.inc"

#define GET_OP_CLASSES
#include "talweg/Dialect/Train/Train.cpp.inc"

void TrainDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "talweg/Dialect/Train/TrainAttributes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "talweg/Dialect/Train/Train.cpp.inc"
      >();
}

Location talweg::train::inPart(Location loc, Part part, FlatSymbolRefAttr variable) {
  return FusedLoc::get(loc.getContext(), {loc}, PartAttr::get(loc.getContext(), part, variable));
}

PartAttr talweg::train::partOf(Location loc) {
  PartAttr result;
  loc->walk([&](Location inner) {
    if (auto fused = dyn_cast<FusedLocWith<PartAttr>>(inner))
      result = fused.getMetadata();
    return result ? WalkResult::interrupt() : WalkResult::advance();
  });
  return result;
}
