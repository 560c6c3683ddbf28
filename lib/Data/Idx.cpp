// The format IDX: an array in each file. A file is two zero bytes, a type, a rank, the extents (32-bit big-endian, the first is the number of
// records), then the values, big-endian, row-major.
#include "ArrayTable.h"
#include "Arrays.h"
#include "Readers.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace talweg::data {

namespace {

/// A type of the format.
struct IdxType {
  std::byte mark; ///< the third byte of a file
  std::string_view name;
};

constexpr IdxType idxTypes[] = {{std::byte(0x08), "u8"},  {std::byte(0x09), "i8"},  {std::byte(0x0b), "i16"},
                                {std::byte(0x0c), "i32"}, {std::byte(0x0d), "f32"}, {std::byte(0x0e), "f64"}};

} // namespace

/// Two zero bytes, one of its types, a rank above zero.
static bool isIdx(std::span<const std::byte> start) {
  if (start.size() < 4)
    return false;
  return start[0] == std::byte(0) && start[1] == std::byte(0) && start[3] != std::byte(0) &&
         std::ranges::find(idxTypes, start[2], &IdxType::mark) != std::end(idxTypes);
}

static Result<OpenArray> openIdx(const std::string &path, const std::string &) {
  Result<ByteReader> reader = ByteReader::open(path);
  if (!reader)
    return reader.error();
  const Place place{path};
  std::array<std::byte, 4> magic;
  Result<std::size_t> got = reader->read(magic);
  if (!got)
    return got.error();
  if (*got == 0)
    return failure("E0704", place, "the file is empty");
  if (*got < 4 || magic[0] != std::byte(0) || magic[1] != std::byte(0)) {
    const auto *text = reinterpret_cast<const char *>(magic.data());
    const bool printable =
        std::all_of(text, text + *got, [](char c) { return (c >= ' ' && c <= '~') || c == '\n' || c == '\r'; });
    return failure(
        "E0730", place,
        fmt::format("this is not an IDX file: it begins with {}, not with two zero bytes", quoted({text, *got})),
        printable ? "text is declared with `csv(…)`" : "");
  }
  const IdxType *type = std::ranges::find(idxTypes, magic[2], &IdxType::mark);
  if (type == std::end(idxTypes))
    return failure("E0730", place,
                   fmt::format("this is not an IDX file: 0x{:02x} is no type of IDX", std::to_integer<int>(magic[2])));
  const int rank = std::to_integer<int>(magic[3]);
  if (rank == 0)
    return failure("E0730", place, "this IDX file has rank 0: it holds no records");
  std::vector<std::uint32_t> stored(rank);
  got = reader->read(std::as_writable_bytes(std::span(stored)));
  if (!got)
    return got.error();
  if (*got < 4 * stored.size())
    return failure("E0734", place, "the file ends in its header: it is truncated", "fetch or write it again");
  constexpr bool isLittle = std::endian::native == std::endian::little;
  std::vector<std::int64_t> extents;
  for (const std::uint32_t extent : stored)
    extents.push_back(isLittle ? __builtin_bswap32(extent) : extent);
  OpenArray array{.type = arrayTypeNamed(type->name), .bytes = std::move(*reader), .isSwapped = isLittle};
  if (Result<void> taken = takeExtents(array, extents); !taken)
    return taken.error();
  return array;
}

const Format idxFormat = {.name = "idx",
                          .example = "idx(\"images\", \"labels\")",
                          .files = "one file for each field, in their order",
                          .severalFiles = true,
                          .recognizes = isIdx,
                          .open = openArrayRecords,
                          .openArray = openIdx};

} // namespace talweg::data
