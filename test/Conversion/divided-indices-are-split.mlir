// RUN: talweg-opt %s --talweg-tw-to-linalg --split-input-file --verify-diagnostics | FileCheck %s
// Positions are linear in the indices: an index that is divided becomes two, its quotient and its remainder.

// CHECK: #[[IN:.*]] = affine_map<(d0, d1) -> (d0)>
// CHECK-LABEL: func.func @repeat
func.func @repeat(%x: tensor<3xf32>) -> tensor<6xf32> {
  // CHECK: %[[SPLIT:.*]] = linalg.generic {indexing_maps = [#[[IN]], #{{.*}}]
  // CHECK: tensor.collapse_shape %[[SPLIT]] {{\[}}[0, 1]] : tensor<3x2xf32> into tensor<6xf32>
  %0 = tw.window %x by affine_map<(d0) -> (d0 floordiv 2)> : tensor<3xf32> -> tensor<6xf32>
  return %0 : tensor<6xf32>
}

// -----

// CHECK: #[[IN:.*]] = affine_map<(d0, d1) -> (d0 * 2 + d1)>
// CHECK: #[[OUT:.*]] = affine_map<(d0, d1) -> (d0)>
// CHECK-LABEL: func.func @itsAdjoint
func.func @itsAdjoint(%x: tensor<6xf32>) -> tensor<3xf32> {
  // CHECK: linalg.generic {indexing_maps = [#[[IN]], #{{.*}}, #[[OUT]]], iterator_types = ["parallel", "reduction"]}
  %0 = tw.fold %x by affine_map<(d0) -> (d0 floordiv 2)> : tensor<6xf32> -> tensor<3xf32>
  return %0 : tensor<3xf32>
}

// -----

func.func @uneven(%x: tensor<3xf32>) -> tensor<5xf32> {
  // expected-error @+2 {{'tw.window' op reads positions that divide an index unevenly, which is not supported yet}}
  // expected-error @+1 {{failed to legalize operation 'tw.window' that was explicitly marked illegal}}
  %0 = tw.window %x by affine_map<(d0) -> (d0 floordiv 2)> : tensor<3xf32> -> tensor<5xf32>
  return %0 : tensor<5xf32>
}
