// Accesses are composed, and what only moves elements is a window; what only sums is a reduction.
//
// RUN: talweg-opt %s --canonicalize | FileCheck %s

// CHECK-DAG: #[[COMPOSED:.*]] = affine_map<(d0, d1) -> (d0 * 2 + d1 + 1)>
// CHECK-DAG: #[[TRANSPOSE:.*]] = affine_map<(d0, d1) -> (d1, d0)>

// CHECK-LABEL: func @window_of_window(
// CHECK-SAME:    %[[X:.*]]: tensor<9xf32>
func.func @window_of_window(%x: tensor<9xf32>) -> tensor<3x2xf32> {
  %0 = tw.window %x by affine_map<(i) -> (i + 1)> : tensor<9xf32> -> tensor<8xf32>
  // CHECK-NEXT: %[[Y:.*]] = tw.window %[[X]] by #[[COMPOSED]] : tensor<9xf32> -> tensor<3x2xf32>
  %1 = tw.window %0 by affine_map<(i, u) -> (2 * i + u)> : tensor<8xf32> -> tensor<3x2xf32>
  // CHECK-NEXT: return %[[Y]]
  return %1 : tensor<3x2xf32>
}

// Dimensions of extent 1 are the same wherever they are read.
// CHECK-LABEL: func @identity(
// CHECK-SAME:    %[[X:.*]]: tensor<1x9xf32>
func.func @identity(%x: tensor<1x9xf32>) -> tensor<1x9xf32> {
  // CHECK-NEXT: return %[[X]]
  %0 = tw.window %x by affine_map<(i, j) -> (0, j)> : tensor<1x9xf32> -> tensor<1x9xf32>
  return %0 : tensor<1x9xf32>
}

// CHECK-LABEL: func @spread_constant(
func.func @spread_constant() -> tensor<3x4xf32> {
  // CHECK-NEXT: %[[Y:.*]] = tw.constant dense<2.500000e+00> : tensor<3x4xf32>
  %0 = tw.constant dense<2.5> : tensor<f32>
  %1 = tw.window %0 by affine_map<(i, j) -> ()> : tensor<f32> -> tensor<3x4xf32>
  // CHECK-NEXT: return %[[Y]]
  return %1 : tensor<3x4xf32>
}

// CHECK-LABEL: func @fold_is_sum(
// CHECK-SAME:    %[[X:.*]]: tensor<8x3x4xf32>
func.func @fold_is_sum(%x: tensor<8x3x4xf32>) -> tensor<4x3xf32> {
  // CHECK-NEXT: %[[SUM:.*]] = tw.reduce sum %[[X]] dims [0] : tensor<8x3x4xf32> -> tensor<3x4xf32>
  // CHECK-NEXT: %[[Y:.*]] = tw.window %[[SUM]] by #[[TRANSPOSE]] : tensor<3x4xf32> -> tensor<4x3xf32>
  %0 = tw.fold %x by affine_map<(n, i, j) -> (j, i)> : tensor<8x3x4xf32> -> tensor<4x3xf32>
  // CHECK-NEXT: return %[[Y]]
  return %0 : tensor<4x3xf32>
}

// A fold that leaves places empty stays a fold.
// CHECK-LABEL: func @fold_onto_some_places(
func.func @fold_onto_some_places(%x: tensor<3xf32>) -> tensor<6xf32> {
  // CHECK-NEXT: tw.fold
  %0 = tw.fold %x by affine_map<(i) -> (2 * i)> : tensor<3xf32> -> tensor<6xf32>
  return %0 : tensor<6xf32>
}

// CHECK-LABEL: func @fold_of_contract(
// CHECK-NEXT:    tw.contract %{{.*}}, %{{.*}} over [2, 4, 3, 5]
// CHECK-SAME:      -> tensor<2x6xf32>
// CHECK-NEXT:    return
func.func @fold_of_contract(%dy: tensor<2x4x5xf32>, %w: tensor<3x5xf32>) -> tensor<2x6xf32> {
  %0 = tw.contract %dy, %w over [2, 4, 3, 5] a affine_map<(n, i, u, o) -> (n, i, o)> b affine_map<(n, i, u, o) -> (u, o)>
           y affine_map<(n, i, u, o) -> (n, i, u)> : tensor<2x4x5xf32>, tensor<3x5xf32> -> tensor<2x4x3xf32>
  %1 = tw.fold %0 by affine_map<(n, i, u) -> (n, i + u)> : tensor<2x4x3xf32> -> tensor<2x6xf32>
  return %1 : tensor<2x6xf32>
}

