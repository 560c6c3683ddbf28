// A moment of a run as the contents of three files: model.safetensors (parameters and states as eval and predict read them),
// optimizer.safetensors (what else training goes on from) and state.json, in a folder or one behind another in memory. The model's file is
// complete by itself. Everything is read and checked before anything in the session changes.
#include "Digest.h"
#include "Files.h"
#include "MomentState.h"
#include "SessionImpl.h"
#include "VariableFiles.h"

#include "talweg/Support/Counted.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

using namespace talweg;

namespace {
/// A moment as it is written.
struct Encoded {
  MomentState state;
  VariableFile model, optimizer;
  std::vector<Encoded> rollback; ///< the moment to go back to, if one is needed

  /// As bytes: one file behind another, each behind its length.
  Pieces pieces() const;
  std::uint64_t size() const;
};
} // namespace

static Encoded encodeAt(const Session::Impl &session, const Standing &standing) {
  Encoded moment{{}, encode(session, standing, false), encode(session, standing, true), {}};
  MomentState &state = moment.state;
  static_cast<Place &>(state) = standing;
  state.totalSteps = session.totalSteps();
  state.shuffle = session.options.shuffle;
  state.batch = session.batch();
  state.rows = standing.training ? standing.training->rows() : standing.loadedRows;
  state.data = standing.training ? standing.training->digest() : standing.loadedData;
  const std::vector<Hyper> &hypers = session.facts.manifest.hypers;
  for (std::size_t i = 0; i < hypers.size(); ++i)
    state.hypers.emplace_back(hypers[i].name, standing.hypers[i]);
  std::error_code unknown;
  const std::filesystem::path file = session.program.plan().file;
  state.file = std::filesystem::absolute(file, unknown).lexically_normal().string();
  state.source = session.program.impl->compiler->text();
  state.options = session.program.impl->options;
  state.model = digestOf(moment.model.tensors);
  state.optimizer = digestOf(moment.optimizer.tensors);
  return moment;
}

std::uint64_t Encoded::size() const {
  return 4 * sizeof(std::uint64_t) + textOf(state).size() + model.size + optimizer.size +
         (rollback.empty() ? 0 : rollback.front().size());
}

Pieces Encoded::pieces() const {
  return [this](const TakeBytes &take) {
    const auto takeLength = [&](std::uint64_t length) {
      std::string bytes;
      for (int i = 0; i < 8; ++i)
        bytes += char(length >> (8 * i));
      take(bytes);
    };
    const std::string text = textOf(state);
    takeLength(text.size());
    take(text);
    for (const VariableFile *file : {&model, &optimizer}) {
      takeLength(file->size);
      file->pieces()(take);
    }
    takeLength(rollback.empty() ? 0 : rollback.front().size());
    for (const Encoded &earlier : rollback)
      earlier.pieces()(take);
  };
}

/// Where the session stands, and what it would go back to from there.
static Encoded encodeNow(const Session::Impl &session, const std::string &notes) {
  Encoded moment = encodeAt(session, session);
  moment.state.notes = notes;
  moment.state.unsaved = unsavedDigest(session);
  moment.state.beginning = session.beginning;
  if (session.good.isThere && session.program.plan().onNan == OnNan::Rollback) {
    moment.rollback.push_back(encodeAt(session, session.good));
    moment.state.rollback = digestOf(moment.rollback.front().pieces());
  }
  return moment;
}

Result<void> Session::claim(const std::string &directory) {
  if (impl->claimed && impl->claimedFolder == directory)
    return {};
  auto lock = FolderLock::take(directory);
  if (!lock)
    return lock.error();
  impl->claimed = std::move(*lock);
  impl->claimedFolder = directory;
  clearLeftovers(directory);
  return {};
}

/// The text of the folder's last moment; empty where it has none.
static std::string lastStateText(const std::string &directory) {
  auto moment = momentAt(directory);
  auto text = moment ? readFile(inFolder(*moment, kStateFile)) : Result<std::string>(moment.error());
  return text ? *text : "";
}

