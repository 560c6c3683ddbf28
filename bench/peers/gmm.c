// One gradient of ADBench's Gaussian mixture over all its points, and a step of gradient descent, as one would write it by hand without
// a library. The points go through in blocks, coordinates in rows, so that lanes run along the points: forward, what each component says
// of a block (w = L (x - mu), L lower triangular with the diagonal exp(q)), then the logarithm of the sum of exponentials, then
// backward. Both triangular products are in tiles of registers; the gradient of mu is L^T times the sum of w's, once a step.
//
//   gmm NAME FOLDER THREADS
//
// FOLDER holds x.idx and parameters.f32 (alpha [K], low [K][D][D], mu [K][D], q [K][D]). Speaks as mlp.c does.
//
// Build: cc -O3 -march=native -ffast-math -fopenmp gmm.c -lm
#include "peer.h"

#include <float.h>
#include <math.h>
#include <omp.h>

enum { kLanes = 16, kBlock = 128, kVectors = kBlock / kLanes, kTile = 4 };
typedef float Vector __attribute__((vector_size(kLanes * sizeof(float))));

static const float kRate = 1e-3f;

typedef struct {
  int d, k, n, blocks;
  float *alpha, *low, *mu, *q;
  float *factor;                       // L [K][D][D], its upper triangle unused
  float *factorSum, *wSum, *weightSum; // sums over points: p w c^T [K][D][D], p w [K][D], p [K]
  Vector *points;                      // [blocks][D][kVectors], zeros behind the last point
  Vector *scores;                      // [K][kVectors] of a block, then its weights p
  Vector *w;                           // [K][D][kVectors] of a block
  Vector *centred;                     // [threads][D][kVectors]
} Mixture;

static float sumOf(Vector v) {
  typedef float Half __attribute__((vector_size(32)));
  typedef float Quarter __attribute__((vector_size(16)));
  union {
    Vector whole;
    Half halves[2];
  } all = {v};
  union {
    Half whole;
    Quarter halves[2];
  } some = {all.halves[0] + all.halves[1]};
  Quarter last = some.halves[0] + some.halves[1];
  return (last[0] + last[2]) + (last[1] + last[3]);
}

static Mixture load(const char *folder, int threads) {
  Mixture m = {0};
  float *x = readIdx(folder, "x.idx", &m.n, &m.d);
  size_t count;
  m.alpha = readParameters(folder, &count);
  m.k = (int)(count / (1 + 2 * m.d + m.d * m.d));
  m.blocks = (m.n + kBlock - 1) / kBlock;
  size_t k = m.k, d = m.d;
  m.low = m.alpha + k, m.mu = m.low + k * d * d, m.q = m.mu + k * d;
  m.factor = zeros(k * d * d), m.factorSum = zeros(k * d * d), m.wSum = zeros(k * d), m.weightSum = zeros(k);
  m.points = (Vector *)zeros(m.blocks * d * kBlock);
  m.scores = (Vector *)zeros(k * kBlock), m.w = (Vector *)zeros(k * d * kBlock);
  m.centred = (Vector *)zeros(threads * d * kBlock);
  for (int point = 0; point < m.n; ++point)
    for (int i = 0; i < m.d; ++i)
      ((float *)m.points)[((size_t)point / kBlock * d + i) * kBlock + point % kBlock] = x[point * d + i];
  free(x);
  return m;
}

static void centre(const Mixture *m, int k, const Vector *x, Vector *c) {
  for (int i = 0; i < m->d; ++i)
    for (int v = 0; v < kVectors; ++v)
      c[i * kVectors + v] = x[i * kVectors + v] - m->mu[k * m->d + i];
}

/// w = L c, and the scores of component k.
static void forward(const Mixture *m, int k, float constant, const Vector *c, Vector *w, Vector *scores) {
  const float *l = m->factor + (size_t)k * m->d * m->d;
  int d = m->d;
  for (int v = 0; v < kVectors; ++v)
    scores[v] = (Vector){0} + constant;
  for (int i = 0; i < d; i += kTile) {
    int rows = d - i < kTile ? d - i : kTile;
    for (int v = 0; v < kVectors; v += kTile) {
      Vector sum[kTile][kTile] = {0};
      if (rows == kTile)
        for (int j = 0; j < i; ++j)
          for (int r = 0; r < kTile; ++r)
            for (int s = 0; s < kTile; ++s)
              sum[r][s] += l[(i + r) * d + j] * c[j * kVectors + v + s];
      else
        for (int r = 0; r < rows; ++r)
          for (int j = 0; j < i; ++j)
            for (int s = 0; s < kTile; ++s)
              sum[r][s] += l[(i + r) * d + j] * c[j * kVectors + v + s];
      for (int r = 0; r < rows; ++r) {
        for (int j = i; j <= i + r; ++j)
          for (int s = 0; s < kTile; ++s)
            sum[r][s] += l[(i + r) * d + j] * c[j * kVectors + v + s];
        for (int s = 0; s < kTile; ++s) {
          w[(i + r) * kVectors + v + s] = sum[r][s];
          scores[v + s] -= 0.5f * sum[r][s] * sum[r][s];
        }
      }
    }
  }
}

