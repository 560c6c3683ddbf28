// What is done to the cells of a field before its values are stored, as a model file says it:
//   column("age") |> filled("median") |> standardized
// Plain values: a part of a field (Support/Manifest.h). What each step does is in Prepare/Steps.h.
#ifndef TALWEG_SUPPORT_STEP_H
#define TALWEG_SUPPORT_STEP_H

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace talweg {

using StepValue = std::variant<bool, std::int64_t, double, std::string>;

struct Step {
  std::string name;
  std::vector<StepValue> values = {};          ///< given by position
  std::map<std::string, StepValue> named = {}; ///< and by name
  bool operator==(const Step &) const = default;
};

/// Of which rows of the file a field of a record consists: of those from `begin` to before `end`, counted from the record's own row.
/// Every `stride`-th row is a record's own.
struct RowWindow {
  std::int64_t begin = 0, end = 1, stride = 1;
  std::string by =
      {}; ///< the column that has one value in all rows of a window, and of its record's others; empty: none
  std::int64_t size() const { return end - begin; }
  bool operator==(const RowWindow &) const = default;
};

/// What a step has learned from the rows of the training split.
struct LearnedStep {
  std::vector<double> numbers = {};    ///< means and deviations, quantiles, …, in the step's own order
  std::vector<std::string> words = {}; ///< a vocabulary, in the order of its classes
  std::string model = {};              ///< the bytes of a tokenizer's own model
  bool operator==(const LearnedStep &) const = default;
};

/// What the steps of a field have learned: one for each step.
struct LearnedField {
  std::string field;
  std::string chain; ///< what it has learned in, as the language writes it (Prepare/Steps.h, chainText)
  std::vector<LearnedStep> steps;
  bool operator==(const LearnedField &) const = default;
};

} // namespace talweg

#endif
