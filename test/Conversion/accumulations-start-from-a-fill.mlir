// RUN: talweg-opt %s --talweg-tw-to-linalg --split-input-file | FileCheck %s
// Reductions, folds and contractions accumulate onto a filled tensor; a dim that the result shows bare is parallel, every
// other one a reduction.

// CHECK-LABEL: func.func @reduce
func.func @reduce(%x: tensor<4x6xf32>) -> tensor<6xf32> {
  // CHECK: %[[INF:.*]] = arith.constant 0x7F800000 : f32
  // CHECK: %[[FILLED:.*]] = linalg.fill ins(%[[INF]] : f32)
  // CHECK: linalg.generic {{.*}}iterator_types = ["reduction", "parallel"]} {{.*}} outs(%[[FILLED]] : tensor<6xf32>)
  // CHECK: ^bb0(%[[X:.*]]: f32, %[[ACC:.*]]: f32)
  // CHECK: arith.minimumf %[[ACC]], %[[X]]
  %0 = tw.reduce min %x dims [0] : tensor<4x6xf32> -> tensor<6xf32>
  return %0 : tensor<6xf32>
}

// -----

// CHECK: #[[IN:.*]] = affine_map<(d0, d1, d2) -> (d0, d1 + d2)>
// CHECK: #[[KERNEL:.*]] = affine_map<(d0, d1, d2) -> (d2)>
// CHECK: #[[OUT:.*]] = affine_map<(d0, d1, d2) -> (d0, d1)>
// CHECK-LABEL: func.func @contract
func.func @contract(%x: tensor<2x6xf32>, %k: tensor<3xf32>) -> tensor<2x4xf32> {
  // CHECK: linalg.generic {indexing_maps = [#[[IN]], #[[KERNEL]], #[[OUT]]], iterator_types = ["parallel", "parallel", "reduction"]}
  // CHECK: ^bb0(%[[A:.*]]: f32, %[[B:.*]]: f32, %[[ACC:.*]]: f32)
  // CHECK: %[[P:.*]] = arith.mulf %[[A]], %[[B]]
  // CHECK: arith.addf %[[ACC]], %[[P]]
  %0 = tw.contract %x, %k over [2, 4, 3] a affine_map<(d0, d1, d2) -> (d0, d1 + d2)> b affine_map<(d0, d1, d2) -> (d2)>
    y affine_map<(d0, d1, d2) -> (d0, d1)> : tensor<2x6xf32>, tensor<3xf32> -> tensor<2x4xf32>
  return %0 : tensor<2x4xf32>
}

// -----

// CHECK: #[[OUT:.*]] = affine_map<(d0, d1, d2) -> (d0, d1 + d2)>
// CHECK-LABEL: func.func @scatter
func.func @scatter(%y: tensor<2x4xf32>, %k: tensor<3xf32>) -> tensor<2x6xf32> {
  // CHECK: linalg.generic {indexing_maps = [#{{.*}}, #{{.*}}, #[[OUT]]], iterator_types = ["parallel", "reduction", "reduction"]}
  %0 = tw.contract %y, %k over [2, 4, 3] a affine_map<(d0, d1, d2) -> (d0, d1)> b affine_map<(d0, d1, d2) -> (d2)>
    y affine_map<(d0, d1, d2) -> (d0, d1 + d2)> : tensor<2x4xf32>, tensor<3xf32> -> tensor<2x6xf32>
  return %0 : tensor<2x6xf32>
}

// -----

// No operand shows d1 alone: one that is never read gives its extent.
// CHECK: #[[EXTENT:.*]] = affine_map<(d0, d1) -> (d1)>
// CHECK-LABEL: func.func @hidden
func.func @hidden(%x: tensor<4xf32>, %s: tensor<f32>) -> tensor<2xf32> {
  // CHECK: %[[SHOWS:.*]] = tensor.empty() : tensor<2xf32>
  // CHECK: linalg.generic {indexing_maps = [#{{.*}}, #{{.*}}, #[[EXTENT]], #{{.*}}]
  // CHECK-SAME: %[[SHOWS]]
  %0 = tw.contract %x, %s over [2, 2] a affine_map<(d0, d1) -> (d0 * 2 + d1)> b affine_map<(d0, d1) -> ()>
    y affine_map<(d0, d1) -> (d0)> : tensor<4xf32>, tensor<f32> -> tensor<2xf32>
  return %0 : tensor<2xf32>
}

// -----

// The position of the greatest: the maximum, then the least index that holds it, or holds a nan.
// CHECK-LABEL: func.func @position
func.func @position(%x: tensor<4x6xf32>) -> tensor<4xi32> {
  // CHECK: %[[TOP:.*]] = linalg.generic
  // CHECK: arith.maximumf
  // CHECK: linalg.generic {{.*}} ins(%{{.*}}, %[[TOP]] : tensor<4x6xf32>, tensor<4xf32>)
  // CHECK-DAG: arith.cmpf oeq
  // CHECK-DAG: arith.cmpf uno
  // CHECK: linalg.index 1
  // CHECK: arith.minsi
  %0 = tw.arg max %x dim 1 : tensor<4x6xf32> -> tensor<4xi32>
  return %0 : tensor<4xi32>
}
