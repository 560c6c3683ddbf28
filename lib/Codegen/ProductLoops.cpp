// Writes the loops of one planned product: packing, the nest around the tiles, and the tile in registers.
#include "ProductLoops.h"

#include "Epilogue.h"
#include "ProductScratch.h"
#include "ReductionOrder.h"
#include "VectorTools.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

#include <functional>

using namespace mlir;

namespace talweg {

using kernel::Loop;
using kernel::ProductPlan;
using kernel::turnsOf;

namespace {

/// Where the nest stands: element positions in a, b and c, in b before it was packed, and in the epilogue's operands.
struct Place {
  Value a, b, c, unpackedB;
  SmallVector<Value> e;
  Value last;   ///< whether c is finished by the blocks of k in hand; null: it is
  Value number; ///< of the tile, by the loops outside so far; null: 0
  Value band;   ///< position in the plan's band; null: it has none
};

/// The tile in hand: rows, columns, and steps along the outermost k.
struct Tile {
  int64_t m = 1, n = 1, k = 1;
};

class Emitter {
public:
  Emitter(OpBuilder &builder, Location loc, ProductPlan plan, FlatOperand a, FlatOperand b, FlatOperand c,
          const Epilogue *epilogue, bool stored)
      : builder(builder), loc(loc), tools(builder, loc), plan(std::move(plan)), a(a), b(b), c(c), epilogue(epilogue),
        stored(stored), element(cast<MemRefType>(a.memory.getType()).getElementType()) {}

  void run() {
    unpacked = plan;
    nPanelB = plan.n.b;
    mTileA = plan.m.a;
    if (plan.packA)
      packAllA();
    if (plan.packB) {
      arrange(/*ofA=*/false);
      if (plan.packBAhead)
        packAllB();
    }
    buildLevels();
    Place start{startOf(a), plan.packB ? tools.index(0) : startOf(b), startOf(c), startOf(b), {}, {}, {}, {}};
    if (plan.hasBand())
      start.band = tools.index(0);
    if (epilogue)
      for (int64_t offset : epilogue->offsets())
        start.e.push_back(tools.index(offset));
    if (plan.packA)
      start.a = tools.index(0);
    descend(0, start, {plan.m.extent, plan.n.extent, plan.k.front().extent});
  }

private:
  using Level = std::function<void(Place, Tile, std::function<void(Place, Tile)>)>;

  OpBuilder &builder;
  Location loc;
  VectorTools tools;
  ProductPlan plan, unpacked; ///< strides after and before packing
  FlatOperand a, b, c;
  const Epilogue *epilogue;
  bool stored; ///< whether c's final value is stored
  Type element;
  Value sourceA, sourceB;          ///< the operands before packing
  int64_t nPanelB = 0, mTileA = 0; ///< movement from one panel (tile) to the next, for each column (row) of offset
  SmallVector<Level> levels;

  Value startOf(const FlatOperand &operand) {
    return operand.shift ? tools.advance(operand.shift, tools.index(operand.offset), 1) : tools.index(operand.offset);
  }

  //===-- the nest -------------------------------------------------------------------------------------------------===//

  void descend(size_t level, Place place, Tile tile) {
    if (level == levels.size())
      return plan.dot ? emitDotTile(place, tile) : emitTile(place, tile);
    levels[level](place, tile, [&](Place inner, Tile size) { descend(level + 1, inner, size); });
  }

  Place move(const Place &from, Value iv, const Loop &by, int64_t unpackedB) {
    Place to{tools.advance(from.a, iv, by.a),
             tools.advance(from.b, iv, by.b),
             tools.advance(from.c, iv, by.c),
             tools.advance(from.unpackedB, iv, unpackedB),
             from.e,
             from.last,
             from.number,
             from.band ? tools.advance(from.band, iv, by.band) : Value()};
    for (auto [position, stride] : llvm::zip(to.e, by.e))
      position = tools.advance(position, iv, stride);
    return to;
  }

  /// `place` in the block of k that starts at `at`: the last one starts at `last`.
  Place inBlock(Place place, Value at, int64_t last) {
    if (!epilogue)
      return place;
    Value here = builder.createOrFold<arith::CmpIOp>(loc, arith::CmpIPredicate::eq, at, tools.index(last));
    place.last = place.last ? builder.createOrFold<arith::AndIOp>(loc, place.last, here) : here;
    return place;
  }

