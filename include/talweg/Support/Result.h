// Errors as values: what every fallible function of the public API returns.
#ifndef TALWEG_SUPPORT_RESULT_H
#define TALWEG_SUPPORT_RESULT_H

#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace talweg {

/// A failure, ready to be shown: a complete text in the form `file:line:column: error: situation` (parts that do not
/// apply are absent), possibly with further lines (source excerpt, notes, help). `code` is stable, such as "E0231"; "memory"
/// and "internal" stand for what no input should cause.
struct Error {
  std::string code;
  std::string message;
};

/// Either a value or an Error. `if (!r) return r.error();` passes a failure on; `*r` and `r->` reach the value.
template <typename T>
class [[nodiscard]] Result {
public:
  Result(T value) : state(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state(std::in_place_index<1>, std::move(error)) {}

  explicit operator bool() const { return state.index() == 0; }
  T &operator*() & { return std::get<0>(state); }
  const T &operator*() const & { return std::get<0>(state); }
  T &&operator*() && { return std::get<0>(std::move(state)); }
  T *operator->() { return &std::get<0>(state); }
  const T *operator->() const { return &std::get<0>(state); }
  const Error &error() const { return std::get<1>(state); }

private:
  std::variant<T, Error> state;
};

/// Success without a value, or an Error.
template <>
class [[nodiscard]] Result<void> {
public:
  Result() = default;
  Result(Error error) : failure(std::move(error)) {}

  explicit operator bool() const { return !failure; }
  const Error &error() const { return *failure; }

private:
  std::optional<Error> failure;
};

} // namespace talweg

#endif
