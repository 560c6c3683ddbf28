// RUN: talweg-opt %s --talweg-order-dimensions -split-input-file | FileCheck %s
// RUN: talweg-opt %s --talweg-order-dimensions=tells -split-input-file -o /dev/null 2>&1 | FileCheck %s --check-prefix=TOLD
// A product for each k reads what has k outermost; what is tied to its operand place by place has the same order, in an op of two results as well.

// CHECK-DAG: #[[SAME:.*]] = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
// CHECK-DAG: #[[X:.*]] = affine_map<(d0, d1, d2) -> (d2, d1)>
// CHECK-DAG: #[[MU:.*]] = affine_map<(d0, d1, d2) -> (d0, d1)>
// CHECK-DAG: #[[READ:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d2, d3)>
// CHECK-DAG: #[[WRITTEN:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d1, d3)>

// CHECK-LABEL: func.func @components
// CHECK-SAME:    %[[x:.*]]: tensor<1000x10xf32>, %[[mu:.*]]: tensor<25x10xf32>, %[[low:.*]]: tensor<25x10x10xf32>
// CHECK:       %[[C:.*]]:2 = linalg.generic {indexing_maps = [#[[X]], #[[MU]], #[[SAME]], #[[SAME]]], {{.*}} ins(%[[x]], %[[mu]] : {{.*}} outs({{.*}} : tensor<25x10x1000xf32>, tensor<25x10x1000xf32>)
// CHECK:       %[[P:.*]] = kernel.product loops [25, 10, 10, 1000] maps [#{{.*}}, #[[READ]], #[[WRITTEN]]] of %[[low]], %[[C]]#0 : {{.*}} -> tensor<25x10x1000xf32>
// CHECK:       linalg.generic {{.*}} ins(%[[P]], %[[C]]#1 : tensor<25x10x1000xf32>, tensor<25x10x1000xf32>)
// CHECK:       return %{{.*}} : tensor<1000x25xf32>
// TOLD: remark: its dimensions have the order 25x10x1000, and those of what is computed with it place by place: from {{.*}} to {{.*}} cycles, by estimate
func.func @components(%x: tensor<1000x10xf32>, %mu: tensor<25x10xf32>, %low: tensor<25x10x10xf32>) -> tensor<1000x25xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<1000x25x10xf32>
  %c:2 = linalg.generic {indexing_maps = [affine_map<(n, k, i) -> (n, i)>, affine_map<(n, k, i) -> (k, i)>, affine_map<(n, k, i) -> (n, k, i)>, affine_map<(n, k, i) -> (n, k, i)>],
                         iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%x, %mu : tensor<1000x10xf32>, tensor<25x10xf32>) outs(%e, %e : tensor<1000x25x10xf32>, tensor<1000x25x10xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32, %p: f32):
    %0 = arith.subf %a, %b : f32
    %1 = arith.addf %a, %b : f32
    linalg.yield %0, %1 : f32, f32
  } -> (tensor<1000x25x10xf32>, tensor<1000x25x10xf32>)
  %w = kernel.product loops [25, 10, 10, 1000]
    maps [affine_map<(k, i, j, n) -> (k, i, j)>, affine_map<(k, i, j, n) -> (n, k, j)>, affine_map<(k, i, j, n) -> (n, k, i)>]
    of %low, %c#0 : tensor<25x10x10xf32>, tensor<1000x25x10xf32> outs %e : tensor<1000x25x10xf32> -> tensor<1000x25x10xf32>
  %t = linalg.generic {indexing_maps = [affine_map<(n, k, i) -> (n, k, i)>, affine_map<(n, k, i) -> (n, k, i)>, affine_map<(n, k, i) -> (n, k, i)>],
                       iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%w, %c#1 : tensor<1000x25x10xf32>, tensor<1000x25x10xf32>) outs(%e : tensor<1000x25x10xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.mulf %a, %b : f32
    linalg.yield %0 : f32
  } -> tensor<1000x25x10xf32>
  %r = tensor.empty() : tensor<1000x25xf32>
  %f = linalg.fill ins(%zero : f32) outs(%r : tensor<1000x25xf32>) -> tensor<1000x25xf32>
  %s = linalg.generic {indexing_maps = [affine_map<(n, k, i) -> (n, k, i)>, affine_map<(n, k, i) -> (n, k)>], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%t : tensor<1000x25x10xf32>) outs(%f : tensor<1000x25xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %1 = arith.addf %acc, %a : f32
    linalg.yield %1 : f32
  } -> tensor<1000x25xf32>
  return %s : tensor<1000x25xf32>
}

// -----

