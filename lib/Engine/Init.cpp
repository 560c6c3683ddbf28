// Where a session begins with parameters of another run, as far as names agree.
#include "SessionImpl.h"
#include "VariableFiles.h"

#include "talweg/Support/Pattern.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

using namespace talweg;

static std::string nameHere(const std::string &name, const InitOptions &options) {
  for (const auto &[from, to] : options.map)
    if (auto here = renamed(from, to, name))
      return *here;
  return name;
}

/// A tensor for each name that it has here. E0811: two have the same one.
static Result<std::map<std::string, const SafeTensor *>>
namesHere(const SafetensorsFile &model, const std::string &file, const InitOptions &options) {
  for (const auto &[from, to] : options.map)
    if (std::ranges::count(to, '*') > std::ranges::count(from, '*'))
      return Error{"E0811", fmt::format("error: `{}={}` has more stars behind the `=` than before it", from, to)};
  std::map<std::string, const SafeTensor *> result;
  for (const SafeTensor &tensor : model.tensors)
    if (auto [place, isNew] = result.emplace(nameHere(tensor.name, options), &tensor); !isNew)
      return Error{"E0811", fmt::format("{}: error: `{}` and `{}` would both be `{}`", file, place->second->name,
                                        tensor.name, place->first)};
  return result;
}

Result<InitReport> Session::initFrom(const std::string &path, const InitOptions &options) {
  std::string file;
  auto model = readModel(path, file);
  if (!model)
    return model.error();
  auto tensors = namesHere(*model, file, options);
  if (!tensors)
    return tensors.error();
  InitReport report;
  std::vector<Replacement> replacements;
  for (const Variable &variable : impl->variables()) {
    if (variable.role != Role::Parameter && variable.role != Role::State)
      continue;
    auto found = tensors->extract(variable.name);
    if (!found) {
      report.added.push_back(variable.name);
      continue;
    }
    auto checked = checkTensor(*impl, variable, *found.mapped(), file, options.grow);
    if (!checked)
      return checked.error();
    replacements.push_back(*checked);
    if (auto average = impl->find(averageName(variable.name)); average && (*average)->role == Role::Average)
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
  putInPlace(*impl, replacements);
  clearLowHalves(*impl, replacements);
  return report;
}
