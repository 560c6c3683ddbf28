// One value from one cell's text. Internal.
#ifndef TALWEG_LIB_PREPARE_NUMBER_H
#define TALWEG_LIB_PREPARE_NUMBER_H

#include "talweg/Prepare/Cell.h"
#include "talweg/Support/Manifest.h"

namespace talweg::prepare {

/// Writes the value of `text`, in the storage type of `field`, to `to`. Numbers are those of C, decimal, with an optional
/// sign; nan and infinities are faults. Integers may be written with a fraction of zero (`3.0`).
Fault storeText(std::string_view text, const Field &field, std::byte *to);

} // namespace talweg::prepare

#endif
