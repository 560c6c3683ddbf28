// What a legal plan is.
#include "talweg/Dialect/Train/Train.h"
#include "talweg/Support/Notices.h"

using namespace mlir;

namespace talweg::train {

/// Whether a dictionary has these members, of these types, and no others.
template <typename... Types, typename... Names>
static bool hasMembers(Attribute attribute, Names... names) {
  auto members = dyn_cast<DictionaryAttr>(attribute);
  return members && members.size() == sizeof...(Types) && (members.getAs<Types>(names) && ...);
}

static LogicalResult verifyNotices(PlanOp op) {
  if (DictionaryAttr early = op.getEarlyAttr();
      early && !(hasMembers<StringAttr, BoolAttr, IntegerAttr>(early, "name", "greatest", "patience") &&
                 early.getAs<IntegerAttr>("patience").getInt() > 0))
    return op.emitOpError() << "has `early` that is not {greatest, name, patience}";
  for (Attribute all : op.getStopAttr() ? op.getStopAttr().getValue() : ArrayRef<Attribute>())
    for (Attribute each : isa<ArrayAttr>(all) ? cast<ArrayAttr>(all).getValue() : ArrayRef(all))
      if (!hasMembers<StringAttr, StringAttr, FloatAttr>(each, "name", "is", "value") ||
          !predicateNamed(std::string_view(cast<DictionaryAttr>(each).getAs<StringAttr>("is").strref())) ||
          !isa<ArrayAttr>(all))
        return op.emitOpError() << "has `stop` that is no list of lists of {is, name, value}";
  if (StringAttr onNan = op.getOnNanAttr(); onNan && !onNanNamed(std::string_view(onNan.strref())))
    return op.emitOpError() << "has `on_nan` " << onNan << ", which is nothing that is done";
  return success();
}

LogicalResult PlanOp::verify() {
  std::pair<StringRef, std::optional<uint64_t>> counts[] = {{"epochs", getEpochs()},
                                                            {"steps", getSteps()},
                                                            {"validate", getValidate()},
                                                            {"budget_steps", getBudgetSteps()},
                                                            {"rollbacks", getRollbacks()}};
  for (auto [name, count] : counts)
    if (count && int64_t(*count) < 1)
      return emitOpError() << "has `" << name << "` " << int64_t(*count) << ", which must be positive";
  if (getAccumulate() && (int64_t(*getAccumulate()) < 1 || int64_t(*getAccumulate()) > INT32_MAX))
    return emitOpError() << "has `accumulate` " << int64_t(*getAccumulate()) << ", which is from 1 to " << INT32_MAX;
  if (failed(verifyNotices(*this)))
    return failure();
  if (getEpochs() && getSteps())
    return emitOpError() << "has `epochs` and `steps`, of which one is told";
  for (NamedAttribute constant : getConstants())
    if (!isa<StringAttr>(constant.getValue()))
      return emitOpError() << "has the constant `" << constant.getName().strref() << "`, which is no text";
  return success();
}

} // namespace talweg::train