Result<void> Session::save(const std::string &directory, const SaveOptions &options) const {
  if (auto closed = impl->checkNoStep(); !closed)
    return closed;
  std::optional<FolderLock> lock;
  if (!impl->claimed || impl->claimedFolder != directory) {
    auto taken = FolderLock::take(directory);
    if (!taken)
      return taken.error();
    lock = std::move(*taken);
  }
  clearLeftovers(directory);
  Encoded moment = encodeNow(*impl, options.notes);
  MomentState &state = moment.state;
  const std::string lastText = options.replace ? "" : lastStateText(directory);
  const auto last = lastText.empty() ? Result<MomentState>(Error{}) : parseState(lastText, directory);
  const std::string name = freeMomentName(directory, state.step);
  if (options.best)
    state.best = name;
  else if (last && last->step <= state.step)
    state.best = last->best;
  const std::string text = textOf(state);
  std::vector<MomentFile> files{{kModelFile, moment.model.pieces()},
                                {kOptimizerFile, moment.optimizer.pieces()},
                                {kStateFile, [&](const TakeBytes &take) { take(text); }}};
  for (const Encoded &rollback : moment.rollback)
    files.push_back({kRollbackFile, rollback.pieces()});
  if (text != lastText)
    if (auto placed = placeMoment(directory, name, files); !placed)
      return placed;
  tidyMoments(directory, state.best, options.keep, options.replace);
  return {};
}

Result<std::string> Session::saveTo(const std::string &notes) const {
  if (auto closed = impl->checkNoStep(); !closed)
    return closed.error();
  const Encoded moment = encodeNow(*impl, notes);
  return joined(moment.pieces(), moment.size());
}

Result<std::uint64_t> Session::saveTo(char *bytes, std::uint64_t capacity, const std::string &notes) const {
  if (auto closed = impl->checkNoStep(); !closed)
    return closed.error();
  const Encoded moment = encodeNow(*impl, notes);
  if (moment.size() <= capacity)
    moment.pieces()([&](std::string_view piece) { bytes = std::ranges::copy(piece, bytes).out; });
  return moment.size();
}

//===-- reading ----------------------------------------------------------------------------------------------------===//

static constexpr const char *kModelAlone =
    "\nhelp: the parameters alone can be the start of another run: talweg train --init, "
    "Session::loadModel";

namespace {
/// A moment that was read, and where its files are, for messages.
struct Contents {
  MomentState state;
  SafetensorsFile model, optimizer;
  StoredBytes rollback;
  std::string statePath, modelPath, optimizerPath, rollbackPath;
};
} // namespace

static Result<Contents> readContents(Contents contents, const Result<StoredBytes> &stateBytes,
                                     const Result<StoredBytes> &modelBytes, const Result<StoredBytes> &optimizerBytes) {
  auto text = allOf(stateBytes);
  if (!text || !modelBytes || !optimizerBytes)
    return !text ? text.error() : !modelBytes ? modelBytes.error() : optimizerBytes.error();
  auto state = parseState(*text, contents.statePath);
  if (!state)
    return state.error();
  auto model = readSafetensors(modelBytes, contents.modelPath),
       optimizer = readSafetensors(optimizerBytes, contents.optimizerPath);
  if (!model || !optimizer)
    return !model ? model.error() : optimizer.error();
  contents.state = std::move(*state);
  contents.model = std::move(*model);
  contents.optimizer = std::move(*optimizer);
  return contents;
}

static Result<Contents> readContents(const std::string &path) {
  auto files = openMoment(path, {kStateFile, kModelFile, kOptimizerFile});
  if (!files)
    return files.error();
  std::error_code none; // whatever lies there is read, or told by who reads it
  const bool rollsBack = std::filesystem::symlink_status(inFolder(files->folder, kRollbackFile), none).type() !=
                         std::filesystem::file_type::not_found;
  auto rollback = rollsBack ? StoredBytes::ofFile(inFolder(files->folder, kRollbackFile)) : StoredBytes();
  if (!rollback)
    return rollback.error();
  Contents contents;
  contents.statePath = inFolder(files->folder, kStateFile);
  contents.modelPath = inFolder(files->folder, kModelFile);
  contents.optimizerPath = inFolder(files->folder, kOptimizerFile);
  contents.rollbackPath = inFolder(files->folder, kRollbackFile);
  contents.rollback = std::move(*rollback);
  const auto &bytes = files->contents;
  return readContents(std::move(contents), bytes[0], bytes[1], bytes[2]);
}

