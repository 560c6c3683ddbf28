// Chooses what to compute again.
//
// A value is *cut* at a place where it is alive but not read: ops after the cut read a copy of it, computed just before the
// first of them, from values that are alive there or, in turn, copies. Where values of a chain are all cut, the first reader's
// copy brings those of the whole chain: what lies between values that are kept becomes a segment in the sense of Chen et al.,
// "Training Deep Nets with Sublinear Memory Cost", 2016. Cuts are added one by one at the moment where most is alive; the next
// is the one that frees most beyond the limit for its cost, by the true effect on the whole program. Last, cuts that
// turned out to be superfluous are taken back.
#include "RematerializationPlan.h"

#include "ArenaLayout.h"

#include "llvm/ADT/STLExtras.h"

using namespace llvm;

namespace talweg::remat {

/// Values this much smaller than what is wanted are kept rather than computed again.
constexpr std::int64_t keptFraction = 8;

namespace {

class Scheduler {
public:
  Scheduler(const Program &program, const Cuts &cuts) : program(program), cuts(cuts), current(program.values.size()) {
    for (unsigned v = 0; v < program.values.size(); ++v)
      current[v] = newInstance(v);
    lastRead.assign(program.values.size(), -1);
    for (auto [at, op] : enumerate(program.ops)) {
      for (const Input &input : op.inputs)
        if (!isCut(input.value, at))
          lastRead[input.value] = at;
      if (op.overwrites >= 0)
        overwrittenAt[op.overwrites] = at;
    }
  }

  Schedule run() {
    for (unsigned at = 0; at < program.ops.size() && schedule.legal; ++at) {
      Instance instance;
      instance.op = at;
      for (const Input &input : program.ops[at].inputs)
        instance.inputs.push_back(isCut(input.value, at) ? copyOf(input.value, at) : input.value);
      for (const Result &result : program.ops[at].results)
        instance.results.push_back(result.value);
      schedule.instances.push_back(std::move(instance));
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
    auto known = copies.find(producer);
    Instance instance;
    if (known == copies.end()) {
      instance.op = producer;
      instance.copy = true;
      instance.inputs.assign(op.inputs.size(), -1);
      instance.results.assign(op.results.size(), -1);
    } else {
      instance = schedule.instances[known->second];
    }
    int result = newInstance(value);
    instance.results[number] = result;
    current[value] = result;
    std::int64_t bytes = program.values[value].bytes;
    bool complete = true;
    for (unsigned need : op.results[number].needs)
      complete &= instance.inputs[need] >= 0;
    if (known != copies.end() && complete) {
      schedule.instances[known->second] = std::move(instance);
      return result;
    }
    // A second result that needs further inputs is a copy of its own: the first may stand too early for them.
    if (known != copies.end()) {
      instance.inputs.assign(op.inputs.size(), -1);
      instance.results.assign(op.results.size(), -1);
      instance.results[number] = result;
    }
    for (unsigned need : op.results[number].needs)
      instance.inputs[need] = availableAt(op.inputs[need].value, at, bytes);
    copies[producer] = int(schedule.instances.size());
    schedule.instances.push_back(std::move(instance));
    return result;
  }
};

/// Finds out what a schedule takes: marks what is dead, then follows memory as bufferization will give it.
class Measure {
public:
  Measure(const Program &program, Schedule &schedule)
      : program(program), schedule(schedule), first(schedule.valueOf.size(), -1), last(schedule.valueOf.size(), -1),
        reads(schedule.valueOf.size(), 0), holder(schedule.valueOf.size(), -1) {}

  void run() {
    findReads();
    inlineSingleReaders();
    findReadsOfVariables();
    place();
    sum();
  }

private:
  const Program &program;
  Schedule &schedule;
  std::vector<int> first, last, reads;
  std::vector<int> holder;       ///< value instance → the value instance whose memory holds it; -1: none in the arena
  std::map<int, int> lastReadOf; ///< variable → the last instance that reads its storage

  const Op &opOf(const Instance &instance) const { return program.ops[instance.op]; }
  const Value &factsOf(int value) const { return program.values[schedule.valueOf[value]]; }

  template <typename Action>
  void forEachNeeded(const Instance &instance, Action action) {
    const Op &op = opOf(instance);
    SmallVector<bool> needed(op.inputs.size(), op.results.empty() || !op.repeatable);
    for (auto [result, value] : zip_equal(op.results, instance.results))
      if (value >= 0 && reads[value] > 0)
        for (unsigned need : result.needs)
          needed[need] = true;
    for (unsigned i = 0; i < op.inputs.size(); ++i)
      if (needed[i])
        action(i, instance.inputs[i]);
  }

  void findReads() {
    for (int at = int(schedule.instances.size()) - 1; at >= 0; --at) {
      Instance &instance = schedule.instances[at];
      const Op &op = opOf(instance);
      instance.dead = op.repeatable && !op.results.empty() &&
                      all_of(instance.results, [&](int value) { return value < 0 || reads[value] == 0; });
      for (int value : instance.results)
        if (value >= 0)
          first[value] = at;
      if (instance.dead) {
        if (!instance.copy)
          schedule.cost -= op.cost;
        continue;
      }
      if (instance.copy)
        schedule.cost += op.cost;
      forEachNeeded(instance, [&](unsigned, int value) {
        ++reads[value];
        last[value] = std::max(last[value], at);
      });
    }
  }

