// Variables by path: their elements in row-major order, converted from and to the stored type.
#include "SessionImpl.h"

#include <fmt/format.h>

#include <cstring>

using namespace talweg;

Result<const StoredVariable *> Session::Impl::find(const std::string &name) const {
  for (const StoredVariable &variable : variables)
    if (variable.name == name)
      return &variable;
  return Error{"E0857", fmt::format("error: the program has no variable `{}`", name)};
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

/// Calls `action` with a value of the stored type.
template <typename Action>
static Result<void> withStoredType(const StoredVariable &variable, Action action) {
  const std::string &type = variable.elementType;
  if (type == "f32")
    action(float());
  else if (type == "f64")
    action(double());
  else if (type == "i32")
    action(std::int32_t());
  else if (type == "i64")
    action(std::int64_t());
  else if (type == "ui8" || type == "i1")
    action(std::uint8_t());
  else
    return Error{"internal",
                 fmt::format("error: variable `{}` holds elements of type {}, which cannot be read or written",
                             variable.name, type)};
  return {};
}

template <typename Value>
static Result<std::vector<Value>> readVariable(const Session::Impl &session, const std::string &name) {
  auto variable = session.find(name);
  if (!variable)
    return variable.error();
  std::vector<Value> values(std::size_t((*variable)->count));
  auto done =
      withStoredType(**variable, [&](auto stored) { readAs<decltype(stored)>(session.place(**variable), values); });
  if (!done)
    return done.error();
  return values;
}

template <typename Value>
static Result<void> writeVariable(Session::Impl &session, const std::string &name, const std::vector<Value> &values) {
  auto variable = session.find(name);
  if (!variable)
    return variable.error();
  if (std::int64_t(values.size()) != (*variable)->count)
    return Error{"E0859",
                 fmt::format("error: variable `{}` has {} elements, not {}", name, (*variable)->count, values.size())};
  return withStoredType(**variable, [&](auto stored) { writeAs<decltype(stored)>(session.place(**variable), values); });
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