/// Whether a run of this session can be where the state says.
static Result<void> checkPlace(const Session::Impl &session, const MomentState &state, const std::string &path,
                               const LoadOptions &options) {
  auto wrong = [&](const std::string &what, const std::string &help = kModelAlone) {
    return Error{"E0867", fmt::format("{}: error: {}{}", path, what, help)};
  };
  const std::string other = "\nhelp: --accept data, LoadOptions::otherData, begins an epoch over these";
  if (state.batch != session.batch() && !options.otherBatch)
    return wrong(fmt::format("the run has batches of {}, but the program's have {}", counted(state.batch, "row"),
                             session.batch()),
                 "\nhelp: --accept batch, LoadOptions::otherBatch, begins an epoch with these");
  if (state.shuffle != session.options.shuffle)
    return wrong(state.shuffle ? "the run takes its rows shuffled, but is to go on in their order"
                               : "the run takes its rows in their order, but is to go on shuffled");
  if (session.training && state.rows > 0 && !options.otherData) {
    if (session.training->rows() != state.rows)
      return wrong(
          fmt::format("the run is on {}, but the data has {}", counted(state.rows, "row"), session.training->rows()),
          other);
    if (session.training->digest() != state.data)
      return wrong(fmt::format("the run is on other values than the data has in its {}", counted(state.rows, "row")),
                   other);
  }
  return {};
}

/// Whether the three files are of one moment of a run of this program.
static Result<void> checkTogether(const Session::Impl &session, const Contents &contents, const LoadOptions &options) {
  auto wrong = [&](const std::string &file, const char *what) {
    return Error{"E0866", fmt::format("{}: error: {}{}", file, what, kModelAlone)};
  };
  if (contents.state.model != digestOf(contents.model.tensors))
    return wrong(contents.modelPath, "the values are not those that were saved with state.json");
  if (contents.state.optimizer != digestOf(contents.optimizer.tensors))
    return wrong(contents.optimizerPath, "the values are not those that were saved with state.json");
  if (options.otherProgram)
    return {};
  const std::vector<Hyper> &known = session.facts.manifest.hypers;
  auto sameName = [](const auto &pair, const Hyper &hyper) { return pair.first == hyper.name; };
  const auto &hypers = contents.state.hypers;
  if (!std::equal(hypers.begin(), hypers.end(), known.begin(), known.end(), sameName))
    return wrong(contents.statePath, "the run has other hyper-parameters than the program");
  return {};
}

namespace {
/// Where a session stands that goes on from a moment.
struct Going {
  Place place;
  bool otherRows = false; ///< of the data or of a batch: a new epoch begins
};
} // namespace

static Result<Going> placeFrom(const Session::Impl &session, const MomentState &state, const std::string &path,
                               const LoadOptions &options) {
  auto wrong = [&](const std::string &what) {
    return Error{"E0867", fmt::format("{}: error: {}{}", path, what, kModelAlone)};
  };
  Going going{state};
  Place &place = going.place;
  const std::int64_t rows = session.training ? session.training->rows() : state.rows, stepRows = session.stepRows(),
                     perEpoch = (rows + stepRows - 1) / stepRows; // 0: it was saved before there were any
  going.otherRows = state.rows > 0 &&
                    (state.batch != session.batch() || (session.training && session.training->digest() != state.data));
  if (going.otherRows) { // the epochs that are left are over these
    place.stepInEpoch = 0;
    place.firstStep = place.step - place.epochs * perEpoch;
  }
  if (place.stepInEpoch > place.step || (place.stepInEpoch > 0 && place.stepInEpoch >= perEpoch))
    return wrong(fmt::format("the run is at step {}, which is step {} of {} in an epoch", place.step, place.stepInEpoch,
                             perEpoch));
  const std::int64_t total = session.totalSteps(place.firstStep, perEpoch);
  if (place.step > total)
    return wrong(fmt::format("the run is at step {} of {}", place.step, total));
  if (total == state.totalSteps || !session.facts.manifest.knowsEnd)
    return going;
  const std::int64_t end = place.lastStep.value_or(state.totalSteps);
  if (options.end == LoadOptions::End::Same && place.step > 0)
    return Error{
        "E0867",
        fmt::format("{}: error: a schedule of the run ends at step {}, and the plan now at step {}\n"
                    "help: --extend (LoadOptions::End::Extend) draws its curve over the new length; --continue "
                    "(Continue) keeps it as it was planned, and at its end its last value",
                    path, end, total)};
  place.lastStep = options.end == LoadOptions::End::Continue ? std::optional(end) : std::nullopt;
  return going;
}

