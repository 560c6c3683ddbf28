// Reading checks everything in this order: the length of the header, its JSON, each entry by itself, then all entries
// together. Every size is computed with overflow checks before it is used.
#include "Safetensors.h"

#include "Digest.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstring>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

using namespace talweg;
using nlohmann::json;

/// The reference implementation's bound on the header.
static constexpr std::uint64_t kMaxHeader = 100'000'000;

static std::optional<std::uint64_t> bytesOf(std::string_view type) {
  static constexpr std::pair<std::string_view, std::uint64_t> kTypes[] = {
      {"F64", 8}, {"I64", 8}, {"U64", 8},     {"F32", 4},     {"I32", 4}, {"U32", 4}, {"F16", 2}, {"BF16", 2},
      {"I16", 2}, {"U16", 2}, {"F8_E4M3", 1}, {"F8_E5M2", 1}, {"I8", 1},  {"U8", 1},  {"BOOL", 1}};
  for (auto [name, bytes] : kTypes)
    if (name == type)
      return bytes;
  return std::nullopt;
}

namespace {
class Reader {
public:
  Reader(const StoredBytes &all, const std::string &path) : all(all), path(path) {}

  Result<SafetensorsFile> run() {
    if (all.size() < 8)
      return wrong("it has {} bytes, too few for a header", all.size());
    auto lengthBytes = allOf(all.part(0, 8));
    if (!lengthBytes)
      return lengthBytes.error();
    std::uint64_t length = 0;
    for (int i = 7; i >= 0; --i)
      length = length << 8 | std::uint8_t((*lengthBytes)[std::size_t(i)]);
    if (length > kMaxHeader)
      return wrong("its header would have {} bytes, more than {}", length, kMaxHeader);
    if (length > all.size() - 8)
      return wrong("its header would have {} bytes, but the file ends after {}", length, all.size() - 8);
    data = all.part(8 + length, all.size() - 8 - length);

    auto text = allOf(all.part(8, length));
    if (!text)
      return text.error();
    json header;
    if (auto parsed = parseHeader(*text, header); !parsed)
      return parsed.error();
    for (auto &[name, entry] : header.items()) {
      auto added = name == "__metadata__" ? addMetadata(entry) : addTensor(name, entry);
      if (!added)
        return added.error();
    }
    if (auto covered = checkCover(); !covered)
      return covered.error();
    for (Place &place : places) {
      auto digest = digestOf(place.tensor.bytes);
      if (!digest)
        return digest.error();
      place.tensor.digest = std::move(*digest);
      file.tensors.push_back(std::move(place.tensor));
    }
    return std::move(file);
  }

private:
  /// Where a tensor lies in the data.
  struct Place {
    std::uint64_t begin;
    SafeTensor tensor;
  };

  template <typename... Args>
  Error wrong(fmt::format_string<Args...> text, Args &&...args) {
    return {"E0810", fmt::format("{}: error: not a valid safetensors file: {}", path,
                                 fmt::format(text, std::forward<Args>(args)...))};
  }

  Result<void> parseHeader(std::string_view text, json &header) {
    if (text.empty() || text.front() != '{')
      return wrong("its header does not start with `{{`");
    std::set<std::string> names;
    std::optional<std::string> twice;
    auto watch = [&](int depth, json::parse_event_t event, json &value) {
      if (event == json::parse_event_t::key && depth == 1 && !names.insert(value.get<std::string>()).second)
        twice = value.get<std::string>();
      return true;
    };
    header = json::parse(text, watch, /*allow_exceptions=*/false);
    if (header.is_discarded() || !header.is_object())
      return wrong("its header is not a JSON object");
    if (twice)
      return wrong("`{}` appears twice", *twice);
    return {};
  }

  Result<void> addMetadata(const json &entry) {
    if (!entry.is_object())
      return wrong("`__metadata__` is not an object");
    for (auto &[key, value] : entry.items()) {
      if (!value.is_string())
        return wrong("`__metadata__` holds something other than text under `{}`", key);
      file.metadata[key] = value.get<std::string>();
    }
    return {};
  }

