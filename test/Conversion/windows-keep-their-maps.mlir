// RUN: talweg-opt %s --talweg-tw-to-linalg --split-input-file | FileCheck %s
// A window is a generic that yields its input through the window's map.

// CHECK: #[[PATCH:.*]] = affine_map<(d0, d1, d2) -> (d0 * 2 + d1, d2)>
// CHECK-LABEL: func.func @patches
func.func @patches(%x: tensor<7x3xf32>) -> tensor<3x3x3xf32> {
  // CHECK: linalg.generic {indexing_maps = [#[[PATCH]], #{{.*}}], iterator_types = ["parallel", "parallel", "parallel"]}
  // CHECK: ^bb0(%[[X:.*]]: f32, %{{.*}}: f32)
  // CHECK-NEXT: linalg.yield %[[X]]
  %0 = tw.window %x by affine_map<(d0, d1, d2) -> (d0 * 2 + d1, d2)> : tensor<7x3xf32> -> tensor<3x3x3xf32>
  return %0 : tensor<3x3x3xf32>
}

// -----

// linalg wants a bare dimension to cover its operand: the first 3 of 5 are d0 mod 5.
// CHECK: #[[FIRST:.*]] = affine_map<(d0) -> (d0 mod 5)>
// CHECK-LABEL: func.func @firstThree
func.func @firstThree(%x: tensor<5xf32>) -> tensor<3xf32> {
  // CHECK: linalg.generic {indexing_maps = [#[[FIRST]], #{{.*}}]
  %0 = tw.window %x by affine_map<(d0) -> (d0)> : tensor<5xf32> -> tensor<3xf32>
  return %0 : tensor<3xf32>
}

// -----

// CHECK: #[[SHIFT:.*]] = affine_map<(d0) -> (d0 + 2)>
// CHECK-LABEL: func.func @padding
func.func @padding(%x: tensor<5xf32>) -> tensor<8xf32> {
  // CHECK: %[[LOWEST:.*]] = arith.constant 0xFF800000 : f32
  // CHECK: %[[FILLED:.*]] = linalg.fill ins(%[[LOWEST]] : f32)
  // CHECK: linalg.generic {indexing_maps = [#{{.*}}, #[[SHIFT]]], iterator_types = ["reduction"]} {{.*}} outs(%[[FILLED]] :
  // CHECK: arith.maximumf
  %0 = tw.pad %x low [2] high [1] value 0xFFF0000000000000 : tensor<5xf32> -> tensor<8xf32>
  return %0 : tensor<8xf32>
}

// -----

// CHECK-LABEL: func.func @reshapes
func.func @reshapes(%x: tensor<2x3x4x5xf32>) -> tensor<6x2x2x5xf32> {
  // CHECK: tensor.collapse_shape %{{.*}} {{\[}}[0, 1], [2], [3]] : tensor<2x3x4x5xf32> into tensor<6x4x5xf32>
  // CHECK: tensor.expand_shape %{{.*}} {{\[}}[0], [1, 2], [3]] output_shape [6, 2, 2, 5]
  %0 = tw.reshape %x : tensor<2x3x4x5xf32> -> tensor<6x2x2x5xf32>
  return %0 : tensor<6x2x2x5xf32>
}
