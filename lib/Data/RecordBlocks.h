// The records of a file in blocks, which several threads find and work on. Internal.
//
// Each thread takes a block from front to back: it is read, which one thread does at a time; scanned, which all do at once; settled, in the
// order of the file; and then worked on, apart from the others or in order. What comes of it is the same for any number of threads.
#ifndef TALWEG_LIB_DATA_RECORD_BLOCKS_H
#define TALWEG_LIB_DATA_RECORD_BLOCKS_H

#include "Messages.h"

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace talweg::data {

class RecordReader;

/// Records that follow each other, and what is wrong behind them.
class RecordBlock {
public:
  virtual ~RecordBlock() = default;

  using Rows = std::vector<const prepare::Cell *>;

  std::int64_t rows() const { return count; }
  /// Appends the cells of the block's records from number `begin` to `end`, each by the first one; of one record, its contents have been read.
  virtual void addTo(Rows &rows, std::int64_t begin, std::int64_t end) const = 0;
  virtual Place placeOf(std::int64_t row, std::size_t cell) const = 0;
  /// As those of RecordReader.
  virtual std::string helpOfRecord(std::int64_t row) const = 0;
  virtual Result<void> readContents() { return {}; }
  /// A column in messages, where that depends on the record; else nothing.
  virtual std::string columnTextOf(std::int64_t row) const { return {}; }

  std::optional<Error> error; ///< what follows the records cannot be read

protected:
  std::int64_t count = 0;
};

class RecordBlocks {
public:
  virtual ~RecordBlocks() = default;
  /// Whether there may be more than one block, which several threads would work on.
  virtual bool areSeveral() const = 0;
  /// Room for a block, to be used again and again.
  virtual std::unique_ptr<RecordBlock> make() const = 0;
  /// Reads what comes next. False at the end.
  virtual bool read(RecordBlock &block) = 0;
  /// Finds the records.
  virtual void scan(RecordBlock &block) const = 0;
  /// Puts right what cannot be known of a block without those before it.
  virtual void settle(RecordBlock &block) = 0;
};

/// The records of a reader that has no blocks: each is one.
std::unique_ptr<RecordBlocks> oneByOne(RecordReader &records);

/// What is done with a block.
struct BlockWork {
  /// In order, once it is settled; false: there is enough.
  std::function<bool(RecordBlock &block, int thread)> begin;
  /// Apart from other blocks.
  std::function<void(RecordBlock &block, int thread)> work;
  /// In order, each by itself: while a block is at one of them, the next may be at the one before.
  std::vector<std::function<void(RecordBlock &block, int thread)>> stages = {};
  /// In order, at last.
  std::function<Result<void>(RecordBlock &block, int thread)> finish;
};

/// Calls `work` for all blocks, on so many threads. The error of the first block that has one.
Result<void> walkBlocks(RecordBlocks &blocks, int threads, const BlockWork &work);

} // namespace talweg::data

#endif
