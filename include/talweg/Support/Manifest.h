// What a compiled module is to whoever runs it: the variables and fields it works on, what a step tells, how much memory it takes. One
// value, read off the module by one collector (Pipeline/Collect.h), kept as JSON by one writer (Engine/ManifestJson.h). No LLVM.
#ifndef TALWEG_SUPPORT_MANIFEST_H
#define TALWEG_SUPPORT_MANIFEST_H

#include "talweg/Support/ElementType.h"
#include "talweg/Support/Step.h"

#include <cstdint>
#include <functional>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace talweg {

/// What a program computes; it computes one of these at a time.
///   Train     one optimization step
///   Eval      loss and metrics; nothing is changed
///   Predict   the model's output; nothing is changed
///   Gradient  like Train, but the cotangents are stored in slots, `<parameter>.grad`, and nothing is updated
enum class Mode : std::uint8_t { Train, Eval, Predict, Gradient };

/// What a variable is for: a parameter is learnt, a state is carried by the model (such as running means), a slot by an optimizer for one
/// parameter (named `<parameter>.<slot>`). A sum is 0 between steps: gradients of the parts of a step are added in it (`<parameter>.gradient_sum`).
/// An average stands for its parameter outside of training (averageName). What is carried has something for each row of a batch, which that row
/// leaves to the same row of the next one, in every mode.
enum class Role : std::uint8_t { Parameter, State, Slot, Sum, Average, Carried };

/// What a number that a step tells is: a loss that is minimized, a metric, what an optimizer reports, such as its rate, or a metric of
/// several numbers.
enum class Told : std::uint8_t { Loss, Metric, Report, Table };

/// How numbers of parts of the rows make one of all of them; or, where each row has one, how many of all are below it.
enum class Combine : std::uint8_t { Sum, Product, Max, Min, Below };

/// Which part of a step an op belongs to.
enum class Part : std::uint8_t { Data, Forward, Backward, Update };

inline constexpr std::string_view kModeNames[] = {"train", "eval", "predict", "gradient"};
inline constexpr std::string_view kRoleNames[] = {"parameter", "state", "slot", "sum", "average", "carried"};
inline constexpr std::string_view kToldNames[] = {"loss", "metric", "report", "table"};
inline constexpr std::string_view kCombineNames[] = {"sum", "product", "max", "min", "below"};
inline constexpr std::string_view kPartNames[] = {"data", "forward", "backward", "update"};

constexpr std::string_view nameOf(Mode mode) { return kModeNames[std::size_t(mode)]; }
constexpr std::string_view nameOf(Role role) { return kRoleNames[std::size_t(role)]; }
constexpr std::string_view nameOf(Told told) { return kToldNames[std::size_t(told)]; }
constexpr std::string_view nameOf(Combine combine) { return kCombineNames[std::size_t(combine)]; }
constexpr std::string_view nameOf(Part part) { return kPartNames[std::size_t(part)]; }

/// The value of a name.
template <typename Enum, std::size_t count>
constexpr std::optional<Enum> named(const std::string_view (&names)[count], std::string_view name) {
  for (std::size_t i = 0; i < count; ++i)
    if (names[i] == name)
      return Enum(i);
  return std::nullopt;
}
constexpr std::optional<Mode> modeNamed(std::string_view name) { return named<Mode>(kModeNames, name); }
constexpr std::optional<Role> roleNamed(std::string_view name) { return named<Role>(kRoleNames, name); }
constexpr std::optional<Combine> combineNamed(std::string_view name) { return named<Combine>(kCombineNames, name); }

/// The average of a parameter over the steps, if it has one; and the parameter of an average.
inline std::string averageName(const std::string &parameter) { return parameter + ".average"; }
inline std::string parameterOf(const std::string &average) { return average.substr(0, average.rfind('.')); }

/// Elements of a tensor of this shape.
inline std::int64_t countOf(const std::vector<std::int64_t> &shape) {
  return std::accumulate(shape.begin(), shape.end(), std::int64_t(1), std::multiplies<>());
}

/// A tensor that persists from step to step, and its place in the persistent storage.
struct Variable {
  std::string name; ///< path in the model: `Mlp.dense_0.weight`
  Role role = Role::Parameter;
  ElementType element = ElementType::F32;
  std::vector<std::int64_t> shape = {};
  bool frozen = false;     ///< a parameter that is not learnt
  std::int64_t offset = 0; ///< in bytes
  /// Stored as [n / block, .., block] of [.., n]; 0: in row-major order.
  std::int64_t block = 0;

  std::int64_t count() const { return countOf(shape); }
  std::int64_t bytes() const { return count() * sizeOf(element); }
  bool operator==(const Variable &) const = default;
};

/// A column of a table, by its number (from 0) or by its name in the header.
using ColumnRef = std::variant<std::int64_t, std::string>;

/// One field of a record of the data.
struct Field {
  std::string name;
  ElementType element = ElementType::F32;   ///< as stored
  std::vector<std::int64_t> shape = {};     ///< of one record's value; empty for a scalar
  std::optional<std::int64_t> classes = {}; ///< labels: values are 0 to classes-1 (stored as I32)
  std::vector<std::string> names = {};      ///< of the classes; empty: they are numbers
  bool category = false; ///< labels whose classes are learned of the training split: until then, `classes` is absent
  /// Of a file that is a table. Empty: found by the field's name in the header, else by the order of the fields. One: the column of the
  /// first cell, the others follow it. As many as cells: one for each, in row-major order.
  std::vector<ColumnRef> columns = {};
  std::vector<Step> steps = {};         ///< what is done to the cells; none: each is an element
  std::optional<RowWindow> window = {}; ///< the first extent of the shape is then its size

