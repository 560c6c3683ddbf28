// The C++ API for hosts: compile an experiment, train it, read and write its variables, evaluate, predict, save, load.
//
// In:  a model file (or its text), data (declared in the file, in other files, or in memory).
// Out: values. Nothing here prints, exits or throws on a failure the caller can meet: every fallible function returns a
//      Result, whose Error holds a text ready to be shown. No LLVM or MLIR type appears.
//
// Compiled code is kept in the folder that TALWEG_CACHE names (default: $XDG_CACHE_HOME/talweg or ~/.cache/talweg; `off`:
// nowhere), so that a program's second start takes milliseconds.
//
// Three objects: a Program is a checked experiment (cheap, immutable); a Dataset is rows in memory; a Session is a
// program compiled to native code with its variables, ready to run on datasets.
//
//   auto program = talweg::Program::fromFile("digits.tw", {});
//   auto session = talweg::Session::create(*program);
//   session->setTrainingData(*talweg::Dataset::load(*program, "train"));
//   session->train({});
//   auto test = session->evaluate(*talweg::Dataset::load(*program, "test"));
//
// A Session is used by one thread at a time; requestStop may be called from any thread and from a signal handler.
#ifndef TALWEG_ENGINE_ENGINE_H
#define TALWEG_ENGINE_ENGINE_H

#include "talweg/Support/Manifest.h"
#include "talweg/Support/Notices.h"
#include "talweg/Support/Result.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#define TALWEG_API __attribute__((visibility("default")))

