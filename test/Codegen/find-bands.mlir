// RUN: talweg-opt %s --talweg-find-bands | FileCheck %s
// What a mask leaves of a product's terms stands on it: bounds of a position, and how each loop moves it.

// A factor that is zero from the diagonal on: j - i is -1 at most.
// CHECK-LABEL: func.func @triangle
// CHECK:       kernel.product loops [64, 64, 256] {{.*}} attributes {kernel.band = array<i64: -1099511627776, -1, -1, 1, 0>}
func.func @triangle(%low: tensor<64x64xf32>, %c: tensor<64x256xf32>) -> tensor<64x256xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<64x64xf32>
  %l = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%low : tensor<64x64xf32>) outs(%e : tensor<64x64xf32>) {
  ^bb0(%a: f32, %o: f32):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %in = arith.cmpi slt, %j, %i : index
    %0 = arith.select %in, %a, %zero : f32
    linalg.yield %0 : f32
  } -> tensor<64x64xf32>
  %r = tensor.empty() : tensor<64x256xf32>
  %w = kernel.product loops [64, 64, 256] maps [affine_map<(i, j, n) -> (i, j)>, affine_map<(i, j, n) -> (j, n)>, affine_map<(i, j, n) -> (i, n)>]
    of %l, %c : tensor<64x64xf32>, tensor<64x256xf32> outs %r : tensor<64x256xf32> -> tensor<64x256xf32>
  return %w : tensor<64x256xf32>
}

// Causal attention, with the mask as a tensor: no score behind the row's position is read, and e^-inf is zero.
// CHECK-LABEL: func.func @attention
// CHECK:       kernel.product loops [32, 32, 8] {{.*}} attributes {kernel.band = array<i64: -1099511627776, 0, -1, 1, 0>} -> tensor<32x32xf32>
// CHECK:       kernel.product loops [32, 8, 32] {{.*}} attributes {kernel.band = array<i64: -1099511627776, 0, -1, 0, 1>} -> tensor<32x8xf32>
func.func @attention(%q: tensor<32x8xf32>, %k: tensor<32x8xf32>, %v: tensor<32x8xf32>, %most: tensor<32xf32>) -> tensor<32x8xf32> {
  %lowest = arith.constant 0xFF800000 : f32
  %b = tensor.empty() : tensor<32x32xi1>
  %mask = linalg.generic {indexing_maps = [affine_map<(t, s) -> (t, s)>], iterator_types = ["parallel", "parallel"]} outs(%b : tensor<32x32xi1>) {
  ^bb0(%o: i1):
    %t = linalg.index 0 : index
    %s = linalg.index 1 : index
    %ti = arith.index_cast %t : index to i32
    %si = arith.index_cast %s : index to i32
    %in = arith.cmpi sle, %si, %ti : i32
    linalg.yield %in : i1
  } -> tensor<32x32xi1>
  %e = tensor.empty() : tensor<32x32xf32>
  %score = kernel.product loops [32, 32, 8] maps [affine_map<(t, s, d) -> (t, d)>, affine_map<(t, s, d) -> (s, d)>, affine_map<(t, s, d) -> (t, s)>]
    of %q, %k : tensor<32x8xf32>, tensor<32x8xf32> outs %e : tensor<32x32xf32> -> tensor<32x32xf32>
  %masked = linalg.generic {indexing_maps = [affine_map<(t, s) -> (t, s)>, affine_map<(t, s) -> (t, s)>, affine_map<(t, s) -> (t, s)>],
                            iterator_types = ["parallel", "parallel"]}
      ins(%mask, %score : tensor<32x32xi1>, tensor<32x32xf32>) outs(%e : tensor<32x32xf32>) {
  ^bb0(%m: i1, %x: f32, %o: f32):
    %0 = arith.select %m, %x, %lowest : f32
    linalg.yield %0 : f32
  } -> tensor<32x32xf32>
  %p = linalg.generic {indexing_maps = [affine_map<(t, s) -> (t, s)>, affine_map<(t, s) -> (t)>, affine_map<(t, s) -> (t, s)>],
                       iterator_types = ["parallel", "parallel"]}
      ins(%masked, %most : tensor<32x32xf32>, tensor<32xf32>) outs(%e : tensor<32x32xf32>) {
  ^bb0(%x: f32, %m: f32, %o: f32):
    %0 = arith.subf %x, %m : f32
    %1 = math.exp %0 : f32
    linalg.yield %1 : f32
  } -> tensor<32x32xf32>
  %r = tensor.empty() : tensor<32x8xf32>
  %y = kernel.product loops [32, 8, 32] maps [affine_map<(t, d, s) -> (t, s)>, affine_map<(t, d, s) -> (s, d)>, affine_map<(t, d, s) -> (t, d)>]
    of %p, %v : tensor<32x32xf32>, tensor<32x8xf32> outs %r : tensor<32x8xf32> -> tensor<32x8xf32>
  return %y : tensor<32x8xf32>
}

