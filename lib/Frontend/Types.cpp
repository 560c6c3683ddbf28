// Types: dimensions are expressions over names; a call binds the names of the callee's types to the arguments' sizes, and every further
// occurrence must agree.
#include "Types.h"

#include "Calls.h"
#include "Expressions.h"
#include "Numbers.h"
#include "Statements.h"
#include "TypeNames.h"
#include "Walk.h"

#include "talweg/Dialect/Tw/Elements.h"

#include <algorithm>
#include <fmt/format.h>

using namespace talweg;
using namespace talweg::frontend;
using ast::Expr;
using ast::Index;

//===-- dimensions -------------------------------------------------------------------------------------------------===//

std::optional<Count> frontend::evalDim(Walk &walk, const Expr &expr) {
  DimensionScope scope(walk.scopes);
  const std::optional<Count> size = evalInteger(walk, expr, "a dimension");
  if (size && *size < 0) {
    walk.fail(Code::BadDimension, expr.range, fmt::format("a dimension cannot be {}", size->value));
    return std::nullopt;
  }
  return size;
}

/// The dimensions that the rest `..b` stands for; null: not known, or any.
static const Dims *findRest(const Frame &frame, const Index &index) {
  const Value *rest = frame.local(".." + index.rest.text);
  return rest && !rest->unranked ? &rest->rest : nullptr;
}

std::optional<Dims> frontend::evalDims(Walk &walk, const ast::Type &type) {
  Dims dims;
  for (const Index &index : type.dims) {
    if (index.kind == Index::Rest) {
      const Dims *rest = findRest(walk.frame(), index);
      if (!rest) {
        walk.fail(Code::UnknownName, index.range, fmt::format("unknown dimensions `..{}`", index.rest.text));
        return std::nullopt;
      }
      for (const Dim &dim : *rest)
        dims.push_back({dim.size, index.rest.text, true});
      continue;
    }
    if (!index.value) {
      walk.fail(Code::BadDimension, index.range, "a dimension is a number or a name");
      return std::nullopt;
    }
    const std::optional<Count> size = evalDim(walk, *index.value);
    if (!size)
      return std::nullopt;
    dims.push_back({*size, index.value->kind == Expr::Ident ? index.value->text : "", false});
  }
  return walk.tensors.checkSize({}, dims, type.range) ? std::optional(dims) : std::nullopt;
}

/// Are all names of a dimension's expression, in a type of file number `file`, bound?
static bool isBound(Walk &walk, const Expr &expr, int file) {
  if (expr.kind == Expr::Ident)
    return walk.frame().local(expr.text) || walk.names.findConfig(expr.text, file);
  for (const Expr *child : {expr.lhs.get(), expr.rhs.get(), expr.other.get()})
    if (child && !(expr.kind == Expr::Call && child == expr.lhs.get()) && !isBound(walk, *child, file))
      return false;
  return std::all_of(expr.arguments.begin(), expr.arguments.end(),
                     [&](const ast::Argument &argument) { return isBound(walk, *argument.value, file); });
}

/// A name by itself that is not bound yet?
static bool isNewName(Walk &walk, const Expr &expr, int file) {
  return expr.kind == Expr::Ident && !isBound(walk, expr, file);
}

std::vector<std::optional<Count>> frontend::expectedSizes(Walk &walk, const ast::Type &type) {
  std::vector<std::optional<Count>> sizes;
  for (const Index &index : type.dims) {
    if (index.kind == Index::Rest) {
      const Dims *rest = findRest(walk.frame(), index);
      if (!rest)
        return {};
      for (const Dim &dim : *rest)
        sizes.push_back(dim.size);
    } else if (index.value && isBound(walk, *index.value, type.range.file))
      sizes.push_back(evalDim(walk, *index.value));
    else
      sizes.push_back(std::nullopt);
  }
  return sizes;
}

//===-- unification ------------------------------------------------------------------------------------------------===//

namespace {
/// Matches a tensor's dimensions with a declared type in the present frame, binding names that are new.
class Unification {
public:
  /// `formal` and `callee` are empty for a body's result.
  Unification(Walk &walk, const ast::Type &type, const Tensor &tensor, const Given &given, std::string formal = "",
              std::string callee = "")
      : walk(walk), type(type), tensor(tensor), given(given), formal(std::move(formal)), callee(std::move(callee)) {
    const auto isRest = [](const Index &index) { return index.kind == Index::Rest; };
    rests = std::count_if(type.dims.begin(), type.dims.end(), isRest);
    single = type.dims.size() - rests;
  }