  /// `place` in the tiles that start at `at` of an extent: tiles are numbered in the order of the loops.
  Place numbered(Place place, Value at, int64_t extent, int64_t size) {
    if (!epilogue || !epilogue->isPartial())
      return place;
    Value turn = builder.createOrFold<arith::DivUIOp>(loc, at, tools.index(size));
    place.number = place.number ? tools.advance(turn, place.number, (extent + size - 1) / size) : turn;
    return place;
  }

  /// A loop in turns of `step`, of which the tile in hand has as many as `size` says. `ofBlocks`: of k.
  Level loopLevel(const Loop &loop, int64_t unpackedB, bool parallel, bool ofBlocks = false, int64_t step = 1,
                  int64_t Tile::*size = nullptr) {
    return [=, this](Place place, Tile tile, auto next) {
      tools.forTiles(loop.extent, step, parallel, [&](Value at, int64_t turns) {
        Place inner = move(place, at, loop, unpackedB);
        Tile part = tile;
        if (size)
          part.*size = turns;
        next(ofBlocks ? inBlock(inner, at, (loop.extent - 1) / step * step) : numbered(inner, at, loop.extent, step),
             part);
      });
    };
  }

  Level panelLevel(bool parallel) {
    Loop panels = plan.n;
    panels.b = nPanelB;
    return loopLevel(panels, unpacked.n.b, parallel, false, plan.panel(), &Tile::n);
  }

  Level rowsLevel(bool parallel) {
    Loop tiles = plan.m;
    tiles.a = mTileA;
    return loopLevel(tiles, unpacked.m.b, parallel, false, plan.rows, &Tile::m);
  }

  /// Orders the levels and chooses the one that threads share (see ProductPlan.h).
  void buildLevels() {
    bool inside = plan.packB && !plan.packBAhead;
    bool parallel = plan.multiplyAdds() >= parallelWork;
    int64_t panels = (plan.n.extent + plan.panel() - 1) / plan.panel();
    int64_t tiles = (plan.m.extent + plan.rows - 1) / plan.rows;
    auto addLoops = [&](auto &loops, auto &before, auto keep, int skip = -1) {
      for (size_t i = 0; i < loops.size(); ++i)
        if (int(i) != skip && keep(before[i]))
          levels.push_back(loopLevel(loops[i], before[i].b, false));
    };
    auto always = [](const Loop &) { return true; };
    auto addBlocks = [&] {
      for (auto [packed, before] : llvm::zip_equal(plan.kBlocks, unpacked.kBlocks))
        levels.push_back(loopLevel(packed, before.b, false, /*ofBlocks=*/true));
      if (plan.kBlock)
        levels.push_back(
            loopLevel(plan.k.front(), unpacked.k.front().b, false, /*ofBlocks=*/true, plan.kBlock, &Tile::k));
    };
    if (inside) {
      auto [ofPanels, shared] = SharedPanels::of(unpacked);
      if (shared >= 0)
        levels.push_back(loopLevel(plan.outer[shared], unpacked.outer[shared].b, true));
      addLoops(plan.outer, unpacked.outer, [](const Loop &loop) { return loop.b != 0; }, shared);
      levels.push_back(panelLevel(ofPanels));
      addLoops(plan.scatter, unpacked.scatter, always);
      addBlocks();
      levels.push_back([this](Place place, Tile tile, auto next) {
        packPanel(place.unpackedB, place.b, tile);
        next(place, tile);
      });
      addLoops(plan.outer, unpacked.outer, [](const Loop &loop) { return loop.b == 0; });
      levels.push_back(rowsLevel(parallel && panels == 1 && shared < 0 && tiles > 1));
      return;
    }
    int shared = parallel ? sharedLoop(unpacked, always) : -1;
    bool shareTiles = parallel && shared < 0 && tiles >= panels && tiles > 1;
    bool sharePanels = parallel && shared < 0 && !shareTiles && panels > 1;
    if (shared >= 0)
      levels.push_back(loopLevel(plan.outer[shared], unpacked.outer[shared].b, true));
    if (shareTiles && plan.scatter.empty())
      levels.push_back(rowsLevel(true));
    if (sharePanels && plan.scatter.empty())
      levels.push_back(panelLevel(true));
    addLoops(plan.scatter, unpacked.scatter, always);
    addBlocks();
    addLoops(plan.outer, unpacked.outer, always, shared);
    if (!sharePanels || !plan.scatter.empty())
      levels.push_back(panelLevel(sharePanels));
    if (!shareTiles || !plan.scatter.empty())
      levels.push_back(rowsLevel(shareTiles));
  }

  //===-- packing --------------------------------------------------------------------------------------------------===//

