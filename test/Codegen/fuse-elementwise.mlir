// RUN: talweg-opt %s --talweg-fuse-elementwise --canonicalize | FileCheck %s
// Values pass in registers: accesses vanish, chains become one op, an update is one op of several results.

#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
#col = affine_map<(i, j) -> (j)>

// A bias spread over rows, added and clipped: one op that reads the bias through its map.
// CHECK-LABEL: func.func @chain
// CHECK: %[[R:.*]] = linalg.generic
// CHECK-SAME: ins(%{{.*}}, %{{.*}} : tensor<4x8xf32>, tensor<8xf32>)
// CHECK: arith.addf
// CHECK: arith.maximumf
// CHECK-NOT: linalg.generic
// CHECK: return %[[R]]
func.func @chain(%x: tensor<4x8xf32>, %b: tensor<8xf32>) -> tensor<4x8xf32> {
  %zero = arith.constant dense<0.0> : tensor<4x8xf32>
  %e = tensor.empty() : tensor<4x8xf32>
  %spread = linalg.generic {indexing_maps = [#col, #id], iterator_types = ["parallel", "parallel"]}
      ins(%b : tensor<8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%in: f32, %out: f32):
    linalg.yield %in : f32
  } -> tensor<4x8xf32>
  %sum = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x, %spread : tensor<4x8xf32>, tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%a: f32, %c: f32, %out: f32):
    %0 = arith.addf %a, %c : f32
    linalg.yield %0 : f32
  } -> tensor<4x8xf32>
  %relu = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%sum, %zero : tensor<4x8xf32>, tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%a: f32, %c: f32, %out: f32):
    %0 = arith.maximumf %a, %c : f32
    linalg.yield %0 : f32
  } -> tensor<4x8xf32>
  return %relu : tensor<4x8xf32>
}

// An exponential read once for each of eight columns is not computed eight times.
// CHECK-LABEL: func.func @notRepeated
// CHECK: math.exp
// CHECK: linalg.generic
func.func @notRepeated(%x: tensor<4xf32>, %y: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %e1 = tensor.empty() : tensor<4xf32>
  %e = tensor.empty() : tensor<4x8xf32>
  %exp = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : tensor<4xf32>) outs(%e1 : tensor<4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = math.exp %in : f32
    linalg.yield %0 : f32
  } -> tensor<4xf32>
  %sum = linalg.generic {indexing_maps = [#row, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%exp, %y : tensor<4xf32>, tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%a: f32, %c: f32, %out: f32):
    %0 = arith.addf %a, %c : f32
    linalg.yield %0 : f32
  } -> tensor<4x8xf32>
  return %sum : tensor<4x8xf32>
}

// A momentum and the parameter it moves are written by one op.
// CHECK-LABEL: func.func @update
// CHECK: %[[R:.*]]:2 = linalg.generic
// CHECK-NOT: linalg.generic
// CHECK: return %[[R]]#1, %[[R]]#0
func.func @update(%p: tensor<4x8xf32>, %m: tensor<4x8xf32>, %g: tensor<4x8xf32>, %lr: f32)
    -> (tensor<4x8xf32>, tensor<4x8xf32>) {
  %e = tensor.empty() : tensor<4x8xf32>
  %m2 = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%m, %g : tensor<4x8xf32>, tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%a: f32, %c: f32, %out: f32):
    %0 = arith.addf %a, %c : f32
    linalg.yield %0 : f32
  } -> tensor<4x8xf32>
  %p2 = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%p, %m2 : tensor<4x8xf32>, tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%a: f32, %c: f32, %out: f32):
    %0 = arith.mulf %c, %lr : f32
    %1 = arith.subf %a, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<4x8xf32>
  return %p2, %m2 : tensor<4x8xf32>, tensor<4x8xf32>
}

