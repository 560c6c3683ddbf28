#include "Arrays.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace talweg::data {

template <typename Stored> static Number readStored(const std::byte *at) {
  Stored stored;
  std::memcpy(&stored, at, sizeof stored);
  Number number;
  number.real = static_cast<double>(stored);
  if constexpr (std::is_integral_v<Stored>)
    number.whole = stored;
  return number;
}

template <typename Stored> static constexpr ArrayType typeOf(std::string_view text) {
  return {text, sizeof(Stored), !std::is_integral_v<Stored>, readStored<Stored>};
}

static constexpr ArrayType arrayTypes[] = {
    typeOf<std::uint8_t>("u8"),   typeOf<std::int8_t>("i8"),    typeOf<std::uint16_t>("u16"),
    typeOf<std::int16_t>("i16"),  typeOf<std::uint32_t>("u32"), typeOf<std::int32_t>("i32"),
    typeOf<std::uint64_t>("u64"), typeOf<std::int64_t>("i64"),  typeOf<Float16>("f16"),
    typeOf<BFloat16>("bf16"),     typeOf<float>("f32"),         typeOf<double>("f64"),
};

const ArrayType *arrayTypeNamed(std::string_view text) {
  const auto *found = std::ranges::find(arrayTypes, text, &ArrayType::text);
  return found == std::end(arrayTypes) ? nullptr : found;
}

static std::string shapeText(std::string_view type, const std::vector<std::int64_t> &shape) {
  return shape.empty() ? std::string(type) : fmt::format("{}[{}]", type, fmt::join(shape, ", "));
}

std::string OpenArray::typeText() const { return shapeText(type->text, shape); }

static void swapBytes(std::span<std::byte> values, std::int64_t size) {
  for (std::size_t at = 0; at + std::size_t(size) <= values.size(); at += std::size_t(size))
    std::reverse(values.begin() + std::ptrdiff_t(at), values.begin() + std::ptrdiff_t(at) + size);
}

Result<void> OpenArray::read(std::span<std::byte> values, std::int64_t first) {
  Result<std::size_t> got = bytes.read(values);
  if (!got)
    return got.error();
  if (*got < values.size())
    return failure("E0734", place(),
                   fmt::format("the file ends in record {} of {}: it is truncated",
                               first + static_cast<std::int64_t>(*got) / recordBytes(), records),
                   "fetch or write it again");
  if (isSwapped && type->bytes > 1)
    swapBytes(values, type->bytes);
  return {};
}

Result<void> OpenArray::finish() {
  std::byte extra;
  if (!endsFile)
    return {};
  Result<std::size_t> more = bytes.read({&extra, 1});
  if (!more)
    return more.error();
  if (*more > 0)
    return failure("E0735", place(), fmt::format("the file goes on after its {}", counted(records, "record")),
                   "its header and its contents disagree: fetch or write it again");
  return {};
}

Result<void> takeExtents(OpenArray &array, std::span<const std::int64_t> extents) {
  array.records = extents.front();
  array.shape.assign(extents.begin() + 1, extents.end());
  constexpr std::int64_t most = std::int64_t(1) << 30;
  std::int64_t values = 1;
  bool fits = true;
  for (const std::int64_t extent : array.shape)
    fits = fits && extent > 0 && !__builtin_mul_overflow(values, extent, &values) && values <= most;
  if (!fits)
    return failure("E0732", array.place(),
                   fmt::format("each record is {}, which is no shape to read", array.typeText()),
                   fmt::format("a record has at least one value and at most {}", most));
  return {};
}

static std::string fieldText(const Field &field) { return fmt::format("field `{}: {}`", field.name, field.typeText()); }

/// The shape without extents of 1, which change neither the number of values nor their order.
static std::vector<std::int64_t> squeezed(std::vector<std::int64_t> shape) {
  std::erase(shape, 1);
  return shape;
}

