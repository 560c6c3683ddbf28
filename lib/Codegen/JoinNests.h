// Which neighbours are done together, row by row: a softmax reads its row once from memory and finds it in the cache from then on.
#ifndef TALWEG_LIB_CODEGEN_JOINNESTS_H
#define TALWEG_LIB_CODEGEN_JOINNESTS_H

#include "NestLoops.h"

#include <vector>

namespace talweg {

struct Nest {
  mlir::linalg::GenericOp op;
  NestLoops loops;
  mlir::linalg::FillOp fill; ///< in front of a reduction, whose accumulators start from its value
};

/// Neighbours that cut the memory they share into the same rows; rows are 0 where an op is by itself.
struct JoinedNests {
  std::vector<Nest> nests;
  std::int64_t rows = 0;
};

/// All linalg.generic of a block, in order. Fails, with an error, on a reduction that is not from a filled value.
mlir::FailureOr<std::vector<JoinedNests>> joinNests(mlir::Block &block, std::int64_t vectorBits);

} // namespace talweg

#endif
