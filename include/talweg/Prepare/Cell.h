// One value of a record before it is prepared, and what may be wrong with it.
#ifndef TALWEG_PREPARE_CELL_H
#define TALWEG_PREPARE_CELL_H

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace talweg::prepare {

/// Missing, a number, or text. Text is what a file has: it may read as a number, and belongs to whoever holds the record.
struct Cell {
  enum Kind : std::uint8_t { Missing, Number, Text } kind = Missing;
  double number = 0;
  std::string_view text = {};

  static Cell of(std::string_view text) { return {Text, 0, text}; }
  static Cell of(double number) { return {Number, number, {}}; }
};

/// Records, of which a field takes some cells.
struct Records {
  std::span<const Cell *const> rows;     ///< each by its first cell
  std::span<const std::int64_t> columns; ///< which cells of each, in their order

  std::size_t count() const { return rows.size(); }
  const Cell &cell(std::size_t row, std::size_t column) const { return rows[row][columns[column]]; }
  Records first(std::size_t count) const { return {rows.first(count), columns}; }
};

/// What is wrong with a cell: a code, the situation and what to do about it; all empty if nothing is.
struct Fault {
  std::string_view code = {};
  std::string situation = {};
  std::string help = {};
  std::size_t cell = 0; ///< which of those that the field takes

  explicit operator bool() const { return !code.empty(); }
};

/// The fault of the first of several records that has one.
struct RowFault {
  std::size_t row = 0;
  Fault fault;
};

/// Whether `text` reads as a number (nan and infinity included).
bool isNumber(std::string_view text);

/// The text in backticks, at most 40 bytes of it, with what cannot be printed written as \xNN.
std::string quoted(std::string_view text);

} // namespace talweg::prepare

#endif
