// Data sets: the plan's splits become sources of the Data room; the host's memory becomes a table.
#include "CodeCache.h"
#include "DatasetImpl.h"
#include "Digest.h"
#include "Learn.h"
#include "MachineMemory.h"
#include "ProgramImpl.h"

#include "talweg/Data/Load.h"
#include "talweg/Runtime/Shuffle.h"
#include "talweg/Support/Counted.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>

using namespace talweg;

/// What a row of the data holds of each field; those that `wanted` leaves out need not be there.
static std::vector<data::Field> dataFields(const Manifest &manifest, const std::vector<bool> &wanted) {
  std::vector<data::Field> fields;
  for (std::size_t f = 0; f < manifest.fields.size(); ++f)
    fields.push_back({rowOf(manifest.fields[f]), wanted[f]});
  return fields;
}

static std::vector<data::Field> allFields(const Manifest &manifest) {
  return dataFields(manifest, std::vector<bool>(manifest.fields.size(), true));
}

data::Limits talweg::limitsOf(const CompileOptions &options) {
  std::error_code unknown;
  std::string folder = CodeCache().path();
  if (folder.empty() || (!std::filesystem::create_directories(folder, unknown) && unknown))
    folder = std::filesystem::temp_directory_path(unknown).string();
  return {options.dataMemory.value_or(machineMemory().bytes / 2), folder};
}

/// What tells rows apart that windows keep apart: a number for each value of the column.
static std::optional<data::Field> groupField(const std::vector<Field> &fields) {
  const auto found =
      std::ranges::find_if(fields, [](const Field &field) { return field.window && !field.window->by.empty(); });
  if (found == fields.end())
    return std::nullopt;
  data::Field groups{{found->window->by, ElementType::I32}};
  groups.category = true;
  groups.columns = {found->window->by};
  groups.steps = {{"hashed", {std::int64_t(1) << 30}}};
  return groups;
}

static Error noField(const std::string &name) {
  return Error{"E0843", fmt::format("error: the data has no field `{}`", name)};
}

Result<std::vector<data::Field>> talweg::fieldsOf(const Program &program, Mode mode,
                                                  const std::vector<std::string> &also) {
  Result<std::vector<FieldUse>> uses = program.impl->fieldUses(mode);
  if (!uses)
    return uses.error();
  std::vector<bool> wanted;
  for (const FieldUse &use : *uses)
    wanted.push_back(use.read);
  if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), true) == wanted.end())
    wanted.front() = true; // the rows must be counted by something
  std::vector<data::Field> fields = dataFields(program.manifest(), wanted);
  for (const std::string &name : also) {
    const auto field = std::ranges::find(fields, name, &data::Field::name);
    if (field == fields.end())
      return noField(name);
    field->wanted = true;
  }
  return fields;
}

Result<Dataset> Dataset::Impl::make(const Program &program, data::Table table, std::vector<std::string> files,
                                    bool hasGroups) {
  auto impl = std::make_shared<Dataset::Impl>();
  impl->table = std::move(table);
  impl->files = std::move(files);
  data::Buffer groups;
  if (hasGroups) {
    groups = std::move(impl->table.columns.back());
    impl->table.columns.pop_back();
    impl->table.fields.pop_back();
  }
  const auto *numbers = hasGroups ? reinterpret_cast<const std::int32_t *>(groups.data()) : nullptr;
  if (auto windows = impl->placeWindows(program.manifest().fields, numbers); !windows)
    return windows.error();
  return Dataset(std::move(impl));
}

/// The data set of the table that `load(fields, preparations)` gives.
template <typename Load>
static Result<Dataset> loadRecords(const Program &program, std::vector<data::Field> fields,
                                   const std::vector<std::string> &files, const Load &load) {
  auto known = program.impl->preparations();
  if (!known)
    return known.error();
  std::span<const prepare::Preparation> preparations = *known;
  const std::optional<data::Field> groups = groupField(program.manifest().fields);
  std::vector<prepare::Preparation> withGroups;
  if (groups) {
    std::vector<Field> prepared = program.manifest().fields;
    prepared.push_back(*groups);
    fields.push_back(*groups);
    auto made = preparationsOf(prepared, program.learned());
    if (!made)
      return made.error();
    withGroups = std::move(*made);
    preparations = withGroups;
  }
  Result<data::Table> table = load(std::move(fields), preparations);
  if (!table)
    return table.error();
  return Dataset::Impl::make(program, std::move(*table), files, groups.has_value());
}

/// The split with its source as `change` makes it.
template <typename Change>
static Result<Dataset> loadFields(const Program &program, const std::string &split, const std::string &path,
                                  std::vector<data::Field> fields, const Change &change) {
  const Compiler &compiler = *program.impl->compiler;
  Result<data::Source> source =
      sourceOf({compiler.plan().splits, compiler.file(), program.impl->options.fold, program.impl->options.threads},
               split, path);
  if (!source)
    return source.error();
  change(*source);
  return loadRecords(program, std::move(fields), source->paths, [&](auto fields, auto preparations) {
    return data::load(*source, std::move(fields), preparations, limitsOf(program.impl->options));
  });
}

