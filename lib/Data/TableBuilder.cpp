#include "TableBuilder.h"

#include "ClassNumbers.h"
#include "Selecting.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace talweg::data {

namespace {

/// What a thread knows of the block that it has.
struct Turn {
  std::int64_t firstRow = 0, rows = 0;      ///< number of the block's first record, and how many of them are wanted
  std::vector<std::int64_t> kept;           ///< of these
  std::vector<const prepare::Cell *> cells; ///< of each that is kept
  std::size_t good = 0;                     ///< how many of these are before the first with which something is wrong
  std::optional<Error> error;               ///< that

  std::span<const prepare::Cell *const> goodCells() const { return std::span(cells).first(good); }
};

/// Going through one file for some fields.
class RecordWalk {
public:
  RecordWalk(RecordReader &records, const KeptRows &kept, std::span<const Field> fields, int threads)
      : records(records), kept(kept), fields(fields), turns(std::size_t(std::max(threads, 1))) {}

  Result<void> bind(std::span<const prepare::Preparation> preparations);
  /// With `work.begin` and what is told of errors added to `work`.
  Result<void> run(BlockWork work);
  /// The same where `visit(field, records)` is called for each field that `wants` has and all records that are kept, in their order.
  Result<void>
  visit(const std::function<bool(std::size_t)> &wants,
        const std::function<std::optional<prepare::RowFault>(std::size_t, const prepare::Records &)> &visit);

  std::span<const std::int64_t> columnsOf(std::size_t field) const { return binding[field]; }
  bool isRead(std::size_t field) const { return !binding[field].empty(); }
  Turn &turnOf(int thread) { return turns[std::size_t(thread)]; }
  /// What is wrong with a field of a record, whose number is among those that are kept.
  void takeFault(Turn &turn, const RecordBlock &block, std::size_t field, const prepare::RowFault &fault) const;

private:
  bool begin(RecordBlock &block, Turn &turn);
  void findKept(RecordBlock &block, Turn &turn) const;

  RecordReader &records;
  const KeptRows &kept;
  const std::span<const Field> fields;
  Binding binding;
  std::vector<Turn> turns; ///< of each thread
  std::int64_t seen = 0;   ///< records
};

} // namespace

Result<void> RecordWalk::bind(std::span<const prepare::Preparation> preparations) {
  std::vector<Taker> takers;
  for (std::size_t f = 0; f < fields.size(); ++f)
    takers.push_back({&fields[f], preparations[f].columns()});
  Result<Binding> bound = records.bind(takers);
  if (!bound)
    return bound.error();
  binding = std::move(*bound);
  return {};
}

/// Decides which of the block's records are wanted; false: none behind them.
bool RecordWalk::begin(RecordBlock &block, Turn &turn) {
  turn.firstRow = seen;
  turn.rows = block.rows();
  turn.error.reset();
  const bool isEnough = kept.end() && *kept.end() - seen < turn.rows;
  if (isEnough) {
    turn.rows = *kept.end() - seen;
    block.error.reset();
  }
  seen += turn.rows;
  return !isEnough;
}

/// Reads those that are kept.
void RecordWalk::findKept(RecordBlock &block, Turn &turn) const {
  turn.kept.clear();
  turn.cells.clear();
  for (std::int64_t row = 0; row < turn.rows;) {
    const std::int64_t begin = row;
    while (row < turn.rows && kept.keeps(turn.firstRow + row))
      turn.kept.push_back(row++);
    if (begin == row) {
      ++row;
      continue;
    }
    if (Result<void> read = block.readContents(); !read)
      turn.error = read.error();
    block.addTo(turn.cells, begin, row);
  }
  turn.good = turn.error ? 0 : turn.kept.size();
}

Result<void> RecordWalk::run(BlockWork work) {
  std::int64_t visits = 0;
  work.begin = [&](RecordBlock &block, int thread) { return begin(block, turnOf(thread)); };
  const auto apart = std::move(work.work);
  work.work = [&](RecordBlock &block, int thread) {
    findKept(block, turnOf(thread));
    if (apart)
      apart(block, thread);
  };
  const auto finish = std::move(work.finish);
  work.finish = [&](RecordBlock &block, int thread) -> Result<void> {
    visits += std::int64_t(turnOf(thread).kept.size());
    if (finish)
      if (Result<void> finished = finish(block, thread); !finished)
        return finished;
    const std::optional<Error> &error = turnOf(thread).error;
    return error ? Result<void>(*error) : Result<void>();
  };

  const std::unique_ptr<RecordBlocks> single = records.blocks() ? nullptr : oneByOne(records);
  if (Result<void> walked = walkBlocks(single ? *single : *records.blocks(), int(turns.size()), work); !walked)
    return walked;
  if (seen == 0)
    return records.noRecords();
  if (visits == 0)
    return nothingSelected(kept.said(), seen, records.placeOf(0).file);
  return {};
}

