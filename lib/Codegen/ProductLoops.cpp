// Writes the loops of one planned product: packing, the nest around the tiles, and the tile in registers.
#include "ProductLoops.h"

#include "Epilogue.h"
#include "ProductFetch.h"
#include "ProductPacking.h"
#include "ReductionOrder.h"

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
  Value last;                                 ///< whether c is finished by the blocks of k in hand; null: it is
  Value number;                               ///< of the tile, by the loops outside so far; null: 0
  SmallVector<std::pair<Value, Value>> turns; ///< of each level those that are to be done; null: all
  std::pair<Value, Value> share;              ///< of both shared levels' turns together those of this thread
  Value band;                                 ///< position in the plan's band; null: it has none
  Value nextA, nextB; ///< where what the next turn of plan.fetchNext newly reads begins; null: nothing is asked for
  Value asks;         ///< steps of the outermost k in this turn so far
  Value blockOfRows;  ///< the row where the block in hand begins, if it does outside of that level
};

/// The tile in hand: rows, columns, and steps along the outermost k.
struct Tile {
  int64_t m = 1, n = 1, k = 1;
};

class Emitter : ProductPacking {
public:
  Emitter(OpBuilder &builder, Location loc, ProductPlan plan, FlatOperand a, FlatOperand b, FlatOperand c,
          const Epilogue *epilogue, bool stored, Value threads)
      : ProductPacking(builder, loc, std::move(plan), a, b), levelsOfPlan(this->plan.levels()), c(c),
        epilogue(epilogue), stored(stored), threads(threads) {}

