// See Learn.h.
#include "Learn.h"

#include "talweg/Prepare/Steps.h"
#include "talweg/Runtime/Threads.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <set>
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

/// How files of this format are read: as the split is declared, or else the first one of that format.
static data::Options readingOptions(const data::Format *format, const std::vector<frontend::Split> &splits,
                                    const frontend::Split *declared) {
  if (declared && declared->format == format)
    return declared->options;
  const auto first = std::ranges::find(splits, format, &frontend::Split::format);
  return first != splits.end() ? first->options : data::Options();
}

/// `path` as seen from the folder of `file`.
static std::string besideFile(const std::string &path, const std::string &file) {
  const std::filesystem::path folder = std::filesystem::path(file).parent_path();
  return folder.empty() ? path : (folder / path).string(); // an absolute path stays as it is
}

static Error noSplit(const std::vector<frontend::Split> &splits, const std::string &name) {
  std::vector<std::string> names;
  for (const frontend::Split &known : splits)
    names.push_back(fmt::format("`{}`", known.name));
  return Error{"E0840", fmt::format("error: the data has no split `{}`; {}", name,
                                    names.empty() ? "it declares none, so name a file for it"
                                                  : fmt::format("its splits are {}", fmt::join(names, ", ")))};
}

std::vector<data::ColumnRef> talweg::keysOf(const std::vector<std::string> &keys) {
  std::vector<data::ColumnRef> columns;
  for (const std::string &key : keys)
    if (!key.empty() && key.size() < 10 && key.find_first_not_of("0123456789") == std::string::npos)
      columns.emplace_back(std::int64_t(std::stoll(key)));
    else
      columns.emplace_back(key);
  return columns;
}

Result<data::Source> talweg::sourceOf(const DataFiles &files, const std::string &name, const std::string &given) {
  const auto &[splits, file, fold, threads, limits] = files;
  const bool isLeftOut = fold && name == "validation", isTrained = fold && name == "train";
  const auto found = std::ranges::find(splits, isLeftOut ? "train" : name, &frontend::Split::name);
  const frontend::Split *declared = found == splits.end() ? nullptr : &*found;
  data::Source source;
  if (given.empty()) {
    if (!declared)
      return noSplit(splits, name);
    source.format = declared->format;
    for (const std::string &path : declared->files)
      source.paths.push_back(besideFile(path, file));
    source.rows = data::selectionOf(declared->options);
  } else {
    const frontend::Split *like = declared ? declared : splits.empty() ? nullptr : &splits.front();
    source.paths = given == "-" ? std::vector<std::string>{"/dev/stdin"} : pathsOf(given);
    auto first = std::find_if(source.paths.begin(), source.paths.end(), [](auto &path) { return !path.empty(); });
    const data::Format *otherwise = like ? like->format : data::formats().front();
    source.format = given == "-" ? otherwise : data::formatOf(first == source.paths.end() ? given : *first, otherwise);
    if (!source.format->severalFiles)
      source.paths = {given == "-" ? source.paths.front() : given};
  }
  source.options = readingOptions(source.format, splits, declared);
  for (auto &[option, value] : source.options)
    if (const data::Option *known = source.format->option(option);
        known && known->isPath && !data::Format::isOfRows(option))
      value = besideFile(std::get<std::string>(value), file);
  if (isLeftOut || isTrained)
    source.rows.fold = data::Fold{fold->index - 1, fold->count, isTrained};
  if (!source.rows.index.empty())
    source.rows.index = besideFile(source.rows.index, file);
  source.threads = threads > 0 ? threads : std::min(runtime::usableCores(), kMostThreads);
  return source;
}

std::optional<data::ColumnRef> talweg::balancedColumn(const std::vector<frontend::Split> &splits,
                                                      const std::string &name) {
  const auto split = std::ranges::find(splits, name, &frontend::Split::name);
  return split == splits.end() ? std::nullopt : data::columnOption(split->options, data::kBalanced);
}

//===-- what is learned --------------------------------------------------------------------------------------------===//

static Error otherLearned(const Field &field, const Error &why) {
  return {"E0848", fmt::format("error: field `{}` has learned something else: {}", field.name, why.message)};
}

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
        return otherLearned(field, taken.error());
    }
    result.push_back(std::move(*preparation));
  }
  return result;
}

/// What a run has learned goes with its parameters: they were trained on what those steps give, and other statistics would be other inputs.
static Error otherChain(const LearnedField &known, const std::string &chain) {
  return {"E0848", fmt::format("error: field `{0}` was learned by the run as `{1}`, and is now `{2}`\n"
                               "help: write it as it was, or give it another name, under which it is learned anew",
                               known.field, known.chain, chain)};
}

/// Words that were not known become classes behind those that were; nothing else changes.
static void addWords(LearnedField &known, const std::vector<LearnedStep> &fresh) {
  for (std::size_t step = 0; step < fresh.size(); ++step) {
    std::vector<std::string> &words = known.steps[step].words;
    const std::set<std::string> had(words.begin(), words.end());
    std::ranges::copy_if(fresh[step].words, std::back_inserter(words), [&](auto &word) { return !had.contains(word); });
  }
}

Result<std::vector<LearnedField>> talweg::learnFields(const std::vector<Field> &declared, const DataFiles &files,
                                                      const std::string &given, const std::vector<LearnedField> &known,
                                                      bool grows) {
  std::vector<LearnedField> learned; // empty steps: to be learned
  std::vector<data::Field> fields;   // wanted where something is learned now
  std::vector<prepare::Preparation> preparations;
  for (const Field &field : declared) {
    Result<prepare::Preparation> preparation = prepare::Preparation::create(rowOf(field));
    if (!preparation)
      return preparation.error();
    const bool learns = preparation->passes() > 0;
    const auto found = std::ranges::find(known, field.name, &LearnedField::field);
    const std::string chain = prepare::chainText(rowOf(field));
    const bool isKnown = learns && found != known.end();
    if (isKnown && found->chain != chain)
      return otherChain(*found, chain);
    if (learns)
      learned.push_back(isKnown ? *found : LearnedField{field.name, chain, {}});
    const bool learnsNow = learns && (!isKnown || (grows && field.category));
    if (learns && !learnsNow)
      if (auto taken = preparation->take(found->steps); !taken)
        return otherLearned(field, taken.error());
    fields.push_back({rowOf(field), learnsNow});
    preparations.push_back(std::move(*preparation));
  }
  if (std::ranges::none_of(fields, &data::Field::wanted))
    return learned;
  Result<data::Source> source = sourceOf(files, "train", given);
  if (!source)
    return source.error();
  if (auto done = data::learn(*source, fields, preparations, files.limits); !done)
    return done.error();
  for (std::size_t f = 0; f < fields.size(); ++f)
    if (fields[f].wanted) {
      LearnedField &of = *std::ranges::find(learned, fields[f].name, &LearnedField::field);
      if (of.steps.empty())
        of.steps = preparations[f].learned();
      else
        addWords(of, preparations[f].learned());
    }
  return learned;
}
