// One function to write each op and one to read it, side by side.
#include "talweg/Frontend/PlanOps.h"

#include "talweg/Dialect/Tw/Elements.h"

#include "mlir/IR/Builders.h"

#include <fmt/format.h>

using namespace mlir;
using namespace talweg;
using namespace talweg::frontend;

//===-- settings ---------------------------------------------------------------------------------------------------===//

static IntegerAttr optional(OpBuilder &builder, std::optional<std::int64_t> number) {
  return number ? builder.getI64IntegerAttr(*number) : IntegerAttr();
}

static DictionaryAttr attributeOf(Builder &builder, const EarlyStop &early) {
  return builder.getDictionaryAttr({builder.getNamedAttr("name", builder.getStringAttr(early.name)),
                                    builder.getNamedAttr("greatest", builder.getBoolAttr(early.greatest)),
                                    builder.getNamedAttr("patience", builder.getI64IntegerAttr(early.patience))});
}

static Attribute attributeOf(Builder &builder, const Comparison &comparison) {
  return builder.getDictionaryAttr(
      {builder.getNamedAttr("name", builder.getStringAttr(comparison.name)),
       builder.getNamedAttr("is", builder.getStringAttr(StringRef(nameOf(comparison.predicate)))),
       builder.getNamedAttr("value", builder.getF64FloatAttr(comparison.value))});
}

static void writeNotices(OpBuilder &builder, train::PlanOp op, const Plan &plan) {
  if (plan.early)
    op.setEarlyAttr(attributeOf(builder, *plan.early));
  SmallVector<Attribute> alternatives;
  for (const auto &all : plan.stopWhen)
    alternatives.push_back(builder.getArrayAttr(
        llvm::map_to_vector(all, [&](const Comparison &comparison) { return attributeOf(builder, comparison); })));
  if (!alternatives.empty())
    op.setStopAttr(builder.getArrayAttr(alternatives));
  if (plan.budgetSeconds)
    op.setBudgetSecondsAttr(builder.getF64FloatAttr(*plan.budgetSeconds));
  op.setBudgetStepsAttr(optional(builder, plan.budgetSteps));
  if (plan.onNan != OnNan::Stop)
    op.setOnNanAttr(builder.getStringAttr(StringRef(nameOf(plan.onNan))));
  if (plan.onNan == OnNan::Rollback)
    op.setRollbacksAttr(builder.getI64IntegerAttr(plan.rollbacks));
  if (!plan.saved.empty())
    op.setSavedAttr(builder.getStrArrayAttr(SmallVector<StringRef>(plan.saved.begin(), plan.saved.end())));
}

/// As the op's verifier has found them.
static void readNotices(train::PlanOp op, Plan &plan) {
  if (DictionaryAttr early = op.getEarlyAttr())
    plan.early = EarlyStop{early.getAs<StringAttr>("name").str(), early.getAs<BoolAttr>("greatest").getValue(),
                           early.getAs<IntegerAttr>("patience").getInt()};
  for (Attribute all : op.getStopAttr() ? op.getStopAttr().getValue() : ArrayRef<Attribute>()) {
    auto &comparisons = plan.stopWhen.emplace_back();
    for (auto each : cast<ArrayAttr>(all).getAsRange<DictionaryAttr>())
      comparisons.push_back({each.getAs<StringAttr>("name").str(),
                             *predicateNamed(std::string_view(each.getAs<StringAttr>("is").strref())),
                             each.getAs<FloatAttr>("value").getValueAsDouble()});
  }
  if (FloatAttr seconds = op.getBudgetSecondsAttr())
    plan.budgetSeconds = seconds.getValueAsDouble();
  plan.budgetSteps = op.getBudgetSteps();
  if (StringAttr onNan = op.getOnNanAttr())
    plan.onNan = *onNanNamed(std::string_view(onNan.strref()));
  plan.rollbacks = op.getRollbacks().value_or(plan.rollbacks);
  if (ArrayAttr saved = op.getSavedAttr())
    for (StringRef pattern : saved.getAsValueRange<StringAttr>())
      plan.saved.push_back(pattern.str());
}

void frontend::createPlan(OpBuilder &builder, Location loc, const Plan &plan) {
  SmallVector<NamedAttribute> constants;
  for (const Constant &constant : plan.constants)
    constants.push_back(builder.getNamedAttr(constant.name, builder.getStringAttr(constant.value)));
  auto op = train::PlanOp::create(
      builder, loc, builder.getStringAttr(plan.data), optional(builder, plan.epochs), optional(builder, plan.steps),
      optional(builder, plan.validateEvery),
      optional(builder, plan.accumulate > 1 ? std::optional(plan.accumulate) : std::nullopt),
      plan.best.empty() ? StringAttr() : builder.getStringAttr(plan.best),
      plan.greatest ? builder.getUnitAttr() : UnitAttr(), builder.getI64IntegerAttr(std::int64_t(plan.seed)),
      builder.getDictionaryAttr(constants), DictionaryAttr(), ArrayAttr(), FloatAttr(), IntegerAttr(), StringAttr(),
      IntegerAttr(), ArrayAttr());
  writeNotices(builder, op, plan);
}

