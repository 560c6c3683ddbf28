#include "ArraySource.h"

#include "Readers.h"

#include <fmt/format.h>

#include <algorithm>

namespace talweg::data {

Result<ArraySource> ArraySource::open(const Source &source, std::span<const Taker> takers) {
  ArraySource arrays(source);
  const std::string title = titleOf(*source.format);
  const auto files = static_cast<std::int64_t>(source.paths.size());
  arrays.fieldCount = takers.size();
  arrays.byName = source.format->arrayNames != nullptr;
  if (arrays.byName) {
    if (Result<void> one = checkOneFile(source); !one)
      return one.error();
    Result<std::vector<std::string>> names = source.format->arrayNames(source.paths.front());
    if (!names)
      return names.error();
    arrays.names = std::move(*names);
    return arrays;
  }
  if (source.paths.size() > takers.size())
    return failure("E0736", {source.paths.back()},
                   fmt::format("{} for {}", counted(files, title + " file"),
                               counted(static_cast<std::int64_t>(takers.size()), "field")),
                   fmt::format("{} takes one file for each field, in the order of the fields", title));
  for (const Taker &taker : takers) {
    arrays.names.push_back(taker.field->name);
    const std::size_t f = arrays.names.size() - 1;
    if (taker.field->wanted && !arrays.hasFile(f))
      return arrays.noFile(taker.field->name);
  }
  return arrays;
}

Error ArraySource::noFile(std::string_view field) const {
  const std::string_view first = source.paths.empty() ? source.format->name : std::string_view(source.paths.front());
  const std::string title = titleOf(*source.format);
  return failure("E0736", {first},
                 fmt::format("there is no {} file for field `{}`: {} for {}", title, field,
                             counted(static_cast<std::int64_t>(source.paths.size()), "file"),
                             counted(static_cast<std::int64_t>(fieldCount), "field")),
                 fmt::format("{} takes one file for each field, in the order of the fields", title));
}

Result<std::size_t> ArraySource::find(const ColumnRef &reference) const {
  const std::string_view path = source.paths.empty() ? std::string_view() : std::string_view(source.paths.front());
  if (const auto *number = std::get_if<std::int64_t>(&reference)) {
    if (*number >= 0 && *number < static_cast<std::int64_t>(names.size()))
      return static_cast<std::size_t>(*number);
    return failure("E0722", {path},
                   fmt::format("there is no array {}: there are {}, counted from 0", *number, names.size()));
  }
  const std::string &name = std::get<std::string>(reference);
  const auto found = std::ranges::find(names, name);
  if (found != names.end())
    return static_cast<std::size_t>(found - names.begin());
  const std::string near = suggest(name, names);
  return failure("E0720", {path}, fmt::format("there is no array {}", quoted(name)),
                 near.empty() ? fmt::format("the arrays are {}", listed(names))
                              : fmt::format("did you mean {}?", quoted(near)));
}

Result<std::vector<std::size_t>> ArraySource::of(const Field &field) const {
  std::vector<ColumnRef> references = byName ? field.columns : std::vector<ColumnRef>();
  if (references.empty())
    references.push_back(field.name);
  std::vector<std::size_t> found;
  for (const ColumnRef &reference : references) {
    Result<std::size_t> array = find(reference);
    if (!array)
      return array.error();
    found.push_back(*array);
  }
  return found;
}

Result<OpenArray> ArraySource::openArray(std::size_t array) {
  if (!byName && !hasFile(array))
    return noFile(names[array]);
  Result<OpenArray> opened = byName ? source.format->openArray(source.paths.front(), names[array])
                                    : source.format->openArray(source.paths[array], {});
  if (!opened)
    return opened;
  if (common < 0) {
    firstPath = opened->bytes.path();
    common = opened->records;
  } else if (opened->records != common) {
    return failure("E0733", opened->place(),
                   fmt::format("this {} has {}, but `{}` has {}", byName ? "array" : "file",
                               counted(opened->records, "record"), firstPath, common),
                   byName ? "the arrays that are read have as many records"
                          : "the files of one split hold the same records: are they of the same set?");
  }
  return opened;
}

} // namespace talweg::data
