// Arithmetic on numbers known at compile time. Integers are exact: overflow is an error, never a wrap.
#ifndef TALWEG_LIB_FRONTEND_NUMBERS_H
#define TALWEG_LIB_FRONTEND_NUMBERS_H

#include "Value.h"

#include <string_view>

namespace talweg::frontend {

enum class NumberFault { None, Overflow, DivisionByZero, NotANumber };

/// `a op b` for + - * / % ^. `/` of integers is exact: an integer when it divides, else a fraction; with `floorDivision`
/// (in dimensions) it rounds down.
NumberFault arithmetic(ast::BinaryOp op, Number a, Number b, bool floorDivision, Number &result);

/// A comparison; `op` is one of == != < <= > >=.
bool compare(ast::BinaryOp op, Number a, Number b);

/// `12`, `0.1`, `inf`: the shortest text that reads back as the same number.
std::string toText(Number n);

/// The product of sizes; nullopt when it exceeds `most`.
std::optional<std::int64_t> elementCount(const std::vector<std::int64_t> &sizes, std::int64_t most);

/// The text of an operator: `+`.
std::string_view spelling(ast::BinaryOp op);

} // namespace talweg::frontend

#endif
