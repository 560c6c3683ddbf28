// Sums of products become contractions; what does not vary within a sum stands outside it.
//
// RUN: talweg-opt %s --talweg-form-contractions | FileCheck %s
// RUN: talweg-opt %s --canonicalize --talweg-form-contractions | FileCheck %s --check-prefix=CANONICAL

// CHECK-DAG: #[[A:.*]] = affine_map<(d0, d1, d2) -> (d0, d2)>
// CHECK-DAG: #[[B:.*]] = affine_map<(d0, d1, d2) -> (d2, d1)>
// CHECK-DAG: #[[Y:.*]] = affine_map<(d0, d1, d2) -> (d0, d1)>
// CHECK-DAG: #[[PATCH:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d1 * 2 + d3)>
// CHECK-DAG: #[[KERNEL:.*]] = affine_map<(d0, d1, d2, d3) -> (d3, d2)>
// CHECK-DAG: #[[ROWS:.*]] = affine_map<(d0, d1) -> (d0)>

// CHECK-LABEL: func @matrix_product(
// CHECK-SAME:    %[[X:.*]]: tensor<4x3xf32>, %[[W:.*]]: tensor<3x2xf32>
func.func @matrix_product(%x: tensor<4x3xf32>, %w: tensor<3x2xf32>) -> tensor<4x2xf32> {
  %0 = tw.window %x by affine_map<(n, o, i) -> (n, i)> : tensor<4x3xf32> -> tensor<4x2x3xf32>
  %1 = tw.window %w by affine_map<(n, o, i) -> (i, o)> : tensor<3x2xf32> -> tensor<4x2x3xf32>
  %2 = tw.mul %0, %1 : tensor<4x2x3xf32>
  // CHECK-NEXT: %[[SUM:.*]] = tw.contract %[[X]], %[[W]] over [4, 2, 3] a #[[A]] b #[[B]] y #[[Y]]
  %3 = tw.reduce sum %2 dims [2] : tensor<4x2x3xf32> -> tensor<4x2xf32>
  // CHECK-NEXT: return %[[SUM]]
  return %3 : tensor<4x2xf32>
}

// CHECK-LABEL: func @convolution(
// CHECK-SAME:    %[[X:.*]]: tensor<4x9xf32>, %[[W:.*]]: tensor<3x2xf32>
func.func @convolution(%x: tensor<4x9xf32>, %w: tensor<3x2xf32>) -> tensor<4x4x2xf32> {
  %0 = tw.window %x by affine_map<(n, i, o, u) -> (n, i * 2 + u)> : tensor<4x9xf32> -> tensor<4x4x2x3xf32>
  %1 = tw.window %w by affine_map<(n, i, o, u) -> (u, o)> : tensor<3x2xf32> -> tensor<4x4x2x3xf32>
  %2 = tw.mul %1, %0 : tensor<4x4x2x3xf32>
  // CHECK-NEXT: tw.contract %[[W]], %[[X]] over [4, 4, 2, 3] a #[[KERNEL]] b #[[PATCH]]
  %3 = tw.reduce sum %2 dims [3] : tensor<4x4x2x3xf32> -> tensor<4x4x2xf32>
  // CHECK-NEXT: return
  return %3 : tensor<4x4x2xf32>
}

// An index of extent 1 hides no product, though simplification drops it between the product and the sum.
// CANONICAL-LABEL: func @one_channel(
// CANONICAL-NEXT:  tw.contract %{{.*}} over [4, 4, 2, 3]
// CANONICAL-NEXT:  return
// CHECK-LABEL: func @one_channel(
// CHECK-SAME:    %[[X:.*]]: tensor<4x9x1xf32>, %[[W:.*]]: tensor<3x1x2xf32>
func.func @one_channel(%x: tensor<4x9x1xf32>, %w: tensor<3x1x2xf32>) -> tensor<4x4x2xf32> {
  %0 = tw.window %x by affine_map<(n, i, o, u, c) -> (n, i * 2 + u, c)> : tensor<4x9x1xf32> -> tensor<4x4x2x3x1xf32>
  %1 = tw.window %w by affine_map<(n, i, o, u, c) -> (u, c, o)> : tensor<3x1x2xf32> -> tensor<4x4x2x3x1xf32>
  %2 = tw.mul %1, %0 : tensor<4x4x2x3x1xf32>
  // CHECK-NEXT: tw.contract %[[W]], %[[X]] over [4, 4, 2, 3, 1]
  %3 = tw.reduce sum %2 dims [3, 4] : tensor<4x4x2x3x1xf32> -> tensor<4x4x2xf32>
  // CHECK-NEXT: return
  return %3 : tensor<4x4x2xf32>
}

