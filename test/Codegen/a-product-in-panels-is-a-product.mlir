// RUN: talweg-opt %s --talweg-mark-regions --mlir-print-op-on-diagnostic=false 2>&1 | FileCheck %s
// Columns that lie in panels are two loops, which move the same operands; a convolution's window and position do not.

// CHECK: remark: product 4x32x8
// CHECK: remark: convolution

func.func @talweg_step(%steps: index, %x: memref<4x8xf32>, %w: memref<2x8x16xf32>, %y: memref<4x32xf32>,
                       %image: memref<10xf32>, %kernel: memref<3xf32>, %out: memref<8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %s = %c0 to %steps step %c1 {
    kernel.product loops [4, 2, 16, 8] maps [affine_map<(m, p, n, k) -> (m, k)>, affine_map<(m, p, n, k) -> (p, k, n)>,
                                             affine_map<(m, p, n, k) -> (m, p * 16 + n)>]
        of %x, %w : memref<4x8xf32>, memref<2x8x16xf32> outs %y : memref<4x32xf32>
    kernel.product loops [8, 3] maps [affine_map<(i, u) -> (i + u)>, affine_map<(i, u) -> (u)>, affine_map<(i, u) -> (i)>]
        of %image, %kernel : memref<10xf32>, memref<3xf32> outs %out : memref<8xf32>
  }
  return
}
