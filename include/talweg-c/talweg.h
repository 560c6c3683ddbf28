/* The C API: the C++ API of talweg/Engine/Engine.h with opaque handles and plain values.
 *
 * A function that fails returns NULL or -1 (those that count in size_t: 0); talweg_last_error() then holds the text, ready to
 * be shown. NULL for a handle, a name or a buffer is such a failure where it is not said to be allowed; freeing or stopping
 * NULL does nothing. Handles are independent once made: a program may be freed before its sessions and data sets. A session is used by
 * one thread at a time, but for talweg_session_stop. */
#ifndef TALWEG_C_TALWEG_H
#define TALWEG_C_TALWEG_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TALWEG_C_API __attribute__((visibility("default")))

typedef struct talweg_program talweg_program;
typedef struct talweg_dataset talweg_dataset;
typedef struct talweg_session talweg_session;
typedef struct talweg_snapshot talweg_snapshot; /* a moment of a session, in memory */

/* What overrides the file. NULL instead of it, or zero in every field after the first, changes nothing. */
typedef struct talweg_options {
  size_t size;            /* sizeof(talweg_options): which fields the host knows, as later versions may have more */
  const char *const *set; /* values of `config` names: "lr", "0.3", "width", "64", NULL */
  int64_t batch, epochs, steps; /* 0: as the file says */
  int64_t seed;
  int has_seed;         /* nonzero: `seed` counts */
  int double_precision; /* nonzero: compute in f64 */
  int threads;          /* of sessions, at most 1024; 0: one for each core */
  int no_shuffle;       /* of sessions; nonzero: rows in their order */
  int64_t memory;       /* bytes that variables and arena may take together; 0: any number */
  const char *
      target; /* what code is made for, as LLVM calls it: "x86-64-v3"; NULL: this machine. Sessions need what runs on it */
} talweg_options;

/* One field's values for all rows, row-major, in the field's stored type. Each field is given once; labels are checked. */
typedef struct talweg_field {
  const char *name;
  const void *data;
} talweg_field;

/* What one training step told. */
typedef struct talweg_step {
  int64_t step, epoch, rows;
  double loss;
  const double
      *metrics; /* talweg_program_metrics of them; valid during the call; NaN for a loss that this step skips */
} talweg_step;

/* Called after each step's numbers are known; nonzero stops the training after the steps already taken. */
typedef int (*talweg_on_step)(void *user, const talweg_step *step);

TALWEG_C_API const char *talweg_version(void);
/* The calling thread's last failure; valid until its next failure. Empty if there was none. */
TALWEG_C_API const char *talweg_last_error(void);
/* Its stable code, such as "E0231". */
TALWEG_C_API const char *talweg_last_error_code(void);

/* Programs. */
TALWEG_C_API talweg_program *talweg_program_from_file(const char *path, const talweg_options *options);
TALWEG_C_API talweg_program *talweg_program_from_text(const char *text, const char *name,
                                                      const talweg_options *options);
TALWEG_C_API void talweg_program_free(talweg_program *program);
TALWEG_C_API int64_t talweg_program_batch(const talweg_program *program);
TALWEG_C_API size_t talweg_program_metrics(const talweg_program *program);
/* Its name; NULL beyond the last. */
TALWEG_C_API const char *talweg_program_metric(const talweg_program *program, size_t index);
TALWEG_C_API size_t talweg_program_variables(const talweg_program *program);
/* Its name; NULL beyond the last. */
TALWEG_C_API const char *talweg_program_variable(const talweg_program *program, size_t index);
/* Elements of a variable; -1 if there is none of that name. */
TALWEG_C_API int64_t talweg_program_variable_size(const talweg_program *program, const char *name);
/* Its dimensions, as many as `capacity` allows, into `dims` (NULL if that is 0); returns how many it has, or -1. */
TALWEG_C_API int talweg_program_variable_shape(const talweg_program *program, const char *name, int64_t *dims,
                                               size_t capacity);

