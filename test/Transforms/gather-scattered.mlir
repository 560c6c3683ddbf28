// RUN: talweg-opt %s --talweg-form-contractions | FileCheck %s
// What a contraction adds to places of windows is gathered, if few terms go to a place at a time.

#places = affine_map<(n, i, u, j, v, c, o) -> (n, i, j, o)>
#taps = affine_map<(n, i, u, j, v, c, o) -> (u, v, c, o)>
#windows = affine_map<(n, i, u, j, v, c, o) -> (n, i + u, j + v, c)>
#inside = affine_map<(n, i, j, c) -> (n, i + 1, j + 1, c)>

// The image gradient of a convolution with padding, of which the image's part is read: y[i] = Σᵤ dy[i + u - 1] w[2 - u].
// CHECK-DAG: #[[AROUND:.*]] = affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d0, d1 + d2, d3 + d4, d6)>
// CHECK-DAG: #[[REVERSED:.*]] = affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (-d2 + 2, -d4 + 2, d5, d6)>
// CHECK-DAG: #[[EACH:.*]] = affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d0, d1, d3, d5)>
// CHECK-LABEL: func.func @image
// CHECK: %[[BETWEEN:.*]] = tw.pad %arg0 low [0, 1, 1, 0] high [0, 1, 1, 0] value 0.000000e+00 : tensor<2x8x8x16xf32> -> tensor<2x10x10x16xf32>
// CHECK: %[[Y:.*]] = tw.contract %[[BETWEEN]], %arg1 over [2, 8, 3, 8, 3, 4, 16] a #[[AROUND]] b #[[REVERSED]] y #[[EACH]]
// CHECK-NOT: tw.window
// CHECK: return %[[Y]] : tensor<2x8x8x4xf32>
func.func @image(%dy: tensor<2x8x8x16xf32>, %w: tensor<3x3x4x16xf32>) -> tensor<2x8x8x4xf32> {
  %dx = tw.contract %dy, %w over [2, 8, 3, 8, 3, 4, 16] a #places b #taps y #windows
      : tensor<2x8x8x16xf32>, tensor<3x3x4x16xf32> -> tensor<2x10x10x4xf32>
  %y = tw.window %dx by #inside : tensor<2x10x10x4xf32> -> tensor<2x8x8x4xf32>
  return %y : tensor<2x8x8x4xf32>
}

// Without padding the edges would be half as much again.
// CHECK-LABEL: func.func @edges
// CHECK-NOT: tw.pad
// CHECK: return
func.func @edges(%dy: tensor<2x8x8x16xf32>, %w: tensor<3x3x4x16xf32>) -> tensor<2x10x10x4xf32> {
  %dx = tw.contract %dy, %w over [2, 8, 3, 8, 3, 4, 16] a #places b #taps y #windows
      : tensor<2x8x8x16xf32>, tensor<3x3x4x16xf32> -> tensor<2x10x10x4xf32>
  return %dx : tensor<2x10x10x4xf32>
}

// Sums of 256 terms are worth a visit of their results.
// CHECK-LABEL: func.func @long
// CHECK-NOT: tw.pad
// CHECK: return
func.func @long(%dy: tensor<2x8x8x256xf32>, %w: tensor<3x3x4x256xf32>) -> tensor<2x8x8x4xf32> {
  %dx = tw.contract %dy, %w over [2, 8, 3, 8, 3, 4, 256] a #places b #taps y #windows
      : tensor<2x8x8x256xf32>, tensor<3x3x4x256xf32> -> tensor<2x10x10x4xf32>
  %y = tw.window %dx by #inside : tensor<2x10x10x4xf32> -> tensor<2x8x8x4xf32>
  return %y : tensor<2x8x8x4xf32>
}

// The factors may change places, and taps be more than padding hides: zeros are only where there are none.
// CHECK-LABEL: func.func @exchanged
// CHECK: tw.pad %arg1 low [2] high [2] value 0.000000e+00 : tensor<40xf32> -> tensor<44xf32>
// CHECK: return
func.func @exchanged(%w: tensor<4x8xf32>, %dy: tensor<40xf32>) -> tensor<41x8xf32> {
  %dx = tw.contract %w, %dy over [40, 4, 8] a affine_map<(i, u, c) -> (u, c)> b affine_map<(i, u, c) -> (i)>
      y affine_map<(i, u, c) -> (i + u, c)> : tensor<4x8xf32>, tensor<40xf32> -> tensor<43x8xf32>
  %y = tw.window %dx by affine_map<(i, c) -> (i + 1, c)> : tensor<43x8xf32> -> tensor<41x8xf32>
  return %y : tensor<41x8xf32>
}
