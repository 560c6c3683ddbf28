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

// Of a box that is far larger than what is read, loops go in the order of the result: its last one inside, so that lanes run along it.
// CHECK-LABEL: func.func @along_result
// CHECK: linalg.generic {{.*}}iterator_types = ["parallel", "reduction", "parallel"]
func.func @along_result(%x: tensor<64x8xf32>, %c: tensor<32x8xf32>) -> tensor<64x32xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<64x32xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<64x32xf32>) -> tensor<64x32xf32>
  %sum = linalg.generic {indexing_maps = [affine_map<(n, k, i) -> (n, i)>, affine_map<(n, k, i) -> (k, i)>, affine_map<(n, k, i) -> (n, k)>],
                         iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %c : tensor<64x8xf32>, tensor<32x8xf32>) outs(%f : tensor<64x32xf32>) {
  ^bb0(%a: f32, %b: f32, %acc: f32):
    %0 = arith.subf %a, %b : f32
    %1 = arith.mulf %0, %0 : f32
    %2 = arith.addf %acc, %1 : f32
    linalg.yield %2 : f32
  } -> tensor<64x32xf32>
  return %sum : tensor<64x32xf32>
}
