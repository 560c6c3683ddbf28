// Rows of a file, or from a seed.
#include "Rows.h"

#include "talweg/Engine/Bench.h"

#include <algorithm>

namespace talweg::driver {

void declareRowsToTime(Command &command, Experiment &experiment, bool &generated) {
  experiment.declareThreads(command);
  experiment.declareCode(command);
  experiment.declareSeed(command, "key of initial values and generated rows");
  experiment.declareData(command, "read the split `train` from another place; it must be there");
  command.flag(generated, "--generated", "generate the rows even if the file's data is there");
  command.exclusive("--data", "--generated");
}

Result<Dataset> rowsToTime(const Experiment &experiment, const Program &program, bool &generated) {
  constexpr std::int64_t kGeneratedBytes = 16 << 20, kGeneratedBatches = 32;
  if (!generated) {
    auto data = experiment.load(program, "train");
    // E0701: no such file; E0840: no such split.
    if (data || !experiment.data.empty() || (data.error().code != "E0701" && data.error().code != "E0840"))
      return data;
    generated = true;
  }
  std::int64_t batch = program.plan().batch;
  std::int64_t batches = std::clamp<std::int64_t>(
      kGeneratedBytes / (batch * std::max<std::int64_t>(rowBytes(program.manifest()), 1)), 1, kGeneratedBatches);
  return generatedRows(program, batch * batches, program.plan().seed);
}

} // namespace talweg::driver
