// The order of the loops around the tiles of a product, and what threads share of them.
#ifndef TALWEG_LIB_CODEGEN_PRODUCTNEST_H
#define TALWEG_LIB_CODEGEN_PRODUCTNEST_H

#include "talweg/Codegen/Machine.h"
#include "talweg/Dialect/Kernel/ProductPlan.h"

#include <vector>

namespace talweg {

/// Chooses plan.nest, rowBlock, shared and fork: of the orders that there are, the one whose tiles wait least for memory by an estimate. Results do not
/// depend on it.
void chooseNest(kernel::ProductPlan &plan, std::int64_t elementBytes, const Machine &machine);

/// The plans that a clock may find faster than the first, this one too: at least one, and four at most.
std::int64_t closeNests(kernel::ProductPlan plan, std::int64_t elementBytes, const Machine &machine);

/// Every plan that chooseNest considers: all orders, without blocks of rows and with each size of them, and of each all that threads may share.
std::vector<kernel::ProductPlan> allNests(kernel::ProductPlan plan, std::int64_t elementBytes, const Machine &machine);

/// A plan but for what chooseNest decides of it, and whatever its epilogue is: by this text it is known which rank was fastest.
std::string keyOf(const kernel::ProductPlan &plan, std::int64_t elementBytes);

/// The bytes that cross into a cache of so many while a product is computed as `plan` says: each operand's. A level whose turns touch more than
/// the cache holds reads anew in each turn what the turns have in common.
struct NestTraffic {
  double a = 0, b = 0, c = 0; ///< c is read and written

  double all() const { return a + b + c; }
  static NestTraffic of(const kernel::ProductPlan &plan, std::int64_t elementBytes, double cacheBytes);
};

/// The nanoseconds by which multiply-adds wait for memory, by the traffic into each cache.
double waitingNs(const kernel::ProductPlan &plan, std::int64_t elementBytes, const Machine &machine);

} // namespace talweg

#endif