Result<Dataset> Dataset::load(const Program &program, const std::string &split, const std::string &path) {
  return loadFields(program, split, path, allFields(program.manifest()), [&](data::Source &source) {
    source.balanced = balancedColumn(program.impl->compiler->plan().splits, split);
  });
}

Result<Dataset> Dataset::loadForPredict(const Program &program, const std::string &split, const std::string &path,
                                        const PredictOptions &options) {
  Result<std::vector<data::Field>> fields = fieldsOf(program, Mode::Predict, options.fields);
  if (!fields)
    return fields.error();
  return loadFields(program, split, path, std::move(*fields),
                    [&](data::Source &source) { source.keys = keysOf(options.keys); });
}

Result<Dataset> Dataset::fromCells(const Program &program, const std::vector<std::string> &columns,
                                   const std::vector<std::vector<CellValue>> &rows, Mode mode) {
  std::vector<prepare::Cell> cells;
  for (const std::vector<CellValue> &row : rows) {
    if (row.size() != columns.size())
      return Error{"E0844", fmt::format("error: record {} has {}, and there {} {}", &row - rows.data(),
                                        counted(std::int64_t(row.size()), "cell"), columns.size() == 1 ? "is" : "are",
                                        counted(std::int64_t(columns.size()), "column"))};
    for (const CellValue &value : row)
      if (const auto *text = std::get_if<std::string>(&value))
        cells.push_back(prepare::Cell::of(std::string_view(*text)));
      else if (const auto *number = std::get_if<double>(&value))
        cells.push_back(prepare::Cell::of(*number));
      else
        cells.push_back({});
  }
  Result<std::vector<data::Field>> fields = fieldsOf(program, mode);
  if (!fields)
    return fields.error();
  return loadRecords(program, std::move(*fields), {}, [&](auto fields, auto preparations) {
    return data::loadCells("records", columns, cells, std::move(fields), preparations);
  });
}

Result<Dataset> Dataset::fromMemory(const Program &program, const std::vector<FieldView> &views, std::int64_t rows) {
  if (rows < 0 || rows > INT32_MAX)
    return Error{"E0842", "error: a data set has between 0 and 2147483647 rows"};
  std::vector<data::Field> fields = allFields(program.manifest());
  for (auto view = views.begin(); view != views.end(); ++view) {
    auto same = [&](const auto &other) { return other.name == view->name; };
    if (std::none_of(fields.begin(), fields.end(), same))
      return noField(view->name);
    if (std::any_of(views.begin(), view, same))
      return Error{"E0844", fmt::format("error: field `{}` is given twice", view->name)};
    if (!view->data && rows > 0)
      return Error{"E0844", fmt::format("error: field `{}` is given without values", view->name)};
  }
  auto viewOf = [&](const std::string &name) -> const FieldView * {
    auto found = std::find_if(views.begin(), views.end(), [&](const FieldView &view) { return view.name == name; });
    return found != views.end() ? &*found : nullptr;
  };
  for (data::Field &field : fields)
    field.wanted = viewOf(field.name) != nullptr;
  Result<data::Table> table = data::Table::create(std::move(fields), rows);
  if (!table)
    return table.error();
  for (std::size_t f = 0; f < table->fields.size(); ++f)
    if (const data::Field &field = table->fields[f]; field.wanted && rows > 0)
      std::copy_n(static_cast<const std::byte *>(viewOf(field.name)->data), rows * field.bytes(),
                  table->columns[f].data());
  if (auto checked = table->check("memory"); !checked)
    return checked.error();
  return Impl::make(program, std::move(*table), {});
}

Result<void> Dataset::Impl::checkFields(const Program &program) const {
  std::vector<data::Field> wanted = allFields(program.manifest());
  const std::vector<data::Field> &fields = table.fields;
  auto same = [](const data::Field &a, const data::Field &b) {
    return a.name == b.name && a.element == b.element && a.shape == b.shape && a.classes == b.classes;
  };
  if (std::equal(fields.begin(), fields.end(), wanted.begin(), wanted.end(), same))
    return {};
  auto list = [](const std::vector<data::Field> &fields) {
    std::vector<std::string> texts;
    for (const data::Field &field : fields)
      texts.push_back(fmt::format("`{}: {}`", field.name, field.typeText()));
    return fmt::format("{}", fmt::join(texts, ", "));
  };
  return Error{"E0845", fmt::format("error: the data is that of another program: its fields are {}, and not {}",
                                    list(fields), list(wanted))};
}

std::optional<RowWindow> talweg::reachOf(const std::vector<Field> &fields,
                                         const std::function<bool(std::size_t)> &isRead) {
  std::optional<RowWindow> reach;
  bool readsOwnRow = false;
  for (std::size_t f = 0; f < fields.size(); ++f) {
    const std::optional<RowWindow> &window = fields[f].window;
    if (!isRead(f))
      continue;
    readsOwnRow = readsOwnRow || !window;
    if (!window)
      continue;
    if (!reach)
      reach = window;
    reach->begin = std::min(reach->begin, window->begin);
    reach->end = std::max(reach->end, window->end);
  }
  if (reach && readsOwnRow) {
    reach->begin = std::min<std::int64_t>(reach->begin, 0);
    reach->end = std::max<std::int64_t>(reach->end, 1);
  }
  return reach;
}

