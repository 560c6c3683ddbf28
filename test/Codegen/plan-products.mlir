// RUN: talweg-opt %s --talweg-plan-products --verify-diagnostics | FileCheck %s
// RUN: talweg-opt %s --talweg-plan-products --talweg-bufferize --talweg-lower-products --canonicalize --cse 2>/dev/null \
// RUN:   | FileCheck %s --check-prefix=LOOPS

#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (k, n)>
#c = affine_map<(m, n, k) -> (m, n)>
#id = affine_map<(m, n) -> (m, n)>

// The op that reads a product is computed in its registers; the product goes down to the op, and its own result is not stored.
// CHECK-LABEL: func @bias_and_relu
// CHECK: linalg.fill
// CHECK: %[[BOTH:.*]] = kernel.product {{.*}} reads %{{.*}} : tensor<32xf32> outs %{{.*}} : tensor<24x32xf32> plan <{{.*}}> -> tensor<24x32xf32> {
// CHECK: arith.maximumf
// CHECK: kernel.yield
// CHECK-NOT: linalg.generic
// CHECK: materialize_in_destination %[[BOTH]]
// LOOPS-LABEL: func @bias_and_relu
// LOOPS-SAME: %[[A:.*]]: memref<24x64xf32>, %[[B:.*]]: memref<64x32xf32>, %[[BIAS:.*]]: memref<32xf32>, %[[OUT:.*]]: memref<24x32xf32>
// LOOPS-NOT: memref.alloc
// LOOPS: %[[FLAT:.*]] = memref.reinterpret_cast %[[OUT]]
// LOOPS: math.fma
// LOOPS: %[[SUM:.*]] = arith.addf
// LOOPS: %[[MAX:.*]] = arith.maximumf %[[SUM]]
// LOOPS: vector.store %[[MAX]], %[[FLAT]]
// LOOPS-NOT: linalg.generic
func.func @bias_and_relu(%a: memref<24x64xf32>, %b: memref<64x32xf32>, %bias: memref<32xf32>, %out: memref<24x32xf32>, %other: memref<8xf32>) {
  %zero = arith.constant 0.0 : f32
  %A = bufferization.to_tensor %a restrict : memref<24x64xf32> to tensor<24x64xf32>
  %B = bufferization.to_tensor %b restrict : memref<64x32xf32> to tensor<64x32xf32>
  %BIAS = bufferization.to_tensor %bias restrict : memref<32xf32> to tensor<32xf32>
  %e = tensor.empty() : tensor<24x32xf32>
  %eight = tensor.empty() : tensor<8xf32>
  %p = kernel.product loops [24, 32, 64] maps [#a, #b, #c] of %A, %B : tensor<24x64xf32>, tensor<64x32xf32>
      outs %e : tensor<24x32xf32> -> tensor<24x32xf32>
  %zeros = linalg.fill ins(%zero : f32) outs(%eight : tensor<8xf32>) -> tensor<8xf32>
  %relu = linalg.generic {indexing_maps = [#id, affine_map<(m, n) -> (n)>, #id], iterator_types = ["parallel", "parallel"]}
      ins(%p, %BIAS : tensor<24x32xf32>, tensor<32xf32>) outs(%e : tensor<24x32xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %s = arith.addf %x, %y : f32
    %r = arith.maximumf %s, %zero : f32
    linalg.yield %r : f32
  } -> tensor<24x32xf32>
  bufferization.materialize_in_destination %zeros in restrict writable %other : (tensor<8xf32>, memref<8xf32>) -> ()
  bufferization.materialize_in_destination %relu in restrict writable %out : (tensor<24x32xf32>, memref<24x32xf32>) -> ()
  return
}

// Where the sum is taken in blocks, only the last one is followed by the op.
// CHECK-LABEL: func @long_sum
// CHECK: kernel.product {{.*}} outs %{{.*}}, %{{.*}} : tensor<8x16xf32>, tensor<8x16xf32> scratch_sums plan
// LOOPS-LABEL: func @long_sum
// LOOPS: memref.alloc() : memref<8x16xf32>
// LOOPS: scf.for
// LOOPS: %[[LAST:.*]] = arith.cmpi eq
// LOOPS: scf.if %[[LAST]]
// LOOPS-NEXT: arith.negf
// LOOPS: } else {
// LOOPS-NEXT: vector.store
func.func @long_sum(%a: memref<8x4096xf32>, %b: memref<4096x16xf32>, %out: memref<8x16xf32>) {
  %A = bufferization.to_tensor %a restrict : memref<8x4096xf32> to tensor<8x4096xf32>
  %B = bufferization.to_tensor %b restrict : memref<4096x16xf32> to tensor<4096x16xf32>
  %e = tensor.empty() : tensor<8x16xf32>
  %p = kernel.product loops [8, 16, 4096] maps [#a, #b, #c] of %A, %B : tensor<8x4096xf32>, tensor<4096x16xf32>
      outs %e : tensor<8x16xf32> -> tensor<8x16xf32>
  %n = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%p : tensor<8x16xf32>) outs(%e : tensor<8x16xf32>) {
  ^bb0(%x: f32, %o: f32):
    %r = arith.negf %x : f32
    linalg.yield %r : f32
  } -> tensor<8x16xf32>
  bufferization.materialize_in_destination %n in restrict writable %out : (tensor<8x16xf32>, memref<8x16xf32>) -> ()
  return
}

// The op would be written over a factor, of which other tiles are still to be read.
// CHECK-LABEL: func @overwrites_a_factor
// CHECK: kernel.product {{.*}} -> tensor<16x16xf32>{{$}}
// CHECK: linalg.generic
// CHECK: return
func.func @overwrites_a_factor(%a: memref<16x16xf32>, %b: memref<16x16xf32>) {
  %A = bufferization.to_tensor %a restrict : memref<16x16xf32> to tensor<16x16xf32>
  %B = bufferization.to_tensor %b restrict : memref<16x16xf32> to tensor<16x16xf32>
  %e = tensor.empty() : tensor<16x16xf32>
  %p = kernel.product loops [16, 16, 16] maps [#a, #b, #c] of %A, %B : tensor<16x16xf32>, tensor<16x16xf32>
      outs %e : tensor<16x16xf32> -> tensor<16x16xf32>
  // expected-remark@+1 {{not in the registers of the product that it reads: it overwrites an operand of the product}}
  %d = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%p : tensor<16x16xf32>) outs(%e : tensor<16x16xf32>) {
  ^bb0(%x: f32, %o: f32):
    %r = arith.addf %x, %x : f32
    linalg.yield %r : f32
  } -> tensor<16x16xf32>
  bufferization.materialize_in_destination %d in restrict writable %a : (tensor<16x16xf32>, memref<16x16xf32>) -> ()
  return
}

// The sum of two products is computed in the registers of the first; the second stays a product before it.
// CHECK-LABEL: func @sum_of_two_products
// CHECK: %[[SECOND:.*]] = kernel.product {{.*}} -> tensor<16x32xf32>{{$}}
// CHECK: kernel.product {{.*}} reads %[[SECOND]] : tensor<16x32xf32> {{.*}} -> tensor<16x32xf32> {
// CHECK-NOT: linalg.generic
// CHECK: return
func.func @sum_of_two_products(%a: memref<16x16xf32>, %b: memref<16x32xf32>, %y: memref<16x32xf32>) {
  %A = bufferization.to_tensor %a restrict : memref<16x16xf32> to tensor<16x16xf32>
  %B = bufferization.to_tensor %b restrict : memref<16x32xf32> to tensor<16x32xf32>
  %e = tensor.empty() : tensor<16x32xf32>
  %p = kernel.product loops [16, 32, 16] maps [#a, #b, #c] of %A, %B : tensor<16x16xf32>, tensor<16x32xf32>
      outs %e : tensor<16x32xf32> -> tensor<16x32xf32>
  %q = kernel.product loops [16, 32, 16] maps [affine_map<(m, n, k) -> (k, m)>, #b, #c] of %A, %B : tensor<16x16xf32>, tensor<16x32xf32>
      outs %e : tensor<16x32xf32> -> tensor<16x32xf32>
  // expected-remark@+1 {{it is computed in the registers of another product that it reads}}
  %s = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%p, %q : tensor<16x32xf32>, tensor<16x32xf32>) outs(%e : tensor<16x32xf32>) {
  ^bb0(%x: f32, %z: f32, %o: f32):
    %r = arith.addf %x, %z : f32
    linalg.yield %r : f32
  } -> tensor<16x32xf32>
  bufferization.materialize_in_destination %s in restrict writable %y : (tensor<16x32xf32>, memref<16x32xf32>) -> ()
  return
}

// An update in place of many and large operands loses in the tiles of a row-major matrix.
// CHECK-LABEL: func @large_update
// CHECK: kernel.product {{.*}} -> tensor<1024x1024xf32>{{$}}
// CHECK: linalg.generic
// CHECK: return
func.func @large_update(%x: memref<64x1024xf32>, %y: memref<64x1024xf32>, %p: memref<1024x1024xf32>, %m: memref<1024x1024xf32>, %v: memref<1024x1024xf32>) {
  %X = bufferization.to_tensor %x restrict : memref<64x1024xf32> to tensor<64x1024xf32>
  %Y = bufferization.to_tensor %y restrict : memref<64x1024xf32> to tensor<64x1024xf32>
  %P = bufferization.to_tensor %p restrict : memref<1024x1024xf32> to tensor<1024x1024xf32>
  %M = bufferization.to_tensor %m restrict : memref<1024x1024xf32> to tensor<1024x1024xf32>
  %V = bufferization.to_tensor %v restrict : memref<1024x1024xf32> to tensor<1024x1024xf32>
  %e = tensor.empty() : tensor<1024x1024xf32>
  %g = kernel.product loops [1024, 1024, 64] maps [affine_map<(m, n, k) -> (k, m)>, #b, #c] of %X, %Y : tensor<64x1024xf32>, tensor<64x1024xf32>
      outs %e : tensor<1024x1024xf32> -> tensor<1024x1024xf32>
  // expected-remark@+1 {{its operands do not fit the caches, and a tile of them is not one run of memory}}
  %new:3 = linalg.generic {indexing_maps = [#id, #id, #id, #id, #id, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%g, %P, %M, %V : tensor<1024x1024xf32>, tensor<1024x1024xf32>, tensor<1024x1024xf32>, tensor<1024x1024xf32>)
      outs(%e, %e, %e : tensor<1024x1024xf32>, tensor<1024x1024xf32>, tensor<1024x1024xf32>) {
  ^bb0(%g0: f32, %p0: f32, %m0: f32, %v0: f32, %po: f32, %mo: f32, %vo: f32):
    %m1 = arith.addf %m0, %g0 : f32
    %v1 = arith.addf %v0, %m1 : f32
    %p1 = arith.subf %p0, %v1 : f32
    linalg.yield %p1, %m1, %v1 : f32, f32, f32
  } -> (tensor<1024x1024xf32>, tensor<1024x1024xf32>, tensor<1024x1024xf32>)
  bufferization.materialize_in_destination %new#0 in restrict writable %p : (tensor<1024x1024xf32>, memref<1024x1024xf32>) -> ()
  bufferization.materialize_in_destination %new#1 in restrict writable %m : (tensor<1024x1024xf32>, memref<1024x1024xf32>) -> ()
  bufferization.materialize_in_destination %new#2 in restrict writable %v : (tensor<1024x1024xf32>, memref<1024x1024xf32>) -> ()
  return
}

// An op that adds to what its result holds, such as the adjoint of a slice, is not computed in registers.
// CHECK-LABEL: func @adds_to_its_result
// CHECK: kernel.product {{.*}} -> tensor<1x16xf32>{{$}}
// CHECK: linalg.generic
// CHECK: return
func.func @adds_to_its_result(%a: memref<1x16xf32>, %b: memref<16x16xf32>, %out: memref<3x16xf32>) {
  %zero = arith.constant 0.0 : f32
  %A = bufferization.to_tensor %a restrict : memref<1x16xf32> to tensor<1x16xf32>
  %B = bufferization.to_tensor %b restrict : memref<16x16xf32> to tensor<16x16xf32>
  %e = tensor.empty() : tensor<1x16xf32>
  %three = tensor.empty() : tensor<3x16xf32>
  %zeros = linalg.fill ins(%zero : f32) outs(%three : tensor<3x16xf32>) -> tensor<3x16xf32>
  %p = kernel.product loops [1, 16, 16] maps [#a, #b, #c] of %A, %B : tensor<1x16xf32>, tensor<16x16xf32>
      outs %e : tensor<1x16xf32> -> tensor<1x16xf32>
  // expected-remark@+1 {{not in the registers of the product that it reads: it adds to elements of its result}}
  %s = linalg.generic {indexing_maps = [#id, affine_map<(m, n) -> (1, n)>], iterator_types = ["parallel", "parallel"]}
      ins(%p : tensor<1x16xf32>) outs(%zeros : tensor<3x16xf32>) {
  ^bb0(%x: f32, %o: f32):
    %t = arith.addf %o, %x : f32
    linalg.yield %t : f32
  } -> tensor<3x16xf32>
  bufferization.materialize_in_destination %s in restrict writable %out : (tensor<3x16xf32>, memref<3x16xf32>) -> ()
  return
}

// Four vectors, each with rows of its own: rows in the order of lanes would be a copy that is used once. Lanes run along the sum.
// CHECK-LABEL: func @each_with_its_own
// CHECK: kernel.product {{.*}} plan <{{{.*}}dot = true
func.func @each_with_its_own(%x: memref<4x256x64xf32>, %w: memref<4x64xf32>, %y: memref<4x256xf32>) {
  %X = bufferization.to_tensor %x restrict : memref<4x256x64xf32> to tensor<4x256x64xf32>
  %W = bufferization.to_tensor %w restrict : memref<4x64xf32> to tensor<4x64xf32>
  %e = tensor.empty() : tensor<4x256xf32>
  %p = kernel.product loops [4, 256, 64] maps [affine_map<(a, n, k) -> (a, n, k)>, affine_map<(a, n, k) -> (a, k)>, affine_map<(a, n, k) -> (a, n)>]
      of %X, %W : tensor<4x256x64xf32>, tensor<4x64xf32> outs %e : tensor<4x256xf32> -> tensor<4x256xf32>
  bufferization.materialize_in_destination %p in restrict writable %y : (tensor<4x256xf32>, memref<4x256xf32>) -> ()
  return
}