void RecordWalk::takeFault(Turn &turn, const RecordBlock &block, std::size_t f, const prepare::RowFault &of) const {
  const Field &field = fields[f];
  const prepare::Fault &fault = of.fault;
  const std::int64_t row = turn.kept[of.row], column = binding[f][fault.cell];
  const std::string ofRow = block.columnTextOf(row);
  turn.good = of.row;
  turn.error = failure(fault.code, block.placeOf(row, std::size_t(column)),
                       fmt::format("{} (field `{}: {}`, {})", fault.situation, field.name, field.typeText(),
                                   ofRow.empty() ? records.columnText(column) : ofRow),
                       fault.help.empty() ? block.helpOfRecord(row) : fault.help);
}

Result<void>
RecordWalk::visit(const std::function<bool(std::size_t)> &wants,
                  const std::function<std::optional<prepare::RowFault>(std::size_t, const prepare::Records &)> &visit) {
  BlockWork work;
  for (std::size_t f = 0; f < fields.size(); ++f)
    if (isRead(f) && wants(f))
      work.stages.push_back([&, f](RecordBlock &block, int thread) {
        Turn &turn = turnOf(thread);
        if (const auto fault = visit(f, {turn.goodCells(), binding[f]}))
          takeFault(turn, block, f, *fault);
      });
  return run(std::move(work));
}

//===-- tables ----------------------------------------------------------------------------------------------------===//

static void addText(TextColumn &column, const prepare::Cell &cell) {
  if (cell.kind == prepare::Cell::Number)
    column.add(fmt::format("{}", cell.number));
  else
    column.add(cell.text);
}

namespace {
/// Some of the records of a block that are kept, prepared.
struct Piece {
  std::vector<std::vector<std::byte>> columns; ///< of each field
  std::size_t begin = 0, end = 0;              ///< which of them
  std::int64_t rows() const { return std::int64_t(end - begin); }
};

/// Prepares the records of blocks, and puts them behind each other in a table.
class TableWork {
public:
  TableWork(Table &table, RecordWalk &walk, std::span<const prepare::Preparation> preparations,
            std::vector<std::int64_t> keyColumns, ClassNumbers *classes, std::string path, int threads)
      : table(table), walk(walk), preparations(preparations), keyColumns(std::move(keyColumns)), classes(classes),
        path(std::move(path)), pieces(std::size_t(std::max(threads, 1))) {
    std::int64_t bytes = 1;
    for (std::size_t f = 0; f < table.fields.size(); ++f)
      bytes += walk.isRead(f) ? table.fields[f].bytes() : 0;
    mostRows = std::size_t(std::max(std::int64_t(1), kPieceBytes / bytes));
    for (Piece &piece : pieces)
      piece.columns.resize(table.fields.size());
  }

  BlockWork work() {
    BlockWork work;
    work.work = [this](RecordBlock &block, int thread) { prepare(block, 0, thread); };
    work.finish = [this](RecordBlock &block, int thread) { return finish(block, thread); };
    return work;
  }

private:
  static constexpr std::int64_t kPieceBytes = std::int64_t(1) << 21;

  void prepare(RecordBlock &block, std::size_t begin, int thread);
  Result<void> keepBeside(const RecordBlock &block, const Piece &piece, const Turn &turn);
  Result<void> finish(RecordBlock &block, int thread);

  Table &table;
  RecordWalk &walk;
  const std::span<const prepare::Preparation> preparations;
  const std::vector<std::int64_t> keyColumns;
  ClassNumbers *const classes; ///< null: none are kept
  const std::string path;
  std::size_t mostRows = 1;
  std::vector<Piece> pieces; ///< of each thread
};
} // namespace

/// Prepares those that make a piece, from number `begin` of them on.
void TableWork::prepare(RecordBlock &block, std::size_t begin, int thread) {
  Turn &turn = walk.turnOf(thread);
  Piece &piece = pieces[std::size_t(thread)];
  piece.begin = begin;
  piece.end = std::min(begin + mostRows, turn.good);
  for (std::size_t f = 0; f < table.fields.size(); ++f) {
    if (!walk.isRead(f))
      continue;
    const auto rows = turn.goodCells().subspan(begin, piece.end - begin);
    std::vector<std::byte> &to = piece.columns[f];
    to.resize(std::max(to.size(), rows.size() * std::size_t(table.fields[f].bytes())));
    if (auto fault = preparations[f].prepare({rows, walk.columnsOf(f)}, to.data())) {
      fault->row += begin;
      walk.takeFault(turn, block, f, *fault);
      piece.end = turn.good;
    }
  }
}

