// Follows memory through an order of ops: what dies where, and what may take its place.
#include "BufferPlan.h"

#include "mlir/IR/Operation.h"

#include "llvm/ADT/STLExtras.h"

using namespace llvm;

namespace talweg::buffers {

Schedule Schedule::of(const Program &program) {
  Schedule schedule;
  for (unsigned value = 0; value < program.values.size(); ++value)
    schedule.valueOf.push_back(value);
  for (auto [at, op] : enumerate(program.ops)) {
    Instance &instance = schedule.instances.emplace_back();
    instance.op = at;
    for (const Input &input : op.inputs)
      instance.inputs.push_back(input.value);
    for (const Result &result : op.results)
      instance.results.push_back(result.value);
  }
  return schedule;
}

namespace {

/// Marks what is dead, then gives places.
class Placement {
public:
  Placement(const Program &program, Schedule &schedule)
      : program(program), schedule(schedule), holder(schedule.holder), first(schedule.valueOf.size(), -1),
        last(schedule.valueOf.size(), -1), reads(schedule.valueOf.size(), 0) {
    holder.assign(schedule.valueOf.size(), -1);
    schedule.variable.assign(schedule.valueOf.size(), -1);
  }

  void run() {
    findReads();
    if (schedule.copies)
      inlineSingleReaders();
    joinProducts();
    findPlaces();
    for (unsigned value = 0; value < last.size(); ++value)
      if (int memory = factsOf(value).memory; memory >= 0) {
        store(value, memory);
        if (int producer = factsOf(value).producer; producer >= 0)
          first[value] = standsAt[producer];
      }
    giveToLiterals();
    for (unsigned at = 0; at < schedule.instances.size(); ++at)
      if (!schedule.instances[at].dead)
        placeResults(at);
    sum();
  }

private:
  const Program &program;
  Schedule &schedule;
  std::vector<int> &holder;
  std::vector<int> first, last, reads; ///< of value instances; of a holder, of all that it holds
  std::vector<int> standsAt;           ///< of ops: their instance
  int lastLeave = -1;                  ///< the instance in front of which no variable is written; -1: there is none
  std::vector<int> runsAt;             ///< of instances that join another: where they run; -1: where they stand
  DenseSet<int> joined;                ///< values of products that run where they are first read
  std::map<int, SmallVector<int>> storedIn; ///< variable → value instances that its storage holds, or held

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

  void store(int value, int variable) {
    storedIn[variable].push_back(value);
    schedule.variable[value] = variable;
  }

