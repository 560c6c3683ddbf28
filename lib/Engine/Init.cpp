// Where a session begins with parameters of another run, as far as names agree.
#include "SessionImpl.h"
#include "VariableFiles.h"

#include "talweg/Support/Pattern.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <map>

using namespace talweg;

static std::string nameHere(const std::string &name, const Beginning &beginning) {
  for (const auto &[from, to] : beginning.map)
    if (auto here = renamed(from, to, name))
      return *here;
  return name;
}

/// A tensor for each name that it has here. E0811: two have the same one.
static Result<std::map<std::string, const SafeTensor *>>
namesHere(const SafetensorsFile &model, const std::string &file, const Beginning &beginning) {
  for (const auto &[from, to] : beginning.map)
    if (std::ranges::count(to, '*') > std::ranges::count(from, '*'))
      return Error{"E0811", fmt::format("error: `{}={}` has more stars behind the `=` than before it", from, to)};
  std::map<std::string, const SafeTensor *> result;
  for (const SafeTensor &tensor : model.tensors)
    if (auto [place, isNew] = result.emplace(nameHere(tensor.name, beginning), &tensor); !isNew)
      return Error{"E0811", fmt::format("{}: error: `{}` and `{}` would both be `{}`", file, place->second->name,
                                        tensor.name, place->first)};
  return result;
}

/// All parameters of a run whose moments do not hold all: as its own program loads them.
static Result<SafetensorsFile> merged(const ModelFile &saved, int threads) {
  const MomentState &state = *saved.state;
  auto load = [&]() -> Result<SafetensorsFile> {
    auto program = Program::fromText(state.source, state.file, state.options);
    if (!program)
      return program.error();
    auto session = Session::create(*program, {.threads = threads, .mode = Mode::Eval});
    if (!session)
      return session.error();
    if (auto loaded = session->loadModel(std::filesystem::path(saved.path).parent_path().string()); !loaded)
      return loaded.error();
    const VariableFile file = encode(*session->impl, *session->impl, false, /*all=*/true);
    return readSafetensors(StoredBytes::owned(joined(file.pieces(), file.size)), saved.path);
  };
  auto all = load();
  if (all)
    return all;
  Error error = all.error();
  error.message += fmt::format("\nhelp: what the run has saved alone is taken from its file: {}", saved.path);
  return error;
}

Result<InitReport> Session::Impl::initFrom(const Beginning &from) {
  auto read = readModel(from.path);
  if (!read)
    return read.error();
  const std::string &file = read->path;
  if (read->state && !read->state->unsaved.empty()) {
    auto all = merged(*read, threads);
    if (!all)
      return all.error();
    read->model = std::move(*all);
  }
  auto tensors = namesHere(read->model, file, from);
  if (!tensors)
    return tensors.error();
  InitReport report;
  std::vector<Replacement> replacements;
  for (const Variable &variable : variables()) {
    if (variable.role != Role::Parameter && variable.role != Role::State)
      continue;
    auto found = tensors->extract(variable.name);
    if (!found) {
      report.added.push_back(variable.name);
      continue;
    }
    auto checked = checkTensor(*this, variable, *found.mapped(), file, from.grow);
    if (!checked)
      return checked.error();
    replacements.push_back(*checked);
    if (auto average = find(averageName(variable.name)); average && (*average)->role == Role::Average)
      replacements.push_back({*average, found.mapped()});
    (found.mapped()->shape == variable.shape ? report.taken : report.grown).push_back(variable.name);
  }
  for (const auto &[name, tensor] : *tensors)
    report.left.push_back(tensor->name);
  if (replacements.empty())
    return Error{"E0861",
                 fmt::format("{}: error: the program has no parameter of a name in the file, which has {}\nhelp: "
                             "--map \"THERE=HERE\" maps names, with `*` for anything",
                             file, fmt::join(report.left, ", "))};
  if (auto put = putInPlace(*this, replacements); !put)
    return put.error();
  clearLowHalves(*this, replacements);
  return report;
}

Result<InitReport> Session::initFrom(const std::string &path, const InitOptions &options) {
  std::error_code unknown;
  const Beginning from{std::filesystem::absolute(path, unknown).lexically_normal().string(), options.map, options.grow};
  auto report = impl->initFrom(from);
  if (report)
    impl->beginning = from;
  return report;
}

Result<void> Session::Impl::beginAs(const MomentState &state, const std::string &path) {
  if (program.plan().saved.empty() || state.unsaved.empty())
    return {};
  auto now = snapshot();
  if (!now)
    return now.error();
  auto begin = [&]() -> Result<void> {
    if (!state.beginning.path.empty())
      if (auto report = initFrom(state.beginning); !report) {
        Error error = report.error();
        error.message +=
            fmt::format("\nnote: {} holds the parameters that `save` names, and the others are there", path);
        return error;
      }
    if (unsavedDigest(*this) == state.unsaved)
      return {};
    return Error{
        "E0866",
        fmt::format("{}: error: the parameters that `save` leaves out are not those of the run\nnote: it began with {}",
                    path, state.beginning.path.empty() ? "its seed" : state.beginning.path)};
  };
  auto begun = begin();
  if (begun)
    beginning = state.beginning;
  else
    goBackTo(*now->impl);
  return begun;
}
