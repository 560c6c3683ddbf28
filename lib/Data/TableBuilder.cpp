#include "TableBuilder.h"

#include "ClassNumbers.h"
#include "Selecting.h"

#include <fmt/format.h>

namespace talweg::data {

namespace {

/// Going through one file for some fields.
class RecordWalk {
public:
  RecordWalk(RecordReader &records, const KeptRows &kept, std::span<const Field> fields)
      : records(records), kept(kept), fields(fields) {}

  Result<void> bind(std::span<const prepare::Preparation> preparations);
  /// Calls `visit()` for each record that is kept.
  template <typename Visit> Result<void> run(const Visit &visit);

  std::span<const std::int64_t> columnsOf(std::size_t field) const { return binding[field]; }
  bool isRead(std::size_t field) const { return !binding[field].empty(); }
  /// Of the record, those that the field takes.
  std::span<const prepare::Cell> cellsOf(std::size_t field);
  Error faultOf(std::size_t field, const prepare::Fault &fault) const;

private:
  RecordReader &records;
  const KeptRows &kept;
  const std::span<const Field> fields;
  Binding binding;
  std::vector<bool> inSequence;         ///< for each field, whether its columns follow each other
  std::vector<prepare::Cell> scattered; ///< of a field whose columns do not
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

template <typename Visit> Result<void> RecordWalk::run(const Visit &visit) {
  const std::optional<std::int64_t> end = kept.end();
  std::int64_t seen = 0, visits = 0;
  for (;; ++seen) {
    Result<bool> more = records.next();
    if (!more)
      return more.error();
    if (!*more || (end && seen >= *end))
      break;
    if (!kept.keeps(seen))
      continue;
    if (Result<void> read = records.readContents(); !read)
      return read;
    if (Result<void> visited = visit(); !visited)
      return visited;
    ++visits;
  }
  if (seen == 0)
    return records.noRecords();
  if (visits == 0)
    return nothingSelected(kept.said(), seen, records.placeOf(0).file);
  return {};
}

std::span<const prepare::Cell> RecordWalk::cellsOf(std::size_t field) {
  const std::span<const prepare::Cell> cells = records.cells();
  const std::vector<std::int64_t> &columns = binding[field];
  if (inSequence[field])
    return cells.subspan(columns.front(), columns.size());
  scattered.clear();
  for (const std::int64_t column : columns)
    scattered.push_back(cells[column]);
  return scattered;
}

Error RecordWalk::faultOf(std::size_t f, const prepare::Fault &fault) const {
  const Field &field = fields[f];
  const std::int64_t column = binding[f][fault.cell];
  return failure(
      fault.code, records.placeOf(column),
      fmt::format("{} (field `{}: {}`, {})", fault.situation, field.name, field.typeText(), records.columnText(column)),
      fault.help.empty() ? records.helpOfRecord() : fault.help);
}

static void addText(TextColumn &column, const prepare::Cell &cell) {
  if (cell.kind == prepare::Cell::Number)
    column.add(fmt::format("{}", cell.number));
  else
    column.add(cell.text);
}

Result<Table> buildTable(RecordReader &records, const KeptRows &kept, std::vector<Field> fields,
                         std::span<const prepare::Preparation> preparations, const Limits &limits,
                         const std::vector<ColumnRef> &keys, const std::optional<ColumnRef> &balanced) {
  Result<Table> table = Table::create(std::move(fields), 0, limits);
  if (!table)
    return table.error();
  RecordWalk walk(records, kept, table->fields);
  if (Result<void> bound = walk.bind(preparations); !bound)
    return bound.error();
  std::vector<std::int64_t> keyColumns;
  for (const ColumnRef &key : keys) {
    const Result<std::int64_t> column = records.columnOf(key);
    if (!column)
      return column.error();
    keyColumns.push_back(*column);
    table->texts.push_back({records.names().empty() ? std::to_string(*column) : records.names()[std::size_t(*column)]});
  }
  std::optional<ClassNumbers> classes;
  if (balanced) {
    const Result<std::int64_t> column = records.columnOf(*balanced);
    if (!column)
      return column.error();
    classes.emplace(*table, *column);
  }
  const Result<void> read = walk.run([&]() -> Result<void> {
    for (std::size_t f = 0; f < table->fields.size(); ++f) {
      if (!walk.isRead(f))
        continue;
      Buffer &values = table->columns[f];
      const std::int64_t old = values.size();
      if (!values.resize(old + table->fields[f].bytes()))
        return table->noRoom(records.placeOf(0).file);
      if (const prepare::Fault fault = preparations[f].prepare(walk.cellsOf(f), values.data() + old))
        return walk.faultOf(f, fault);
    }
    for (std::size_t k = 0; k < keys.size(); ++k) {
      TextColumn &texts = table->texts[k];
      const std::int64_t before = texts.bytesInMemory();
      addText(texts, records.cells()[std::size_t(keyColumns[k])]);
      table->storage->inMemory += texts.bytesInMemory() - before;
    }
    if (!keys.empty() && table->storage->inMemory > limits.mostBytes)
      return failure(
          "E0780", {records.placeOf(0).file},
          fmt::format("the texts of the key columns take more than the {} that the data may have in memory: {} "
                      "fit, and there are more",
                      bytesText(limits.mostBytes), counted(table->rows, "row")),
          "choose fewer rows, or give more memory: `--data-memory`");
    ++table->rows;
    return classes ? classes->add(records) : Result<void>();
  });
  if (!read)
    return read.error();
  if (classes)
    if (Result<void> finished = classes->finish(records); !finished)
      return finished.error();
  table->kept = kept;
  return table;
}

Result<void> visitRecords(RecordReader &records, const KeptRows &kept, std::span<const Field> fields,
                          std::span<const prepare::Preparation> preparations,
                          const std::function<void(std::size_t, std::span<const std::int64_t>)> &begin,
                          const std::function<void(std::size_t, std::span<const prepare::Cell>)> &visit) {
  RecordWalk walk(records, kept, fields);
  if (Result<void> bound = walk.bind(preparations); !bound)
    return bound;
  for (std::size_t f = 0; f < fields.size(); ++f)
    begin(f, walk.columnsOf(f));
  return walk.run([&]() -> Result<void> {
    for (std::size_t f = 0; f < fields.size(); ++f)
      if (walk.isRead(f))
        visit(f, walk.cellsOf(f));
    return {};
  });
}

Result<void> showRecords(RecordReader &records, const KeptRows &kept, std::span<const Field> fields,
                         std::span<prepare::Preparation> preparations, int pass) {
  RecordWalk walk(records, kept, fields);
  if (Result<void> bound = walk.bind(preparations); !bound)
    return bound;
  return walk.run([&]() -> Result<void> {
    for (std::size_t f = 0; f < fields.size(); ++f)
      if (walk.isRead(f) && preparations[f].passes() > pass)
        if (const prepare::Fault fault = preparations[f].see(walk.cellsOf(f)))
          return walk.faultOf(f, fault);
    return {};
  });
}

} // namespace talweg::data