  /// False: they do not match (reported).
  bool run() { return !tensor.isRanked() ? bindUnranked() : checkRank() && bindNames() && checkSizes(); }

private:
  using Notes = std::vector<std::pair<ast::Range, std::string>>;
  bool refuse(const std::string &why, const Notes &notes);
  bool bindUnranked();
  bool checkRank();
  bool bindNames();
  bool bindRest(const Index &index, Dims dims);
  bool checkSizes();
  bool refuseSize(const Index &index, std::int64_t size, std::int64_t wanted);

  Walk &walk;
  const ast::Type &type;
  const Tensor &tensor;
  const Given &given;
  const std::string formal, callee;
  std::size_t rests, single; ///< dimensions of the type: rests, and others
};
} // namespace

bool Unification::refuse(const std::string &why, const Notes &notes) {
  const bool isResult = callee.empty();
  Failure failure = walk.fail(isResult ? Code::ResultMismatch : Code::CallShapesDisagree, given.range,
                              isResult ? "the value does not have the declared shape"
                                       : fmt::format("shapes do not agree in the call to {}", callee));
  failure.line(
      fmt::format("{} is {}", formal.empty() ? "the value" : "`" + formal + "`", walk.describe(Value::of(tensor))));
  failure.line(fmt::format("{} is {}", isResult ? "declared" : "wanted", walk.messages.text(type.range)));
  failure.line(why);
  for (const auto &[range, text] : notes)
    failure.note(range, text);
  return false;
}

bool Unification::bindUnranked() {
  if (type.dims.size() != 1 || type.dims[0].kind != Index::Rest) {
    walk.fail(Code::NotSupportedYet, given.range,
              "an update rule's tensors have any shape: only `f32[..s]` can take them");
    return false;
  }
  Value rest = Value::of(Value::Rest);
  rest.unranked = true;
  walk.frame().locals.insert({".." + type.dims[0].rest.text, rest});
  return true;
}

bool Unification::checkRank() {
  if (rests > 1) {
    walk.fail(Code::BadDimension, type.range, "a type has at most one rest `..b`");
    return false;
  }
  const std::size_t rank = tensor.dims.size();
  return (rests ? rank >= single : rank == single) ||
         refuse(fmt::format("{} dimension{} given, {}{} wanted", rank, rank == 1 ? "" : "s", rests ? "at least " : "",
                            single),
                {{type.range, "declared here"}});
}

bool Unification::bindRest(const Index &index, Dims dims) {
  Value rest = Value::of(Value::Rest);
  rest.rest = std::move(dims);
  rest.origin = given.range;
  const auto [bound, isNew] = walk.frame().locals.insert({".." + index.rest.text, rest});
  return isNew || sameSizes(bound->second.rest, rest.rest) ||
         refuse(fmt::format("`..{}` is [{}] here and [{}] elsewhere", index.rest.text,
                            walk.messages.describe(rest.rest), walk.messages.describe(bound->second.rest)),
                {{bound->second.origin, "it was given here"}});
}

bool Unification::bindNames() {
  auto dim = tensor.dims.begin();
  for (const Index &index : type.dims) {
    if (index.kind == Index::Rest) {
      const auto begin = dim;
      dim += tensor.dims.size() - single;
      if (!bindRest(index, Dims(begin, dim)))
        return false;
      continue;
    }
    if (!index.value) {
      walk.fail(Code::BadDimension, index.range, "a dimension is a number or a name");
      return false;
    }
    if (isNewName(walk, *index.value, type.range.file)) {
      Value size = Value::integer(dim->size);
      size.text = dim->rest ? "" : dim->name;
      size.isDimension = true;
      size.origin = given.range;
      walk.frame().locals[index.value->text] = size;
    }
    ++dim;
  }
  return true;
}

bool Unification::refuseSize(const Index &index, std::int64_t size, std::int64_t wanted) {
  const Expr &expr = *index.value;
  const std::string name(walk.messages.text(index.range));
  Notes notes;
  if (const Frame &caller = *walk.scopes.toldFrame();
      given.expr && given.expr->kind == Expr::Ident && caller.instance) {
    const auto variable = caller.instance->variables.find(given.expr->text);
    if (variable != caller.instance->variables.end() && variable->second)
      notes.push_back({variable->second->place, fmt::format("`{}` is declared here", given.expr->text)});
  }
  if (const Value *bound = expr.kind == Expr::Ident ? walk.frame().local(expr.text) : nullptr)
    notes.push_back({bound->origin, fmt::format("`{}` is {} from here", name, wanted)});
  notes.push_back({type.range, "declared here"});
  return refuse(expr.kind == Expr::Number ? fmt::format("dimension {} does not equal {}", size, wanted)
                                          : fmt::format("dimension {} does not equal {} = {}", size, name, wanted),
                notes);
}