static void readSettings(train::PlanOp op, Plan &plan) {
  plan.data = op.getData().str();
  plan.epochs = op.getEpochs();
  plan.steps = op.getSteps();
  plan.validateEvery = op.getValidate();
  plan.accumulate = op.getAccumulate().value_or(1);
  plan.best = op.getKeep().value_or("").str();
  plan.greatest = op.getGreatest();
  readNotices(op, plan);
  plan.seed = op.getSeed();
  for (NamedAttribute constant : op.getConstants())
    plan.constants.push_back({constant.getName().str(), cast<StringAttr>(constant.getValue()).str()});
}

//===-- fields -----------------------------------------------------------------------------------------------------===//

static Attribute attributeOf(Builder &builder, const StepValue &value) {
  if (const auto *truth = std::get_if<bool>(&value))
    return builder.getBoolAttr(*truth);
  if (const auto *number = std::get_if<std::int64_t>(&value))
    return builder.getI64IntegerAttr(*number);
  if (const auto *number = std::get_if<double>(&value))
    return builder.getF64FloatAttr(*number);
  return builder.getStringAttr(std::get<std::string>(value));
}

static std::optional<StepValue> stepValueOf(Attribute attribute) {
  if (const auto truth = dyn_cast<BoolAttr>(attribute))
    return truth.getValue();
  if (const auto number = dyn_cast<IntegerAttr>(attribute))
    return number.getInt();
  if (const auto number = dyn_cast<FloatAttr>(attribute))
    return number.getValueAsDouble();
  if (const auto text = dyn_cast<StringAttr>(attribute))
    return text.str();
  return std::nullopt;
}

static Attribute attributeOf(Builder &builder, const Step &step) {
  SmallVector<Attribute> values;
  for (const StepValue &value : step.values)
    values.push_back(attributeOf(builder, value));
  SmallVector<NamedAttribute> named;
  for (const auto &[name, value] : step.named)
    named.push_back(builder.getNamedAttr(name, attributeOf(builder, value)));
  return builder.getDictionaryAttr({builder.getNamedAttr("name", builder.getStringAttr(step.name)),
                                    builder.getNamedAttr("values", builder.getArrayAttr(values)),
                                    builder.getNamedAttr("named", builder.getDictionaryAttr(named))});
}

/// As the op's verifier has found it.
static Step stepOf(DictionaryAttr attribute) {
  Step step{attribute.getAs<StringAttr>("name").str()};
  for (Attribute value : attribute.getAs<ArrayAttr>("values"))
    step.values.push_back(*stepValueOf(value));
  for (NamedAttribute named : attribute.getAs<DictionaryAttr>("named"))
    step.named.emplace(named.getName().str(), *stepValueOf(named.getValue()));
  return step;
}

void frontend::createField(OpBuilder &builder, Location loc, const Field &field) {
  SmallVector<Attribute> columns;
  for (const auto &column : field.columns) {
    const auto *name = std::get_if<std::string>(&column);
    columns.push_back(name ? Attribute(builder.getStringAttr(*name))
                           : builder.getI64IntegerAttr(std::get<std::int64_t>(column)));
  }
  const Type type = RankedTensorType::get(field.shape, tw::irType(field.element, builder.getContext()));
  const auto steps = llvm::map_to_vector(field.steps, [&](const Step &step) { return attributeOf(builder, step); });
  const auto window = [&] {
    const RowWindow &rows = *field.window;
    return builder.getDenseI64ArrayAttr({rows.begin, rows.end, rows.stride});
  };
  train::FieldOp::create(
      builder, loc, builder.getStringAttr(field.name), TypeAttr::get(type), optional(builder, field.classes),
      columns.empty() ? ArrayAttr() : builder.getArrayAttr(columns), /*read=*/UnitAttr(), /*range=*/DenseI64ArrayAttr(),
      field.names.empty() ? ArrayAttr()
                          : builder.getStrArrayAttr(SmallVector<StringRef>(field.names.begin(), field.names.end())),
      field.category ? builder.getUnitAttr() : UnitAttr(), steps.empty() ? ArrayAttr() : builder.getArrayAttr(steps),
      field.window ? window() : DenseI64ArrayAttr(),
      field.window && !field.window->by.empty() ? builder.getStringAttr(field.window->by) : StringAttr());
}

