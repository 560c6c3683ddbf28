// The C API over the C++ API. Every entry that can fail runs inside `guarded`, so that no exception crosses it and no NULL is
// followed.
#include "talweg-c/talweg.h"

#include "talweg/Engine/Engine.h"
#include "talweg/Support/Counted.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <initializer_list>
#include <new>

using namespace talweg;

struct talweg_program {
  Program program;
};
struct talweg_dataset {
  Dataset dataset;
};
struct talweg_session {
  Session session;
  talweg_on_rollback onRollback = nullptr;
  void *user = nullptr; ///< of onRollback
  int stopped = -1;     ///< talweg_session_stopped
};
struct talweg_snapshot {
  Snapshot snapshot;
};
struct talweg_moment {
  Moment moment;
};

//===-- errors -----------------------------------------------------------------------------------------------------===//

static thread_local Error lastError;

static void fail(Error error) { lastError = std::move(error); }

/// An argument that may not be NULL, by its name.
using Needed = std::pair<const char *, const void *>;

/// What `action` returns. If something needed is NULL, or on an exception, the last error tells it and `failure` is returned.
template <typename Failure, typename Action>
static auto guarded(Failure failure, std::initializer_list<Needed> arguments, Action action) -> decltype(action()) {
  try {
    for (auto [name, argument] : arguments)
      if (!argument) {
        fail({"E0883", std::string("error: `") + name + "` is NULL"});
        return failure;
      }
    return action();
  } catch (const std::bad_alloc &) {
    fail({"memory", "error: there is not enough memory"});
  } catch (const std::exception &exception) {
    fail({"internal", std::string("error: unexpected failure: ") + exception.what()});
  } catch (...) {
    fail({"internal", "error: unexpected failure"});
  }
  return failure;
}

/// 0 for success; -1, with the error kept, for failure.
template <typename Value>
static int status(const Result<Value> &result) {
  if (result)
    return 0;
  fail(result.error());
  return -1;
}

/// A new handle for a value, or NULL with the error kept.
template <typename Handle, typename Value>
static Handle *handle(Result<Value> result) {
  if (result)
    return new Handle{std::move(*result)};
  fail(result.error());
  return nullptr;
}

const char *talweg_version(void) { return versionText(); }
const char *talweg_last_error(void) { return lastError.message.c_str(); }
const char *talweg_last_error_code(void) { return lastError.code.c_str(); }

//===-- options ----------------------------------------------------------------------------------------------------===//

/// What a host has set, with zeros for fields that its header did not have yet. A field that this library does not have yet must
/// be zero. `first` is the size that the structure had in the first version.
template <typename Options>
static Result<Options> knownOptions(const Options *given, const std::string &name, size_t first = sizeof(Options)) {
  Options options = {};
  if (!given)
    return options;
  if (given->size != first && given->size < sizeof options)
    return Error{"E0884", "error: the size of " + name + " is " + std::to_string(given->size) + "; set it to sizeof(" +
                              name + ")"};
  const char *bytes = reinterpret_cast<const char *>(given), *end = bytes + given->size;
  size_t known = std::min(given->size, sizeof options);
  if (std::any_of(bytes + known, end, [](char byte) { return byte != 0; }))
    return Error{"E0884", "error: " + name + " has fields that this version of the library does not know"};
  std::memcpy(&options, given, known);
  return options;
}

static Result<talweg_options> knownOptions(const talweg_options *given) {
  return knownOptions(given, "talweg_options", offsetof(talweg_options, target)); // the first version had no target
}

static Result<SaveOptions> saveOptions(const talweg_save_options *options) {
  const Result<talweg_save_options> given = knownOptions(options, "talweg_save_options");
  if (!given)
    return given.error();
  if (given->keep < 0)
    return Error{"E0884", "error: `keep` of talweg_save_options is " + std::to_string(given->keep)};
  return SaveOptions{.notes = given->notes ? given->notes : "",
                     .keep = given->keep ? given->keep : 1,
                     .best = given->best != 0,
                     .replace = given->replace != 0};
}

