// Registers the training dialect and its generated parts; what is read off its ops.
#include "talweg/Dialect/Train/Train.h"
#include "talweg/Dialect/Tw/Norm.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/TypeSwitch.h"

#include <set>

using namespace mlir;
using namespace talweg::train;

namespace talweg {
static ArrayRef<std::string_view> namesOf(Mode) { return kModeNames; }
static ArrayRef<std::string_view> namesOf(Role) { return kRoleNames; }
static ArrayRef<std::string_view> namesOf(Part) { return kPartNames; }
static ArrayRef<std::string_view> namesOf(Told) { return kToldNames; }
static ArrayRef<std::string_view> namesOf(Combine) { return kCombineNames; }
static ArrayRef<std::string_view> namesOf(Limit) { return kLimitNames; }
static ArrayRef<std::string_view> namesOf(Measured) { return kMeasuredNames; }
} // namespace talweg

/// Such an enum, by one of its names.
template <typename Enum>
struct mlir::FieldParser<
    Enum, std::enable_if_t<std::is_same_v<decltype(talweg::namesOf(Enum())), ArrayRef<std::string_view>>, Enum>> {
  static FailureOr<Enum> parse(AsmParser &parser) {
    ArrayRef<std::string_view> names = talweg::namesOf(Enum());
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
};

#include "talweg/Dialect/Train/TrainDialect.cpp.inc"

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

Value talweg::train::sumsOfSquares(OpBuilder &builder, Location loc, Value x, VariableOp variable) {
  if (!variable.getMembers())
    return tw::sumOfSquares(builder, loc, x);
  int64_t rank = cast<RankedTensorType>(x.getType()).getRank();
  return tw::sumsOfSquares(builder, loc, x, rank - variable.getMemberRank());
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

SmallVector<int64_t> talweg::train::skipsOf(ObjectiveOp objective) {
  std::set<int64_t> skips;
  for (Operation &op : objective.getBody().front())
    if (auto steps = op.getAttrOfType<IntegerAttr>("every"))
      skips.insert(steps.getInt());
    else if (auto every = dyn_cast<EveryOp>(op))
      skips.insert(every.getSteps());
  return llvm::to_vector(skips);
}

SmallVector<ReportOp> talweg::train::toldBy(ObjectiveOp objective) {
  SmallVector<ReportOp> told;
  for (talweg::Told kind : {talweg::Told::Loss, talweg::Told::Metric, talweg::Told::Report, talweg::Told::Table})
    for (auto report : objective.getBody().getOps<ReportOp>())
      if (report.getTold() == kind)
        told.push_back(report);
  return told;
}

SmallVector<VariableOp> talweg::train::carriedBy(ProgramOp program) {
  auto variables = program.getBody().front().getOps<VariableOp>();
  return llvm::to_vector(llvm::make_filter_range(
      variables, [](VariableOp variable) { return variable.getRole() == talweg::Role::Carried; }));
}
