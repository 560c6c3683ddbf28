#include "Contents.h"
#include "Join.h"

namespace talweg::data {

Result<std::unique_ptr<RecordReader>> openRecords(const Source &source, const Asked &asked) {
  const std::vector<ColumnRef> ofFiles = asked.keysOnly ? std::vector<ColumnRef>() : contentsOf(source.options);
  Asked all = asked;
  all.keys.insert(all.keys.end(), ofFiles.begin(), ofFiles.end());
  Result<std::unique_ptr<RecordReader>> records =
      source.options.contains(joinOption.name) ? openJoined(source, all) : source.format->open(source, all);
  if (!records || ofFiles.empty())
    return records;
  return withContents(std::move(*records), source.paths.front(), ofFiles);
}

} // namespace talweg::data
