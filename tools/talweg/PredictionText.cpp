// See PredictionText.h.
#include "PredictionText.h"
#include "Console.h"
#include "KnownRun.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace talweg::driver {

//===-- what is predicted ------------------------------------------------------------------------------------------===//

/// Whether an output of this shape has a score for each class of each of the field's labels.
static bool scores(const Field &field, std::vector<std::int64_t> shape) {
  if (!field.classes || shape.empty() || shape.back() != *field.classes)
    return false;
  shape.pop_back();
  return field.shape == shape;
}

/// The field that an output of this shape is a prediction of: the first of whose classes it has scores, rather one that is not read; or the one
/// that is not read and has numbers of this shape. Null: there is none. `others`: outputs in front, whose fields are not meant.
static const Field *predictedField(const Manifest &manifest, const std::vector<std::int64_t> &shape,
                                   const std::vector<PredictedOutput> &others) {
  const Field *read = nullptr, *numbers = nullptr;
  int candidates = 0;
  for (std::size_t f = 0; f < manifest.fields.size(); ++f) {
    const Field &field = manifest.fields[f];
    if (std::ranges::any_of(others, [&](const PredictedOutput &other) { return other.field == field.name; }))
      continue;
    const bool isScored = scores(field, shape);
    if (isScored && !manifest.uses[f].read)
      return &field;
    if (isScored && !read)
      read = &field;
    if (!field.classes && field.shape == shape && !manifest.uses[f].read) {
      numbers = &field;
      ++candidates;
    }
  }
  return read ? read : candidates == 1 ? numbers : nullptr;
}

/// The one output that a model has, or one of several, which is called as the field that it predicts.
static PredictedOutput outputOf(const Session &session, const std::vector<std::int64_t> &shape,
                                const std::vector<PredictedOutput> &others, bool isOne, bool probabilities) {
  PredictedOutput output;
  output.shape = shape;
  const char *scored = probabilities ? "p" : "score";
  const Field *field = predictedField(session.facts().manifest, shape, others);
  if (field) {
    output.field = field->name;
    output.classes = field->classes.value_or(0);
    output.names = session.program().classNames(field->name);
  }
  if (isOne)
    output.name = output.classes ? output.field : "output";
  else
    output.name = field ? output.field : fmt::format("output{}", others.size());
  output.ofScores = isOne ? scored : fmt::format("{}_{}", output.name, scored);
  return output;
}

Result<PredictionText> PredictionText::create(const Session &session, Options options) {
  const Manifest &manifest = session.facts().manifest;
  PredictionText text(std::move(options));
  text.computedIn = manifest.outputType;
  text.shape.assign(manifest.outputShape.begin() + 1, manifest.outputShape.end());
  const auto shapes = manifest.outputs.empty() ? std::vector<std::vector<std::int64_t>>{text.shape} : manifest.outputs;
  for (const std::vector<std::int64_t> &shape : shapes)
    text.outputs.push_back(outputOf(session, shape, text.outputs, shapes.size() == 1, text.options.probabilities));
  const auto any = [&](auto what) { return std::ranges::any_of(text.outputs, what); };
  if (text.options.probabilities && !any([](const PredictedOutput &output) { return output.classes > 0; }))
    return makeError("--probabilities: the outputs are not scores of the classes of a field",
                     "a model that predicts a class has a score for each of them");
  if (text.options.truth && !any([](const PredictedOutput &output) { return !output.field.empty(); }))
    return makeError("--truth: which field is predicted is not known",
                     "it is one that prediction does not read, of the output's shape");
  const std::vector<std::string> columns = text.columns();
  for (const std::string &key : text.options.keys)
    if (std::count(columns.begin(), columns.end(), key) > 1)
      return makeError(fmt::format("--keys: there would be two columns `{}`", key));
  return text;
}

PredictOptions PredictionText::wanted() const {
  PredictOptions wanted{.keys = options.keys};
  for (const PredictedOutput &output : outputs)
    if (options.truth && !output.field.empty())
      wanted.fields.push_back(output.field);
  return wanted;
}

//===-- text -------------------------------------------------------------------------------------------------------===//

static std::string classText(const PredictedOutput &output, std::int64_t label) {
  return output.names.empty() ? fmt::format("{}", label) : output.names[std::size_t(label)];
}

static std::string numberText(double value, ElementType type) {
  value = plainNan(value);
  return type == ElementType::F64 ? fmt::format("{}", value) : fmt::format("{}", float(value));
}

