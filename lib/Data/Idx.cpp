// IDX to a table: one file for each field. A file is two zero bytes, a type, a rank, the extents (32-bit big-endian, the
// first is the number of records), then the values, big-endian, row-major.
#include "ByteReader.h"
#include "Messages.h"
#include "Readers.h"
#include "Selecting.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>

namespace talweg::data {

namespace {

/// A type of the format. It is read if the table of element types has one of its name.
struct IdxType {
  std::byte mark; ///< the third byte of a file
  std::string_view name;

  std::optional<Element> element() const { return elementTypeBy(&ElementInfo::text, name); }
};

constexpr IdxType idxTypes[] = {{std::byte(0x08), "u8"},  {std::byte(0x09), "i8"},  {std::byte(0x0b), "i16"},
                                {std::byte(0x0c), "i32"}, {std::byte(0x0d), "f32"}, {std::byte(0x0e), "f64"}};

struct IdxHeader {
  Element element = Element::U8;
  std::int64_t records = 0;
  std::vector<std::int64_t> shape; ///< of one record
};

/// Reading one file into one field's column.
class IdxLoader {
public:
  IdxLoader(const RowSelection &rows, ByteReader reader, const Field &field)
      : rows(rows), reader(std::move(reader)), field(field) {}

  Result<void> run(Buffer &column);

  IdxHeader header;
  std::int64_t kept = 0; ///< records in the column

private:
  Result<void> readHeader();
  Result<void> checkType() const;
  Result<void> convert(std::span<const std::byte> record, std::byte *to, std::int64_t row) const;
  Place place() const { return {reader.path()}; }
  std::string fieldText() const { return fmt::format("field `{}: {}`", field.name, field.typeText()); }

