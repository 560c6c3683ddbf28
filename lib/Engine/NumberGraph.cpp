// See NumberGraph.h. A nan comes from operands that are nan or, where none is, from the infinite ones. An infinite constant, and an infinite
// state, is what the model means: what makes a nan of it is where the fault is.
#include "NumberGraph.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

using namespace talweg;

using Kind = NumberSite::Kind;

/// What an operand outside of inner loops is: the node of `site` in the turns of the loops that both are in.
NumberNode NumberGraph::operandOf(const NumberNode &node, int number) const {
  NumberNode operand{node.call, number, node.turns};
  operand.turns.resize(site(operand).loops.size());
  return operand;
}

static bool handsElementsOn(const NumberSite &site) {
  return site.kind == Kind::Operation && site.at < 0 && site.operands.size() == 1;
}

std::string NumberGraph::nameOf(const NumberNode &node) const {
  const NumberSite &of = site(node);
  if (of.members.empty())
    return of.what;
  std::size_t member = 0;
  for (std::size_t depth = 0; depth < node.turns.size(); ++depth)
    member = member * std::size_t(loop(node, depth).turns) + std::size_t(node.turns[depth]);
  return of.members[std::min(member, of.members.size() - 1)];
}

NumberRange NumberGraph::rangeOf(const NumberNode &node) const {
  const NumberSite &of = site(node);
  if (of.kind == Kind::Constant)
    return of.range;
  if (of.at >= 0) {
    std::int64_t all = 1, turn = 0;
    for (std::size_t depth = 0; depth < of.loops.size(); ++depth) {
      all *= loop(node, depth).turns;
      turn = turn * loop(node, depth).turns + node.turns[depth];
    }
    const double *told = calls[std::size_t(node.call)].out.data() + of.at + turn;
    return {told[0], told[all]};
  }
  NumberRange together;
  const std::vector<NumberNode> inputs = inputsOf(node);
  for (const NumberNode &input : inputs)
    together.take(rangeOf(input));
  if (!inputs.empty())
    return together;
  if (of.kind == Kind::Field || of.kind == Kind::Setting)
    return known(of.kind, of.what);
  const bool isStack = of.kind == Kind::Variable && !of.members.empty();
  if (of.kind == Kind::Variable || of.kind == Kind::Slice)
    for (const std::string &name : isStack ? of.members : std::vector<std::string>{nameOf(node)})
      together.take(known(Kind::Variable, name));
  return together;
}

std::int64_t NumberGraph::countOf(const NumberNode &node) const {
  const NumberSite &of = site(node);
  return handsElementsOn(of) ? countOf(operandOf(node, of.operands[0])) : of.count;
}

std::vector<NumberNode> NumberGraph::inputsOf(const NumberNode &node) const {
  const NumberSite &of = site(node);
  std::vector<NumberNode> inputs;
  // A value of the body of the loop at this depth, in a turn of it; or one that all turns share.
  auto inTurn = [&](int number, std::size_t depth, std::int64_t turn) {
    NumberNode input = operandOf(node, number);
    if (site(input).loops.size() > depth) {
      input.turns.resize(depth);
      input.turns.push_back(turn);
    }
    return input;
  };
  switch (of.kind) {
  case Kind::Operation:
    for (int operand : of.operands)
      inputs.push_back(operandOf(node, operand));
    break;
  case Kind::Slice: {
    const NumberNode stack = operandOf(node, of.operands[0]);
    if (site(stack).kind == Kind::Emitted)
      inputs.push_back(inTurn(site(stack).operands[0], stack.turns.size(), node.turns.back()));
    else if (of.members.empty()) // else it is a variable by itself
      inputs.push_back(stack);
    break;
  }
  case Kind::Carried: {
    const NumberLoop &over = loop(node, of.loops.size() - 1);
    const std::int64_t turn = node.turns.back();
    if (turn == (over.reversed ? over.turns - 1 : 0))
      inputs.push_back(operandOf(node, of.operands[0]));
    else if (of.operands.size() > 1 && of.operands[1] >= 0)
      inputs.push_back(inTurn(of.operands[1], of.loops.size() - 1, over.reversed ? turn + 1 : turn - 1));
    break;
  }
  case Kind::End:
  case Kind::Emitted: {
    const std::size_t depth = of.loops.size();
    const NumberNode inside{node.call, of.operands[0], {}};
    const bool isOfTurns = site(inside).loops.size() > depth; // else all yield the same
    const NumberLoop over = isOfTurns ? loop(inside, depth) : NumberLoop();
    const std::int64_t last = over.reversed ? 0 : over.turns - 1;
    for (std::int64_t turn = of.kind == Kind::End ? last : 0; turn < (of.kind == Kind::End ? last + 1 : over.turns);
         ++turn)
      inputs.push_back(inTurn(of.operands[0], depth, turn));
    break;
  }
  case Kind::Variable: // what an earlier part of the step has left there
    for (int call = node.call - 1; call >= 0 && inputs.empty(); --call)
      for (const NumberSites::Outcome &set : calls[std::size_t(call)].sites->variables)
        if (set.entry == calls[std::size_t(call)].entry && set.name == of.what)
          inputs.push_back({call, set.site, {}});
    break;
  case Kind::Combined:
    for (int call = 0; call < node.call; ++call)
      for (const NumberSites::Partial &partial : calls[std::size_t(call)].sites->partials)
        if (partial.at == of.combined)
          inputs.push_back({call, partial.site, {}});
    break;
  case Kind::Constant:
  case Kind::Field:
  case Kind::Setting: break;
  }
  return inputs;
}

