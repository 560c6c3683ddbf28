// The training step of W1, W2 and W3 as one would write it by hand over a library of matrix products: bias and relu in one
// pass over the layer's output, the whole update in one pass over the parameters, nothing allocated in a step.
//
//   mlp WORKLOAD FOLDER THREADS
//
// FOLDER holds x.idx, label.idx and parameters.f32 (bias, then weight [in][out], of each layer in turn). Writes one JSON
// object a line: {"event": "first_step"}, {"event": "ready", …} with the losses of the first and the tenth step; then, for each
// line of standard input, which is a number of seconds, the median time of a step in microseconds, measured for so long.
//
// Build: cc -O3 -march=native -ffast-math -fopenmp mlp.c -lopenblas -lm, or with -DONEDNN and -ldnnl.
#include "blas.h"
#include "peer.h"

#include <math.h>
#include <omp.h>

enum { kMostLayers = 3, kClasses = 10 };
enum { kWorthThreads = 16384 }; // elements of a loop that two threads do faster than one

typedef enum { Sgd, Adam, AdamW } Optimizer;

typedef struct {
  const char *name;
  int layers, widths[kMostLayers + 1], batch;
  Optimizer optimizer;
  float lr;
} Workload;

static const Workload kWorkloads[] = {
    {"W1", 2, {64, 128, 10}, 32, Sgd, 0.05f},
    {"W2", 3, {784, 256, 128, 10}, 64, Adam, 1e-3f},
    {"W3", 3, {784, 1024, 1024, 10}, 128, AdamW, 1e-3f},
};

typedef struct {
  Workload work;
  size_t count;                          // of all parameters
  float *parameters, *gradients, *m, *v; // of the same layout
  float *bias[kMostLayers], *weight[kMostLayers], *biasGradient[kMostLayers], *weightGradient[kMostLayers];
  float *y[kMostLayers + 1], *dy[kMostLayers + 1]; // outputs of the layers and their cotangents; y[0] is the batch
  float *rows;
  int32_t *labels;
  int batches, steps;
} Training;

static Training load(const Workload *work, const char *folder) {
  Training t = {.work = *work};
  int rows, labels, width;
  t.rows = readIdx(folder, "x.idx", &rows, &width);
  t.labels = readIdx(folder, "label.idx", &labels, &width);
  t.batches = rows / work->batch;
  size_t offset[kMostLayers];
  for (int i = 0; i < work->layers; ++i) {
    offset[i] = t.count;
    t.count += (size_t)work->widths[i + 1] * (work->widths[i] + 1);
  }
  size_t stored;
  t.parameters = readParameters(folder, &stored);
  if (stored != t.count)
    fail("parameters.f32 is of another model");
  t.gradients = zeros(t.count), t.m = zeros(t.count), t.v = zeros(t.count);
  for (int i = 0; i < work->layers; ++i) {
    int out = work->widths[i + 1];
    t.bias[i] = t.parameters + offset[i], t.weight[i] = t.bias[i] + out;
    t.biasGradient[i] = t.gradients + offset[i], t.weightGradient[i] = t.biasGradient[i] + out;
    t.y[i + 1] = zeros((size_t)work->batch * out), t.dy[i + 1] = zeros((size_t)work->batch * out);
  }
  return t;
}

static void addBias(float *y, const float *bias, int rows, int width, int relu) {
#pragma omp parallel for if (rows * width > kWorthThreads)
  for (int r = 0; r < rows; ++r)
    for (int j = 0; j < width; ++j) {
      float value = y[(size_t)r * width + j] + bias[j];
      y[(size_t)r * width + j] = relu && value < 0 ? 0 : value;
    }
}