  /// Makes the scratch of one operand and rewrites its strides in `plan`.
  void arrange(bool ofA) {
    Packed packed = arrangePacked(plan, ofA);
    Value scratch = memref::AllocOp::create(builder, loc, MemRefType::get({packed.elements}, element));
    FlatOperand &operand = ofA ? a : b;
    (ofA ? sourceA : sourceB) = std::exchange(operand.memory, scratch);
    (ofA ? mTileA : nPanelB) = packed.tileStep;
  }

  /// A loop over the packed copy, and over the operand.
  using PackedLoop = std::pair<Loop, Loop>;

  SmallVector<PackedLoop> loopsOfK() {
    SmallVector<PackedLoop> loops;
    for (auto [packed, before] : llvm::zip_equal(plan.k, unpacked.k))
      loops.push_back({packed, before});
    return loops;
  }

  /// The loops outside of tiles that an operand is packed for.
  SmallVector<PackedLoop> loopsOutside(int64_t Loop::*stride) {
    SmallVector<PackedLoop> loops;
    for (auto member : {&ProductPlan::outer, &ProductPlan::scatter, &ProductPlan::kBlocks})
      for (auto [packed, before] : llvm::zip_equal(plan.*member, unpacked.*member))
        if (before.*stride != 0 || member == &ProductPlan::kBlocks)
          loops.push_back({packed, before});
    return loops;
  }

  /// Calls body at each point of the loops, with where it is in the operand and in the copy.
  void overPacked(ArrayRef<PackedLoop> loops, int64_t Loop::*stride, Value from, Value to,
                  function_ref<void(Value from, Value to)> body) {
    if (loops.empty())
      return body(from, to);
    const auto &[packed, before] = loops.front();
    tools.forTiles(packed.extent, 1, false, [&](Value iv, int64_t) {
      overPacked(loops.drop_front(), stride, tools.advance(from, iv, before.*stride),
                 tools.advance(to, iv, packed.*stride), body);
    });
  }

  void packAllB() {
    overPacked(loopsOutside(&Loop::b), &Loop::b, startOf(b), tools.index(0), [&](Value from, Value to) {
      tools.forTiles(plan.n.extent, plan.panel(), false, [&](Value at, int64_t size) {
        packPanel(tools.advance(from, at, unpacked.n.b), tools.advance(to, at, nPanelB),
                  {1, size, plan.k.front().extent});
      });
    });
  }

  /// Packs a, whose rows are contiguous. Neighbouring tiles take their turns at each step of k, so that whole lines are read
  /// and few are written at a time: the tiles lie far apart, often by a power of two.
  void packAllA() {
    constexpr int64_t together = 64; // elements of a row: some lines
    arrange(/*ofA=*/true);
    const SmallVector<PackedLoop> outside = loopsOutside(&Loop::a), inside = loopsOfK();
    bool parallel = double(turnsOf(plan.k)) * plan.m.extent >= parallelWork && outside.empty();
    int64_t group = (together + plan.rows - 1) / plan.rows * plan.rows;
    overPacked(outside, &Loop::a, startOf(a), tools.index(0), [&](Value from, Value to) {
      tools.forTiles(plan.m.extent, group, parallel, [&](Value at, int64_t size) {
        overPacked(inside, &Loop::a, tools.advance(from, at, 1), tools.advance(to, at, mTileA),
                   [&](Value source, Value target) { packRows(source, target, size); });
      });
    });
  }

  /// One step of k of tiles with so many rows together.
  void packRows(Value source, Value target, int64_t count) {
    for (int64_t first = 0; first < count; first += plan.rows) {
      int64_t size = std::min(plan.rows, count - first);
      Value rows = tools.load(sourceA, tools.advance(source, tools.index(first), 1), size, size);
      tools.store(rows, a.memory, tools.advance(target, tools.index(first), mTileA), size);
    }
  }

  /// Copies tile.k steps of one panel of b; lanes beyond tile.n become zero.
  void packPanel(Value from, Value to, Tile tile) {
    SmallVector<PackedLoop> loops = loopsOfK();
    loops.front().first.extent = loops.front().second.extent = tile.k;
    // The step along which b is contiguous goes innermost, for whole lines.
    auto contiguous = llvm::find_if(loops, [](const PackedLoop &loop) { return loop.second.b == 1; });
    if (unpacked.n.b == 1 || contiguous == loops.end() || !llvm::isPowerOf2_64(plan.lanes))
      return overPacked(loops, &Loop::b, from, to, [&](Value source, Value target) { packRow(source, target, tile); });
    const PackedLoop last = *contiguous;
    loops.erase(contiguous);
    overPacked(loops, &Loop::b, from, to, [&](Value source, Value target) {
      packTransposed(last.first.extent, source, target, last.first.b, tile);
    });
  }

