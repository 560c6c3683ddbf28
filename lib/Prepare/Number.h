// One value from one cell's text. Internal.
#ifndef TALWEG_LIB_PREPARE_NUMBER_H
#define TALWEG_LIB_PREPARE_NUMBER_H

#include "talweg/Prepare/Cell.h"
#include "talweg/Support/Manifest.h"

#include <optional>

namespace talweg::prepare {

/// Writes the value of `text`, in the storage type of `field`, to `to`. Numbers are those of C, decimal, with an optional
/// sign; nan and infinities are faults. Integers may be written with a fraction of zero (`3.0`).
Fault storeText(std::string_view text, const Field &field, std::byte *to);

/// The same of a cell of any kind, and of a number, of which NaN is a missing one.
Fault storeCell(const Cell &cell, const Field &field, std::byte *to);
Fault storeNumber(double number, const Field &field, std::byte *to);

/// The same of all that a field takes of records, one behind the other.
std::optional<RowFault> storeCells(const Records &records, const Field &field, std::byte *to);

/// The finite number that `text` says; what is wrong with it else.
Fault readNumber(std::string_view text, double &value);

/// What is said of a value that is missing where there must be one.
Fault missingFault(const Field &field, std::string situation = "this value is missing");

} // namespace talweg::prepare

#endif
