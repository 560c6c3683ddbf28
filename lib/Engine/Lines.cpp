// Records that come line by line: each line is read by the format's own reader, as a file of that one line behind the line that names the columns.
#include "DatasetImpl.h"
#include "Learn.h"
#include "ProgramImpl.h"

#include <fmt/format.h>

#include <algorithm>

using namespace talweg;

struct LineReader::Impl {
  Program program;
  data::Source source;
  std::vector<data::Field> fields;
  std::span<const prepare::Preparation> preparations;
  std::int64_t line = 0;  ///< number of the last one
  std::string head = {};  ///< the line that names the columns, with its line break
  bool knowsHead = false; ///< whether there is one is known
};

LineReader::LineReader(std::unique_ptr<Impl> impl) : impl(std::move(impl)) {}
LineReader::LineReader(LineReader &&) noexcept = default;
LineReader &LineReader::operator=(LineReader &&) noexcept = default;
LineReader::~LineReader() = default;

Result<LineReader> LineReader::create(const Program &program, const std::string &split, const PredictOptions &options) {
  const Compiler &compiler = *program.impl->compiler;
  Result<data::Source> source = sourceOf({compiler.plan().splits, compiler.file()}, split, "-");
  if (!source)
    return source.error();
  if (!source->format->isOfLines)
    return Error{"E0849",
                 fmt::format("error: the data are declared as {}, of which no line is a record", source->format->name)};
  if (std::ranges::any_of(program.manifest().fields, [](const Field &field) { return field.window.has_value(); }))
    return Error{"E0849", "error: a record of these data is a window over several rows, so no line is one"};
  source->paths = {"-"};
  source->keys = keysOf(options.keys);
  Result<std::vector<data::Field>> fields = fieldsOf(program, Mode::Predict, options.fields);
  if (!fields)
    return fields.error();
  auto preparations = program.impl->preparations();
  if (!preparations)
    return preparations.error();
  if (Result<void> joined = data::readJoined(*source, *fields, *preparations); !joined)
    return joined.error();
  return LineReader(std::make_unique<Impl>(Impl{program, std::move(*source), std::move(*fields), *preparations}));
}

/// Whether no record begins there: a blank line, or a comment.
static bool isNoRecord(const data::Source &source, const std::string &line) {
  if (source.format->holdsAnything)
    return false;
  const std::string comment = data::valueOf<std::string>(source.options, "comment").value_or("");
  return line.find_first_not_of(" \t\r") == std::string::npos || (!comment.empty() && line.starts_with(comment));
}

Result<std::optional<Dataset>> LineReader::take(const std::string &line) {
  ++impl->line;
  data::Source &source = impl->source;
  if (isNoRecord(source, line))
    return std::optional<Dataset>();
  if (!impl->knowsHead) {
    source.text = data::Text{line + "\n", impl->line};
    Result<bool> isHead = data::isHead(source, impl->fields, impl->preparations);
    if (!isHead)
      return isHead.error();
    impl->knowsHead = true;
    if (*isHead) {
      impl->head = line + "\n";
      return std::optional<Dataset>();
    }
    if (source.format->option("header") && !source.options.contains("header"))
      source.options["header"] = false;
  }
  source.text = data::Text{impl->head + line + "\n", impl->line - (impl->head.empty() ? 0 : 1)};
  Result<data::Table> table = data::load(source, impl->fields, impl->preparations);
  if (!table)
    return table.error();
  if (table->rows != 1)
    return Error{"E0849", fmt::format("-:{}: error: this line is {} records", impl->line, table->rows)};
  Result<Dataset> made = Dataset::Impl::make(impl->program, std::move(*table), {});
  if (!made)
    return made.error();
  return std::optional(std::move(*made));
}
