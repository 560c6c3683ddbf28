// What a reduction starts from stands on it as a literal; anything else cannot be said.
//
// RUN: talweg-opt %s --talweg-bufferize --verify-diagnostics

func.func @total(%v: memref<8xf32>, %w: memref<f32>, %start: f32) {
  %x = bufferization.to_tensor %v restrict : memref<8xf32> to tensor<8xf32>
  %e = tensor.empty() : tensor<f32>
  %from = linalg.fill ins(%start : f32) outs(%e : tensor<f32>) -> tensor<f32>
  // expected-error @+1 {{cannot be given a buffer: accumulates onto something other than linalg.fill of a literal}}
  %sum = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> ()>], iterator_types = ["reduction"]}
      ins(%x : tensor<8xf32>) outs(%from : tensor<f32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.addf %out, %in : f32
    linalg.yield %0 : f32
  } -> tensor<f32>
  bufferization.materialize_in_destination %sum in restrict writable %w : (tensor<f32>, memref<f32>) -> ()
  return
}
