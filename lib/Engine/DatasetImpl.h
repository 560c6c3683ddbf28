// What a Dataset holds.
#ifndef TALWEG_ENGINE_DATASETIMPL_H
#define TALWEG_ENGINE_DATASETIMPL_H

#include "talweg/Data/Load.h"
#include "talweg/Engine/Engine.h"

#include <mutex>

namespace talweg {

struct Dataset::Impl {
  data::Table table; ///< one column for each field of the program, in their order; of fields not `wanted`, empty ones
  std::vector<std::string> files; ///< what it was read from
  data::RowSelection rows;        ///< and which of its rows
  mutable std::once_flag digested;
  mutable std::string digest; ///< Dataset::digest, once one of the two has been asked for
  mutable std::vector<std::pair<std::string, std::string>> fieldDigests;

  /// Makes both.
  void digestOnce() const;
  /// An error, E0845, unless the columns are those of the program's fields: generated code reads what its own fields say.
  Result<void> checkFields(const Program &program) const;
};

} // namespace talweg

#endif