// The scale, the divisor and the sign come after the sum.
// CHECK-LABEL: func @factors_stand_outside(
// CHECK-SAME:    %[[X:.*]]: tensor<4x3xf32>, %[[W:.*]]: tensor<3x2xf32>, %[[S:.*]]: tensor<4xf32>
func.func @factors_stand_outside(%x: tensor<4x3xf32>, %w: tensor<3x2xf32>, %s: tensor<4xf32>) -> tensor<4x2xf32> {
  %half = tw.constant dense<-0.5> : tensor<4x2x3xf32>
  %0 = tw.window %x by affine_map<(n, o, i) -> (n, i)> : tensor<4x3xf32> -> tensor<4x2x3xf32>
  %1 = tw.window %w by affine_map<(n, o, i) -> (i, o)> : tensor<3x2xf32> -> tensor<4x2x3xf32>
  %2 = tw.window %s by affine_map<(n, o, i) -> (n)> : tensor<4xf32> -> tensor<4x2x3xf32>
  %3 = tw.mul %0, %half : tensor<4x2x3xf32>
  %4 = tw.div %3, %2 : tensor<4x2x3xf32>
  %5 = tw.mul %4, %1 : tensor<4x2x3xf32>
  // CHECK-DAG: %[[HALF:.*]] = tw.constant dense<-5.000000e-01> : tensor<4x2xf32>
  // CHECK-DAG: %[[SUM:.*]] = tw.contract %[[X]], %[[W]]
  // CHECK-DAG: %[[DIVISOR:.*]] = tw.window %[[S]] by #[[ROWS]] : tensor<4xf32> -> tensor<4x2xf32>
  // CHECK-DAG: %[[SCALED:.*]] = tw.mul %[[SUM]], %[[HALF]]
  // CHECK:     %[[RESULT:.*]] = tw.div %[[SCALED]], %[[DIVISOR]]
  %6 = tw.reduce sum %5 dims [2] : tensor<4x2x3xf32> -> tensor<4x2xf32>
  // CHECK-NEXT: return %[[RESULT]]
  return %6 : tensor<4x2xf32>
}

// A third factor is multiplied into the one that reads the same indices.
// CHECK-LABEL: func @mask(
// CHECK-SAME:    %[[X:.*]]: tensor<4x3xf32>, %[[W:.*]]: tensor<3x2xf32>, %[[MASK:.*]]: tensor<4x3xf32>
func.func @mask(%x: tensor<4x3xf32>, %w: tensor<3x2xf32>, %mask: tensor<4x3xf32>) -> tensor<4x2xf32> {
  %0 = tw.window %x by affine_map<(n, o, i) -> (n, i)> : tensor<4x3xf32> -> tensor<4x2x3xf32>
  %1 = tw.window %w by affine_map<(n, o, i) -> (i, o)> : tensor<3x2xf32> -> tensor<4x2x3xf32>
  %2 = tw.window %mask by affine_map<(n, o, i) -> (n, i)> : tensor<4x3xf32> -> tensor<4x2x3xf32>
  %3 = tw.mul %0, %1 : tensor<4x2x3xf32>
  %4 = tw.mul %3, %2 : tensor<4x2x3xf32>
  // CHECK-NEXT: %[[KEPT:.*]] = tw.mul %{{.*}}, %{{.*}} : tensor<4x3xf32>
  // CHECK-NEXT: tw.contract %{{.*}} over [4, 2, 3]
  %5 = tw.reduce sum %4 dims [2] : tensor<4x2x3xf32> -> tensor<4x2xf32>
  // CHECK-NEXT: return
  return %5 : tensor<4x2xf32>
}

// Nothing is reused: a sum of squares stays elementwise.
// CHECK-LABEL: func @sum_of_squares(
func.func @sum_of_squares(%x: tensor<4x3xf32>) -> tensor<f32> {
  // CHECK-NEXT: tw.mul
  // CHECK-NEXT: tw.reduce sum
  %0 = tw.mul %x, %x : tensor<4x3xf32>
  %1 = tw.reduce sum %0 dims [0, 1] : tensor<4x3xf32> -> tensor<f32>
  // CHECK-NEXT: return
  return %1 : tensor<f32>
}