static std::string jsonNumber(double value, ElementType type) {
  return std::isfinite(value) ? numberText(value, type) : "null";
}

static std::string jsonText(const std::string &text) {
  return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

static std::string csvCell(const std::string &text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos && text.find_first_of(" \t") != 0 &&
      (text.empty() || (text.back() != ' ' && text.back() != '\t')))
    return text;
  std::string quoted = "\"";
  for (char c : text)
    quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

/// Scores as probabilities.
static void softmax(double *values, std::int64_t count) {
  const double greatest = *std::max_element(values, values + count);
  double sum = 0;
  for (std::int64_t i = 0; i < count; ++i)
    sum += values[i] = std::exp(values[i] - greatest);
  for (std::int64_t i = 0; i < count; ++i)
    values[i] /= sum;
}

/// `name`, or `name_0`, `name_1`, … where there are several.
static void addColumns(std::vector<std::string> &columns, const std::string &name, bool several, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i)
    columns.push_back(several ? fmt::format("{}_{}", name, i) : name);
}

std::vector<std::string> PredictionText::columns() const {
  std::vector<std::string> columns = options.keys;
  for (const PredictedOutput &output : outputs) {
    const bool several = output.isOfSeveral();
    addColumns(columns, output.name, several, output.labels());
    if (options.truth && !output.field.empty())
      addColumns(columns, output.field + "_true", several, output.labels());
    for (std::int64_t i = 0; i < output.labels() && output.classes; ++i)
      for (std::int64_t c = 0; c < output.classes; ++c)
        columns.push_back(
            fmt::format("{}{}({})", output.ofScores, several ? fmt::format("_{}", i) : "", classText(output, c)));
  }
  return columns;
}

/// The header of version 1.0 of the format.
static std::string npyHead(std::int64_t rows, const std::vector<std::int64_t> &shape, ElementType type) {
  std::string head = fmt::format("{{'descr': '<f{}', 'fortran_order': False, 'shape': ({},{}), }}", sizeOf(type), rows,
                                 fmt::join(shape, ", "));
  if (!shape.empty())
    head.insert(head.find(',', head.find("'shape'")) + 1, " ");
  head.resize((10 + head.size() + 1 + 63) / 64 * 64 - 10, ' ');
  head.back() = '\n';
  const auto size = std::uint16_t(head.size());
  return std::string("\x93NUMPY\x01\x00", 8) + char(size & 255) + char(size >> 8) + head;
}

std::string PredictionText::head(std::int64_t rows) const {
  if (options.format == TableFormat::Npy)
    return npyHead(rows, shape, computedIn);
  if (options.format == TableFormat::Jsonl)
    return "";
  std::vector<std::string> cells;
  for (const std::string &column : columns())
    cells.push_back(csvCell(column));
  return fmt::format("{}\n", fmt::join(cells, ","));
}

static std::int64_t best(const double *scores, std::int64_t classes) {
  return std::max_element(scores, scores + classes) - scores;
}

std::string PredictionText::csvRow(const std::vector<std::string> &keys, const double *values,
                                   const std::vector<const double *> &truths) const {
  std::vector<std::string> cells;
  for (const std::string &key : keys)
    cells.push_back(csvCell(key));
  const auto addNumbers = [&](const double *numbers, std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i)
      cells.push_back(numberText(numbers[i], computedIn));
  };
  for (std::size_t o = 0; o < outputs.size(); values += outputs[o++].count()) {
    const PredictedOutput &output = outputs[o];
    const std::int64_t labels = output.labels();
    if (!output.classes) {
      addNumbers(values, labels);
      addNumbers(truths[o], truths[o] ? labels : 0);
      continue;
    }
    for (std::int64_t i = 0; i < labels; ++i)
      cells.push_back(csvCell(classText(output, best(values + i * output.classes, output.classes))));
    for (std::int64_t i = 0; i < labels && truths[o]; ++i)
      cells.push_back(csvCell(classText(output, std::int64_t(truths[o][i]))));
    addNumbers(values, output.count());
  }
  return fmt::format("{}\n", fmt::join(cells, ","));
}

