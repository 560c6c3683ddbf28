// Index notation: definitions `y[n, o] = …`, reductions `sum[k](…)`, accesses `x[n, i*stride + u]`.
//
// A statement is gone through twice. First every place where an index variable indexes something is collected, and the variables'
// ranges are solved for (IndexUses.cpp). Then the expression is evaluated with the ranges known (Indexing.cpp): an
// access is a tw.window, an index used as a value is a tw.iota, a reduction is a tw.reduce.
#ifndef TALWEG_LIB_FRONTEND_INDEXING_H
#define TALWEG_LIB_FRONTEND_INDEXING_H

#include "Scopes.h"

#include "llvm/ADT/MapVector.h"

#include <deque>

namespace talweg::frontend {

class Failure;
struct Walk;

Value evalIndexed(Walk &walk, const ast::Stmt &stmt, const ast::Type *result);
Value evalReduce(Walk &walk, const ast::Expr &expr);
Value evalAccess(Walk &walk, const ast::Expr &expr);
/// The values of the index variable itself.
Value evalIndex(Walk &walk, IndexVar *var, ast::Range range);

/// The innermost index name `name`; null: none.
IndexBinding *findIndex(const Frame &frame, const std::string &name);

//===-- between the passes -----------------------------------------------------------------------------------------===//

/// What is known about the index variables of one statement (or of one reduction that stands alone).
struct IndexStatement {
  std::map<const ast::Expr *, Value> known; ///< values already computed: bases of accesses, constant conditions
  llvm::MapVector<const ast::Expr *, IndexBindings> reductions; ///< in the order of the text
  IndexSolver solver;
  std::size_t outer = 0; ///< index names in scope before this statement
  bool broken = false;   ///< a place could not be understood (reported): ranges may be missing
  /// Accesses to values that themselves range over indices, with the names in scope there.
  std::deque<std::pair<const ast::Expr *, IndexBindings>> deferred;
};

/// A statement of index notation: what it puts into the frame goes with it.
class StatementScope {
public:
  StatementScope(Frame &frame, IndexStatement &statement) : names(frame), kept(frame.statement, &statement) {
    statement.outer = frame.indices.size();
  }

private:
  IndexScope names;
  llvm::SaveAndRestore<IndexStatement *> kept;
};

/// Introduces the names of `owner`'s index list: `i`, `i < size`, `..b`. Nothing: reported.
std::optional<IndexBindings> bindIndices(Walk &walk, const std::vector<ast::Index> &list, IndexStatement &statement,
                                         const char *owner);
/// Introduces the name of one index of such a list. False: reported.
bool bindIndex(Walk &walk, const ast::Index &index, IndexStatement &statement, IndexBindings &bindings,
               const char *owner);
/// Is it a name, perhaps with its range, or a rest?
bool introducesIndex(const ast::Index &index);
/// Introduces the names of the expression `expr` that stand for nothing yet.
void introduceNames(Walk &walk, const ast::Expr &expr, IndexBindings &bindings);
/// Does `expr`, which has no index variables, hold a name that is no value?
bool namesNothing(Walk &walk, const ast::Expr &expr);
Failure failUnresolved(Walk &walk, const IndexBinding &binding);
/// A rest index stands for `count` dimensions. False: it cannot (reported).
bool resolveRest(Walk &walk, IndexBinding &binding, std::size_t count, ast::Range range);
/// Does `expr` name an index variable in scope?
bool mentionsIndex(const Frame &frame, const ast::Expr &expr);
/// Collects all places of `expr` where indices are used, in the frame's statement.
void collect(Walk &walk, const ast::Expr &expr);
/// Is `value` a list of which the access `expr` takes one element at compile time?
bool picksElement(Walk &walk, const ast::Expr &expr, const Value &value);
/// `value` as the access `expr` indexes it: a list that is a constant table is a tensor. Poison: it is none (reported).
Value indexed(Walk &walk, const ast::Expr &expr, const Value &value);
/// Can `value` be indexed as `expr` does it: one index for each dimension, all names known? False: reported.
bool checkAccess(Walk &walk, const ast::Expr &expr, const Value &value);
/// The number of indices of an access that are no rest.
std::size_t countSingle(const ast::Expr &expr);
/// The position that `index` takes in a dimension of `extent`. Nothing: reported.
std::optional<IndexUse> readUse(Walk &walk, const ast::Index &index, Count extent);
/// Finds the ranges of all indices of the statement. False: something is wrong with them (reported).
bool solve(Walk &walk, IndexStatement &statement);
void tell(Walk &walk, const IndexFault &fault);

} // namespace talweg::frontend

#endif