NumberNode NumberGraph::makerOf(NumberNode node) const {
  for (;;) {
    const NumberSite &of = site(node);
    const bool handsOn = of.kind == Kind::Slice || of.kind == Kind::Carried || of.kind == Kind::End ||
                         of.kind == Kind::Emitted || of.kind == Kind::Variable || handsElementsOn(of);
    const std::vector<NumberNode> inputs = handsOn ? inputsOf(node) : std::vector<NumberNode>();
    if (inputs.empty())
      return node;
    node = inputs.front();
  }
}

std::vector<std::int64_t> NumberGraph::placeOf(const NumberNode &node) const {
  const NumberSite &of = site(node);
  std::vector<std::int64_t> place{node.call};
  for (std::size_t depth = 0; depth < of.positions.size(); ++depth) {
    place.push_back(of.positions[depth]);
    if (depth < node.turns.size()) {
      const NumberLoop &over = loop(node, depth);
      place.push_back(over.reversed ? over.turns - 1 - node.turns[depth] : node.turns[depth]);
    }
  }
  return place;
}

std::vector<NumberGraph::Outcome> NumberGraph::badOutcomes() const {
  std::vector<Outcome> losses, variables, norms;
  for (int call = 0; call < int(calls.size()); ++call) {
    auto take = [&](const std::vector<NumberSites::Outcome> &outcomes, bool isLoss, std::vector<Outcome> &bad) {
      for (const NumberSites::Outcome &outcome : outcomes)
        if (NumberNode node{call, outcome.site, {}};
            outcome.entry == calls[std::size_t(call)].entry && !rangeOf(node).isFinite())
          bad.push_back({outcome.name, isLoss, node});
    };
    take(calls[std::size_t(call)].sites->losses, true, losses);
    take(calls[std::size_t(call)].sites->variables, false, variables);
    take(calls[std::size_t(call)].sites->norms, true, norms);
  }
  return !losses.empty() ? losses : !variables.empty() ? variables : norms;
}

/// Which of its inputs a value that is not finite is blamed on.
std::vector<NumberNode> NumberGraph::blamedFor(const NumberNode &node) const {
  std::vector<NumberNode> nan, infinite;
  for (const NumberNode &input : inputsOf(node))
    if (const NumberRange range = rangeOf(input); range.hasNan())
      nan.push_back(input);
    else if (!range.isFinite())
      infinite.push_back(input);
  if (rangeOf(node).hasNan() && !nan.empty())
    return nan;
  nan.insert(nan.end(), infinite.begin(), infinite.end());
  return nan;
}

/// May it be infinite?
bool NumberGraph::isMeant(const NumberNode &node) const {
  const NumberSite &of = site(node);
  return of.kind == Kind::Constant || (of.isState && !rangeOf(node).hasNan());
}

std::optional<NumberNode> NumberGraph::findFirst(const std::vector<Outcome> &outcomes) const {
  std::map<NumberNode, std::vector<NumberNode>> blamed, blaming;
  std::vector<NumberNode> left;
  for (const Outcome &outcome : outcomes)
    left.push_back(outcome.node);
  while (!left.empty()) {
    const NumberNode node = std::move(left.back());
    left.pop_back();
    if (blamed.contains(node))
      continue;
    std::vector<NumberNode> inputs = blamedFor(node);
    for (const NumberNode &input : inputs)
      blaming[input].push_back(node);
    left.insert(left.end(), inputs.begin(), inputs.end());
    blamed.emplace(node, std::move(inputs));
  }
  std::vector<NumberNode> firsts;
  for (const auto &[node, inputs] : blamed)
    if (inputs.empty() && !isMeant(node))
      firsts.push_back(node);
  std::set<NumberNode> explained;
  left = firsts;
  while (!left.empty()) {
    const NumberNode node = std::move(left.back());
    left.pop_back();
    if (explained.insert(node).second)
      left.insert(left.end(), blaming[node].begin(), blaming[node].end());
  }
  // What makes a nan of infinities that are meant.
  for (const auto &[node, inputs] : blamed)
    if (!inputs.empty() && !explained.contains(node) && rangeOf(node).hasNan() &&
        std::none_of(inputs.begin(), inputs.end(), [&](const NumberNode &input) { return rangeOf(input).hasNan(); }))
      firsts.push_back(node);
  auto before = [&](const NumberNode &a, const NumberNode &b) { return isBefore(a, b); };
  const auto first = std::min_element(firsts.begin(), firsts.end(), before);
  return first == firsts.end() ? std::nullopt : std::optional(*first);
}

std::vector<NumberNode> NumberGraph::closureOf(const NumberNode &node) const {
  std::set<NumberNode> found;
  std::vector<NumberNode> left{node};
  while (!left.empty()) {
    const NumberNode next = std::move(left.back());
    left.pop_back();
    if (!found.insert(next).second)
      continue;
    std::vector<NumberNode> inputs = inputsOf(next);
    left.insert(left.end(), inputs.begin(), inputs.end());
  }
  return {found.begin(), found.end()};
}