static Result<LoadOptions> loadOptions(const talweg_load_options *options) {
  const Result<talweg_load_options> given = knownOptions(options, "talweg_load_options");
  if (!given)
    return given.error();
  LoadOptions result{.otherData = given->other_data != 0,
                     .otherProgram = given->other_program != 0,
                     .otherBatch = given->other_batch != 0};
  switch (given->end) {
  case TALWEG_END_SAME: result.end = LoadOptions::End::Same; break;
  case TALWEG_END_EXTEND: result.end = LoadOptions::End::Extend; break;
  case TALWEG_END_CONTINUE: result.end = LoadOptions::End::Continue; break;
  default: return Error{"E0884", "error: `end` of talweg_load_options is " + std::to_string(given->end)};
  }
  for (const char *const *pattern = given->grow; pattern && *pattern; ++pattern)
    result.grow.emplace_back(*pattern);
  return result;
}

static Result<CompileOptions> compileOptions(const talweg_options *options) {
  Result<talweg_options> given = knownOptions(options);
  if (!given)
    return given.error();
  CompileOptions result;
  for (const char *const *pair = given->set; pair && pair[0]; pair += 2) {
    if (!pair[1])
      return Error{"E0884", std::string("error: `set` has no value for `") + pair[0] + "`"};
    result.set.emplace_back(pair[0], pair[1]);
  }
  auto optional = [](std::int64_t value) { return value ? std::optional(value) : std::nullopt; };
  result.batch = optional(given->batch);
  result.epochs = optional(given->epochs);
  result.steps = optional(given->steps);
  if (given->has_seed)
    result.seed = std::uint64_t(given->seed);
  result.memory = optional(given->memory);
  if (given->target)
    result.target = given->target;
  result.doublePrecision = given->double_precision != 0;
  return result;
}

static Result<SessionOptions> sessionOptions(const talweg_options *options) {
  Result<talweg_options> given = knownOptions(options);
  if (!given)
    return given.error();
  return SessionOptions{.threads = given->threads, .shuffle = !given->no_shuffle};
}

//===-- programs ---------------------------------------------------------------------------------------------------===//

talweg_program *talweg_program_from_file(const char *path, const talweg_options *options) {
  return guarded(nullptr, {{"path", path}}, [&] {
    Result<CompileOptions> known = compileOptions(options);
    return handle<talweg_program>(known ? Program::fromFile(path, *known) : known.error());
  });
}

talweg_program *talweg_program_from_text(const char *text, const char *name, const talweg_options *options) {
  return guarded(nullptr, {{"text", text}, {"name", name}}, [&] {
    Result<CompileOptions> known = compileOptions(options);
    return handle<talweg_program>(known ? Program::fromText(text, name, *known) : known.error());
  });
}

void talweg_program_free(talweg_program *program) { delete program; }

int64_t talweg_program_batch(const talweg_program *program) {
  return guarded(-1, {{"program", program}}, [&] { return program->program.plan().batch; });
}

size_t talweg_program_metrics(const talweg_program *program) {
  return guarded(0, {{"program", program}}, [&] { return program->program.manifest().metrics.size(); });
}

/// NULL, with the error kept: a list of so many has nothing at this place.
static const char *outOfRange(size_t index, size_t count, const char *noun) {
  fail({"E0885", "error: the program has " + counted(int64_t(count), noun) + ", and none at " + std::to_string(index)});
  return nullptr;
}

const char *talweg_program_metric(const talweg_program *program, size_t index) {
  return guarded(nullptr, {{"program", program}}, [&] {
    const auto &metrics = program->program.manifest().metrics;
    return index < metrics.size() ? metrics[index].c_str() : outOfRange(index, metrics.size(), "metric");
  });
}

size_t talweg_program_variables(const talweg_program *program) {
  return guarded(0, {{"program", program}}, [&] { return program->program.manifest().variables.size(); });
}

const char *talweg_program_variable(const talweg_program *program, size_t index) {
  return guarded(nullptr, {{"program", program}}, [&] {
    const auto &variables = program->program.manifest().variables;
    return index < variables.size() ? variables[index].name.c_str() : outOfRange(index, variables.size(), "variable");
  });
}

