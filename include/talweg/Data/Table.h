// Data in memory: one contiguous column of values for each field, in the field's storage type. This is what training
// reads; how it is read from files is in Load.h, and a host may fill a table itself.
#ifndef TALWEG_DATA_TABLE_H
#define TALWEG_DATA_TABLE_H

#include "talweg/Data/Buffer.h"
#include "talweg/Data/Rows.h"
#include "talweg/Support/Manifest.h"
#include "talweg/Support/Result.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace talweg::data {

/// How one value is stored.
using Element = ElementType;

using talweg::ColumnRef;

/// A field as it is loaded.
struct Field : talweg::Field {
  /// False: the file may have this field or not, and it is not stored (its column stays empty). So a file without labels
  /// serves for prediction, and so does one with them.
  bool wanted = true;

  /// The type as the language writes it: `f32[64]`, `class[10]`.
  std::string typeText() const;
};

/// A column as it stands in the file, one text for each row.
struct TextColumn {
  std::string name;
  std::string bytes = {};
  std::vector<std::int64_t> ends = {}; ///< where each row's text ends

  void add(std::string_view text) {
    bytes += text;
    ends.push_back(std::int64_t(bytes.size()));
  }
  std::int64_t bytesInMemory() const { return std::int64_t(bytes.size() + ends.size() * sizeof ends[0]); }
  std::string_view operator[](std::int64_t row) const {
    const std::int64_t begin = row > 0 ? ends[std::size_t(row - 1)] : 0;
    return std::string_view(bytes).substr(std::size_t(begin), std::size_t(ends[std::size_t(row)] - begin));
  }
};

/// Rows of records, stored by field: `columns[f]` holds rows * fields[f].count() values of fields[f].element.
struct Table {
  std::vector<Field> fields;
  std::vector<Buffer> columns;
  std::vector<TextColumn> texts; ///< kept beside the fields
  std::int64_t rows = 0;
  Buffer classes;              ///< of a balanced source, for each row the number of its class, an I32; else nothing
  std::int64_t classCount = 0; ///< their numbers are below that; each is there
  KeptRows kept = {};          ///< which rows of the file they are; all of a table that a host fills

  std::shared_ptr<Storage> storage = {}; ///< of all columns

  /// A table of `rows` records with undefined values, for a host to fill.
  static Result<Table> create(std::vector<Field> fields, std::int64_t rows, const Limits &limits = {});

  /// The place of the field called `name`, if there is one.
  std::optional<std::size_t> find(std::string_view name) const;

  template <typename T> T *values(std::size_t field) { return reinterpret_cast<T *>(columns[field].data()); }
  template <typename T> const T *values(std::size_t field) const {
    return reinterpret_cast<const T *>(columns[field].data());
  }

  /// Why there is no room for more than `rows` rows.
  Error noRoom(std::string_view origin) const;

  /// Bytes of all columns, and of the classes.
  std::int64_t bytes() const;

  /// Checks what loading from a file guarantees: labels within their classes, no nan and no infinity. `origin` names the data in
  /// the message. For tables that a host has filled.
  Result<void> check(std::string_view origin) const;
};

} // namespace talweg::data

#endif
