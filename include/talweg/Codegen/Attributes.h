// The names of the attributes that passes leave on ops for later passes, and what holds of each: who sets it, who reads it, what goes in
// between. Nothing else travels by name but what the kernel dialect verifies (Dialect/Kernel/Kernel.h).
#ifndef TALWEG_CODEGEN_ATTRIBUTES_H
#define TALWEG_CODEGEN_ATTRIBUTES_H

#include "llvm/ADT/StringRef.h"

namespace talweg::attributes {

/// On a sum of all elements of a product's result: it is the first that reads them, and is computed tile by tile in the registers of the
/// product, the tiles added up in their order. Set by talweg-schedule, so that no later pass decides the order; read by
/// talweg-plan-products.
inline constexpr llvm::StringLiteral kInTiles = "talweg.in_tiles";

/// On an arith.divf of the body of a linalg op: it is the last op of 1 / (1 + exp(-x)). Set where tw.logistic is lowered, read by
/// talweg-approximate-math as soon as bodies are on vectors: its operands are still in front of it, none in another function.
inline constexpr llvm::StringLiteral kLogistic = "talweg.logistic";

/// On a linalg op whose body draws random numbers: the number of their stream. Ops that differ in what their bodies capture alone
/// would have one hash: among many of them, CSE would compare each with all others.
inline constexpr llvm::StringLiteral kStream = "talweg.stream";

/// On an op of the math dialect: it stays a call of the C library. Set and read by talweg-approximate-math.
inline constexpr llvm::StringLiteral kCalled = "talweg.called";

/// On a function: the bytes that talweg-rematerialize reckons its arena at, and, if it could not keep within its limit, that this is
/// as little as was found. Read by tests.
inline constexpr llvm::StringLiteral kEstimatedBytes = "talweg.estimated_bytes", kLeastMemory = "talweg.least_memory";

/// On a function: the most bytes of its arena alive at once, the lower bound of its size. Set by talweg-plan-memory, read by tests.
inline constexpr llvm::StringLiteral kLiveBytes = "talweg.live_bytes";

/// On a memref.global: the columns of the panels that it lies in, 0 for rows, as another module of the program has it. Set by
/// talweg-train-to-loops, read by talweg-choose-layouts, which then chooses nothing.
inline constexpr llvm::StringLiteral kBlock = "talweg.block";
/// On a memref.global: it is a stack of members, each with all but so many dimensions. Set by talweg-train-to-loops.
inline constexpr llvm::StringLiteral kOuter = "talweg.outer";

} // namespace talweg::attributes

#endif