  void packRow(Value source, Value target, Tile tile) {
    for (int64_t v = 0; v < plan.vectors; ++v) {
      int64_t lane = v * plan.lanes, count = std::clamp<int64_t>(tile.n - lane, 0, plan.lanes);
      Value to = tools.advance(target, tools.index(lane), 1);
      Value from = tools.advance(source, tools.index(lane), unpacked.n.b);
      Value row = unpacked.n.b == 1 && count > 0 ? tools.load(sourceB, from, plan.lanes, count)
                                                 : tools.loadEach(sourceB, from, unpacked.n.b, plan.lanes, count);
      tools.store(row, b.memory, to, plan.lanes);
    }
  }

  /// lanes x lanes blocks: vectors along k are loaded, transposed in registers and stored along n.
  void packTransposed(int64_t steps, Value source, Value target, int64_t packedStep, Tile tile) {
    tools.forTiles(steps, plan.lanes, false, [&](Value at, int64_t size) {
      for (int64_t v = 0; v < plan.vectors; ++v) {
        SmallVector<Value> rows;
        for (int64_t r = 0; r < plan.lanes; ++r) {
          int64_t column = v * plan.lanes + r;
          if (column >= tile.n) {
            rows.push_back(tools.zero(element, plan.lanes));
            continue;
          }
          Value position = tools.advance(tools.advance(source, at, 1), tools.index(column), unpacked.n.b);
          rows.push_back(tools.load(sourceB, position, plan.lanes, size));
        }
        tools.transpose(rows);
        for (int64_t r = 0; r < size; ++r) {
          Value position = tools.advance(tools.advance(target, at, packedStep), tools.index(r), packedStep);
          tools.store(rows[r], b.memory, tools.advance(position, tools.index(v * plan.lanes), 1), plan.lanes);
        }
      }
    });
  }

  //===-- the tile -------------------------------------------------------------------------------------------------===//

  /// One step of k: acc[r][v] += a[r] * b[v].
  void step(Place place, Tile tile, MutableArrayRef<Value> acc) {
    int64_t vectors = (tile.n + plan.lanes - 1) / plan.lanes;
    SmallVector<Value> bs;
    for (int64_t v = 0; v < vectors; ++v) {
      int64_t count = plan.packB ? plan.lanes : tile.n - v * plan.lanes;
      bs.push_back(tools.load(b.memory, tools.advance(place.b, tools.index(v * plan.lanes), 1), plan.lanes, count));
    }
    for (int64_t r = 0; r < tile.m; ++r) {
      Value at = tools.advance(place.a, tools.index(r), plan.m.a);
      Value row = plan.n.a == 0 ? tools.broadcast(tools.loadScalar(a.memory, at), plan.lanes) : Value();
      for (int64_t v = 0; v < vectors; ++v) {
        Value factor = row;
        if (!factor) // both factors move with n (depthwise products)
          factor = loadAlongN(tools.advance(at, tools.index(v * plan.lanes), plan.n.a), tile.n - v * plan.lanes);
        Value &sum = acc[r * vectors + v];
        sum = math::FmaOp::create(builder, loc, factor, bs[v], sum);
      }
    }
  }

  Value loadAlongN(Value at, int64_t count) {
    return plan.n.a == 1 ? tools.load(a.memory, at, plan.lanes, count)
                         : tools.loadEach(a.memory, at, plan.n.a, plan.lanes, count);
  }