// Where sums are read without the mask too, all of them count; so they do where what is selected instead is not zero.
// CHECK-LABEL: func.func @all
// CHECK-NOT:   kernel.band
func.func @all(%a: tensor<64x64xf32>, %b: tensor<64x64xf32>) -> (tensor<64x64xf32>, tensor<64x64xf32>) {
  %one = arith.constant 1.0 : f32
  %e = tensor.empty() : tensor<64x64xf32>
  %l = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%a : tensor<64x64xf32>) outs(%e : tensor<64x64xf32>) {
  ^bb0(%x: f32, %o: f32):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %in = arith.cmpi slt, %j, %i : index
    %0 = arith.select %in, %x, %one : f32
    linalg.yield %0 : f32
  } -> tensor<64x64xf32>
  %w = kernel.product loops [64, 64, 64] maps [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>, affine_map<(i, j, k) -> (i, j)>]
    of %l, %b : tensor<64x64xf32>, tensor<64x64xf32> outs %e : tensor<64x64xf32> -> tensor<64x64xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%w : tensor<64x64xf32>) outs(%e : tensor<64x64xf32>) {
  ^bb0(%x: f32, %o: f32):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %in = arith.cmpi slt, %j, %i : index
    %0 = arith.select %in, %x, %one : f32
    linalg.yield %0 : f32
  } -> tensor<64x64xf32>
  return %w, %y : tensor<64x64xf32>, tensor<64x64xf32>
}

// Of rows of which nothing is left e^-inf is not zero: their greatest element is -inf too.
// CHECK-LABEL: func.func @strictly
// CHECK-NOT:   kernel.band
func.func @strictly(%score: tensor<32x32xf32>, %v: tensor<32x8xf32>, %most: tensor<32xf32>) -> tensor<32x8xf32> {
  %lowest = arith.constant 0xFF800000 : f32
  %one = arith.constant 1 : index
  %e = tensor.empty() : tensor<32x32xf32>
  %p = linalg.generic {indexing_maps = [affine_map<(t, s) -> (t, s)>, affine_map<(t, s) -> (t)>, affine_map<(t, s) -> (t, s)>],
                       iterator_types = ["parallel", "parallel"]}
      ins(%score, %most : tensor<32x32xf32>, tensor<32xf32>) outs(%e : tensor<32x32xf32>) {
  ^bb0(%x: f32, %m: f32, %o: f32):
    %t = linalg.index 0 : index
    %s = linalg.index 1 : index
    %before = arith.subi %t, %one : index
    %in = arith.cmpi sle, %s, %before : index
    %0 = arith.select %in, %x, %lowest : f32
    %1 = arith.subf %0, %m : f32
    %2 = math.exp %1 : f32
    linalg.yield %2 : f32
  } -> tensor<32x32xf32>
  %r = tensor.empty() : tensor<32x8xf32>
  %y = kernel.product loops [32, 8, 32] maps [affine_map<(t, d, s) -> (t, s)>, affine_map<(t, d, s) -> (s, d)>, affine_map<(t, d, s) -> (t, d)>]
    of %p, %v : tensor<32x32xf32>, tensor<32x8xf32> outs %r : tensor<32x8xf32> -> tensor<32x8xf32>
  return %y : tensor<32x8xf32>
}

