// Arithmetic on numbers known at compile time. Integers are exact: overflow is an error, never a wrap.
#ifndef TALWEG_LIB_FRONTEND_NUMBERS_H
#define TALWEG_LIB_FRONTEND_NUMBERS_H

#include "Value.h"

#include <string_view>

namespace talweg::tw {
struct Function;
}

namespace talweg::frontend {

enum class NumberFault { None, Overflow, DivisionByZero, NotANumber };

/// `a op b` for + - * / % ^. `/` of integers rounds down, and `%` is what it leaves.
NumberFault arithmetic(ast::BinaryOp op, Number a, Number b, Number &result);

/// A comparison; `op` is one of == != < <= > >=.
bool compare(ast::BinaryOp op, const Number &a, const Number &b);

/// How a number follows from that of the batch's rows: a count of what grows with them, a number, or what an operator or a function makes
/// of others.
struct Formula {
  Number number = {}; ///< where it is no operator and no function
  std::optional<ast::BinaryOp> op = {};
  bool roundsDown = false; ///< of a division
  const tw::Function *function = nullptr;
  std::shared_ptr<const Formula> a = {}, b = {};

  static std::shared_ptr<const Formula> of(const Number &number) {
    return number.formula ? number.formula : std::make_shared<const Formula>(Formula{number});
  }
};

/// The same number as a fraction.
Number realOf(const Number &n);

/// `12`, `0.1`, `inf`: the shortest text that reads back as the same number.
std::string toText(const Number &n);

/// The product of sizes; nullopt when it exceeds `most`.
std::optional<std::int64_t> elementCount(const std::vector<std::int64_t> &sizes, std::int64_t most);

/// The text of an operator: `+`.
std::string_view spelling(ast::BinaryOp op);

} // namespace talweg::frontend

#endif
