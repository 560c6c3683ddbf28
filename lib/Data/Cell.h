// One value from one cell's text. Internal.
#ifndef TALWEG_LIB_DATA_CELL_H
#define TALWEG_LIB_DATA_CELL_H

#include "talweg/Data/Table.h"

#include <string_view>

namespace talweg::data {

/// What is wrong with a cell: a code, the situation and what to do about it; all empty if nothing is.
struct CellFault {
  std::string_view code;
  std::string situation;
  std::string help;

  explicit operator bool() const { return !code.empty(); }
};

/// Writes the value of `text`, in the storage type of `field`, to `to`. Numbers are those of C, decimal, with an optional
/// sign; nan and infinities are faults. Integers may be written with a fraction of zero (`3.0`).
CellFault parseCell(std::string_view text, const Field &field, std::byte *to);

/// Whether `text` reads as a number (nan and infinity included).
bool isNumber(std::string_view text);

} // namespace talweg::data

#endif
