#include "ArraySource.h"
#include "ArrayTable.h"
#include "Selecting.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <deque>

namespace talweg::data {

namespace {

/// Arrays that are read side by side, a chunk of records of each.
class ArrayRecords : public RecordReader {
public:
  explicit ArrayRecords(ArraySource source) : source(std::move(source)) {}
  Result<void> begin(const Asked &asked);

  std::optional<std::int64_t> count() const override { return source.records(); }
  Result<bool> next() override;
  std::span<const prepare::Cell> cells() const override { return values; }
  Place placeOf(std::size_t cell) const override;
  std::string columnText(std::int64_t column) const override;
  std::string_view namedBy() const override { return "the file"; }
  Error noRecords() const override { return failure("E0704", {source.path()}, "the file has no records"); }
  Result<Binding> bind(std::span<const Taker> takers) const override;
  Result<std::int64_t> columnOf(const ColumnRef &reference) const override;

private:
  struct Part {
    std::size_t array; ///< of the source
    OpenArray open;
    std::int64_t column = 0; ///< of its first value
    std::vector<std::byte> chunk = {};
  };
  Result<const Part *> partOf(std::size_t array);
  Result<void> checkClaim(const OpenArray &open) const;
  const Part &openPart(std::size_t array) const { return *std::ranges::find(parts, array, &Part::array); }
  prepare::Cell cellOf(const ArrayType &type, const std::byte *at);