  /// The steps along the outermost k that add something in the band of the plan to the tile in hand; others may be among them.
  std::pair<Value, Value> stepsInBand(Value band, const Tile &tile) {
    int64_t least = 0, most = 0; // from the tile's first element at its first step
    auto add = [&](const Loop &loop, int64_t turns) { (loop.band < 0 ? least : most) += loop.band * (turns - 1); };
    add(plan.m, tile.m);
    add(plan.n, tile.n);
    for (const Loop &loop : ArrayRef(plan.k).drop_front())
      add(loop, loop.extent);
    auto plus = [&](Value x, int64_t y) -> Value {
      return builder.createOrFold<arith::AddIOp>(loc, x, tools.index(y));
    };
    Value none = tools.index(0), all = tools.index(tile.k);
    auto clamp = [&](Value x) -> Value {
      return builder.createOrFold<arith::MinSIOp>(loc, builder.createOrFold<arith::MaxSIOp>(loc, x, none), all);
    };
    auto from = [&](int64_t bound) { return builder.createOrFold<arith::SubIOp>(loc, tools.index(bound), band); };
    switch (plan.k.front().band) {
    case 1: // band + [least, most] + k in [low, high]
      return {clamp(from(plan.low - most)), clamp(from(plan.high - least + 1))};
    case -1: return {clamp(plus(band, least - plan.high)), clamp(plus(band, most - plan.low + 1))};
    case 0: {
      auto isInside = [&](arith::CmpIPredicate predicate, int64_t offset, int64_t bound) -> Value {
        return builder.createOrFold<arith::CmpIOp>(loc, predicate, plus(band, offset), tools.index(bound));
      };
      Value inside = builder.createOrFold<arith::AndIOp>(loc, isInside(arith::CmpIPredicate::sge, most, plan.low),
                                                         isInside(arith::CmpIPredicate::sle, least, plan.high));
      return {none, builder.createOrFold<arith::SelectOp>(loc, inside, all, none)};
    }
    default: return {none, all};
    }
  }

  /// Runs `body(place, acc)` for `count` steps along `loop`, `unroll` steps in each turn, the rest written out; of whole turns those that `within` has
  /// steps of, if it is given.
  void steps(int64_t count, const Loop &loop, Place place, SmallVector<Value> &acc, int64_t unroll,
             function_ref<void(Place, SmallVector<Value> &)> body, std::pair<Value, Value> within = {}) {
    int64_t whole = count <= 2 * unroll ? 0 : count / unroll * unroll;
    tools.forCarrying(
        whole / unroll, unroll, acc,
        [&](Value at, SmallVector<Value> &inner) {
          Place here = move(place, at, loop, 0);
          for (int64_t i = 0; i < unroll; ++i)
            body(move(here, tools.index(i), loop, 0), inner);
        },
        within);
    for (int64_t i = whole; i < count; ++i)
      body(move(place, tools.index(i), loop, 0), acc);
  }

  /// Asks for what a packed tile of a needs some turns from now, if all of a does not stay in the caches: it is read in
  /// one run, which passes a page every few turns, and processors look no further ahead than a page's end.
  void prefetchA(Place place) {
    constexpr int64_t ahead = 64, cached = 1 << 18; // steps of k; elements
    if (plan.m.extent * turnsOf(plan.k) <= cached)
      return;
    Value at = tools.advance(place.a, tools.index(ahead), plan.k.back().a);
    memref::PrefetchOp::create(builder, loc, a.memory, at, /*isWrite=*/false, /*localityHint=*/3, /*isDataCache=*/true);
  }

  /// All loops of k, the innermost unrolled.
  void overK(size_t level, Place place, Tile tile, SmallVector<Value> &acc) {
    bool last = level + 1 == plan.k.size();
    int64_t count = level == 0 ? tile.k : plan.k[level].extent;
    std::pair<Value, Value> within;
    if (level == 0 && place.band)
      within = stepsInBand(std::exchange(place.band, {}), tile);
    auto body = [&](Place inner, SmallVector<Value> &sums) {
      if (last && plan.packA)
        prefetchA(inner);
      if (last)
        step(inner, tile, sums);
      else
        overK(level + 1, inner, tile, sums);
    };
    steps(count, plan.k[level], place, acc, last ? 4 : 1, body, within);
  }

  void emitTile(Place place, Tile tile) {
    int64_t vectors = (tile.n + plan.lanes - 1) / plan.lanes;
    SmallVector<Value> acc, positions;
    for (int64_t r = 0; r < tile.m; ++r)
      for (int64_t v = 0; v < vectors; ++v) {
        Value at = tools.advance(tools.advance(place.c, tools.index(r), plan.m.c), tools.index(v * plan.lanes), 1);
        positions.push_back(at);
        acc.push_back(tools.zero(element, plan.lanes));
      }
    if (epilogue)
      epilogue->prefetch(builder, place.e, tile.m, vectors);
    overK(0, place, tile, acc);
    for (auto [i, sum] : llvm::enumerate(acc))
      if (plan.accumulates())
        sum = add(tools.load(c.memory, positions[i], plan.lanes, tile.n - int64_t(i) % vectors * plan.lanes), sum);
    auto storeSums = [&] {
      for (int64_t i = 0; i < int64_t(acc.size()); ++i)
        tools.store(acc[i], c.memory, positions[i], tile.n - i % vectors * plan.lanes);
    };
    if (!epilogue)
      return storeSums();
    auto finish = [&] {
      if (stored)
        storeSums();
      if (epilogue->isPartial())
        epilogue->emitPartial(builder, acc, place.number, vectors, tile.n);
      else
        epilogue->emit(builder, acc, place.e, vectors, tile.n);
    };
    if (!place.last)
      return finish();
    OpBuilder::InsertionGuard guard(builder);
    auto branch = scf::IfOp::create(builder, loc, place.last, /*withElseRegion=*/true);
    builder.setInsertionPointToStart(branch.thenBlock());
    finish();
    builder.setInsertionPointToStart(branch.elseBlock());
    storeSums();
  }

