// Chooses what to compute again.
//
// A value is *cut* at a place where it is alive but not read: ops after the cut read a copy of it, computed just before the
// first of them, from values that are alive there or, in turn, copies. Where values of a chain are all cut, the first reader's
// copy brings those of the whole chain: what lies between values that are kept becomes a segment in the sense of Chen et al.,
// "Training Deep Nets with Sublinear Memory Cost", 2016. Cuts are added one by one at the moment where most is alive; the next
// is the one that frees most beyond the limit for its cost, by the true effect on the whole program. Last, cuts that
// turned out to be superfluous are taken back.
#include "RematerializationPlan.h"

#include "llvm/ADT/STLExtras.h"

using namespace llvm;

namespace talweg::remat {

using buffers::Input;
using buffers::Instance;
using buffers::Op;
using buffers::Value;

/// Values this much smaller than what is wanted are kept rather than computed again.
constexpr std::int64_t keptFraction = 8;

namespace {

class Scheduler {
public:
  Scheduler(const Program &program, const Cuts &cuts)
      : program(program), cuts(cuts), schedule(Schedule::of(program)), current(schedule.valueOf) {
    lastRead.assign(program.values.size(), -1);
    for (auto [at, op] : enumerate(program.ops)) {
      for (const Input &input : op.inputs)
        if (!isCut(input.value, at))
          lastRead[input.value] = at;
      for (int variable : op.overwrites)
        overwrittenAt[variable] = at;
    }
  }

  Schedule run() {
    std::vector<Instance> plain = std::exchange(schedule.instances, {});
    for (Instance &instance : plain) {
      for (int &input : instance.inputs)
        if (isCut(input, instance.op))
          input = copyOf(input, instance.op);
      schedule.instances.push_back(std::move(instance));
      if (!schedule.legal)
        break;
    }
    return std::move(schedule);
  }

private:
  const Program &program;
  const Cuts &cuts;
  Schedule schedule;
  std::vector<int> current;  ///< the instance of each value to read
  std::vector<int> lastRead; ///< the last op that reads the value itself
  std::map<int, int> copies; ///< op → index of its copy in the schedule
  std::map<int, unsigned> overwrittenAt;

  bool isCut(int value, unsigned at) const {
    auto cut = cuts.find(value);
    return cut != cuts.end() && at >= cut->second;
  }

  int newInstance(int value) {
    schedule.valueOf.push_back(value);
    return int(schedule.valueOf.size()) - 1;
  }

  /// The instance of `value` to read in a copy made just before op `at`, wanted for something of `bytes`.
  int availableAt(int value, unsigned at, std::int64_t bytes) {
    const Value &facts = program.values[value];
    if (facts.memory >= 0) {
      auto overwritten = overwrittenAt.find(facts.memory);
      if (overwritten != overwrittenAt.end() && overwritten->second < at)
        schedule.legal = false;
      return value;
    }
    bool repeatable = facts.producer >= 0 && program.ops[facts.producer].repeatable && !facts.pinned;
    if (facts.bytes == 0 || !repeatable)
      return value;
    if (isCut(value, at))
      return copyOf(value, at);
    if (lastRead[value] >= int(at) || facts.bytes * keptFraction <= bytes)
      return value;
    return copyOf(value, at);
  }

  /// A copy of `value` for op `at` and those behind it.
  int copyOf(int value, unsigned at) {
    if (current[value] != value || !schedule.legal)
      return current[value];
    int producer = program.values[value].producer;
    const Op &op = program.ops[producer];
    unsigned number = 0;
    while (op.results[number].value != value)
      ++number;
    int result = current[value] = newInstance(value);
    if (auto known = copies.find(producer); known != copies.end()) {
      // A second result that needs further inputs is a copy of its own: the first may stand too early for them.
      Instance &copy = schedule.instances[known->second];
      if (all_of(op.results[number].needs, [&](unsigned need) { return copy.inputs[need] >= 0; })) {
        copy.results[number] = result;
        return result;
      }
    }
    Instance instance;
    instance.op = producer;
    instance.copy = schedule.copies = true;
    instance.inputs.assign(op.inputs.size(), -1);
    instance.results.assign(op.results.size(), -1);
    instance.results[number] = result;
    for (unsigned need : op.results[number].needs)
      instance.inputs[need] = availableAt(op.inputs[need].value, at, program.values[value].bytes);
    copies[producer] = int(schedule.instances.size());
    schedule.instances.push_back(std::move(instance));
    return result;
  }
};

} // namespace

Schedule scheduleOf(const Program &program, const Cuts &cuts) {
  Schedule schedule = Scheduler(program, cuts).run();
  place(program, schedule);
  return schedule;
}

//===-- the search -------------------------------------------------------------------------------------------------===//

namespace {

/// Bytes above the limit, summed over the ops.
double excess(const Schedule &schedule, std::int64_t limit) {
  double sum = 0;
  for (std::int64_t live : schedule.live)
    sum += double(std::max<std::int64_t>(0, live - limit));
  return sum;
}

class Search {
public:
  Search(const Program &program, std::int64_t limit) : program(program), limit(limit), readers(program.values.size()) {
    for (auto [at, op] : enumerate(program.ops))
      for (const Input &input : op.inputs)
        readers[input.value].push_back(at);
  }

