#include "Contents.h"
#include "Join.h"

namespace talweg::data {

Result<std::unique_ptr<RecordReader>> openRecords(const Source &source, const Asked &asked) {
  Result<std::unique_ptr<RecordReader>> records = source.format->open(source, asked);
  if (records)
    records = withJoin(std::move(*records), source);
  if (!records)
    return records.error();
  return withContents(std::move(*records), source.paths.front(), source.options);
}

} // namespace talweg::data
