// What combines elements with its result in memory says what it starts from: nobody looks at what is written in front.
//
// RUN: talweg-opt %s --talweg-plan-nests --verify-diagnostics

func.func @total(%x: memref<8xf32>, %y: memref<f32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<f32>)
  // expected-error @+1 {{cannot be planned: not a reduction from a start}}
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> ()>], iterator_types = ["reduction"]}
      ins(%x : memref<8xf32>) outs(%y : memref<f32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.addf %out, %in : f32
    linalg.yield %0 : f32
  }
  return
}
