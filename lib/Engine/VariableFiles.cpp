// See VariableFiles.h. Everything is checked before anything in the session changes.
#include "VariableFiles.h"
#include "Digest.h"
#include "MomentState.h"
#include "SessionImpl.h"

#include "talweg/Support/Pattern.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <set>

using namespace talweg;

/// The format's name of a stored element type.
static std::string safeType(ElementType element) { return std::string(infoOf(element).safetensors); }

static std::string shapeText(const std::vector<std::int64_t> &shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i)
    text += fmt::format("{}{}", i ? ", " : "", shape[i]);
  return text + "]";
}

namespace {
/// Where a checkpoint has a variable.
struct Stored {
  bool inOptimizerFile;
  std::string name; ///< of its tensor
};
} // namespace

/// The model's file has each parameter as eval and predict read it: its average, if there is one. The parameter itself is in the optimizer's
/// file then, as slots are.
static Stored storedAs(const Session::Impl &session, const Variable &variable) {
  const auto isOf = [&](const Variable &average) {
    return average.role == Role::Average && average.name == averageName(variable.name);
  };
  const std::vector<Variable> &all = session.variables();
  if (variable.role == Role::Average)
    return {false, parameterOf(variable.name)};
  const bool isAveraged = variable.role == Role::Parameter && std::any_of(all.begin(), all.end(), isOf);
  return {variable.role == Role::Slot || variable.role == Role::Carried || isAveraged, variable.name};
}

std::string talweg::digestOf(const std::vector<SafeTensor> &tensors) {
  std::vector<std::string> lines;
  for (const SafeTensor &tensor : tensors)
    lines.push_back(fmt::format("{} {} {} {}", tensor.name, tensor.type, shapeText(tensor.shape), tensor.digest));
  std::sort(lines.begin(), lines.end());
  return digestOf(fmt::format("{}", fmt::join(lines, "\n")));
}

Pieces VariableFile::pieces() const {
  return [this](const TakeBytes &take) {
    take(head);
    for (const Pieces &tensor : contents)
      tensor(take);
  };
}

bool Session::Impl::isSaved(const Variable &variable) const {
  const std::vector<std::string> &saved = program.plan().saved;
  if (saved.empty() || (variable.role != Role::Parameter && variable.role != Role::Average))
    return true;
  const std::string &name = variable.role == Role::Average ? parameterOf(variable.name) : variable.name;
  return std::ranges::any_of(saved, [&](const std::string &pattern) { return matchesPattern(pattern, name); });
}

std::string talweg::unsavedDigest(const Session::Impl &session) {
  std::vector<SafeTensor> tensors;
  for (const Variable &variable : session.variables())
    if (!session.isSaved(variable))
      tensors.push_back(
          {variable.name, safeType(variable.element), variable.shape, digestOf(session.piecesOf(variable))});
  return tensors.empty() ? "" : digestOf(tensors);
}

VariableFile talweg::encode(const Session::Impl &session, const Standing &standing, bool optimizerFile, bool all) {
  VariableFile file;
  for (const Variable &variable : session.variables()) {
    const Stored stored = storedAs(session, variable);
    if (stored.inOptimizerFile != optimizerFile || variable.role == Role::Sum || !(all || session.isSaved(variable)))
      continue;
    file.contents.push_back(standing.piecesOf(variable));
    file.tensors.push_back({stored.name, safeType(variable.element), variable.shape, digestOf(file.contents.back())});
    file.size += std::uint64_t(variable.bytes());
  }
  file.head = safetensorsHead(file.tensors, {{"format", "talweg"}});
  file.size += file.head.size();
  return file;
}

/// A line of help where the run that wrote `file` was given other values that are fixed at compile time; else nothing.
static std::string setHelp(const Session::Impl &session, const std::string &file) {
  auto moment = Moment::read(std::filesystem::path(file).parent_path().string());
  if (!moment)
    return "";
  std::map<std::string, std::string> given(moment->options.set.begin(), moment->options.set.end());
  const Program::Impl &program = *session.program.impl;
  std::string missing, extra;
  for (const frontend::Constant &constant : program.compiler->plan().constants) {
    const auto &set = program.options.set;
    auto now = std::find_if(set.rbegin(), set.rend(), [&](auto &pair) { return pair.first == constant.name; });
    auto then = given.find(constant.name);
    if (then != given.end() && (now == set.rend() || then->second != now->second))
      missing += fmt::format(" `--set {}={}`", constant.name, then->second);
    else if (then == given.end() && now != set.rend())
      extra += fmt::format(" `--set {}={}`", now->first, now->second);
  }
  if (!missing.empty())
    return fmt::format("\nhelp: that run had{}; give it here, too", missing);
  return extra.empty() ? "" : fmt::format("\nhelp: that run did not have{}", extra);
}

/// What is carried from batch to batch is of no use to batches of another size, which begin an epoch.
static bool isOfOtherBatch(const Variable &variable, const SafeTensor &tensor) {
  return variable.role == Role::Carried && tensor.shape.size() == variable.shape.size() &&
         std::equal(tensor.shape.begin() + 1, tensor.shape.end(), variable.shape.begin() + 1) &&
         tensor.shape[0] != variable.shape[0];
}