  Value add(Value x, Value y) { return arith::AddFOp::create(builder, loc, x, y); }

  /// Lanes along the innermost k, for results that no lane can run along: a row's lanes are summed at its end.
  void emitDotTile(Place place, Tile tile) {
    const int64_t chains = plan.chains, stride = plan.lanes * chains, whole = plan.k.back().extent / stride;
    const SmallVector<Value> zeros(tile.m * chains, tools.zero(element, plan.lanes));
    SmallVector<Value> acc = zeros;
    auto plus = [this](Value x, Value y) { return add(x, y); };
    auto turn = [&](Place here, SmallVector<Value> &next, int64_t chain, int64_t count) {
      Value offset = tools.index(chain * plan.lanes);
      Value right = tools.load(b.memory, tools.advance(here.b, offset, 1), plan.lanes, count);
      for (int64_t r = 0; r < tile.m; ++r) {
        Value position = tools.advance(tools.advance(here.a, offset, 1), tools.index(r), plan.m.a);
        Value left = tools.load(a.memory, position, plan.lanes, count);
        Value &sum = next[r * chains + chain];
        sum = math::FmaOp::create(builder, loc, left, right, sum);
      }
    };
    // `inside`: by how much one turn of a loop lengthens each chain. More than a chain may have is one of the next level.
    std::function<void(size_t, Place, SmallVector<Value> &)> nest = [&](size_t level, Place at,
                                                                        SmallVector<Value> &sums) {
      bool last = level + 1 == plan.k.size();
      Loop loop = last ? Loop{whole, stride, stride, 0, {}} : plan.k[level];
      int64_t inside = 1;
      for (size_t inner = level + 1; inner < plan.k.size(); ++inner)
        inside *= inner + 1 == plan.k.size() ? (plan.k[inner].extent + stride - 1) / stride : plan.k[inner].extent;
      auto body = [&](Place here, SmallVector<Value> &next) {
        if (last) {
          for (int64_t chain = 0; chain < chains; ++chain)
            turn(here, next, chain, plan.lanes);
        } else if (inside <= longestChain) {
          nest(level + 1, here, next);
        } else {
          SmallVector<Value> own = zeros;
          nest(level + 1, here, own);
          for (auto [sum, part] : llvm::zip_equal(next, own))
            sum = add(sum, part);
        }
      };
      tools.cascade(loop.extent, 1, inside > longestChain ? 1 : inside, zeros, sums, plus,
                    [&](Value from, int64_t count, SmallVector<Value> &next) {
                      steps(count, loop, move(at, from, loop, 0), next, 1, body);
                    });
      if (!last)
        return;
      Place end = move(at, tools.index(whole), loop, 0);
      for (int64_t chain = 0, left = plan.k.back().extent - whole * stride; left > 0; ++chain, left -= plan.lanes)
        turn(end, sums, chain, std::min(left, plan.lanes));
    };
    nest(0, place, acc);
    for (int64_t r = 0; r < tile.m; ++r) {
      Value sum = acc[r * chains];
      for (int64_t chain = 1; chain < chains; ++chain)
        sum = add(sum, acc[r * chains + chain]);
      sum = tools.combineLanes(sum, plus);
      Value at = tools.advance(place.c, tools.index(r), plan.m.c);
      if (plan.accumulates())
        sum = add(tools.loadScalar(c.memory, at), sum);
      tools.storeScalar(sum, c.memory, at);
    }
  }
};

} // namespace

void emitProduct(OpBuilder &builder, Location loc, ProductPlan plan, FlatOperand a, FlatOperand b, FlatOperand c,
                 const Epilogue *epilogue, bool stored) {
  Emitter(builder, loc, std::move(plan), a, b, c, epilogue, stored).run();
}

} // namespace talweg