  /// A value with one reader that can compute it on the way needs no memory; what it is computed from lives until then.
  void inlineSingleReaders() {
    for (int at = int(schedule.instances.size()) - 1; at >= 0; --at) {
      const Instance &instance = schedule.instances[at];
      if (instance.dead)
        continue;
      forEachNeeded(instance, [&](unsigned i, int value) {
        int producer = first[value];
        if (!opOf(instance).inputs[i].inlinable || reads[value] != 1 || producer < 0)
          return;
        const Instance &source = schedule.instances[producer];
        if (!opOf(source).inlinable || count_if(source.results, [&](int v) { return v >= 0 && reads[v] > 0; }) != 1)
          return;
        first[value] = last[value] = -2;
        forEachNeeded(source, [&](unsigned, int inner) { last[inner] = std::max(last[inner], at); });
      });
    }
  }

  void findReadsOfVariables() {
    for (unsigned value = 0; value < last.size(); ++value)
      if (int memory = factsOf(value).memory; memory >= 0 && last[value] >= 0) {
        auto [entry, fresh] = lastReadOf.insert({memory, last[value]});
        entry->second = std::max(entry->second, last[value]);
      }
  }

  bool goesToDestination(const Result &result, const Instance &instance, int at) const {
    if (result.destination < 0 || instance.copy)
      return false;
    auto read = lastReadOf.find(result.destination);
    if (read == lastReadOf.end() || read->second < at)
      return true;
    if (read->second > at)
      return false;
    const Op &op = opOf(instance);
    return all_of(zip_equal(op.inputs, instance.inputs), [&](auto pair) {
      auto [input, value] = pair;
      return value < 0 || factsOf(value).memory != result.destination || input.elementwise;
    });
  }

  /// Gives values their holders in the order of the schedule; a holder's life grows with what it holds.
  void place() {
    // What is no op's result: arrays that a loop fills, literals that an op needs in memory.
    SmallVector<int> placeOf(program.ops.size(), 0);
    for (auto [at, instance] : enumerate(schedule.instances))
      if (!instance.copy)
        placeOf[instance.op] = at;
    for (unsigned value = 0; value < program.values.size(); ++value)
      if (first[value] == -1 && program.values[value].bytes > 0 && last[value] >= 0) {
        int producer = program.values[value].producer;
        holder[value] = value;
        first[value] = producer < 0 ? 0 : placeOf[producer];
      }
    for (auto [at, instance] : enumerate(schedule.instances)) {
      if (instance.dead)
        continue;
      SmallVector<int> taken;
      for (auto [result, value] : zip_equal(opOf(instance).results, instance.results)) {
        if (value < 0 || first[value] < 0 || factsOf(value).bytes == 0 || goesToDestination(result, instance, at))
          continue;
        if (opOf(instance).repeatable && reads[value] == 0)
          continue;
        last[value] = std::max(last[value], int(at));
        holder[value] = value;
        for (unsigned i : result.overwritable) {
          int input = instance.inputs[i];
          int held = input >= 0 ? holder[input] : -1;
          if (held < 0 || last[held] != int(at) || is_contained(taken, held))
            continue;
          holder[value] = held;
          last[held] = last[value];
          taken.push_back(held);
          break;
        }
      }
    }
  }

  void sum() {
    std::vector<std::int64_t> changes(schedule.instances.size() + 1, 0);
    for (unsigned value = 0; value < first.size(); ++value)
      if (holder[value] == int(value)) {
        changes[first[value]] += factsOf(value).bytes;
        changes[last[value] + 1] -= factsOf(value).bytes;
      }
    std::int64_t live = 0;
    for (std::int64_t change : changes) {
      schedule.live.push_back(live += change);
      schedule.peak = std::max(schedule.peak, live);
    }
    schedule.live.pop_back();
  }
};

} // namespace

Schedule scheduleOf(const Program &program, const Cuts &cuts) {
  Schedule schedule = Scheduler(program, cuts).run();
  if (schedule.legal)
    Measure(program, schedule).run();
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
      if (reader == at)
        return std::nullopt;
      if (reader < at)
        last = reader;
    }
    return last + 1;
  }

  bool addCut() {
    unsigned at = crowdedOp();
    double now = excess(best, limit), bestGain = 0;
    std::optional<std::pair<int, unsigned>> chosen;
    Schedule chosenSchedule;
    for (int value = 0; value < int(program.values.size()); ++value) {
      std::optional<unsigned> cut = cutAround(value, at);
      if (!cut || program.values[value].bytes * 1000 < best.peak - limit)
        continue;
      Cuts tried = cuts;
      tried[value] = *cut;
      Schedule schedule = scheduleOf(program, tried);
      if (!schedule.legal)
        continue;
      double freed = now - excess(schedule, limit), price = std::max(schedule.cost - best.cost, 1.0);
      if (freed <= 0 || freed / price <= bestGain)
        continue;
      bestGain = freed / price;
      chosen = {value, *cut};
      chosenSchedule = std::move(schedule);
    }
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
