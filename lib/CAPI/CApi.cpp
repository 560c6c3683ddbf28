// The C API over the C++ API. Every entry runs inside `guarded`, so that no exception crosses it.
#include "talweg-c/talweg.h"

#include "talweg/Engine/Engine.h"

#include <algorithm>
#include <exception>
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
};

//===-- errors -----------------------------------------------------------------------------------------------------===//

static thread_local Error lastError;

static void fail(Error error) { lastError = std::move(error); }

/// What `action` returns; on an exception, its text becomes the last error and `failure` is returned.
template <typename Failure, typename Action>
static auto guarded(Failure failure, Action action) -> decltype(action()) {
  try {
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
static int status(const Result<void> &result) {
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

//===-- programs ---------------------------------------------------------------------------------------------------===//

static CompileOptions compileOptions(const talweg_options *given) {
  CompileOptions options;
  if (!given)
    return options;
  for (const char *const *pair = given->set; pair && pair[0] && pair[1]; pair += 2)
    options.set.emplace_back(pair[0], pair[1]);
  auto optional = [](std::int64_t value) { return value ? std::optional(value) : std::nullopt; };
  options.batch = optional(given->batch);
  options.epochs = optional(given->epochs);
  options.steps = optional(given->steps);
  if (given->has_seed)
    options.seed = std::uint64_t(given->seed);
  options.memory = optional(given->memory);
  options.doublePrecision = given->double_precision != 0;
  return options;
}

static SessionOptions sessionOptions(const talweg_options *given) {
  SessionOptions options;
  if (given) {
    options.threads = given->threads;
    options.shuffle = !given->no_shuffle;
  }
  return options;
}

talweg_program *talweg_program_from_file(const char *path, const talweg_options *options) {
  return guarded(nullptr, [&] { return handle<talweg_program>(Program::fromFile(path, compileOptions(options))); });
}

talweg_program *talweg_program_from_text(const char *text, const char *name, const talweg_options *options) {
  return guarded(nullptr,
                 [&] { return handle<talweg_program>(Program::fromText(text, name, compileOptions(options))); });
}

void talweg_program_free(talweg_program *program) { delete program; }

int64_t talweg_program_batch(const talweg_program *program) { return program->program.plan().batch; }

size_t talweg_program_metrics(const talweg_program *program) { return program->program.plan().metrics.size(); }

const char *talweg_program_metric(const talweg_program *program, size_t index) {
  const auto &metrics = program->program.plan().metrics;
  return index < metrics.size() ? metrics[index].c_str() : nullptr;
}

size_t talweg_program_variables(const talweg_program *program) { return program->program.plan().variables.size(); }

const char *talweg_program_variable(const talweg_program *program, size_t index) {
  const auto &variables = program->program.plan().variables;
  return index < variables.size() ? variables[index].name.c_str() : nullptr;
}

static const Variable *findVariable(const talweg_program *program, const char *name) {
  const auto &variables = program->program.plan().variables;
  auto found = std::find_if(variables.begin(), variables.end(), [&](const Variable &v) { return v.name == name; });
  if (found != variables.end())
    return &*found;
  guarded(0, [&] {
    fail({"E0857", std::string("error: the program has no variable `") + name + "`"});
    return 0;
  });
  return nullptr;
}

int64_t talweg_program_variable_size(const talweg_program *program, const char *name) {
  const Variable *variable = findVariable(program, name);
  return variable ? variable->count : -1;
}

int talweg_program_variable_shape(const talweg_program *program, const char *name, int64_t *dims, size_t capacity) {
  const Variable *variable = findVariable(program, name);
  if (!variable)
    return -1;
  std::copy_n(variable->shape.begin(), std::min(capacity, variable->shape.size()), dims);
  return int(variable->shape.size());
}

//===-- data -------------------------------------------------------------------------------------------------------===//

talweg_dataset *talweg_dataset_load(const talweg_program *program, const char *split, const char *path) {
  return guarded(nullptr,
                 [&] { return handle<talweg_dataset>(Dataset::load(program->program, split, path ? path : "")); });
}

talweg_dataset *talweg_dataset_from_memory(const talweg_program *program, const talweg_field *fields, size_t count,
                                           int64_t rows) {
  return guarded(nullptr, [&] {
    std::vector<FieldView> views;
    for (size_t i = 0; i < count; ++i)
      views.push_back({fields[i].name, fields[i].data});
    return handle<talweg_dataset>(Dataset::fromMemory(program->program, views, rows));
  });
}

void talweg_dataset_free(talweg_dataset *dataset) { delete dataset; }
int64_t talweg_dataset_rows(const talweg_dataset *dataset) { return dataset->dataset.rows(); }

//===-- sessions ---------------------------------------------------------------------------------------------------===//

talweg_session *talweg_session_create(const talweg_program *program, const talweg_options *options) {
  return guarded(nullptr,
                 [&] { return handle<talweg_session>(Session::create(program->program, sessionOptions(options))); });
}

void talweg_session_free(talweg_session *session) { delete session; }

int talweg_session_set_training_data(talweg_session *session, const talweg_dataset *dataset) {
  return guarded(-1, [&] { return status(session->session.setTrainingData(dataset->dataset)); });
}

int talweg_session_train(talweg_session *session, int64_t max_steps, talweg_on_step on_step, void *user) {
  return guarded(-1, [&] {
    TrainOptions options;
    options.maxSteps = max_steps;
    if (on_step)
      options.onChunk = [&](const Chunk &chunk) {
        bool go = true;
        for (const StepRecord &record : chunk.steps) {
          talweg_step step{record.step, record.epoch, record.rows, record.loss, record.metrics.data()};
          go = on_step(user, &step) == 0 && go;
        }
        return go;
      };
    Result<Stopped> stopped = session->session.train(options);
    if (stopped)
      return 0;
    fail(stopped.error());
    return -1;
  });
}

void talweg_session_stop(talweg_session *session) { session->session.requestStop(); }
int64_t talweg_session_step(const talweg_session *session) { return session->session.step(); }

int talweg_session_evaluate(talweg_session *session, const talweg_dataset *dataset, double *loss, double *metrics) {
  return guarded(-1, [&] {
    Result<Evaluation> result = session->session.evaluate(dataset->dataset);
    if (!result) {
      fail(result.error());
      return -1;
    }
    if (loss)
      *loss = result->loss;
    if (metrics)
      std::copy(result->metrics.begin(), result->metrics.end(), metrics);
    return 0;
  });
}

int64_t talweg_session_predict(talweg_session *session, const talweg_dataset *dataset, float *output, size_t capacity) {
  return guarded(-1, [&]() -> int64_t {
    Result<Prediction> result = session->session.predict(dataset->dataset);
    if (!result) {
      fail(result.error());
      return -1;
    }
    if (result->values.size() > capacity) {
      fail({"E0882", "error: the output has " + std::to_string(result->values.size()) +
                         " elements, but there is room for " + std::to_string(capacity)});
      return -1;
    }
    std::copy(result->values.begin(), result->values.end(), output);
    return int64_t(result->values.size());
  });
}

int talweg_session_read(const talweg_session *session, const char *name, float *values, size_t count) {
  return guarded(-1, [&] {
    Result<std::vector<float>> result = session->session.read(name);
    if (result && result->size() != count)
      fail({"E0859", std::string("error: variable `") + name + "` has " + std::to_string(result->size()) +
                         " elements, not " + std::to_string(count)});
    else if (!result)
      fail(result.error());
    else {
      std::copy(result->begin(), result->end(), values);
      return 0;
    }
    return -1;
  });
}

int talweg_session_write(talweg_session *session, const char *name, const float *values, size_t count) {
  return guarded(-1, [&] { return status(session->session.write(name, std::vector<float>(values, values + count))); });
}

int talweg_session_set_hyper(talweg_session *session, const char *name, double value) {
  return guarded(-1, [&] { return status(session->session.setHyper(name, value)); });
}

int talweg_session_save(const talweg_session *session, const char *directory) {
  return guarded(-1, [&] { return status(session->session.save(directory)); });
}

int talweg_session_load(talweg_session *session, const char *directory) {
  return guarded(-1, [&] { return status(session->session.load(directory)); });
}

int talweg_session_save_model(const talweg_session *session, const char *file) {
  return guarded(-1, [&] { return status(session->session.saveModel(file)); });
}

int talweg_session_load_model(talweg_session *session, const char *path) {
  return guarded(-1, [&] { return status(session->session.loadModel(path)); });
}