bool Unification::checkSizes() {
  std::size_t at = 0;
  for (const Index &index : type.dims) {
    if (index.kind == Index::Rest) {
      at += tensor.dims.size() - single;
      continue;
    }
    const std::int64_t size = tensor.dims[at++].size;
    const std::optional<std::int64_t> wanted = evalDim(walk, *index.value);
    if (!wanted || (*wanted != size && !refuseSize(index, size, *wanted)))
      return false;
  }
  return true;
}

/// How many classes a type `class[k][n]` has; null: it does not tell.
static const Expr *countOfClasses(const ast::Type &type) {
  return type.classes.size() == 1 ? type.classes[0].value.get() : nullptr;
}

constexpr const char *kLabelsWithDimensions = "labels with dimensions are `class[k][n]`";

/// Do labels tell the number of their classes?
static bool checkClasses(Walk &walk, const ast::Type &type) {
  const bool isCounted = type.element.text != "class" || countOfClasses(type);
  if (!isCounted)
    walk.fail(Code::UnknownType, type.range, "labels tell the number of their classes, and their dimensions")
        .help("write `class[k][n]`, for example");
  return isCounted;
}

/// The number of classes of a type of labels, whose name, if it is not bound yet, is bound to what they are below. Nothing: reported.
static std::optional<Count> evalClasses(Walk &walk, const ast::Type &type, std::optional<std::int64_t> bound,
                                        ast::Range range) {
  const Expr &count = *countOfClasses(type);
  if (bound && isNewName(walk, count, type.range.file)) {
    Value classes = Value::integer(*bound);
    classes.isDimension = true;
    classes.origin = range;
    walk.frame().locals[count.text] = classes;
  }
  return evalDim(walk, count);
}

//===-- arguments --------------------------------------------------------------------------------------------------===//

static bool isTensorElement(const std::string &name) {
  return name == "class" || llvm::is_contained(tensorTypes(), name);
}

bool frontend::isTensorType(const ast::Type &type) {
  return type.hasShape || (type.element.text != "bool" && isTensorElement(type.element.text));
}

/// Brings a tensor to the element that is declared: stored data to what it computes as, whole numbers to floats (labels only if
/// `labelsToo`), and those that fit to i32. False: it has another.
static bool takeElement(Walk &walk, const std::string &declared, Tensor &tensor, bool labelsToo, ast::Range range) {
  const std::optional<ElementType> type = elementTypeBy(&ElementInfo::text, declared);
  if (!type)
    return false;
  const ElementInfo &has = tw::infoOf(tensor.element()), &wants = infoOf(*type);
  const mlir::Type target = walk.tensors.storedType(wants.type);
  const bool isMeasured = has.isWhole() && (has.isOnlyStored() || labelsToo || !tensor.label);
  const bool converts =
      wants.isFloat() ? isMeasured : !wants.isOnlyStored() && has.isOnlyStored() && has.isWithin(wants);
  if (converts)
    tensor = walk.tensors.converted(tensor, target, range);
  const bool isAnyFloat = tensor.weak && wants.isFloat() && has.isFloat();
  return isAnyFloat || tensor.element() == target;
}

/// What to do about a value that does not have the element `declared`; empty: nothing is known.
static std::string helpForElement(const std::string &declared, const Value &value) {
  if (!value.isTensor())
    return "";
  const ElementInfo &has = tw::infoOf(value.tensor.element());
  const auto type = elementTypeBy(&ElementInfo::text, declared);
  if (type == ElementType::I32 && has.isWhole())
    return "labels are declared as `class[…]`, other whole numbers that are computed with as `i32`";
  if (type == ElementType::F32 && has.isFloat())
    return "`float(…)` makes f32 of it";
  return "";
}

namespace {
/// An argument that is checked against its declaration.
class Conformity {
public:
  Conformity(Walk &walk, const ast::Formal &formal, Value &value, const Given &given, const std::string &callee)
      : walk(walk), formal(formal), wanted(formal.type.element.text), value(value), given(given), callee(callee) {}

  /// False: it does not conform (reported).
  bool run();

private:
  bool refuse(const std::string &what, const std::string &help = "");
  bool checkElementName();
  bool takeLabels();
  bool takeScalar();
  void takeFraction();
  void nameDims();