/// The mean of the rows' losses, and its derivative in y.
static float crossEntropy(const float *y, const int32_t *labels, int rows, float *dy) {
  float loss = 0;
  for (int r = 0; r < rows; ++r) {
    const float *scores = y + r * kClasses;
    float *out = dy + r * kClasses, largest = scores[0], sum = 0;
    for (int j = 1; j < kClasses; ++j)
      largest = fmaxf(largest, scores[j]);
    for (int j = 0; j < kClasses; ++j)
      sum += out[j] = expf(scores[j] - largest);
    loss += logf(sum) + largest - scores[labels[r]];
    for (int j = 0; j < kClasses; ++j)
      out[j] = (out[j] / sum - (j == labels[r])) / rows;
  }
  return loss / rows;
}

static void sumRows(const float *dy, int rows, int width, float *sum) {
  memset(sum, 0, width * sizeof(float));
  for (int r = 0; r < rows; ++r)
    for (int j = 0; j < width; ++j)
      sum[j] += dy[(size_t)r * width + j];
}

static void passRelu(const float *y, float *dy, size_t count) {
#pragma omp parallel for if (count > kWorthThreads)
  for (size_t i = 0; i < count; ++i)
    dy[i] = y[i] > 0 ? dy[i] : 0;
}

static void update(Training *t) {
  float *restrict p = t->parameters, *restrict m = t->m, *restrict v = t->v;
  const float *restrict g = t->gradients;
  float lr = t->work.lr;
  int shared = t->count > kWorthThreads;
  if (t->work.optimizer == Sgd) {
#pragma omp parallel for simd if (parallel : shared)
    for (size_t i = 0; i < t->count; ++i) {
      m[i] = 0.9f * m[i] + g[i];
      p[i] -= lr * m[i];
    }
    return;
  }
  float rate = (float)(lr / (1 - pow(0.9, t->steps + 1))), scale = (float)(1 / sqrt(1 - pow(0.999, t->steps + 1)));
  float keep = t->work.optimizer == AdamW ? 1 - lr * 0.01f : 1;
#pragma omp parallel for simd if (parallel : shared)
  for (size_t i = 0; i < t->count; ++i) {
    m[i] = 0.9f * m[i] + 0.1f * g[i];
    v[i] = 0.999f * v[i] + 0.001f * g[i] * g[i];
    p[i] = p[i] * keep - rate * m[i] / (sqrtf(v[i]) * scale + 1e-8f);
  }
}

static float step(void *training) {
  Training *t = training;
  const int *widths = t->work.widths;
  int rows = t->work.batch, layers = t->work.layers;
  size_t first = (size_t)(t->steps % t->batches) * rows;
  t->y[0] = t->rows + first * widths[0];
  for (int i = 0; i < layers; ++i) {
    product('N', 'N', rows, widths[i + 1], widths[i], t->y[i], t->weight[i], t->y[i + 1]);
    addBias(t->y[i + 1], t->bias[i], rows, widths[i + 1], i + 1 < layers);
  }
  float loss = crossEntropy(t->y[layers], t->labels + first, rows, t->dy[layers]);
  for (int i = layers - 1; i >= 0; --i) {
    sumRows(t->dy[i + 1], rows, widths[i + 1], t->biasGradient[i]);
    product('T', 'N', widths[i], widths[i + 1], rows, t->y[i], t->dy[i + 1], t->weightGradient[i]);
    if (i == 0)
      break;
    product('N', 'T', rows, widths[i], widths[i + 1], t->dy[i + 1], t->weight[i], t->dy[i]);
    passRelu(t->y[i], t->dy[i], (size_t)rows * widths[i]);
  }
  update(t);
  ++t->steps;
  return loss;
}

int main(int count, char **arguments) {
  const Workload *work = NULL;
  for (size_t i = 0; count == 4 && i < sizeof kWorkloads / sizeof *kWorkloads; ++i)
    if (!strcmp(arguments[1], kWorkloads[i].name))
      work = &kWorkloads[i];
  if (!work)
    fail("usage: mlp W1|W2|W3 FOLDER THREADS");
  omp_set_num_threads(atoi(arguments[3]));
  Training training = load(work, arguments[2]);
  serve(step, &training);
}
