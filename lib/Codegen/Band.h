// What masks say of tensors: where elements can be other than zero.
#ifndef TALWEG_LIB_CODEGEN_BAND_H
#define TALWEG_LIB_CODEGEN_BAND_H

#include "talweg/Dialect/Kernel/Kernel.h"

#include <optional>

namespace talweg {

/// The points of a product's loops where the sum of `moves` is in [low, high]. Others add nothing that is read, as far as masks tell: a factor is zero
/// there, or what reads the sum is.
struct Band {
  std::int64_t low, high;
  llvm::SmallVector<std::int64_t> moves; ///< of each loop
};

std::optional<Band> bandOf(kernel::ProductOp product);

} // namespace talweg

#endif