  const RowSelection &rows;
  ByteReader reader;
  const Field &field;
};

template <typename Stored> Stored bigEndian(const std::byte *at) {
  std::array<std::byte, sizeof(Stored)> bytes;
  std::copy_n(at, bytes.size(), bytes.begin());
  if constexpr (std::endian::native == std::endian::little)
    std::reverse(bytes.begin(), bytes.end());
  return std::bit_cast<Stored>(bytes);
}

/// `f32[28, 28]`
std::string typeText(Element element, const std::vector<std::int64_t> &shape) {
  return shape.empty() ? std::string(nameOf(element)) : fmt::format("{}[{}]", nameOf(element), fmt::join(shape, ", "));
}

/// The shape without extents of 1, which change neither the number of values nor their order.
std::vector<std::int64_t> squeezed(std::vector<std::int64_t> shape) {
  std::erase(shape, 1);
  return shape;
}

} // namespace

/// Two zero bytes, one of its types, a rank above zero.
static bool isIdx(std::span<const std::byte> start) {
  if (start.size() < 4)
    return false;
  return start[0] == std::byte(0) && start[1] == std::byte(0) && start[3] != std::byte(0) &&
         std::ranges::find(idxTypes, start[2], &IdxType::mark) != std::end(idxTypes);
}

Result<void> IdxLoader::readHeader() {
  std::array<std::byte, 4> magic;
  Result<std::size_t> got = reader.read(magic);
  if (!got)
    return got.error();
  if (*got == 0)
    return failure("E0704", place(), "the file is empty");
  if (*got < 4 || magic[0] != std::byte(0) || magic[1] != std::byte(0)) {
    const auto *text = reinterpret_cast<const char *>(magic.data());
    const bool printable =
        std::all_of(text, text + *got, [](char c) { return (c >= ' ' && c <= '~') || c == '\n' || c == '\r'; });
    return failure(
        "E0730", place(),
        fmt::format("this is not an IDX file: it begins with {}, not with two zero bytes", quoted({text, *got})),
        printable ? "text is declared with `csv(…)`" : "");
  }
  const IdxType *type = std::ranges::find(idxTypes, magic[2], &IdxType::mark);
  if (type == std::end(idxTypes))
    return failure("E0730", place(),
                   fmt::format("this is not an IDX file: 0x{:02x} is no type of IDX", std::to_integer<int>(magic[2])));
  const std::optional<Element> element = type->element();
  if (!element) {
    std::vector<std::string_view> read;
    for (const IdxType &each : idxTypes)
      if (each.element())
        read.push_back(each.name);
    return failure("E0731", place(), fmt::format("IDX values of type {} are not supported", type->name),
                   fmt::format("write the file with values of one of these types: {}", fmt::join(read, ", ")));
  }
  header.element = *element;
  const int rank = std::to_integer<int>(magic[3]);
  if (rank == 0)
    return failure("E0730", place(), "this IDX file has rank 0: it holds no records");
  std::vector<std::byte> extents(4 * rank);
  got = reader.read(extents);
  if (!got)
    return got.error();
  if (*got < extents.size())
    return failure("E0734", place(), "the file ends in its header: it is truncated", "fetch or write it again");
  header.records = bigEndian<std::uint32_t>(extents.data());
  for (int d = 1; d < rank; ++d)
    header.shape.push_back(bigEndian<std::uint32_t>(extents.data() + 4 * d));
  return {};
}

/// The field can hold what the file has.
Result<void> IdxLoader::checkType() const {
  const bool flat = field.shape.size() == 1;
  std::int64_t elements = 1;
  bool fits = true;
  for (std::int64_t extent : header.shape)
    fits = fits && extent > 0 && !__builtin_mul_overflow(elements, extent, &elements);
  if (!fits || elements != field.count() || (!flat && squeezed(header.shape) != squeezed(field.shape)))
    return failure(
        "E0732", place(),
        fmt::format("each record is {}, but {} is wanted", typeText(header.element, header.shape), fieldText()),
        header.shape.empty() ? "" : fmt::format("declare `{}: {}`", field.name, typeText(field.element, header.shape)));
  if (infoOf(header.element).isFloat() && !infoOf(field.element).isFloat())
    return failure("E0731", place(),
                   fmt::format("the values are {}, but {} is wanted", nameOf(header.element), fieldText()),
                   field.classes ? "labels are whole numbers: write the file with u8 or i32"
                                 : fmt::format("declare the field as {}", nameOf(header.element)));
  return {};
}

/// One record's values in the field's storage type.
Result<void> IdxLoader::convert(std::span<const std::byte> record, std::byte *to, std::int64_t row) const {
  const ElementInfo &given = infoOf(header.element), &wanted = infoOf(field.element);
  if (given.type == wanted.type && given.bytes == 1) {
    std::memcpy(to, record.data(), record.size());
    return {};
  }
  const std::int64_t low = field.classes ? 0 : wanted.least, high = field.classes ? *field.classes - 1 : wanted.most;
  for (std::int64_t e = 0; e < field.count(); ++e) {
    std::int64_t whole = 0; // the value, if it is of a type of whole numbers
    double exact = 0;       // the value
    withStored(given.type, [&](auto number) {
      number = bigEndian<decltype(number)>(record.data() + given.bytes * e);
      exact = static_cast<double>(number);
      if constexpr (std::is_integral_v<decltype(number)>)
        whole = number;
    });
    const auto refuse = [&](std::string_view code, const std::string &why, std::string_view help) {
      const std::string value = !given.isFloat()   ? fmt::format("{}", whole)
                                : given.bytes <= 4 ? fmt::format("{}", static_cast<float>(exact))
                                                   : fmt::format("{}", exact);
      return failure(code, place(),
                     fmt::format("value {} of record {}, element {} {} ({})", value, row, e, why, fieldText()), help);
    };
    if (!std::isfinite(exact))
      return refuse("E0713", "is not a finite number", "fill in a value, or remove the record");
    if (!wanted.isFloat() && (whole < low || whole > high))
      return field.classes ? failure("E0715", place(),
                                     fmt::format("label {} of record {}{} is not in 0 to {} ({})", whole, row,
                                                 whichElement(e, field.count()), high, fieldText()))
                           : refuse("E0716", fmt::format("is not in {} to {}", low, high), "");
    double stored = 0;
    withStored(wanted.type, [&](auto number) {
      if constexpr (std::is_integral_v<decltype(number)>)
        number = static_cast<decltype(number)>(whole);
      else
        number = static_cast<decltype(number)>(exact);
      stored = static_cast<double>(number);
      std::memcpy(to + sizeof number * e, &number, sizeof number);
    });
    if (!given.isFloat() && stored != exact)
      return refuse("E0716", fmt::format("is not exact in {}", wanted.text),
                    fmt::format("declare the field as {}", given.text));
    if (!std::isfinite(stored))
      return refuse("E0713", fmt::format("is too large for {}", wanted.text),
                    fmt::format("declare the field as {}", given.text));
  }
  return {};
}

Result<void> IdxLoader::run(Buffer &column) {
  if (Result<void> read = readHeader(); !read)
    return read;
  if (Result<void> legal = checkType(); !legal)
    return legal;
  const std::int64_t recordBytes = field.count() * sizeOf(header.element);
  const std::int64_t bytesPerRow = field.bytes();
  const std::int64_t last = std::min(header.records, rows.end.value_or(header.records));

  // The header's count is a claim: no more is reserved than the file can hold.
  if (std::int64_t wanted; rows.every == 1 && !rows.complement && last > rows.begin &&
                           !__builtin_mul_overflow(last - rows.begin, bytesPerRow, &wanted) &&
                           wanted / sizeOf(field.element) <= reader.mostBytes() && !column.reserve(wanted))
    return failure("E0740", place(), fmt::format("there is no memory for {}", counted(header.records, "record")));

  constexpr std::int64_t chunkBytes = 1 << 18;
  const std::int64_t chunk = std::max<std::int64_t>(1, chunkBytes / recordBytes);
  std::vector<std::byte> bytes;
  for (std::int64_t row = 0; row < last; row += chunk) {
    const std::int64_t count = std::min(chunk, last - row);
    bytes.resize(count * recordBytes);
    Result<std::size_t> got = reader.read(bytes);
    if (!got)
      return got.error();
    if (*got < bytes.size())
      return failure("E0734", place(),
                     fmt::format("the file ends in record {} of {}: it is truncated",
                                 row + static_cast<std::int64_t>(*got) / recordBytes, header.records),
                     "fetch or write it again");
    for (std::int64_t i = 0; i < count; ++i) {
      if (!rows.keepsNumber(row + i))
        continue;
      const std::int64_t old = column.size();
      if (!column.resize(old + bytesPerRow))
        return failure("E0740", place(), fmt::format("out of memory after {}", counted(kept, "record")));
      const std::span<const std::byte> record(bytes.data() + i * recordBytes, recordBytes);
      if (Result<void> converted = convert(record, column.data() + old, row + i); !converted)
        return converted;
      ++kept;
    }
  }
  std::byte extra;
  if (last < header.records)
    return {};
  Result<std::size_t> more = reader.read({&extra, 1});
  if (!more)
    return more.error();
  if (*more > 0)
    return failure("E0735", place(), fmt::format("the file goes on after its {}", counted(header.records, "record")),
                   "its header and its contents disagree: fetch or write it again");
  return {};
}

static Result<Table> loadIdx(const Source &source, std::vector<Field> fields) {
  Result<Table> table = Table::create(std::move(fields), 0);
  if (!table)
    return table.error();
  const auto pathOf = [&](std::size_t f) { return f < source.paths.size() ? source.paths[f] : std::string(); };
  std::size_t first = table->fields.size(); // the first field that is read
  std::int64_t records = 0;
  for (std::size_t f = 0; f < table->fields.size(); ++f) {
    const Field &field = table->fields[f];
    if (!field.wanted)
      continue;
    const std::string path = pathOf(f);
    if (path.empty())
      return failure("E0736", {source.paths.empty() ? "idx" : source.paths.front()},
                     fmt::format("there is no IDX file for field `{}`: {} for {}", field.name,
                                 counted(static_cast<std::int64_t>(source.paths.size()), "file"),
                                 counted(static_cast<std::int64_t>(table->fields.size()), "field")),
                     "IDX takes one file for each field, in the order of the fields");
    Result<ByteReader> reader = ByteReader::open(path);
    if (!reader)
      return reader.error();
    IdxLoader loader(source.rows, std::move(*reader), field);
    if (Result<void> loaded = loader.run(table->columns[f]); !loaded)
      return loaded.error();
    if (first == table->fields.size()) {
      first = f;
      records = loader.header.records;
      table->rows = loader.kept;
    } else if (loader.header.records != records) {
      return failure("E0733", {path},
                     fmt::format("this file has {}, but {} has {}", counted(loader.header.records, "record"),
                                 "`" + pathOf(first) + "`", records),
                     "the files of one split hold the same records: are they of the same set?");
    }
  }
  if (source.paths.size() > table->fields.size())
    return failure("E0736", {source.paths.back()},
                   fmt::format("{} for {}", counted(static_cast<std::int64_t>(source.paths.size()), "IDX file"),
                               counted(static_cast<std::int64_t>(table->fields.size()), "field")),
                   "IDX takes one file for each field, in the order of the fields");
  if (records == 0)
    return failure("E0704", {pathOf(first)}, "the file has no records");
  if (table->rows == 0)
    return nothingSelected(source.rows, records, pathOf(first));
  return std::move(*table);
}

const Format idxFormat = {.name = "idx",
                          .example = "idx(\"images\", \"labels\")",
                          .files = "one file for each field, in their order",
                          .severalFiles = true,
                          .recognizes = isIdx,
                          .read = loadIdx};

} // namespace talweg::data