/// Whether a tensor of one shape is the beginning of one of the other.
static bool isWithin(const std::vector<std::int64_t> &small, const std::vector<std::int64_t> &large) {
  return std::equal(small.begin(), small.end(), large.begin(), large.end(), std::less_equal<>());
}

/// Whether a variable, or the parameter whose slot or average it is, fits one of the patterns.
static bool mayGrow(const Session::Impl &session, const Variable &variable, const std::vector<std::string> &patterns) {
  const auto fits = [&](const std::string &name) {
    return std::ranges::any_of(patterns, [&](const std::string &pattern) { return matchesPattern(pattern, name); });
  };
  return fits(variable.name) || std::ranges::any_of(session.variables(), [&](const Variable &owner) {
           return owner.role == Role::Parameter && variable.name.starts_with(owner.name + ".") && fits(owner.name);
         });
}

Result<Replacement> talweg::checkTensor(const Session::Impl &session, const Variable &variable,
                                        const SafeTensor &tensor, const std::string &path,
                                        const std::vector<std::string> &grow) {
  if (tensor.shape != variable.shape && !(isWithin(tensor.shape, variable.shape) && mayGrow(session, variable, grow))) {
    std::string help = setHelp(session, path);
    if (help.empty() && isWithin(tensor.shape, variable.shape))
      help =
          fmt::format("\nhelp: --grow \"{}\" keeps what is there, and the rest is as it is initialised", tensor.name);
    return Error{"E0862", fmt::format("{}: error: tensor `{}` has shape {} in the file, but {} in the program{}", path,
                                      tensor.name, shapeText(tensor.shape), shapeText(variable.shape), help)};
  }
  const auto held = elementTypeBy(&ElementInfo::safetensors, tensor.type);
  bool widened = held && infoOf(*held).isFloat() && variable.element == ElementType::F64;
  if (held != variable.element && !widened)
    return Error{"E0863", fmt::format("{}: error: tensor `{}` holds {} in the file, but {} in the program", path,
                                      tensor.name, tensor.type, safeType(variable.element))};
  return Replacement{&variable, &tensor};
}

Result<std::vector<Replacement>> talweg::match(const Session::Impl &session, const SafetensorsFile &file,
                                               const std::string &path, bool optimizerFile, bool statesOptional,
                                               const std::vector<std::string> &grow) {
  std::vector<Replacement> result;
  std::set<const SafeTensor *> known;
  for (const Variable &variable : session.variables()) {
    const auto [inOptimizerFile, name] = storedAs(session, variable);
    if (inOptimizerFile != optimizerFile || variable.role == Role::Sum)
      continue;
    const SafeTensor *tensor = file.find(name);
    if (!tensor && ((statesOptional && variable.role == Role::State) || !session.isSaved(variable)))
      continue;
    const Role role = variable.role == Role::Average ? Role::Parameter : variable.role;
    if (!tensor)
      return Error{"E0861", fmt::format("{}: error: the file has no tensor `{}` {}, a {} of the program{}", path, name,
                                        shapeText(variable.shape), nameOf(role), setHelp(session, path))};
    known.insert(tensor);
    if (isOfOtherBatch(variable, *tensor))
      continue;
    auto checked = checkTensor(session, variable, *tensor, path, grow);
    if (!checked)
      return checked.error();
    result.push_back(*checked);
  }
  for (const SafeTensor &tensor : file.tensors)
    if (!known.count(&tensor))
      return Error{"E0864",
                   fmt::format("{}: error: the program has no {} `{}`, which the file holds{}", path,
                               optimizerFile ? "optimizer state" : "parameter", tensor.name, setHelp(session, path))};
  return result;
}

/// The bytes of a tensor of another type in the variable's.
static std::vector<std::byte> widened(const std::vector<std::byte> &bytes, ElementType type) {
  std::vector<double> numbers;
  withStored(type, [&](auto narrow) {
    for (std::size_t at = 0; at < bytes.size(); at += sizeof narrow) {
      std::memcpy(&narrow, bytes.data() + at, sizeof narrow);
      numbers.push_back(double(narrow));
    }
  });
  const auto *begin = reinterpret_cast<const std::byte *>(numbers.data());
  return {begin, begin + numbers.size() * sizeof(double)};
}

/// Writes a tensor of a smaller shape over the beginning of a larger one, in each dimension.
static void writeWithin(std::byte *large, const std::vector<std::int64_t> &largeShape, const std::byte *small,
                        const std::vector<std::int64_t> &smallShape, std::int64_t elementSize, std::size_t dim = 0) {
  if (dim == largeShape.size()) {
    std::copy_n(small, elementSize, large);
    return;
  }
  std::int64_t largeStride = elementSize, smallStride = elementSize;
  for (std::size_t inner = dim + 1; inner < largeShape.size(); ++inner) {
    largeStride *= largeShape[inner];
    smallStride *= smallShape[inner];
  }
  for (std::int64_t i = 0; i < smallShape[dim]; ++i)
    writeWithin(large + i * largeStride, largeShape, small + i * smallStride, smallShape, elementSize, dim + 1);
}

