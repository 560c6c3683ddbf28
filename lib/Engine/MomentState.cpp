// See MomentState.h. A reader takes nothing that the writer does not write.
#include "MomentState.h"
#include "Digest.h"
#include "MomentFolder.h"

#include "talweg/Prepare/Learned.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

using namespace talweg;
using nlohmann::ordered_json;

static constexpr std::int64_t kFormat = 3;

static std::string dump(const ordered_json &json, int indent = -1) {
  return json.dump(indent, ' ', false, ordered_json::error_handler_t::replace);
}

static ordered_json toJson(const std::optional<std::int64_t> &number) {
  return number ? ordered_json(*number) : ordered_json();
}

static ordered_json toJson(const std::vector<std::pair<std::string, std::string>> &pairs) {
  ordered_json json = ordered_json::array();
  for (const auto &[name, value] : pairs)
    json.push_back({name, value});
  return json;
}

/// What of the options decides results, and the limit of memory, without which a run might not fit.
static ordered_json toJson(const CompileOptions &options) {
  ordered_json json = {
      {"set", toJson(options.set)},
      {"batch", toJson(options.batch)},
      {"epochs", toJson(options.epochs)},
      {"steps", toJson(options.steps)},
      {"seed", options.seed ? ordered_json(*options.seed) : ordered_json()},
      {"double_precision", options.doublePrecision},
      {"memory", toJson(options.memory)},
      {"fold", options.fold ? ordered_json({options.fold->index, options.fold->count}) : ordered_json()},
      {"learned", ordered_json::parse(prepare::learnedText(options.learned))}};
  return json;
}

std::string talweg::textOf(const MomentState &state) {
  ordered_json json = {{"format", kFormat},
                       {"step", state.step},
                       {"epochs", state.epochs},
                       {"step_in_epoch", state.stepInEpoch},
                       {"first_step", state.firstStep},
                       {"total_steps", state.totalSteps},
                       {"last_step", toJson(state.lastStep)},
                       {"seed", state.seed},
                       {"shuffle", state.shuffle},
                       {"batch", state.batch},
                       {"rows", state.rows},
                       {"data", state.data}};
  ordered_json &hypers = json["hyper"] = ordered_json::object();
  for (const auto &[name, value] : state.hypers)
    hypers[name] = value;
  json["file"] = state.file;
  json["source"] = state.source;
  json["options"] = toJson(state.options);
  json["notes"] = state.notes;
  json["best"] = state.best;
  json["model"] = state.model;
  json["optimizer"] = state.optimizer;
  json["rollback"] = state.rollback;
  json["unsaved"] = state.unsaved;
  json["beginning"] = {
      {"path", state.beginning.path}, {"map", toJson(state.beginning.map)}, {"grow", state.beginning.grow}};
  json["digest"] = digestOf(dump(json));
  return dump(json, 2) + "\n";
}

namespace {
/// Reads members of an object; of one that is not there or of another type, `good` is false.
struct Members {
  const ordered_json &json;
  bool good = json.is_object();

  const ordered_json *member(const char *name) {
    auto found = good ? json.find(name) : json.end();
    good = good && found != json.end();
    return good ? &*found : nullptr;
  }
  void read(const char *name, std::string &value) {
    if (auto *text = member(name); text && (good = text->is_string()))
      value = text->get<std::string>();
  }
  void read(const char *name, bool &value) {
    if (auto *truth = member(name); truth && (good = truth->is_boolean()))
      value = truth->get<bool>();
  }
  void read(const char *name, std::uint64_t &value) {
    if (auto *number = member(name); number && (good = number->is_number_unsigned()))
      value = number->get<std::uint64_t>();
  }
  void read(const char *name, std::int64_t &value) {
    constexpr std::int64_t most = INT64_MAX;
    if (auto *number = member(name); number && (good = number->is_number_integer()))
      if ((good = !number->is_number_unsigned() || number->get<std::uint64_t>() <= std::uint64_t(most)))
        value = number->get<std::int64_t>();
  }
  void read(const char *name, std::vector<std::string> &value) {
    auto *list = member(name);
    if (!list || !(good = list->is_array()))
      return;
    for (const ordered_json &text : *list)
      if ((good = good && text.is_string()))
        value.push_back(text.get<std::string>());
  }
  void read(const char *name, std::vector<std::pair<std::string, std::string>> &value) {
    auto *list = member(name);
    if (!list || !(good = list->is_array()))
      return;
    for (const ordered_json &pair : *list)
      if ((good = good && pair.is_array() && pair.size() == 2 && pair[0].is_string() && pair[1].is_string()))
        value.emplace_back(pair[0].get<std::string>(), pair[1].get<std::string>());
  }
  template <typename Number>
  void read(const char *name, std::optional<Number> &value) {
    if (auto *number = member(name); number && !number->is_null())
      read(name, value.emplace());
  }
};
} // namespace

