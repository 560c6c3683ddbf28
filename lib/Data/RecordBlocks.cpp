#include "RecordBlocks.h"

#include "Records.h"

#include "talweg/Runtime/Threads.h"

#include <condition_variable>
#include <deque>
#include <mutex>

namespace talweg::data {

//===-- one record after the other --------------------------------------------------------------------------------===//

namespace {
struct OneRecord : RecordBlock {
  explicit OneRecord(RecordReader &records) : records(records) {}
  Place placeOf(std::int64_t, std::size_t cell) const override { return records.placeOf(cell); }
  std::string helpOfRecord(std::int64_t) const override { return records.helpOfRecord(); }
  void addTo(Rows &rows, std::int64_t, std::int64_t) const override { rows.push_back(records.cells().data()); }
  Result<void> readContents() override { return records.readContents(); }
  bool step() {
    Result<bool> more = records.next();
    error.reset();
    if (!more)
      error = more.error();
    count = more && *more ? 1 : 0;
    return !more || *more;
  }

private:
  RecordReader &records;
};

class OneByOne : public RecordBlocks {
public:
  explicit OneByOne(RecordReader &records) : records(records) {}
  bool areSeveral() const override { return false; }
  std::unique_ptr<RecordBlock> make() const override { return std::make_unique<OneRecord>(records); }
  bool read(RecordBlock &block) override { return static_cast<OneRecord &>(block).step(); }
  void scan(RecordBlock &) const override {}
  void settle(RecordBlock &) override {}

private:
  RecordReader &records;
};
} // namespace

std::unique_ptr<RecordBlocks> oneByOne(RecordReader &records) { return std::make_unique<OneByOne>(records); }

//===-- on several threads ----------------------------------------------------------------------------------------===//

namespace {
/// Lets blocks pass in their order.
class Gate {
public:
  void enter(std::int64_t number) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return next == number; });
  }
  void leave() {
    {
      const std::lock_guard lock(mutex);
      ++next;
    }
    changed.notify_all();
  }

private:
  std::mutex mutex;
  std::condition_variable changed;
  std::int64_t next = 0;
};

class Walk {
public:
  Walk(RecordBlocks &blocks, const BlockWork &work) : blocks(blocks), work(work), stages(work.stages.size()) {}

  void run(int thread);
  Result<void> result() const { return failure ? Result<void>(*failure) : Result<void>(); }

private:
  bool read(RecordBlock &block, std::int64_t &number);

  RecordBlocks &blocks;
  const BlockWork &work;
  std::mutex reading;
  std::int64_t count = 0; ///< blocks that have been read
  bool ended = false;     ///< no more are
  Gate settling, finishing;
  std::deque<Gate> stages;
  bool isEnough = false, hasFailed = false; ///< whether no more blocks are begun, and none are finished
  std::optional<Error> failure;             ///< of the first block that has one
};
} // namespace

bool Walk::read(RecordBlock &block, std::int64_t &number) {
  const std::lock_guard lock(reading);
  if (ended || !blocks.read(block)) {
    ended = true;
    return false;
  }
  number = count++;
  return true;
}

void Walk::run(int thread) {
  const std::unique_ptr<RecordBlock> block = blocks.make();
  std::int64_t number = 0;
  while (read(*block, number)) {
    blocks.scan(*block);
    settling.enter(number);
    const bool isWanted = !isEnough;
    if (isWanted) {
      blocks.settle(*block);
      isEnough = !work.begin(*block, thread) || block->error;
    }
    const bool isLast = isEnough;
    settling.leave();
    if (isLast) {
      const std::lock_guard lock(reading);
      ended = true;
    }
    if (isWanted && work.work)
      work.work(*block, thread);
    for (std::size_t stage = 0; stage < stages.size(); ++stage) {
      stages[stage].enter(number);
      if (isWanted)
        work.stages[stage](*block, thread);
      stages[stage].leave();
    }
    finishing.enter(number);
    if (isWanted && !hasFailed) {
      Result<void> finished = work.finish(*block, thread);
      if (finished && block->error)
        finished = *block->error;
      if (!finished) {
        failure = finished.error();
        hasFailed = true;
      }
    }
    const bool stops = hasFailed;
    finishing.leave();
    if (stops) {
      const std::lock_guard lock(reading);
      ended = true;
    }
  }
}

/// The same on this thread alone, which waits for nobody: blocks of one record are many.
static Result<void> walkAlone(RecordBlocks &blocks, const BlockWork &work) {
  const std::unique_ptr<RecordBlock> block = blocks.make();
  for (bool goesOn = true; goesOn && blocks.read(*block);) {
    blocks.scan(*block);
    blocks.settle(*block);
    goesOn = work.begin(*block, 0) && !block->error;
    if (work.work)
      work.work(*block, 0);
    for (const auto &stage : work.stages)
      stage(*block, 0);
    if (Result<void> finished = work.finish(*block, 0); !finished)
      return finished;
    if (block->error)
      return *block->error;
  }
  return {};
}

Result<void> walkBlocks(RecordBlocks &blocks, int threads, const BlockWork &work) {
  if (threads <= 1 || !blocks.areSeveral())
    return walkAlone(blocks, work);
  Walk walk(blocks, work);
  if (Result<void> set = runtime::setThreads(threads); !set)
    return set;
  runtime::onEachThread(threads, [](int thread, int, void *walk) { static_cast<Walk *>(walk)->run(thread); }, &walk);
  return walk.result();
}

} // namespace talweg::data