namespace talweg {

/// The version of this library, such as "0.1.0".
TALWEG_API const char *versionText();
/// The versions, this machine as code is generated for it, and its cores, one `name: value` a line.
TALWEG_API std::string versionDetails();
/// MLIR's own debugging flags (`--mlir-print-ir-after-all`, `--mlir-timing`, …), for all programs compiled afterwards.
/// Call at most once, before any other thread compiles.
TALWEG_API Result<void> setDebugFlags(const std::vector<std::string> &flags);

//===-- programs ---------------------------------------------------------------------------------------------------===//

/// What the command line (or the host) overrides. An absent value leaves what the file says.
/// One of the parts that the rows of the split `train` are cut into: it is the split `validation`, and the others are trained on.
struct Fold {
  std::int64_t index = 1, count = 2; ///< from 1 to `count`
};

struct CompileOptions {
  std::vector<std::pair<std::string, std::string>> set; ///< values of `config` names, as text: {"lr", "0.3"}
  std::optional<std::int64_t> batch, epochs, steps;
  std::optional<std::uint64_t> seed;
  bool doublePrecision = false; ///< every f32 of the language becomes f64 (for checking, not for speed)
  /// Called with every warning and remark, each a text ready to be shown.
  std::function<void(const std::string &)> onMessage;
  bool remarks = false; ///< also tell which optimizations were wanted and not done, and why
  /// Bytes that variables and arena may take together: values of a step are computed again rather than kept, so that it
  /// fits. Results do not depend on it. Rows of data are not counted.
  std::optional<std::int64_t> memory;
  bool unroll = false; ///< layers that are alike are compiled one by one, not as a loop; results are the same
  /// What the preparation of the data has learned for a run (Moment::options). What a field has learned that is not here, it learns: of the split
  /// `train`, or of `trainPath`, read as `--data train=PATH` is. Where nothing is learned, no file is read.
  std::vector<LearnedField> learned;
  /// Words of the training split that are not in `learned` become classes behind those that are there; parameters grow with them
  /// (InitOptions::grow, LoadOptions::grow).
  bool growVocabularies = false;
  std::string trainPath;
  std::optional<Fold> fold; ///< without it, splits are as the file declares them
  /// Bytes that the rows of one data set may take in memory; without it half of what the machine or the control group has. Of more than that, columns
  /// are mapped from files without names in the folder of the cache (or of temporary files), and the system keeps in memory what is read. The
  /// results are the same.
  std::optional<std::int64_t> dataMemory;
  int threads = 0; ///< that read data; 0: one for each core this process may use
  /// What code is made for: `native`, this machine, or a 64-bit processor of x86 or Arm by LLVM's name, such as x86-64-v3 or
  /// neoverse-n1. Any can be emitted; a session needs one whose code can run on this machine.
  std::string target = "native";
  /// Of the plans of each product that are close by the compiler's estimates, the one of this rank, or the first if there are not so many, whatever was
  /// kept of their times (keepTuned); results do not depend on it.
  std::optional<std::int64_t> planRank;
};

/// What the file says about the run, after overrides.
struct PlanFacts {
  std::string name; ///< of the model
  std::string data; ///< of the data set
  std::string file; ///< path of the file, or the name given to the text
  std::int64_t batch = 0;
  std::int64_t accumulate = 1;               ///< batches of a step
  std::optional<std::int64_t> epochs, steps; ///< at most one is present; with neither, one epoch
  std::optional<std::int64_t> validateSteps; ///< validate after every N steps, too; after each epoch anyway
  std::string best;      ///< the variables of the validation at which this number is best are kept; empty: none are
  bool greatest = false; ///< the best is the greatest, not the least
  std::optional<EarlyStop> early;                ///< stops where validations get no better
  std::vector<std::vector<Comparison>> stopWhen; ///< stops at a validation where all comparisons of one of these hold
  std::optional<double> budgetSeconds;           ///< of training; schedules do not see it
  std::optional<std::int64_t> budgetSteps;       ///< likewise
  OnNan onNan = OnNan::Stop;
  std::int64_t rollbacks = 3; ///< at most so many, under OnNan::Rollback
  /// Patterns of the parameters that moments hold; none: all. The others are frozen, and where a moment is read they are those that the run
  /// began with: of the seed, or of the run that `initFrom` named.
  std::vector<std::string> saved;
  std::uint64_t seed = 0;
  std::vector<std::string> splits; ///< declared names, in order: train, test, …
};

/// Seconds spent in one phase of compilation.
struct PhaseTime {
  std::string
      phase; ///< parse, graph, gradient, update, linalg, vector, llvm (to LLVM dialect), native (LLVM IR to code)
  double seconds;
};

/// What is known without running.
struct Facts {
  Manifest manifest;
  std::vector<PhaseTime> phases;
  /// By how much the arena would be smaller if no gradients were clipped; where some are, and there is no limit of memory.
  std::optional<std::int64_t> clipBytes = {};
  /// Operations on floating-point numbers in a step, of all ops: as the sums are written, if stage vector was asked for, and as they are computed.
  std::int64_t operationsWritten = 0, operations = 0;
};

/// Where text can be taken from the compiler. Every stage shows one module: one mode at one batch size.
enum class Stage { Ast, Graph, Gradient, Update, Linalg, Vector, Llvm, Asm, Object };
/// From its name in lower case: `ast`, `graph`, …
TALWEG_API std::optional<Stage> stageFromName(const std::string &name);

class Dataset;

struct GradcheckOptions {
  std::uint64_t seed = 1;
  double step = 1e-3; ///< differences move an element by step * max(1, |x|), by less near kinks
  static constexpr std::int64_t kUsualElements = 64;
  /// Of a variable with more elements, this many are checked, chosen by the seed. Without a number the usual ones, or fewer
  /// where these would take long; where one of each does, the batch has fewer rows, unless CompileOptions::batch says how many.
  std::optional<std::int64_t> maxElements = {};
  const Dataset *data = nullptr; ///< checked on its first rows, a batch of them; without it, on random rows
};
/// One parameter's comparison. Errors are |analytic - numeric| / max(floor, 1e-3 * scale, |analytic|, |numeric|), where scale
/// is the greatest |gradient| of this parameter, and the result's floor keeps rounding beside a derivative of 0 from counting.
struct GradcheckVariable {
  std::string name;
  std::string loss; ///< whose derivative it is; empty: the first loss
  std::int64_t checked = 0;
  double maxError = 0;
  std::vector<std::int64_t> elements; ///< row-major positions that were checked
  std::vector<double> analytic, numeric;
};
struct GradcheckResult {
  double loss = 0;
  double maxError = 0;
  double floor = 0;             ///< see there: 1e-4 * max(1, |loss|)
  std::int64_t rows = 0;        ///< of the batch
  std::int64_t maxElements = 0; ///< of one variable, at most
  std::vector<GradcheckVariable> variables;
};

/// A parsed and checked experiment. Copies share the same state.
class TALWEG_API Program {
public:
  /// Reads `path`: a model file, or (name ending in .mlir) a module holding one train.program.
  static Result<Program> fromFile(const std::string &path, const CompileOptions &options);
  /// The same from text; `name` stands for the file in messages, and relative data paths start at the working directory.
  static Result<Program> fromText(const std::string &text, const std::string &name, const CompileOptions &options);

