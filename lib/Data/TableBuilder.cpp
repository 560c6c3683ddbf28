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
  std::int64_t firstRow = 0, rows = 0;  ///< number of the block's first record, and how many of them are wanted
  std::int64_t kept = 0;                ///< of these
  std::int64_t faulty = 0;              ///< the first record with which something is wrong; `rows` if nothing is
  std::optional<Error> error;           ///< that
  std::vector<prepare::Cell> scattered; ///< of a field whose columns do not follow each other
};

/// Going through one file for some fields.
class RecordWalk {
public:
  RecordWalk(RecordReader &records, const KeptRows &kept, std::span<const Field> fields, int threads)
      : records(records), kept(kept), fields(fields), turns(std::size_t(std::max(threads, 1))) {}

  Result<void> bind(std::span<const prepare::Preparation> preparations);
  /// With `work.begin` and what is told of errors added to `work`.
  Result<void> run(BlockWork work);
  /// The same where `visit(field, cells)` is called for each field that `wants` has and each record that is kept, in their order.
  Result<void> visit(const std::function<bool(std::size_t)> &wants,
                     const std::function<prepare::Fault(std::size_t, std::span<const prepare::Cell>)> &visit);

  std::span<const std::int64_t> columnsOf(std::size_t field) const { return binding[field]; }
  bool isRead(std::size_t field) const { return !binding[field].empty(); }
  Turn &turnOf(int thread) { return turns[std::size_t(thread)]; }
  bool keeps(const Turn &turn, std::int64_t row) const { return kept.keeps(turn.firstRow + row); }
  /// Of a record's cells, those that the field takes.
  std::span<const prepare::Cell> cellsOf(std::size_t field, std::span<const prepare::Cell> cells, Turn &turn) const;
  void takeFault(Turn &turn, const RecordBlock &block, std::int64_t row, std::size_t field,
                 const prepare::Fault &fault) const;

private:
  bool begin(RecordBlock &block, Turn &turn);

  RecordReader &records;
  const KeptRows &kept;
  const std::span<const Field> fields;
  Binding binding;
  std::vector<bool> inSequence; ///< for each field, whether its columns follow each other
  std::vector<Turn> turns;      ///< of each thread
  std::int64_t seen = 0;        ///< records
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
  for (const std::vector<std::int64_t> &columns : binding) {
    bool follow = true;
    for (std::size_t i = 1; i < columns.size(); ++i)
      follow = follow && columns[i] == columns[i - 1] + 1;
    inSequence.push_back(follow);
  }
  return {};
}

/// Decides which of the block's records are wanted; false: none behind them.
bool RecordWalk::begin(RecordBlock &block, Turn &turn) {
  turn.firstRow = seen;
  turn.rows = block.rows();
  turn.kept = 0;
  turn.error.reset();
  const bool isEnough = kept.end() && *kept.end() - seen < turn.rows;
  if (isEnough) {
    turn.rows = *kept.end() - seen;
    block.error.reset();
  }
  turn.faulty = turn.rows;
  seen += turn.rows;
  return !isEnough;
}

