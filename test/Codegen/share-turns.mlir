// Threads share the turns of a loop that hand nothing on, where there is enough work and about as many turns for each.
// RUN: talweg-opt %s --talweg-share-turns=target=x86-64-v4 | FileCheck %s

#a = affine_map<(i, j, k) -> (i, k)>
#b = affine_map<(i, j, k) -> (k, j)>
#y = affine_map<(i, j, k) -> (i, j)>

// The machine that a named target has has two cores.
// CHECK-LABEL: func.func @products
// CHECK: scf.for
// CHECK: kernel.product
// CHECK: {kernel.independent, kernel.threads = 2 : i64}
// CHECK: scf.for
// CHECK: kernel.product
// CHECK-NOT: kernel.threads
// CHECK: scf.for
// CHECK: kernel.product
// CHECK-NOT: kernel.threads
// CHECK: return
func.func @products(%a: memref<64x64xf32>, %b: memref<64x64xf32>, %y: memref<64x64xf32>) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %three = arith.constant 3 : index
  %eight = arith.constant 8 : index
  scf.for %turn = %zero to %eight step %one {
    kernel.product loops [64, 64, 64] maps [#a, #b, #y] of %a, %b : memref<64x64xf32>, memref<64x64xf32> outs %y : memref<64x64xf32>
  } {kernel.independent}
  // Three turns are two for one thread: the other waits for half of the time.
  scf.for %turn = %zero to %three step %one {
    kernel.product loops [64, 64, 64] maps [#a, #b, #y] of %a, %b : memref<64x64xf32>, memref<64x64xf32> outs %y : memref<64x64xf32>
  } {kernel.independent}
  // Turns that may hand on what they write.
  scf.for %turn = %zero to %eight step %one {
    kernel.product loops [64, 64, 64] maps [#a, #b, #y] of %a, %b : memref<64x64xf32>, memref<64x64xf32> outs %y : memref<64x64xf32>
  }
  return
}