  const PlanFacts &plan() const;
  /// What a training step (of a module for prediction alone, a prediction) works on, as it is known before it is compiled: variables
  /// without their places, fields, hyper-parameters and metrics. The whole is in Session::facts.
  const Manifest &manifest() const;
  /// What the preparation of its data has learned, of the fields that learn something.
  const std::vector<LearnedField> &learned() const;
  /// What the classes of a field are called, in their order; empty: by their numbers, or it has none.
  std::vector<std::string> classNames(const std::string &field) const;
  /// Elements of all parameters.
  std::int64_t parameterCount() const;
  /// How often the file has been elaborated so far: once for each batch size that had to be compiled; not at all for a module, or where
  /// everything was kept.
  int elaborations() const;
  /// Compiles the training step as far as `upTo` (Vector: everything but LLVM; Object: everything) without running it. `quiet`: its warnings and remarks
  /// are told by another.
  Result<Facts> check(Stage upTo = Stage::Vector, bool quiet = false) const;
  /// The program at a stage; bytes of an object file for Stage::Object. `batch` 0 means the plan's.
  Result<std::string> emit(Stage stage, Mode mode = Mode::Train, std::int64_t batch = 0) const;
  /// Compares the compiled gradient with central differences of the compiled loss, in f64, on one batch.
  Result<GradcheckResult> gradcheck(const GradcheckOptions &options) const;

  struct Impl;
  explicit Program(std::shared_ptr<Impl> impl) : impl(std::move(impl)) {}
  std::shared_ptr<Impl> impl;
};

//===-- data -------------------------------------------------------------------------------------------------------===//

/// One field's values for all rows: rows * Field::count() elements of the field's stored type, row-major.
struct FieldView {
  std::string name;
  const void *data;
};

/// A value of a record before it is prepared: missing, a number, or text as a file has it.
using CellValue = std::variant<std::monostate, double, std::string>;

/// What prediction has of a file beside what it reads.
struct PredictOptions {
  std::vector<std::string> keys =
      {}; ///< columns that are kept as texts, by their names or their numbers (Dataset::key)
  std::vector<std::string> fields = {}; ///< fields that no step of prediction reads, such as the truth (Dataset::read)
};

/// Rows in memory, in the stored types of one program's fields: for sessions of that program, or of one with the same fields.
/// Copies share the same storage.
class TALWEG_API Dataset {
public:
  /// The rows of a split as declared in the file, or from `path`, as `--data SPLIT=PATH` reads it (split "": every row).
  static Result<Dataset> load(const Program &program, const std::string &split, const std::string &path = "");
  /// The same for prediction: fields that no step of prediction reads may be absent from the file.
  static Result<Dataset> loadForPredict(const Program &program, const std::string &split, const std::string &path = "",
                                        const PredictOptions &options = {});
  /// Records as a host has them, prepared as those of the run were: `columns` are named as in the data's files, and each of `rows` has a cell
  /// for each of them. Fields that no step of `mode` reads may be absent, and are not prepared.
  static Result<Dataset> fromCells(const Program &program, const std::vector<std::string> &columns,
                                   const std::vector<std::vector<CellValue>> &rows, Mode mode = Mode::Predict);
  /// Rows from memory, copied. Labels are checked. Each field is given once; one may be left out where no step reads it; otherwise
  /// the session's call fails and names it.
  static Result<Dataset> fromMemory(const Program &program, const std::vector<FieldView> &fields, std::int64_t rows);

