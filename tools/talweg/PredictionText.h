// What `talweg predict` writes of each row: keys, the prediction, the truth, as CSV, JSONL or NPY.
#ifndef TALWEG_TOOL_PREDICTIONTEXT_H
#define TALWEG_TOOL_PREDICTIONTEXT_H

#include "talweg/Engine/Engine.h"

#include <string>
#include <vector>

namespace talweg::driver {

enum class TableFormat { Csv, Jsonl, Npy };

/// One output of the model: scores of the classes of a field, or numbers.
struct PredictedOutput {
  std::string name;                ///< of its columns
  std::vector<std::int64_t> shape; ///< of a row
  std::string field;               ///< which is predicted; empty: that is not known
  std::int64_t classes = 0;        ///< of the field, of which the output has scores; 0: it has numbers
  std::vector<std::string> names;  ///< of the classes; empty: their numbers
  std::string ofScores;            ///< what their columns begin with

  std::int64_t count() const { return countOf(shape); }
  std::int64_t labels() const { return classes ? count() / classes : count(); }
  bool isOfSeveral() const { return shape.size() > (classes ? 1 : 0); }
};

/// Of each row its keys; of each output the class whose score is the greatest, its truth, the scores or probabilities of all; or its numbers and their
/// truth.
class PredictionText {
public:
  struct Options {
    TableFormat format = TableFormat::Csv;
    std::vector<std::string> keys = {};
    bool probabilities = false, truth = false;
  };

  /// For a session of prediction. An error where the output is not what the options need.
  static Result<PredictionText> create(const Session &session, Options options);

  /// What must be read of the data beside what prediction reads.
  PredictOptions wanted() const;
  /// What stands in front of the rows, of which there are so many.
  std::string head(std::int64_t rows) const;
  /// The rows of a part of the prediction for `data`.
  std::string rows(const Prediction &part, const Dataset &data) const;

private:
  explicit PredictionText(Options options) : options(std::move(options)) {}
  std::vector<std::string> columns() const;
  std::string csvRow(const std::vector<std::string> &keys, const double *values,
                     const std::vector<const double *> &truths) const;
  std::string jsonRow(const std::vector<std::string> &keys, const double *values,
                      const std::vector<const double *> &truths) const;

  Options options;
  ElementType computedIn = ElementType::F32;
  std::vector<std::int64_t> shape; ///< of what a row has in all
  std::vector<PredictedOutput> outputs;
};

} // namespace talweg::driver

#endif
