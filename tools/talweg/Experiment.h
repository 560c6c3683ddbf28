// What subcommands that open a model file share: its options, opening it, loading splits, writing files and events.
#ifndef TALWEG_TOOL_EXPERIMENT_H
#define TALWEG_TOOL_EXPERIMENT_H

#include "KnownRun.h"
#include "Lines.h"
#include "Options.h"

#include "talweg/Engine/Engine.h"

namespace talweg::driver {

/// Options that say which program is meant.
struct Experiment {
  std::string file;
  std::vector<Pair> set;
  std::vector<Pair> data; ///< split → path; the split is empty where the path was given alone
  std::optional<std::int64_t> batch, epochs, steps, seed, threads, memory, dataMemory;
  bool json = false, unroll = false;
  std::optional<Fold> fold;
  std::vector<LearnedField> learned; ///< by the run that this one begins with
  bool growsVocabularies = false;
  std::vector<std::string> accept;
  std::optional<KnownRun> run; ///< that the command goes on from

  void declareFile(Command &command, const std::string &help = "the model file",
                   bool required = true); ///< FILE, --set, --json
  void declareAccept(Command &command);   ///< --accept
  void declareBatch(Command &command);    ///< --batch
  void declareFold(Command &command);     ///< --fold
  void declareSeed(Command &command, const std::string &help);
  void declareThreads(Command &command);                                           ///< --threads
  void declareCode(Command &command);                                              ///< --memory, --unroll
  void declareData(Command &command, const std::string &help, bool alone = false); ///< --data

  bool accepts(std::string_view what) const;
  CompileOptions compileOptions() const;
  /// Whether they are named as they can be; an error of usage.
  Result<void> checkRun(const std::string &checkpoint) const;
  /// The program of FILE, which is that of the run in this mode, unless that is accepted; without FILE, the run's.
  Result<Program> open(Mode mode = Mode::Train) const;
  /// The program that predicts, with data that it knows. FILE may be the folder of a run, and `checkpoint` is one, unless an earlier version
  /// has made it; it becomes where the parameters are.
  Result<Program> openToPredict(std::string &checkpoint);
  /// Rows of a split: from --data if given there, else from where the run had them, else from where the file says. Those of the run are as
  /// they were, unless other ones are accepted.
  Result<Dataset> load(const Program &program, const std::string &split) const;
  /// The rows to predict: of the path or of the split that --data names, else of `test`; of the fields those that prediction reads. They are
  /// where they were and as they were in the run, as in `load`, unless --data tells a path.
  Result<Dataset> loadForPredict(const Program &program, const PredictOptions &options = {}) const;
  /// The path that --data gives for a split, here or in the run; empty: none.
  std::string pathOf(const std::string &split) const;
  /// The split and the path that the last --data names: PATH, SPLIT=PATH, or a declared split, which has its own files.
  Pair named(const Program &program) const;
  /// An error if --data names a split that is neither declared nor one of the customary names.
  Result<void> checkData(const Program &program) const;

private:
  Result<void> findRun(std::string &checkpoint);
};

/// What a row of data takes in memory.
std::int64_t rowBytes(const Manifest &manifest);

/// One event: a line of JSON. Numbers that JSON cannot hold (nan, inf) become null.
std::string eventText(const Json &event);
/// What a step or an evaluation tells, in the order of names; nothing where a loss is skipped.
using Numbers = std::vector<std::optional<double>>;
/// The first loss, as `loss` and under its own name.
void addLoss(Json &event, const std::string &name, std::optional<double> value);
/// Adds `"name": value` for every metric (or report) that is told.
void addNumbers(Json &event, const std::vector<std::string> &names, const Numbers &values);
/// "loss 0.1234", "accuracy 0.9722". A metric that is the loss is not told again.
std::vector<Cell> numberCells(std::optional<double> loss, const Numbers &metrics, const Session &session,
                              Columns &columns);
/// The event and the numbers of one evaluation.
Json evaluationEvent(const Session &session, const std::string &split, const Evaluation &evaluation);
std::vector<Cell> evaluationCells(const Evaluation &evaluation, const Session &session, Columns &columns);

/// Writes a file aside, part by part, and renames it in the end, so that the path holds the old bytes or the new ones, never a part.
/// Devices and pipes are written directly; "-" is standard output, whose failures `finishOutput` tells.
class FileWriter {
public:
  static Result<FileWriter> open(const std::string &path);
  FileWriter(FileWriter &&other) noexcept;
  /// Without `finish`, the path has what it had.
  ~FileWriter();

  Result<void> append(std::string_view bytes);
  Result<void> finish();

private:
  FileWriter() = default;
  Result<void> failed(int reason);

  std::string path, target; ///< the one that is meant, and the one that is written
  bool aside = false;
  int file = -1;
};

/// Writes a whole file aside and renames it, so that the path holds the old bytes or the new ones, never a part. See FileWriter.
Result<void> writeFile(const std::string &path, std::string_view bytes);
/// Tells now what writeFile would say later of a path that cannot be written; leaves what is there.
Result<void> checkWritable(const std::string &path);
Result<std::string> readFile(const std::string &path);

/// What `versionDetails` tells, as an object.
Json versionFacts();
/// The most memory this process has had, in bytes.
std::int64_t peakMemory();
/// The time of day in UTC: 2026-01-31T12:00:00Z.
std::string timeNow();

} // namespace talweg::driver

#endif
