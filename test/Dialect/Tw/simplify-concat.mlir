// What is cut and joined leaves no trace, and what reads one part reads nothing else.
// RUN: talweg-opt %s --canonicalize | FileCheck %s

// CHECK-DAG: #[[SHIFT:.*]] = affine_map<(d0, d1) -> (d0, d1 + 1)>
// CHECK-DAG: #[[LATER:.*]] = affine_map<(d0, d1) -> (d0, d1 + 2)>

// CHECK-LABEL: func @slices_behind_each_other(
// CHECK-SAME:    %[[X:.*]]: tensor<2x6xf32>
func.func @slices_behind_each_other(%x: tensor<2x6xf32>) -> (tensor<2x6xf32>, tensor<2x4xf32>) {
  %0 = tw.window %x by affine_map<(i, j) -> (i, j)> : tensor<2x6xf32> -> tensor<2x2xf32>
  %1 = tw.window %x by affine_map<(i, j) -> (i, j + 2)> : tensor<2x6xf32> -> tensor<2x3xf32>
  %2 = tw.window %x by affine_map<(i, j) -> (i, j + 5)> : tensor<2x6xf32> -> tensor<2x1xf32>
  %3 = tw.concat %0, %1 dim 1 : tensor<2x2xf32>, tensor<2x3xf32> -> tensor<2x5xf32>
  %4 = tw.concat %3, %2 dim 1 : tensor<2x5xf32>, tensor<2x1xf32> -> tensor<2x6xf32>
  // CHECK-NEXT: %[[PART:.*]] = tw.window %[[X]] by #[[LATER]] : tensor<2x6xf32> -> tensor<2x4xf32>
  %5 = tw.concat %1, %2 dim 1 : tensor<2x3xf32>, tensor<2x1xf32> -> tensor<2x4xf32>
  // CHECK-NEXT: return %[[X]], %[[PART]]
  return %4, %5 : tensor<2x6xf32>, tensor<2x4xf32>
}

// CHECK-LABEL: func @slices_of_parts(
// CHECK-SAME:    %[[X:.*]]: tensor<2x3xf32>, %[[Y:.*]]: tensor<2x4xf32>
func.func @slices_of_parts(%x: tensor<2x3xf32>, %y: tensor<2x4xf32>) -> (tensor<2x3xf32>, tensor<2x2xf32>, tensor<2x2xf32>) {
  // CHECK-NEXT: %[[BOTH:.*]] = tw.concat %[[X]], %[[Y]] dim 1
  %0 = tw.concat %x, %y dim 1 : tensor<2x3xf32>, tensor<2x4xf32> -> tensor<2x7xf32>
  %1 = tw.window %0 by affine_map<(i, j) -> (i, j)> : tensor<2x7xf32> -> tensor<2x3xf32>
  // CHECK-NEXT: %[[PART:.*]] = tw.window %[[Y]] by #[[SHIFT]] : tensor<2x4xf32> -> tensor<2x2xf32>
  %2 = tw.window %0 by affine_map<(i, j) -> (i, j + 4)> : tensor<2x7xf32> -> tensor<2x2xf32>
  // CHECK-NEXT: %[[ACROSS:.*]] = tw.window %[[BOTH]] by #[[LATER]] : tensor<2x7xf32> -> tensor<2x2xf32>
  %3 = tw.window %0 by affine_map<(i, j) -> (i, j + 2)> : tensor<2x7xf32> -> tensor<2x2xf32>
  // CHECK-NEXT: return %[[X]], %[[PART]], %[[ACROSS]]
  return %1, %2, %3 : tensor<2x3xf32>, tensor<2x2xf32>, tensor<2x2xf32>
}

// The derivative of cutting is joining.
// CHECK-LABEL: func @sums_of_slices(
// CHECK-SAME:    %[[A:.*]]: tensor<2x2xf32>, %[[B:.*]]: tensor<2x3xf32>, %[[C:.*]]: tensor<2x1xf32>
func.func @sums_of_slices(%a: tensor<2x2xf32>, %b: tensor<2x3xf32>, %c: tensor<2x1xf32>) -> tensor<2x6xf32> {
  %0 = tw.fold %a by affine_map<(i, j) -> (i, j)> : tensor<2x2xf32> -> tensor<2x6xf32>
  %1 = tw.fold %b by affine_map<(i, j) -> (i, j + 2)> : tensor<2x3xf32> -> tensor<2x6xf32>
  %2 = tw.fold %c by affine_map<(i, j) -> (i, j + 5)> : tensor<2x1xf32> -> tensor<2x6xf32>
  %3 = tw.add %2, %1 : tensor<2x6xf32>
  // CHECK-NEXT: %[[Y:.*]] = tw.concat %[[A]], %[[B]], %[[C]] dim 1
  %4 = tw.add %3, %0 : tensor<2x6xf32>
  // CHECK-NEXT: return %[[Y]]
  return %4 : tensor<2x6xf32>
}

// Single elements of two more dimensions are no slices.
// CHECK-LABEL: func.func @folds_of_elements
// CHECK:       tw.fold
// CHECK:       tw.fold
// CHECK:       tw.add
func.func @folds_of_elements(%x: tensor<f32>, %y: tensor<f32>) -> tensor<3x4xf32> {
  %0 = tw.fold %x by affine_map<() -> (0, 2)> : tensor<f32> -> tensor<3x4xf32>
  %1 = tw.fold %y by affine_map<() -> (1, 2)> : tensor<f32> -> tensor<3x4xf32>
  %2 = tw.add %0, %1 : tensor<3x4xf32>
  return %2 : tensor<3x4xf32>
}
