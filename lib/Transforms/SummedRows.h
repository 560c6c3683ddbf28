// Which rows of a table the parts of a step have added to. Private to Transforms.
#ifndef TALWEG_LIB_TRANSFORMS_SUMMEDROWS_H
#define TALWEG_LIB_TRANSFORMS_SUMMEDROWS_H

#include "talweg/Dialect/Train/Train.h"

#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace talweg {

/// Some rows of a table and what belongs to each: those that are R, the number of its rows, are none.
struct TableRows {
  mlir::Value named, values; ///< [P] and [P, W..]
};

/// The sum of a table's gradients, whose memory is the table's shape, and the list of the rows that are not zero: a part adds to its own rows
/// and lists those that are not listed yet, the finish takes what is listed, and neither touches another row.
class SummedRows {
public:
  /// Nothing where the program keeps no list for this table.
  static std::optional<SummedRows> of(train::ProgramOp program, train::VariableOp table);

  /// In a part: adds rows that are different, but for those that are none. `before` is what the sum has been.
  void add(mlir::ImplicitLocOpBuilder b, TableRows rows, mlir::Value before) const;
  /// In the finish: the rows of all parts, at most so many, and leaves no sums; `all` is what the sum has been. More are a fault.
  TableRows take(mlir::ImplicitLocOpBuilder b, mlir::Value all, std::int64_t most) const;
  /// The sum is of all rows: no list of this step is complete, and to take it is a fault.
  void giveUp(mlir::ImplicitLocOpBuilder b) const;

private:
  explicit SummedRows(train::VariableOp table);

  std::string table, sum, listed, number, isListed; ///< variables
  std::int64_t count;                               ///< rows of the table
};

} // namespace talweg

#endif
