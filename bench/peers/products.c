// Matrix products alone: products THREADS
//
// For each line of standard input, "NN|NT|TN M N K SECONDS", the rate of c[M][N] = op(a) op(b) in GFLOP/s, by the median time
// of calls within so many seconds, as one JSON object a line.
//
// Build: cc -O3 -fopenmp products.c -lopenblas, or with -DONEDNN and -ldnnl.
#include "blas.h"
#include "clock.h"

#include <omp.h>
#include <stdio.h>
#include <stdlib.h>

static float *filled(size_t count, unsigned factor) {
  float *memory = aligned_alloc(64, (count * sizeof(float) + 63) / 64 * 64);
  for (size_t i = 0; i < count; ++i)
    memory[i] = (float)(i * factor % 1000) * 1e-3f;
  return memory;
}

int main(int count, char **arguments) {
  if (count != 2) {
    fprintf(stderr, "usage: products THREADS\n");
    return 2;
  }
  omp_set_num_threads(atoi(arguments[1]));
  setvbuf(stdout, NULL, _IOLBF, 0);
  enum { kMostTimes = 1 << 16 };
  static double times[kMostTimes];
  char ops[3];
  int m, n, k;
  double seconds;
  while (scanf("%2s %d %d %d %lf", ops, &m, &n, &k, &seconds) == 5) {
    float *a = filled((size_t)m * k, 7919), *b = filled((size_t)n * k, 104729), *c = filled((size_t)m * n, 1);
    double work = 2.0 * m * n * k;
    int calls = work < 2e7 ? (int)(2e7 / work) + 1 : 1; // between two looks at the clock
    size_t taken = 0;
    double begin = now(), start = begin;
    while (taken < kMostTimes && (taken < 6 || start < begin + seconds)) {
      for (int i = 0; i < calls; ++i)
        product(ops[0], ops[1], m, n, k, a, b, c);
      double stop = now();
      times[taken++] = (stop - start) / calls;
      start = stop;
    }
    size_t warm = taken / 6; // the first calls are slow
    printf("{\"gflops\": %.2f}\n", work / median(times + warm, taken - warm) * 1e-9);
    free(a), free(b), free(c);
  }
}
