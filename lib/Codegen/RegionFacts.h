// What a profile says about a group of ops that run as one: its kind, its shape, its work and its traffic.
#ifndef TALWEG_LIB_CODEGEN_REGIONFACTS_H
#define TALWEG_LIB_CODEGEN_REGIONFACTS_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Operation.h"

namespace talweg {

/// The facts of `ops`, in their order: linalg ops on memrefs of static shape, copies, loops over such. The members:
///   kind        product, convolution, elementwise, reduction, fill, copy, gather, loop
///   what        shape and ops, for people: "128x1024x784, then 3 ops"
///   file, line, column  of the source; "", 0, 0 if the location tells none
///   part        the name of the location, such as `backward`; "" without one
///   then        likewise of the ops in a contraction's epilogue
///   flops       two for each multiply-add of contractions
///   read, written  bytes of the buffers that come in and go out, each counted once; what one op writes and the next reads
///               in the same region is not read
mlir::DictionaryAttr describeRegion(llvm::ArrayRef<mlir::Operation *> ops);

} // namespace talweg

#endif
