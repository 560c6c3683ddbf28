// See Learn.h.
#include "Learn.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

using namespace talweg;

//===-- sources ----------------------------------------------------------------------------------------------------===//

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
static void readAs(data::Source &source, const std::vector<frontend::Split> &splits, const frontend::Split *declared) {
  if (declared)
    source.rows = data::selectionOf(declared->options);
  const auto isOfFormat = [&](const frontend::Split &split) { return split.format == source.format; };
  const auto first = std::find_if(splits.begin(), splits.end(), isOfFormat);
  if (declared && isOfFormat(*declared))
    source.options = declared->options;
  else if (first != splits.end())
    source.options = first->options;
}

/// `path` as seen from the folder of `file`.
static std::string besideFile(const std::string &path, const std::string &file) {
  const std::filesystem::path folder = std::filesystem::path(file).parent_path();
  return folder.empty() ? path : (folder / path).string(); // an absolute path stays as it is
}

Result<data::Source> talweg::sourceOf(const std::vector<frontend::Split> &splits, const std::string &file,
                                      const std::string &name, const std::string &given) {
  auto found = std::find_if(splits.begin(), splits.end(), [&](auto &s) { return s.name == name; });
  const frontend::Split *declared = found == splits.end() ? nullptr : &*found;
  data::Source source;
  if (given.empty()) {
    if (!declared) {
      std::vector<std::string> names;
      for (const frontend::Split &known : splits)
        names.push_back(fmt::format("`{}`", known.name));
      return Error{"E0840", fmt::format("error: the data has no split `{}`; {}", name,
                                        names.empty() ? "it declares none, so name a file for it"
                                                      : fmt::format("its splits are {}", fmt::join(names, ", ")))};
    }
    source.format = declared->format;
    for (const std::string &path : declared->files)
      source.paths.push_back(besideFile(path, file));
  } else {
    const frontend::Split *like = declared ? declared : splits.empty() ? nullptr : &splits.front();
    source.paths = pathsOf(given);
    auto first = std::find_if(source.paths.begin(), source.paths.end(), [](auto &path) { return !path.empty(); });
    source.format =
        data::formatOf(first == source.paths.end() ? given : *first, like ? like->format : data::formats().front());
    if (!source.format->severalFiles)
      source.paths = {given};
  }
  readAs(source, splits, declared);
  return source;
}

//===-- what is learned --------------------------------------------------------------------------------------------===//

Result<std::vector<prepare::Preparation>> talweg::preparationsOf(const std::vector<Field> &fields,
                                                                 const std::vector<LearnedField> &learned) {
  std::vector<prepare::Preparation> result;
  for (const Field &field : fields) {
    Result<prepare::Preparation> preparation = prepare::Preparation::create(rowOf(field));
    if (!preparation)
      return preparation.error();
    if (preparation->passes() > 0) {
      const auto known = std::ranges::find(learned, field.name, &LearnedField::field);
      if (known == learned.end())
        return Error{"E0848", fmt::format("error: nothing is known of what field `{}` has learned", field.name)};
      if (auto taken = preparation->take(known->steps); !taken)
        return Error{"E0848", fmt::format("error: field `{}` has learned something else: {}", field.name,
                                          taken.error().message)};
    }
    result.push_back(std::move(*preparation));
  }
  return result;
}

Result<std::vector<LearnedField>> talweg::learnFields(const frontend::DataDeclaration &declared,
                                                      const std::string &file, const std::string &given) {
  std::vector<data::Field> fields;
  std::vector<prepare::Preparation> preparations;
  for (const Field &field : declared.fields) {
    Result<prepare::Preparation> preparation = prepare::Preparation::create(rowOf(field));
    if (!preparation)
      return preparation.error();
    fields.push_back({rowOf(field)});
    preparations.push_back(std::move(*preparation));
  }
  if (std::ranges::all_of(preparations, [](const auto &preparation) { return preparation.passes() == 0; }))
    return std::vector<LearnedField>();
  Result<data::Source> source = sourceOf(declared.splits, file, "train", given);
  if (!source)
    return source.error();
  std::vector<bool> learns;
  for (const auto &preparation : preparations)
    learns.push_back(preparation.passes() > 0);
  if (auto done = data::learn(*source, fields, preparations); !done)
    return done.error();
  std::vector<LearnedField> learned;
  for (std::size_t f = 0; f < fields.size(); ++f)
    if (learns[f])
      learned.push_back({fields[f].name, preparations[f].learned()});
  return learned;
}
