// What `talweg predict` writes of each row: keys, the prediction, the truth, as CSV, JSONL or NPY.
#ifndef TALWEG_TOOL_PREDICTIONTEXT_H
#define TALWEG_TOOL_PREDICTIONTEXT_H

#include "talweg/Engine/Engine.h"

#include <string>
#include <vector>

namespace talweg::driver {

enum class TableFormat { Csv, Jsonl, Npy };

/// Of each row its keys; the class whose score is the greatest, its truth, the scores or probabilities of all; or the numbers of the output
/// and their truth.
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
  std::string classText(std::int64_t label) const;
  std::string truthText(double value) const;
  std::string csvRow(const std::vector<std::string> &keys, const double *values, const double *truth) const;
  std::string jsonRow(const std::vector<std::string> &keys, const double *values, const double *truth) const;

  Options options;
  ElementType computedIn = ElementType::F32;
  std::vector<std::int64_t> shape; ///< of a row's output
  std::string field;               ///< which is predicted; empty: that is not known
  std::int64_t classes = 0;        ///< of the field, of which the output has scores; 0: it has numbers
  std::vector<std::string> names;  ///< of the classes; empty: their numbers
};

} // namespace talweg::driver

#endif
