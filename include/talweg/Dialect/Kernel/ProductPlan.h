// How one product is computed: which loop plays which part, in which order, by which tile.
#ifndef TALWEG_DIALECT_KERNEL_PRODUCTPLAN_H
#define TALWEG_DIALECT_KERNEL_PRODUCTPLAN_H

#include "llvm/ADT/SmallVector.h"

#include <cstdint>

namespace talweg::kernel {

/// One loop of a product c[…] += a[…] * b[…]: its extent and how far each operand's position moves with it.
struct Loop {
  std::int64_t extent = 1;
  std::int64_t a = 0, b = 0, c = 0;
  llvm::SmallVector<std::int64_t, 0> e; ///< likewise what the epilogue reads and writes; empty: none moves
  std::int64_t band = 0;                ///< likewise the position in the band, if the product has one

  bool operator==(const Loop &) const = default;
};

/// A loop around the tiles. Those of scatter and of blocks of k visit c again, in their order; all others may stand anywhere.
struct Level {
  enum class Kind {
    Scatter,   ///< scatter[index]
    KBlocks,   ///< kBlocks[index]
    KBlock,    ///< blocks of k.front()
    Outer,     ///< outer[index]
    RowBlocks, ///< blocks of rows, each of so many tiles
    Panels,    ///< of n, a tile wide
    Rows       ///< of m, a tile high; in the block in hand, if there are blocks
  };
  Kind kind;
  std::int64_t index = 0;

  bool operator==(const Level &) const = default;
};

/// The loop nest: levels outside of tiles, in registers m x n sums over all that is left of k. The sums of a tile start from zero. Each
/// combination of scatter and k blocks is one visit of c; where there are several, sums are added to c in memory. What moves which operand decides
/// the bits of a result, and where k is cut; the order of levels, what threads share, blocks of rows and packing do not.
struct ProductPlan {
  llvm::SmallVector<Loop> scatter; ///< move c, but not injectively: one after the other, accumulating in memory
  llvm::SmallVector<Loop> kBlocks; ///< reduction loops outside the tiles, accumulating in memory
  llvm::SmallVector<Loop> outer;   ///< other loops that move c
  llvm::SmallVector<Loop> k;       ///< reduction loops inside the tile, innermost last; never empty
  Loop m;                          ///< register rows: moves a (and c)
  Loop n;                          ///< vector lanes: c has stride 1 (or the extent is 1)
  bool swapped = false;            ///< a and b have changed roles
  bool dot = false;                ///< lanes run along k.back() and are summed at the end; n has extent 1
  std::int64_t lanes = 1, rows = 1, vectors = 1; ///< the tile: rows x (vectors * lanes)
  std::int64_t kBlock = 0;                       ///< length of one block of k.front(), 0: not split
  std::int64_t chains = 1;                       ///< of a dot: sums along the lanes' loop
  bool packA = false, packB = false; ///< copy the operand in the order that tiles read it: [others…][tiles][k…][tile]
  bool packBAhead = true;            ///< all of b before the loops; otherwise panel by panel, inside of their loop

  std::int64_t rowBlock = 0; ///< tiles of m in a block of rows, 0: there are no blocks

  llvm::SmallVector<std::int64_t>
      nest; ///< levels() by number, from the outside in; empty: in the order of their numbers
  /// The levels whose turns threads share, each a run of neighbours: one, or two, the inner one's turns in each of the outer one's; none: one
  /// thread does all.
  llvm::SmallVector<std::int64_t> shared;
  std::int64_t fork = 0; ///< threads start inside of so many levels of the nest

  bool fetchA = false;         ///< ask for a packed a some steps ahead, since it does not stay in the near caches
  bool fetchC = false;         ///< ask before a tile begins for what it adds to, and what its epilogue reads, likewise
  std::int64_t fetchNext = -1; ///< the level for whose next turn tiles ask while they are in this one; -1: none

  std::int64_t low = 0,
               high = -1; ///< the band: terms at other positions add nothing that is read; low > high: there is none

  bool hasBand() const { return low <= high; }
  bool accumulates() const { return !scatter.empty() || !kBlocks.empty() || kBlock != 0; }
  std::int64_t panel() const { return vectors * lanes; }
  /// Of n, a tile wide.
  std::int64_t panels() const { return (n.extent + panel() - 1) / panel(); }
  /// The number of tiles that c is made of.
  std::int64_t tiles() const;
  /// The number of sums that are added up in one element of c, at most.
  std::int64_t visits() const;
  /// Multiply-adds of the whole product.
  double multiplyAdds() const;

  /// All levels, in the order of the enumeration.
  llvm::SmallVector<Level> levels() const;
  /// The numbers of levels from the outside in.
  llvm::SmallVector<std::int64_t> order() const;
  /// The loop that a level walks, and how many of its turns are one of the level's.
  const Loop &loopOf(const Level &level) const;
  std::int64_t stepOf(const Level &level) const;
  /// The turns of a level, of rows all that there are.
  std::int64_t turns(const Level &level) const;
  std::int64_t sharedTurns() const;
  /// Whether a level's turns read b in different places.
  bool movesB(const Level &level) const;
  /// In the nest, the place of the copying of a panel of b that is not packed ahead: inside of all levels that move b.
  std::size_t packsInside() const;
};

/// The turns of all loops together.
std::int64_t turnsOf(llvm::ArrayRef<Loop> loops);

} // namespace talweg::kernel

#endif
