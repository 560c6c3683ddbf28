// Checkpoints: a folder with model.safetensors (parameters, states), optimizer.safetensors (slots) and state.json. The model
// file is complete by itself. Everything is read and checked before anything in the session changes.
#include "Files.h"
#include "Safetensors.h"
#include "SessionImpl.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>

using namespace talweg;
using nlohmann::json;

static constexpr std::pair<const char *, const char *> kTypes[] = {{"f32", "F32"}, {"f64", "F64"}, {"i32", "I32"},
                                                                   {"i64", "I64"}, {"ui8", "U8"},  {"i1", "BOOL"}};

/// The format's name of a stored element type.
static std::string safeType(const std::string &element) {
  for (auto [ours, theirs] : kTypes)
    if (element == ours)
      return theirs;
  return "";
}

static std::string shapeText(const std::vector<std::int64_t> &shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i)
    text += fmt::format("{}{}", i ? ", " : "", shape[i]);
  return text + "]";
}

static bool isSlot(const StoredVariable &variable) { return variable.role == "slot"; }

//===-- writing ----------------------------------------------------------------------------------------------------===//

static Result<void> writeVariables(const Session::Impl &session, const std::string &path, bool slots) {
  std::vector<SafeTensor> tensors;
  std::vector<std::vector<std::byte>> contents;
  for (const StoredVariable &variable : session.variables) {
    if (isSlot(variable) != slots)
      continue;
    std::string type = safeType(variable.elementType);
    if (type.empty())
      return Error{"internal", fmt::format("{}: error: variable `{}` holds elements of type {}, which cannot be saved",
                                           path, variable.name, variable.elementType)};
    contents.push_back(session.bytesOf(variable));
    auto *bytes = reinterpret_cast<const char *>(contents.back().data());
    tensors.push_back({variable.name, type, variable.shape, {bytes, std::size_t(variable.bytes)}});
  }
  return writeSafetensors(path, tensors, {{"format", "talweg"}});
}

Result<void> Session::saveModel(const std::string &file) const { return writeVariables(*impl, file, false); }

static std::string inFolder(const std::string &folder, const char *name) {
  return (std::filesystem::path(folder) / name).string();
}

Result<void> Session::save(const std::string &directory) const {
  if (auto made = makeDirectory(directory); !made)
    return made.error();
  if (auto saved = saveModel(inFolder(directory, "model.safetensors")); !saved)
    return saved.error();
  if (auto saved = writeVariables(*impl, inFolder(directory, "optimizer.safetensors"), true); !saved)
    return saved.error();
  nlohmann::ordered_json state = {{"format", 1},
                                  {"step", impl->step},
                                  {"epochs", impl->epochs},
                                  {"step_in_epoch", impl->stepInEpoch},
                                  {"seed", impl->seed},
                                  {"shuffle", impl->options.shuffle}};
  auto &hypers = state["hyper"] = nlohmann::ordered_json::object();
  const PlanFacts &plan = impl->program.plan();
  for (std::size_t i = 0; i < plan.hypers.size(); ++i)
    hypers[plan.hypers[i].name] = impl->hypers[i];
  std::string text = state.dump(2) + "\n";
  return writeFile(inFolder(directory, "state.json"), {text});
}

//===-- reading ----------------------------------------------------------------------------------------------------===//

namespace {
/// New contents of one variable, checked.
struct Replacement {
  const StoredVariable *variable;
  const SafeTensor *tensor;
};
} // namespace

/// Pairs the tensors of a file with the session's slots or its other variables. Only states may be absent, if
/// `statesOptional`; nothing may be left over.
static Result<std::vector<Replacement>> match(const Session::Impl &session, const SafetensorsFile &file,
                                              const std::string &path, bool slots, bool statesOptional) {
  std::vector<Replacement> result;
  for (const StoredVariable &variable : session.variables) {
    if (isSlot(variable) != slots)
      continue;
    const StoredVariable &facts = variable;
    const SafeTensor *tensor = file.find(facts.name);
    if (!tensor && statesOptional && facts.role == "state")
      continue;
    if (!tensor)
      return Error{"E0861", fmt::format("{}: error: the file has no tensor `{}` {}, a {} of the program", path,
                                        facts.name, shapeText(facts.shape), facts.role)};
    if (tensor->shape != facts.shape)
      return Error{"E0862", fmt::format("{}: error: tensor `{}` has shape {} in the file, but {} in the program", path,
                                        facts.name, shapeText(tensor->shape), shapeText(facts.shape))};
    bool widened = tensor->type == "F32" && facts.elementType == "f64";
    if (tensor->type != safeType(facts.elementType) && !widened)
      return Error{"E0863", fmt::format("{}: error: tensor `{}` holds {} in the file, but {} in the program", path,
                                        facts.name, tensor->type, safeType(facts.elementType))};
    result.push_back({&variable, tensor});
  }
  for (const SafeTensor &tensor : file.tensors)
    if (std::none_of(result.begin(), result.end(), [&](const Replacement &r) { return r.tensor == &tensor; }))
      return Error{"E0864", fmt::format("{}: error: the program has no {} `{}`, which the file holds", path,
                                        slots ? "optimizer state" : "parameter", tensor.name)};
  return result;
}