/// Lists of lists, by the shape; `text` gives the innermost ones.
template <typename Text>
static std::string nested(const std::vector<std::int64_t> &shape, std::size_t depth, std::int64_t first,
                          const Text &text) {
  if (depth == shape.size())
    return text(first);
  std::vector<std::string> parts;
  for (std::int64_t i = 0; i < shape[depth]; ++i)
    parts.push_back(nested(shape, depth + 1, first * shape[depth] + i, text));
  return fmt::format("[{}]", fmt::join(parts, ","));
}

std::string PredictionText::jsonRow(const std::vector<std::string> &keys, const double *values,
                                    const std::vector<const double *> &truths) const {
  std::vector<std::string> members;
  auto add = [&](const std::string &name, const std::string &value) {
    members.push_back(fmt::format("{}:{}", jsonText(name), value));
  };
  for (std::size_t k = 0; k < keys.size(); ++k)
    add(options.keys[k], jsonText(keys[k]));
  for (std::size_t o = 0; o < outputs.size(); values += outputs[o++].count()) {
    const PredictedOutput &output = outputs[o];
    const double *truth = truths[o];
    auto numbers = [&](const double *from) {
      return nested(output.shape, 0, 0, [&](std::int64_t i) { return jsonNumber(from[i], computedIn); });
    };
    if (!output.classes) {
      add(output.name, numbers(values));
      if (truth)
        add(output.field + "_true", numbers(truth));
      continue;
    }
    const std::vector<std::int64_t> places(output.shape.begin(), output.shape.end() - 1);
    const std::int64_t classes = output.classes;
    auto label = [&](std::int64_t label) {
      return output.names.empty() ? classText(output, label) : jsonText(classText(output, label));
    };
    add(output.name, nested(places, 0, 0, [&](std::int64_t i) { return label(best(values + i * classes, classes)); }));
    if (truth)
      add(output.field + "_true", nested(places, 0, 0, [&](std::int64_t i) { return label(std::int64_t(truth[i])); }));
    const std::string of = outputs.size() > 1 ? output.name + "_" : "";
    add(of + (options.probabilities ? "probabilities" : "scores"), nested(places, 0, 0, [&](std::int64_t i) {
          std::vector<std::string> parts;
          for (std::int64_t c = 0; c < classes; ++c)
            parts.push_back(
                fmt::format("{}:{}", jsonText(classText(output, c)), jsonNumber(values[i * classes + c], computedIn)));
          return fmt::format("{{{}}}", fmt::join(parts, ","));
        }));
  }
  return fmt::format("{{{}}}\n", fmt::join(members, ","));
}

/// The scores of each row as probabilities, where outputs are scores.
static void makeProbabilities(std::vector<double> &values, const std::vector<PredictedOutput> &outputs) {
  for (std::size_t at = 0; at < values.size();)
    for (const PredictedOutput &output : outputs) {
      for (std::int64_t i = 0; i < output.count() && output.classes; i += output.classes)
        softmax(values.data() + at + i, output.classes);
      at += std::size_t(output.count());
    }
}

std::string PredictionText::rows(const Prediction &part, const Dataset &data) const {
  std::vector<double> values = part.values;
  std::vector<std::vector<double>> truths(outputs.size());
  if (options.probabilities)
    makeProbabilities(values, outputs);
  for (std::size_t o = 0; o < outputs.size(); ++o)
    if (options.truth && !outputs[o].field.empty())
      if (auto read = data.read(outputs[o].field, part.first, part.rows))
        truths[o] = std::move(*read);
  std::string text;
  if (options.format == TableFormat::Npy) {
    withStored(computedIn, [&](auto stored) {
      for (const double value : values) {
        const auto kept = decltype(stored)(value);
        text.append(reinterpret_cast<const char *>(&kept), sizeof kept);
      }
    });
    return text;
  }
  const std::int64_t count = countOf(shape);
  std::vector<const double *> rowTruths(outputs.size());
  for (std::int64_t row = 0; row < part.rows; ++row) {
    std::vector<std::string> keys;
    for (std::size_t k = 0; k < options.keys.size(); ++k)
      keys.push_back(data.key(k, part.first + row));
    for (std::size_t o = 0; o < outputs.size(); ++o)
      rowTruths[o] = truths[o].empty() ? nullptr : truths[o].data() + row * outputs[o].labels();
    text += options.format == TableFormat::Csv ? csvRow(keys, values.data() + row * count, rowTruths)
                                               : jsonRow(keys, values.data() + row * count, rowTruths);
  }
  return text;
}

} // namespace talweg::driver
