// RUN: talweg-opt %s --talweg-form-products --talweg-schedule | FileCheck %s
// An update goes behind the product that it alone reads, once the old value has been read for the last time; what reads a product
// goes to it, sums of all its elements too; scalars go to the front.

// CHECK-LABEL: func @step
// CHECK: %[[W:.*]] = bufferization.to_tensor %arg0
// CHECK: %[[RATE:.*]] = arith.divf
// CHECK: %[[FORWARD:.*]] = kernel.product {{.*}} of %{{.*}}, %[[W]] : tensor<4x8xf32>, tensor<8x8xf32>
// CHECK: %[[RELU:.*]] = linalg.generic {{.*}} ins(%[[FORWARD]] :
// CHECK: %[[BACK:.*]] = kernel.product {{.*}} of %[[RELU]], %[[W]] :
// CHECK: linalg.generic {{.*}} ins(%[[BACK]] : tensor<4x8xf32>) outs(%{{.*}} : tensor<f32>) attrs = {talweg.in_tiles}
// CHECK: %[[GRADIENT:.*]] = kernel.product {{.*}} outs %{{.*}} : tensor<8x8xf32>
// CHECK: %[[NEW:.*]] = linalg.generic {{.*}} ins(%[[W]], %[[GRADIENT]] :
func.func @step(%w: memref<8x8xf32>, %x: memref<4x8xf32>, %loss: memref<f32>, %lr: f32) {
  %zero = arith.constant 0.0 : f32
  %two = arith.constant 2.0 : f32
  %W = bufferization.to_tensor %w restrict : memref<8x8xf32> to tensor<8x8xf32>
  %X = bufferization.to_tensor %x restrict : memref<4x8xf32> to tensor<4x8xf32>
  %e = tensor.empty() : tensor<4x8xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4x8xf32>) -> tensor<4x8xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
                       iterator_types = ["parallel", "parallel", "reduction"]}
    ins(%X, %W : tensor<4x8xf32>, tensor<8x8xf32>) outs(%f : tensor<4x8xf32>) {
  ^bb0(%a: f32, %b: f32, %s: f32):
    %q = math.fma %a, %b, %s : f32
    linalg.yield %q : f32
  } -> tensor<4x8xf32>
  %g0 = tensor.empty() : tensor<8x8xf32>
  %g1 = linalg.fill ins(%zero : f32) outs(%g0 : tensor<8x8xf32>) -> tensor<8x8xf32>
  %g = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (k, m)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
                       iterator_types = ["parallel", "parallel", "reduction"]}
    ins(%X, %X : tensor<4x8xf32>, tensor<4x8xf32>) outs(%g1 : tensor<8x8xf32>) {
  ^bb0(%a: f32, %b: f32, %s: f32):
    %q = math.fma %a, %b, %s : f32
    linalg.yield %q : f32
  } -> tensor<8x8xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>], iterator_types = ["parallel", "parallel"]}
    ins(%y : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %q = arith.maximumf %a, %zero : f32
    linalg.yield %q : f32
  } -> tensor<4x8xf32>
  %dx = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>],
                        iterator_types = ["parallel", "parallel", "reduction"]}
    ins(%r, %W : tensor<4x8xf32>, tensor<8x8xf32>) outs(%f : tensor<4x8xf32>) {
  ^bb0(%a: f32, %b: f32, %s: f32):
    %q = math.fma %a, %b, %s : f32
    linalg.yield %q : f32
  } -> tensor<4x8xf32>
  %l0 = tensor.empty() : tensor<f32>
  %l1 = linalg.fill ins(%zero : f32) outs(%l0 : tensor<f32>) -> tensor<f32>
  %l = linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> ()>], iterator_types = ["reduction", "reduction"]}
    ins(%dx : tensor<4x8xf32>) outs(%l1 : tensor<f32>) {
  ^bb0(%a: f32, %s: f32):
    %q = arith.addf %s, %a : f32
    linalg.yield %q : f32
  } -> tensor<f32>
  %rate = arith.divf %lr, %two : f32
  %new = linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>],
                         iterator_types = ["parallel", "parallel"]}
    ins(%W, %g : tensor<8x8xf32>, tensor<8x8xf32>) outs(%g0 : tensor<8x8xf32>) {
  ^bb0(%p: f32, %d: f32, %o: f32):
    %s = arith.mulf %rate, %d : f32
    %q = arith.subf %p, %s : f32
    linalg.yield %q : f32
  } -> tensor<8x8xf32>
  bufferization.materialize_in_destination %new in restrict writable %w : (tensor<8x8xf32>, memref<8x8xf32>) -> ()
  bufferization.materialize_in_destination %l in restrict writable %loss : (tensor<f32>, memref<f32>) -> ()
  return
}

