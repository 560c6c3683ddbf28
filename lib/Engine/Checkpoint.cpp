// Checkpoints: a folder with model.safetensors (parameters and states as eval and predict read them), optimizer.safetensors (what else training
// goes on from) and state.json. The model file is complete by itself. state.json has the place in the run and digests of all three files' contents: they belong together
// as they were saved. Everything is read and checked before anything in the session changes.
#include "Files.h"
#include "Safetensors.h"
#include "SessionImpl.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/xxhash.h"

#include "talweg/Support/Counted.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>

using namespace talweg;
using nlohmann::json;
using nlohmann::ordered_json;

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
  return {variable.role == Role::Slot || isAveraged, variable.name};
}

static std::string digestOf(std::string_view bytes) {
  auto hash = llvm::xxh3_128bits(llvm::arrayRefFromStringRef({bytes.data(), bytes.size()}));
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

/// Of names, types, shapes and values, in whichever order they are stored.
static std::string digestOf(const std::vector<SafeTensor> &tensors) {
  std::vector<std::string> lines;
  for (const SafeTensor &tensor : tensors)
    lines.push_back(
        fmt::format("{} {} {} {}", tensor.name, tensor.type, shapeText(tensor.shape), digestOf(tensor.bytes)));
  std::sort(lines.begin(), lines.end());
  return digestOf(fmt::format("{}", fmt::join(lines, "\n")));
}

//===-- writing ----------------------------------------------------------------------------------------------------===//

namespace {
struct Written {
  AsideFile file;
  std::string digest; ///< of what is in it
};
} // namespace

static Result<Written> writeVariables(const Session::Impl &session, const std::string &path, bool optimizerFile) {
  std::vector<SafeTensor> tensors;
  std::vector<std::vector<std::byte>> contents;
  for (const Variable &variable : session.variables()) {
    const Stored stored = storedAs(session, variable);
    if (stored.inOptimizerFile != optimizerFile || variable.role == Role::Sum)
      continue;
    contents.push_back(session.bytesOf(variable));
    auto *bytes = reinterpret_cast<const char *>(contents.back().data());
    tensors.push_back(
        {stored.name, safeType(variable.element), variable.shape, {bytes, std::size_t(variable.bytes())}});
  }
  auto file = writeSafetensors(path, tensors, {{"format", "talweg"}});
  if (!file)
    return file.error();
  return Written{std::move(*file), digestOf(tensors)};
}

Result<void> Session::saveModel(const std::string &file) const {
  auto written = writeVariables(*impl, file, false);
  return written ? written->file.place() : written.error();
}

static std::string inFolder(const std::string &folder, const char *name) {
  return (std::filesystem::path(folder) / name).string();
}

Result<void> Session::save(const std::string &directory) const {
  if (auto made = makeDirectory(directory); !made)
    return made.error();
  auto model = writeVariables(*impl, inFolder(directory, "model.safetensors"), false);
  if (!model)
    return model.error();
  auto optimizer = writeVariables(*impl, inFolder(directory, "optimizer.safetensors"), true);
  if (!optimizer)
    return optimizer.error();
  ordered_json state = {{"format", 2},
                        {"step", impl->step},
                        {"epochs", impl->epochs},
                        {"step_in_epoch", impl->stepInEpoch},
                        {"first_step", impl->firstStep},
                        {"rows", impl->training ? impl->training->rows() : impl->loadedRows},
                        {"batch", impl->batch()},
                        {"seed", impl->seed},
                        {"shuffle", impl->options.shuffle}};
  auto &hypers = state["hyper"] = ordered_json::object();
  const std::vector<Hyper> &known = impl->facts.manifest.hypers;
  for (std::size_t i = 0; i < known.size(); ++i)
    hypers[known[i].name] = impl->hypers[i];
  state["model"] = model->digest;
  state["optimizer"] = optimizer->digest;
  state["digest"] = digestOf(state.dump());
  std::string text = state.dump(2) + "\n";
  auto place = AsideFile::write(inFolder(directory, "state.json"), {text});
  if (!place)
    return place.error();
  for (AsideFile *file : {&model->file, &optimizer->file, &*place})
    if (auto placed = file->place(); !placed)
      return placed;
  return {};
}

//===-- reading ----------------------------------------------------------------------------------------------------===//

namespace {
/// New contents of one variable, checked.
struct Replacement {
  const Variable *variable;
  const SafeTensor *tensor;
};
} // namespace

/// A line of help where the run that wrote `file` was given other values that are fixed at compile time; else nothing.
static std::string setHelp(const Session::Impl &session, const std::string &file) {
  Result<std::string> text = readFile((std::filesystem::path(file).parent_path() / "run.json").string());
  json record = text ? json::parse(*text, nullptr, false) : json();
  json given = record.is_object() ? record.value("set", json()) : json();
  if (!given.is_object())
    return "";
  const Program::Impl &program = *session.program.impl;
  std::string missing, extra;
  for (const frontend::Constant &constant : program.compiler->plan().constants) {
    const auto &set = program.options.set;
    auto now = std::find_if(set.rbegin(), set.rend(), [&](auto &pair) { return pair.first == constant.name; });
    json then = given.value(constant.name, json());
    if (then.is_string() && (now == set.rend() || then != now->second))
      missing += fmt::format(" `--set {}={}`", constant.name, then.get<std::string>());
    else if (!then.is_string() && now != set.rend())
      extra += fmt::format(" `--set {}={}`", now->first, now->second);
  }
  if (!missing.empty())
    return fmt::format("\nhelp: that run had{}; give it here, too", missing);
  return extra.empty() ? "" : fmt::format("\nhelp: that run did not have{}", extra);
}

/// Pairs the tensors of the optimizer's or the model's file with the session's variables. Only states may be absent, if
/// `statesOptional`; nothing may be left over.
static Result<std::vector<Replacement>> match(const Session::Impl &session, const SafetensorsFile &file,
                                              const std::string &path, bool optimizerFile, bool statesOptional) {
  std::vector<Replacement> result;
  for (const Variable &variable : session.variables()) {
    const auto [inOptimizerFile, name] = storedAs(session, variable);
    if (inOptimizerFile != optimizerFile || variable.role == Role::Sum)
      continue;
    const Variable &facts = variable;
    const SafeTensor *tensor = file.find(name);
    if (!tensor && statesOptional && facts.role == Role::State)
      continue;
    const Role role = facts.role == Role::Average ? Role::Parameter : facts.role;
    if (!tensor)
      return Error{"E0861", fmt::format("{}: error: the file has no tensor `{}` {}, a {} of the program{}", path, name,
                                        shapeText(facts.shape), nameOf(role), setHelp(session, path))};
    if (tensor->shape != facts.shape)
      return Error{"E0862",
                   fmt::format("{}: error: tensor `{}` has shape {} in the file, but {} in the program{}", path, name,
                               shapeText(tensor->shape), shapeText(facts.shape), setHelp(session, path))};
    const auto held = elementTypeBy(&ElementInfo::safetensors, tensor->type);
    bool widened = held && infoOf(*held).isFloat() && facts.element == ElementType::F64;
    if (held != facts.element && !widened)
      return Error{"E0863", fmt::format("{}: error: tensor `{}` holds {} in the file, but {} in the program", path,
                                        name, tensor->type, safeType(facts.element))};
    result.push_back({&variable, tensor});
  }
  for (const SafeTensor &tensor : file.tensors)
    if (std::none_of(result.begin(), result.end(), [&](const Replacement &r) { return r.tensor == &tensor; }))
      return Error{"E0864",
                   fmt::format("{}: error: the program has no {} `{}`, which the file holds{}", path,
                               optimizerFile ? "optimizer state" : "parameter", tensor.name, setHelp(session, path))};
  return result;
}

static void putInPlace(Session::Impl &session, const std::vector<Replacement> &replacements) {
  for (const Replacement &replacement : replacements) {
    std::string_view bytes = replacement.tensor->bytes;
    if (std::int64_t(bytes.size()) == replacement.variable->bytes()) {
      session.setBytes(*replacement.variable, reinterpret_cast<const std::byte *>(bytes.data()));
      continue;
    }
    std::vector<double> widened;
    withStored(*elementTypeBy(&ElementInfo::safetensors, replacement.tensor->type), [&](auto narrow) {
      for (; !bytes.empty(); bytes.remove_prefix(sizeof narrow)) {
        std::memcpy(&narrow, bytes.data(), sizeof narrow);
        widened.push_back(double(narrow));
      }
    });
    session.setBytes(*replacement.variable, reinterpret_cast<const std::byte *>(widened.data()));
  }
}

/// A parameter begins where its average is.
static void addParameters(const Session::Impl &session, std::vector<Replacement> &replacements) {
  for (std::size_t i = 0, end = replacements.size(); i < end; ++i)
    if (const Replacement average = replacements[i]; average.variable->role == Role::Average)
      replacements.push_back({*session.find(parameterOf(average.variable->name)), average.tensor});
}

/// What has only upper halves are the numbers with nothing below.
static void clearLowHalves(Session::Impl &session, const std::vector<Replacement> &replacements) {
  for (const Replacement &replacement : replacements)
    if (const Variable *low = session.lowHalfOf(*replacement.variable))
      session.setBytes(*low, std::vector<std::byte>(std::size_t(low->bytes())).data());
}

Result<void> Session::loadModel(const std::string &path) {
  std::error_code ignored;
  std::string file = std::filesystem::is_directory(path, ignored) ? inFolder(path, "model.safetensors") : path;
  auto read = readSafetensors(file);
  if (!read)
    return read.error();
  auto matched = match(*impl, *read, file, false, /*statesOptional=*/true);
  if (!matched)
    return matched.error();
  addParameters(*impl, *matched);
  putInPlace(*impl, *matched);
  clearLowHalves(*impl, *matched);
  return {};
}

namespace {
struct RunState {
  std::int64_t step, epochs, stepInEpoch, firstStep, rows, batch;
  std::uint64_t seed;
  bool shuffle;
  std::vector<std::pair<std::string, double>> hypers;
  std::string model, optimizer; ///< digests of what is in these files
  bool unchanged;               ///< since it was saved
};
} // namespace

static Result<RunState> readState(const std::string &path) {
  Result<std::string> text = readFile(path);
  if (!text)
    return text.error();
  ordered_json state = ordered_json::parse(*text, nullptr, false);
  Error wrong{"E0865", fmt::format("{}: error: not a valid state of a run", path)};
  if (!state.is_object() || !state.contains("format") || !state["format"].is_number_integer())
    return wrong;
  if (state["format"] != 2)
    return Error{"E0865",
                 fmt::format("{}: error: the state was written by another version of Talweg: its format is {}, not 2",
                             path, state["format"].dump())};
  for (const char *key : {"step", "epochs", "step_in_epoch", "first_step", "rows", "batch"})
    if (!state.contains(key) || !state[key].is_number_unsigned() ||
        state[key].get<std::uint64_t>() > std::uint64_t(INT64_MAX) / 2)
      return wrong;
  for (const char *key : {"model", "optimizer", "digest"})
    if (!state.contains(key) || !state[key].is_string())
      return wrong;
  if (!state.contains("seed") || !state["seed"].is_number_unsigned() || !state.contains("shuffle") ||
      !state["shuffle"].is_boolean() || !state.contains("hyper") || !state["hyper"].is_object())
    return wrong;
  RunState result{state["step"],       state["epochs"],    state["step_in_epoch"],
                  state["first_step"], state["rows"],      state["batch"],
                  state["seed"],       state["shuffle"],   {},
                  state["model"],      state["optimizer"], false};
  for (auto &[name, value] : state["hyper"].items()) {
    if (!value.is_number())
      return wrong;
    result.hypers.emplace_back(name, value.get<double>());
  }
  std::string digest = state["digest"];
  state.erase("digest");
  result.unchanged = digest == digestOf(state.dump());
  return result;
}

static constexpr const char *kModelAlone =
    "\nhelp: the parameters alone can be the start of another run: talweg train --init, "
    "Session::loadModel";

/// Whether a run of this session can be where the state says.
static Result<void> checkPlace(const Session::Impl &session, const RunState &state, const std::string &path) {
  auto wrong = [&](const std::string &what) {
    return Error{"E0867", fmt::format("{}: error: {}{}", path, what, kModelAlone)};
  };
  if (state.batch != session.batch())
    return wrong(fmt::format("the run has batches of {}, but the program's have {}", counted(state.batch, "row"),
                             session.batch()));
  if (state.shuffle != session.options.shuffle)
    return wrong(state.shuffle ? "the run takes its rows shuffled, but is to go on in their order"
                               : "the run takes its rows in their order, but is to go on shuffled");
  if (session.training && state.rows > 0 && session.training->rows() != state.rows)
    return wrong(
        fmt::format("the run is on {}, but the data has {}", counted(state.rows, "row"), session.training->rows()));
  std::int64_t perEpoch = (state.rows + state.batch - 1) / state.batch; // 0: it was saved before there were any
  std::int64_t total = session.totalSteps(state.firstStep, perEpoch);
  if (state.step > total)
    return wrong(fmt::format("the run is at step {} of {}", state.step, total));
  if (state.stepInEpoch > state.step || (state.stepInEpoch > 0 && state.stepInEpoch >= perEpoch))
    return wrong(fmt::format("the run is at step {}, which is step {} of {} in an epoch", state.step, state.stepInEpoch,
                             perEpoch));
  return {};
}

/// Whether the three files are of one moment of a run of this program.
static Result<void> checkTogether(const Session::Impl &session, const RunState &state, const std::string &directory,
                                  const SafetensorsFile &model, const SafetensorsFile &optimizer) {
  auto wrong = [&](const char *file, const char *what) {
    return Error{"E0866", fmt::format("{}: error: {}{}", inFolder(directory, file), what, kModelAlone)};
  };
  if (!state.unchanged)
    return wrong("state.json", "the state was changed after it was saved");
  if (state.model != digestOf(model.tensors))
    return wrong("model.safetensors", "the values are not those that were saved with state.json");
  if (state.optimizer != digestOf(optimizer.tensors))
    return wrong("optimizer.safetensors", "the values are not those that were saved with state.json");
  const std::vector<Hyper> &known = session.facts.manifest.hypers;
  auto sameName = [](const auto &pair, const Hyper &hyper) { return pair.first == hyper.name; };
  if (!std::equal(state.hypers.begin(), state.hypers.end(), known.begin(), known.end(), sameName))
    return wrong("state.json", "the run has other hyper-parameters than the program");
  return {};
}

Result<void> Session::load(const std::string &directory) {
  std::string modelPath = inFolder(directory, "model.safetensors");
  std::string optimizerPath = inFolder(directory, "optimizer.safetensors");
  std::string statePath = inFolder(directory, "state.json");
  auto model = readSafetensors(modelPath), optimizer = readSafetensors(optimizerPath);
  if (!model || !optimizer)
    return !model ? model.error() : optimizer.error();
  Result<RunState> state = readState(statePath);
  if (!state)
    return state.error();
  auto variables = match(*impl, *model, modelPath, false, false),
       slots = match(*impl, *optimizer, optimizerPath, true, false);
  if (!variables || !slots)
    return !variables ? variables.error() : slots.error();
  if (auto checked = checkPlace(*impl, *state, statePath); !checked)
    return checked;
  impl->abandonStep();
  if (auto checked = checkTogether(*impl, *state, directory, *model, *optimizer); !checked)
    return checked;
  putInPlace(*impl, *variables);
  putInPlace(*impl, *slots);
  impl->step = state->step;
  impl->epochs = state->epochs;
  impl->stepInEpoch = state->stepInEpoch;
  impl->firstStep = state->firstStep;
  impl->loadedRows = impl->training ? 0 : state->rows;
  impl->seed = state->seed;
  impl->orderEpoch = -1;
  // What was asked for on this compilation holds against what the run had.
  const auto &set = impl->program.impl->options.set;
  for (std::size_t i = 0; i < state->hypers.size(); ++i)
    if (std::none_of(set.begin(), set.end(), [&](auto &pair) { return pair.first == state->hypers[i].first; }))
      impl->hypers[i] = state->hypers[i].second;
  return {};
}
