// What a Session holds: storage, native code for each mode and batch size, the place in the run.
#ifndef TALWEG_ENGINE_SESSIONIMPL_H
#define TALWEG_ENGINE_SESSIONIMPL_H

#include "Combiner.h"
#include "DatasetImpl.h"
#include "MomentFolder.h"
#include "MomentState.h"
#include "ProgramImpl.h"

#include "talweg/Runtime/Abi.h"

#include <atomic>
#include <future>
#include <map>

namespace talweg {

/// What a native call has done.
struct NativeCall {
  std::int64_t steps = 0;     ///< batches that are done
  std::optional<Error> error; ///< why the next one is not; it has changed nothing
  bool notFinite = false;     ///< because a loss or a norm is not finite; losses are told in `out`
};

/// Of what is done in parts: where it stands, and what has been combined so far.
struct Combined {
  std::int64_t rows = 0;   ///< of the split, or of the step
  std::int64_t before = 0; ///< of a step: rows that have been added
  std::vector<double> values =
      {};                ///< what finished passes have made of all rows, in the order of the manifest's sums; rankings
  std::int64_t pass = 0; ///< which of the passes over the rows; behind the last, the finish
  static constexpr std::int64_t kTell = -1; ///< none: what has been combined of several steps is told
};

/// A step that has begun.
struct OpenStep {
  Combined combined;
  Combiner combiner;
  const NativeUnit *unit = nullptr; ///< of the greatest batch that was added
  std::optional<Dataset> data = {}; ///< where the last rows are
  std::vector<std::vector<std::byte>> states =
      {}; ///< and what is carried: as they were before, in the order of the variables
};

/// What training changes besides the variables.
struct Circumstances : Place {
  std::vector<double> hypers; ///< present values, in the manifest's order
  std::optional<Dataset> training;
  std::int64_t loadedRows = 0; ///< of the data that a loaded place belongs to, until data is set; else 0
  std::string loadedData;      ///< its digest
};

/// All that training changes, which is what a moment holds.
struct Standing : Circumstances {
  data::Buffer persistent; ///< the variables

  /// A variable's elements, of its stored type, in row-major order. Both live longer.
  Pieces piecesOf(const Variable &variable) const;
};

struct Snapshot::Impl : Standing {};

/// That to go back to where a number is not finite: what was in front of a step that has found its own to be finite.
struct GoodMoment : Standing {
  bool isThere = false; ///< else its variables are room for it
};

/// What rows carry, variable by variable.
using CarriedRows = std::vector<std::vector<std::byte>>;

struct Session::Impl : Standing {
  explicit Impl(Program program) : program(std::move(program)) {}
  ~Impl();

  Program program;
  SessionOptions options;
  int threads = 1;
  Facts facts; ///< of the first unit compiled
  data::Buffer arena;
  double compileSeconds = 0; ///< how long calls have waited for compilation
  std::atomic<bool> stop = false;
  int callsUnderWay = 0;

  CarriedRows firstCarried;     ///< what the first rows are given
  CarriedRows predictedCarried; ///< what the last prediction has left
  std::vector<std::int32_t> order;
  std::int64_t orderEpoch = -1; ///< which epoch `order` is for
  std::optional<OpenStep> openStep;
  GoodMoment good;
  Beginning beginning;
  std::optional<FolderLock> claimed; ///< of the folder `claimedFolder`
  std::string claimedFolder;
  std::optional<Error> notFinite; ///< why the last call of `train` returned Stopped::NotFinite
  bool staysAtNan =
      false; ///< whatever the plan's OnNan: `train` stands in front of a step that is not finite, and keeps no moment

  /// The native code for a mode and batch size, compiled now if it is not there. Valid as long as the session.
  Result<const NativeUnit *> unit(Mode mode, std::int64_t batch);
  /// Starts compiling it on another thread, unless it is there or under way.
  void prepareUnit(Mode mode, std::int64_t batch);
  /// What is wrong with the program for batches of so many rows, if anything is and nothing of it is known already.
  Result<void> check(Mode mode, std::int64_t batch) const;
  /// Checks that a unit's layout is that of the session, and grows its memory to what the unit needs.
  Result<void> fit(const NativeUnit &unit, Mode mode);
  /// Takes a compiled unit in: its layout must be that of the session.
  Result<const NativeUnit *> adopt(Mode mode, NativeUnit unit);

  /// An error, E0852, if a mode's steps read a field of which the data has no values.
  Result<void> checkFields(Mode mode, const Dataset &data) const;

