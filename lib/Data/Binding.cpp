// Which columns of a table each field takes, as docs/Data.md says.
#include "Records.h"

#include <fmt/format.h>

#include <algorithm>

namespace talweg::data {

std::vector<ColumnRef> referencesOf(const Field &field) {
  return field.columns.empty() ? std::vector<ColumnRef>{field.name} : field.columns;
}

namespace {

/// Binding the fields to one file's columns.
class Binder {
public:
  Binder(const RecordReader &records, std::span<const Taker> takers)
      : records(records), takers(takers), width(records.width()), columns(takers.size()) {}

  Result<Binding> run();

private:
  Result<void> byOrder();
  Result<bool> byReference(std::size_t taker, std::int64_t next);
  bool wouldFit(std::span<const std::string_view> cells) const;
  Error mismatch(std::int64_t needed, const Field *field) const;
  bool isName(const std::string &name) const {
    return std::ranges::find(records.names(), name) != records.names().end();
  }

  const RecordReader &records;
  const std::span<const Taker> takers;
  const std::int64_t width;
  Binding columns;
};

} // namespace

/// Where the columns are told.
static Place beginningOf(const RecordReader &records) {
  Place place = records.placeOf(0);
  place.column = 0;
  return place;
}

/// Whether a first record of these cells has what the fields take: their names, or their number.
bool Binder::wouldFit(std::span<const std::string_view> cells) const {
  const auto count = static_cast<std::int64_t>(cells.size());
  std::int64_t all = 0, wanted = 0;
  bool found = true, anyName = false;
  for (const Taker &taker : takers) {
    const Field &field = *taker.field;
    all += taker.cells;
    wanted += field.wanted ? taker.cells : 0;
    const std::vector<ColumnRef> references = referencesOf(field);
    for (const ColumnRef &reference : references) {
      const auto *number = std::get_if<std::int64_t>(&reference);
      const bool named = !number && std::ranges::find(cells, std::get<std::string>(reference)) != cells.end();
      anyName |= named;
      found &= !field.wanted || named || (number && *number + (references.size() == 1 ? taker.cells : 1) <= count);
    }
  }
  return found || (!anyName && (count == all || count == wanted));
}

/// The records have another number of cells than the fields take, or than `field` (if not null) reaches to.
Error Binder::mismatch(std::int64_t needed, const Field *field) const {
  std::string help = records.helpOfColumns([this](auto cells) { return wouldFit(cells); });
  const bool few = width < needed;
  if (help.empty() && !few)
    help = "say where each field is, such as `label: class[10] = column(64)`";
  std::string situation = fmt::format("this file has {}, ", counted(width, "column"));
  std::vector<std::string> read; // where not all fields are, which
  for (const Taker &taker : takers)
    if (taker.field->wanted)
      read.push_back(fmt::format("{}: {}", taker.field->name, taker.field->typeText()));
  situation += field ? fmt::format("and `{}: {}` reaches to column {}", field->name, field->typeText(), needed - 1)
                     : fmt::format("but the fields take {}", needed);
  if (!field && read.size() < takers.size())
    situation += fmt::format("; {} {} read", listed(read), read.size() == 1 ? "is" : "are");
  return failure(few ? "E0719" : "E0721", beginningOf(records), situation, help);
}

/// The column of the first cell that `reference` means; `field` is whose it is.
static Result<std::int64_t> columnOf(const RecordReader &records, const ColumnRef &reference, const Field &field) {
  const Place place = beginningOf(records);
  const std::string whose = field.name.empty() ? "" : fmt::format(" (field `{}`)", field.name);
  if (const auto *number = std::get_if<std::int64_t>(&reference)) {
    if (*number >= 0 && *number < records.width())
      return *number;
    return failure("E0722", place,
                   fmt::format("there is no column {}{}: this file has {}, counted from 0", *number, whose,
                               counted(records.width(), "column")));
  }
  const std::string &name = std::get<std::string>(reference);
  const std::vector<std::string> &names = records.names();
  if (names.empty())
    return failure("E0725", place,
                   fmt::format("{} the column {}, but this file has no header",
                               field.name.empty() ? "rows are chosen by" : fmt::format("field `{}` is", field.name),
                               quoted(name)),
                   "if its first row is a header, write `header = true`; else give the column's number");
  const auto found = std::ranges::find(names, name);
  if (found != names.end())
    return found - names.begin();
  const std::string near = suggest(name, names);
  std::string help = near.empty() ? fmt::format("the columns are {}", listed(names)) : "";
  if (!near.empty())
    help = field.columns.empty() ? fmt::format("did you mean {0}? write `{1}: {2} = column(\"{3}\")`", quoted(near),
                                               field.name, field.typeText(), near)
                                 : fmt::format("did you mean {}?", quoted(near));
  return failure("E0720", place, fmt::format("{} has no column {}", records.namedBy(), quoted(name)), help);
}

/// Finds the columns of one field. `next` follows the column of the field before. False: an unwanted field is not there.
Result<bool> Binder::byReference(std::size_t t, std::int64_t next) {
  const Field &field = *takers[t].field;
  const std::int64_t cells = takers[t].cells;
  std::vector<ColumnRef> references = field.columns;
  if (references.empty()) {
    const bool named = isName(field.name);
    references.push_back(named || (!records.names().empty() && field.shape.empty()) ? ColumnRef(field.name)
                                                                                    : ColumnRef(next));
    if (!named && references[0].index() == 0 && next + cells > width) {
      if (!field.wanted)
        return false;
      return mismatch(next + cells, &field);
    }
  }
  const auto count = static_cast<std::int64_t>(references.size());
  if (count != 1 && count != cells)
    return failure("E0726", beginningOf(records),
                   fmt::format("field `{}: {}` has {}, but {} given", field.name, field.typeText(),
                               counted(cells, "element"), counted(count, "column") + (count == 1 ? " is" : " are")),
                   "name the first column, or all of them");
  std::vector<std::int64_t> found;
  for (const ColumnRef &reference : references) {
    Result<std::int64_t> column = columnOf(records, reference, field);
    if (!column && !field.wanted)
      return false;
    if (!column)
      return column.error();
    found.push_back(*column);
  }
  const std::int64_t reach = *std::ranges::max_element(found) + (count == 1 ? cells : 1);
  if (reach > width) {
    if (!field.wanted)
      return false;
    return mismatch(reach, &field);
  }
  for (std::int64_t more = 1; count == 1 && more < cells; ++more)
    found.push_back(found.front() + more);
  columns[t] = std::move(found);
  return true;
}

/// Every column belongs to a field, in their order; unwanted fields are all there or all absent.
Result<void> Binder::byOrder() {
  std::int64_t all = 0, wanted = 0;
  for (const Taker &taker : takers) {
    all += taker.cells;
    wanted += taker.field->wanted ? taker.cells : 0;
  }
  if (width != all && width != wanted)
    return mismatch(width < wanted ? wanted : all, nullptr);
  std::int64_t next = 0;
  for (std::size_t t = 0; t < takers.size(); ++t) {
    if (width != all && !takers[t].field->wanted)
      continue;
    for (std::int64_t cell = 0; cell < takers[t].cells; ++cell)
      columns[t].push_back(next++);
  }
  return {};
}

Result<Binding> Binder::run() {
  bool anyColumn = false, anyName = false; // chosen in the model file; equal to a field's name
  std::int64_t total = 0, wanted = 0;
  for (const Taker &taker : takers) {
    anyColumn |= !taker.field->columns.empty();
    anyName |= isName(taker.field->name);
    total += taker.cells;
    wanted += taker.field->wanted ? taker.cells : 0;
  }
  if (width == 1 && wanted > 1 && !anyColumn)
    return mismatch(wanted, nullptr);
  if (!anyColumn && !anyName && (records.names().empty() || width == total)) {
    if (Result<void> bound = byOrder(); !bound)
      return bound.error();
  } else {
    std::int64_t next = 0;
    for (std::size_t t = 0; t < takers.size(); ++t) {
      if (Result<bool> bound = byReference(t, next); !bound)
        return bound.error();
      next = columns[t].empty() ? next : columns[t].back() + 1;
    }
  }
  for (std::size_t t = 0; t < takers.size(); ++t)
    if (!takers[t].field->wanted)
      columns[t].clear();
  return std::move(columns);
}

/// Each name of a field is a key, with all cells of its value.
static Result<Binding> bindKeys(const RecordReader &records, std::span<const Taker> takers) {
  Binding binding(takers.size());
  for (std::size_t t = 0; t < takers.size(); ++t) {
    const Field &field = *takers[t].field;
    if (!field.wanted)
      continue;
    for (const ColumnRef &reference : referencesOf(field)) {
      Result<std::int64_t> first = columnOf(records, reference, field);
      if (!first)
        return first.error();
      const std::string &name = records.names()[*first];
      for (std::int64_t column = *first; column < records.width() && records.names()[column] == name; ++column)
        binding[t].push_back(column);
    }
    if (static_cast<std::int64_t>(binding[t].size()) != takers[t].cells)
      return failure("E0726", beginningOf(records),
                     fmt::format("field `{}: {}` takes {}, and another field takes more of the same key", field.name,
                                 field.typeText(), counted(takers[t].cells, "value")));
  }
  return binding;
}

Result<Binding> RecordReader::bind(std::span<const Taker> takers) const {
  return columnsAreKeys ? bindKeys(*this, takers) : Binder(*this, takers).run();
}

Result<std::int64_t> RecordReader::columnOf(const ColumnRef &reference) const {
  Field key;
  key.columns = {reference};
  return data::columnOf(*this, reference, key);
}

std::string RecordReader::columnText(std::int64_t column) const {
  return fmt::format("column {}", names().empty() ? std::to_string(column) : quoted(names()[column]));
}

} // namespace talweg::data