/// Adds up p w, and the lower triangle of p w c^T.
static void backward(const Mixture *m, int k, const Vector *p, const Vector *c, Vector *w) {
  float *factorSum = m->factorSum + (size_t)k * m->d * m->d, *wSum = m->wSum + k * m->d;
  int d = m->d;
  Vector weight = {0};
  for (int v = 0; v < kVectors; ++v)
    weight += p[v];
  m->weightSum[k] += sumOf(weight);
  for (int i = 0; i < d; ++i) {
    Vector sum = {0};
    for (int v = 0; v < kVectors; ++v)
      sum += w[i * kVectors + v] *= p[v];
    wSum[i] += sumOf(sum);
  }
  for (int i = 0; i < d; i += kTile)
    for (int j = 0; j <= i; j += kTile) {
      int rows = d - i < kTile ? d - i : kTile, columns = d - j < kTile ? d - j : kTile;
      Vector sum[kTile][kTile] = {0};
      if (rows == kTile && columns == kTile)
        for (int v = 0; v < kVectors; ++v)
          for (int r = 0; r < kTile; ++r)
            for (int s = 0; s < kTile; ++s)
              sum[r][s] += w[(i + r) * kVectors + v] * c[(j + s) * kVectors + v];
      else
        for (int r = 0; r < rows; ++r)
          for (int s = 0; s < columns; ++s)
            for (int v = 0; v < kVectors; ++v)
              sum[r][s] += w[(i + r) * kVectors + v] * c[(j + s) * kVectors + v];
      for (int r = 0; r < rows; ++r)
        for (int s = 0; s < columns && j + s <= i + r; ++s)
          factorSum[(i + r) * d + j + s] += sumOf(sum[r][s]);
    }
}

/// Of a block's scores the weights of the components, and the sum of the points' logarithms; points behind the last have no weight.
static double normalize(const Mixture *m, int points) {
  float *scores = (float *)m->scores, largest[kBlock], sum[kBlock];
  double total = 0;
  for (int n = 0; n < kBlock; ++n)
    largest[n] = -FLT_MAX, sum[n] = 0;
  for (int k = 0; k < m->k; ++k)
    for (int n = 0; n < kBlock; ++n)
      largest[n] = fmaxf(largest[n], scores[k * kBlock + n]);
  for (int k = 0; k < m->k; ++k)
    for (int n = 0; n < kBlock; ++n)
      sum[n] += scores[k * kBlock + n] = expf(scores[k * kBlock + n] - largest[n]);
  for (int n = 0; n < points; ++n)
    total += largest[n] + logf(sum[n]);
  for (int n = 0; n < kBlock; ++n)
    sum[n] = n < points ? 1 / sum[n] : 0;
  for (int k = 0; k < m->k; ++k)
    for (int n = 0; n < kBlock; ++n)
      scores[k * kBlock + n] *= sum[n];
  return total;
}

/// The loss, minus the mean of the points' logarithms, before the step.
static float step(void *mixture) {
  Mixture *m = mixture;
  int d = m->d, count = m->k;
  size_t square = (size_t)d * d;
  float constants[count], largest = -FLT_MAX, sum = 0;
  for (int k = 0; k < count; ++k) {
    float *l = m->factor + k * square;
    memcpy(l, m->low + k * square, square * sizeof(float));
    constants[k] = m->alpha[k];
    for (int i = 0; i < d; ++i)
      l[i * d + i] = expf(m->q[k * d + i]), constants[k] += m->q[k * d + i];
    largest = fmaxf(largest, m->alpha[k]);
  }
  for (int k = 0; k < count; ++k)
    sum += expf(m->alpha[k] - largest);
  memset(m->factorSum, 0, count * square * sizeof(float));
  memset(m->wSum, 0, count * d * sizeof(float));
  memset(m->weightSum, 0, count * sizeof(float));
  double total = 0;
  for (int block = 0; block < m->blocks; ++block) {
    const Vector *x = m->points + (size_t)block * d * kVectors;
    int points = m->n - block * kBlock < kBlock ? m->n - block * kBlock : kBlock;
#pragma omp parallel for
    for (int k = 0; k < count; ++k) {
      Vector *c = m->centred + (size_t)omp_get_thread_num() * d * kVectors;
      centre(m, k, x, c);
      forward(m, k, constants[k], c, m->w + (size_t)k * d * kVectors, m->scores + (size_t)k * kVectors);
    }
    total += normalize(m, points);
#pragma omp parallel for
    for (int k = 0; k < count; ++k) {
      Vector *c = m->centred + (size_t)omp_get_thread_num() * d * kVectors;
      centre(m, k, x, c);
      backward(m, k, m->scores + (size_t)k * kVectors, c, m->w + (size_t)k * d * kVectors);
    }
  }
  float loss = (float)(-total / m->n) + largest + logf(sum), rate = kRate / m->n;
  for (int k = 0; k < count; ++k) {
    float *l = m->factor + k * square, *slopes = m->factorSum + k * square, *w = m->wSum + k * d;
    float *mu = m->mu + k * d, *q = m->q + k * d, *low = m->low + k * square, weight = m->weightSum[k];
    for (int i = 0; i < d; ++i) {
      for (int j = 0; j <= i; ++j)
        mu[j] += rate * l[i * d + j] * w[i];
      for (int j = 0; j < i; ++j)
        low[i * d + j] -= rate * slopes[i * d + j];
      q[i] += rate * (weight - l[i * d + i] * slopes[i * d + i]);
    }
    m->alpha[k] += rate * (weight - m->n * expf(m->alpha[k] - largest) / sum);
  }
  return loss;
}

int main(int count, char **arguments) {
  if (count != 4)
    fail("usage: gmm NAME FOLDER THREADS");
  int threads = atoi(arguments[3]);
  omp_set_num_threads(threads);
  Mixture mixture = load(arguments[2], threads);
  serve(step, &mixture);
}
