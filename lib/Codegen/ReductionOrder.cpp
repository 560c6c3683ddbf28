// Chooses the order from extents alone. They tell what an op reads before anything is fused into it: loops are in the order of
// its operand's memory, the last one contiguous.
#include "ReductionOrder.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"

#include <algorithm>
#include <cstdlib>

using llvm::ArrayRef;

namespace talweg {

namespace {

struct Loops {
  ArrayRef<std::int64_t> extents, moves;

  bool reduces(unsigned loop) const { return moves[loop] == 0 && extents[loop] > 1; }

  /// The last loop of more than one turn; -1 if there is none.
  int last() const {
    int loop = int(extents.size()) - 1;
    while (loop >= 0 && extents[loop] == 1)
      --loop;
    return loop;
  }

  /// The longest of these loops, the first of several; -1 if there is none.
  int longest(llvm::function_ref<bool(unsigned)> among) const {
    int best = -1;
    for (unsigned loop = 0; loop < extents.size(); ++loop)
      if (among(loop) && (best < 0 || extents[loop] > extents[best]))
        best = int(loop);
    return best;
  }

  int firstReducing() const {
    for (unsigned loop = 0; loop < extents.size(); ++loop)
      if (reduces(loop))
        return int(loop);
    return -1;
  }

  std::int64_t product(llvm::function_ref<bool(unsigned)> among) const {
    std::int64_t result = 1;
    for (unsigned loop = 0; loop < extents.size(); ++loop)
      if (among(loop))
        result *= extents[loop];
    return result;
  }

  /// Results that the loops walk as one run of memory.
  std::int64_t run() const {
    std::int64_t length = 1;
    for (bool grows = true; grows;) {
      grows = false;
      for (unsigned loop = 0; loop < extents.size(); ++loop)
        if (extents[loop] > 1 && moves[loop] == length) {
          length *= extents[loop];
          grows = true;
          break;
        }
    }
    return length;
  }

  /// How often the loops that move the result reach an element of it, on average; the most is two to three times as much.
  std::int64_t visits() const {
    std::int64_t reach = 1;
    for (unsigned loop = 0; loop < extents.size(); ++loop)
      reach += std::abs(moves[loop]) * (extents[loop] - 1);
    return std::max<std::int64_t>(1, product([&](unsigned loop) { return moves[loop] != 0; }) / reach);
  }

  bool collides() const {
    llvm::SmallVector<std::pair<std::int64_t, std::int64_t>> steps;
    for (unsigned loop = 0; loop < extents.size(); ++loop)
      if (moves[loop] != 0 && extents[loop] > 1)
        steps.push_back({std::abs(moves[loop]), extents[loop]});
    llvm::sort(steps);
    std::int64_t reach = 0;
    for (auto [step, extent] : steps) {
      if (step <= reach)
        return true;
      reach += step * (extent - 1);
    }
    return false;
  }
};

/// The loop along lanes: the last, if it reduces and fills a quarter of a register or more; otherwise lanes run along the
/// results, unless these are few and another loop is long.
int chooseLanes(const Loops &loops, std::int64_t lanes) {
  int last = loops.last(), longest = loops.longest([&](unsigned loop) { return loops.reduces(loop); });
  if (longest < 0)
    return -1;
  std::int64_t few = std::max<std::int64_t>(1, lanes / 4);
  if (loops.reduces(last) && loops.extents[last] > few)
    return last;
  bool alongResults = loops.run() > (loops.reduces(last) ? lanes - 1 : few);
  if (alongResults)
    return -1;
  if (loops.extents[longest] >= lanes)
    return longest;
  return loops.reduces(last) ? last : -1;
}

/// Parts of about 2^16 elements, where threads need them because results are few, or where columns would be walked down over
/// lines of memory far apart.
std::int64_t choosePartLength(const Loops &loops, int cut, int along, std::int64_t lanes, std::int64_t chains) {
  constexpr std::int64_t elements = 1 << 16, least = 16, mostParts = 256, far = 512, fewTiles = 16;
  std::int64_t total = loops.product([](unsigned) { return true; });
  std::int64_t results = loops.product([&](unsigned loop) { return loops.moves[loop] != 0; });
  std::int64_t row = loops.product([&](unsigned loop) { return int(loop) > cut; });
  std::int64_t tiles = along >= 0 ? results : (results + 8 * lanes - 1) / (8 * lanes);
  if (total < 2 * elements || (tiles >= fewTiles && (along >= 0 || row < far)))
    return 0;
  std::int64_t extent = loops.extents[cut], each = total / extent;
  std::int64_t length = std::max({least, elements / each, (extent + mostParts - 1) / mostParts});
  if (cut == along) // whole turns of all chains
    length = (length + lanes * chains - 1) / (lanes * chains) * lanes * chains;
  std::int64_t parts = (extent + length - 1) / length;
  return parts < 2 || parts * results * 8 > total ? 0 : length;
}

} // namespace

bool collide(ArrayRef<std::int64_t> extents, ArrayRef<std::int64_t> moves) { return Loops{extents, moves}.collides(); }

/// The longest moving loop but the one that lanes take, which is the longest along which results are contiguous.
kernel::Groups groupsOf(ArrayRef<std::int64_t> extents, ArrayRef<std::int64_t> moves) {
  const Loops loops{extents, moves};
  if (loops.visits() <= 2 * longestChain)
    return {};
  int along = loops.longest([&](unsigned loop) { return moves[loop] == 1; });
  kernel::Groups groups;
  groups.loop = loops.longest([&](unsigned loop) { return moves[loop] != 0 && int(loop) != along; });
  llvm::SmallVector<std::int64_t> others(extents);
  others[groups.loop] = 1;
  groups.length = std::max<std::int64_t>(1, longestChain / Loops{others, moves}.visits());
  while (groups.length * longestChain < extents[groups.loop])
    groups.length *= longestChain;
  return groups;
}

ReductionOrder ReductionOrder::of(ArrayRef<std::int64_t> extents, ArrayRef<std::int64_t> moves, std::int64_t lanes) {
  Loops loops{extents, moves};
  ReductionOrder order;
  order.lanes = chooseLanes(loops, lanes);
  if (order.lanes >= 0)
    order.chains = std::clamp<std::int64_t>(extents[order.lanes] / lanes, 1, 4);
  int first = loops.firstReducing();
  if (first >= 0)
    order.partLength = choosePartLength(loops, first, order.lanes, lanes, order.chains);
  if (order.partLength > 0)
    order.parts = first;
  return order;
}

} // namespace talweg
