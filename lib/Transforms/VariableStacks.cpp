// Declarations of stacks, and all that names their members.
#include "VariableStacks.h"

#include "AlikeTurns.h"
#include "RuleAtZero.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringSet.h"

#include <fmt/format.h>

using namespace mlir;

namespace talweg {

static FlatSymbolRefAttr symbol(train::ProgramOp program, StringRef name) {
  return FlatSymbolRefAttr::get(program.getContext(), name);
}

VariableStacks::VariableStacks(train::ProgramOp program)
    : program(program), block((*program.getOps<train::ObjectiveOp>().begin()).getBody().front()) {
  for (auto variable : program.getBody().front().getOps<train::VariableOp>()) {
    places[variable.getSymName()] = std::int64_t(places.size());
    variables[variable.getSymName()] = variable;
  }
}

/// Of what stands beside the variable under its name: the rest of its name.
SmallVector<std::string> VariableStacks::suffixesOf(StringRef name) {
  SmallVector<std::string> suffixes;
  for (auto variable : program.getBody().front().getOps<train::VariableOp>())
    if (StringRef other = variable.getSymName(); other.size() > name.size() && other.starts_with(name) &&
                                                 other[name.size()] == '.' && variable.getRole() != Role::Parameter)
      suffixes.push_back(other.drop_front(name.size()).str());
  return suffixes;
}

/// The initial values, compared: each is a turn.
static AlikeTurns initialValues(ArrayRef<train::VariableOp> variables) {
  std::vector<AlikeTurns::Turn> turns;
  for (train::VariableOp variable : variables) {
    AlikeTurns::Turn &turn = turns.emplace_back();
    for (Operation &op : variable.getInit().front().without_terminator())
      turn.push_back(&op);
  }
  return AlikeTurns(std::move(turns));
}

static SmallVector<train::VariableOp> declaredBy(const llvm::StringMap<train::VariableOp> &variables,
                                                 ArrayRef<StringRef> names, StringRef suffix = "") {
  return llvm::map_to_vector(names, [&](StringRef name) { return variables.lookup((name + suffix).str()); });
}

/// These by themselves.
std::string VariableStacks::whyNotOne(const Names &members) {
  auto declared = declaredBy(variables, members);
  train::VariableOp first = declared[0];
  for (auto [name, variable] : llvm::zip_equal(members, declared)) {
    if (!variable)
      return fmt::format("`{}` has nothing beside it that another has", name.str());
    if (variable.getType() != first.getType() || variable.getRole() != first.getRole() ||
        variable.getFrozen() != first.getFrozen())
      return fmt::format("`{}` is of another kind than `{}`", name.str(), members[0].str());
  }
  if (AlikeTurns values = initialValues(declared); !values.whyNot().empty())
    return fmt::format("the initial values of `{}` and others are not alike", members[0].str());
  return {};
}

/// Of `list`, all of `members` or none: which, by their numbers. Nothing: some.
static std::optional<SmallVector<size_t>> findAll(ArrayAttr list, ArrayRef<StringRef> members) {
  llvm::StringMap<size_t> numbers;
  for (auto [number, name] : llvm::enumerate(list.getAsRange<FlatSymbolRefAttr>()))
    numbers[name.getValue()] = number;
  SmallVector<size_t> found;
  for (StringRef member : members)
    if (auto number = numbers.find(member); number != numbers.end())
      found.push_back(number->second);
  return found.empty() || found.size() == members.size() ? std::optional(found) : std::nullopt;
}

/// What speaks of all of a program's variables.
std::string VariableStacks::whyNotTogether(const Names &members) {
  const std::string differ = fmt::format("`{}` and others are not treated alike by the objective", members[0].str());
  for (Operation &op : block) {
    if (auto minimize = dyn_cast<train::MinimizeOp>(op)) {
      auto over = findAll(minimize.getOver(), members);
      if (!over)
        return differ;
      if (over->empty())
        continue;
      if (!minimize.getGradients().empty())
        return "their gradients are given one by one";
      if (auto by = minimize.getBy()) {
        for (size_t number : *over)
          if ((*by)[number] != (*by)[over->front()])
            return fmt::format("`{}` and others are updated by different rules", members[0].str());
        auto rule = SymbolTable::lookupNearestSymbolFrom<train::OptimizerOp>(
            minimize, cast<FlatSymbolRefAttr>((*by)[over->front()]));
        if (!RuleAtZero::of(rule).isPointwise)
          return fmt::format("the rule that updates `{}` speaks of the whole of a parameter", members[0].str());
      }
      if (auto clips = minimize.getClips())
        for (auto clip : clips->getAsRange<train::ClipAttr>())
          if (!findAll(clip.getParameters(), members))
            return differ;
    } else if (auto norm = dyn_cast<train::NormOp>(op)) {
      if (!findAll(norm.getOf(), members))
        return differ;
    } else if (isa<train::UpdateOp>(op)) {
      return "the program updates parameters itself";
    }
  }
  SmallVector<train::AverageOp> averages;
  for (auto average : block.getOps<train::AverageOp>())
    if (llvm::is_contained(members, average.getParameter()))
      averages.push_back(average);
  if (!averages.empty() && (averages.size() != members.size() || llvm::any_of(averages, [&](train::AverageOp average) {
                              return average.getRule() != averages[0].getRule();
                            })))
    return fmt::format("`{}` and others are averaged by different rules", members[0].str());
  return {};
}

std::string VariableStacks::whyNot(const Names &members, llvm::function_ref<bool(Operation *)> isInTurns) {
  if (llvm::StringSet<> different(llvm::from_range, members); different.size() != members.size())
    return "its turns share a variable with some others";
  if (std::string why = whyNotOne(members); !why.empty())
    return why;
  const SmallVector<std::string> suffixes = suffixesOf(members[0]);
  for (StringRef member : members)
    if (suffixesOf(member).size() != suffixes.size())
      return fmt::format("`{}` has another number of slots", member.str());
  for (StringRef suffix : suffixes) {
    SmallVector<std::string> names =
        llvm::map_to_vector(members, [&](StringRef member) { return (member + suffix).str(); });
    if (std::string why = whyNotOne(Names(names.begin(), names.end())); !why.empty())
      return why;
  }
  for (auto get : block.getOps<train::GetOp>())
    if (llvm::is_contained(members, get.getVariable()))
      for (Operation *user : get->getUsers()) {
        Operation *reader = block.findAncestorOpInBlock(*user);
        if (!isInTurns(reader))
          return fmt::format("`{}` is read elsewhere, too", get.getVariable().str());
      }
  return whyNotTogether(members);
}

//===-- stacking ---------------------------------------------------------------------------------------------------===//

/// `a.block_0-23.weight` of `a.block_0.weight` to `a.block_23.weight`.
static std::string nameOfStack(ArrayRef<StringRef> members) {
  StringRef first = members.front(), last = members.back();
  size_t ahead = 0, behind = 0, shorter = std::min(first.size(), last.size());
  auto isDigit = [](char c) { return c >= '0' && c <= '9'; };
  while (ahead < shorter && first[ahead] == last[ahead])
    ++ahead;
  while (ahead > 0 && isDigit(first[ahead - 1]))
    --ahead;
  while (behind < shorter - ahead && first[first.size() - 1 - behind] == last[last.size() - 1 - behind])
    ++behind;
  while (behind > 0 && isDigit(first[first.size() - behind]))
    --behind;
  return (first.drop_back(behind) + "-" + last.drop_front(ahead)).str();
}

train::VariableOp VariableStacks::declare(const Names &members) {
  auto declared = declaredBy(variables, members);
  train::VariableOp first = declared[0];
  const auto count = std::int64_t(members.size());
  OpBuilder builder(first);
  auto type = tw::stackOf(first.getType(), count);
  auto stack = train::VariableOp::create(builder, first.getLoc(), nameOfStack(members), first.getRole(), type);
  stack.setFrozen(first.getFrozen());
  SmallVector<StringRef> names;
  SmallVector<std::int64_t> at;
  for (train::VariableOp variable : declared)
    if (auto inner = variable.getMembers()) {
      llvm::append_range(names, inner->getAsValueRange<StringAttr>());
      llvm::append_range(at, *variable.getPlaces());
    } else {
      names.push_back(variable.getSymName());
      at.push_back(places.lookup(variable.getSymName()));
    }
  stack.setMembersAttr(builder.getStrArrayAttr(names));
  stack.setPlaces(at);

  Block &init = stack.getInit().emplaceBlock();
  init.addArgument(first.getInit().getArgument(0).getType(), first.getLoc());
  auto inside = OpBuilder::atBlockEnd(&init);
  const AlikeTurns values = initialValues(declared);
  Value value = first.getInit().front().getTerminator()->getOperand(0), initial;
  if (auto constant = value.getDefiningOp<tw::ConstantOp>();
      constant && llvm::all_of(declared, [&](train::VariableOp variable) {
        auto other = variable.getInit().front().getTerminator()->getOperand(0).getDefiningOp<tw::ConstantOp>();
        return other.getValueAttr() == constant.getValueAttr() && isa<SplatElementsAttr>(other.getValueAttr());
      }))
    initial = tw::ConstantOp::create(
        inside, first.getLoc(), cast<DenseElementsAttr>(constant.getValueAttr()).resizeSplat(cast<ShapedType>(type)));
  else
    initial = values.createScan(inside, first.getLoc(), value).scan.getResult(0);
  initial.getParentBlock()->walk(
      [&](Operation *op) { op->replaceUsesOfWith(first.getInit().getArgument(0), init.getArgument(0)); });
  train::YieldOp::create(inside, first.getLoc(), initial);
  for (train::VariableOp variable : declared) {
    variables.erase(variable.getSymName());
    variable.erase();
  }
  variables[stack.getSymName()] = stack;
  return stack;
}

/// `list` with the stack where its first member was, and none of the others.
static ArrayAttr replaced(ArrayAttr list, ArrayRef<size_t> numbers, Attribute by) {
  const size_t first = *llvm::min_element(numbers);
  SmallVector<Attribute> left;
  for (auto [number, attribute] : llvm::enumerate(list))
    if (number == first)
      left.push_back(by);
    else if (!llvm::is_contained(numbers, number))
      left.push_back(attribute);
  return ArrayAttr::get(list.getContext(), left);
}

void VariableStacks::replaceInLists(const Names &members, train::VariableOp stack) {
  const FlatSymbolRefAttr name = symbol(program, stack.getSymName());
  auto replace = [&](ArrayAttr list) {
    auto numbers = *findAll(list, members);
    return numbers.empty() ? list : replaced(list, numbers, name);
  };
  for (Operation &op : block)
    if (auto minimize = dyn_cast<train::MinimizeOp>(op)) {
      auto numbers = *findAll(minimize.getOver(), members);
      if (numbers.empty())
        continue;
      if (auto by = minimize.getBy())
        minimize.setByAttr(replaced(*by, numbers, (*by)[numbers[0]]));
      minimize.setOverAttr(replaced(minimize.getOver(), numbers, name));
      if (auto clips = minimize.getClips()) {
        SmallVector<Attribute> changed;
        for (auto clip : clips->getAsRange<train::ClipAttr>())
          changed.push_back(train::ClipAttr::get(clip.getContext(), clip.getLimit(), replace(clip.getParameters())));
        minimize.setClipsAttr(ArrayAttr::get(program.getContext(), changed));
      }
    } else if (auto norm = dyn_cast<train::NormOp>(op)) {
      norm.setOfAttr(replace(norm.getOf()));
    }
}

Value VariableStacks::read(train::VariableOp stack, ArrayRef<train::GetOp> gets) {
  train::GetOp first =
      *std::min_element(gets.begin(), gets.end(), [](train::GetOp a, train::GetOp b) { return a->isBeforeInBlock(b); });
  OpBuilder builder(first);
  const auto count = cast<RankedTensorType>(stack.getType()).getDimSize(0);
  return train::GetOp::create(builder, first.getLoc(), tw::stackOf(first.getType(), count), stack.getSymName());
}

train::VariableOp VariableStacks::stack(const Names &members) {
  // Names outlive the declarations.
  const SmallVector<std::string> owned = llvm::map_to_vector(members, [](StringRef name) { return name.str(); });
  const Names own(owned.begin(), owned.end());
  SmallVector<train::AverageOp> averages;
  for (auto average : block.getOps<train::AverageOp>())
    if (llvm::is_contained(own, average.getParameter()))
      averages.push_back(average);
  SmallVector<std::pair<std::string, std::string>> beside; // of the first member, of the stack
  for (StringRef suffix : suffixesOf(own[0])) {
    SmallVector<std::string> names = llvm::map_to_vector(own, [&](StringRef name) { return (name + suffix).str(); });
    beside.push_back({names[0], declare(Names(names.begin(), names.end())).getSymName().str()});
  }
  train::VariableOp result = declare(own);
  replaceInLists(own, result);
  for (auto [number, average] : llvm::enumerate(averages)) {
    if (number != 0) {
      average.erase();
      continue;
    }
    for (auto &[member, stack] : beside)
      if (average.getAverage() == member)
        average.setAverageAttr(symbol(program, stack));
    average.setParameterAttr(symbol(program, result.getSymName()));
  }
  // Types may differ: a parameter of bf16 can be read as it is, or as it is computed with.
  llvm::MapVector<Type, SmallVector<train::GetOp>> gets;
  for (auto get : block.getOps<train::GetOp>())
    if (llvm::is_contained(own, get.getVariable()))
      gets[get.getType()].push_back(get);
  for (auto &[type, ofType] : gets) {
    Value whole = read(result, ofType);
    for (train::GetOp get : ofType) {
      OpBuilder builder(get);
      auto slice = cast<RankedTensorType>(type);
      SmallVector<AffineExpr> exprs{builder.getAffineConstantExpr(llvm::find(own, get.getVariable()) - own.begin())};
      for (unsigned dim = 0; dim < slice.getRank(); ++dim)
        exprs.push_back(builder.getAffineDimExpr(dim));
      Value window = tw::WindowOp::create(builder, get.getLoc(), slice, whole,
                                          AffineMap::get(slice.getRank(), 0, exprs, builder.getContext()));
      get.replaceAllUsesWith(window);
      get.erase();
    }
  }
  return result;
}

} // namespace talweg