  ArraySource source;
  std::deque<Part> parts;
  std::vector<prepare::Cell> values;
  std::deque<std::string> exact;             ///< texts of whole numbers that are no numbers of f64
  std::int64_t row = -1;                     ///< that has been read
  std::int64_t chunkBegin = 0, chunkEnd = 0; ///< the rows of the chunks
};

} // namespace

/// The array, which is opened.
Result<const ArrayRecords::Part *> ArrayRecords::partOf(std::size_t array) {
  const auto known = std::ranges::find(parts, array, &Part::array);
  if (known != parts.end())
    return &*known;
  Result<OpenArray> open = source.openArray(array);
  if (!open)
    return open.error();
  parts.push_back({array, std::move(*open)});
  return &parts.back();
}

/// The header's count is a claim, which the file must have room for where records are counted and not read.
Result<void> ArrayRecords::checkClaim(const OpenArray &open) const {
  if (open.records <= open.bytes.mostBytes() / open.recordBytes())
    return {};
  return failure("E0734", open.place(),
                 fmt::format("the file is too small for its {}: it is truncated", counted(open.records, "record")),
                 "fetch or write it again");
}

Result<void> ArrayRecords::begin(const Asked &asked) {
  for (const ColumnRef &key : asked.keys) {
    Result<std::size_t> array = source.find(key);
    if (!array)
      return array.error();
    Result<const Part *> part = partOf(*array);
    if (!part)
      return part.error();
    if ((*part)->open.count() != 1)
      return failure("E0788", (*part)->open.place(),
                     fmt::format("each record of {} is {}, and a key is one value, as is what rows are chosen by",
                                 quoted(source.nameOf(*array)), (*part)->open.typeText()));
  }
  for (const Taker &taker : asked.takers) {
    if (!taker.field->wanted || (asked.keysOnly && !parts.empty()))
      continue;
    Result<std::vector<std::size_t>> arrays = source.of(*taker.field);
    if (!arrays)
      return arrays.error();
    for (const std::size_t array : *arrays) {
      Result<const Part *> part = partOf(array);
      if (!part)
        return part.error();
      const std::int64_t count = (*part)->open.count(), wanted = arrays->size() == 1 ? taker.cells : 1;
      if (!asked.keysOnly && count != wanted)
        return failure("E0732", (*part)->open.place(),
                       fmt::format("each record is {}, but field `{}: {}` takes {} of {}", (*part)->open.typeText(),
                                   taker.field->name, taker.field->typeText(), counted(wanted, "number"),
                                   quoted(source.nameOf(array))));
    }
  }
  if (asked.keysOnly && asked.keys.empty()) // the number of records is all that is asked
    return parts.empty() ? Result<void>() : checkClaim(parts.front().open);
  for (Part &part : parts) {
    part.column = columns;
    columns += part.open.count();
    columnNames.insert(columnNames.end(), static_cast<std::size_t>(part.open.count()), source.nameOf(part.array));
  }
  values.resize(static_cast<std::size_t>(columns));
  return {};
}

prepare::Cell ArrayRecords::cellOf(const ArrayType &type, const std::byte *at) {
  const Number number = type.read(at);
  if (!type.isFloat && static_cast<__int128>(number.real) != number.whole)
    return prepare::Cell::of(std::string_view(
        exact.emplace_back(number.whole < 0 ? fmt::format("{}", static_cast<std::int64_t>(number.whole))
                                            : fmt::format("{}", static_cast<std::uint64_t>(number.whole)))));
  return std::isnan(number.real) ? prepare::Cell() : prepare::Cell::of(number.real);
}

Result<bool> ArrayRecords::next() {
  if (row + 1 >= source.records())
    return false;
  ++row;
  if (row == chunkEnd) {
    std::int64_t recordBytes = 1;
    for (const Part &part : parts)
      recordBytes += part.open.recordBytes();
    chunkBegin = chunkEnd;
    chunkEnd = std::min(source.records(), chunkBegin + std::max<std::int64_t>(1, (1 << 18) / recordBytes));
    for (Part &part : parts) {
      part.chunk.resize(static_cast<std::size_t>((chunkEnd - chunkBegin) * part.open.recordBytes()));
      if (Result<void> read = part.open.read(part.chunk, chunkBegin); !read)
        return read.error();
      if (chunkEnd == source.records())
        if (Result<void> finished = part.open.finish(); !finished)
          return finished.error();
    }
  }
  exact.clear();
  for (const Part &part : parts) {
    const std::byte *at = part.chunk.data() + (row - chunkBegin) * part.open.recordBytes();
    for (std::int64_t i = 0; i < part.open.count(); ++i, at += part.open.type->bytes)
      values[part.column + i] = cellOf(*part.open.type, at);
  }
  return true;
}

Place ArrayRecords::placeOf(std::size_t cell) const {
  for (const Part &part : parts)
    if (static_cast<std::int64_t>(cell) < part.column + part.open.count())
      return part.open.place();
  return {source.path()};
}

std::string ArrayRecords::columnText(std::int64_t column) const {
  return fmt::format("record {} of {}", row, quoted(names()[column]));
}

Result<Binding> ArrayRecords::bind(std::span<const Taker> takers) const {
  Binding binding(takers.size());
  for (std::size_t t = 0; t < takers.size(); ++t) {
    if (!takers[t].field->wanted)
      continue;
    Result<std::vector<std::size_t>> arrays = source.of(*takers[t].field);
    if (!arrays)
      return arrays.error();
    for (const std::size_t array : *arrays) {
      const Part &part = openPart(array);
      for (std::int64_t i = 0; i < part.open.count(); ++i)
        binding[t].push_back(part.column + i);
    }
  }
  return binding;
}

Result<std::int64_t> ArrayRecords::columnOf(const ColumnRef &reference) const {
  Result<std::size_t> array = source.find(reference);
  if (!array)
    return array.error();
  return openPart(*array).column;
}

Result<std::unique_ptr<RecordReader>> openArrayRecords(const Source &source, const Asked &asked) {
  Result<ArraySource> arrays = ArraySource::open(source, asked.takers);
  if (!arrays)
    return arrays.error();
  auto records = std::make_unique<ArrayRecords>(std::move(*arrays));
  if (Result<void> begun = records->begin(asked); !begun)
    return begun.error();
  return std::unique_ptr<RecordReader>(std::move(records));
}

} // namespace talweg::data
