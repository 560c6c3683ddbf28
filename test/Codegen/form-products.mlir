// RUN: talweg-opt %s --talweg-form-products | FileCheck %s
// A reduction acc + a * b of floats that starts from zero is a product; nothing else is.

#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (k, n)>
#c = affine_map<(m, n, k) -> (m, n)>
#all = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>

// CHECK-DAG: #[[A:.*]] = affine_map<(d0, d1, d2) -> (d0, d2)>
// CHECK-DAG: #[[B:.*]] = affine_map<(d0, d1, d2) -> (d2, d1)>
// CHECK-DAG: #[[C:.*]] = affine_map<(d0, d1, d2) -> (d0, d1)>

// Its start and its body are gone; its factors are in the order of the multiplication.
// CHECK-LABEL: func.func @products
// CHECK-SAME: %[[X:.*]]: tensor<4x8xf32>, %[[W:.*]]: tensor<8x5xf32>
// CHECK: %[[E:.*]] = tensor.empty
// CHECK: kernel.product loops [4, 5, 8] maps [#[[A]], #[[B]], #[[C]]] of %[[X]], %[[W]] : tensor<4x8xf32>, tensor<8x5xf32> outs %[[E]] : tensor<4x5xf32> -> tensor<4x5xf32>
// CHECK-NEXT: kernel.product loops [4, 5, 8] maps [#[[B]], #[[A]], #[[C]]] of %[[W]], %[[X]] : tensor<8x5xf32>, tensor<4x8xf32> outs %[[E]] : tensor<4x5xf32> -> tensor<4x5xf32>
// CHECK-NOT: linalg.generic
func.func @products(%x: tensor<4x8xf32>, %w: tensor<8x5xf32>) -> (tensor<4x5xf32>, tensor<4x5xf32>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x5xf32>
  %start = linalg.fill ins(%zero : f32) outs(%e : tensor<4x5xf32>) -> tensor<4x5xf32>
  %p = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<4x8xf32>, tensor<8x5xf32>) outs(%start : tensor<4x5xf32>) {
  ^bb0(%l: f32, %r: f32, %sum: f32):
    %0 = arith.mulf %l, %r : f32
    %1 = arith.addf %0, %sum : f32
    linalg.yield %1 : f32
  } -> tensor<4x5xf32>
  %q = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<4x8xf32>, tensor<8x5xf32>) outs(%start : tensor<4x5xf32>) {
  ^bb0(%l: f32, %r: f32, %sum: f32):
    %0 = math.fma %r, %l, %sum : f32
    linalg.yield %0 : f32
  } -> tensor<4x5xf32>
  return %p, %q : tensor<4x5xf32>, tensor<4x5xf32>
}

// The start is another number, or unknown.
// CHECK-LABEL: func.func @other_starts
// CHECK-NOT: kernel.product
// CHECK: return
func.func @other_starts(%x: tensor<4x8xf32>, %given: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %one = arith.constant 1.0 : f32
  %e = tensor.empty() : tensor<4xf32>
  %start = linalg.fill ins(%one : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %p = linalg.generic {indexing_maps = [#all, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<4x8xf32>) outs(%start : tensor<4xf32>) {
  ^bb0(%l: f32, %sum: f32):
    %0 = math.fma %l, %l, %sum : f32
    linalg.yield %0 : f32
  } -> tensor<4xf32>
  %q = linalg.generic {indexing_maps = [#all, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<4x8xf32>) outs(%given : tensor<4xf32>) {
  ^bb0(%l: f32, %sum: f32):
    %0 = math.fma %l, %l, %sum : f32
    linalg.yield %0 : f32
  } -> tensor<4xf32>
  return %p, %q : tensor<4xf32>, tensor<4xf32>
}

// The body is more than a multiplication and an addition, or less, or multiplies by what is no tensor.
// CHECK-LABEL: func.func @other_bodies
// CHECK-NOT: kernel.product
// CHECK: return
func.func @other_bodies(%x: tensor<4x8xf32>, %scale: f32) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4xf32>
  %start = linalg.fill ins(%zero : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %more = linalg.generic {indexing_maps = [#all, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<4x8xf32>) outs(%start : tensor<4xf32>) {
  ^bb0(%l: f32, %sum: f32):
    %0 = arith.negf %l : f32
    %1 = math.fma %0, %l, %sum : f32
    linalg.yield %1 : f32
  } -> tensor<4xf32>
  %less = linalg.generic {indexing_maps = [#all, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<4x8xf32>) outs(%start : tensor<4xf32>) {
  ^bb0(%l: f32, %sum: f32):
    %0 = arith.addf %sum, %l : f32
    linalg.yield %0 : f32
  } -> tensor<4xf32>
  %scaled = linalg.generic {indexing_maps = [#all, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<4x8xf32>) outs(%start : tensor<4xf32>) {
  ^bb0(%l: f32, %sum: f32):
    %0 = math.fma %l, %scale, %sum : f32
    linalg.yield %0 : f32
  } -> tensor<4xf32>
  return %more, %less, %scaled : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// CHECK-LABEL: func.func @integers
// CHECK-NOT: kernel.product
// CHECK: return
func.func @integers(%x: tensor<4x8xi32>) -> tensor<4xi32> {
  %zero = arith.constant 0 : i32
  %e = tensor.empty() : tensor<4xi32>
  %start = linalg.fill ins(%zero : i32) outs(%e : tensor<4xi32>) -> tensor<4xi32>
  %p = linalg.generic {indexing_maps = [#all, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<4x8xi32>) outs(%start : tensor<4xi32>) {
  ^bb0(%l: i32, %sum: i32):
    %0 = arith.muli %l, %l : i32
    %1 = arith.addi %sum, %0 : i32
    linalg.yield %1 : i32
  } -> tensor<4xi32>
  return %p : tensor<4xi32>
}

// With all loops parallel each element takes one product: they are scattered, not summed.
// CHECK-LABEL: func.func @scattered
// CHECK-NOT: kernel.product
// CHECK: return
func.func @scattered(%x: tensor<4xf32>) -> tensor<8xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8xf32>
  %start = linalg.fill ins(%zero : f32) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %p = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (2 * i)>], iterator_types = ["parallel"]}
      ins(%x : tensor<4xf32>) outs(%start : tensor<8xf32>) {
  ^bb0(%l: f32, %sum: f32):
    %0 = math.fma %l, %l, %sum : f32
    linalg.yield %0 : f32
  } -> tensor<8xf32>
  return %p : tensor<8xf32>
}
