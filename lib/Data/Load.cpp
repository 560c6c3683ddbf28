#include "talweg/Data/Load.h"

#include "ArrayTable.h"
#include "ByteReader.h"
#include "MemoryRecords.h"
#include "Messages.h"
#include "Readers.h"
#include "Selecting.h"
#include "TableBuilder.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>

namespace talweg::data {

const Format *formatOf(const std::string &path, const Format *otherwise) {
  if (otherwise && otherwise->holdsAnything)
    return otherwise;
  std::error_code unknown;
  if (!std::filesystem::is_regular_file(path, unknown))
    return otherwise;
  Result<ByteReader> reader = ByteReader::open(path);
  if (!reader)
    return otherwise;
  std::array<std::byte, kStartBytes> start;
  const Result<std::size_t> read = reader->read(start);
  if (!read)
    return otherwise;
  for (const Format *format : formats())
    if (format->recognizes && format->recognizes(std::span(start).first(*read)))
      return format;
  return formats().front();
}

/// Labels are stored as I32, and a record is not too large to hold.
static Result<void> settleFields(std::vector<Field> &fields, std::string_view path) {
  for (Field &field : fields) {
    if (!field.classes)
      continue;
    field.element = Element::I32;
    if (*field.classes < 1 || *field.classes > std::int64_t(1) << 31)
      return failure("E0742", {path}, fmt::format("field `{}` has {} classes", field.name, *field.classes));
  }
  if (Result<Table> fits = Table::create(fields, 0); !fits)
    return fits.error();
  constexpr std::int64_t largestValue = std::int64_t(1) << 30;
  for (const Field &field : fields)
    if (field.bytes() > largestValue)
      return failure("E0742", {path},
                     fmt::format("one record of field `{}: {}` takes {} bytes; the most is {}", field.name,
                                 field.typeText(), field.bytes(), largestValue));
  return {};
}

static std::string_view pathOf(const Source &source) {
  return source.paths.empty() ? std::string_view("data") : source.paths.front();
}

std::vector<Taker> takersOf(std::span<const Field> fields, std::span<const prepare::Preparation> preparations) {
  std::vector<Taker> takers;
  for (std::size_t f = 0; f < fields.size(); ++f)
    takers.push_back({&fields[f], preparations[f].columns()});
  return takers;
}

Result<void> learn(const Source &source, const std::vector<Field> &fields,
                   std::vector<prepare::Preparation> &preparations, const Limits &limits) {
  if (Result<void> legal = checkSelection(source.rows, pathOf(source)); !legal)
    return legal;
  int passes = 0;
  for (const prepare::Preparation &preparation : preparations)
    passes = std::max(passes, preparation.passes());
  if (passes == 0)
    return {};
  if (Result<void> readable = checkReadable(source, "learning of its rows"); !readable)
    return readable;
  const std::vector<Taker> takers = takersOf(fields, preparations);
  Result<KeptRows> kept = keptRows(source, takers, limits);
  if (!kept)
    return kept.error();
  for (int pass = 0; pass < passes; ++pass) {
    Result<std::unique_ptr<RecordReader>> records = openRecords(source, {.takers = takers, .limits = limits});
    if (!records)
      return records.error();
    if (Result<void> shown = showRecords(**records, *kept, fields, preparations, source.threads, pass, limits); !shown)
      return shown;
    for (prepare::Preparation &preparation : preparations)
      if (preparation.passes() > pass)
        if (Result<void> finished = preparation.finishPass(); !finished)
          return Error{finished.error().code, fmt::format("{}: {}", pathOf(source), finished.error().message)};
  }
  return {};
}

/// A `category` has the classes that its preparation has learned.
static void takeClasses(std::vector<Field> &fields, std::span<const prepare::Preparation> preparations) {
  for (std::size_t f = 0; f < fields.size(); ++f)
    if (fields[f].category)
      fields[f].classes = preparations[f].classes();
}

Result<Table> loadCells(std::string_view origin, const std::vector<std::string> &columns,
                        std::span<const prepare::Cell> cells, std::vector<Field> fields,
                        std::span<const prepare::Preparation> preparations) {
  takeClasses(fields, preparations);
  if (Result<void> settled = settleFields(fields, origin); !settled)
    return settled.error();
  MemoryRecords records(origin, columns, cells);
  return buildTable(records, {}, std::move(fields), preparations, {});
}

Result<Table> load(const Source &source, std::vector<Field> fields, std::span<const prepare::Preparation> preparations,
                   const Limits &limits) {
  takeClasses(fields, preparations);
  const std::string_view path = pathOf(source);
  if (Result<void> settled = settleFields(fields, path); !settled)
    return settled.error();
  if (Result<void> legal = checkSelection(source.rows, path); !legal)
    return legal.error();
  const std::vector<Taker> takers = takersOf(fields, preparations);
  Result<KeptRows> kept = keptRows(source, takers, limits);
  if (!kept)
    return kept.error();
  if (source.format->openArray)
    return loadArrays(source, *kept, std::move(fields), preparations, limits);
  std::vector<ColumnRef> columns = source.keys;
  if (source.balanced)
    columns.push_back(*source.balanced);
  Result<std::unique_ptr<RecordReader>> records =
      openRecords(source, {.takers = takers, .keys = columns, .limits = limits});
  if (!records)
    return records.error();
  return buildTable(**records, *kept, std::move(fields), preparations, limits, {source.keys, source.balanced},
                    source.threads);
}

Result<bool> isHead(const Source &source, std::span<const Field> fields,
                    std::span<const prepare::Preparation> preparations) {
  const std::vector<Taker> takers = takersOf(fields, preparations);
  Result<std::unique_ptr<RecordReader>> records = openRecords(source, {takers});
  if (!records)
    return records.error();
  Result<bool> more = (*records)->next();
  if (!more)
    return more.error();
  return !*more && !(*records)->names().empty();
}

Result<Table> load(const Source &source, std::vector<Field> fields, const Limits &limits) {
  if (Result<void> settled = settleFields(fields, pathOf(source)); !settled)
    return settled.error();
  std::vector<prepare::Preparation> preparations;
  for (const Field &field : fields) {
    Result<prepare::Preparation> preparation = prepare::Preparation::create(field);
    if (!preparation)
      return preparation.error();
    preparations.push_back(std::move(*preparation));
  }
  return load(source, std::move(fields), preparations, limits);
}

} // namespace talweg::data