static const Variable *findVariable(const Program &program, const char *name) {
  const auto &variables = program.manifest().variables;
  auto found = std::find_if(variables.begin(), variables.end(), [&](const Variable &v) { return v.name == name; });
  if (found != variables.end())
    return &*found;
  fail({"E0857", std::string("error: the program has no variable `") + name + "`"});
  return nullptr;
}

/// The variable, if it has `count` elements.
static const Variable *findVariable(const Program &program, const char *name, size_t count) {
  const Variable *variable = findVariable(program, name);
  if (!variable || size_t(variable->count()) == count)
    return variable;
  fail({"E0859", std::string("error: variable `") + name + "` has size " + std::to_string(variable->count()) +
                     ", not " + std::to_string(count)});
  return nullptr;
}

int64_t talweg_program_variable_size(const talweg_program *program, const char *name) {
  return guarded(-1, {{"program", program}, {"name", name}}, [&]() -> int64_t {
    const Variable *variable = findVariable(program->program, name);
    return variable ? variable->count() : -1;
  });
}

int talweg_program_variable_shape(const talweg_program *program, const char *name, int64_t *dims, size_t capacity) {
  const void *place = capacity ? static_cast<const void *>(dims) : program;
  return guarded(-1, {{"program", program}, {"name", name}, {"dims", place}}, [&] {
    const Variable *variable = findVariable(program->program, name);
    if (!variable)
      return -1;
    std::copy_n(variable->shape.begin(), std::min(capacity, variable->shape.size()), dims);
    return int(variable->shape.size());
  });
}

//===-- data -------------------------------------------------------------------------------------------------------===//

talweg_dataset *talweg_dataset_load(const talweg_program *program, const char *split, const char *path) {
  return guarded(nullptr, {{"program", program}, {"split", split}},
                 [&] { return handle<talweg_dataset>(Dataset::load(program->program, split, path ? path : "")); });
}

talweg_dataset *talweg_dataset_from_memory(const talweg_program *program, const talweg_field *fields, size_t count,
                                           int64_t rows) {
  const void *list = count ? static_cast<const void *>(fields) : program;
  return guarded(nullptr, {{"program", program}, {"fields", list}}, [&]() -> talweg_dataset * {
    std::vector<FieldView> views;
    for (size_t i = 0; i < count; ++i) {
      if (!fields[i].name) {
        fail({"E0883", "error: the name of field " + std::to_string(i) + " is NULL"});
        return nullptr;
      }
      views.push_back({fields[i].name, fields[i].data});
    }
    return handle<talweg_dataset>(Dataset::fromMemory(program->program, views, rows));
  });
}

void talweg_dataset_free(talweg_dataset *dataset) { delete dataset; }

int64_t talweg_dataset_rows(const talweg_dataset *dataset) {
  return guarded(-1, {{"dataset", dataset}}, [&] { return dataset->dataset.rows(); });
}

//===-- sessions ---------------------------------------------------------------------------------------------------===//

talweg_session *talweg_session_create(const talweg_program *program, const talweg_options *options) {
  return guarded(nullptr, {{"program", program}}, [&] {
    Result<SessionOptions> known = sessionOptions(options);
    return handle<talweg_session>(known ? Session::create(program->program, *known) : known.error());
  });
}

void talweg_session_free(talweg_session *session) { delete session; }

int talweg_session_set_training_data(talweg_session *session, const talweg_dataset *dataset) {
  return guarded(-1, {{"session", session}, {"dataset", dataset}},
                 [&] { return status(session->session.setTrainingData(dataset->dataset)); });
}

static talweg_stopped reasonOf(Stopped stopped) {
  switch (stopped) {
  case Stopped::PlanDone: return TALWEG_PLAN_DONE;
  case Stopped::EpochDone:
  case Stopped::StepsDone: return TALWEG_STEPS_DONE;
  case Stopped::ByCallback: return TALWEG_BY_CALLBACK;
  case Stopped::ByRequest: return TALWEG_BY_REQUEST;
  case Stopped::NotFinite: return TALWEG_NOT_FINITE;
  }
  return TALWEG_PLAN_DONE;
}

