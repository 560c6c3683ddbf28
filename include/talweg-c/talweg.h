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
typedef struct talweg_moment talweg_moment;     /* what a saved moment says of itself */

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
  int skipped; /* nonzero: a loss, or a norm of a clip, is not finite, and the step has changed nothing (`on nan skip`) */
} talweg_step;

/* A run goes on from an earlier step with lower rates, as a number was not finite (`on nan rollback`). */
typedef struct talweg_rollback {
  int64_t from, to;   /* steps taken before and after */
  double rate_factor; /* what all rates are multiplied by from now on */
  const char *reason; /* what was not finite, and where; valid during the call */
} talweg_rollback;

/* Why training returned. */
typedef enum talweg_stopped {
  TALWEG_PLAN_DONE,
  TALWEG_STEPS_DONE,  /* as many as were asked for */
  TALWEG_BY_CALLBACK, /* which returned nonzero */
  TALWEG_BY_REQUEST,  /* talweg_session_stop */
  TALWEG_NOT_FINITE /* a loss of the next step, or a norm of a clip, is not finite; the session stands at the newest moment behind which
                         a loss was finite, of those that it keeps in memory, or in front of that step, which has changed nothing */
} talweg_stopped;

/* How a moment is saved. NULL instead of it, or zero in every field after the first: as the last moment of its run, and the only one. */
typedef struct talweg_save_options {
  size_t size;       /* sizeof(talweg_save_options) */
  const char *notes; /* kept with the moment: what the host will want to know; NULL: nothing */
  int64_t keep;      /* so many of the newest moments stay, besides the best; 0: one */
  int best;          /* nonzero: it is the best: DIR/best is a link to it from now on */
  int replace;       /* nonzero: what the folder had of another run goes, once this moment is there */
} talweg_save_options;

/* Where a schedule knows the end of the plan, and that has moved. */
typedef enum talweg_end {
  TALWEG_END_SAME,    /* an error */
  TALWEG_END_EXTEND,  /* the same curve over the new length */
  TALWEG_END_CONTINUE /* the curve as it was, and at its end its last value */
} talweg_end;

/* What else than the same run may go on. NULL instead of it, or zero in every field after the first: nothing. */
typedef struct talweg_load_options {
  size_t size;       /* sizeof(talweg_load_options) */
  int other_data;    /* nonzero: other rows; a new epoch over them begins */
  int other_program; /* nonzero: another program with the same variables; its hyper-parameters are as it says */
  int other_batch;   /* nonzero: another number of rows in a batch; a new epoch begins */
  int end;           /* a talweg_end */
  const char *const
      *grow; /* parameters, by patterns of their paths, that may be larger than they were; NULL behind the last */
} talweg_load_options;

/* Called after each step's numbers are known; nonzero stops the training after the steps already taken. */
typedef int (*talweg_on_step)(void *user, const talweg_step *step);
/* Called when the run has gone back; nonzero stops the training there. */
typedef int (*talweg_on_rollback)(void *user, const talweg_rollback *rollback);

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
/* Runs at most `max_steps` steps (0: to the end of the plan). `on_step` may be NULL. A loss that is not finite is no failure, but one of the ways to
 * stop that talweg_session_stopped tells. */
TALWEG_C_API int talweg_session_train(talweg_session *session, int64_t max_steps, talweg_on_step on_step, void *user);
/* From now on, `on_rollback` (NULL: nothing) is called wherever train goes back. */
TALWEG_C_API int talweg_session_on_rollback(talweg_session *session, talweg_on_rollback on_rollback, void *user);
/* A talweg_stopped: why the last call of train returned; or -1: it failed, or there was none. */
TALWEG_C_API int talweg_session_stopped(const talweg_session *session);
/* With TALWEG_NOT_FINITE: what was not finite, where, and what may help; valid until the next call of train. NULL: all was finite. */
TALWEG_C_API const char *talweg_session_not_finite(const talweg_session *session);
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
/* Saves this moment into the run's folder, as its last. Whatever happens meanwhile, the folder holds the moment that it had
 * or this one. Another process that writes there is an error. `options` may be NULL. */
TALWEG_C_API int talweg_session_save(const talweg_session *session, const char *directory,
                                     const talweg_save_options *options);
/* From the last moment of a run's folder, or a moment's folder, training continues with the same bits on the same data. `options` may be NULL. */
TALWEG_C_API int talweg_session_load(talweg_session *session, const char *directory,
                                     const talweg_load_options *options);
/* Makes this session the one writer of a folder until it is freed or claims another. */
TALWEG_C_API int talweg_session_claim(talweg_session *session, const char *directory);
/* The same moment as bytes: writes them if there is room and returns how many there are, or -1. `bytes` may be NULL if `capacity` is 0; `notes` and
 * `options`, too. */
TALWEG_C_API int64_t talweg_session_save_to(const talweg_session *session, const char *notes, void *bytes,
                                            size_t capacity);
TALWEG_C_API int talweg_session_load_from(talweg_session *session, const void *bytes, size_t count,
                                          const talweg_load_options *options);
/* The same in this session, at the cost of copying its variables. */
TALWEG_C_API talweg_snapshot *talweg_session_snapshot(const talweg_session *session);
TALWEG_C_API int talweg_session_restore(talweg_session *session, const talweg_snapshot *snapshot);
TALWEG_C_API void talweg_snapshot_free(talweg_snapshot *snapshot);
/* Parameters and states alone, one .safetensors file. */
TALWEG_C_API int talweg_session_save_model(const talweg_session *session, const char *file);
TALWEG_C_API int talweg_session_load_model(talweg_session *session, const char *path);

/* Moments. Of a run's folder the last one; nothing is compiled. */
TALWEG_C_API talweg_moment *talweg_moment_read(const char *directory);
TALWEG_C_API void talweg_moment_free(talweg_moment *moment);
TALWEG_C_API int64_t talweg_moment_step(const talweg_moment *moment);
TALWEG_C_API int64_t talweg_moment_total_steps(const talweg_moment *moment); /* at which the plan is done */
/* Where it lies, links followed. This string and the next two are valid until the moment is freed. */
TALWEG_C_API const char *talweg_moment_folder(const talweg_moment *moment);
TALWEG_C_API const char *talweg_moment_notes(const talweg_moment *moment);
/* The name of the run's best moment, in the same folder; empty: none was saved as that. */
TALWEG_C_API const char *talweg_moment_best(const talweg_moment *moment);

#ifdef __cplusplus
}
#endif

#endif
