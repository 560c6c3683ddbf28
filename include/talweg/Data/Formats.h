// The formats of data files, one table: what the language, the messages and the host know of a format stands in its row. A new format is its
// name in lib/Data/Readers.h and a file of lib/Data with its row and its reader.
#ifndef TALWEG_DATA_FORMATS_H
#define TALWEG_DATA_FORMATS_H

#include "talweg/Support/Result.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace talweg::data {

class RecordReader;
struct Asked;
struct OpenArray;
struct Field;
struct Source;
struct Table;

/// `100..200`: from `begin` to before `end`.
struct Range {
  std::int64_t begin = 0, end = 0;
  bool operator==(const Range &) const = default;
};

using OptionValue = std::variant<bool, std::int64_t, std::string, Range, std::vector<std::string>>;

/// What is said of a file, by names of options: `header = true, rows = 100..200`.
using Options = std::map<std::string, OptionValue, std::less<>>;

/// The value of the option, if it is given.
template <typename T>
std::optional<T> valueOf(const Options &options, std::string_view name) {
  const auto found = options.find(name);
  const T *value = found == options.end() ? nullptr : std::get_if<T>(&found->second);
  return value ? std::optional<T>(*value) : std::nullopt;
}

/// The texts of an option that is one or a list of them.
std::vector<std::string> textsOf(const Options &options, std::string_view name);

inline bool allAgree(const Options &) { return true; }

struct Option {
  std::string_view name;
  std::string_view wanted; ///< what it is, as messages say it: `a positive integer`
  bool (*accepts)(const OptionValue &value);
  std::string_view rule = {};                      ///< what must hold among the options given, as messages say it
  bool (*agrees)(const Options &given) = allAgree; ///< whether it does: each by itself is right
  bool isPath = false; ///< it names a file, which is looked for where the files that are read are
};

struct Format {
  std::string_view name;    ///< in the language
  std::string_view example; ///< `csv("file")`
  std::string_view files;   ///< what it names: `one file`
  bool severalFiles = false;
  bool isOfLines = false;                  ///< each line is a record, but for one in front that names the columns
  std::span<const Option> ownOptions = {}; ///< beside those that select rows, which every format has
  /// Whether a file is of this format whose decompressed contents begin so, with kStartBytes at most. Null: no start tells.
  bool (*recognizes)(std::span<const std::byte> start) = nullptr;
  /// Every file is one of this format: contents do not tell that it is another.
  bool holdsAnything = false;
  /// Opens the files of `source` as records.
  Result<std::unique_ptr<RecordReader>> (*open)(const Source &source, const Asked &asked) = nullptr;
  /// Of a format of arrays: opens the one of the file, or the one of this name.
  Result<OpenArray> (*openArray)(const std::string &path, const std::string &name) = nullptr;
  /// Of a format of arrays with names: what they are in the file.
  Result<std::vector<std::string>> (*arrayNames)(const std::string &path) = nullptr;

  /// The option of this name; null if there is none.
  const Option *option(std::string_view name) const;
  std::vector<std::string> optionNames() const;
  /// Whether the option of this name says which rows are kept.
  static bool isOfRows(std::string_view option);
};

/// The option that names the column of classes that training draws equally often.
inline constexpr std::string_view kBalanced = "balanced";

inline constexpr std::size_t kStartBytes = 16;

/// All of them, in the order in which messages name them. The first is what a file is that no format recognizes: text.
std::span<const Format *const> formats();

/// Null if there is none of this name.
const Format *formatNamed(std::string_view name);

} // namespace talweg::data

#endif
