// The format safetensors: the length of a header, 64 bits little-endian; the header, JSON; then the values of all tensors.
#include "ArrayTable.h"
#include "Arrays.h"
#include "Readers.h"

#include <fmt/format.h>

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <bit>

namespace talweg::data {

namespace {

/// A tensor, as the header has it.
struct Tensor {
  std::string name, type;
  std::vector<std::int64_t> extents;
  std::int64_t begin = 0, end = 0; ///< of its bytes, after the header
};

struct File {
  ByteReader bytes; ///< after the header
  std::vector<Tensor> tensors;
};

} // namespace

/// Eight bytes of a length below 2^24, and `{`.
static bool isSafetensors(std::span<const std::byte> start) {
  return start.size() > 8 && start[8] == std::byte('{') &&
         std::ranges::all_of(start.subspan(3, 5), [](std::byte byte) { return byte == std::byte(0); });
}

static bool readTensor(std::string_view name, simdjson::dom::element value, Tensor &tensor) {
  tensor.name = name;
  std::string_view type;
  simdjson::dom::array shape, offsets;
  if (value["dtype"].get(type) || value["shape"].get(shape) || value["data_offsets"].get(offsets))
    return false;
  tensor.type = type;
  for (const simdjson::dom::element extent : shape)
    if (std::int64_t size = 0; !extent.get(size) && size >= 0)
      tensor.extents.push_back(size);
    else
      return false;
  return offsets.size() == 2 && !offsets.at(0).get(tensor.begin) && !offsets.at(1).get(tensor.end) &&
         tensor.begin >= 0 && tensor.end >= tensor.begin;
}

static Result<File> openFile(const std::string &path) {
  Result<ByteReader> bytes = ByteReader::open(path);
  if (!bytes)
    return bytes.error();
  const auto broken = [&](std::string_view why) {
    return failure("E0792", {path}, fmt::format("this is not a safetensors file: {}", why), "fetch or write it again");
  };
  std::array<std::byte, 8> length;
  Result<std::size_t> got = bytes->read(length);
  if (!got)
    return got.error();
  if (*got == 0)
    return failure("E0704", {path}, "the file is empty");
  std::uint64_t size = 0;
  for (std::size_t i = 0; i < length.size(); ++i)
    size |= std::to_integer<std::uint64_t>(length[i]) << (8 * i);
  constexpr std::uint64_t largestHeader = 100 << 20;
  if (*got < length.size() || size > largestHeader || static_cast<std::int64_t>(size) > bytes->mostBytes())
    return broken("it does not begin with the length of a header");
  simdjson::padded_string text(static_cast<std::size_t>(size));
  got = bytes->read(std::as_writable_bytes(std::span(text.data(), text.size())));
  if (!got)
    return got.error();
  if (*got < size)
    return failure("E0734", {path}, "the file ends in its header: it is truncated", "fetch or write it again");
  simdjson::dom::parser parser;
  simdjson::dom::object header;
  if (parser.parse(text).get(header))
    return broken("its header is no JSON object");
  File file{std::move(*bytes), {}};
  for (const auto [name, value] : header) {
    if (name == "__metadata__")
      continue;
    if (Tensor tensor; readTensor(name, value, tensor))
      file.tensors.push_back(std::move(tensor));
    else
      return broken(fmt::format("its header does not tell what {} is", prepare::quoted(name)));
  }
  return file;
}

static Result<std::vector<std::string>> tensorNames(const std::string &path) {
  Result<File> file = openFile(path);
  if (!file)
    return file.error();
  std::vector<std::string> names;
  for (const Tensor &tensor : file->tensors)
    names.push_back(tensor.name);
  return names;
}

static Result<OpenArray> openTensor(const std::string &path, const std::string &name) {
  Result<File> file = openFile(path);
  if (!file)
    return file.error();
  const auto tensor = std::ranges::find(file->tensors, name, &Tensor::name);
  if (tensor == file->tensors.end())
    return failure("E0720", {path}, fmt::format("there is no array {}", prepare::quoted(name)));
  const auto broken = [&](std::string_view why) {
    return failure("E0792", {path}, fmt::format("its tensor {} {}", prepare::quoted(name), why),
                   "fetch or write it again");
  };
  const std::optional<Element> element = elementTypeBy(&ElementInfo::safetensors, tensor->type);
  std::string text = element == Element::Bool ? "u8" : std::string(element ? nameOf(*element) : "");
  for (const auto &[theirs, ours] : {std::pair("I16", "i16"), std::pair("U32", "u32"), std::pair("U64", "u64")})
    if (tensor->type == theirs)
      text = ours;
  const ArrayType *type = arrayTypeNamed(text);
  if (!type)
    return failure("E0731", {path}, fmt::format("tensors of type {} are not supported", prepare::quoted(tensor->type)),
                   "save it with a type of whole numbers or floats");
  if (tensor->extents.empty())
    return broken("holds one value, and no records");
  OpenArray array{.type = type,
                  .bytes = std::move(file->bytes),
                  .isSwapped = std::endian::native != std::endian::little,
                  .endsFile = false};
  if (Result<void> taken = takeExtents(array, tensor->extents); !taken)
    return taken.error();
  std::int64_t bytes = 0;
  if (__builtin_mul_overflow(array.recordBytes(), array.records, &bytes) || bytes != tensor->end - tensor->begin)
    return broken("has other bytes than its shape takes");
  Result<bool> there = array.bytes.skip(tensor->begin);
  if (!there)
    return there.error();
  if (!*there)
    return failure("E0734", {path},
                   fmt::format("the file ends before its tensor {}: it is truncated", prepare::quoted(name)),
                   "fetch or write it again");
  return array;
}

const Format safetensorsFormat = {.name = "safetensors",
                                  .example = "safetensors(\"file\")",
                                  .files = "one file",
                                  .recognizes = isSafetensors,
                                  .open = openArrayRecords,
                                  .openArray = openTensor,
                                  .arrayNames = tensorNames};

} // namespace talweg::data
