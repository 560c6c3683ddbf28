// Faults at run time, as errors for users.
#ifndef TALWEG_ENGINE_FAULT_H
#define TALWEG_ENGINE_FAULT_H

#include "DatasetImpl.h"

#include "talweg/Pipeline/Compiler.h"

namespace talweg {

/// What the control block says of a fault (Runtime/Abi.h), in the host's terms.
struct Fault {
  std::int64_t site = 0;            ///< its place in Manifest::faults
  std::optional<std::int64_t> row;  ///< of the data set, if the fault is one of a single row
  double value = 0;                 ///< what is told with it
  std::optional<std::int64_t> step; ///< the optimization step, from 1, if there are such
};

/// The model's line, the value and what is required of it; the row as its file counts; the step.
Error faultError(const Compiler &compiler, const Manifest &manifest, const Dataset &data, const Fault &fault);

/// Where a row comes from, numbered as Data.md says: from 0, a header not counted, rows that were not selected counted.
std::string rowText(const Dataset::Impl &data, std::int64_t row);

} // namespace talweg

#endif
