#include "talweg/Data/Load.h"

#include "ByteReader.h"
#include "Messages.h"
#include "Readers.h"
#include "TableBuilder.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>

namespace talweg::data {

const Format *formatOf(const std::string &path, const Format *otherwise) {
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

Error nothingSelected(const RowSelection &selection, std::int64_t rows, std::string_view path) {
  std::string text =
      fmt::format("rows {} to {}", selection.begin, selection.end ? std::to_string(*selection.end) : "the end");
  if (selection.every != 1 || selection.complement)
    text +=
        fmt::format("{} every {} from {}", selection.complement ? ", except" : ",", selection.every, selection.offset);
  return failure("E0723", {path}, fmt::format("the selection ({}) keeps no row of {}", text, rows),
                 "widen the selection; rows count from 0 and the end is not included");
}

static Result<void> checkSelection(const RowSelection &rows, std::string_view path) {
  if (rows.begin < 0 || (rows.end && *rows.end < rows.begin))
    return failure("E0728", {path},
                   fmt::format("the rows from {} to {} are no range", rows.begin, rows.end.value_or(-1)),
                   "rows count from 0; the end comes after the beginning");
  if (rows.every < 1 || rows.offset < 0 || rows.offset >= rows.every)
    return failure("E0728", {path},
                   fmt::format("`every = {}` with `offset = {}` is no selection", rows.every, rows.offset),
                   "choose `every` at least 1 and its offset from 0 to `every` - 1");
  return {};
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

Result<void> learn(const Source &source, const std::vector<Field> &fields,
                   std::vector<prepare::Preparation> &preparations) {
  if (Result<void> legal = checkSelection(source.rows, pathOf(source)); !legal)
    return legal;
  int passes = 0;
  for (const prepare::Preparation &preparation : preparations)
    passes = std::max(passes, preparation.passes());
  for (int pass = 0; pass < passes; ++pass) {
    Result<std::unique_ptr<RecordReader>> records = source.format->open(source);
    if (!records)
      return records.error();
    if (Result<void> shown = showRecords(**records, source.rows, fields, preparations, pass); !shown)
      return shown;
    for (prepare::Preparation &preparation : preparations)
      if (preparation.passes() > pass)
        if (Result<void> finished = preparation.finishPass(); !finished)
          return finished;
  }
  return {};
}

Result<Table> load(const Source &source, std::vector<Field> fields,
                   std::span<const prepare::Preparation> preparations) {
  for (std::size_t f = 0; f < fields.size(); ++f)
    if (fields[f].category)
      fields[f].classes = preparations[f].classes();
  const std::string_view path = pathOf(source);
  if (Result<void> settled = settleFields(fields, path); !settled)
    return settled.error();
  if (Result<void> legal = checkSelection(source.rows, path); !legal)
    return legal.error();
  if (source.format->read)
    return source.format->read(source, std::move(fields));
  Result<std::unique_ptr<RecordReader>> records = source.format->open(source);
  if (!records)
    return records.error();
  return buildTable(**records, source.rows, std::move(fields), preparations);
}

Result<Table> load(const Source &source, std::vector<Field> fields) {
  if (Result<void> settled = settleFields(fields, pathOf(source)); !settled)
    return settled.error();
  std::vector<prepare::Preparation> preparations;
  for (const Field &field : fields) {
    Result<prepare::Preparation> preparation = prepare::Preparation::create(field);
    if (!preparation)
      return preparation.error();
    preparations.push_back(std::move(*preparation));
  }
  return load(source, std::move(fields), preparations);
}

} // namespace talweg::data
