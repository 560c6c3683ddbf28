// The rows that steps are timed on.
#ifndef TALWEG_TOOL_ROWS_H
#define TALWEG_TOOL_ROWS_H

#include "Experiment.h"

namespace talweg::driver {

/// --threads, --memory, --unroll, --seed, --data and --generated.
void declareRowsToTime(Command &command, Experiment &experiment, bool &generated);

/// The split `train`; rows from the seed where they are `generated`, which becomes so where the split's files are not there. Data named on the command line
/// must be there.
Result<Dataset> rowsToTime(const Experiment &experiment, const Program &program, bool &generated);

} // namespace talweg::driver

#endif