/// Gives a variable the bytes, of its type, of a tensor of this shape.
static void put(Session::Impl &session, const Variable &variable, std::vector<std::byte> bytes,
                const std::vector<std::int64_t> &shape) {
  if (shape != variable.shape) {
    std::vector<std::byte> grown = session.bytesOf(variable);
    writeWithin(grown.data(), variable.shape, bytes.data(), shape, sizeOf(variable.element));
    bytes = std::move(grown);
  }
  session.setBytes(variable, bytes.data());
}

static Result<void> put(Session::Impl &session, const Variable &variable, const SafeTensor &tensor) {
  const ElementType type = *elementTypeBy(&ElementInfo::safetensors, tensor.type);
  Digest digest;
  auto next = [&, at = std::uint64_t(0)](char *to, std::size_t count) mutable {
    auto read = tensor.bytes.read(at, to, count);
    at += count;
    digest.add({to, count});
    return read;
  };
  if (type == variable.element && tensor.shape == variable.shape) {
    if (auto read = session.setBytes(variable, next); !read)
      return read;
  } else {
    std::vector<std::byte> bytes(std::size_t(tensor.bytes.size()));
    if (auto read = next(reinterpret_cast<char *>(bytes.data()), bytes.size()); !read)
      return read;
    put(session, variable, type == variable.element ? std::move(bytes) : widened(bytes, type), tensor.shape);
  }
  if (digest.text() != tensor.digest)
    return Error{"E0801", fmt::format("{}: error: the file changed while it was read", tensor.bytes.path())};
  return {};
}

Result<void> talweg::putInPlace(Session::Impl &session, const std::vector<Replacement> &replacements) {
  for (const auto &[variable, tensor] : replacements)
    if (auto read = put(session, *variable, *tensor); !read) {
      (void)bool(session.initialize(session.seed)); // a part of what was there is gone
      return read;
    }
  return {};
}

void talweg::addParameters(const Session::Impl &session, std::vector<Replacement> &replacements) {
  for (std::size_t i = 0, end = replacements.size(); i < end; ++i)
    if (const Replacement average = replacements[i]; average.variable->role == Role::Average)
      replacements.push_back({*session.find(parameterOf(average.variable->name)), average.tensor});
}

void talweg::clearLowHalves(Session::Impl &session, const std::vector<Replacement> &replacements) {
  for (const Replacement &replacement : replacements)
    if (const Variable *low = session.lowHalfOf(*replacement.variable)) {
      const std::vector<std::int64_t> &shape = replacement.tensor->shape;
      put(session, *low, std::vector<std::byte>(std::size_t(countOf(shape) * sizeOf(low->element))), shape);
    }
}

Result<void> Session::saveModel(const std::string &file) const {
  return writeFile(file, encode(*impl, *impl, false).pieces());
}

Result<ModelFile> talweg::readModel(const std::string &path) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(path, ignored)) {
    auto model = readSafetensors(StoredBytes::ofFile(path), path);
    return model ? ModelFile{path, std::move(*model), {}} : Result<ModelFile>(model.error());
  }
  auto files = openMoment(path, {kModelFile, kStateFile});
  if (!files) {
    Error error = files.error();
    if (const std::string file = inFolder(path, kModelFile); std::filesystem::exists(file, ignored))
      error.message += fmt::format("\nhelp: parameters from elsewhere are named by their file: {}", file);
    return error;
  }
  const std::string file = inFolder(files->folder, kModelFile), stateFile = inFolder(files->folder, kStateFile);
  const Result<StoredBytes> &bytes = files->contents[0];
  const Result<std::string> text = allOf(files->contents[1]);
  if (!bytes || !text)
    return !bytes ? bytes.error() : text.error();
  auto model = readSafetensors(bytes, file);
  if (!model)
    return model.error();
  if (files->folder == path && isOfEarlierVersion(*text))
    return ModelFile{file, std::move(*model), {}};
  auto state = parseState(*text, stateFile);
  if (!state)
    return state.error();
  if (state->model != digestOf(model->tensors))
    return Error{"E0866", fmt::format("{}: error: the values are not those that were saved with state.json", file)};
  return ModelFile{file, std::move(*model), std::move(*state)};
}

Result<void> Session::loadModel(const std::string &path) {
  auto read = readModel(path);
  if (!read)
    return read.error();
  auto matched = match(*impl, read->model, read->path, false, /*statesOptional=*/true, {});
  if (!matched)
    return matched.error();
  if (read->state)
    if (auto begun = impl->beginAs(*read->state, read->path); !begun)
      return begun;
  addParameters(*impl, *matched);
  if (auto put = putInPlace(*impl, *matched); !put)
    return put;
  clearLowHalves(*impl, *matched);
  return {};
}