  void run() {
    packAhead();
    buildLevels();
    Place start;
    start.a = startOf(a);
    start.b = plan.packB ? tools.index(0) : startOf(b);
    start.c = startOf(c);
    start.unpackedB = startOf(b);
    start.turns.resize(levelsOfPlan.size());
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

  SmallVector<kernel::Level> levelsOfPlan;
  FlatOperand c;
  const Epilogue *epilogue;
  bool stored;   ///< whether c's final value is stored
  Value threads; ///< their number
  SmallVector<Level> levels;

  //===-- the nest -------------------------------------------------------------------------------------------------===//

  void descend(size_t level, Place place, Tile tile) {
    if (level == levels.size())
      return plan.dot ? emitDotTile(place, tile) : emitTile(place, tile);
    levels[level](place, tile, [&](Place inner, Tile size) { descend(level + 1, inner, size); });
  }

  Place move(const Place &from, Value iv, const Loop &by, int64_t unpackedB) {
    Place to = from;
    to.a = tools.advance(from.a, iv, by.a);
    to.b = tools.advance(from.b, iv, by.b);
    to.c = tools.advance(from.c, iv, by.c);
    to.unpackedB = tools.advance(from.unpackedB, iv, unpackedB);
    if (from.band)
      to.band = tools.advance(from.band, iv, by.band);
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

  /// Likewise the number of the tile: tiles are numbered outer loops first, then panels, then rows, whatever the nest is. Of columns, the place
  /// of the tile's first: tiles are numbered without panels, each by a row.
  Place numbered(Place place, const kernel::Level &level, Value at) {
    using enum kernel::Level::Kind;
    if (!epilogue || !epilogue->isPartial() || level.kind < Outer || level.kind == RowBlocks)
      return place;
    const bool columns = epilogue->isOfColumns();
    int64_t weight = columns ? plan.n.extent : 1;
    for (const kernel::Level &inner : levelsOfPlan)
      if (inner.kind > level.kind || (inner.kind == level.kind && inner.index > level.index))
        weight *= inner.kind == RowBlocks || (columns && inner.kind == Panels) ? 1 : plan.turns(inner);
    if (columns && level.kind == Panels)
      weight = plan.panel();
    Value turn = builder.createOrFold<arith::DivUIOp>(loc, at, tools.index(plan.stepOf(level)));
    place.number = tools.advance(place.number ? place.number : tools.index(0), turn, weight);
    return place;
  }

  /// Likewise what tiles ask for in the turn of `level` that starts at `at`.
  Place asking(Place place, int64_t number, const kernel::Level &level, Value at) {
    if (plan.fetchNext < 0)
      return place;
    if (number == plan.fetchNext) {
      auto first = [&](Value here, int64_t distance) { return tools.advance(here, tools.index(distance), 1); };
      place.asks = tools.index(0);
      if (asksForPanel(plan)) {
        place.nextB = first(place.unpackedB, unpacked.loopOf(level).b * plan.stepOf(level));
        return place;
      }
      if (const NextTurn next = nextTurnOf(plan, true, elementBytes()); next.lines > 0)
        place.nextA = first(place.a, next.from);
      if (const NextTurn next = nextTurnOf(plan, false, elementBytes()); next.lines > 0)
        place.nextB = first(place.b, next.from);
    } else if (place.asks) {
      if (level.kind == kernel::Level::Kind::Rows && plan.rowBlock != 0 && place.blockOfRows)
        at = builder.createOrFold<arith::SubIOp>(loc, at, place.blockOfRows);
      Value turn = builder.createOrFold<arith::DivUIOp>(loc, at, tools.index(plan.stepOf(level)));
      place.asks = tools.advance(place.asks, turn, stepsInside(plan, number));
    }
    return place;
  }

  int64_t elementBytes() const { return element.getIntOrFloatBitWidth() / 8; }

  /// Calls body for each of the `turns` of a loop in steps, the remainder by itself.
  void forTurns(std::pair<Value, Value> turns, int64_t extent, int64_t step,
                function_ref<void(Value at, int64_t size)> body) {
    if (!turns.first)
      return tools.forTiles(extent, step, /*parallel=*/false, body);
    const int64_t whole = extent / step, rest = extent % step;
    OpBuilder::InsertionGuard guard(builder);
    if (whole > 0) {
      Value to = turns.second;
      if (rest)
        to = builder.createOrFold<arith::MinUIOp>(loc, to, tools.index(whole));
      auto loop = scf::ForOp::create(builder, loc, tools.advance(tools.index(0), turns.first, step),
                                     tools.advance(tools.index(0), to, step), tools.index(step));
      builder.setInsertionPointToStart(loop.getBody());
      body(loop.getInductionVar(), step);
      builder.setInsertionPointAfter(loop);
    }
    if (rest) {
      Value has = builder.createOrFold<arith::CmpIOp>(loc, arith::CmpIPredicate::ugt, turns.second, tools.index(whole));
      auto taken = scf::IfOp::create(builder, loc, has, /*withElseRegion=*/false);
      builder.setInsertionPointToStart(taken.thenBlock());
      body(tools.index(whole * step), rest);
    }
  }

  /// The loop of a level.
  Level levelOf(int64_t number) {
    using enum kernel::Level::Kind;
    const kernel::Level level = levelsOfPlan[number];
    if (level.kind == RowBlocks)
      return rowBlocks();
    Loop loop = plan.loopOf(level);
    if (level.kind == Panels)
      loop.b = nPanelB;
    if (level.kind == Rows)
      loop.a = mTileA;
    const int64_t step = plan.stepOf(level), unpackedB = unpacked.loopOf(level).b;
    int64_t Tile::*size = level.kind == Panels ? &Tile::n : level.kind == Rows ? &Tile::m : nullptr;
    if (level.kind == KBlock)
      size = &Tile::k;
    return [=, this](Place place, Tile tile, auto next) {
      forTurns(place.turns[number], loop.extent, step, [&](Value at, int64_t count) {
        Place inner = asking(numbered(move(place, at, loop, unpackedB), level, at), number, level, at);
        if (plan.shared.size() == 2 && plan.shared[0] == number)
          shareInside(inner, at, step);
        if (level.kind == KBlocks || level.kind == KBlock)
          inner = inBlock(inner, at, (loop.extent - 1) / step * step);
        Tile part = tile;
        if (size)
          part.*size = count;
        next(inner, part);
      });
    };
  }

  /// Blocks of rows: each leaves some turns to the level of rows.
  Level rowBlocks() {
    const int64_t rows = int64_t(levelsOfPlan.size()) - 1, tiles = plan.turns(levelsOfPlan[rows]);
    return [=, this](Place place, Tile tile, auto next) {
      auto [from, to] = place.turns[rows];
      if (!from)
        from = tools.index(0), to = tools.index(tiles);
      auto loop = scf::ForOp::create(builder, loc, from, to, tools.index(plan.rowBlock));
      OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPointToStart(loop.getBody());
      Value at = loop.getInductionVar(), end = tools.advance(tools.index(plan.rowBlock), at, 1);
      if (!place.asks)
        place.blockOfRows = tools.advance(tools.index(0), at, plan.rows);
      place.turns[rows] = {at, builder.createOrFold<arith::MinUIOp>(loc, end, to)};
      next(place, tile);
    };
  }

  /// Each thread does its share of the turns of the shared levels, a run of neighbours, with all that is inside of the fork.
  void fork(Place place, Tile tile, function_ref<void(Place, Tile)> next) {
    auto loop = scf::ParallelOp::create(builder, loc, ValueRange{tools.index(0)}, ValueRange{threads},
                                        ValueRange{tools.index(1)});
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    const int64_t count = plan.sharedTurns();
    auto startOfThread = [&](Value thread) -> Value {
      return arith::DivUIOp::create(builder, loc, tools.advance(tools.index(0), thread, count), threads);
    };
    Value thread = loop.getInductionVars()[0];
    place.share = {startOfThread(thread), startOfThread(tools.advance(tools.index(1), thread, 1))};
    auto &turns = place.turns[plan.shared[0]] = place.share;
    if (plan.shared.size() == 2) {
      const int64_t inner = plan.turns(levelsOfPlan[plan.shared[1]]);
      turns.first = arith::DivUIOp::create(builder, loc, turns.first, tools.index(inner));
      turns.second = arith::DivUIOp::create(builder, loc, tools.advance(tools.index(inner - 1), turns.second, 1),
                                            tools.index(inner));
    }
    next(place, tile);
  }

  /// Of the inner shared level the thread's turns, in the outer one's turn that starts at `at`.
  void shareInside(Place &place, Value at, int64_t step) {
    const int64_t inner = plan.turns(levelsOfPlan[plan.shared[1]]);
    Value first =
        tools.advance(tools.index(0), builder.createOrFold<arith::DivUIOp>(loc, at, tools.index(step)), inner);
    auto within = [&](Value turn) -> Value {
      Value from =
          arith::MaxSIOp::create(builder, loc, arith::SubIOp::create(builder, loc, turn, first), tools.index(0));
      return arith::MinSIOp::create(builder, loc, from, tools.index(inner));
    };
    place.turns[plan.shared[1]] = {within(place.share.first), within(place.share.second)};
  }

  /// The levels of the nest, and what stands between them.
  void buildLevels() {
    const size_t packing = plan.packB && !plan.packBAhead ? unpacked.packsInside() : SIZE_MAX;
    const SmallVector<int64_t> order = plan.order();
    for (size_t place = 0; place <= order.size(); ++place) {
      if (place == packing)
        levels.push_back([this](Place at, Tile tile, auto next) {
          packPanel(at.unpackedB, at.b, tile.n, tile.k);
          next(at, tile);
        });
      if (!plan.shared.empty() && place == size_t(plan.fork))
        levels.push_back([this](Place at, Tile tile, auto next) { fork(at, tile, next); });
      if (place < order.size())
        levels.push_back(levelOf(order[place]));
    }
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
          Place here = stepped(place, at, loop);
          if (place.asks && asksForPanel(plan))
            prefetchPanel(here);
          for (int64_t i = 0; i < unroll; ++i)
            body(stepped(here, tools.index(i), loop), inner);
        },
        within);
    for (int64_t i = whole; i < count; ++i)
      body(stepped(place, tools.index(i), loop), acc);
  }

