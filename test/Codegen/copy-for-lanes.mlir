// RUN: talweg-opt %s --talweg-copy-for-lanes=target=x86-64-v3 | FileCheck %s
// Lanes run along k, the results' last dimension; c, far smaller than the box of the loops, has its elements apart there. It is copied, transposed.

// CHECK-DAG: #[[BACK:.*]] = affine_map<(d0, d1) -> (d1, d0)>
// CHECK-DAG: #[[COPY:.*]] = affine_map<(d0, d1, d2) -> (d1, d2)>

// CHECK-LABEL: func.func @distances
// CHECK-SAME:    %[[X:.*]]: tensor<64x8xf32>, %[[C:.*]]: tensor<32x8xf32>
// CHECK:       %[[COPIED:.*]] = linalg.generic {indexing_maps = [#[[BACK]], {{.*}}], iterator_types = ["parallel", "parallel"]} ins(%[[C]] : tensor<32x8xf32>) outs(%{{.*}} : tensor<8x32xf32>)
// CHECK:       linalg.generic {indexing_maps = [{{.*}}, #[[COPY]], {{.*}}], iterator_types = ["parallel", "reduction", "parallel"]} ins(%[[X]], %[[COPIED]]
func.func @distances(%x: tensor<64x8xf32>, %c: tensor<32x8xf32>) -> tensor<64x32xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<64x32xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<64x32xf32>) -> tensor<64x32xf32>
  %sum = linalg.generic {indexing_maps = [affine_map<(n, i, k) -> (n, i)>, affine_map<(n, i, k) -> (k, i)>, affine_map<(n, i, k) -> (n, k)>],
                         iterator_types = ["parallel", "reduction", "parallel"]}
      ins(%x, %c : tensor<64x8xf32>, tensor<32x8xf32>) outs(%f : tensor<64x32xf32>) {
  ^bb0(%a: f32, %b: f32, %acc: f32):
    %0 = arith.subf %a, %b : f32
    %1 = arith.mulf %0, %0 : f32
    %2 = arith.addf %acc, %1 : f32
    linalg.yield %2 : f32
  } -> tensor<64x32xf32>
  return %sum : tensor<64x32xf32>
}

// The lanes of a reduction along its last loop find everything side by side.
// CHECK-LABEL: func.func @along_memory
// CHECK:       linalg.generic
// CHECK-SAME:    iterator_types = ["parallel", "reduction"]
// CHECK-NOT:   linalg.generic
func.func @along_memory(%x: tensor<64x32xf32>) -> tensor<64xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<64xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<64xf32>) -> tensor<64xf32>
  %sum = linalg.generic {indexing_maps = [affine_map<(n, i) -> (n, i)>, affine_map<(n, i) -> (n)>], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<64x32xf32>) outs(%f : tensor<64xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %2 = arith.addf %acc, %a : f32
    linalg.yield %2 : f32
  } -> tensor<64xf32>
  return %sum : tensor<64xf32>
}

// l is shorter than a register: m is copied to each l, and k and l are one loop of 32.
// CHECK-LABEL: func.func @short_last_loop
// CHECK-SAME:    %[[G:.*]]: tensor<8x64x8x4xf32>, %[[M:.*]]: tensor<8x8xf32>
// CHECK:       %[[COPIED:.*]] = linalg.generic {{.*}} ins(%[[M]] : tensor<8x8xf32>) outs(%{{.*}} : tensor<8x8x4xf32>)
// CHECK:       linalg.generic {{.*}} ins(%[[G]], %[[COPIED]]
func.func @short_last_loop(%g: tensor<8x64x8x4xf32>, %m: tensor<8x8xf32>) -> tensor<8x64x8x4xf32> {
  %e = tensor.empty() : tensor<8x64x8x4xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(n, i, k, l) -> (n, i, k, l)>, affine_map<(n, i, k, l) -> (n, k)>, affine_map<(n, i, k, l) -> (n, i, k, l)>],
                       iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%g, %m : tensor<8x64x8x4xf32>, tensor<8x8xf32>) outs(%e : tensor<8x64x8x4xf32>) {
  ^bb0(%a: f32, %b: f32, %old: f32):
    %0 = arith.subf %a, %b : f32
    linalg.yield %0 : f32
  } -> tensor<8x64x8x4xf32>
  return %y : tensor<8x64x8x4xf32>
}

// u lies side by side along n, which is not the last dimension of the result: that is computed with n last, v read so, and copied to its place.
// CHECK-LABEL: func.func @result_in_another_order
// CHECK-SAME:    %[[U:.*]]: tensor<32x10x16x64xf32>, %[[V:.*]]: tensor<64x10x16xf32>
// CHECK:       %[[COPIED:.*]] = linalg.generic {{.*}} ins(%[[V]] : tensor<64x10x16xf32>) outs(%{{.*}} : tensor<10x16x64xf32>)
// CHECK:       %[[SUM:.*]] = linalg.generic {{.*}} ins(%[[U]], %[[COPIED]] {{.*}} outs(%{{.*}} : tensor<32x10x64xf32>)
// CHECK:       linalg.generic {{.*}} ins(%[[SUM]] : tensor<32x10x64xf32>) outs(%{{.*}} : tensor<64x32x10xf32>)
func.func @result_in_another_order(%u: tensor<32x10x16x64xf32>, %v: tensor<64x10x16xf32>) -> tensor<64x32x10xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<64x32x10xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<64x32x10xf32>) -> tensor<64x32x10xf32>
  %sum = linalg.generic {indexing_maps = [affine_map<(i, j, d, n) -> (i, j, d, n)>, affine_map<(i, j, d, n) -> (n, j, d)>, affine_map<(i, j, d, n) -> (n, i, j)>],
                         iterator_types = ["parallel", "parallel", "reduction", "parallel"]}
      ins(%u, %v : tensor<32x10x16x64xf32>, tensor<64x10x16xf32>) outs(%f : tensor<64x32x10xf32>) {
  ^bb0(%a: f32, %b: f32, %acc: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %acc, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<64x32x10xf32>
  return %sum : tensor<64x32x10xf32>
}