// What is dropped at random of a triangular matrix leaves it triangular.
// CHECK-LABEL: func.func @dropped
// CHECK:       kernel.product loops [32, 8, 32] {{.*}} attributes {kernel.band = array<i64: -1099511627776, 0, -1, 0, 1>} -> tensor<32x8xf32>
func.func @dropped(%p: tensor<32x32xf32>, %u: tensor<32x32xf32>, %v: tensor<32x8xf32>) -> tensor<32x8xf32> {
  %zero = arith.constant 0.0 : f32
  %rate = arith.constant 0.1 : f32
  %e = tensor.empty() : tensor<32x32xf32>
  %w = linalg.generic {indexing_maps = [affine_map<(t, s) -> (t, s)>, affine_map<(t, s) -> (t, s)>, affine_map<(t, s) -> (t, s)>],
                       iterator_types = ["parallel", "parallel"]}
      ins(%p, %u : tensor<32x32xf32>, tensor<32x32xf32>) outs(%e : tensor<32x32xf32>) {
  ^bb0(%x: f32, %r: f32, %o: f32):
    %t = linalg.index 0 : index
    %s = linalg.index 1 : index
    %in = arith.cmpi sle, %s, %t : index
    %0 = arith.select %in, %x, %zero : f32
    %out = arith.cmpf olt, %r, %rate : f32
    %1 = arith.select %out, %zero, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<32x32xf32>
  %r = tensor.empty() : tensor<32x8xf32>
  %y = kernel.product loops [32, 8, 32] maps [affine_map<(t, d, s) -> (t, s)>, affine_map<(t, d, s) -> (s, d)>, affine_map<(t, d, s) -> (t, d)>]
    of %w, %v : tensor<32x32xf32>, tensor<32x8xf32> outs %r : tensor<32x8xf32> -> tensor<32x8xf32>
  return %y : tensor<32x8xf32>
}

// Of weights' cotangents, divided by the sums of rows and multiplied by what is triangular, none tells beside the triangle.
// CHECK-LABEL: func.func @cotangents
// CHECK:       kernel.product loops [32, 32, 8] {{.*}} attributes {kernel.band = array<i64: -1099511627776, 0, -1, 1, 0>} -> tensor<32x32xf32>
func.func @cotangents(%dy: tensor<32x8xf32>, %v: tensor<32x8xf32>, %e: tensor<32x32xf32>, %sums: tensor<32xf32>, %moved: tensor<32xf32>)
    -> tensor<32x32xf32> {
  %zero = arith.constant 0.0 : f32
  %r = tensor.empty() : tensor<32x32xf32>
  %dw = kernel.product loops [32, 32, 8] maps [affine_map<(t, s, d) -> (t, d)>, affine_map<(t, s, d) -> (s, d)>, affine_map<(t, s, d) -> (t, s)>]
    of %dy, %v : tensor<32x8xf32>, tensor<32x8xf32> outs %r : tensor<32x32xf32> -> tensor<32x32xf32>
  %ds = linalg.generic {indexing_maps = [affine_map<(t, s) -> (t, s)>, affine_map<(t, s) -> (t, s)>, affine_map<(t, s) -> (t)>, affine_map<(t, s) -> (t)>, affine_map<(t, s) -> (t, s)>],
                        iterator_types = ["parallel", "parallel"]}
      ins(%dw, %e, %sums, %moved : tensor<32x32xf32>, tensor<32x32xf32>, tensor<32xf32>, tensor<32xf32>) outs(%r : tensor<32x32xf32>) {
  ^bb0(%g: f32, %x: f32, %sum: f32, %m: f32, %o: f32):
    %t = linalg.index 0 : index
    %s = linalg.index 1 : index
    %in = arith.cmpi sle, %s, %t : index
    %w = arith.select %in, %x, %zero : f32
    %0 = arith.divf %g, %sum : f32
    %1 = arith.addf %0, %m : f32
    %2 = arith.mulf %w, %1 : f32
    linalg.yield %2 : f32
  } -> tensor<32x32xf32>
  return %ds : tensor<32x32xf32>
}
