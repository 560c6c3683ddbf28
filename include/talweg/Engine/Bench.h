// What measuring a program's speed needs beyond Engine.h: rows from a seed, native calls of a chosen length without any
// other work, and what this machine can do at most.
#ifndef TALWEG_ENGINE_BENCH_H
#define TALWEG_ENGINE_BENCH_H

#include "talweg/Engine/Engine.h"

#include <map>

namespace talweg {

/// Rows for any program, a function of the seed: f32 normal with mean 0 and variance 1, bytes uniform, labels uniform.
TALWEG_API Result<Dataset> generatedRows(const Program &program, std::int64_t rows, std::uint64_t seed);

/// Ops of a step whose time is taken together, in the order in which they run.
struct StepRegion {
  std::string kind; ///< product, convolution, elementwise, reduction, fill, copy, gather, loop
  std::string what; ///< its shape and ops, for people: "128x1024x784, then 3 ops"
  Part part = Part::Forward;
  std::string variable; ///< the parameter that is updated here, if any
  std::string file;     ///< where the model asks for it; empty if that is not known, and then line and column are 0
  std::int64_t line = 0, column = 0;
  std::string source;     ///< that line's text, without the space around it
  std::string expression; ///< what stands there, of several lines the first
  std::int64_t flops = 0; ///< two for each multiply-add of contractions
  std::int64_t bytes = 0; ///< of the buffers that come in and those that go out, each counted once
  std::string plan;       ///< of its product, if it has one: the name by which keepTuned knows it
  std::int64_t plans = 0; ///< likewise: how many the compiler ranks close (CompileOptions::planRank), this one too
  double estimate = 0;    ///< seconds in a step on one thread, as the compiler reckons them to rank its plans
  /// How often threads start in a step, and how many pieces there are for them to share; without a start one thread does all.
  std::int64_t forks = 0, pieces = 0;
};

/// Runs full batches of a session's mode, for their time alone: training steps change the session's variables and count as
/// its steps, what they tell is dropped, and neither epochs nor the plan's length are kept. The rows come in a fixed order
/// drawn from the seed, again and again. The session must outlive this, stay where it is, and be used by nobody else.
class TALWEG_API BatchRunner {
public:
  /// Needs at least one row; with fewer rows than a batch has, rows repeat within it.
  static Result<BatchRunner> create(Session &session, const Dataset &data);
  /// The same with code, compiled now, that notes the time after each region of a step.
  static Result<BatchRunner> createProfiled(Session &session, const Dataset &data);

  /// `steps` steps, at least one: each a batch, with `accumulate` several; on so many threads, 0: the session's. Returns its seconds.
  Result<double> run(std::int64_t steps, int threads = 0);

  /// The regions of a step; none without a profile.
  const std::vector<StepRegion> &regions() const;
  /// The seconds that each region took in the last call, all steps together.
  const std::vector<double> &regionSeconds() const;

  std::int64_t batchesOfStep() const;
  /// The bytes that one step must move at least: training reads and writes every trained parameter and every state and
  /// slot once and reads frozen parameters; prediction reads parameters and states, and writes its output. Both read the
  /// step's rows (for prediction, of the fields that the model reads).
  std::int64_t leastBytes() const;

  struct Impl;
  explicit BatchRunner(std::unique_ptr<Impl> impl);
  BatchRunner(BatchRunner &&) noexcept;
  ~BatchRunner();
  std::unique_ptr<Impl> impl;
};

/// Keeps, for this machine, which of the plans that the compiler ranks close (CompileOptions::planRank) was fastest, by StepRegion::plan; what was kept of
/// other plans stays. From then on programs for `native` are compiled so. E0850 where nothing can be kept. Results do not depend on it.
TALWEG_API Result<void> keepTuned(const std::map<std::string, std::int64_t> &ranks);

/// Bytes a second, reads and writes both counted.
struct Bandwidth {
  double copy = 0;   ///< d = s: one read, one write
  double update = 0; ///< d = d * c + s: two reads, one write, in place
};

/// Small kernels in native code at the processor's full vector width, made by the same code generator as programs and run
/// on the same threads.
class TALWEG_API MachineProbe {
public:
  static Result<MachineProbe> create(int threads);

  /// Floating-point operations a second of f32 multiply-adds in registers, two for each lane: every thread runs as many
  /// independent chains as hide the latency. The best of several trials, about `seconds` together.
  double fmaPeak(double seconds);
  /// The seconds of starting so many threads now and then and waiting for them, with nothing to do: the fastest tenth of many times.
  static Result<double> forkSeconds(int threads);
  /// On two arrays of 64 MiB, cut evenly among the threads. The best of several passes, about `seconds` together.
  Result<Bandwidth> bandwidth(double seconds);
  /// The seconds from one reading to the next, of lines that lie in so many bytes, each of which tells where the next one is.
  Result<double> latency(std::int64_t bytes, double seconds);
  /// Bytes a second, read and written, of copies between two arrays of so many bytes together, likewise.
  Result<double> copyRate(std::int64_t bytes, double seconds);

  struct Impl;
  explicit MachineProbe(std::unique_ptr<Impl> impl);
  MachineProbe(MachineProbe &&) noexcept;
  ~MachineProbe();
  std::unique_ptr<Impl> impl;
};

} // namespace talweg

#endif