static Result<void> goOnFrom(Session::Impl &session, const Contents &contents, const LoadOptions &options) {
  const MomentState &state = contents.state;
  auto variables = match(session, contents.model, contents.modelPath, false, false, options.grow),
       slots = match(session, contents.optimizer, contents.optimizerPath, true, false, options.grow);
  if (!variables || !slots)
    return !variables ? variables.error() : slots.error();
  if (auto checked = checkPlace(session, state, contents.statePath, options); !checked)
    return checked;
  if (auto checked = checkTogether(session, contents, options); !checked)
    return checked;
  auto going = placeFrom(session, state, contents.statePath, options);
  if (!going)
    return going.error();
  session.abandonStep();
  if (auto begun = session.beginAs(state, contents.statePath); !begun)
    return begun;
  for (const auto *replacements : {&*variables, &*slots})
    if (auto put = putInPlace(session, *replacements); !put)
      return put;
  static_cast<Place &>(session) = going->place;
  session.loadedRows = session.training || going->otherRows ? 0 : state.rows;
  session.loadedData = state.data;
  session.orderEpoch = -1;
  if (options.otherProgram)
    return {};
  // What was asked for on this compilation holds against what the run had.
  const auto &set = session.program.impl->options.set;
  for (std::size_t i = 0; i < state.hypers.size(); ++i)
    if (std::none_of(set.begin(), set.end(), [&](auto &pair) { return pair.first == state.hypers[i].first; }))
      session.hypers[i] = state.hypers[i].second;
  return {};
}

/// The files of a moment that lie one behind another.
static Result<Contents> splitContents(const StoredBytes &bytes, const std::string &path) {
  Contents contents;
  contents.statePath = contents.modelPath = contents.optimizerPath = contents.rollbackPath = path;
  std::vector<StoredBytes> files;
  for (std::uint64_t at = 0; files.size() < 4; at += files.back().size()) {
    const std::uint64_t rest = bytes.size() - at;
    auto head = allOf(bytes.part(at, std::min<std::uint64_t>(8, rest)));
    if (!head)
      return head.error();
    std::uint64_t length = 0;
    for (std::size_t i = 0; i < head->size(); ++i)
      length |= std::uint64_t(std::uint8_t((*head)[i])) << (8 * i);
    if (rest < 8 || length > rest - 8 || (files.size() == 3 && length != rest - 8))
      return Error{"E0865", fmt::format("{}: error: the bytes are not those of a moment", path)};
    at += 8;
    files.push_back(bytes.part(at, length));
  }
  contents.rollback = files[3];
  return readContents(std::move(contents), files[0], files[1], files[2]);
}

/// First to where it would go back to, if it is known.
static Result<void> goOn(Session::Impl &session, const Contents &contents, const LoadOptions &options) {
  GoodMoment good;
  const bool rollsBack = contents.rollback.size() > 0;
  auto digest = rollsBack ? digestOf(contents.rollback) : std::string();
  if (!digest)
    return digest.error();
  if (contents.state.rollback != *digest)
    return Error{"E0866", fmt::format("{}: error: it is not what was saved with state.json{}", contents.rollbackPath,
                                      kModelAlone)};
  if (session.program.plan().onNan == OnNan::Rollback && rollsBack) {
    if (auto copied = session.copyTo(good); !copied)
      return copied;
    auto earlier = splitContents(contents.rollback, contents.rollbackPath);
    if (!earlier)
      return earlier.error();
    if (auto gone = goOnFrom(session, *earlier, options); !gone)
      return gone;
    std::swap<Standing>(session, good);
    good.isThere = true;
  }
  if (auto gone = goOnFrom(session, contents, options); !gone)
    return gone;
  session.good = std::move(good);
  return {};
}

Result<void> Session::load(const std::string &directory, const LoadOptions &options) {
  auto contents = readContents(directory);
  return contents ? goOn(*impl, *contents, options) : contents.error();
}

Result<void> Session::loadFrom(std::string_view bytes, const LoadOptions &options) {
  auto contents = splitContents(StoredBytes::borrowed(bytes), "memory");
  return contents ? goOn(*impl, *contents, options) : contents.error();
}