int talweg_session_train(talweg_session *session, int64_t max_steps, talweg_on_step on_step, void *user) {
  return guarded(-1, {{"session", session}}, [&] {
    TrainOptions options;
    options.maxSteps = max_steps;
    options.onChunk = [&](const Chunk &chunk) {
      bool go = true;
      for (const StepRecord &record : chunk.steps) {
        talweg_step step{record.step, record.epoch, record.rows, record.loss, record.metrics.data(), record.skipped};
        go = (!on_step || on_step(user, &step) == 0) && go;
      }
      if (chunk.rollback && session->onRollback) {
        const talweg_rollback rollback{chunk.rollback->from, chunk.rollback->to, chunk.rollback->rateFactor,
                                       chunk.rollback->reason.c_str()};
        go = session->onRollback(session->user, &rollback) == 0 && go;
      }
      return go;
    };
    session->stopped = -1;
    const Result<Stopped> stopped = session->session.train(options);
    if (stopped)
      session->stopped = reasonOf(*stopped);
    return status(stopped);
  });
}

int talweg_session_on_rollback(talweg_session *session, talweg_on_rollback on_rollback, void *user) {
  return guarded(-1, {{"session", session}}, [&] {
    session->onRollback = on_rollback;
    session->user = user;
    return 0;
  });
}

int talweg_session_stopped(const talweg_session *session) {
  return guarded(-1, {{"session", session}}, [&] { return session->stopped; });
}

const char *talweg_session_not_finite(const talweg_session *session) {
  return guarded(static_cast<const char *>(nullptr), {{"session", session}}, [&]() -> const char * {
    const std::optional<Error> &error = session->session.notFinite();
    return error ? error->message.c_str() : nullptr;
  });
}

void talweg_session_stop(talweg_session *session) {
  if (session)
    session->session.requestStop();
}

int64_t talweg_session_step(const talweg_session *session) {
  return guarded(-1, {{"session", session}}, [&] { return session->session.step(); });
}

int talweg_session_evaluate(talweg_session *session, const talweg_dataset *dataset, double *loss, double *metrics) {
  return guarded(-1, {{"session", session}, {"dataset", dataset}}, [&] {
    Result<Evaluation> result = session->session.evaluate(dataset->dataset);
    if (result && loss)
      *loss = result->loss;
    if (result && metrics)
      std::copy(result->metrics.begin(), result->metrics.end(), metrics);
    return status(result);
  });
}

int64_t talweg_session_predict(talweg_session *session, const talweg_dataset *dataset, float *output, size_t capacity) {
  const void *place = capacity ? static_cast<const void *>(output) : session;
  return guarded(-1, {{"session", session}, {"dataset", dataset}, {"output", place}}, [&]() -> int64_t {
    Result<Prediction> result = session->session.predict(dataset->dataset);
    if (!result)
      return status(result);
    if (result->values.size() > capacity) {
      fail({"E0882", "error: the output has " + counted(int64_t(result->values.size()), "element") +
                         ", but there is room for " + std::to_string(capacity)});
      return -1;
    }
    std::copy(result->values.begin(), result->values.end(), output);
    return int64_t(result->values.size());
  });
}

int talweg_session_read(const talweg_session *session, const char *name, float *values, size_t count) {
  return guarded(-1, {{"session", session}, {"name", name}, {"values", values}}, [&] {
    if (!findVariable(session->session.program(), name, count))
      return -1;
    Result<std::vector<float>> result = session->session.read(name);
    if (result)
      std::copy(result->begin(), result->end(), values);
    return status(result);
  });
}

int talweg_session_write(talweg_session *session, const char *name, const float *values, size_t count) {
  return guarded(-1, {{"session", session}, {"name", name}, {"values", values}}, [&] {
    if (!findVariable(session->session.program(), name, count)) // before as many are read
      return -1;
    return status(session->session.write(name, std::vector<float>(values, values + count)));
  });
}