  Result<void> addTensor(const std::string &name, const json &entry) {
    auto part = [&](const char *key) -> const json * {
      auto it = entry.find(key);
      return it == entry.end() ? nullptr : &*it;
    };
    if (!entry.is_object() || entry.size() != 3 || !part("dtype") || !part("shape") || !part("data_offsets"))
      return wrong("the entry of `{}` does not hold exactly dtype, shape and data_offsets", name);
    const json &type = *part("dtype"), &shape = *part("shape"), &offsets = *part("data_offsets");
    std::optional<std::uint64_t> size = type.is_string() ? bytesOf(type.get_ref<const std::string &>()) : std::nullopt;
    if (!size)
      return wrong("`{}` has an unknown dtype", name);
    SafeTensor tensor{name, type.get<std::string>(), {}, {}};
    std::uint64_t bytes = *size;
    if (!shape.is_array())
      return wrong("the shape of `{}` is not a list", name);
    for (const json &dim : shape) {
      if (!dim.is_number_unsigned() || dim.get<std::uint64_t>() > std::uint64_t(INT64_MAX))
        return wrong("the shape of `{}` holds something other than sizes", name);
      tensor.shape.push_back(dim.get<std::int64_t>());
      if (__builtin_mul_overflow(bytes, dim.get<std::uint64_t>(), &bytes))
        return wrong("`{}` has more bytes than can be counted", name);
    }
    if (!offsets.is_array() || offsets.size() != 2 || !offsets[0].is_number_unsigned() ||
        !offsets[1].is_number_unsigned())
      return wrong("the data_offsets of `{}` are not two positions", name);
    std::uint64_t begin = offsets[0].get<std::uint64_t>(), end = offsets[1].get<std::uint64_t>();
    if (begin > end || end > data.size())
      return wrong("the bytes {} to {} of `{}` are outside the data, which has {}", begin, end, name, data.size());
    if (end - begin != bytes)
      return wrong("`{}` has {} bytes, but its shape asks for {}", name, end - begin, bytes);
    tensor.bytes = data.part(begin, bytes);
    places.push_back({begin, std::move(tensor)});
    return {};
  }

  /// Sorted by position, each tensor starts where the one before ends.
  Result<void> checkCover() {
    std::ranges::sort(places, {}, [](const Place &place) {
      return std::tuple(place.begin, place.tensor.bytes.size(), std::string_view(place.tensor.name));
    });
    std::uint64_t at = 0;
    for (const auto &[begin, tensor] : places) {
      if (begin < at)
        return wrong("the bytes of `{}` overlap those of another tensor", tensor.name);
      if (begin > at)
        return wrong("no tensor holds the bytes before those of `{}`", tensor.name);
      at = begin + tensor.bytes.size();
    }
    if (at != data.size())
      return wrong("it has {} bytes after the last tensor", data.size() - at);
    return {};
  }

  const StoredBytes &all;
  const std::string &path;
  StoredBytes data; ///< behind the header
  std::vector<Place> places;
  SafetensorsFile file;
};
} // namespace

const SafeTensor *SafetensorsFile::find(std::string_view name) const {
  auto it = std::find_if(tensors.begin(), tensors.end(), [&](const SafeTensor &t) { return t.name == name; });
  return it == tensors.end() ? nullptr : &*it;
}

Result<SafetensorsFile> talweg::readSafetensors(const Result<StoredBytes> &contents, const std::string &path) {
  return contents ? Reader(*contents, path).run() : contents.error();
}

std::string talweg::safetensorsHead(const std::vector<SafeTensor> &tensors,
                                    const std::map<std::string, std::string> &metadata) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty())
    header["__metadata__"] = metadata;
  std::uint64_t at = 0;
  for (const SafeTensor &tensor : tensors) {
    std::uint64_t bytes = *bytesOf(tensor.type);
    for (std::int64_t dim : tensor.shape)
      bytes *= std::uint64_t(dim);
    header[tensor.name] = {{"dtype", tensor.type}, {"shape", tensor.shape}, {"data_offsets", {at, at + bytes}}};
    at += bytes;
  }
  std::string text = header.dump();
  text.append((8 - text.size() % 8) % 8, ' ');
  std::string head(8, '\0');
  for (int i = 0; i < 8; ++i)
    head[std::size_t(i)] = char(std::uint64_t(text.size()) >> (8 * i));
  return head + text;
}
