// Describes a group of ops that run as one: its kind, its shape, its work and its traffic.
#ifndef TALWEG_LIB_CODEGEN_REGIONFACTS_H
#define TALWEG_LIB_CODEGEN_REGIONFACTS_H

#include "talweg/Codegen/Regions.h"
#include "talweg/Dialect/Kernel/Kernel.h"

#include "mlir/IR/Operation.h"

namespace talweg {

/// Of `ops`, in their order: linalg ops on memrefs of static shape, copies, loops over such.
CodeRegion describeRegion(llvm::ArrayRef<mlir::Operation *> ops, const Target &target);

/// The loops of a product by what they move over: batch (all three), rows, columns, summed.
std::string productShape(kernel::ProductOp op);

} // namespace talweg

#endif
