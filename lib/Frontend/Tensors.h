// Tensors in the module: their types, constants and conversions, and operands brought to one element type and one shape (nothing
// broadcasts but scalars). Knows values and messages; nothing of the tree, but for the texts of operands in messages.
#ifndef TALWEG_LIB_FRONTEND_TENSORS_H
#define TALWEG_LIB_FRONTEND_TENSORS_H

#include "Messages.h"

#include "talweg/Support/ElementType.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"

namespace talweg::frontend {

struct Formula;

/// Operands brought to one shape, and perhaps to one element type.
struct Aligned {
  std::vector<IndexVar *> vars;
  Dims dims;
  bool weak = false, unranked = false;
  mlir::Type element;
};

struct Operand {
  const Value *value;
  const ast::Expr *expr; ///< for the message; may be null
};

/// The number as an element of this type, which is computed with.
mlir::Attribute elementFor(mlir::OpBuilder &builder, Number number, mlir::Type element);

mlir::RankedTensorType tensorType(const std::vector<IndexVar *> &vars, const Dims &dims, mlir::Type element);
bool sameSizes(const Dims &a, const Dims &b);
/// Says on what makes `value` along which of its dimensions (index variables, then dims) there is something for each row of the batch
/// (Dialect/Tw/Rows.h).
void markRows(mlir::Value value, const std::vector<IndexVar *> &vars, const Dims &dims);

/// Is it in the body of a scan?
bool isInScan(const mlir::OpBuilder &builder);
/// What all turns share stands in front of the scan that the builder is in.
void leaveScans(mlir::OpBuilder &builder);

class TensorBuilder {
public:
  TensorBuilder(mlir::OpBuilder &builder, Messages &messages, const Scopes &scopes)
      : builder(builder), messages(messages), scopes(scopes) {}

  //--- element types and numbers
  mlir::Type floatType() const;
  /// What is computed with where elements of this type are stored.
  mlir::Type computedType(mlir::Type stored) const;
  /// What a variable that is declared so is stored in.
  mlir::Type storedType(ElementType declared) const;
  /// What a number computed with `tensor` in floating point is: f64 as long as it is weak.
  mlir::Type floatTypeFor(const Tensor &tensor) const;
  /// Is it a finite number also as the program's f32?
  bool isFinite(double value) const;
  /// `what` is a finite number, and cannot be what `instead` says.
  void failNotFinite(Code code, ast::Range range, const std::string &what, const std::string &instead);

  //--- tensors
  /// False (reported): the tensor would be too large or a size is negative.
  bool checkSize(const std::vector<IndexVar *> &vars, const Dims &dims, ast::Range range);
  /// Can operations at the present place use `value`?
  bool isVisible(mlir::Value value) const;
  mlir::Value constant(Number number, mlir::Type type, ast::Range range);
  mlir::Value convert(mlir::Value value, mlir::Type element, ast::Range range);
  Tensor converted(const Tensor &tensor, mlir::Type element, ast::Range range);
  mlir::Value spread(const Tensor &tensor, const std::vector<IndexVar *> &vars, const Dims &dims, bool unranked,
                     ast::Range range);
  /// A number or hyper as a tensor (weak); tensors unchanged.
  Value asTensor(const Value &value, ast::Range range);

  //--- operands
  /// One shape for operands of `what`. Nothing: they have none (reported).
  std::optional<Aligned> unite(llvm::ArrayRef<Operand> operands, const std::string &what, ast::Range range);
  /// One element type for operands that are numbers, of floating point if `toFloat`. Null: they have none (reported).
  mlir::Type promote(llvm::ArrayRef<Operand> operands, const Aligned &shape, bool toFloat, ast::Range range);
  /// Both.
  std::optional<Aligned> align(llvm::ArrayRef<Operand> operands, const std::string &what, bool toFloat,
                               ast::Range range);
  mlir::Value materialise(const Value &value, mlir::Type element, const Aligned &shape, ast::Range range);

  Failure fail(Code code, ast::Range range, std::string message) {
    return messages.fail(code, range, std::move(message));
  }
  std::string describe(const Value &value) const { return messages.describe(value); }
  std::string_view text(ast::Range range) const { return messages.text(range); }
  mlir::Location location(ast::Range range) const { return messages.location(range); }

  mlir::OpBuilder &builder;

private:
  Tensor readHyper(const Value &hyper, ast::Range range);
  Tensor computeFormula(const Number &number, ast::Range range);
  mlir::Value create(const Formula &formula, mlir::Location loc);
  mlir::Value createCount(const Number &number, mlir::Location loc);
  /// Is it a number of the objective that is another one where the batch is?
  bool isOfRows(const Number &number) const {
    return number.dependsOnBatch() && scopes.body() && scopes.body()->isObjective();
  }
  void failToUnite(const Operand &left, const Operand &right, const std::string &what, ast::Range range);

  Messages &messages;
  const Scopes &scopes;
};

/// A result with the shape of `shape`.
Value wrap(mlir::Value ssa, const Aligned &shape);

} // namespace talweg::frontend

#endif