Result<void> RecordWalk::run(BlockWork work) {
  std::int64_t visits = 0;
  work.begin = [&](RecordBlock &block, int thread) { return begin(block, turnOf(thread)); };
  const auto apart = std::move(work.work);
  work.work = [&](RecordBlock &block, int thread) {
    Turn &turn = turnOf(thread);
    for (std::int64_t row = 0; row < turn.faulty; ++row) {
      if (!keeps(turn, row))
        continue;
      ++turn.kept;
      if (Result<void> read = block.readContents(row); !read) {
        turn.error = read.error();
        turn.faulty = row;
      }
    }
    if (apart)
      apart(block, thread);
  };
  const auto finish = std::move(work.finish);
  work.finish = [&](RecordBlock &block, int thread) -> Result<void> {
    visits += turnOf(thread).kept;
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

std::span<const prepare::Cell> RecordWalk::cellsOf(std::size_t field, std::span<const prepare::Cell> cells,
                                                   Turn &turn) const {
  const std::vector<std::int64_t> &columns = binding[field];
  if (inSequence[field])
    return cells.subspan(std::size_t(columns.front()), columns.size());
  turn.scattered.clear();
  for (const std::int64_t column : columns)
    turn.scattered.push_back(cells[std::size_t(column)]);
  return turn.scattered;
}

void RecordWalk::takeFault(Turn &turn, const RecordBlock &block, std::int64_t row, std::size_t f,
                           const prepare::Fault &fault) const {
  const Field &field = fields[f];
  const std::int64_t column = binding[f][fault.cell];
  const std::string ofRow = block.columnTextOf(row);
  turn.faulty = row;
  turn.error = failure(fault.code, block.placeOf(row, std::size_t(column)),
                       fmt::format("{} (field `{}: {}`, {})", fault.situation, field.name, field.typeText(),
                                   ofRow.empty() ? records.columnText(column) : ofRow),
                       fault.help.empty() ? block.helpOfRecord(row) : fault.help);
}

Result<void>
RecordWalk::visit(const std::function<bool(std::size_t)> &wants,
                  const std::function<prepare::Fault(std::size_t, std::span<const prepare::Cell>)> &visit) {
  BlockWork work;
  for (std::size_t f = 0; f < fields.size(); ++f)
    if (isRead(f) && wants(f))
      work.stages.push_back([&, f](RecordBlock &block, int thread) {
        Turn &turn = turnOf(thread);
        for (std::int64_t row = 0; row < turn.faulty; ++row)
          if (keeps(turn, row))
            if (const prepare::Fault fault = visit(f, cellsOf(f, block.cellsOf(row), turn)))
              takeFault(turn, block, row, f, fault);
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
/// Some records of a block, prepared.
struct Piece {
  std::vector<std::vector<std::byte>> columns; ///< of each field
  std::int64_t rows = 0;                       ///< that are kept
  std::int64_t end = 0;                        ///< the record of the block behind them
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
    mostRows = std::max(std::int64_t(1), kPieceBytes / bytes);
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

  void prepare(RecordBlock &block, std::int64_t begin, int thread);
  Result<void> keepBeside(const RecordBlock &block, std::int64_t begin, std::int64_t end, const Turn &turn);
  Result<void> finish(RecordBlock &block, int thread);

  Table &table;
  RecordWalk &walk;
  const std::span<const prepare::Preparation> preparations;
  const std::vector<std::int64_t> keyColumns;
  ClassNumbers *const classes; ///< null: none are kept
  const std::string path;
  std::int64_t mostRows = 1;
  std::vector<Piece> pieces; ///< of each thread
};
} // namespace

/// Prepares the records from number `begin` on that make a piece.
void TableWork::prepare(RecordBlock &block, std::int64_t begin, int thread) {
  Turn &turn = walk.turnOf(thread);
  Piece &piece = pieces[std::size_t(thread)];
  const std::int64_t room = std::min(mostRows, turn.rows - begin);
  for (std::size_t f = 0; f < table.fields.size(); ++f)
    if (const auto bytes = std::size_t(room * table.fields[f].bytes());
        walk.isRead(f) && piece.columns[f].size() < bytes)
      piece.columns[f].resize(bytes);
  piece.rows = 0;
  std::int64_t row = begin;
  for (; row < turn.faulty && piece.rows < room; ++row) {
    if (!walk.keeps(turn, row))
      continue;
    const std::span<const prepare::Cell> cells = block.cellsOf(row);
    for (std::size_t f = 0; f < table.fields.size() && row < turn.faulty; ++f)
      if (walk.isRead(f))
        if (const prepare::Fault fault = preparations[f].prepare(
                walk.cellsOf(f, cells, turn), piece.columns[f].data() + piece.rows * table.fields[f].bytes()))
          walk.takeFault(turn, block, row, f, fault);
    piece.rows += row < turn.faulty;
  }
  piece.end = row;
}

/// Keeps what these records have beside the fields.
Result<void> TableWork::keepBeside(const RecordBlock &block, std::int64_t begin, std::int64_t end, const Turn &turn) {
  std::int64_t rows = table.rows;
  for (std::int64_t row = begin; row < end; ++row) {
    if (!walk.keeps(turn, row))
      continue;
    for (std::size_t k = 0; k < keyColumns.size(); ++k) {
      TextColumn &texts = table.texts[k];
      const std::int64_t before = texts.bytesInMemory();
      addText(texts, block.cellsOf(row)[std::size_t(keyColumns[k])]);
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
    if (Result<void> added = classes->add(block.cellsOf(row)[column], [&] { return block.placeOf(row, column); });
        !added)
      return added;
  }
  return {};
}

Result<void> TableWork::finish(RecordBlock &block, int thread) {
  Turn &turn = walk.turnOf(thread);
  const Piece &piece = pieces[std::size_t(thread)];
  for (std::int64_t begin = 0;; prepare(block, begin, thread)) {
    for (std::size_t f = 0; f < table.fields.size(); ++f) {
      if (!walk.isRead(f))
        continue;
      Buffer &values = table.columns[f];
      const std::int64_t old = values.size(), more = piece.rows * table.fields[f].bytes();
      if (!values.resize(old + more))
        return table.noRoom(path);
      if (more > 0)
        std::memcpy(values.data() + old, piece.columns[f].data(), std::size_t(more));
    }
    if (!keyColumns.empty() || classes)
      if (Result<void> added = keepBeside(block, begin, std::min(piece.end, turn.faulty), turn); !added)
        return added;
    table.rows += piece.rows;
    begin = piece.end;
    if (begin >= turn.faulty)
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
                          const std::function<void(std::size_t, std::span<const prepare::Cell>)> &visit) {
  RecordWalk walk(records, kept, fields, threads);
  if (Result<void> bound = walk.bind(preparations); !bound)
    return bound;
  for (std::size_t f = 0; f < fields.size(); ++f)
    begin(f, walk.columnsOf(f));
  return walk.visit([](std::size_t) { return true; },
                    [&](std::size_t f, std::span<const prepare::Cell> cells) -> prepare::Fault {
                      visit(f, cells);
                      return {};
                    });
}

Result<void> showRecords(RecordReader &records, const KeptRows &kept, std::span<const Field> fields,
                         std::span<prepare::Preparation> preparations, int threads, int pass) {
  RecordWalk walk(records, kept, fields, threads);
  if (Result<void> bound = walk.bind(preparations); !bound)
    return bound;
  return walk.visit([&](std::size_t f) { return preparations[f].passes() > pass; },
                    [&](std::size_t f, std::span<const prepare::Cell> cells) { return preparations[f].see(cells); });
}

} // namespace talweg::data