// A new value that is also read stays in front of its reader, even where the old one is read behind that.
// CHECK-LABEL: func @readNew
// CHECK: %[[NEW:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<8xf32>)
// CHECK: linalg.generic {{.*}} ins(%[[NEW]] : tensor<8xf32>) outs(%{{.*}} : tensor<f32>)
// CHECK: linalg.generic {{.*}} ins(%{{.*}} : tensor<8xf32>) outs(%{{.*}} : tensor<f32>)
func.func @readNew(%v: memref<8xf32>, %one: memref<f32>, %two: memref<f32>) {
  %zero = arith.constant 0.0 : f32
  %old = bufferization.to_tensor %v restrict : memref<8xf32> to tensor<8xf32>
  %e = tensor.empty() : tensor<8xf32>
  %s0 = tensor.empty() : tensor<f32>
  %s = linalg.fill ins(%zero : f32) outs(%s0 : tensor<f32>) -> tensor<f32>
  %new = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%old : tensor<8xf32>) outs(%e : tensor<8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %q = arith.addf %a, %a : f32
    linalg.yield %q : f32
  } -> tensor<8xf32>
  %ofNew = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> ()>], iterator_types = ["reduction"]}
      ins(%new : tensor<8xf32>) outs(%s : tensor<f32>) {
  ^bb0(%a: f32, %o: f32):
    %q = arith.addf %o, %a : f32
    linalg.yield %q : f32
  } -> tensor<f32>
  %ofOld = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> ()>], iterator_types = ["reduction"]}
      ins(%old : tensor<8xf32>) outs(%s : tensor<f32>) {
  ^bb0(%a: f32, %o: f32):
    %q = arith.addf %o, %a : f32
    linalg.yield %q : f32
  } -> tensor<f32>
  bufferization.materialize_in_destination %ofNew in restrict writable %one : (tensor<f32>, memref<f32>) -> ()
  bufferization.materialize_in_destination %ofOld in restrict writable %two : (tensor<f32>, memref<f32>) -> ()
  bufferization.materialize_in_destination %new in restrict writable %v : (tensor<8xf32>, memref<8xf32>) -> ()
  return
}

// A new value that is also stored in front of that, as what a loop starts from, stays there.
// CHECK-LABEL: func @storedInFront
// CHECK: %[[NEW:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<8xf32>)
// CHECK: bufferization.materialize_in_destination %[[NEW]]
// CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<f32>)
func.func @storedInFront(%v: memref<8xf32>, %start: memref<8xf32>, %two: memref<f32>) {
  %zero = arith.constant 0.0 : f32
  %old = bufferization.to_tensor %v restrict : memref<8xf32> to tensor<8xf32>
  %e = tensor.empty() : tensor<8xf32>
  %s0 = tensor.empty() : tensor<f32>
  %s = linalg.fill ins(%zero : f32) outs(%s0 : tensor<f32>) -> tensor<f32>
  %new = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%old : tensor<8xf32>) outs(%e : tensor<8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %q = arith.addf %a, %a : f32
    linalg.yield %q : f32
  } -> tensor<8xf32>
  bufferization.materialize_in_destination %new in restrict writable %start : (tensor<8xf32>, memref<8xf32>) -> ()
  %ofOld = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> ()>], iterator_types = ["reduction"]}
      ins(%old : tensor<8xf32>) outs(%s : tensor<f32>) {
  ^bb0(%a: f32, %o: f32):
    %q = arith.addf %o, %a : f32
    linalg.yield %q : f32
  } -> tensor<f32>
  bufferization.materialize_in_destination %ofOld in restrict writable %two : (tensor<f32>, memref<f32>) -> ()
  bufferization.materialize_in_destination %new in restrict writable %v : (tensor<8xf32>, memref<8xf32>) -> ()
  return
}