Result<void> Dataset::Impl::placeWindows(const std::vector<Field> &fields, const std::int32_t *groups) {
  for (const Field &field : fields)
    windows.push_back(field.window.value_or(RowWindow()));
  const std::optional<RowWindow> reach =
      reachOf(fields, [&](std::size_t field) { return bool(table.fields[field].wanted); });
  if (!reach)
    return {};
  const auto &[begin, end, stride, by] = *reach;
  classOffset = std::clamp<std::int64_t>(0, begin, end - 1);
  for (std::int64_t first = 0, last = 0; first < table.rows; first = last) { // the rows of one group
    for (last = first + 1; last < table.rows && (!groups || groups[last] == groups[first]);)
      ++last;
    for (std::int64_t row = first - std::min<std::int64_t>(begin, 0); row + end <= last; row += stride)
      records.push_back(std::int32_t(row));
  }
  if (!records.empty() || table.rows == 0)
    return {};
  const std::string where = files.empty() ? "" : fmt::format(" of {}", fmt::join(files, ", "));
  const std::string has = groups ? fmt::format("no group of rows{} has so many", where)
                                 : fmt::format("the data{} has {}", where, table.rows);
  return Error{"E0847", fmt::format("error: the windows reach over {}, and {}", counted(end - begin, "row"), has)};
}

std::optional<RecordClasses> Dataset::Impl::classes() const {
  if (table.classCount == 0)
    return std::nullopt;
  const auto *ofRows = reinterpret_cast<const std::int32_t *>(table.classes.data());
  std::vector<std::int32_t> numbers;
  const std::int64_t count = recordCount();
  numbers.reserve(std::size_t(count));
  for (std::int64_t record = 0; record < count; ++record)
    numbers.push_back(ofRows[rowOfRecord(record) + classOffset]);
  return RecordClasses(numbers, table.classCount);
}

std::vector<std::int32_t> Dataset::Impl::order(std::uint64_t seed, std::int64_t epoch, bool shuffled) const {
  if (const std::optional<RecordClasses> drawn = classes())
    return shuffled ? drawn->shuffledOrder(seed, epoch) : drawn->orderInTurn(epoch);
  const std::int64_t count = recordCount();
  return shuffled ? shuffledOrder(count, seed, epoch) : identityOrder(count);
}

std::int64_t Dataset::rows() const { return impl->recordCount(); }

Result<std::vector<double>> Dataset::read(const std::string &name, std::int64_t first, std::int64_t count) const {
  const std::optional<std::size_t> f = impl->table.find(name);
  if (!f)
    return noField(name);
  if (!impl->table.fields[*f].wanted)
    return Error{"E0852", fmt::format("error: the data has no values for `{}`", name)};
  const std::int64_t elements = impl->table.fields[*f].count();
  const RowWindow window = impl->windows.empty() ? RowWindow() : impl->windows[*f];
  std::vector<double> values;
  withStored(impl->table.fields[*f].element, [&](auto stored) {
    const auto *all = impl->table.values<decltype(stored)>(*f);
    for (std::int64_t record = first; record < first + count; ++record) {
      const std::int64_t own = impl->rowOfRecord(record);
      for (std::int64_t e = (own + window.begin) * elements; e < (own + window.end) * elements; ++e)
        values.push_back(double(all[e]));
    }
  });
  return values;
}

std::string Dataset::key(std::size_t key, std::int64_t row) const {
  return std::string(impl->table.texts[key][impl->rowOfRecord(row)]);
}

std::int64_t Dataset::bytes() const { return impl->table.bytes(); }
std::int64_t Dataset::mappedBytes() const { return impl->table.storage->inFiles; }

void Dataset::Impl::digestOnce() const {
  std::call_once(digested, [&] {
    std::string text = fmt::format("{} rows\n", table.rows);
    for (std::size_t f = 0; f < table.fields.size(); ++f) {
      const data::Field &field = table.fields[f];
      const data::Buffer &column = table.columns[f];
      const std::string told =
          fmt::format("{} [{}] {}", infoOf(field.element).safetensors, fmt::join(field.shape, ", "),
                      digestOf({reinterpret_cast<const char *>(column.data()), std::size_t(column.size())}));
      text += fmt::format("{} {}\n", field.name, told);
      if (field.wanted)
        fieldDigests.emplace_back(field.name, told);
    }
    if (const data::Buffer &classes = table.classes; classes.size() > 0)
      text += fmt::format("drawn by classes {}\n",
                          digestOf({reinterpret_cast<const char *>(classes.data()), std::size_t(classes.size())}));
    digest = digestOf(text);
  });
}

const std::string &Dataset::digest() const {
  impl->digestOnce();
  return impl->digest;
}

const std::vector<std::pair<std::string, std::string>> &Dataset::fieldDigests() const {
  impl->digestOnce();
  return impl->fieldDigests;
}

const std::vector<std::string> &Dataset::files() const { return impl->files; }