  Walk &walk;
  const ast::Formal &formal;
  const std::string &wanted;
  Value &value;
  const Given &given;
  const std::string &callee;
};
} // namespace

bool Conformity::refuse(const std::string &what, const std::string &help) {
  Failure failure =
      walk.fail(Code::WrongArgument, given.range,
                fmt::format("`{}` of {} is {}, and this is {}", formal.name.text, callee, what, walk.describe(value)));
  failure.note(formal.name.range, "declared here");
  if (!help.empty())
    failure.help(help);
  return false;
}

bool Conformity::checkElementName() {
  if (!isTensorElement(wanted)) {
    walk.fail(Code::UnknownType, formal.type.range, fmt::format("an input is not `{}`: that is only stored", wanted))
        .help(fmt::format("write `{}`, which it computes as",
                          nameOf(infoOf(*elementTypeBy(&ElementInfo::text, wanted)).computes)));
    return false;
  }
  return checkClasses(walk, formal.type);
}

/// A label's bound is the number of its classes, or less.
bool Conformity::takeLabels() {
  const std::optional<std::int64_t> bound = value.tensor.bound();
  const std::string type(walk.messages.text(formal.type.range));
  if (!bound || !takeElement(walk, "i32", value.tensor, /*labelsToo=*/true, given.range))
    return refuse(type,
                  "labels are of a field `class[…]`, or whole numbers whose type tells a bound, such as `x % 10`");
  const std::optional<Count> classes = evalClasses(walk, formal.type, bound, given.range);
  if (!classes)
    return false;
  value.tensor.classes = *classes;
  value.tensor.label = true;
  return *bound <= *classes || refuse(fmt::format("{}, labels below {}", type, classes->value),
                                      fmt::format("what is given may be up to {}", *bound - 1));
}

/// A number stands for a tensor without dimensions.
bool Conformity::takeScalar() {
  const std::vector<Index> &dims = formal.type.dims;
  const bool isScalar = value.isNumber() || value.kind == Value::Hyper;
  const bool canBeScalar = dims.empty() || (dims.size() == 1 && dims[0].kind == Index::Rest);
  if (!isScalar || !canBeScalar || wanted == "bool")
    return refuse("a tensor " + std::string(walk.messages.text(formal.type.range)));
  for (const Index &rest : dims)
    walk.frame().locals.insert({".." + rest.rest.text, Value::of(Value::Rest)});
  if (wanted != "i32")
    takeFraction();
  return true;
}

/// A whole number is taken as a fraction, so that `/` of it is one.
void Conformity::takeFraction() {
  if (value.isInteger())
    value.number = realOf(value.number);
}

/// Inside, dimensions go by the callee's names.
void Conformity::nameDims() {
  auto dim = value.tensor.dims.begin();
  for (const Index &index : formal.type.dims) {
    if (index.kind != Index::Rest) {
      dim->name = index.value->kind == Expr::Ident ? index.value->text : "";
      dim->rest = false;
      ++dim;
      continue;
    }
    for (std::size_t i = 0; i < walk.frame().locals[".." + index.rest.text].rest.size(); ++i, ++dim)
      dim->name = index.rest.text, dim->rest = true;
  }
}

bool Conformity::run() {
  if (wanted.empty())
    return true;
  if (wanted == "int")
    return value.isInteger() || refuse("an integer known at compile time");
  if (wanted == "float" || wanted == "schedule") {
    const bool isScalar = value.isNumber() || value.kind == Value::Hyper ||
                          (value.isRankedTensor() && value.tensor.dims.empty() && !value.holdsConditions());
    takeFraction();
    return isScalar || refuse(wanted == "float" ? "a number" : "a number or a schedule");
  }
  if (wanted == "string")
    return value.kind == Value::Text || refuse("a text");
  if (!checkElementName())
    return false;
  if (wanted == "bool" && value.kind == Value::Bool)
    return true;
  if (!value.isTensor())
    return takeScalar();
  const bool areLabels = wanted == "class";
  if (!areLabels && !takeElement(walk, wanted, value.tensor, /*labelsToo=*/false, given.range))
    return refuse(std::string(walk.messages.text(formal.type.range)), helpForElement(wanted, value));
  if (areLabels && !formal.type.hasShape && !value.tensor.dims.empty())
    return refuse("one label, " + std::string(walk.messages.text(formal.type.range)), kLabelsWithDimensions);
  if (areLabels && !takeLabels())
    return false;
  if (!Unification(walk, formal.type, value.tensor, given, formal.name.text, callee).run())
    return false;
  nameDims();
  return true;
}

