// The logistic function becomes one formula as soon as it is on vectors, wherever its ones come from. Later one of its ops may be left in
// another function, as the lanes of the first loop would be here, and what is left would be another formula, of other bits.
//
// RUN: talweg-opt %s --pass-pipeline='builtin.module(func.func(talweg-plan-nests{target=x86-64-v4},talweg-vectorize-generics{target=x86-64-v4},talweg-approximate-math{logistic-only},cse),talweg-outline-parts{max-ops=8})' \
// RUN:   | FileCheck %s

// CHECK-NOT: math.exp
// CHECK-NOT: talweg.logistic
func.func @talweg_step(%x: memref<16xf32>, %y: memref<16xf32>, %z: memref<16xf32>) {
  %one = arith.constant 1.0 : f32
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : memref<16xf32>) outs(%y : memref<16xf32>) {
  ^bb0(%a: f32, %o: f32):
    %q = arith.addf %a, %one : f32
    linalg.yield %q : f32
  }
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%y : memref<16xf32>) outs(%z : memref<16xf32>) {
  ^bb0(%a: f32, %o: f32):
    %minus = arith.negf %a : f32
    %power = math.exp %minus : f32
    %sum = arith.addf %power, %one : f32
    %q = arith.divf %one, %sum {talweg.logistic} : f32
    linalg.yield %q : f32
  }
  return
}
