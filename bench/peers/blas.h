// Matrix products from a library: OpenBLAS, or oneDNN with -DONEDNN.
#ifndef TALWEG_BENCH_BLAS_H
#define TALWEG_BENCH_BLAS_H

#ifdef ONEDNN
#include <oneapi/dnnl/dnnl.h>
#else
#include <cblas.h>
#endif

/// c[m][n] = op(a) op(b), all in rows without gaps; op(a) is m x k and op(b) is k x n; 'T' says that it is stored transposed.
static inline void product(char opA, char opB, int m, int n, int k, const float *a, const float *b, float *c) {
  int widthA = opA == 'T' ? m : k, widthB = opB == 'T' ? k : n;
#ifdef ONEDNN
  dnnl_sgemm(opA, opB, m, n, k, 1, a, widthA, b, widthB, 0, c, n);
#else
  cblas_sgemm(CblasRowMajor, opA == 'T' ? CblasTrans : CblasNoTrans, opB == 'T' ? CblasTrans : CblasNoTrans, m, n, k, 1,
              a, widthA, b, widthB, 0, c, n);
#endif
}

#endif