  /// One native call: `steps` batches from `first` in `order`; in mode eval of a pass, or the finish. `keepsGood`: what is in front of its first
  /// step becomes the moment to go back to, unless that step has a fault.
  NativeCall run(Mode mode, const NativeUnit &unit, const Dataset &data, const std::vector<std::int32_t> &order,
                 std::int64_t first, std::int64_t steps, void *out, const Combined *combined = nullptr,
                 bool keepsGood = false);
  CarriedRows carried() const;
  void setCarried(const CarriedRows &rows);
  /// Whether rows of a batch hand something on to those of the next. They are then read side by side (sideBySide).
  bool carries() const { return !firstCarried.empty(); }
  /// The order of the rows of training in the present epoch, or of so many in evaluation.
  std::vector<std::int32_t> epochOrder() const;
  std::vector<std::int32_t> evaluationOrder(std::int64_t rows) const;
  /// Begins a step in parts.
  void openStepOf(std::int64_t rows);
  /// Adds `count` rows, from `first` in `order`, to the step that has begun.
  Result<void> addRows(const Dataset &data, const std::vector<std::int32_t> &order, std::int64_t first,
                       std::int64_t count);
  /// `trains`: a good moment is kept where it is due, and of a step that is skipped there is a record. `notFinite`: whether something is not.
  Result<StepRecord> finishStep(bool trains, bool &notFinite);
  Result<const NativeUnit *> finishingUnit();
  /// An error, E0854, if a step has begun: what it has changed so far belongs to no moment.
  Result<void> checkNoStep() const;
  /// Ends the step that has begun, if there is one, as if it had not.
  void abandonStep();
  /// Makes variables in `memory` those in front of the step that has begun, whose finish has not.
  void takeBackParts(std::byte *memory) const;
  /// A new epoch begins, of other data than before.
  void beginData();
  /// Session::initFrom.
  Result<InitReport> initFrom(const Beginning &from);
  /// Gives what moments do not hold the values that it had where this one was saved.
  Result<void> beginAs(const MomentState &state, const std::string &path);
  Result<void> copyTo(Standing &moment) const;
  Result<Snapshot> snapshot() const;
  void goBackTo(const Standing &moment);
  /// A moment to go back to is taken at multiples of this; 0: none is. It depends on the program and the step alone, as results do.
  std::int64_t goodMomentSteps() const;
  bool isGoodMomentDue() const;
  /// Whether a step counts in which something is not finite.
  bool skipsNotFinite() const;
  /// Goes back where a number was not finite: to stay there, or to go on with a lower rate, which is told.
  std::optional<Rollback> goBack();
  /// Writes every variable's initial value and goes back to step 0.
  Result<void> initialize(std::uint64_t seed);

  /// The place of a hyper-parameter in `hypers`; E0851: there is none of this name.
  Result<std::size_t> hyper(const std::string &name) const;
  /// As every unit has them.
  const std::vector<Variable> &variables() const { return facts.manifest.variables; }
  /// Whether moments hold it (PlanFacts::saved).
  bool isSaved(const Variable &variable) const;
  Result<const Variable *> find(const std::string &name) const;
  /// The slot with the lower halves of a parameter of bf16, or of its average; null: it is no such variable, or not learnt.
  const Variable *lowHalfOf(const Variable &variable) const;

  /// A variable's elements, of its stored type, in row-major order.
  std::vector<std::byte> bytesOf(const Variable &variable) const;
  void setBytes(const Variable &variable, const std::byte *bytes);
  /// Those that `next` gives, so many at a time.
  Result<void> setBytes(const Variable &variable, const std::function<Result<void>(char *to, std::size_t count)> &next);

  std::int64_t batch() const { return program.plan().batch; }
  /// Rows of a step.
  std::int64_t stepRows() const { return batch() * program.plan().accumulate; }
  std::int64_t stepsPerEpoch() const;
  std::int64_t totalSteps() const { return totalSteps(firstStep, stepsPerEpoch()); }
  /// What schedules take for the end of the plan.
  std::int64_t scheduleEnd() const { return lastStep.value_or(totalSteps()); }
  /// The plan's last step for data that was set after `first` steps.
  std::int64_t totalSteps(std::int64_t first, std::int64_t perEpoch) const;

  /// Lives during a call that a request to stop ends: the request has then been met, also where the call came to its own end. A
  /// call from inside another, as from a callback of `train`, leaves it to that.
  struct StopOnce {
    explicit StopOnce(Impl &session) : session(session) { ++session.callsUnderWay; }
    ~StopOnce() {
      if (--session.callsUnderWay == 0)
        session.stop.store(false, std::memory_order_relaxed);
    }
    Impl &session;
  };

private:
  using Key = std::pair<Mode, std::int64_t>;
  std::map<Key, std::unique_ptr<NativeUnit>> units;
  std::map<Key, std::future<Result<NativeUnit>>> underWay;
};

/// While it lives, rows carry something else than those of training.
class RowsApart {
public:
  explicit RowsApart(Session::Impl &session) : session(session), ofTraining(session.carried()) {}
  RowsApart(const RowsApart &) = delete;
  ~RowsApart() { session.setCarried(ofTraining); }

private:
  Session::Impl &session;
  CarriedRows ofTraining;
};

/// How many steps the next native call takes, so that it lasts about 50 ms.
class ChunkSize {
public:
  std::int64_t next() const { return size; }
  void took(std::int64_t steps, double seconds);

private:
  std::int64_t size = 1;
};

} // namespace talweg

#endif
