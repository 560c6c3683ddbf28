// RUN: talweg-opt %s --talweg-order-reductions | FileCheck %s
// The loops of a reduction follow the memory that it reads, through what is elementwise, whether or not that is fused later.

// CHECK-DAG: #[[READ:.*]] = affine_map<(d0, d1) -> (d1, d0)>
// CHECK-DAG: #[[WRITE:.*]] = affine_map<(d0, d1) -> (d1)>

// CHECK-LABEL: func.func @columns
// CHECK: linalg.generic {indexing_maps = [#[[READ]], #[[WRITE]]], iterator_types = ["reduction", "parallel"]}
func.func @columns(%x: tensor<64x32xf32>) -> tensor<32xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<32x64xf32>
  %transposed = linalg.generic {indexing_maps = [affine_map<(j, i) -> (i, j)>, affine_map<(j, i) -> (j, i)>], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<64x32xf32>) outs(%e : tensor<32x64xf32>) {
  ^bb0(%in: f32, %o: f32):
    %0 = math.absf %in : f32
    linalg.yield %0 : f32
  } -> tensor<32x64xf32>
  %r = tensor.empty() : tensor<32xf32>
  %f = linalg.fill ins(%zero : f32) outs(%r : tensor<32xf32>) -> tensor<32xf32>
  %sum = linalg.generic {indexing_maps = [affine_map<(j, i) -> (j, i)>, affine_map<(j, i) -> (j)>], iterator_types = ["parallel", "reduction"]}
      ins(%transposed : tensor<32x64xf32>) outs(%f : tensor<32xf32>) {
  ^bb0(%in: f32, %acc: f32):
    %0 = arith.addf %acc, %in : f32
    linalg.yield %0 : f32
  } -> tensor<32xf32>
  return %sum : tensor<32xf32>
}