  /// Adds cuts until the program fits or none helps.
  Cuts run() {
    best = scheduleOf(program, cuts);
    while (best.peak > limit && addCut()) {
    }
    if (best.peak <= limit)
      takeBack();
    return cuts;
  }
  std::int64_t peak() const { return best.peak; }

private:
  const Program &program;
  const std::int64_t limit;
  std::vector<SmallVector<unsigned>> readers; ///< of each value: ops
  Cuts cuts;
  Schedule best;

  /// The op of the program before which, or at which, most is alive.
  unsigned crowdedOp() const {
    unsigned at = std::distance(best.live.begin(), max_element(best.live));
    while (best.instances[at].copy)
      ++at;
    return best.instances[at].op;
  }

  /// Where to cut `value` so that it is not alive at op `at`, or nothing.
  std::optional<unsigned> cutAround(int value, unsigned at) const {
    const Value &facts = program.values[value];
    if (facts.bytes == 0 || facts.pinned || facts.producer < 0 || facts.producer >= int(at) || cuts.count(value) ||
        !program.ops[facts.producer].repeatable)
      return std::nullopt;
    unsigned last = facts.producer;
    for (unsigned reader : readers[value]) {
      const buffers::Op &op = program.ops[reader];
      bool inRegisters = op.joins >= 0 && op.inputs[op.joins].value == value;
      if (reader == at && !inRegisters)
        return std::nullopt;
      if (reader <= at)
        last = reader;
    }
    return last + 1;
  }

  bool addCut() {
    unsigned at = crowdedOp();
    double now = excess(best, limit), bestGain = 0;
    std::optional<std::pair<int, unsigned>> chosen;
    Schedule chosenSchedule;
    auto attempt = [&](int value, unsigned cut) {
      Cuts tried = cuts;
      tried[value] = cut;
      Schedule schedule = scheduleOf(program, tried);
      if (!schedule.legal)
        return;
      double freed = now - excess(schedule, limit), price = std::max(schedule.cost - best.cost, 1.0);
      if (freed <= 0 || freed / price <= bestGain)
        return;
      bestGain = freed / price;
      chosen = {value, cut};
      chosenSchedule = std::move(schedule);
    };
    // What runs together is crowded together.
    for (unsigned op = 0; op <= at; ++op)
      if (op == at || program.ops[op].runsWith == int(at))
        for (int value = 0; value < int(program.values.size()); ++value)
          if (std::optional<unsigned> cut = cutAround(value, op);
              cut && program.values[value].bytes * 1000 >= best.peak - limit)
            attempt(value, *cut);
    if (!chosen)
      return false;
    cuts[chosen->first] = chosen->second;
    best = std::move(chosenSchedule);
    return true;
  }

  void takeBack() {
    for (auto [value, cut] : Cuts(cuts)) {
      Cuts tried = cuts;
      tried.erase(value);
      Schedule schedule = scheduleOf(program, tried);
      if (!schedule.legal || schedule.peak > limit || schedule.cost > best.cost)
        continue;
      cuts = std::move(tried);
      best = std::move(schedule);
    }
  }
};

} // namespace

Cuts chooseCuts(const Program &program, std::int64_t limit) {
  Search search(program, limit);
  Cuts cuts = search.run();
  if (search.peak() <= limit)
    return cuts;
  // The least that the search can reach, whatever the limit was.
  Cuts least;
  std::int64_t reached = scheduleOf(program, {}).peak, low = 0, high = reached;
  for (int step = 0; step < 10 && high - low > high / 128; ++step) {
    std::int64_t middle = low + (high - low) / 2;
    Search trial(program, middle);
    Cuts tried = trial.run();
    if (trial.peak() < reached) {
      reached = trial.peak();
      least = std::move(tried);
      high = std::min(high, reached);
    }
    if (trial.peak() > middle)
      low = middle;
  }
  return least;
}

} // namespace talweg::remat
