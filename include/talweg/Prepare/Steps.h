// The steps that prepare the cells of a field, one table: what the language and its messages know of a step stands in its row.
//   column("age") |> filled("median") |> scaled(0, 1)
#ifndef TALWEG_PREPARE_STEPS_H
#define TALWEG_PREPARE_STEPS_H

#include "talweg/Prepare/Cell.h"
#include "talweg/Support/Manifest.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace talweg::prepare {

/// What a step takes, and what it gives to the next one. Text is cells as they are in the file: where numbers are wanted, they are read
/// as numbers. Labels end a chain.
enum class Flow : std::uint8_t { Text, Numbers, Labels };

inline constexpr std::string_view kFlowNames[] = {"text", "numbers", "labels"};
constexpr std::string_view nameOf(Flow flow) { return kFlowNames[std::size_t(flow)]; }

struct Place;
class Work;

inline std::string_view breaksNothing(const Step &) { return {}; }
inline bool givesNoFractions(const Step &) { return false; }
inline std::int64_t givesOne(const Step &) { return 1; }

/// A value that a step may be given by name.
struct StepOption {
  std::string_view name;
  std::string_view wanted; ///< what it is, as messages say it: `a positive integer`
  bool (*accepts)(const StepValue &value);
};

struct StepInfo {
  std::string_view name;    ///< in the language
  std::string_view example; ///< `scaled(0, 1)`
  Flow takes = Flow::Text, gives = Flow::Text;
  std::string_view wanted = {};    ///< what it is given by position, as messages say it: `two numbers`
  std::size_t least = 0, most = 0; ///< how many of these
  bool (*accepts)(const StepValue &value) = nullptr; ///< each by itself
  std::span<const StepOption> options = {};          ///< by name; any may be left out
  /// What must hold among them and does not, as messages say it; empty where all does. Each by itself is right.
  std::string_view (*broken)(const Step &step) = breaksNothing;
  std::int64_t (*growth)(const Step &step) = givesOne; ///< how many values each becomes
  /// The texts of a record, joined by a space, become all values of the field's one dimension.
  bool gathers = false;
  bool isOfImages = false; ///< it gathers one cell to three dimensions: height, width and channels
  bool (*givesFractions)(const Step &step) = givesNoFractions; ///< numbers that may be none where whole ones are taken
  /// What does it in a chain, for a step that has been checked.
  std::unique_ptr<Work> (*make)(const Place &place) = nullptr;

  /// The option of this name; null if there is none.
  const StepOption *option(std::string_view name) const;
  std::vector<std::string> optionNames() const;
};

/// All of them, in the order of the manual.
std::span<const StepInfo *const> steps();

/// Null if there is none of this name.
const StepInfo *stepNamed(std::string_view name);
std::vector<std::string> stepNames();

/// What is wrong with a step by itself: its name (E0750) or what it is given (E0751).
Fault faultOf(const Step &step);

/// What is wrong with a field and its steps together: a step by itself, a step that does not take what the one before it gives, or a type
/// that cannot hold what the last one gives (E0752), or numbers of values or classes that are not the field's (E0753).
Fault faultOf(const Field &field);

/// What of a field's declaration decides what it learns: its type and its steps, as the language writes them.
std::string chainText(const Field &field);

/// A value as the language writes it: `"mean"`, `0.5`, `true`.
std::string textOf(const StepValue &value);

} // namespace talweg::prepare

#endif