  /// So many steps of k further.
  Place stepped(const Place &from, Value count, const Loop &by) {
    Place to = move(from, count, by, 0);
    if (to.asks && &by == &plan.k.front())
      to.asks = tools.advance(to.asks, count, 1);
    return to;
  }

  /// Asks for what a packed tile of a needs some turns from now: it is read in one run, which passes a page every few turns, and processors look
  /// no further ahead than a page's end.
  void prefetchA(Place place) {
    constexpr int64_t ahead = 64; // steps of k
    Value at = tools.advance(place.a, tools.index(ahead), plan.k.back().a);
    memref::PrefetchOp::create(builder, loc, a.memory, at, /*isWrite=*/false, /*localityHint=*/3, /*isDataCache=*/true);
  }

  /// Asks for a step's share of what the next turn of plan.fetchNext newly reads.
  void prefetchNext(const Place &place) {
    for (auto [of, from, ofA] : {std::tuple(&a, place.nextA, true), std::tuple(&b, place.nextB, false)}) {
      const int64_t lines = from ? nextTurnOf(plan, ofA, elementBytes()).lines : 0;
      for (int64_t i = 0; i < lines; ++i)
        prefetchFar(of->memory, tools.advance(tools.advance(from, tools.index(i), line()), place.asks, lines * line()));
    }
  }