Field frontend::readField(train::FieldOp op) {
  Field field;
  field.name = op.getSymName().str();
  const auto type = cast<RankedTensorType>(op.getType());
  field.element = *tw::elementTypeOf(type.getElementType());
  field.shape = type.getShape().vec();
  field.classes = op.getClasses();
  for (Attribute column : op.getColumnsAttr() ? op.getColumnsAttr().getValue() : ArrayRef<Attribute>()) {
    if (const auto name = dyn_cast<StringAttr>(column))
      field.columns.push_back(name.str());
    else
      field.columns.push_back(cast<IntegerAttr>(column).getInt());
  }
  if (ArrayAttr names = op.getNamesAttr())
    for (StringRef name : names.getAsValueRange<StringAttr>())
      field.names.push_back(name.str());
  field.category = op.getCategory();
  if (ArrayAttr steps = op.getStepsAttr())
    for (auto step : steps.getAsRange<DictionaryAttr>())
      field.steps.push_back(stepOf(step));
  if (const auto window = op.getWindow())
    field.window = RowWindow{(*window)[0], (*window)[1], (*window)[2], op.getWindowBy().value_or("").str()};
  return field;
}

//===-- splits -----------------------------------------------------------------------------------------------------===//

/// The attribute that holds an option's value.
static Attribute attributeOf(Builder &builder, const data::OptionValue &value) {
  if (const auto *truth = std::get_if<bool>(&value))
    return builder.getBoolAttr(*truth);
  if (const auto *number = std::get_if<std::int64_t>(&value))
    return builder.getI64IntegerAttr(*number);
  if (const auto *text = std::get_if<std::string>(&value))
    return builder.getStringAttr(*text);
  if (const auto *texts = std::get_if<std::vector<std::string>>(&value))
    return builder.getStrArrayAttr(SmallVector<StringRef>(texts->begin(), texts->end()));
  const auto &range = std::get<data::Range>(value);
  return builder.getDenseI64ArrayAttr({range.begin, range.end});
}

static std::optional<data::OptionValue> optionOf(Attribute attribute) {
  if (const auto truth = dyn_cast<BoolAttr>(attribute))
    return truth.getValue();
  if (const auto number = dyn_cast<IntegerAttr>(attribute))
    return number.getInt();
  if (const auto text = dyn_cast<StringAttr>(attribute))
    return text.str();
  if (const auto range = dyn_cast<DenseI64ArrayAttr>(attribute); range && range.size() == 2)
    return data::Range{range[0], range[1]};
  if (const auto texts = dyn_cast<ArrayAttr>(attribute)) {
    std::vector<std::string> read;
    for (Attribute each : texts)
      if (const auto text = dyn_cast<StringAttr>(each))
        read.push_back(text.str());
      else
        return std::nullopt;
    return read;
  }
  return std::nullopt;
}

void frontend::createSplit(OpBuilder &builder, Location loc, const Split &split) {
  SmallVector<NamedAttribute> options;
  for (const auto &[name, value] : split.options)
    options.push_back(builder.getNamedAttr(name, attributeOf(builder, value)));
  const SmallVector<StringRef> files(split.files.begin(), split.files.end());
  train::SplitOp::create(builder, loc, split.name, split.format->name, builder.getStrArrayAttr(files),
                         builder.getDictionaryAttr(options));
}

static Result<Split> readSplit(train::SplitOp op, const std::string &file) {
  Split split;
  split.name = op.getName().str();
  split.format = data::formatNamed(std::string_view(op.getFormat()));
  const auto wrong = [&](const std::string &what) {
    return Error{"E0831", fmt::format("{}: error: split `{}` has {}", file, split.name, what)};
  };
  if (!split.format)
    return wrong(fmt::format("the format `{}`, which does not exist", op.getFormat().str()));
  for (StringAttr path : op.getFiles().getAsRange<StringAttr>())
    split.files.push_back(path.str());
  if (split.files.empty() || (split.files.size() > 1 && !split.format->severalFiles))
    return wrong(fmt::format("{} files", split.files.size()));
  for (NamedAttribute given : op.getOptions()) {
    const data::Option *option = split.format->option(std::string_view(given.getName().strref()));
    const auto value = optionOf(given.getValue());
    if (!option || !value || !option->accepts(*value))
      return wrong(fmt::format("an option `{}` that its format does not take", given.getName().str()));
    split.options.insert_or_assign(given.getName().str(), *value);
  }
  for (const auto &[name, value] : split.options)
    if (const data::Option *option = split.format->option(name); !option->agrees(split.options))
      return wrong("options that do not go together: " + std::string(option->rule));
  return split;
}

//===-- the whole --------------------------------------------------------------------------------------------------===//

Result<Plan> frontend::readPlan(train::ProgramOp program, const std::string &file) {
  Plan plan;
  plan.model = program.getName().str();
  plan.batch = program.getBatch();
  if (program.getReal())
    plan.real = *tw::elementTypeOf(*program.getReal());
  if (program.getOps<train::PlanOp>().empty())
    plan.steps = 1;
  for (Operation &op : program.getBody().front()) {
    if (auto settings = dyn_cast<train::PlanOp>(op)) {
      readSettings(settings, plan);
    } else if (auto split = dyn_cast<train::SplitOp>(op)) {
      Result<Split> read = readSplit(split, file);
      if (!read)
        return read.error();
      plan.splits.push_back(std::move(*read));
    }
  }
  return plan;
}
