// What a model file says about the run: data, batch, length. Plain values; no MLIR header. What a module works on and tells is its
// manifest (Support/Manifest.h).
#ifndef TALWEG_FRONTEND_PLAN_H
#define TALWEG_FRONTEND_PLAN_H

#include "talweg/Data/Formats.h"
#include "talweg/Support/ElementType.h"
#include "talweg/Support/Manifest.h"
#include "talweg/Support/Notices.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace talweg::frontend {

/// What is asked of the frontend. The file is elaborated anew for every set of options.
struct Options {
  std::int64_t batch = 0;    ///< rows of a batch; 0: as the file says
  std::int64_t mostRows = 0; ///< of a batch of the run; 0: those of this one
  /// What the language calls f32: F32, or F64, and then every f32 is computed as f64 (data stays stored as it is).
  ElementType real = ElementType::F32;
  std::map<std::string, std::string> set; ///< values of `config` names (and of `lr`, see Hyper), as text
  /// Of each `category` of the data whose classes are learned, how many there are.
  std::map<std::string, std::int64_t> classes;
};

/// One split of the data:
///   train = csv("digits.csv.gz", except_every = 5)      every row but 0, 5, 10, …
///   test  = csv("digits.csv.gz", every = 5)             rows 0, 5, 10, …; `offset = 2` makes it 2, 7, 12, …
///   small = csv("all.csv", rows = 100..200, header = true, delimiter = ";")
///   train = idx("images.gz", "labels.gz")               one file for each field, in the order of the fields
/// `rows`, `every`, `except_every` and `offset` combine, in every format. Row numbers are the file's, from 0.
struct Split {
  std::string name;
  const data::Format *format = nullptr; ///< not null in a plan without errors
  std::vector<std::string> files;       ///< as written: relative paths begin at the program's own folder
  data::Options options;                ///< as written; the format accepts them
};

/// What a file declares of its data: known before anything has been learned of it.
struct DataDeclaration {
  std::vector<Field> fields; ///< a category that is learned has no number of classes yet
  std::vector<Split> splits;
};

/// A `config` that is fixed when the program is compiled.
struct Constant {
  std::string name;
  std::string value;
};

/// What a run tells of a step or an evaluation beside metrics and reports. No metric has such a name.
inline constexpr std::string_view kEventKeys[] = {"event", "step",  "epoch",   "rows",
                                                  "loss",  "split", "seconds", "examples_per_second"};

struct Plan {
  std::string model, data;
  ElementType real = ElementType::F32; ///< what the program calls f32
  std::vector<Split> splits;
  std::int64_t batch = 1;
  std::int64_t accumulate = 1;               ///< batches of a step
  std::optional<std::int64_t> epochs, steps; ///< at most one is present
  std::optional<std::int64_t> validateEvery; ///< steps
  std::string best;      ///< the variables of the validation at which this number is best are kept; empty: none are
  bool greatest = false; ///< the best is the greatest, not the least
  std::optional<EarlyStop> early;                ///< stops where validations get no better
  std::vector<std::vector<Comparison>> stopWhen; ///< stops at a validation where all comparisons of one of these hold
  std::optional<double> budgetSeconds;           ///< of training; schedules do not see it
  std::optional<std::int64_t> budgetSteps;       ///< likewise
  OnNan onNan = OnNan::Stop;
  std::int64_t rollbacks = 3;     ///< at most so many, under OnNan::Rollback
  std::vector<std::string> saved; ///< patterns of the parameters that moments hold; none: all
  std::uint64_t seed = 0;
  std::vector<Constant> constants;
};

} // namespace talweg::frontend

#endif