// What the host sees stays as it is, and so does what something else than loops reads.
// CHECK-LABEL: func.func @seen
// CHECK-NOT:   tensor<25x10x1000xf32>
func.func @seen(%x: tensor<1000x10xf32>, %mu: tensor<25x10xf32>, %low: tensor<25x10x10xf32>) -> (tensor<1000x25x10xf32>, tensor<1000x25x10xf32>) {
  %e = tensor.empty() : tensor<1000x25x10xf32>
  %c = linalg.generic {indexing_maps = [affine_map<(n, k, i) -> (n, i)>, affine_map<(n, k, i) -> (k, i)>, affine_map<(n, k, i) -> (n, k, i)>],
                         iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%x, %mu : tensor<1000x10xf32>, tensor<25x10xf32>) outs(%e : tensor<1000x25x10xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.subf %a, %b : f32
    linalg.yield %0 : f32
  } -> tensor<1000x25x10xf32>
  %w = kernel.product loops [25, 10, 10, 1000]
    maps [affine_map<(k, i, j, n) -> (k, i, j)>, affine_map<(k, i, j, n) -> (n, k, j)>, affine_map<(k, i, j, n) -> (n, k, i)>]
    of %low, %c : tensor<25x10x10xf32>, tensor<1000x25x10xf32> outs %e : tensor<1000x25x10xf32> -> tensor<1000x25x10xf32>
  return %c, %w : tensor<1000x25x10xf32>, tensor<1000x25x10xf32>
}

// -----

// Nor are tensors turned in the turns of a loop, where --memory may have them computed again among other ops.
// CHECK-LABEL: func.func @turns
// CHECK-NOT:   tensor<25x10x1000xf32>
func.func @turns(%x: tensor<1000x10xf32>, %mu: tensor<25x10xf32>, %low: tensor<25x10x10xf32>, %y: memref<1000x25x10xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  scf.for %t = %c0 to %c4 step %c1 {
    %e = tensor.empty() : tensor<1000x25x10xf32>
    %c = linalg.generic {indexing_maps = [affine_map<(n, k, i) -> (n, i)>, affine_map<(n, k, i) -> (k, i)>, affine_map<(n, k, i) -> (n, k, i)>],
                           iterator_types = ["parallel", "parallel", "parallel"]}
        ins(%x, %mu : tensor<1000x10xf32>, tensor<25x10xf32>) outs(%e : tensor<1000x25x10xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %0 = arith.subf %a, %b : f32
      linalg.yield %0 : f32
    } -> tensor<1000x25x10xf32>
    %w = kernel.product loops [25, 10, 10, 1000]
      maps [affine_map<(k, i, j, n) -> (k, i, j)>, affine_map<(k, i, j, n) -> (n, k, j)>, affine_map<(k, i, j, n) -> (n, k, i)>]
      of %low, %c : tensor<25x10x10xf32>, tensor<1000x25x10xf32> outs %e : tensor<1000x25x10xf32> -> tensor<1000x25x10xf32>
    bufferization.materialize_in_destination %w in restrict writable %y : (tensor<1000x25x10xf32>, memref<1000x25x10xf32>) -> ()
  }
  return
}

// -----

// A position in what is turned is that of the index, not of the loop.
// CHECK-LABEL: func.func @places
// CHECK:       linalg.generic {{.*}} outs({{.*}} : tensor<25x10x1000xf32>)
// CHECK:         linalg.index 2
// CHECK:       kernel.product
func.func @places(%low: tensor<25x10x10xf32>) -> tensor<25x10x1000xf32> {
  %e = tensor.empty() : tensor<1000x10x25xf32>
  %c = linalg.generic {indexing_maps = [affine_map<(n, j, k) -> (n, j, k)>], iterator_types = ["parallel", "parallel", "parallel"]}
      outs(%e : tensor<1000x10x25xf32>) {
  ^bb0(%o: f32):
    %n = linalg.index 0 : index
    %0 = arith.index_cast %n : index to i32
    %1 = arith.sitofp %0 : i32 to f32
    linalg.yield %1 : f32
  } -> tensor<1000x10x25xf32>
  %e2 = tensor.empty() : tensor<25x10x1000xf32>
  %w = kernel.product loops [25, 10, 10, 1000]
    maps [affine_map<(k, i, j, n) -> (k, i, j)>, affine_map<(k, i, j, n) -> (n, j, k)>, affine_map<(k, i, j, n) -> (k, i, n)>]
    of %low, %c : tensor<25x10x10xf32>, tensor<1000x10x25xf32> outs %e2 : tensor<25x10x1000xf32> -> tensor<25x10x1000xf32>
  return %w : tensor<25x10x1000xf32>
}