/// Keeps what these records have beside the fields.
Result<void> TableWork::keepBeside(const RecordBlock &block, const Piece &piece, const Turn &turn) {
  std::int64_t rows = table.rows;
  for (std::size_t i = piece.begin; i < piece.end; ++i) {
    const std::int64_t row = turn.kept[i];
    for (std::size_t k = 0; k < keyColumns.size(); ++k) {
      TextColumn &texts = table.texts[k];
      const std::int64_t before = texts.bytesInMemory();
      addText(texts, turn.cells[i][keyColumns[k]]);
      table.storage->inMemory += texts.bytesInMemory() - before;
    }
    const std::int64_t most = table.storage->limits.mostBytes;
    if (!keyColumns.empty() && table.storage->inMemory > most)
      return failure(
          "E0780", {path},
          fmt::format("the texts of the key columns take more than the {} that the data may have in memory: {} "
                      "fit, and there are more",
                      bytesText(most), counted(rows, "row")),
          "choose fewer rows, or give more memory: `--data-memory`");
    ++rows;
    if (!classes)
      continue;
    const auto column = std::size_t(classes->column);
    if (Result<void> added = classes->add(turn.cells[i][column], [&] { return block.placeOf(row, column); }); !added)
      return added;
  }
  return {};
}

Result<void> TableWork::finish(RecordBlock &block, int thread) {
  Turn &turn = walk.turnOf(thread);
  const Piece &piece = pieces[std::size_t(thread)];
  for (;; prepare(block, piece.end, thread)) {
    for (std::size_t f = 0; f < table.fields.size(); ++f) {
      if (!walk.isRead(f))
        continue;
      Buffer &values = table.columns[f];
      const std::int64_t old = values.size(), more = piece.rows() * table.fields[f].bytes();
      if (!values.resize(old + more))
        return table.noRoom(path);
      if (more > 0)
        std::memcpy(values.data() + old, piece.columns[f].data(), std::size_t(more));
    }
    if (!keyColumns.empty() || classes)
      if (Result<void> added = keepBeside(block, piece, turn); !added)
        return added;
    table.rows += piece.rows();
    if (piece.end >= turn.good)
      return {};
  }
}

Result<Table> buildTable(RecordReader &records, const KeptRows &kept, std::vector<Field> fields,
                         std::span<const prepare::Preparation> preparations, const Limits &limits, const Beside &beside,
                         int threads) {
  Result<Table> table = Table::create(std::move(fields), 0, limits);
  if (!table)
    return table.error();
  RecordWalk walk(records, kept, table->fields, threads);
  if (Result<void> bound = walk.bind(preparations); !bound)
    return bound.error();
  std::vector<std::int64_t> keyColumns;
  for (const ColumnRef &key : beside.keys) {
    const Result<std::int64_t> column = records.columnOf(key);
    if (!column)
      return column.error();
    keyColumns.push_back(*column);
    table->texts.push_back({records.names().empty() ? std::to_string(*column) : records.names()[std::size_t(*column)]});
  }
  std::optional<ClassNumbers> classes;
  if (beside.balanced) {
    const Result<std::int64_t> column = records.columnOf(*beside.balanced);
    if (!column)
      return column.error();
    classes.emplace(*table, *column);
  }
  TableWork work(*table, walk, preparations, std::move(keyColumns), classes ? &*classes : nullptr,
                 std::string(records.placeOf(0).file), threads);
  if (Result<void> read = walk.run(work.work()); !read)
    return read.error();
  if (classes)
    if (Result<void> finished = classes->finish(records); !finished)
      return finished.error();
  table->kept = kept;
  return table;
}

//===-- what looks at records -------------------------------------------------------------------------------------===//

Result<void> visitRecords(RecordReader &records, const KeptRows &kept, std::span<const Field> fields,
                          std::span<const prepare::Preparation> preparations, int threads,
                          const std::function<void(std::size_t, std::span<const std::int64_t>)> &begin,
                          const std::function<void(std::size_t, const prepare::Records &)> &visit) {
  RecordWalk walk(records, kept, fields, threads);
  if (Result<void> bound = walk.bind(preparations); !bound)
    return bound;
  for (std::size_t f = 0; f < fields.size(); ++f)
    begin(f, walk.columnsOf(f));
  return walk.visit([](std::size_t) { return true; },
                    [&](std::size_t f, const prepare::Records &records) -> std::optional<prepare::RowFault> {
                      visit(f, records);
                      return {};
                    });
}

Result<void> showRecords(RecordReader &records, const KeptRows &kept, std::span<const Field> fields,
                         std::span<prepare::Preparation> preparations, int threads, int pass, const Limits &limits) {
  RecordWalk walk(records, kept, fields, threads);
  if (Result<void> bound = walk.bind(preparations); !bound)
    return bound;
  return walk.visit([&](std::size_t f) { return preparations[f].passes() > pass; },
                    [&](std::size_t f, const prepare::Records &records) {
                      std::optional<prepare::RowFault> fault = preparations[f].see(records);
                      if (!fault && preparations[f].bytesSeen() > limits.mostBytes)
                        fault = {
                            records.count() - 1,
                            {"E0780",
                             fmt::format("the words that are learned up to this row take more than the {} that the "
                                         "data may have in memory",
                                         bytesText(limits.mostBytes)),
                             "choose fewer rows to learn from, shorten the texts, or give more memory: "
                             "`--data-memory`"}};
                      return fault;
                    });
}

} // namespace talweg::data
