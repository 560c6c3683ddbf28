// What a profile says about a group of ops that run as one.
#ifndef TALWEG_CODEGEN_REGIONS_H
#define TALWEG_CODEGEN_REGIONS_H

#include "talweg/Codegen/Target.h"

#include "mlir/IR/Location.h"
#include "mlir/Pass/Pass.h"

#include <optional>
#include <string>
#include <vector>

namespace talweg {

struct CodeRegion {
  std::string kind; ///< product, convolution, elementwise, reduction, fill, copy, gather, scatter, coalesce, put, loop
  std::string what; ///< shape and ops, for people: "128x1024x784, then 3 ops"
  mlir::Location loc;                          ///< of the op that stands for it
  std::optional<mlir::Location> epilogue = {}; ///< of the last op in its epilogue, if it has one
  std::int64_t flops = 0;                      ///< two for each multiply-add of products
  /// Bytes of the buffers that come in and go out, each counted once; what one op writes and the next reads in the same region is not
  /// read.
  std::int64_t bytesRead = 0, bytesWritten = 0;
  std::string plan = {};  ///< of its product, if it has one: by this it is tuned
  std::int64_t plans = 0; ///< how many plans are close for it, this one too
  double estimatedNs = 0; ///< on one thread of the machine that plans are ranked for
  /// How often threads start, and how many pieces there are for them to share; without a start one thread does all.
  std::int64_t forks = 0, pieces = 0;
};

/// talweg-mark-regions; `regions` is then what it has marked, in the order of their numbers.
std::unique_ptr<mlir::Pass> createMarkRegions(std::vector<CodeRegion> &regions, const Target &target);
/// talweg-count-forks; sets CodeRegion::forks of each, and pieces where they have been open.
std::unique_ptr<mlir::Pass> createCountForks(std::vector<CodeRegion> &regions);

} // namespace talweg

#endif
