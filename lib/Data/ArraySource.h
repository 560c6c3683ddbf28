// The arrays of a source: one in each file, in the order of the fields; or several in one file, by name. Internal.
#ifndef TALWEG_LIB_DATA_ARRAY_SOURCE_H
#define TALWEG_LIB_DATA_ARRAY_SOURCE_H

#include "Arrays.h"
#include "Records.h"

#include "talweg/Data/Load.h"

namespace talweg::data {

class ArraySource {
public:
  /// Of all fields, in their order.
  static Result<ArraySource> open(const Source &source, std::span<const Taker> takers);

  /// Which array `reference` means.
  Result<std::size_t> find(const ColumnRef &reference) const;
  /// Which arrays a field takes: its own or, of several that are named, one for each cell.
  Result<std::vector<std::size_t>> of(const Field &field) const;
  const std::string &nameOf(std::size_t array) const { return names[array]; }

  /// Opens an array. All that have been opened so far have as many records, or it is an error, E0733.
  Result<OpenArray> openArray(std::size_t array);
  /// Of the arrays that have been opened.
  std::int64_t records() const { return common; }
  /// The file of the first array that has been opened.
  const std::string &path() const { return firstPath; }

private:
  explicit ArraySource(const Source &source) : source(source) {}
  bool hasFile(std::size_t field) const { return field < source.paths.size() && !source.paths[field].empty(); }
  Error noFile(std::string_view field) const;

  const Source &source;
  bool byName = false;
  std::size_t fieldCount = 0;
  std::vector<std::string> names; ///< of the arrays: of the fields, or those in the file
  std::string firstPath;          ///< what messages call the first array that has been opened
  std::int64_t common = -1;
};

} // namespace talweg::data

#endif
