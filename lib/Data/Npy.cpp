// The format NPY: an array in each file, as NumPy saves it. A file is a mark, a version, the length of a dictionary, the dictionary in the
// notation of Python, then the values.
#include "Npy.h"

#include "ArrayTable.h"
#include "Readers.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>

namespace talweg::data {

static constexpr std::string_view kMark = "\x93NUMPY";

static bool isNpy(std::span<const std::byte> start) {
  return std::string_view(reinterpret_cast<const char *>(start.data()), start.size()).starts_with(kMark);
}

namespace {

/// What a dictionary says.
struct Header {
  std::string type;
  bool isFortran = false;
  std::vector<std::int64_t> extents;
};

/// Reading `{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }`.
class HeaderReader {
public:
  explicit HeaderReader(std::string_view text) : text(text) {}
  std::optional<Header> read();

private:
  void skipSpace() { text.remove_prefix(std::min(text.find_first_not_of(" \n\t\0"), text.size())); }
  bool take(std::string_view what) {
    skipSpace();
    if (!text.starts_with(what))
      return false;
    text.remove_prefix(what.size());
    return true;
  }
  std::optional<std::string> takeText();
  bool takeShape(std::vector<std::int64_t> &extents);

  std::string_view text;
};

} // namespace

std::optional<std::string> HeaderReader::takeText() {
  if (!take("'"))
    return std::nullopt;
  const std::size_t end = text.find('\'');
  if (end == std::string_view::npos)
    return std::nullopt;
  std::string taken(text.substr(0, end));
  text.remove_prefix(end + 1);
  return taken;
}

bool HeaderReader::takeShape(std::vector<std::int64_t> &extents) {
  if (!take("("))
    return false;
  while (!take(")")) {
    skipSpace();
    std::int64_t extent = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), extent);
    if (error != std::errc() || extent < 0)
      return false;
    text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
    extents.push_back(extent);
    if (!take(",")) {
      return take(")");
    }
  }
  return true;
}

std::optional<Header> HeaderReader::read() {
  Header header;
  bool hasType = false, hasShape = false;
  if (!take("{"))
    return std::nullopt;
  while (!take("}")) {
    const std::optional<std::string> key = takeText();
    if (!key || !take(":"))
      return std::nullopt;
    if (*key == "descr") {
      std::optional<std::string> type = takeText();
      header.type = type ? *type : std::string("a record");
      hasType = true;
      if (!type)
        return header;
    } else if (*key == "fortran_order") {
      header.isFortran = take("True");
      if (!header.isFortran && !take("False"))
        return std::nullopt;
    } else if (*key == "shape") {
      hasShape = takeShape(header.extents);
      if (!hasShape)
        return std::nullopt;
    } else {
      return std::nullopt;
    }
    take(",");
  }
  return hasType && hasShape ? std::optional(header) : std::nullopt;
}

/// `<f8`: the order of bytes, a kind, a size.
static const ArrayType *typeOf(std::string_view text) {
  if (text.size() < 3)
    return nullptr;
  const std::string_view kind = text.substr(1);
  if (kind == "b1")
    return arrayTypeNamed("u8");
  std::int64_t bytes = 0;
  std::from_chars(kind.data() + 1, kind.data() + kind.size(), bytes);
  return bytes >= 1 && bytes <= 8 ? arrayTypeNamed(fmt::format("{}{}", kind[0], 8 * bytes)) : nullptr;
}

Result<OpenArray> openNpyArray(ByteReader bytes) {
  const Place place{bytes.path()};
  const auto notNpy = [&](std::string_view why) {
    return failure("E0789", place, fmt::format("this is not an NPY file: {}", why));
  };
  std::array<std::byte, 12> start{};
  Result<std::size_t> got = bytes.read(std::span(start).first(8));
  if (!got)
    return got.error();
  if (*got == 0)
    return failure("E0704", place, "the file is empty");
  if (*got < 8 || !isNpy(start))
    return notNpy("it does not begin with its mark");
  const int version = std::to_integer<int>(start[6]);
  const std::size_t sizeBytes = version == 1 ? 2 : 4;
  got = bytes.read(std::span(start).subspan(8, sizeBytes));
  if (!got)
    return got.error();
  std::size_t size = 0;
  for (std::size_t i = 0; i < sizeBytes; ++i)
    size |= std::to_integer<std::size_t>(start[8 + i]) << (8 * i);
  constexpr std::size_t largestHeader = 1 << 20;
  if (version < 1 || version > 3 || *got < sizeBytes || size > largestHeader)
    return notNpy("its header is of no version that there is");
  std::string text(size, '\0');
  got = bytes.read(std::as_writable_bytes(std::span(text)));
  if (!got)
    return got.error();
  if (*got < size)
    return failure("E0734", place, "the file ends in its header: it is truncated", "fetch or write it again");
  const std::optional<Header> header = HeaderReader(text).read();
  if (!header)
    return notNpy("its header is " + prepare::quoted(text));
  const ArrayType *type = typeOf(header->type);
  if (!type)
    return failure("E0731", place,
                   fmt::format("NPY values of type {} are not supported", prepare::quoted(header->type)),
                   "save the array with a type of whole numbers or floats");
  if (header->extents.empty())
    return notNpy("it holds one value, and no records");
  if (header->isFortran && header->extents.size() > 1)
    return failure("E0790", place, "the array is stored column by column, and not record by record",
                   "save `numpy.ascontiguousarray(array)`");
  constexpr bool isLittle = std::endian::native == std::endian::little;
  OpenArray array{.type = type, .bytes = std::move(bytes), .isSwapped = header->type[0] == (isLittle ? '>' : '<')};
  if (Result<void> taken = takeExtents(array, header->extents); !taken)
    return taken.error();
  return array;
}

static Result<OpenArray> openNpy(const std::string &path, const std::string &) {
  Result<ByteReader> reader = ByteReader::open(path);
  if (!reader)
    return reader.error();
  return openNpyArray(std::move(*reader));
}

const Format npyFormat = {.name = "npy",
                          .example = "npy(\"images.npy\", \"labels.npy\")",
                          .files = "one file for each field, in their order",
                          .severalFiles = true,
                          .recognizes = isNpy,
                          .open = openArrayRecords,
                          .openArray = openNpy};

} // namespace talweg::data
