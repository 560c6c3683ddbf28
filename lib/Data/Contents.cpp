#include "Contents.h"

#include "WholeFile.h"
#include "WrappedRecords.h"

#include <filesystem>

namespace talweg::data {

namespace {
class ContentsRecords : public WrappedRecords {
public:
  ContentsRecords(std::unique_ptr<RecordReader> of, std::filesystem::path folder, std::vector<std::int64_t> ofFiles)
      : WrappedRecords(std::move(of)), folder(std::move(folder)), ofFiles(std::move(ofFiles)),
        bytes(this->ofFiles.size()) {}

  Result<bool> next() override {
    isRead = false;
    return table->next();
  }
  Result<void> readContents() override;
  std::span<const prepare::Cell> cells() const override { return isRead ? std::span(row) : table->cells(); }

private:
  const std::filesystem::path folder;
  const std::vector<std::int64_t> ofFiles; ///< columns
  std::vector<std::string> bytes;          ///< of each of them
  std::vector<prepare::Cell> row;
  bool isRead = false; ///< of the record
};
} // namespace

Result<void> ContentsRecords::readContents() {
  if (Result<void> read = table->readContents(); !read)
    return read;
  row.assign(table->cells().begin(), table->cells().end());
  for (std::size_t i = 0; i < ofFiles.size(); ++i) {
    prepare::Cell &cell = row[ofFiles[i]];
    if (cell.kind != prepare::Cell::Text || cell.text.empty())
      continue;
    const std::string path = (folder / cell.text).string();
    if (Result<void> read = readWhole(path, table->placeOf(ofFiles[i]), bytes[i]); !read)
      return read;
    cell.text = bytes[i];
  }
  isRead = true;
  return {};
}

std::vector<ColumnRef> contentsOf(const Options &options) {
  std::vector<ColumnRef> columns;
  for (std::string &name : textsOf(options, contentsOption.name))
    columns.emplace_back(std::move(name));
  if (const auto number = valueOf<std::int64_t>(options, contentsOption.name))
    columns.emplace_back(*number);
  return columns;
}

Result<std::unique_ptr<RecordReader>> withContents(std::unique_ptr<RecordReader> records, const std::string &path,
                                                   const std::vector<ColumnRef> &ofFiles) {
  std::vector<std::int64_t> columns;
  for (const ColumnRef &reference : ofFiles) {
    Result<std::int64_t> column = records->columnOf(reference);
    if (!column)
      return column.error();
    columns.push_back(*column);
  }
  return std::unique_ptr<RecordReader>(std::make_unique<ContentsRecords>(
      std::move(records), std::filesystem::path(path).parent_path(), std::move(columns)));
}

const Option contentsOption = {.name = "contents",
                               .wanted = "a column's name or number, or a list of names",
                               .accepts = [](const OptionValue &value) {
                                 if (const auto *number = std::get_if<std::int64_t>(&value))
                                   return *number >= 0;
                                 return !textsOf({{"contents", value}}, "contents").empty();
                               }};

} // namespace talweg::data