/* Data. `path` may be NULL: as declared in the file. */
TALWEG_C_API talweg_dataset *talweg_dataset_load(const talweg_program *program, const char *split, const char *path);
TALWEG_C_API talweg_dataset *talweg_dataset_from_memory(const talweg_program *program, const talweg_field *fields,
                                                        size_t count, int64_t rows);
TALWEG_C_API void talweg_dataset_free(talweg_dataset *dataset);
TALWEG_C_API int64_t talweg_dataset_rows(const talweg_dataset *dataset);

/* Sessions. Functions that return int return 0, or -1 on failure. */
TALWEG_C_API talweg_session *talweg_session_create(const talweg_program *program, const talweg_options *options);
TALWEG_C_API void talweg_session_free(talweg_session *session);
/* The rows to train on from now on, from the first of an epoch. With a plan in epochs, so many over each data that is set. */
TALWEG_C_API int talweg_session_set_training_data(talweg_session *session, const talweg_dataset *dataset);
/* Runs at most `max_steps` steps (0: to the end of the plan). `on_step` may be NULL. It fails, too, where a loss of the next step, or a norm that its
   gradients are clipped by, is not finite, unless the file says `on nan skip` or `on nan ignore`. */
TALWEG_C_API int talweg_session_train(talweg_session *session, int64_t max_steps, talweg_on_step on_step, void *user);
/* From any thread or signal handler: makes the running call of train, evaluate or predict, or the next one, return soon. Train
 * then returns 0, the others fail; calls after it are not concerned. */
TALWEG_C_API void talweg_session_stop(talweg_session *session);
TALWEG_C_API int64_t talweg_session_step(const talweg_session *session);
/* Means over rows. `metrics` (may be NULL) takes talweg_program_metrics numbers. */
TALWEG_C_API int talweg_session_evaluate(talweg_session *session, const talweg_dataset *dataset, double *loss,
                                         double *metrics);
/* Writes the model's output, row-major; returns its number of elements, or -1, also if `capacity` is too small. `output` may be
 * NULL if `capacity` is 0. */
TALWEG_C_API int64_t talweg_session_predict(talweg_session *session, const talweg_dataset *dataset, float *output,
                                            size_t capacity);
TALWEG_C_API int talweg_session_read(const talweg_session *session, const char *name, float *values, size_t count);
TALWEG_C_API int talweg_session_write(talweg_session *session, const char *name, const float *values, size_t count);
/* A hyper-parameter between steps: a finite value. */
TALWEG_C_API int talweg_session_set_hyper(talweg_session *session, const char *name, double value);
/* Saves this moment into the run's folder, as its last; earlier ones go. Whatever happens meanwhile, the folder holds the moment that it had
 * or this one. Another process that writes there is an error. */
TALWEG_C_API int talweg_session_save(const talweg_session *session, const char *directory);
/* From the last moment of a run's folder, or a moment's folder, training continues with the same bits on the same data. */
TALWEG_C_API int talweg_session_load(talweg_session *session, const char *directory);
/* Makes this session the one writer of a folder until it is freed or claims another. */
TALWEG_C_API int talweg_session_claim(talweg_session *session, const char *directory);
/* The same moment as bytes: writes them if there is room and returns how many there are, or -1. `bytes` may be NULL if `capacity` is 0. */
TALWEG_C_API int64_t talweg_session_save_to(const talweg_session *session, void *bytes, size_t capacity);
TALWEG_C_API int talweg_session_load_from(talweg_session *session, const void *bytes, size_t count);
/* The same in this session, at the cost of copying its variables. */
TALWEG_C_API talweg_snapshot *talweg_session_snapshot(const talweg_session *session);
TALWEG_C_API int talweg_session_restore(talweg_session *session, const talweg_snapshot *snapshot);
TALWEG_C_API void talweg_snapshot_free(talweg_snapshot *snapshot);
/* Parameters and states alone, one .safetensors file. */
TALWEG_C_API int talweg_session_save_model(const talweg_session *session, const char *file);
TALWEG_C_API int talweg_session_load_model(talweg_session *session, const char *path);

#ifdef __cplusplus
}
#endif

#endif
