// The loop of talweg train: runs the plan in native calls, validates, saves, and tells all of it as events and text.
#ifndef TALWEG_TOOL_TRAINLOOP_H
#define TALWEG_TOOL_TRAINLOOP_H

#include "Progress.h"
#include "RunFolder.h"

#include <chrono>

namespace talweg::driver {

/// A split that is evaluated during or after training.
struct Split {
  std::string name;
  Dataset data;
};

struct LoopOptions {
  bool json = false, quiet = false;
  std::optional<std::int64_t> logEvery;
  std::optional<Split> validation; ///< evaluated as the plan says, and at the end
  std::vector<Split> others;       ///< evaluated at the end
  Json notes = Json::object();     ///< what every moment notes of the run
  std::optional<Interval> saveEvery;
  std::int64_t keep = 1; ///< moments
};

/// How a run ended: as planned, or before because of what the file says of it, or by an interruption.
enum class Ending { Done, Stopped, Interrupted };

class TrainLoop {
public:
  TrainLoop(Session &session, RunFolder &folder, LoopOptions options);

  /// Goes on from what a moment notes: the means that it had begun, and its best validation.
  void restore(const Json &notes);
  /// Why the run is to end before its plan, as the file says: words for people; empty: it is not.
  std::string reasonToStop() const;
  /// Of a moment that is saved now.
  SaveOptions saveOptions() const;
  /// Runs to the end of the plan or to an interruption. The folder then holds the moment, the log and the record; after an
  /// error it holds the moment of what was trained before, if that can be written.
  Result<Ending> run();

private:
  using Clock = std::chrono::steady_clock;

  Result<void> advance();        // a stretch, then what is due
  Result<void> stretch();        // steps until something is due
  void take(const Chunk &chunk); // what one native call told
  Result<void> takeStep(const StepRecord &step, const Chunk &chunk);
  Numbers toldBy(const StepRecord &step) const; // the first loss, the metrics, the reports
  void warn(const StepRecord &step, const Numbers &told);
  void showBar(const Chunk &chunk);
  bool reportDue() const;
  bool saveDue() const;
  Result<void> reportProgress(); // means, validation, a permanent line
  void sayReport(const std::vector<Cell> &trained, const std::vector<Cell> &validated, double took);
  void tell(const std::string &split, const Evaluation &evaluation); // its event
  Result<void> keepBest();                                           // after a validation
  void watch();                                                      // what a validation told
  void tellRollback(const Rollback &rollback);
  Error notFinite(); // saves what is good
  Result<void> save(const char *status);
  Result<Ending> finish(Ending ending);
  void emit(const Json &event); // to the log, and to standard output with --json
  void say(const std::string &line);
  std::string position() const;
  std::string epochText(std::int64_t epoch) const;
  Json pendingFigures() const;
  double seconds() const { return std::chrono::duration<double>(Clock::now() - begun).count(); }
  /// Of training, with those before the run was resumed.
  double allSeconds() const { return secondsBefore + seconds(); }

  Session &session;
  RunFolder &folder;
  LoopOptions options;
  const PlanFacts &plan;
  const Manifest &manifest;
  Progress progress;
  Curve curve;
  Columns columns, barColumns;
  Figures sinceReport, sinceLine;
  Figures smooth;              // of the last steps, for the bar
  std::optional<Error> failed; // while a native call's steps were taken
  std::int64_t every = 1, reportEveryEpochs = 1, firstStep = 0;
  bool warned = false, failedLog = false;
  std::int64_t savedEpoch = 0, savedStep = -1;
  std::int64_t reported = -1; ///< the step at which was last reported
  std::string ended;          ///< how, once the run has
  bool isBest = false;        ///< the moment of now is the best, and not saved yet
  Json final = Json::object();
  Json best; // the best validation: name, value, step, epoch; null: none yet
  double secondsBefore = 0;
  Json validated = Json::object();        ///< what the last validation told, by name
  std::optional<double> bestWatched = {}; ///< for early_stop
  std::int64_t waited = 0;                ///< validations since then
  Clock::time_point begun, lastReport, lastSave, lastLine;
  Clock::duration savingTook{};
};

} // namespace talweg::driver

#endif