  std::int64_t rows() const;
  std::int64_t bytes() const;
  /// How many of them are mapped from files (CompileOptions::dataMemory).
  std::int64_t mappedBytes() const;
  /// The prepared values of a field in `count` rows from `first` on, row-major. E0843: there is no such field; E0852: there are no values of it.
  Result<std::vector<double>> read(const std::string &field, std::int64_t first, std::int64_t count) const;
  /// The text of a row in a column that was kept: number `key` of PredictOptions::keys.
  std::string key(std::size_t key, std::int64_t row) const;
  /// Of the fields and all values: equal digests, equal rows.
  const std::string &digest() const;
  /// Of each field that was read, its name and a text of its type and a digest of its values in all rows.
  const std::vector<std::pair<std::string, std::string>> &fieldDigests() const;
  /// The paths it was read from; none for rows from memory.
  const std::vector<std::string> &files() const;

  struct Impl;
  explicit Dataset(std::shared_ptr<const Impl> impl) : impl(std::move(impl)) {}
  std::shared_ptr<const Impl> impl;
};

/// Records that come line by line, as text: for prediction.
class TALWEG_API LineReader {
public:
  /// Lines are written as those of a split are: of the first one, if `split` is none that is declared. E0849: no line is a record there.
  static Result<LineReader> create(const Program &program, const std::string &split = "",
                                   const PredictOptions &options = {});
  LineReader(LineReader &&) noexcept;
  LineReader &operator=(LineReader &&) noexcept;
  ~LineReader();

  /// The record of the next line, which is given without its line break. None if there is none in it: it names the columns, is blank, or a comment.
  /// An error, which names the line, concerns no other.
  Result<std::optional<Dataset>> take(const std::string &line);

  struct Impl;
  explicit LineReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl;
};

//===-- sessions ---------------------------------------------------------------------------------------------------===//

inline constexpr int kMostThreads = 1024;

struct SessionOptions {
  int threads = 0; ///< at most kMostThreads; 0: one for each core this process may use
  bool shuffle = true;
  Mode mode = Mode::Train; ///< what is compiled at once; the other modes are compiled when they are first used
};

/// What one step told.
struct StepRecord {
  std::int64_t step = 0;                ///< 1 for the first step of the run
  std::int64_t epoch = 0;               ///< 1 for the first epoch
  std::int64_t rows = 0;                ///< of this step's batch
  double loss = 0;                      ///< NaN, as all that is told of a loss, where it is skipped (Manifest::tells)
  std::vector<double> metrics, reports; ///< in the order of the manifest of Session::facts
  std::vector<double> sums;             ///< of rows, of which Session::tell makes figures of several steps
  /// A loss, or a norm that gradients are clipped by, is not finite, and the step has changed nothing (OnNan::Skip). Losses are told, no more; figures
  /// of several steps are those of the others.
  bool skipped = false;
};

/// What several steps have told, together.
struct TALWEG_API Figures {
  std::vector<double> totals,
      weights; ///< of the loss, then of each metric: the steps' numbers times rows, and the rows of the steps that told it
  std::vector<double> sums; ///< StepRecord::sums, combined
  double rows = 0;          ///< of all the steps

