// Sums into places along diagonals, and results that are short along their last dimension.
//
// RUN: talweg-opt %s --talweg-form-contractions | FileCheck %s

// CHECK-DAG: #[[BOX:.*]] = affine_map<(d0, d1, d2) -> (d1, d2)>
// CHECK-DAG: #[[DIAGONAL:.*]] = affine_map<(d0, d1) -> (d0 - d1 + 15)>
// CHECK-DAG: #[[LONG:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d3, d4, d2)>
// CHECK-DAG: #[[BACK:.*]] = affine_map<(d0, d1, d2) -> (d1, d2, d0)>

// CHECK-LABEL: func @diagonals(
// CHECK:       %[[SUM:.*]] = tw.contract %{{.*}} over [64, 16, 16] {{.*}} y #[[BOX]] : {{.*}} -> tensor<16x16xf32>
// CHECK:       tw.fold %[[SUM]] by #[[DIAGONAL]] : tensor<16x16xf32> -> tensor<31xf32>
func.func @diagonals(%d: tensor<64x16xf32>, %x: tensor<64x16xf32>) -> tensor<31xf32> {
  %0 = tw.contract %d, %x over [64, 16, 16] a affine_map<(n, i, j) -> (n, i)> b affine_map<(n, i, j) -> (n, j)>
       y affine_map<(n, i, j) -> (i - j + 15)> : tensor<64x16xf32>, tensor<64x16xf32> -> tensor<31xf32>
  return %0 : tensor<31xf32>
}

// Of few terms the sum is as it is.
// CHECK-LABEL: func @few_terms(
// CHECK-NOT:   tw.fold
func.func @few_terms(%d: tensor<4x16xf32>, %x: tensor<4x16xf32>) -> tensor<31xf32> {
  %0 = tw.contract %d, %x over [4, 16, 16] a affine_map<(n, i, j) -> (n, i)> b affine_map<(n, i, j) -> (n, j)>
       y affine_map<(n, i, j) -> (i - j + 15)> : tensor<4x16xf32>, tensor<4x16xf32> -> tensor<31xf32>
  return %0 : tensor<31xf32>
}

// A convolution's weights, channels first: computed with the output channels last.
// CHECK-LABEL: func @channels_first(
// CHECK:       %[[SUM:.*]] = tw.contract %{{.*}} over [8, 30, 32, 4, 3] {{.*}} y #[[LONG]] : {{.*}} -> tensor<4x3x32xf32>
// CHECK:       tw.window %[[SUM]] by #[[BACK]] : tensor<4x3x32xf32> -> tensor<32x4x3xf32>
func.func @channels_first(%d: tensor<8x32x30xf32>, %x: tensor<8x4x32xf32>) -> tensor<32x4x3xf32> {
  %0 = tw.contract %d, %x over [8, 30, 32, 4, 3] a affine_map<(n, i, o, c, u) -> (n, o, i)> b affine_map<(n, i, o, c, u) -> (n, c, i + u)>
       y affine_map<(n, i, o, c, u) -> (o, c, u)> : tensor<8x32x30xf32>, tensor<8x4x32xf32> -> tensor<32x4x3xf32>
  return %0 : tensor<32x4x3xf32>
}

// Short dimensions that a factor has side by side are one.
// CHECK-LABEL: func @side_by_side(
// CHECK-NOT:   tw.window
func.func @side_by_side(%d: tensor<64x32xf32>, %x: tensor<64x4x8xf32>) -> tensor<32x4x8xf32> {
  %0 = tw.contract %d, %x over [64, 32, 4, 8] a affine_map<(n, o, c, u) -> (n, o)> b affine_map<(n, o, c, u) -> (n, c, u)>
       y affine_map<(n, o, c, u) -> (o, c, u)> : tensor<64x32xf32>, tensor<64x4x8xf32> -> tensor<32x4x8xf32>
  return %0 : tensor<32x4x8xf32>
}
