// From files to tables. A file is read once, front to back, with memory bounded by the values kept; everything that is
// wrong with it is found here, before training starts, and told with file, line and column.
#ifndef TALWEG_DATA_LOAD_H
#define TALWEG_DATA_LOAD_H

#include "talweg/Data/Table.h"

namespace talweg::data {

/// Which rows of a file are kept. Rows are numbered from 0, a header not counted; the numbers of `every` are those of the
/// file, whatever the range, so that a selection and its complement part the file exactly.
struct RowSelection {
  std::int64_t begin = 0;
  std::optional<std::int64_t> end = {}; ///< the row after the last; absent: to the end of the file
  std::int64_t every = 1;               ///< keep row r where r mod every == offset …
  std::int64_t offset = 0;
  bool complement = false; ///< … or, with complement, where it is not (within the range)

  bool keeps(std::int64_t row) const {
    return row >= begin && (!end || row < *end) && (row % every == offset) != complement;
  }
};

enum class Format { Csv, Idx };

/// Auto: the first row is a header when none of its cells is a number.
enum class Header { Auto, Present, Absent };

/// Where a table comes from.
struct Source {
  Format format = Format::Csv;
  /// CSV: one file. IDX: one file for each field, in the order of the fields; files of unwanted fields may be left out at
  /// the end or be empty. Any file may be compressed with gzip, which is told by its contents.
  std::vector<std::string> paths;
  RowSelection rows = {};
  Header header = Header::Auto; ///< CSV
  char delimiter = ',';         ///< CSV
};

/// The format of a file by its contents, decompressed: IDX if it begins with an IDX header, else CSV. `otherwise` where the
/// path names no file whose contents can be looked at, such as a pipe.
Format formatOf(const std::string &path, Format otherwise);

/// Reads `source` into a table with the given fields. Codes of failures are E0701 to E0799.
Result<Table> load(const Source &source, std::vector<Field> fields);

} // namespace talweg::data

#endif