  /// Asks for some of the next panel of b before it is packed, in each turn of k.
  void prefetchPanel(const Place &place) {
    const NextPanel next = nextPanelOf(unpacked, elementBytes());
    Value turn = builder.createOrFold<arith::DivUIOp>(loc, place.asks, tools.index(kUnrolled));
    for (int64_t i = 0; i < next.parts; ++i) {
      Value part = tools.advance(tools.index(i), turn, next.parts);
      Value far = builder.createOrFold<arith::DivUIOp>(loc, part, tools.index(next.width));
      Value at = tools.advance(place.nextB, far, next.far);
      if (next.width > 1)
        at = tools.advance(at, builder.createOrFold<arith::RemUIOp>(loc, part, tools.index(next.width)), next.near);
      for (int64_t l = 0; l < next.lines; ++l)
        prefetchFar(sourceB, tools.advance(at, tools.index(l), line()));
    }
  }

  int64_t line() const { return 64 / elementBytes(); }

  /// Into the second cache.
  void prefetchFar(Value memory, Value at) {
    memref::PrefetchOp::create(builder, loc, memory, at, /*isWrite=*/false, /*localityHint=*/2, /*isDataCache=*/true);
  }

  /// Asks for what a tile's sums will be added to, and what its epilogue reads, before they begin.
  void prefetchC(ArrayRef<Value> positions, Place place, Tile tile, int64_t vectors) {
    if (epilogue)
      epilogue->prefetch(builder, place.e, tile.m, vectors);
    if (!plan.accumulates())
      return;
    for (Value at : positions)
      memref::PrefetchOp::create(builder, loc, c.memory, at, /*isWrite=*/true, /*localityHint=*/3,
                                 /*isDataCache=*/true);
  }

  /// All loops of k, the innermost unrolled.
  void overK(size_t level, Place place, Tile tile, SmallVector<Value> &acc) {
    bool last = level + 1 == plan.k.size();
    int64_t count = level == 0 ? tile.k : plan.k[level].extent;
    std::pair<Value, Value> within;
    if (level == 0 && place.band)
      within = stepsInBand(std::exchange(place.band, {}), tile);
    auto body = [&](Place inner, SmallVector<Value> &sums) {
      if (last && plan.fetchA)
        prefetchA(inner);
      if (level == 0 && place.asks && !asksForPanel(plan))
        prefetchNext(inner);
      if (last)
        step(inner, tile, sums);
      else
        overK(level + 1, inner, tile, sums);
    };
    steps(count, plan.k[level], place, acc, last ? kUnrolled : 1, body, within);
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
    if (plan.fetchC)
      prefetchC(positions, place, tile, vectors);
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
                 const Epilogue *epilogue, bool stored, Value threads) {
  Emitter(builder, loc, std::move(plan), a, b, c, epilogue, stored, threads).run();
}

} // namespace talweg
