// Operations as those know them who write models. Private to Transforms.
#ifndef TALWEG_LIB_TRANSFORMS_NUMBERWORDS_H
#define TALWEG_LIB_TRANSFORMS_NUMBERWORDS_H

#include "mlir/IR/Operation.h"

#include <string>

namespace talweg {

/// `log`, `divide`, `sum of products`.
std::string wordsFor(mlir::Operation *op);

} // namespace talweg

#endif
