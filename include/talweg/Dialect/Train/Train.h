// The training dialect's C++ face.
#ifndef TALWEG_DIALECT_TRAIN_TRAIN_H
#define TALWEG_DIALECT_TRAIN_TRAIN_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/RegionKindInterface.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "talweg/Support/Manifest.h"

namespace talweg {
/// What of gradients is limited: the norm of several together, or each number.
enum class Limit : std::uint8_t { Norm, Value };
inline constexpr std::string_view kLimitNames[] = {"norm", "value"};
constexpr std::string_view nameOf(Limit limit) { return kLimitNames[std::size_t(limit)]; }

/// What of parameters a norm is of: their gradients, their values when the step began, or what the step has added to these.
enum class Measured : std::uint8_t { Gradient, Parameter, Update };
inline constexpr std::string_view kMeasuredNames[] = {"gradient", "parameter", "update"};
constexpr std::string_view nameOf(Measured measured) { return kMeasuredNames[std::size_t(measured)]; }
} // namespace talweg

#include "talweg/Dialect/Train/TrainDialect.h.inc"

#define GET_ATTRDEF_CLASSES
#include "talweg/Dialect/Train/TrainAttributes.h.inc"

#define GET_OP_CLASSES
#include "talweg/Dialect/Train/Train.h.inc"

namespace talweg::train {

/// Behind a parameter's name: the variable in which its gradients of the parts of a step are summed.
inline constexpr char kGradientSum[] = ".gradient_sum";
/// Beside it, of a table of R rows that is looked up: which rows have been added to, each once; how many these are; for each row, whether it is
/// one of them. Whole numbers [R], [] and [R].
inline constexpr char kSummedRows[] = ".summed_rows", kSummedCount[] = ".summed_count", kIsSummed[] = ".is_summed";

/// `loc` in a part of a step; of an update, that of `variable`.
mlir::Location inPart(mlir::Location loc, Part part, mlir::FlatSymbolRefAttr variable = {});
/// The outermost part that a location tells; null: none.
PartAttr partOf(mlir::Location loc);

/// The sum of squares of `x`, which is of the shape of `variable`, in f64; of a stack that of each member, in its leading dimensions.
mlir::Value sumsOfSquares(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value x, VariableOp variable);

/// The numbers that a step tells, in the order of their columns: losses, metrics, reports, tables.
llvm::SmallVector<ReportOp> toldBy(ObjectiveOp objective);

/// The variables that rows carry, in the order in which an objective takes their rows.
llvm::SmallVector<VariableOp> carriedBy(ProgramOp program);

/// Of each kind of step there is code of its own (talweg-train-to-loops): a program has so many different `every` at most.
inline constexpr std::size_t kMostSkips = 3;
/// The different `every` of a program's losses, ascending.
llvm::SmallVector<std::int64_t> skipsOf(ObjectiveOp objective);

} // namespace talweg::train

#endif