// CHECK-LABEL: func @reduce_of_reduce(
// CHECK-SAME:    %[[X:.*]]: tensor<2x3x4x5xf32>
func.func @reduce_of_reduce(%x: tensor<2x3x4x5xf32>) -> tensor<3xf32> {
  %0 = tw.reduce max %x dims [0, 2] : tensor<2x3x4x5xf32> -> tensor<3x5xf32>
  // CHECK-NEXT: %[[Y:.*]] = tw.reduce max %[[X]] dims [0, 2, 3] : tensor<2x3x4x5xf32> -> tensor<3xf32>
  %1 = tw.reduce max %0 dims [1] : tensor<3x5xf32> -> tensor<3xf32>
  // CHECK-NEXT: return %[[Y]]
  return %1 : tensor<3xf32>
}

// CHECK-LABEL: func @reduce_of_transpose(
// CHECK-SAME:    %[[X:.*]]: tensor<2x3x4xf32>
func.func @reduce_of_transpose(%x: tensor<2x3x4xf32>) -> tensor<4x2xf32> {
  %0 = tw.window %x by affine_map<(i, j, k) -> (k, j, i)> : tensor<2x3x4xf32> -> tensor<4x3x2xf32>
  // CHECK-NEXT: %[[SUM:.*]] = tw.reduce sum %[[X]] dims [1] : tensor<2x3x4xf32> -> tensor<2x4xf32>
  // CHECK-NEXT: %[[Y:.*]] = tw.window %[[SUM]] by #[[TRANSPOSE]] : tensor<2x4xf32> -> tensor<4x2xf32>
  %1 = tw.reduce sum %0 dims [1] : tensor<4x3x2xf32> -> tensor<4x2xf32>
  // CHECK-NEXT: return %[[Y]]
  return %1 : tensor<4x2xf32>
}

// CHECK-LABEL: func @reduce_over_one(
// CHECK-SAME:    %[[X:.*]]: tensor<1x4xf32>
func.func @reduce_over_one(%x: tensor<1x4xf32>) -> tensor<4xf32> {
  // CHECK-NEXT: %[[Y:.*]] = tw.window %[[X]] by #{{.*}} : tensor<1x4xf32> -> tensor<4xf32>
  %0 = tw.reduce max %x dims [0] : tensor<1x4xf32> -> tensor<4xf32>
  // CHECK-NEXT: return %[[Y]]
  return %0 : tensor<4xf32>
}

// CHECK-LABEL: func @reshapes(
// CHECK-SAME:    %[[X:.*]]: tensor<2x6xf32>
func.func @reshapes(%x: tensor<2x6xf32>) -> tensor<2x6xf32> {
  %0 = tw.reshape %x : tensor<2x6xf32> -> tensor<12xf32>
  %1 = tw.reshape %0 : tensor<12xf32> -> tensor<3x4xf32>
  // CHECK-NEXT: return %[[X]]
  %2 = tw.reshape %1 : tensor<3x4xf32> -> tensor<2x6xf32>
  return %2 : tensor<2x6xf32>
}

// CHECK-LABEL: func @greatest_of_a_spread(
// CHECK-SAME:    %[[X:.*]]: tensor<3x4xf32>
func.func @greatest_of_a_spread(%x: tensor<3x4xf32>) -> (tensor<3xf32>, tensor<3x4xf32>) {
  // CHECK-NEXT: %[[MOST:.*]] = tw.reduce max %[[X]] dims [1] : tensor<3x4xf32> -> tensor<3xf32>
  // CHECK-NEXT: return %[[MOST]], %[[X]]
  %0 = tw.window %x by affine_map<(k, i, j) -> (i, j)> : tensor<3x4xf32> -> tensor<5x3x4xf32>
  %1 = tw.reduce max %0 dims [0, 2] : tensor<5x3x4xf32> -> tensor<3xf32>
  %2 = tw.reduce min %0 dims [0] : tensor<5x3x4xf32> -> tensor<3x4xf32>
  return %1, %2 : tensor<3xf32>, tensor<3x4xf32>
}