  /// Adds a step of a session with this manifest.
  void take(const Manifest &manifest, const StepRecord &step);
};

/// A run goes on from an earlier step with a lower rate, because a number was not finite (OnNan::Rollback).
struct Rollback {
  std::int64_t from = 0, to = 0; ///< steps taken before and after
  double rateFactor = 1;         ///< what all rates are multiplied by from now on
  std::string reason;            ///< the text of the error
};

/// The steps of one native call.
struct Chunk {
  std::vector<StepRecord> steps; ///< at least one, unless the run is rolled back
  double seconds = 0;            ///< of this call
  double examplesPerSecond = 0;
  std::int64_t totalSteps = 0; ///< as Session::totalSteps
  std::int64_t stepsPerEpoch = 0;
  std::optional<Rollback> rollback = {}; ///< behind these steps, of which there may be none
};

struct TrainOptions {
  std::int64_t maxSteps = 0;   ///< at most this many now, not negative; 0: to the end of the plan
  bool stopAtEpochEnd = false; ///< return when an epoch is complete
  /// Called after each native call (about 50 ms of steps, never across an epoch's end); false stops.
  std::function<bool(const Chunk &)> onChunk = {};
};

/// Why training returned. NotFinite: a loss of the next step, or a norm that its gradients are clipped by, is not finite (OnNan::Stop, or Rollback
/// after so many; Session::notFinite tells it); the session stands at the moment that it keeps in memory, behind which a loss was
/// finite, or else in front of that step, which has changed nothing.
enum class Stopped { PlanDone, EpochDone, StepsDone, ByCallback, ByRequest, NotFinite };

/// A metric of several numbers.
struct TableValue {
  std::string name;
  std::vector<std::int64_t> shape;
  std::vector<double> values; ///< row-major
};

/// Each number speaks of all rows.
struct Evaluation {
  std::int64_t rows = 0;
  double loss = 0;
  std::vector<double> metrics; ///< in the order of Program::manifest
  std::vector<TableValue> tables;
  double seconds = 0;
};

struct Prediction {
  std::int64_t rows = 0;
  std::vector<std::int64_t> shape;           ///< of one row's output
  ElementType computedIn = ElementType::F32; ///< or F64
  std::vector<double> values;                ///< row-major
  std::int64_t first = 0;                    ///< of a part: the number of its first row
};

/// Where a run stands.
struct Place {
  std::int64_t step = 0, epochs = 0;    ///< taken and completed
  std::int64_t stepInEpoch = 0;         ///< steps taken of the next epoch
  std::int64_t firstStep = 0;           ///< steps taken before the training data of now was set: its epochs begin there
  std::optional<std::int64_t> lastStep; ///< what schedules take for the plan's end, where that is another
  std::uint64_t seed = 0;               ///< key of all random numbers
};

/// What a moment says of itself, without its variables.
struct TALWEG_API Moment : Place {
  std::string folder;          ///< where it lies, links followed
  std::int64_t totalSteps = 0; ///< at which the plan is done
  bool shuffle = true;
  std::int64_t batch = 0;
  std::int64_t rows = 0; ///< of the training data; 0: there was none
  std::string data = {}; ///< digest of the training data
  std::vector<std::pair<std::string, double>> hypers = {};
  std::string file, source;    ///< of the program: its absolute path, its text
  CompileOptions options = {}; ///< what it was compiled with that decides results, and the limit of memory
  std::string notes = {};      ///< SaveOptions::notes
  std::string best = {};       ///< the moment of the same folder that was saved as the best; empty: none was

  /// Of a run's folder the last moment. E0869: there is none; E0865: it is not valid or of another version; E0866: it was changed.
  static Result<Moment> read(const std::string &path);
};

struct SaveOptions {
  std::string notes = {}; ///< kept with the moment: what a host will want to know
  std::int64_t keep = 1;  ///< so many of the newest moments stay, besides the best
  bool best = false;      ///< it is the best: DIR/best is a link to it from now on
  bool replace = false;   ///< what the folder had of another run goes, once this moment is there
};

/// What else than the same run may go on.
struct LoadOptions {
  bool otherData = false;    ///< other rows: a new epoch over them begins
  bool otherProgram = false; ///< another program with the same variables: its hyper-parameters are as it says
  bool otherBatch = false;   ///< another number of rows in a batch: a new epoch begins
  /// Where a schedule knows the end of the plan, and that has moved: an error, the same curve over the new length, or the curve as it was
  /// and at its end its last value.
  enum class End { Same, Extend, Continue } end = End::Same;
  /// Parameters, by patterns of their paths, that may be larger than they were, with their slots and averages: what was there comes first in
  /// each dimension, and the rest is as it is initialised.
  std::vector<std::string> grow = {};
};

/// How parameters of another run become those of this one.
struct InitOptions {
  /// Names there and here, with `*` for anything: {"encoder.*", "tower.*"}. The first that fits counts; without one, the names are equal.
  std::vector<std::pair<std::string, std::string>> map = {};
  std::vector<std::string> grow = {}; ///< see LoadOptions::grow
};
/// What became of the parameters and states of both, by their names.
struct InitReport {
  std::vector<std::string> taken, grown;
  std::vector<std::string> added; ///< of this program, and initialised from the seed
  std::vector<std::string> left;  ///< of the other, and not used
};

/// A moment of a session, in memory. Copies share the same storage.
class TALWEG_API Snapshot {
public:
  std::int64_t step() const;

