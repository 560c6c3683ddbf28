// Data sets: the plan's splits become sources of the Data room; the host's memory becomes a table.
#include "DatasetImpl.h"
#include "Digest.h"
#include "ProgramImpl.h"

#include "talweg/Data/Load.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

using namespace talweg;

/// The fields of the data; those that `wanted` leaves out need not be there.
static std::vector<data::Field> dataFields(const Manifest &manifest, const std::vector<bool> &wanted) {
  std::vector<data::Field> fields;
  for (std::size_t f = 0; f < manifest.fields.size(); ++f)
    fields.push_back({manifest.fields[f], wanted[f]});
  return fields;
}

static std::vector<data::Field> allFields(const Manifest &manifest) {
  return dataFields(manifest, std::vector<bool>(manifest.fields.size(), true));
}

/// `PATH`, or `PATH,PATH` where no file has that name.
static std::vector<std::string> pathsOf(const std::string &given) {
  std::error_code unknown;
  if (std::filesystem::exists(given, unknown))
    return {given};
  std::vector<std::string> paths;
  std::istringstream stream(given);
  for (std::string path; std::getline(stream, path, ',');)
    paths.push_back(path);
  return paths;
}

/// How a split's files are read: its selection of rows and, for the format they have, the options of its declaration, or else of
/// the first split that is declared in that format.
static void readAs(data::Source &source, const frontend::Plan &plan, const frontend::Split *declared) {
  if (declared)
    source.rows = data::selectionOf(declared->options);
  const auto isOfFormat = [&](const frontend::Split &split) { return split.format == source.format; };
  const auto first = std::find_if(plan.splits.begin(), plan.splits.end(), isOfFormat);
  if (declared && isOfFormat(*declared))
    source.options = declared->options;
  else if (first != plan.splits.end())
    source.options = first->options;
}

/// `path` as seen from the folder of `file`.
static std::string besideFile(const std::string &path, const std::string &file) {
  const std::filesystem::path folder = std::filesystem::path(file).parent_path();
  return folder.empty() ? path : (folder / path).string(); // an absolute path stays as it is
}

/// The source of the split `name`: as it is declared, or the files of `given`, whose format is told by their contents.
static Result<data::Source> sourceOf(const Compiler &compiler, const std::string &name, const std::string &given) {
  const frontend::Plan &plan = compiler.plan();
  auto found = std::find_if(plan.splits.begin(), plan.splits.end(), [&](auto &s) { return s.name == name; });
  const frontend::Split *declared = found == plan.splits.end() ? nullptr : &*found;
  data::Source source;
  if (given.empty()) {
    if (!declared) {
      std::vector<std::string> names;
      for (const frontend::Split &known : plan.splits)
        names.push_back(fmt::format("`{}`", known.name));
      return Error{"E0840", fmt::format("error: the data has no split `{}`; {}", name,
                                        names.empty() ? "it declares none, so name a file for it"
                                                      : fmt::format("its splits are {}", fmt::join(names, ", ")))};
    }
    source.format = declared->format;
    for (const std::string &path : declared->files)
      source.paths.push_back(besideFile(path, compiler.file()));
  } else {
    const frontend::Split *like = declared ? declared : plan.splits.empty() ? nullptr : &plan.splits.front();
    source.paths = pathsOf(given);
    auto first = std::find_if(source.paths.begin(), source.paths.end(), [](auto &path) { return !path.empty(); });
    source.format =
        data::formatOf(first == source.paths.end() ? given : *first, like ? like->format : data::formats().front());
    if (!source.format->severalFiles)
      source.paths = {given};
  }
  readAs(source, plan, declared);
  return source;
}

static Result<Dataset> loadFields(const Program &program, const std::string &split, const std::string &path,
                                  std::vector<data::Field> fields) {
  Result<data::Source> source = sourceOf(*program.impl->compiler, split, path);
  if (!source)
    return source.error();
  Result<data::Table> table = data::load(*source, std::move(fields));
  if (!table)
    return table.error();
  auto impl = std::make_shared<Dataset::Impl>();
  impl->table = std::move(*table);
  impl->files = source->paths;
  impl->rows = source->rows;
  return Dataset(std::move(impl));
}

Result<Dataset> Dataset::load(const Program &program, const std::string &split, const std::string &path) {
  return loadFields(program, split, path, allFields(program.manifest()));
}

Result<Dataset> Dataset::loadForPredict(const Program &program, const std::string &split, const std::string &path) {
  Result<std::vector<FieldUse>> uses = program.impl->fieldUses(Mode::Predict);
  if (!uses)
    return uses.error();
  std::vector<bool> wanted;
  for (const FieldUse &use : *uses)
    wanted.push_back(use.read);
  if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), true) == wanted.end())
    wanted.front() = true; // the rows must be counted by something
  return loadFields(program, split, path, dataFields(program.manifest(), wanted));
}

Result<Dataset> Dataset::fromMemory(const Program &program, const std::vector<FieldView> &views, std::int64_t rows) {
  if (rows < 0 || rows > INT32_MAX)
    return Error{"E0842", "error: a data set has between 0 and 2147483647 rows"};
  std::vector<data::Field> fields = allFields(program.manifest());
  for (auto view = views.begin(); view != views.end(); ++view) {
    auto same = [&](const auto &other) { return other.name == view->name; };
    if (std::none_of(fields.begin(), fields.end(), same))
      return Error{"E0843", fmt::format("error: the data has no field `{}`", view->name)};
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
  auto impl = std::make_shared<Impl>();
  impl->table = std::move(*table);
  for (std::size_t f = 0; f < impl->table.fields.size(); ++f)
    if (const data::Field &field = impl->table.fields[f]; field.wanted && rows > 0)
      std::copy_n(static_cast<const std::byte *>(viewOf(field.name)->data), rows * field.bytes(),
                  impl->table.columns[f].data());
  if (auto checked = impl->table.check("memory"); !checked)
    return checked.error();
  return Dataset(std::move(impl));
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

std::int64_t Dataset::rows() const { return impl->table.rows; }
std::int64_t Dataset::bytes() const { return impl->table.bytes(); }

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