  std::int64_t count() const { return countOf(shape); }
  std::int64_t bytes() const { return count() * sizeOf(element); }
  bool operator==(const Field &) const = default;
};

/// What a row of the data holds of the field: without a window, its record's value.
inline Field rowOf(Field field) {
  if (field.window && !field.shape.empty())
    field.shape.erase(field.shape.begin());
  field.window.reset();
  return field;
}

/// What a step does with a field.
struct FieldUse {
  bool read = false;
  std::int64_t low = INT64_MIN,
               high = INT64_MAX; ///< where it is required to be, or compared with positions: [low, high)
  bool operator==(const FieldUse &) const = default;
};

/// A number that may change between steps without recompilation.
struct Hyper {
  std::string name;
  double value = 0; ///< as written in the file or set
  bool operator==(const Hyper &) const = default;
};

/// What a step requires, and what a fault there is told as.
struct FaultSite {
  std::string message;    ///< `{}` stands for the value
  std::string help;       ///< may be empty
  bool notFinite = false; ///< the value is a loss, or a norm that gradients are clipped by, which is not finite
  std::string file;       ///< of the source; empty: the program's own
  std::int64_t line = 0, column = 0;
  bool operator==(const FaultSite &) const = default;
};

/// Of mode gradient: the derivative of a loss by a parameter.
struct Gradient {
  std::string parameter, slot; ///< the variables; the derivative lies in the slot
  std::int64_t column = 0;     ///< the loss in `out`
  bool operator==(const Gradient &) const = default;
};

/// Numbers that each batch of a pass over the rows tells, and that are combined, each by itself: over all batches of what is done in parts, else
/// over several steps. Of Below there is one for each row.
struct Sum {
  Combine combine = Combine::Sum;
  std::int64_t count = 1, pass = 0;
  bool operator==(const Sum &) const = default;
};

/// Mode eval: a metric of several numbers.
struct Table {
  std::string name;
  std::vector<std::int64_t> shape;
  bool operator==(const Table &) const = default;
};

/// What a compiled module is. As JSON it is what an object file has under the symbol talweg_manifest (Runtime/Abi.h).
struct Manifest {
  std::string model; ///< its name
  Mode mode = Mode::Train;
  std::int64_t batch = 0;
  std::vector<Variable> variables;           ///< in storage order
  std::vector<Field> fields;                 ///< of a record of the data, in the order in which a step takes them
  std::vector<FieldUse> uses;                ///< of each field
  std::vector<Hyper> hypers;                 ///< in the order in which a step takes them
  std::vector<FaultSite> faults;             ///< in the order of their numbers in Runtime/Abi.h
  std::string loss = "loss";                 ///< the first: column 0 of `out`
  std::vector<std::string> metrics, reports; ///< the columns after it; metrics begin with the other losses
  std::int64_t otherLosses = 0;              ///< so many
  std::vector<std::int64_t> every;           ///< of each column: the last of so many steps tells it, the others NaN
  std::vector<std::string> lossMetrics;      ///< those that are the first loss itself
  std::vector<Gradient> gradients;           ///< mode gradient
  bool inParts = false;                      ///< batches are parts of something larger, which the finish tells
  std::vector<Sum> sums;                     ///< pass by pass
  std::vector<std::int64_t> ofSums;      ///< mode train: columns that, of several steps, are computed from their sums
  std::vector<Table> tables;             ///< mode eval: the last columns
  std::vector<std::int64_t> outputShape; ///< mode predict: of the whole batch
  ElementType outputType = ElementType::F32; ///< mode predict
  /// Mode predict, of a model with several outputs: the shapes of a row of each, whose numbers lie beside each other.
  std::vector<std::vector<std::int64_t>> outputs;
  std::int64_t flops = 0, contractions = 0; ///< twice the products of all contractions, and their number
  std::int64_t movedBytes = 0;              ///< of variables, that a step must move at least
  std::int64_t arenaBytes = 0, persistentBytes = 0;
  bool knowsEnd = false; ///< it reads the plan's number of steps

  /// Whether step number `step`, from 1, tells a column: no step does of a loss that is skipped in it.
  bool tells(std::size_t column, std::int64_t step) const { return step % every[column] == 0; }
  std::int64_t columns() const {
    std::int64_t count = std::int64_t(1 + metrics.size() + reports.size());
    for (const Table &table : tables)
      count += countOf(table.shape);
    return count;
  }
  /// Passes over the rows that mode eval makes.
  std::int64_t passes() const { return sums.empty() ? 1 : sums.back().pass + 1; }
  /// Numbers that a batch tells: in parts those of a pass, else the columns, then the sums.
  std::int64_t width(std::int64_t pass = 0) const {
    std::int64_t count = inParts ? 0 : columns();
    for (const Sum &sum : sums)
      count += sum.pass == pass ? sum.count * (sum.combine == Combine::Below ? batch : 1) : 0;
    return count;
  }
  bool operator==(const Manifest &) const = default;
};

} // namespace talweg

#endif