  struct Impl;
  explicit Snapshot(std::shared_ptr<const Impl> impl) : impl(std::move(impl)) {}
  std::shared_ptr<const Impl> impl;
};

struct SeriesOptions {
  /// Of a model with states of rows (`state h[n, units]`): the rows are those behind the last prediction's, and not the first of a series.
  bool continues = false;
};

/// A program in native code with its variables. Movable.
class TALWEG_API Session {
public:
  /// Compiles to native code and initializes every variable from the plan's seed.
  static Result<Session> create(const Program &program, const SessionOptions &options = {});

  const Program &program() const;
  /// Of the first module that was compiled.
  const Facts &facts() const;
  /// Seconds that calls have waited for compilation so far. (What is compiled meanwhile on another thread costs nothing.)
  double compileSeconds() const;
  int threads() const;

  /// The rows to train on from now on, beginning with a new epoch over them; what is left of an epoch over earlier rows is left
  /// out. A plan in epochs means so many over each data set, so that rows may come in chunks: set one, `train({})` makes the
  /// plan's epochs over it (`train({.stopAtEpochEnd = true})` one), set the next. A plan in steps counts them over all data.
  /// Where `load` came before any data, the first to be set is that of the run, if it has the same rows: unfinished epochs go on,
  /// and where all are finished new ones begin. Other rows are refused in the middle of an epoch, and a new data set at its end.
  Result<void> setTrainingData(const Dataset &data);
  /// Runs steps from where the session stands, and none where the plan is done. Needs training data.
  Result<Stopped> train(const TrainOptions &options = {});
  /// What was not finite, where, and what may help, if the last call of `train` returned Stopped::NotFinite.
  const std::optional<Error> &notFinite() const;
  /// The loss and the metrics of several steps; none where no step has told it. A mean over rows is the mean over all their rows, and so is a
  /// figure that is made otherwise of reductions over rows, each read once, such as f1. What else a step tells is the mean of
  /// the steps' numbers, weighted by their rows.
  Result<std::vector<std::optional<double>>> tell(const Figures &figures) const;
  /// One step by hand, of a program with `accumulate` of 2 or more, over rows that come in any parts: `beginStep` says how many there will be,
  /// `addRows` adds the sums of some (rows first … first + count of the data), as often as needed, and `finishStep` updates. Results do not
  /// depend on the parts, up to rounding. A call that fails ends the step, which has changed nothing; so does `beginStep`.
  Result<void> beginStep(std::int64_t rows);
  Result<void> addRows(const Dataset &data, std::int64_t first, std::int64_t count);
  Result<StepRecord> finishStep();
  /// Makes the running call of train, evaluate or predict, or the next one if none is running, stop: train returns after the
  /// current native call, evaluate and predict fail. The calls after it are not concerned. Async-signal-safe.
  void requestStop();
  /// Takes back a request that no call has met.
  void clearStop();

  std::int64_t step() const;          ///< steps taken, on all data
  std::int64_t epoch() const;         ///< epochs completed, over all data
  std::int64_t stepsPerEpoch() const; ///< 0 before setTrainingData
  /// The step at which the plan is done, for schedules too: with epochs, those taken before this data was set and the epochs
  /// over it.
  std::int64_t totalSteps() const;
  std::uint64_t seed() const; ///< key of all random numbers

  /// Starts compiling, on another thread, what evaluate (mode Eval) or predict (mode Predict) will need for `data`.
  /// Optional; a failure is told by the call that needs the code.
  void prepare(Mode mode, const Dataset &data);