static void putInPlace(Session::Impl &session, const std::vector<Replacement> &replacements) {
  for (const Replacement &replacement : replacements) {
    std::string_view bytes = replacement.tensor->bytes;
    if (std::int64_t(bytes.size()) == replacement.variable->bytes) {
      session.setBytes(*replacement.variable, reinterpret_cast<const std::byte *>(bytes.data()));
      continue;
    }
    std::vector<std::byte> widened(std::size_t(replacement.variable->bytes));
    for (std::int64_t i = 0; i < replacement.variable->count; ++i) {
      float narrow;
      std::memcpy(&narrow, bytes.data() + i * sizeof(float), sizeof(float));
      double wide = narrow;
      std::memcpy(widened.data() + i * sizeof(double), &wide, sizeof(double));
    }
    session.setBytes(*replacement.variable, widened.data());
  }
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
  putInPlace(*impl, *matched);
  return {};
}

namespace {
struct RunState {
  std::int64_t step, epochs, stepInEpoch;
  std::uint64_t seed;
  std::vector<std::pair<std::string, double>> hypers;
};
} // namespace

static Result<RunState> readState(const std::string &path) {
  Result<std::string> text = readFile(path);
  if (!text)
    return text.error();
  json state = json::parse(*text, nullptr, false);
  Error wrong{"E0865", fmt::format("{}: error: not a valid state of a run", path)};
  if (!state.is_object() || state.value("format", json()) != json(1))
    return wrong;
  for (const char *key : {"step", "epochs", "step_in_epoch", "seed"})
    if (!state.contains(key) || !state[key].is_number_unsigned())
      return wrong;
  for (const char *key : {"step", "epochs", "step_in_epoch"})
    if (state[key].get<std::uint64_t>() > std::uint64_t(INT64_MAX) / 2)
      return wrong;
  RunState result{state["step"], state["epochs"], state["step_in_epoch"], state["seed"], {}};
  if (state.contains("hyper")) {
    if (!state["hyper"].is_object())
      return wrong;
    for (auto &[name, value] : state["hyper"].items()) {
      if (!value.is_number())
        return wrong;
      result.hypers.emplace_back(name, value.get<double>());
    }
  }
  return result;
}

Result<void> Session::load(const std::string &directory) {
  std::string modelPath = inFolder(directory, "model.safetensors");
  std::string optimizerPath = inFolder(directory, "optimizer.safetensors");
  auto model = readSafetensors(modelPath), optimizer = readSafetensors(optimizerPath);
  if (!model || !optimizer)
    return !model ? model.error() : optimizer.error();
  Result<RunState> state = readState(inFolder(directory, "state.json"));
  if (!state)
    return state.error();
  auto variables = match(*impl, *model, modelPath, false, false),
       slots = match(*impl, *optimizer, optimizerPath, true, false);
  if (!variables || !slots)
    return !variables ? variables.error() : slots.error();
  putInPlace(*impl, *variables);
  putInPlace(*impl, *slots);
  impl->step = state->step;
  impl->epochs = state->epochs;
  impl->stepInEpoch = state->stepInEpoch;
  impl->seed = state->seed;
  impl->orderEpoch = -1;
  // What was asked for on this compilation holds against what the run had.
  for (auto &[name, value] : state->hypers) {
    const auto &set = impl->program.impl->options.set;
    if (std::none_of(set.begin(), set.end(), [&](auto &pair) { return pair.first == name; }))
      if (hyper(name))
        (void)bool(setHyper(name, value));
  }
  return {};
}