Result<void> checkArray(const OpenArray &array, const Field &field) {
  const bool flat = field.shape.size() == 1;
  if (array.count() != field.count() || (!flat && squeezed(array.shape) != squeezed(field.shape)))
    return failure("E0732", array.place(),
                   fmt::format("each record is {}, but {} is wanted", array.typeText(), fieldText(field)),
                   array.shape.empty()
                       ? ""
                       : fmt::format("declare `{}: {}`", field.name, shapeText(nameOf(field.element), array.shape)));
  if (array.type->isFloat && !infoOf(field.element).isFloat())
    return failure("E0731", array.place(),
                   fmt::format("the values are {}, but {} is wanted", array.type->text, fieldText(field)),
                   field.classes ? "labels are whole numbers: write the file with u8 or i32"
                                 : fmt::format("declare the field as {}", array.type->text));
  return {};
}

static std::string textOf(const Number &number, const ArrayType &type) {
  if (!type.isFloat)
    return number.whole < 0 ? fmt::format("{}", static_cast<std::int64_t>(number.whole))
                            : fmt::format("{}", static_cast<std::uint64_t>(number.whole));
  return type.bytes <= 4 ? fmt::format("{}", static_cast<float>(number.real)) : fmt::format("{}", number.real);
}

/// Whether all of them, stored as the field stores them, are what it may hold.
static bool areLegal(std::span<const std::byte> values, const Field &field) {
  bool legal = true;
  withStored(field.element, [&](auto stored) {
    for (std::size_t at = 0; at < values.size(); at += sizeof stored) {
      std::memcpy(&stored, values.data() + at, sizeof stored);
      if constexpr (!std::is_integral_v<decltype(stored)>)
        legal &= std::isfinite(static_cast<double>(stored));
      else if (field.classes)
        legal &= stored >= 0 && static_cast<std::int64_t>(stored) < *field.classes;
    }
  });
  return legal;
}

Result<void> convert(const OpenArray &array, std::span<const std::byte> values, const Field &field, std::byte *to,
                     std::int64_t row) {
  const ArrayType &given = *array.type;
  const ElementInfo &wanted = infoOf(field.element);
  if (given.element() == wanted.type && areLegal(values, field)) {
    std::memcpy(to, values.data(), values.size());
    return {};
  }
  const std::int64_t low = field.classes ? 0 : wanted.least, high = field.classes ? *field.classes - 1 : wanted.most;
  const std::int64_t count = static_cast<std::int64_t>(values.size()) / given.bytes, ofRecord = field.count();
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t record = row + i / ofRecord, element = i % ofRecord;
    const Number number = given.read(values.data() + given.bytes * i);
    const auto refuse = [&](std::string_view code, const std::string &why, std::string_view help) {
      return failure(code, array.place(),
                     fmt::format("value {} of record {}, element {} {} ({})", textOf(number, given), record, element,
                                 why, fieldText(field)),
                     help);
    };
    const auto declareGiven = [&] {
      return given.element() ? fmt::format("declare the field as {}", given.text) : std::string();
    };
    if (!std::isfinite(number.real))
      return refuse("E0713", "is not a finite number", "fill in a value, or remove the record");
    if (!wanted.isFloat() && (number.whole < low || number.whole > high))
      return field.classes
                 ? failure("E0715", array.place(),
                           fmt::format("label {} of record {}{} is not in 0 to {} ({})", textOf(number, given), record,
                                       whichElement(element, ofRecord), high, fieldText(field)))
                 : refuse("E0716", fmt::format("is not in {} to {}", low, high), "");
    double stored = 0;
    withStored(wanted.type, [&](auto value) {
      if constexpr (std::is_integral_v<decltype(value)>)
        value = static_cast<decltype(value)>(number.whole);
      else
        value = static_cast<decltype(value)>(number.real);
      stored = static_cast<double>(value);
      std::memcpy(to + sizeof value * i, &value, sizeof value);
    });
    const bool isExact = std::isfinite(stored) && static_cast<__int128>(stored) == number.whole;
    if (!given.isFloat && wanted.isFloat() && !isExact)
      return refuse("E0716", fmt::format("is not exact in {}", wanted.text), declareGiven());
    if (!std::isfinite(stored))
      return refuse("E0713", fmt::format("is too large for {}", wanted.text), declareGiven());
  }
  return {};
}

} // namespace talweg::data