// A box of two small tensors is computed in both of its readers, and written nowhere.
// CHECK-LABEL: func.func @box
// CHECK-SAME:    %[[X:.*]]: tensor<64x8xf32>, %[[C:.*]]: tensor<32x8xf32>
// CHECK:       linalg.generic {{.*}} ins(%[[X]], %[[C]] : tensor<64x8xf32>, tensor<32x8xf32>) outs(%{{.*}} : tensor<64x32xf32>)
// CHECK:         arith.subf
// CHECK:       linalg.generic {{.*}} ins(%[[X]], %[[C]] : tensor<64x8xf32>, tensor<32x8xf32>) outs(%{{.*}} : tensor<32x8xf32>)
// CHECK:         arith.subf
// CHECK-NOT:   linalg.generic
func.func @box(%x: tensor<64x8xf32>, %c: tensor<32x8xf32>) -> (tensor<64x32xf32>, tensor<32x8xf32>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<64x32x8xf32>
  %half = arith.constant dense<0.5> : tensor<64x32x8xf32>
  %difference = linalg.generic {indexing_maps = [affine_map<(n, k, i) -> (n, i)>, affine_map<(n, k, i) -> (k, i)>, affine_map<(n, k, i) -> (n, k, i)>,
                                                 affine_map<(n, k, i) -> (n, k, i)>], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%x, %c, %half : tensor<64x8xf32>, tensor<32x8xf32>, tensor<64x32x8xf32>) outs(%e : tensor<64x32x8xf32>) {
  ^bb0(%a: f32, %b: f32, %h: f32, %o: f32):
    %0 = arith.subf %a, %b : f32
    %1 = arith.mulf %0, %h : f32
    linalg.yield %1 : f32
  } -> tensor<64x32x8xf32>
  %e1 = tensor.empty() : tensor<64x32xf32>
  %f1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<64x32xf32>) -> tensor<64x32xf32>
  %squares = linalg.generic {indexing_maps = [affine_map<(n, k, i) -> (n, k, i)>, affine_map<(n, k, i) -> (n, k)>], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%difference : tensor<64x32x8xf32>) outs(%f1 : tensor<64x32xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.mulf %a, %a : f32
    %1 = arith.addf %o, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<64x32xf32>
  %e2 = tensor.empty() : tensor<32x8xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<32x8xf32>) -> tensor<32x8xf32>
  %sums = linalg.generic {indexing_maps = [affine_map<(n, k, i) -> (n, k, i)>, affine_map<(n, k, i) -> (k, i)>], iterator_types = ["reduction", "parallel", "parallel"]}
      ins(%difference : tensor<64x32x8xf32>) outs(%f2 : tensor<32x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.addf %o, %a : f32
    linalg.yield %0 : f32
  } -> tensor<32x8xf32>
  return %squares, %sums : tensor<64x32xf32>, tensor<32x8xf32>
}

// x less the mean of its columns, read by two, is computed by both of x, which is stored anyway since the mean reads it.
// CHECK-LABEL: func.func @storedAnyway
// CHECK: arith.addf
// CHECK-NOT: arith.subf
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %{{.*}} : tensor<64x8xf32>, tensor<8xf32>)
// CHECK: arith.subf
// CHECK: arith.mulf
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %{{.*}} : tensor<64x8xf32>, tensor<8xf32>)
// CHECK: arith.subf
// CHECK: math.exp
// CHECK: return
func.func @storedAnyway(%x: tensor<64x8xf32>) -> (tensor<8xf32>, tensor<64x8xf32>) {
  %zero = arith.constant 0.0 : f32
  %e1 = tensor.empty() : tensor<8xf32>
  %e = tensor.empty() : tensor<64x8xf32>
  %none = linalg.fill ins(%zero : f32) outs(%e1 : tensor<8xf32>) -> tensor<8xf32>
  %m = linalg.generic {indexing_maps = [#id, #col], iterator_types = ["reduction", "parallel"]}
      ins(%x : tensor<64x8xf32>) outs(%none : tensor<8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.addf %out, %in : f32
    linalg.yield %0 : f32
  } -> tensor<8xf32>
  %spread = linalg.generic {indexing_maps = [#col, #id], iterator_types = ["parallel", "parallel"]}
      ins(%m : tensor<8xf32>) outs(%e : tensor<64x8xf32>) {
  ^bb0(%in: f32, %out: f32):
    linalg.yield %in : f32
  } -> tensor<64x8xf32>
  %d = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x, %spread : tensor<64x8xf32>, tensor<64x8xf32>) outs(%e : tensor<64x8xf32>) {
  ^bb0(%a: f32, %c: f32, %out: f32):
    %0 = arith.subf %a, %c : f32
    linalg.yield %0 : f32
  } -> tensor<64x8xf32>
  %v = linalg.generic {indexing_maps = [#id, #col], iterator_types = ["reduction", "parallel"]}
      ins(%d : tensor<64x8xf32>) outs(%none : tensor<8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.mulf %in, %in : f32
    %1 = arith.addf %out, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<8xf32>
  %y = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%d : tensor<64x8xf32>) outs(%e : tensor<64x8xf32>) {
  ^bb0(%a: f32, %out: f32):
    %0 = math.exp %a : f32
    linalg.yield %0 : f32
  } -> tensor<64x8xf32>
  return %v, %y : tensor<8xf32>, tensor<64x8xf32>
}