bool frontend::conform(Walk &walk, const ast::Formal &formal, Value &value, const Given &given,
                       const std::string &callee) {
  return Conformity(walk, formal, value, given, callee).run();
}

//===-- results ----------------------------------------------------------------------------------------------------===//

/// A result that is no tensor: does it fit the type?
static bool fitsUnconverted(Walk &walk, const ast::Type &type, const Value &value) {
  const std::string &wanted = type.element.text;
  if (!isTensorElement(wanted))
    return wanted == "int"                             ? value.isInteger()
           : wanted == "float" || wanted == "schedule" ? value.isNumeric()
                                                       : value.kind == Value::Text;
  const bool isScalar = wanted == "bool"    ? value.kind == Value::Bool
                        : wanted == "class" ? value.isInteger()
                                            : value.isNumber() || value.kind == Value::Hyper;
  const bool beginsWithRest = !type.dims.empty() && type.dims[0].kind == Index::Rest;
  return expectedSizes(walk, type).empty() && isScalar && (type.dims.empty() || beginsWithRest);
}

/// Labels are below the declared number by their type, or that is looked at in each step.
static bool takeResultLabels(Walk &walk, const ast::Decl &decl, Value &value, ast::Range range) {
  const std::int64_t number = value.isInteger() ? value.number.integer.value : 0;
  const std::optional<std::int64_t> bound =
      value.isTensor() ? value.tensor.bound() : std::max<std::int64_t>(number + 1, 1);
  if (const Expr &count = *countOfClasses(decl.result); !bound && isNewName(walk, count, decl.result.range.file)) {
    walk.fail(Code::ResultMismatch, range,
              fmt::format("nothing tells what the result of `{}` is below, which `{}` would stand for", decl.name.text,
                          count.text))
        .help("declare a number, or give back what has a bound by its type, such as `x % 10`");
    return false;
  }
  const std::optional<Count> classes = evalClasses(walk, decl.result, bound, range);
  if (!classes)
    return false;
  if (value.isTensor())
    return requireLabels(walk, value.tensor, *classes, decl.name.text, range);
  if (number < 0 || number >= *classes)
    walk.fail(Code::ResultMismatch, range,
              fmt::format("`{}` gives {}, and declares labels from 0 to {}", decl.name.text, number, *classes - 1));
  return number >= 0 && number < *classes;
}

bool frontend::conformResult(Walk &walk, const ast::Decl &decl, Value &value) {
  const ast::Type &type = decl.result;
  if (value.isPoison())
    return false;
  if (type.element.text.empty()) {
    for (Dim &dim : value.tensor.dims)
      dim.name.clear(), dim.rest = false;
    return true;
  }
  Given given;
  given.range = decl.body.empty() ? decl.range : decl.body.back()->range;
  const bool isTensor = value.isTensor() && isTensorElement(type.element.text);
  const bool areLabels = type.element.text == "class";
  if (areLabels && !checkClasses(walk, type))
    return false;
  const bool isMany = areLabels && !type.hasShape && isTensor && !value.tensor.dims.empty();
  if (isMany || (isTensor ? !takeElement(walk, areLabels ? "i32" : type.element.text, value.tensor, /*labelsToo=*/true,
                                         given.range)
                          : !fitsUnconverted(walk, type, value))) {
    Failure failure = walk.fail(Code::ResultMismatch, given.range,
                                fmt::format("`{}` gives {}, and declares {}", decl.name.text, walk.describe(value),
                                            walk.messages.text(type.range)));
    failure.note(type.range, "declared here");
    if (const std::string help = isMany ? kLabelsWithDimensions : helpForElement(type.element.text, value);
        !help.empty())
      failure.help(help);
    return false;
  }
  if (value.isInteger() && type.element.text != "int" && type.element.text != "i32" && !areLabels)
    value.number = realOf(value.number);
  if (areLabels && !takeResultLabels(walk, decl, value, given.range))
    return false;
  if (!isTensor || !value.tensor.isRanked())
    return true;
  if (!Unification(walk, type, value.tensor, given).run())
    return false;
  auto dim = value.tensor.dims.begin();
  for (const Index &index : type.dims) {
    if (index.kind == Index::Rest) {
      for (const Dim &bound : walk.frame().locals[".." + index.rest.text].rest)
        *dim++ = bound;
      continue;
    }
    const Value *bound = index.value->kind == Expr::Ident ? walk.frame().local(index.value->text) : nullptr;
    dim->name = bound ? bound->text : "";
    dim->rest = false;
    ++dim;
  }
  return true;
}