static bool read(const ordered_json &json, CompileOptions &options) {
  Members members{json};
  members.read("batch", options.batch);
  members.read("epochs", options.epochs);
  members.read("steps", options.steps);
  members.read("seed", options.seed);
  members.read("double_precision", options.doublePrecision);
  members.read("memory", options.memory);
  members.read("set", options.set);
  if (const ordered_json *fold = members.member("fold"); fold && !fold->is_null()) {
    if (!fold->is_array() || fold->size() != 2 || !(*fold)[0].is_number_integer() || !(*fold)[1].is_number_integer())
      return false;
    options.fold = Fold{(*fold)[0], (*fold)[1]};
  }
  const ordered_json *learned = members.member("learned");
  auto read = learned ? prepare::learnedOf(learned->dump()) : std::vector<LearnedField>();
  if (read)
    options.learned = std::move(*read);
  return members.good && read;
}

static bool read(const ordered_json &json, Beginning &beginning) {
  Members members{json};
  members.read("path", beginning.path);
  members.read("map", beginning.map);
  members.read("grow", beginning.grow);
  return members.good;
}

static bool read(const ordered_json &json, MomentState &state) {
  Members members{json};
  for (auto [name, value] : {std::pair("step", &state.step),
                             {"epochs", &state.epochs},
                             {"step_in_epoch", &state.stepInEpoch},
                             {"first_step", &state.firstStep},
                             {"total_steps", &state.totalSteps},
                             {"batch", &state.batch},
                             {"rows", &state.rows}})
    members.read(name, *value);
  for (auto [name, value] : {std::pair("data", &state.data),
                             {"file", &state.file},
                             {"source", &state.source},
                             {"notes", &state.notes},
                             {"best", &state.best},
                             {"model", &state.model},
                             {"optimizer", &state.optimizer},
                             {"rollback", &state.rollback},
                             {"unsaved", &state.unsaved}})
    members.read(name, *value);
  members.read("last_step", state.lastStep);
  members.read("seed", state.seed);
  members.read("shuffle", state.shuffle);
  const ordered_json *hypers = members.member("hyper"), *options = members.member("options"),
                     *beginning = members.member("beginning");
  if (!hypers || !hypers->is_object() || !options || !read(*options, state.options) || !beginning ||
      !read(*beginning, state.beginning))
    return false;
  for (const auto &[name, value] : hypers->items()) {
    if (!value.is_number())
      return false;
    state.hypers.emplace_back(name, value.get<double>());
  }
  constexpr std::int64_t most = INT64_MAX / 2;
  for (std::int64_t count : {state.step, state.epochs, state.stepInEpoch, state.rows})
    if (count < 0 || count > most)
      return false;
  return members.good && state.batch > 0 && state.firstStep > -most && state.firstStep < most;
}

/// The format's number; nothing where the text is no state at all.
static std::optional<std::int64_t> formatOf(const ordered_json &json) {
  std::int64_t format = 0;
  Members members{json};
  members.read("format", format);
  return members.good ? std::optional(format) : std::nullopt;
}

bool talweg::isOfEarlierVersion(const std::string &text) {
  const auto format = formatOf(ordered_json::parse(text, nullptr, false));
  return format && *format >= 1 && *format < kFormat;
}

Result<MomentState> talweg::parseState(const std::string &text, const std::string &path) {
  ordered_json json = ordered_json::parse(text, nullptr, false);
  const Error wrong{"E0865", fmt::format("{}: error: not a valid state of a run", path)};
  const auto format = formatOf(json);
  if (!format)
    return wrong;
  if (*format != kFormat)
    return Error{"E0865",
                 fmt::format("{}: error: the state was written by another version of Talweg: its format is {}, not {}\n"
                             "help: the parameters alone can be used: talweg train --init, talweg eval and predict "
                             "with --checkpoint, Session::loadModel{}",
                             path, *format, kFormat,
                             *format > kFormat ? fmt::format(", of the file {} itself", kModelFile) : "")};
  MomentState state;
  std::string digest;
  Members members{json};
  members.read("digest", digest);
  if (!members.good || !read(json, state))
    return wrong;
  json.erase("digest");
  if (digest != digestOf(dump(json)))
    return Error{"E0866", fmt::format("{}: error: the state was changed after it was saved", path)};
  return state;
}

Result<Moment> Moment::read(const std::string &path) {
  auto files = openMoment(path, {kStateFile});
  if (!files)
    return files.error();
  const Result<std::string> text = allOf(files->contents[0]);
  if (!text)
    return text.error();
  Result<MomentState> state = parseState(*text, inFolder(files->folder, kStateFile));
  if (!state)
    return state.error();
  state->folder = files->folder;
  return Moment(*state);
}
