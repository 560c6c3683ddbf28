// RUN: talweg-opt %s --talweg-join-sums | FileCheck %s
//
// Two sums over the rows of a cotangent, as a batch norm's backward takes: it is read once for both. The second is taken where the first was, since nothing
// that it reads comes later; an update that waits for the first stands behind.

#all = affine_map<(r, c) -> (r, c)>
#column = affine_map<(r, c) -> (c)>
#own = affine_map<(c) -> (c)>

// CHECK-LABEL: func.func @together(
// CHECK-SAME: %[[DY:.*]]: tensor<4096x16xf32>, %[[X:.*]]: tensor<4096x16xf32>
// CHECK: %[[SUMS:.*]]:2 = linalg.generic {{.*}} iterator_types = ["reduction", "parallel"]} ins(%[[DY]], %[[X]] : tensor<4096x16xf32>, tensor<4096x16xf32>) outs(%{{.*}}, %{{.*}} : tensor<16xf32>, tensor<16xf32>) {
// CHECK-NEXT: ^bb0(%[[G:.*]]: f32, %[[V:.*]]: f32, %[[FIRST:.*]]: f32, %[[SECOND:.*]]: f32):
// CHECK-NEXT: %[[PLAIN:.*]] = arith.addf %[[FIRST]], %[[G]] : f32
// CHECK-NEXT: %[[TIMES:.*]] = arith.mulf %[[V]], %[[G]] : f32
// CHECK-NEXT: %[[WEIGHED:.*]] = arith.addf %[[SECOND]], %[[TIMES]] : f32
// CHECK-NEXT: linalg.yield %[[PLAIN]], %[[WEIGHED]] : f32, f32
// CHECK: linalg.generic {{.*}} ins(%[[SUMS]]#0 : tensor<16xf32>)
// CHECK: return %{{.*}}, %[[SUMS]]#1
func.func @together(%dy: tensor<4096x16xf32>, %x: tensor<4096x16xf32>) -> (tensor<16xf32>, tensor<16xf32>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<16xf32>
  %none = linalg.fill ins(%zero : f32) outs(%e : tensor<16xf32>) -> tensor<16xf32>
  %sum = linalg.generic {indexing_maps = [#all, #column], iterator_types = ["reduction", "parallel"]}
      ins(%dy : tensor<4096x16xf32>) outs(%none : tensor<16xf32>) {
  ^bb0(%g: f32, %out: f32):
    %0 = arith.addf %out, %g : f32
    linalg.yield %0 : f32
  } -> tensor<16xf32>
  %moved = linalg.generic {indexing_maps = [#own, #own], iterator_types = ["parallel"]} ins(%sum : tensor<16xf32>) outs(%e : tensor<16xf32>) {
  ^bb0(%s: f32, %out: f32):
    %0 = arith.negf %s : f32
    linalg.yield %0 : f32
  } -> tensor<16xf32>
  %weighed = linalg.generic {indexing_maps = [#all, #all, #column], iterator_types = ["reduction", "parallel"]}
      ins(%x, %dy : tensor<4096x16xf32>, tensor<4096x16xf32>) outs(%none : tensor<16xf32>) {
  ^bb0(%v: f32, %g: f32, %out: f32):
    %0 = arith.mulf %v, %g : f32
    %1 = arith.addf %out, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<16xf32>
  return %moved, %weighed : tensor<16xf32>, tensor<16xf32>
}

// Sums of different elements, a sum that needs the other, also as a number that its body takes from outside, and what is no sum stay by themselves.
// CHECK-LABEL: func.func @apart(
// CHECK-COUNT-6: {{^ *}}%{{[0-9a-z_]+}} = linalg.generic
func.func @apart(%x: tensor<64x16xf32>, %y: tensor<64x16xf32>)
    -> (tensor<16xf32>, tensor<16xf32>, tensor<64xf32>, tensor<16xf32>, tensor<16xf32>, tensor<16xf32>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<16xf32>
  %none = linalg.fill ins(%zero : f32) outs(%e : tensor<16xf32>) -> tensor<16xf32>
  %r = tensor.empty() : tensor<64xf32>
  %nothing = linalg.fill ins(%zero : f32) outs(%r : tensor<64xf32>) -> tensor<64xf32>
  %sum = linalg.generic {indexing_maps = [#all, #column], iterator_types = ["reduction", "parallel"]}
      ins(%x : tensor<64x16xf32>) outs(%none : tensor<16xf32>) {
  ^bb0(%g: f32, %out: f32):
    %0 = arith.addf %out, %g : f32
    linalg.yield %0 : f32
  } -> tensor<16xf32>
  %other = linalg.generic {indexing_maps = [#all, #column], iterator_types = ["reduction", "parallel"]}
      ins(%y : tensor<64x16xf32>) outs(%none : tensor<16xf32>) {
  ^bb0(%g: f32, %out: f32):
    %0 = arith.addf %out, %g : f32
    linalg.yield %0 : f32
  } -> tensor<16xf32>
  %rows = linalg.generic {indexing_maps = [#all, affine_map<(r, c) -> (r)>], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<64x16xf32>) outs(%nothing : tensor<64xf32>) {
  ^bb0(%g: f32, %out: f32):
    %0 = arith.addf %out, %g : f32
    linalg.yield %0 : f32
  } -> tensor<64xf32>
  %later = linalg.generic {indexing_maps = [#all, #column, #column], iterator_types = ["reduction", "parallel"]}
      ins(%x, %sum : tensor<64x16xf32>, tensor<16xf32>) outs(%none : tensor<16xf32>) {
  ^bb0(%g: f32, %s: f32, %out: f32):
    %0 = arith.subf %g, %s : f32
    %1 = arith.addf %out, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<16xf32>
  %most = linalg.generic {indexing_maps = [#all, #column], iterator_types = ["reduction", "parallel"]}
      ins(%x : tensor<64x16xf32>) outs(%none : tensor<16xf32>) {
  ^bb0(%g: f32, %out: f32):
    %0 = arith.maximumf %out, %g : f32
    linalg.yield %0 : f32
  } -> tensor<16xf32>
  %c0 = arith.constant 0 : index
  %first = tensor.extract %sum[%c0] : tensor<16xf32>
  %number = linalg.generic {indexing_maps = [#all, #column], iterator_types = ["reduction", "parallel"]}
      ins(%x : tensor<64x16xf32>) outs(%none : tensor<16xf32>) {
  ^bb0(%g: f32, %out: f32):
    %0 = arith.subf %g, %first : f32
    %1 = arith.addf %out, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<16xf32>
  return %sum, %other, %rows, %later, %most, %number
    : tensor<16xf32>, tensor<16xf32>, tensor<64xf32>, tensor<16xf32>, tensor<16xf32>, tensor<16xf32>
}
