// A product reads what it prints, on tensors and on memrefs; so do the start and the plan of a nest.
//
// RUN: talweg-opt %s | talweg-opt | FileCheck %s

#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (k, n)>
#c = affine_map<(m, n, k) -> (m, n)>
#bias = affine_map<(m, n, k) -> (n)>
#tile = affine_map<(m, n, k) -> (0)>

// CHECK-DAG: #[[A:.*]] = affine_map<(d0, d1, d2) -> (d0, d2)>
// CHECK-DAG: #[[B:.*]] = affine_map<(d0, d1, d2) -> (d2, d1)>
// CHECK-DAG: #[[C:.*]] = affine_map<(d0, d1, d2) -> (d0, d1)>
// CHECK-DAG: #[[BIAS:.*]] = affine_map<(d0, d1, d2) -> (d1)>
// CHECK-DAG: #[[TILE:.*]] = affine_map<(d0, d1, d2) -> (0)>

// CHECK-LABEL: func.func @tensors
func.func @tensors(%a: tensor<4x8xf32>, %b: tensor<8x16xf32>, %bias: tensor<16xf32>, %c: tensor<4x16xf32>, %tiles: tensor<2xf32>) {
  // CHECK: kernel.product loops [4, 16, 8] maps [#[[A]], #[[B]], #[[C]]] of %{{.*}}, %{{.*}} : tensor<4x8xf32>, tensor<8x16xf32> outs %{{.*}} : tensor<4x16xf32> -> tensor<4x16xf32>{{$}}
  %0 = kernel.product loops [4, 16, 8] maps [#a, #b, #c] of %a, %b : tensor<4x8xf32>, tensor<8x16xf32> outs %c : tensor<4x16xf32> -> tensor<4x16xf32>
  // CHECK: kernel.product loops [4, 16, 8] maps [#[[A]], #[[B]], #[[C]], #[[BIAS]], #[[C]]] of %{{.*}}, %{{.*}} : tensor<4x8xf32>, tensor<8x16xf32> reads %{{.*}} : tensor<16xf32> outs %{{.*}} : tensor<4x16xf32> -> tensor<4x16xf32> {
  // CHECK-NEXT: ^bb0(%[[SUM:.*]]: f32, %[[READ:.*]]: f32):
  // CHECK-NEXT: %[[VALUE:.*]] = arith.addf %[[SUM]], %[[READ]] : f32
  // CHECK-NEXT: kernel.yield %[[VALUE]] : f32
  %1 = kernel.product loops [4, 16, 8] maps [#a, #b, #c, #bias, #c] of %a, %b : tensor<4x8xf32>, tensor<8x16xf32> reads %bias : tensor<16xf32>
      outs %c : tensor<4x16xf32> -> tensor<4x16xf32> {
  ^bb0(%sum: f32, %read: f32):
    %value = arith.addf %sum, %read : f32
    kernel.yield %value : f32
  }
  // The sums, which something else reads, and a number for each of two tiles.
  // CHECK: outs %{{.*}}, %{{.*}} : tensor<4x16xf32>, tensor<2xf32> partial plan <{k = [array<i64: 8, 1, 16, 0, 0>], lanes = 8 : i64, m = array<i64: 4, 8, 0, 16, 0>, n = array<i64: 16, 0, 1, 1, 0>, rows = 4 : i64}> -> tensor<4x16xf32>, tensor<2xf32> {
  %2:2 = kernel.product loops [4, 16, 8] maps [#a, #b, #c, #tile] of %a, %b : tensor<4x8xf32>, tensor<8x16xf32>
      outs %c, %tiles : tensor<4x16xf32>, tensor<2xf32> partial
      plan <{k = [array<i64: 8, 1, 16, 0, 0>], lanes = 8 : i64, m = array<i64: 4, 8, 0, 16, 0>, n = array<i64: 16, 0, 1, 1, 0>, rows = 4 : i64}>
      -> tensor<4x16xf32>, tensor<2xf32> {
  ^bb0(%sum: f32):
    %value = arith.mulf %sum, %sum : f32
    kernel.yield %value : f32
  }
  return
}

// CHECK-LABEL: func.func @memrefs
func.func @memrefs(%a: memref<4x8xf32>, %b: memref<8x16xf32>, %sums: memref<4x16xf32>, %c: memref<4x16xf32>) {
  // CHECK: outs %{{.*}}, %{{.*}} : memref<4x16xf32>, memref<4x16xf32> scratch_sums {
  kernel.product loops [4, 16, 8] maps [#a, #b, #c, #c] of %a, %b : memref<4x8xf32>, memref<8x16xf32>
      outs %sums, %c : memref<4x16xf32>, memref<4x16xf32> scratch_sums {
  ^bb0(%sum: f32):
    %value = arith.negf %sum : f32
    kernel.yield %value : f32
  }
  return
}

// CHECK-LABEL: func.func @nest
func.func @nest(%x: memref<64x32xf32>, %y: memref<64xf32>) {
  // CHECK: attrs = {kernel.nest = #kernel.nest_plan<{axes = [array<i64: 2, -1, 32, 1>, array<i64: 32, 1, 1, 0>], chains = 2 : i64, lanes = 16 : i64, moving = 1 : i64, row = array<i64: 32, -1, 64, 2>, vector_axis = 1 : i64}>, kernel.start = 0.000000e+00 : f32, kernel.together = 3 : i64}
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<64x32xf32>) outs(%y : memref<64xf32>)
      attrs = {kernel.start = 0.0 : f32, kernel.together = 3 : i64,
               kernel.nest = #kernel.nest_plan<{axes = [array<i64: 2, -1, 32, 1>, array<i64: 32, 1, 1, 0>], chains = 2 : i64, lanes = 16 : i64,
                                                moving = 1 : i64, row = array<i64: 32, -1, 64, 2>, vector_axis = 1 : i64}>} {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.addf %out, %in : f32
    linalg.yield %0 : f32
  }
  return
}

// CHECK-LABEL: func.func @leave
func.func @leave(%leaves: i1, %x: f32, %to: memref<f32>) {
  // CHECK: kernel.leave if %{{.*}} {
  // CHECK-NEXT: memref.store
  kernel.leave if %leaves {
    memref.store %x, %to[] : memref<f32>
  }
  // CHECK: kernel.leave if %{{.*}} {
  // CHECK-NEXT: } else {
  // CHECK-NEXT: memref.store
  kernel.leave if %leaves {
  } else {
    memref.store %x, %to[] : memref<f32>
  }
  return
}
