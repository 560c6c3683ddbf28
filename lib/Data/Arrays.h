// Arrays of numbers in files: the first extent counts records, the rest is the shape of each. Internal.
//
// A format of arrays says how one is opened. What is made of arrays is the same for all: columns in bulk (ArrayTable.h), or records of cells
// (ArrayRecords.h).
#ifndef TALWEG_LIB_DATA_ARRAYS_H
#define TALWEG_LIB_DATA_ARRAYS_H

#include "ByteReader.h"
#include "Messages.h"

#include "talweg/Data/Table.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace talweg::data {

/// A value, exactly: of a type of whole numbers `whole`, and `real` is the double nearest to it.
struct Number {
  __int128 whole = 0;
  double real = 0;
};

/// How a value is stored, in the order of bytes of this machine.
struct ArrayType {
  std::string_view text; ///< as messages call it; if there is an element type of that name, it is that
  std::int64_t bytes = 0;
  bool isFloat = false;
  Number (*read)(const std::byte *at) = nullptr;

  std::optional<Element> element() const { return elementTypeBy(&ElementInfo::text, text); }
};

/// Null if there is none of this name.
const ArrayType *arrayTypeNamed(std::string_view text);

/// An array whose values are read next.
struct OpenArray {
  const ArrayType *type = nullptr;
  std::int64_t records = 0;
  std::vector<std::int64_t> shape = {}; ///< of a record
  ByteReader bytes;
  bool isSwapped = false; ///< its bytes are in the order of other machines
  bool endsFile = true;   ///< nothing follows it

  std::int64_t count() const { return countOf(shape); }
  std::int64_t recordBytes() const { return count() * type->bytes; }
  Place place() const { return {bytes.path()}; }
  /// `f32[28, 28]`
  std::string typeText() const;

  /// Reads the records from number `first` on, the next ones, into `values`, in the order of bytes of this machine.
  Result<void> read(std::span<std::byte> values, std::int64_t first);
  /// An error if something follows the last record.
  Result<void> finish();
};

/// The extents of an array in a file, of which the first counts records. E0732 where a record has more values than can be.
Result<void> takeExtents(OpenArray &array, std::span<const std::int64_t> extents);

/// An error, E0731 or E0732, unless `field` can hold what the array has.
Result<void> checkArray(const OpenArray &array, const Field &field);

/// Values of the array in the field's storage type. `row` is the record of the first one.
Result<void> convert(const OpenArray &array, std::span<const std::byte> values, const Field &field, std::byte *to,
                     std::int64_t row);

} // namespace talweg::data

#endif
