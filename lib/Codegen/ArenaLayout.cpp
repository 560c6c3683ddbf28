// Dynamic storage allocation with known lifetimes, which is NP-hard, by several greedy orders.
//
// Buffers are placed one after another, each at the lowest offset that is free for its whole life (Pisarchyk and Lee, "Efficient
// Memory Management for Deep Neural Net Inference", 2020). The first order decides most; several are tried, and the best of
// them is improved: one buffer, drawn by chance from a fixed seed, is placed earlier or later, which stays where the arena is
// not larger for it. The search ends at the lower bound or after a fixed number of trials.
#include "ArenaLayout.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Sequence.h"
#include "llvm/ADT/SmallVector.h"

#include <map>
#include <random>

using namespace llvm;

namespace talweg {

constexpr int mostMoves = 2000;
/// Comparisons of two buffers, all trials together: bounds the time for programs of thousands of buffers.
constexpr int64_t mostWork = 30'000'000;

int64_t mostLiveBytes(ArrayRef<ArenaBuffer> buffers) {
  std::map<int64_t, int64_t> changes;
  for (const ArenaBuffer &buffer : buffers) {
    changes[buffer.first] += buffer.bytes;
    changes[buffer.last + 1] -= buffer.bytes;
  }
  int64_t live = 0, most = 0;
  for (auto [position, change] : changes)
    most = std::max(most, live += change);
  return most;
}

namespace {

using Order = SmallVector<unsigned>; // indices of buffers

/// Places the buffers in the given order. Returns the size of the array.
int64_t place(MutableArrayRef<ArenaBuffer> buffers, const Order &order) {
  SmallVector<ArenaBuffer *> placed; // by offset
  int64_t end = 0;
  for (unsigned index : order) {
    ArenaBuffer &buffer = buffers[index];
    int64_t offset = 0;
    for (ArenaBuffer *other : placed) {
      if (!buffer.meets(*other))
        continue;
      if (offset + buffer.bytes <= other->offset)
        break;
      offset = std::max(offset, other->end());
    }
    buffer.offset = offset;
    end = std::max(end, buffer.end());
    placed.insert(upper_bound(placed, offset, [](int64_t at, ArenaBuffer *b) { return at < b->offset; }), &buffer);
  }
  return end;
}

template <typename Key>
Order orderBy(ArrayRef<ArenaBuffer> buffers, Key key) {
  Order order = to_vector(seq<unsigned>(0, buffers.size()));
  stable_sort(order, [&](unsigned a, unsigned b) { return key(buffers[a]) > key(buffers[b]); });
  return order;
}

/// The most bytes alive at once during each buffer's life. They only grow where a life begins.
SmallVector<int64_t> crowds(ArrayRef<ArenaBuffer> buffers) {
  SmallVector<int64_t> atFirst(buffers.size(), 0), result(buffers.size(), 0);
  for (auto [live, at] : zip_equal(atFirst, buffers))
    for (const ArenaBuffer &other : buffers)
      live += other.first <= at.first && at.first <= other.last ? other.bytes : 0;
  for (auto [most, buffer] : zip_equal(result, buffers))
    for (auto [live, other] : zip_equal(atFirst, buffers))
      if (buffer.first <= other.first && other.first <= buffer.last)
        most = std::max(most, live);
  return result;
}

} // namespace

int64_t layOutArena(MutableArrayRef<ArenaBuffer> buffers) {
  const int64_t bound = mostLiveBytes(buffers), count = buffers.size();
  int64_t best = INT64_MAX, work = 0;
  Order bestOrder;
  auto trial = [&](const Order &order) {
    int64_t end = place(buffers, order);
    work += count * count / 2;
    if (end <= best) {
      best = end;
      bestOrder = order;
    }
  };
  auto length = [](const ArenaBuffer &b) { return b.last - b.first + 1; };
  trial(orderBy(buffers, [](const ArenaBuffer &b) { return b.bytes; }));
  auto more = [&] { return best > bound && work < mostWork; };
  if (more())
    trial(orderBy(buffers, [&](const ArenaBuffer &b) { return double(b.bytes) * double(length(b)); }));
  if (more())
    trial(orderBy(buffers, [&](const ArenaBuffer &b) { return std::pair(length(b), b.bytes); }));
  if (more()) {
    SmallVector<int64_t> crowd = crowds(buffers);
    auto crowdOf = [&](const ArenaBuffer &b) { return crowd[&b - buffers.begin()]; };
    trial(orderBy(buffers, [&](const ArenaBuffer &b) { return std::pair(crowdOf(b), b.bytes); }));
    trial(orderBy(buffers, [&](const ArenaBuffer &b) { return std::tuple(crowdOf(b), length(b), b.bytes); }));
  }
  std::mt19937 chance; // the same numbers everywhere, always
  for (int move = 0; move < mostMoves && more(); ++move) {
    Order order = bestOrder;
    unsigned *moved = order.begin() + chance() % count;
    unsigned index = *moved;
    order.erase(moved);
    order.insert(order.begin() + chance() % count, index);
    trial(order);
  }
  return place(buffers, bestOrder);
}

} // namespace talweg
