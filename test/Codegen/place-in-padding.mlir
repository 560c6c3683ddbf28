// RUN: talweg-opt %s --talweg-place-in-padding | FileCheck %s
// What is padded is computed between the padding, and read there.

#all = affine_map<(n, i, c) -> (n, i, c)>
#inside = affine_map<(n, i, c) -> (n, i + 1, c)>
#columns = affine_map<(n, i, c) -> (c)>

// CHECK-DAG: #[[ALL:.*]] = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
// CHECK-DAG: #[[INSIDE:.*]] = affine_map<(d0, d1, d2) -> (d0, d1 + 1, d2)>
// CHECK-DAG: #[[FACTOR:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d1 + 1, d3)>

// CHECK-LABEL: func.func @placed
// CHECK: %[[FILL:.*]] = linalg.fill {{.*}} -> tensor<2x10x4xf32>
// CHECK: %[[P:.*]] = linalg.generic {indexing_maps = [#[[ALL]], #[[INSIDE]]], {{.*}} ins(%arg0 : tensor<2x8x4xf32>) outs(%[[FILL]] : tensor<2x10x4xf32>)
// CHECK: %[[X:.*]] = math.exp
// CHECK: arith.addf %{{.*}}, %[[X]]
// A sum that reads it has its loops from an operand that is not read.
// CHECK: tensor.empty() : tensor<2x8x4xf32>
// CHECK: linalg.generic {{.*}} ins(%[[P]], %{{.*}} : tensor<2x10x4xf32>, tensor<2x8x4xf32>)
// CHECK: kernel.product loops [2, 8, 5, 4] maps [#[[FACTOR]], {{.*}} of %[[P]], %arg1
// CHECK: return %{{.*}}, %{{.*}}, %[[P]]
func.func @placed(%x: tensor<2x8x4xf32>, %w: tensor<4x5xf32>) -> (tensor<4xf32>, tensor<8x2x5xf32>, tensor<2x10x4xf32>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x8x4xf32>
  %y = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%x : tensor<2x8x4xf32>) outs(%e : tensor<2x8x4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %exp = math.exp %in : f32
    linalg.yield %exp : f32
  } -> tensor<2x8x4xf32>
  %e4 = tensor.empty() : tensor<4xf32>
  %f4 = linalg.fill ins(%zero : f32) outs(%e4 : tensor<4xf32>) -> tensor<4xf32>
  %sum = linalg.generic {indexing_maps = [#all, #columns], iterator_types = ["reduction", "reduction", "parallel"]}
      ins(%y : tensor<2x8x4xf32>) outs(%f4 : tensor<4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %s = arith.addf %out, %in : f32
    linalg.yield %s : f32
  } -> tensor<4xf32>
  %e5 = tensor.empty() : tensor<8x2x5xf32>
  %product = kernel.product loops [2, 8, 5, 4] maps [affine_map<(n, i, o, c) -> (n, i, c)>, affine_map<(n, i, o, c) -> (c, o)>, affine_map<(n, i, o, c) -> (i, n, o)>]
      of %y, %w : tensor<2x8x4xf32>, tensor<4x5xf32> outs %e5 : tensor<8x2x5xf32> -> tensor<8x2x5xf32>
  %ep = tensor.empty() : tensor<2x10x4xf32>
  %fp = linalg.fill ins(%zero : f32) outs(%ep : tensor<2x10x4xf32>) -> tensor<2x10x4xf32>
  %p = linalg.generic {indexing_maps = [#all, #inside], iterator_types = ["parallel", "reduction", "parallel"]}
      ins(%y : tensor<2x8x4xf32>) outs(%fp : tensor<2x10x4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %s = arith.addf %out, %in : f32
    linalg.yield %s : f32
  } -> tensor<2x10x4xf32>
  return %sum, %product, %p : tensor<4xf32>, tensor<8x2x5xf32>, tensor<2x10x4xf32>
}

// What the function gives back as it is stays a tensor of its own.
// CHECK-LABEL: func.func @given_back
// CHECK-COUNT-2: linalg.generic
// CHECK: return
func.func @given_back(%x: tensor<2x8x4xf32>) -> (tensor<2x8x4xf32>, tensor<2x10x4xf32>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x8x4xf32>
  %y = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%x : tensor<2x8x4xf32>) outs(%e : tensor<2x8x4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %exp = math.exp %in : f32
    linalg.yield %exp : f32
  } -> tensor<2x8x4xf32>
  %ep = tensor.empty() : tensor<2x10x4xf32>
  %fp = linalg.fill ins(%zero : f32) outs(%ep : tensor<2x10x4xf32>) -> tensor<2x10x4xf32>
  %p = linalg.generic {indexing_maps = [#all, #inside], iterator_types = ["parallel", "reduction", "parallel"]}
      ins(%y : tensor<2x8x4xf32>) outs(%fp : tensor<2x10x4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %s = arith.addf %out, %in : f32
    linalg.yield %s : f32
  } -> tensor<2x10x4xf32>
  return %y, %p : tensor<2x8x4xf32>, tensor<2x10x4xf32>
}

// One op may read it several times, of which one gave its loops.
// CHECK-LABEL: func.func @twice
// CHECK: linalg.generic {{.*}} ins(%[[P:.*]], %[[P]], %{{.*}} : tensor<2x10x4xf32>, tensor<2x10x4xf32>, tensor<2x8x4xf32>) outs(%{{.*}} : tensor<4xf32>)
func.func @twice(%x: tensor<2x8x4xf32>) -> (tensor<4xf32>, tensor<2x10x4xf32>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x8x4xf32>
  %y = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%x : tensor<2x8x4xf32>) outs(%e : tensor<2x8x4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %exp = math.exp %in : f32
    linalg.yield %exp : f32
  } -> tensor<2x8x4xf32>
  %e4 = tensor.empty() : tensor<4xf32>
  %f4 = linalg.fill ins(%zero : f32) outs(%e4 : tensor<4xf32>) -> tensor<4xf32>
  %sum = linalg.generic {indexing_maps = [affine_map<(n, i, c) -> (n, 0, c)>, #all, #columns], iterator_types = ["reduction", "reduction", "parallel"]}
      ins(%y, %y : tensor<2x8x4xf32>, tensor<2x8x4xf32>) outs(%f4 : tensor<4xf32>) {
  ^bb0(%first: f32, %in: f32, %out: f32):
    %d = arith.mulf %first, %in : f32
    %s = arith.addf %out, %d : f32
    linalg.yield %s : f32
  } -> tensor<4xf32>
  %ep = tensor.empty() : tensor<2x10x4xf32>
  %fp = linalg.fill ins(%zero : f32) outs(%ep : tensor<2x10x4xf32>) -> tensor<2x10x4xf32>
  %p = linalg.generic {indexing_maps = [#all, #inside], iterator_types = ["parallel", "reduction", "parallel"]}
      ins(%y : tensor<2x8x4xf32>) outs(%fp : tensor<2x10x4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %s = arith.addf %out, %in : f32
    linalg.yield %s : f32
  } -> tensor<2x10x4xf32>
  return %sum, %p : tensor<4xf32>, tensor<2x10x4xf32>
}

// A reduction starts from its own literal, where it is written.
// CHECK-LABEL: func.func @greatest
// CHECK: %[[AROUND:.*]] = linalg.fill {{.*}} -> tensor<2x6x4xf32>
// CHECK: %[[START:.*]] = linalg.fill {{.*}} -> tensor<2x4x4xf32>
// CHECK: %[[INIT:.*]] = tensor.insert_slice %[[START]] into %[[AROUND]][0, 1, 0] [2, 4, 4] [1, 1, 1]
// CHECK: %[[P:.*]] = linalg.generic {{.*}}"reduction"{{.*}} outs(%[[INIT]] : tensor<2x6x4xf32>)
// CHECK-NEXT: ^bb0
// CHECK-NEXT: arith.maximumf
// CHECK-NEXT: linalg.yield
// CHECK-NOT: arith.addf
// CHECK: kernel.product {{.*}} of %[[P]], %arg1
func.func @greatest(%x: tensor<2x4x2x4xf32>, %w: tensor<3x4x5xf32>) -> tensor<2x4x5xf32> {
  %zero = arith.constant 0.0 : f32
  %lowest = arith.constant 0xFF800000 : f32
  %e = tensor.empty() : tensor<2x4x4xf32>
  %f = linalg.fill ins(%lowest : f32) outs(%e : tensor<2x4x4xf32>) -> tensor<2x4x4xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(n, i, u, c) -> (n, i, u, c)>, affine_map<(n, i, u, c) -> (n, i, c)>],
                       iterator_types = ["parallel", "parallel", "reduction", "parallel"]}
      ins(%x : tensor<2x4x2x4xf32>) outs(%f : tensor<2x4x4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %m = arith.maximumf %out, %in : f32
    linalg.yield %m : f32
  } -> tensor<2x4x4xf32>
  %ep = tensor.empty() : tensor<2x6x4xf32>
  %fp = linalg.fill ins(%zero : f32) outs(%ep : tensor<2x6x4xf32>) -> tensor<2x6x4xf32>
  %p = linalg.generic {indexing_maps = [#all, #inside], iterator_types = ["parallel", "reduction", "parallel"]}
      ins(%y : tensor<2x4x4xf32>) outs(%fp : tensor<2x6x4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %s = arith.addf %out, %in : f32
    linalg.yield %s : f32
  } -> tensor<2x6x4xf32>
  %ez = tensor.empty() : tensor<2x4x5xf32>
  %z = kernel.product loops [2, 4, 3, 4, 5] maps [affine_map<(n, i, u, c, o) -> (n, i + u, c)>, affine_map<(n, i, u, c, o) -> (u, c, o)>, affine_map<(n, i, u, c, o) -> (n, i, o)>]
      of %p, %w : tensor<2x6x4xf32>, tensor<3x4x5xf32> outs %ez : tensor<2x4x5xf32> -> tensor<2x4x5xf32>
  return %z : tensor<2x4x5xf32>
}

// Who adds x to zero gives its zeros no sign, and a sum of products does not see one; here something else could.
// CHECK-LABEL: func.func @greatest_and_signs
// CHECK: linalg.generic {{.*}}"reduction"{{.*}} outs(%{{.*}} : tensor<2x4x4xf32>)
// CHECK: linalg.generic {indexing_maps = [#[[ALL]], #[[INSIDE]]], iterator_types = ["parallel", "parallel", "parallel"]}
func.func @greatest_and_signs(%x: tensor<2x4x2x4xf32>) -> tensor<2x6x4xf32> {
  %zero = arith.constant 0.0 : f32
  %lowest = arith.constant 0xFF800000 : f32
  %e = tensor.empty() : tensor<2x4x4xf32>
  %f = linalg.fill ins(%lowest : f32) outs(%e : tensor<2x4x4xf32>) -> tensor<2x4x4xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(n, i, u, c) -> (n, i, u, c)>, affine_map<(n, i, u, c) -> (n, i, c)>],
                       iterator_types = ["parallel", "parallel", "reduction", "parallel"]}
      ins(%x : tensor<2x4x2x4xf32>) outs(%f : tensor<2x4x4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %m = arith.maximumf %out, %in : f32
    linalg.yield %m : f32
  } -> tensor<2x4x4xf32>
  %ep = tensor.empty() : tensor<2x6x4xf32>
  %fp = linalg.fill ins(%zero : f32) outs(%ep : tensor<2x6x4xf32>) -> tensor<2x6x4xf32>
  %p = linalg.generic {indexing_maps = [#all, #inside], iterator_types = ["parallel", "reduction", "parallel"]}
      ins(%y : tensor<2x4x4xf32>) outs(%fp : tensor<2x6x4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %s = arith.addf %out, %in : f32
    linalg.yield %s : f32
  } -> tensor<2x6x4xf32>
  return %p : tensor<2x6x4xf32>
}

// One of several results.
// CHECK-LABEL: func.func @beside
// CHECK: %[[FILL:.*]] = linalg.fill {{.*}} -> tensor<2x10x4xf32>
// CHECK: %[[BOTH:.*]]:2 = linalg.generic {indexing_maps = [#[[ALL]], #[[ALL]], #[[INSIDE]]], {{.*}} outs(%{{.*}}, %[[FILL]] : tensor<2x8x4xf32>, tensor<2x10x4xf32>)
// CHECK: %[[X:.*]] = math.exp
// CHECK: %[[Y:.*]] = math.tanh
// CHECK: %[[P:.*]] = arith.addf %{{.*}}, %[[Y]]
// CHECK: linalg.yield %[[X]], %[[P]]
// CHECK: return %[[BOTH]]#0, %[[BOTH]]#1
func.func @beside(%x: tensor<2x8x4xf32>) -> (tensor<2x8x4xf32>, tensor<2x10x4xf32>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x8x4xf32>
  %y:2 = linalg.generic {indexing_maps = [#all, #all, #all], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%x : tensor<2x8x4xf32>) outs(%e, %e : tensor<2x8x4xf32>, tensor<2x8x4xf32>) {
  ^bb0(%in: f32, %out: f32, %other: f32):
    %exp = math.exp %in : f32
    %tanh = math.tanh %in : f32
    linalg.yield %exp, %tanh : f32, f32
  } -> (tensor<2x8x4xf32>, tensor<2x8x4xf32>)
  %ep = tensor.empty() : tensor<2x10x4xf32>
  %fp = linalg.fill ins(%zero : f32) outs(%ep : tensor<2x10x4xf32>) -> tensor<2x10x4xf32>
  %p = linalg.generic {indexing_maps = [#all, #inside], iterator_types = ["parallel", "reduction", "parallel"]}
      ins(%y#1 : tensor<2x8x4xf32>) outs(%fp : tensor<2x10x4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %s = arith.addf %out, %in : f32
    linalg.yield %s : f32
  } -> tensor<2x10x4xf32>
  return %y#0, %p : tensor<2x8x4xf32>, tensor<2x10x4xf32>
}
