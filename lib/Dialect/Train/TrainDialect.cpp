// Registers the training dialect and its generated parts.
#include "talweg/Dialect/Train/Train.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"

using namespace mlir;
using namespace talweg::train;

#include "talweg/Dialect/Train/TrainDialect.cpp.inc"

#define GET_OP_CLASSES
#include "talweg/Dialect/Train/Train.cpp.inc"

void TrainDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "talweg/Dialect/Train/Train.cpp.inc"
      >();
}
