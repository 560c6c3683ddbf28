// The kernel dialect's C++ face.
#ifndef TALWEG_DIALECT_KERNEL_KERNEL_H
#define TALWEG_DIALECT_KERNEL_KERNEL_H

#include "talweg/Dialect/Kernel/NestPlan.h"
#include "talweg/Dialect/Kernel/ProductPlan.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/IndexingMapOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace talweg::kernel {
// What the interfaces of MLIR say without its namespace.
using llvm::SmallVector;
using mlir::AffineMap;
using mlir::ArrayAttr;
using mlir::OpOperand;

// What is decided of a linalg.generic on memrefs:

/// The scalar that a reduction starts from: the content of what it reaches of its result in memory is of no account before. Set by talweg-bufferize on
/// each op that combines what it computes with its result.
inline constexpr llvm::StringLiteral kStart = "kernel.start";

/// Its #kernel.nest_plan. Set by talweg-plan-nests, obeyed by talweg-vectorize-generics.
inline constexpr llvm::StringLiteral kNest = "kernel.nest";

/// The number, in its block, of the ops that are done together, row by row, in the place of the last. Set and obeyed likewise.
inline constexpr llvm::StringLiteral kTogether = "kernel.together";

/// Of a kernel.product, array<i64: low, high, a move for each loop>: its band. The position of a point of the loops is the sum of its moves; terms at
/// positions outside [low, high] are zero, or only in sums that nothing reads, and need not be added. Set by talweg-find-bands, which knows masks.
inline constexpr llvm::StringLiteral kBand = "kernel.band";

// Of a linalg.fill on memrefs:

/// array<i64: first and count of each dimension>: a box of elements whose content is of no account behind the fill, for the op that it is made for
/// writes all of them. Only what lies around is filled. Set by talweg-bufferize, obeyed by talweg-vectorize-generics.
inline constexpr llvm::StringLiteral kAround = "kernel.around";

// Of loops:

/// That no turn of an scf.for reads what another writes: of a tw.scan that hands nothing on. Memory that is allocated outside is written at places of the
/// turn's own.
inline constexpr llvm::StringLiteral kIndependent = "kernel.independent";
/// How many threads share the turns; what is allocated in the body is there once for each. Set by talweg-share-turns on the scf.for, and by
/// talweg-lower-turns on the scf.parallel that it becomes.
inline constexpr llvm::StringLiteral kThreads = "kernel.threads";
inline int64_t threadsOf(mlir::Operation *op) {
  auto threads = op->getAttrOfType<mlir::IntegerAttr>(kThreads);
  return threads ? threads.getInt() : 1;
}

/// That the results of `op` have the types of what they are written to: on memrefs there is none.
mlir::LogicalResult verifyPlaces(mlir::Operation *op);
} // namespace talweg::kernel

#include "talweg/Dialect/Kernel/KernelDialect.h.inc"
#include "talweg/Dialect/Kernel/KernelInterfaces.h.inc"

#define GET_ATTRDEF_CLASSES
#include "talweg/Dialect/Kernel/KernelAttributes.h.inc"

#define GET_OP_CLASSES
#include "talweg/Dialect/Kernel/Kernel.h.inc"

#endif
