#include "talweg/Data/Load.h"

#include "ByteReader.h"
#include "Messages.h"
#include "Readers.h"

#include <fmt/format.h>

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

Result<Table> load(const Source &source, std::vector<Field> fields) {
  const std::string_view path = source.paths.empty() ? std::string_view("data") : source.paths.front();
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
  if (Result<void> legal = checkSelection(source.rows, path); !legal)
    return legal.error();
  return source.format->read(source, std::move(fields));
}

} // namespace talweg::data
