// What steps give is what an independent program says, Inputs/golden.py.
#include "Prepared.h"
#include "SourceDir.h"

#include <nlohmann/json.hpp>

#include <deque>
#include <fstream>

namespace talweg::prepare {

using nlohmann::json;

static StepValue valueOf(const json &value) {
  if (value.is_boolean())
    return value.get<bool>();
  if (value.is_number_integer())
    return value.get<std::int64_t>();
  if (value.is_number())
    return value.get<double>();
  return value.get<std::string>();
}

static Field fieldOf(const json &of) {
  std::vector<Step> steps;
  for (const json &said : of["steps"]) {
    Step &step = steps.emplace_back(Step{said["name"]});
    for (const json &value : said["values"])
      step.values.push_back(valueOf(value));
    for (const auto &[name, value] : said["named"].items())
      step.named[name] = valueOf(value);
  }
  const std::vector<std::int64_t> shape = of["shape"];
  return of["type"] == "category" ? category(shape, steps) : f64(shape, steps);
}

TEST(Golden, values_are_given) {
  std::ifstream file(std::string(sourceDir) + "/unittests/Prepare/Inputs/golden.json");
  const json cases = json::parse(file);
  ASSERT_GT(cases.size(), 20u);
  for (const json &of : cases) {
    SCOPED_TRACE(of["steps"].dump());
    Rows rows;
    std::deque<std::string> kept;
    for (const json &row : of["rows"]) {
      Cells &cells = rows.emplace_back();
      for (const json &cell : row)
        cells.push_back(cell.is_string()   ? text(kept.emplace_back(cell.get<std::string>()))
                        : cell.is_number() ? number(cell.get<double>())
                                           : none);
    }
    const Field field = fieldOf(of);
    const Preparation preparation = learned(field, rows);
    for (std::size_t row = 0; row < rows.size() && !testing::Test::HasFailure(); ++row) {
      SCOPED_TRACE(of["rows"][row].dump());
      expectNear(valuesOf(preparation, field, rows[row]), of["expected"][row].get<Numbers>(), of["tolerance"]);
    }
  }
}

} // namespace talweg::prepare
