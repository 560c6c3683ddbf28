// Variables by path: their elements in row-major order, however they lie in storage, converted from and to the stored type. Of a
// parameter of bf16, or its average, the upper half is read, and both halves are written.
#include "SessionImpl.h"

#include "talweg/Support/Halves.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

using namespace talweg;

Result<const Variable *> Session::Impl::find(const std::string &name) const {
  for (const Variable &variable : variables())
    if (variable.name == name)
      return &variable;
  return Error{"E0857", fmt::format("error: the program has no variable `{}`", name)};
}

const Variable *Session::Impl::lowHalfOf(const Variable &variable) const {
  if ((variable.role != Role::Parameter && variable.role != Role::Average) || variable.element != ElementType::BF16)
    return nullptr;
  auto low = find(lowHalfName(variable.name));
  return low ? *low : nullptr;
}

static std::int64_t rowsOf(const Variable &variable) { return variable.count() / variable.shape.back(); }

/// Calls action(stored, canonical, bytes) for each run of bytes of a variable in panels, in rows from `first` to `end`, that is one run
/// in both orders; the canonical ones count from `first`.
template <typename Action>
static void forRuns(const Variable &variable, std::int64_t first, std::int64_t end, Action action) {
  const std::int64_t size = sizeOf(variable.element), columns = variable.shape.back(), run = variable.block;
  for (std::int64_t panel = 0; panel < columns / run; ++panel)
    for (std::int64_t row = first; row < end; ++row)
      action((panel * rowsOf(variable) + row) * run * size, ((row - first) * columns + panel * run) * size, run * size);
}

static std::int64_t rowBytesOf(const Variable &variable) { return variable.shape.back() * sizeOf(variable.element); }

/// How many rows are a piece.
static std::int64_t rowsAtOnce(const Variable &variable) {
  return std::max<std::int64_t>(1, kPiece / rowBytesOf(variable));
}

Pieces Standing::piecesOf(const Variable &variable) const {
  return [this, &variable](const TakeBytes &take) {
    const std::byte *stored = persistent.data() + variable.offset;
    if (variable.block == 0)
      return take({reinterpret_cast<const char *>(stored), std::size_t(variable.bytes())});
    const std::int64_t rows = rowsOf(variable), atOnce = rowsAtOnce(variable), rowBytes = rowBytesOf(variable);
    std::string piece;
    for (std::int64_t first = 0; first < rows; first += atOnce) {
      const std::int64_t end = std::min(rows, first + atOnce);
      piece.resize(std::size_t((end - first) * rowBytes));
      forRuns(variable, first, end, [&](std::int64_t from, std::int64_t to, std::int64_t count) {
        std::memcpy(piece.data() + to, stored + from, std::size_t(count));
      });
      take(piece);
    }
  };
}

Result<void> Session::Impl::setBytes(const Variable &variable,
                                     const std::function<Result<void>(char *to, std::size_t count)> &next) {
  char *stored = reinterpret_cast<char *>(persistent.data()) + variable.offset;
  if (variable.block == 0) {
    for (std::int64_t at = 0, size = variable.bytes(); at < size; at += kPiece)
      if (auto given = next(stored + at, std::size_t(std::min<std::int64_t>(kPiece, size - at))); !given)
        return given;
    return {};
  }
  const std::int64_t rows = rowsOf(variable), atOnce = rowsAtOnce(variable), rowBytes = rowBytesOf(variable);
  std::string piece;
  for (std::int64_t first = 0; first < rows; first += atOnce) {
    const std::int64_t end = std::min(rows, first + atOnce);
    piece.resize(std::size_t((end - first) * rowBytes));
    if (auto given = next(piece.data(), piece.size()); !given)
      return given;
    forRuns(variable, first, end, [&](std::int64_t to, std::int64_t from, std::int64_t count) {
      std::memcpy(stored + to, piece.data() + from, std::size_t(count));
    });
  }
  return {};
}

std::vector<std::byte> Session::Impl::bytesOf(const Variable &variable) const {
  std::vector<std::byte> bytes;
  bytes.reserve(std::size_t(variable.bytes()));
  piecesOf(variable)([&](std::string_view piece) {
    const auto *begin = reinterpret_cast<const std::byte *>(piece.data());
    bytes.insert(bytes.end(), begin, begin + piece.size());
  });
  return bytes;
}

void Session::Impl::setBytes(const Variable &variable, const std::byte *bytes) {
  (void)bool(setBytes(variable, [&](char *to, std::size_t count) -> Result<void> {
    std::memcpy(to, bytes, count);
    bytes += count;
    return {};
  }));
}

template <typename Stored, typename Value>
static void readAs(const std::byte *place, std::vector<Value> &values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    Stored stored;
    std::memcpy(&stored, place + i * sizeof(Stored), sizeof(Stored));
    values[i] = Value(stored);
  }
}

template <typename Stored, typename Value>
static void writeAs(std::byte *place, const std::vector<Value> &values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    Stored stored = Stored(values[i]);
    std::memcpy(place + i * sizeof(Stored), &stored, sizeof(Stored));
  }
}

template <typename Value>
static Result<std::vector<Value>> readVariable(const Session::Impl &session, const std::string &name) {
  auto variable = session.find(name);
  if (!variable)
    return variable.error();
  std::vector<Value> values(std::size_t((*variable)->count()));
  withStored((*variable)->element,
             [&](auto stored) { readAs<decltype(stored)>(session.bytesOf(**variable).data(), values); });
  return values;
}

/// Both halves of each value as a number of f32.
template <typename Value>
static void writeHalves(Session::Impl &session, const Variable &high, const Variable &low,
                        const std::vector<Value> &values) {
  std::vector<std::uint16_t> highs, lows;
  for (Value value : values) {
    const Halves halves{float(value)};
    highs.push_back(halves.high);
    lows.push_back(halves.low);
  }
  session.setBytes(high, reinterpret_cast<const std::byte *>(highs.data()));
  session.setBytes(low, reinterpret_cast<const std::byte *>(lows.data()));
}

template <typename Value>
static Result<void> writeVariable(Session::Impl &session, const std::string &name, const std::vector<Value> &values) {
  auto variable = session.find(name);
  if (!variable)
    return variable.error();
  if (std::int64_t(values.size()) != (*variable)->count())
    return Error{"E0859",
                 fmt::format("error: variable `{}` has size {}, not {}", name, (*variable)->count(), values.size())};
  if (const Variable *low = session.lowHalfOf(**variable)) {
    writeHalves(session, **variable, *low, values);
    return {};
  }
  withStored((*variable)->element, [&](auto stored) {
    std::vector<std::byte> bytes(std::size_t((*variable)->bytes()));
    writeAs<decltype(stored)>(bytes.data(), values);
    session.setBytes(**variable, bytes.data());
  });
  return {};
}

Result<std::vector<float>> Session::read(const std::string &name) const { return readVariable<float>(*impl, name); }
Result<std::vector<double>> Session::readDouble(const std::string &name) const {
  return readVariable<double>(*impl, name);
}
Result<void> Session::write(const std::string &name, const std::vector<float> &values) {
  return writeVariable(*impl, name, values);
}
Result<void> Session::writeDouble(const std::string &name, const std::vector<double> &values) {
  return writeVariable(*impl, name, values);
}
