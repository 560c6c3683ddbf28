// RUN: talweg-opt %s --talweg-plan-products=target=x86-64-v4 | FileCheck %s
// Of a convolution of 16 channels, each step of its weight's gradient reads again the channels of the pixel before, if a tile has more rows than these. They stay in registers
// beside the tile's sums, where 24 rows and 8 such have no place: of 48 rows there are three tiles.

#x = affine_map<(u, v, c, o, n, i, j) -> (n, i + u, j + v, c)>
#dy = affine_map<(u, v, c, o, n, i, j) -> (n, i, j, o)>
#dw = affine_map<(u, v, c, o, n, i, j) -> (u, v, c, o)>

// CHECK-LABEL: func @weight_gradient
// CHECK: rows = 16 : i64
func.func @weight_gradient(%x: tensor<64x34x34x16xf32>, %dy: tensor<64x32x32x16xf32>) -> tensor<3x3x16x16xf32> {
  %e = tensor.empty() : tensor<3x3x16x16xf32>
  %p = kernel.product loops [3, 3, 16, 16, 64, 32, 32] maps [#x, #dy, #dw] of %x, %dy
      : tensor<64x34x34x16xf32>, tensor<64x32x32x16xf32> outs %e : tensor<3x3x16x16xf32> -> tensor<3x3x16x16xf32>
  return %p : tensor<3x3x16x16xf32>
}