// What is spread over the summed index is counted.
// CHECK-LABEL: func @count(
// CHECK-SAME:    %[[S:.*]]: tensor<4xf32>
func.func @count(%s: tensor<4xf32>) -> tensor<4xf32> {
  %0 = tw.window %s by affine_map<(n, k) -> (n)> : tensor<4xf32> -> tensor<4x5xf32>
  // CHECK-DAG:  %[[FIVE:.*]] = tw.constant dense<5.000000e+00> : tensor<4xf32>
  // CHECK:      %[[RESULT:.*]] = tw.mul %[[S]], %[[FIVE]]
  %1 = tw.reduce sum %0 dims [1] : tensor<4x5xf32> -> tensor<4xf32>
  // CHECK-NEXT: return %[[RESULT]]
  return %1 : tensor<4xf32>
}

// CHECK-LABEL: func @before_spreading(
// CHECK-SAME:    %[[S:.*]]: tensor<4xf32>
func.func @before_spreading(%s: tensor<4xf32>) -> tensor<4x5xf32> {
  %0 = tw.window %s by affine_map<(n, k) -> (n)> : tensor<4xf32> -> tensor<4x5xf32>
  // CHECK-NEXT: %[[SMALL:.*]] = tw.exp %[[S]] : tensor<4xf32>
  // CHECK-NEXT: %[[RESULT:.*]] = tw.window %[[SMALL]]
  %1 = tw.exp %0 : tensor<4x5xf32>
  // CHECK-NEXT: return %[[RESULT]]
  return %1 : tensor<4x5xf32>
}

// A contraction reads through transposes and slices, and writes transposed.
// CHECK-LABEL: func @through_windows(
// CHECK-SAME:    %[[X:.*]]: tensor<3x4xf32>, %[[W:.*]]: tensor<3x3xf32>
func.func @through_windows(%x: tensor<3x4xf32>, %w: tensor<3x3xf32>) -> tensor<2x4xf32> {
  %0 = tw.window %x by affine_map<(n, i) -> (i, n)> : tensor<3x4xf32> -> tensor<4x3xf32>
  %1 = tw.window %w by affine_map<(i, o) -> (i, o + 1)> : tensor<3x3xf32> -> tensor<3x2xf32>
  %2 = tw.contract %0, %1 over [4, 2, 3] a affine_map<(n, o, i) -> (n, i)> b affine_map<(n, o, i) -> (i, o)>
       y affine_map<(n, o, i) -> (n, o)> : tensor<4x3xf32>, tensor<3x2xf32> -> tensor<4x2xf32>
  // CHECK-NEXT: %[[RESULT:.*]] = tw.contract %[[X]], %[[W]] over [4, 2, 3] a #{{.*}} b #{{.*}} y #{{.*}} : tensor<3x4xf32>, tensor<3x3xf32> -> tensor<2x4xf32>
  %3 = tw.window %2 by affine_map<(o, n) -> (n, o)> : tensor<4x2xf32> -> tensor<2x4xf32>
  // CHECK-NEXT: return %[[RESULT]]
  return %3 : tensor<2x4xf32>
}

// A mean's cotangent is a constant: the products with it are sums.
// CHECK-LABEL: func @constant_operand(
// CHECK-SAME:    %[[X:.*]]: tensor<4x3xf32>
func.func @constant_operand(%x: tensor<4x3xf32>) -> tensor<3x2xf32> {
  %c = tw.constant dense<0.25> : tensor<4x2xf32>
  // CHECK-NOT: tw.contract
  // CHECK:     %[[SUM:.*]] = tw.reduce sum %[[X]] dims [0] : tensor<4x3xf32> -> tensor<3xf32>
  // CHECK-NOT: tw.contract
  %0 = tw.contract %x, %c over [4, 2, 3] a affine_map<(n, o, i) -> (n, i)> b affine_map<(n, o, i) -> (n, o)>
       y affine_map<(n, o, i) -> (i, o)> : tensor<4x3xf32>, tensor<4x2xf32> -> tensor<3x2xf32>
  // CHECK: return
  return %0 : tensor<3x2xf32>
}