  void findReads() {
    for (int at = int(schedule.instances.size()) - 1; at >= 0; --at) {
      Instance &instance = schedule.instances[at];
      const Op &op = opOf(instance);
      instance.places.assign(op.results.size(), {});
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

  /// A product that is computed where its result is first read moves there; the result takes memory only if it is read again, or added up in
  /// memory.
  void joinProducts() {
    std::vector<int> firstRead(first.size(), -1);
    for (auto [at, instance] : enumerate(schedule.instances))
      if (!instance.dead)
        forEachNeeded(instance, [&](unsigned, int value) {
          if (firstRead[value] < 0)
            firstRead[value] = at;
        });
    runsAt.assign(schedule.instances.size(), -1);
    for (int at = 0; at < int(schedule.instances.size()); ++at) {
      const Instance &instance = schedule.instances[at];
      int joins = opOf(instance).joins, value = joins < 0 || instance.dead ? -1 : instance.inputs[joins];
      if (value < 0 || first[value] < 0 || firstRead[value] != at)
        continue;
      int producer = first[value];
      const Instance &product = schedule.instances[producer];
      runsAt[producer] = at;
      joined.insert(value);
      forEachNeeded(product, [&](unsigned, int factor) { last[factor] = std::max(last[factor], at); });
      first[value] = last[value] > at || opOf(product).inMemory ? at : -2;
    }
  }

  void findPlaces() {
    standsAt.assign(program.ops.size(), 0);
    for (auto [at, instance] : enumerate(schedule.instances)) {
      if (!instance.copy)
        standsAt[instance.op] = at;
      if (opOf(instance).leaves)
        lastLeave = at;
    }
  }

  /// What is no op's result: literals that an op needs in memory.
  void giveToLiterals() {
    for (unsigned value = 0; value < program.values.size(); ++value)
      if (first[value] == -1 && program.values[value].bytes > 0 && last[value] >= 0) {
        int producer = program.values[value].producer;
        holder[value] = value;
        first[value] = producer < 0 ? 0 : standsAt[producer];
      }
  }

  /// True if nothing reads the destination's old values behind `at`, and the op itself only where it writes `result`.
  bool goesToDestination(const Result &result, unsigned number, const Instance &instance, int at) const {
    if (result.destination < 0 || instance.copy || isRewritten(result.destination, instance.results[number], at) ||
        (at < lastLeave && !isLocal(result.destination)))
      return false;
    auto stored = storedIn.find(result.destination);
    if (stored == storedIn.end())
      return true;
    if (any_of(stored->second, [&](int value) { return first[value] < at && last[value] > at; }))
      return false;
    return all_of(zip_equal(opOf(instance).inputs, instance.inputs), [&](auto pair) {
      auto [input, value] = pair;
      return value < 0 || !is_contained(stored->second, value) || is_contained(input.elementwise, number);
    });
  }

  /// True if the memory is of the arena.
  bool isLocal(int memory) const {
    return any_of(program.locals, [&](const Local &each) { return each.variable == memory; });
  }

  /// True if a loop behind `at` writes the memory before `value` is read for the last time.
  bool isRewritten(int memory, int value, int at) const {
    auto local = find_if(program.locals, [&](const Local &each) { return each.variable == memory; });
    return local != program.locals.end() &&
           any_of(local->rewriters, [&](int loop) { return standsAt[loop] > at && last[value] >= standsAt[loop]; });
  }

  void placeResults(int at) {
    Instance &instance = schedule.instances[at];
    const Op &op = opOf(instance);
    for (int variable : op.overwrites)
      saveWhatIsReadAfter(instance, variable, at);
    SmallVector<int> taken, destinations;
    for (auto [number, result] : enumerate(op.results)) {
      int value = instance.results[number];
      if (value < 0 || first[value] < 0 || factsOf(value).bytes == 0 || (op.repeatable && reads[value] == 0))
        continue;
      Place &place = instance.places[number];
      if (!is_contained(destinations, result.destination) && goesToDestination(result, number, instance, at)) {
        place.way = Way::Destination;
        destinations.push_back(result.destination);
        store(value, result.destination);
        continue;
      }
      last[value] = std::max(last[value], at);
      holder[value] = value;
      for (unsigned i : result.overwritable) {
        int input = instance.inputs[i], held = input >= 0 ? holder[input] : -1;
        if (held < 0 || (int(i) == op.joins && joined.contains(input)) || last[held] != at || is_contained(taken, held))
          continue;
        place = {Way::Over, i};
        holder[value] = held;
        last[held] = last[value];
        taken.push_back(held);
        break;
      }
    }
  }

  /// Two variables may exchange their values: what is in the memory that the op is about to overwrite, and is read later, moves out.
  void saveWhatIsReadAfter(Instance &instance, int variable, int at) {
    SmallVector<int> &stored = storedIn[variable];
    for (int value : stored)
      if (first[value] < at && last[value] > at && !is_contained(instance.inputs, value)) {
        instance.saved.push_back(value);
        holder[value] = value;
        schedule.variable[value] = -1;
        first[value] = at;
      }
    erase_if(stored, [&](int value) { return is_contained(instance.saved, value); });
  }

  /// The instance in whose place the code of instance `at` will be.
  int placeOf(int at) const {
    if (at < 0)
      return 0;
    if (runsAt[at] >= 0)
      at = runsAt[at];
    // Nests that run together stand together: a copy between them parts them.
    const Instance &instance = schedule.instances[at];
    int with = instance.copy ? -1 : opOf(instance).runsWith, place = at + with - int(instance.op);
    bool isTogether = with >= 0 && place < int(schedule.instances.size()) && !schedule.instances[place].copy &&
                      int(schedule.instances[place].op) == with;
    return isTogether ? place : at;
  }

  void sum() {
    for (unsigned value = 0; value < first.size(); ++value)
      if (holder[value] == int(value))
        schedule.buffers.push_back({factsOf(value).bytes, placeOf(first[value]), placeOf(last[value])});
    for (const Local &local : program.locals) {
      if (local.first < 0)
        continue;
      ArenaBuffer buffer{local.bytes, placeOf(standsAt[local.first]), placeOf(standsAt[local.last])};
      for (int value : storedIn[local.variable]) {
        if (first[value] >= 0)
          buffer.first = std::min<int64_t>(buffer.first, placeOf(first[value]));
        buffer.last = std::max<int64_t>(buffer.last, placeOf(last[value]));
      }
      schedule.buffers.push_back(buffer);
    }
    for (int at = 0; at < int(schedule.instances.size()); ++at)
      if (!schedule.instances[at].dead)
        for (std::int64_t bytes : opOf(schedule.instances[at]).scratch)
          schedule.buffers.push_back({bytes, placeOf(at), placeOf(at)});
    std::vector<std::int64_t> changes(schedule.instances.size() + 1, 0);
    for (const ArenaBuffer &buffer : schedule.buffers) {
      changes[buffer.first] += buffer.bytes;
      changes[buffer.last + 1] -= buffer.bytes;
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

void place(const Program &program, Schedule &schedule) {
  if (schedule.legal)
    Placement(program, schedule).run();
}

Place BufferPlan::placeOf(mlir::OpResult result) const {
  int op = program.numberOf(result.getOwner());
  return schedule.instances[op].places[result.getResultNumber()];
}

mlir::OpOperand *BufferPlan::operandOf(mlir::OpResult result) const {
  return program.operands[program.numberOf(result.getOwner())][placeOf(result).input];
}

SmallVector<mlir::Value> BufferPlan::savedBefore(mlir::Operation *op) const {
  SmallVector<mlir::Value> saved;
  if (int number = program.numberOf(op); number >= 0)
    for (int value : schedule.instances[number].saved)
      saved.push_back(program.tensors[value]);
  return saved;
}

bool BufferPlan::isStored(mlir::Value tensor) const {
  int value = program.numberOf(tensor);
  return value >= 0 && schedule.variable[value] >= 0;
}

bool BufferPlan::overwrites(mlir::Operation *op, mlir::Value tensor) const {
  int number = program.numberOf(op), value = program.numberOf(tensor);
  return any_of(op->getResults(), [&](mlir::Value result) { return meet(result, tensor); }) ||
         (number >= 0 && value >= 0 && is_contained(program.ops[number].overwrites, schedule.variable[value]));
}

bool BufferPlan::meet(mlir::Value a, mlir::Value b) const {
  int x = program.numberOf(a), y = program.numberOf(b);
  return x >= 0 && y >= 0 && (x == y || memoryOf(x) == memoryOf(y)) && memoryOf(x) != std::pair(-1, -1);
}

} // namespace talweg::buffers
