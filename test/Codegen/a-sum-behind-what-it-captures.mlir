// RUN: talweg-opt %s --talweg-schedule | FileCheck %s
// A sum of all elements of a product's result that needs a number from behind the product stays behind the number: it is not taken in the
// product's registers.

// CHECK: %[[PRODUCT:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<8xf32>)
// CHECK: %[[LATE:.*]] = tensor.extract %{{.*}}[] : tensor<f32>
// CHECK: linalg.generic {{.*}} ins(%[[PRODUCT]] : tensor<8xf32>) outs(%{{.*}} : tensor<f32>) {
// CHECK: arith.addf %{{.*}}, %[[LATE]]
func.func @step(%x: memref<8x4xf32>, %w: memref<4xf32>, %b: memref<f32>, %told: memref<f32>) {
  %zero = arith.constant 0.0 : f32
  %X = bufferization.to_tensor %x restrict : memref<8x4xf32> to tensor<8x4xf32>
  %W = bufferization.to_tensor %w restrict : memref<4xf32> to tensor<4xf32>
  %B = bufferization.to_tensor %b restrict : memref<f32> to tensor<f32>
  %e = tensor.empty() : tensor<8xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %p = linalg.generic {indexing_maps = [affine_map<(m, k) -> (m, k)>, affine_map<(m, k) -> (k)>, affine_map<(m, k) -> (m)>],
                       iterator_types = ["parallel", "reduction"]}
    ins(%X, %W : tensor<8x4xf32>, tensor<4xf32>) outs(%f : tensor<8xf32>) {
  ^bb0(%a: f32, %c: f32, %s: f32):
    %q = math.fma %a, %c, %s : f32
    linalg.yield %q : f32
  } -> tensor<8xf32>
  %late = tensor.extract %B[] : tensor<f32>
  %t0 = tensor.empty() : tensor<f32>
  %t1 = linalg.fill ins(%zero : f32) outs(%t0 : tensor<f32>) -> tensor<f32>
  %t = linalg.generic {indexing_maps = [affine_map<(m) -> (m)>, affine_map<(m) -> ()>], iterator_types = ["reduction"]}
    ins(%p : tensor<8xf32>) outs(%t1 : tensor<f32>) {
  ^bb0(%a: f32, %s: f32):
    %m = arith.addf %a, %late : f32
    %q = arith.addf %s, %m : f32
    linalg.yield %q : f32
  } -> tensor<f32>
  bufferization.materialize_in_destination %t in restrict writable %told : (tensor<f32>, memref<f32>) -> ()
  return
}
