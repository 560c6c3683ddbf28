// From files to tables. A file is read once, front to back, with memory bounded by the values kept; everything that is
// wrong with it is found here, before training starts, and told with file, line and column.
#ifndef TALWEG_DATA_LOAD_H
#define TALWEG_DATA_LOAD_H

#include "talweg/Data/Formats.h"
#include "talweg/Data/Rows.h"
#include "talweg/Data/Table.h"
#include "talweg/Prepare/Preparation.h"

namespace talweg::data {

/// Text in memory, and which line of the whole its first one is.
struct Text {
  std::string bytes;
  std::int64_t line = 1;
};

/// A table that is joined to another one.
struct JoinedTable;

/// Where a table comes from.
struct Source {
  const Format *format = nullptr;
  /// One file, or one for each field in their order; files of unwanted fields may be left out at the end or be empty. Any file may
  /// be compressed with gzip, which is told by its contents.
  std::vector<std::string> paths;
  RowSelection rows = {};
  Options options = {}; ///< the format's own are read
  /// Columns that are kept as they are, beside the fields (Table::texts).
  std::vector<ColumnRef> keys = {};
  /// The column whose cells are classes that are drawn equally often (Table::classes).
  std::optional<ColumnRef> balanced = {};
  /// What the one file would say; its path is then only what messages call it. Of formats of lines (Format::isOfLines).
  std::optional<Text> text = {};
  /// What the options join to it, if that has been read (see readJoined).
  std::shared_ptr<const JoinedTable> joined = {};
  int threads = 1; ///< that read it, where its format has blocks of records; nothing else depends on it
};

/// The format of a file by its contents, decompressed. `otherwise` where that is one of any contents, and where the path names no file
/// whose contents can be looked at, such as a pipe.
const Format *formatOf(const std::string &path, const Format *otherwise);

/// Lets `preparations`, one for each field, learn of the rows of `source`, which is read as often as that takes. What choosing rows takes is
/// of `limits`.
Result<void> learn(const Source &source, const std::vector<Field> &fields,
                   std::vector<prepare::Preparation> &preparations, const Limits &limits = {});

/// Reads what is joined to `source`, which then keeps it: for many loads of the same fields.
Result<void> readJoined(Source &source, std::span<const Field> fields,
                        std::span<const prepare::Preparation> preparations);

/// Reads `source` into a table with the given fields. `preparations`, one for each field, have learned; a `category` has the classes of
/// its own. Codes of failures are E0701 to E0799.
Result<Table> load(const Source &source, std::vector<Field> fields, std::span<const prepare::Preparation> preparations,
                   const Limits &limits = {});

/// Whether the text of `source` has no record, and names the columns.
Result<bool> isHead(const Source &source, std::span<const Field> fields,
                    std::span<const prepare::Preparation> preparations);

/// The same of records in memory: `cells` has those of one after the other, one for each of `columns`. `origin` names them in messages.
Result<Table> loadCells(std::string_view origin, const std::vector<std::string> &columns,
                        std::span<const prepare::Cell> cells, std::vector<Field> fields,
                        std::span<const prepare::Preparation> preparations);

/// The same of fields whose preparations learn nothing.
Result<Table> load(const Source &source, std::vector<Field> fields, const Limits &limits = {});

} // namespace talweg::data

#endif