  /// Loss and metrics over all rows, whatever the batch. The rows are read once, and again for what is computed from all of them.
  Result<Evaluation> evaluate(const Dataset &data);
  Result<Prediction> predict(const Dataset &data);
  /// The same in parts, one after the other, so that it need not lie in memory as a whole. An error of `onPart` ends it.
  Result<void> predict(const Dataset &data, const std::function<Result<void>(const Prediction &part)> &onPart,
                       const SeriesOptions &series = {});

  /// A hyper-parameter between steps, without recompilation. The value is finite in the program's precision.
  Result<void> setHyper(const std::string &name, double value);
  Result<double> hyper(const std::string &name) const;

  /// A variable's elements, row-major; `read` rounds f64 to f32. The average of a parameter is `<parameter>.average`.
  Result<std::vector<float>> read(const std::string &name) const;
  Result<std::vector<double>> readDouble(const std::string &name) const;
  Result<void> write(const std::string &name, const std::vector<float> &values);
  Result<void> writeDouble(const std::string &name, const std::vector<double> &values);

  /// Starts again from the initial values of a seed: step 0, fresh variables and optimizer state.
  Result<void> initialize(std::uint64_t seed);

  /// Saves this moment of the run into its folder, as DIR/step-N with model.safetensors (parameters, states), optimizer.safetensors
  /// (slots) and state.json (the place in the run, the program, digests), and makes DIR/last a link to it. Whatever happens meanwhile, the
  /// folder holds the moment that it had, or this one. Of a parameter with an average the first file has the average, under the parameter's
  /// name, and the second the parameter. A moment that is there already is not written again. E0854: a step has begun. E0868: another
  /// process writes in the folder.
  Result<void> save(const std::string &directory, const SaveOptions &options = {}) const;
  /// Reads the last moment of a run's folder, or the moment whose folder it is: training then continues with the same bits as if it had
  /// not stopped, on the same data. That may be set before, and then a finished plan stays finished, or after. Refused is what cannot be
  /// continued so: files that were not saved together or were changed, a step beyond the plan, other rows or another number of them in a
  /// batch, another order of rows, another end of a schedule that knows it. What is refused changes nothing, unless a file is changed while
  /// it is read: then the session begins anew, as `initialize` leaves it (E0801).
  Result<void> load(const std::string &directory, const LoadOptions &options = {});
  /// The same as bytes.
  Result<std::string> saveTo(const std::string &notes = {}) const;
  /// In the place that is given, where there is room for all of them. Their number.
  Result<std::uint64_t> saveTo(char *bytes, std::uint64_t capacity, const std::string &notes = {}) const;
  Result<void> loadFrom(std::string_view bytes, const LoadOptions &options = {});
  /// The same in this session, at the cost of copying its variables.
  Result<Snapshot> snapshot() const;
  /// Goes back, or on, to where a snapshot of this session was taken.
  Result<void> restore(const Snapshot &snapshot);
  /// Makes this session the one writer of a folder until it ends, or until it claims another. E0868: another process is.
  Result<void> claim(const std::string &directory);
  /// Parameters, or their averages, and states to and from one .safetensors file. Names and shapes must agree exactly; states may be absent.
  Result<void> saveModel(const std::string &file) const;
  /// `path` may be the folder of a run, whose last moment it is then, or of a moment: refused if the file is not as it was saved.
  Result<void> loadModel(const std::string &path);
  /// Parameters, or their averages, and states where names agree. E0861: none does.
  Result<InitReport> initFrom(const std::string &path, const InitOptions &options = {});
  /// DIR/run.json: what is run, with what, on which compiler. `command` is told as it is.
  Result<void> writeRunRecord(const std::string &directory, const std::vector<std::string> &command) const;

  struct Impl;
  explicit Session(std::unique_ptr<Impl> impl);
  Session(Session &&) noexcept;
  Session &operator=(Session &&) noexcept;
  ~Session();
  std::unique_ptr<Impl> impl;
};

} // namespace talweg

#endif