int talweg_session_set_hyper(talweg_session *session, const char *name, double value) {
  return guarded(-1, {{"session", session}, {"name", name}},
                 [&] { return status(session->session.setHyper(name, value)); });
}

int talweg_session_save(const talweg_session *session, const char *directory, const talweg_save_options *options) {
  return guarded(-1, {{"session", session}, {"directory", directory}}, [&] {
    const Result<SaveOptions> known = saveOptions(options);
    return known ? status(session->session.save(directory, *known)) : status(known);
  });
}

int talweg_session_load(talweg_session *session, const char *directory, const talweg_load_options *options) {
  return guarded(-1, {{"session", session}, {"directory", directory}}, [&] {
    const Result<LoadOptions> known = loadOptions(options);
    return known ? status(session->session.load(directory, *known)) : status(known);
  });
}

int talweg_session_claim(talweg_session *session, const char *directory) {
  return guarded(-1, {{"session", session}, {"directory", directory}},
                 [&] { return status(session->session.claim(directory)); });
}

int64_t talweg_session_save_to(const talweg_session *session, const char *notes, void *bytes, size_t capacity) {
  const void *place = capacity ? bytes : session;
  return guarded(-1, {{"session", session}, {"bytes", place}}, [&]() -> int64_t {
    const Result<std::uint64_t> size =
        session->session.saveTo(static_cast<char *>(bytes), capacity, notes ? notes : "");
    return size ? int64_t(*size) : status(size);
  });
}

int talweg_session_load_from(talweg_session *session, const void *bytes, size_t count,
                             const talweg_load_options *options) {
  return guarded(-1, {{"session", session}, {"bytes", bytes}}, [&] {
    const Result<LoadOptions> known = loadOptions(options);
    return known ? status(session->session.loadFrom({static_cast<const char *>(bytes), count}, *known)) : status(known);
  });
}

talweg_snapshot *talweg_session_snapshot(const talweg_session *session) {
  return guarded(static_cast<talweg_snapshot *>(nullptr), {{"session", session}}, [&]() -> talweg_snapshot * {
    Result<Snapshot> result = session->session.snapshot();
    return result ? new talweg_snapshot{*result} : (fail(result.error()), nullptr);
  });
}

int talweg_session_restore(talweg_session *session, const talweg_snapshot *snapshot) {
  return guarded(-1, {{"session", session}, {"snapshot", snapshot}},
                 [&] { return status(session->session.restore(snapshot->snapshot)); });
}

void talweg_snapshot_free(talweg_snapshot *snapshot) { delete snapshot; }

int talweg_session_save_model(const talweg_session *session, const char *file) {
  return guarded(-1, {{"session", session}, {"file", file}}, [&] { return status(session->session.saveModel(file)); });
}

int talweg_session_load_model(talweg_session *session, const char *path) {
  return guarded(-1, {{"session", session}, {"path", path}}, [&] { return status(session->session.loadModel(path)); });
}

//===-- moments ----------------------------------------------------------------------------------------------------===//

talweg_moment *talweg_moment_read(const char *directory) {
  return guarded(nullptr, {{"directory", directory}}, [&] { return handle<talweg_moment>(Moment::read(directory)); });
}

void talweg_moment_free(talweg_moment *moment) { delete moment; }

int64_t talweg_moment_step(const talweg_moment *moment) {
  return guarded(-1, {{"moment", moment}}, [&] { return moment->moment.step; });
}

int64_t talweg_moment_total_steps(const talweg_moment *moment) {
  return guarded(-1, {{"moment", moment}}, [&] { return moment->moment.totalSteps; });
}

/// A string of a moment.
static const char *textOf(const talweg_moment *moment, std::string Moment::*text) {
  return guarded(nullptr, {{"moment", moment}}, [&] { return (moment->moment.*text).c_str(); });
}

const char *talweg_moment_folder(const talweg_moment *moment) { return textOf(moment, &Moment::folder); }
const char *talweg_moment_notes(const talweg_moment *moment) { return textOf(moment, &Moment::notes); }
const char *talweg_moment_best(const talweg_moment *moment) { return textOf(moment, &Moment::best); }
