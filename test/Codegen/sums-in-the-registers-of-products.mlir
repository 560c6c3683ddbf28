// RUN: talweg-opt %s --talweg-schedule --talweg-plan-products=target=x86-64-v4 2>%t | FileCheck %s
// RUN: FileCheck %s --check-prefix=TOLD < %t
// RUN: talweg-opt %s --talweg-schedule --talweg-plan-products=target=x86-64-v4 --talweg-bufferize \
// RUN:   --talweg-lower-products --canonicalize --cse 2>/dev/null | FileCheck %s --check-prefix=LOOPS
//
// The squares of a gradient are summed while it is in the registers of its product: a partial sum a tile, added up in the order of the
// tiles. So it is written once, and read once, by the update that waits for the sum.

// CHECK-LABEL: func @clipped
// CHECK: %[[G:.*]]:2 = kernel.product {{.*}} outs %{{.*}}, %{{.*}} : tensor<40x40xf32>, tensor<5xf32> partial plan
// CHECK: arith.mulf
// CHECK: linalg.generic {{.*}} ins(%[[G]]#1 : tensor<5xf32>) outs(%{{.*}} : tensor<f32>)
// CHECK: math.sqrt
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %[[G]]#0 : tensor<40x40xf32>, tensor<40x40xf32>)
// CHECK-NOT: linalg.generic
// TOLD: remark: computed in a pass of its own over memory, not in the registers of the product that it reads: a sum of all that the product gives comes first, as where gradients are clipped by their norm

// Five tiles of 8 rows, each with its number.
// LOOPS-LABEL: func @clipped
// LOOPS: %[[PARTIALS:.*]] = memref.alloc() : memref<5xf32>
// LOOPS: scf.for %[[ROW:.*]] = %{{.*}} to %{{.*}} step %[[EIGHT:.*]] {
// LOOPS: %[[NUMBER:.*]] = arith.divui %[[ROW]], %[[EIGHT]]
// LOOPS: math.fma
// LOOPS: arith.mulf %[[SUM:.*]], %[[SUM]] : vector<16xf32>
// LOOPS: arith.select {{.*}} : vector<16xi1>, vector<16xf32>
// LOOPS: %[[ONE:.*]] = vector.extract %{{.*}}[0] : f32
// LOOPS-NEXT: memref.store %[[ONE]], %[[PARTIALS]][%[[NUMBER]]]
// LOOPS: linalg.generic {{.*}} iterator_types = ["reduction"]} ins(%[[PARTIALS]] : memref<5xf32>) outs(%{{.*}} : memref<f32>) attrs = {kernel.start = 0.000000e+00 : f32}
func.func @clipped(%w: memref<40x40xf32>, %x: memref<8x40xf32>) {
  %zero = arith.constant 0.0 : f32
  %W = bufferization.to_tensor %w restrict : memref<40x40xf32> to tensor<40x40xf32>
  %X = bufferization.to_tensor %x restrict : memref<8x40xf32> to tensor<8x40xf32>
  %e = tensor.empty() : tensor<40x40xf32>
  %g = kernel.product loops [40, 40, 8] maps [affine_map<(m, n, k) -> (k, m)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>]
    of %X, %X : tensor<8x40xf32>, tensor<8x40xf32> outs %e : tensor<40x40xf32> -> tensor<40x40xf32>
  %t0 = tensor.empty() : tensor<f32>
  %t1 = linalg.fill ins(%zero : f32) outs(%t0 : tensor<f32>) -> tensor<f32>
  %t = linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> ()>], iterator_types = ["reduction", "reduction"]}
    ins(%g : tensor<40x40xf32>) outs(%t1 : tensor<f32>) {
  ^bb0(%a: f32, %s: f32):
    %p = arith.mulf %a, %a : f32
    %q = arith.addf %s, %p : f32
    linalg.yield %q : f32
  } -> tensor<f32>
  %sum = tensor.extract %t[] : tensor<f32>
  %norm = math.sqrt %sum : f32
  %new = linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>],
                         iterator_types = ["parallel", "parallel"]}
    ins(%W, %g : tensor<40x40xf32>, tensor<40x40xf32>) outs(%e : tensor<40x40xf32>) {
  ^bb0(%p: f32, %d: f32, %o: f32):
    %s = arith.divf %d, %norm : f32
    %q = arith.subf %p, %s : f32
    linalg.yield %q : f32
  } -> tensor<40x40xf32>
  bufferization.materialize_in_destination %new in restrict writable %w : (tensor<40x40xf32>, memref<40x40xf32>) -> ()
  return
}

// The mean of a batch norm: each column's sum over a tile, a row of them for the tiles beside each other; the product's result is stored too, for what is less its mean.
// CHECK-LABEL: func @columns
// CHECK: %[[Y:.*]]:2 = kernel.product {{.*}} outs %{{.*}}, %{{.*}} : tensor<40x40xf32>, tensor<5x40xf32> partial plan
// CHECK: %[[M:.*]] = linalg.generic {{.*}} iterator_types = ["reduction", "parallel"]} ins(%[[Y]]#1 : tensor<5x40xf32>) outs(%{{.*}} : tensor<40xf32>)
// CHECK: linalg.generic {{.*}} ins(%[[Y]]#0, %[[M]] : tensor<40x40xf32>, tensor<40xf32>)
// CHECK-NOT: linalg.generic
// LOOPS-LABEL: func @columns
// LOOPS: %[[PARTIALS:.*]] = memref.alloc() : memref<5x40xf32>
// LOOPS: %[[FLAT:.*]] = memref.reinterpret_cast %[[PARTIALS]]
// LOOPS: math.fma
// LOOPS: vector.store %{{.*}}, %[[FLAT]]
// LOOPS-NOT: vector.extract
// LOOPS: linalg.generic {{.*}} ins(%[[PARTIALS]] : memref<5x40xf32>)
func.func @columns(%x: memref<8x40xf32>, %out: memref<40x40xf32>) {
  %zero = arith.constant 0.0 : f32
  %X = bufferization.to_tensor %x restrict : memref<8x40xf32> to tensor<8x40xf32>
  %e = tensor.empty() : tensor<40x40xf32>
  %y = kernel.product loops [40, 40, 8] maps [affine_map<(m, n, k) -> (k, m)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>]
    of %X, %X : tensor<8x40xf32>, tensor<8x40xf32> outs %e : tensor<40x40xf32> -> tensor<40x40xf32>
  %t0 = tensor.empty() : tensor<40xf32>
  %t1 = linalg.fill ins(%zero : f32) outs(%t0 : tensor<40xf32>) -> tensor<40xf32>
  %m = linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (n)>], iterator_types = ["reduction", "parallel"]}
    ins(%y : tensor<40x40xf32>) outs(%t1 : tensor<40xf32>) {
  ^bb0(%a: f32, %s: f32):
    %q = arith.addf %s, %a : f32
    linalg.yield %q : f32
  } -> tensor<40xf32>
  %d = linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (n)>, affine_map<(m, n) -> (m, n)>], iterator_types = ["parallel", "parallel"]}
    ins(%y, %m : tensor<40x40xf32>, tensor<40xf32>) outs(%e : tensor<40x40xf32>) {
  ^bb0(%a: f32, %s: f32, %o: f32):
    %q = arith.subf %a, %s : f32
    linalg.yield %q : f32
  } -> tensor<40x40xf32>
  bufferization.materialize_in_destination %d in restrict writable %out : (tensor<40x40xf32>, memref<40x40xf32>) -> ()
  return
}
