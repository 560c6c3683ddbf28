// A matrix that all turns of a loop share is copied into the panels of its product once, in front of the loop.
// RUN: talweg-opt %s --talweg-pack-ahead | FileCheck %s

#a = affine_map<(i, j, k) -> (i, k)>
#b = affine_map<(i, j, k) -> (k, j)>
#y = affine_map<(i, j, k) -> (i, j)>

// CHECK-LABEL: func.func @shared
// CHECK-SAME:  (%[[W:.*]]: tensor<256x256xf32>, %[[H:.*]]: memref<64x256xf32>)
// CHECK:       %[[PANELS:.*]] = linalg.generic {{.*}} ins(%[[W]] : tensor<256x256xf32>) outs(%{{.*}} : tensor<8x256x32xf32>)
// CHECK:       scf.for
// CHECK:         kernel.product loops [64, 8, 256, 32] {{.*}} of %{{.*}}, %[[PANELS]] : tensor<64x256xf32>, tensor<8x256x32xf32>
func.func @shared(%w: tensor<256x256xf32>, %h: memref<64x256xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c5 = arith.constant 5 : index
  scf.for %turn = %c0 to %c5 step %c1 {
    %x = bufferization.to_tensor %h restrict : memref<64x256xf32> to tensor<64x256xf32>
    %e = tensor.empty() : tensor<64x256xf32>
    %p = kernel.product loops [64, 256, 256] maps [#a, #b, #y] of %x, %w : tensor<64x256xf32>, tensor<256x256xf32> outs %e : tensor<64x256xf32> -> tensor<64x256xf32>
    bufferization.materialize_in_destination %p in restrict writable %h : (tensor<64x256xf32>, memref<64x256xf32>) -> ()
  }
  return
}

// One that each turn has for itself stays as it is, and so does one whose columns no block divides.
// CHECK-LABEL: func.func @of_each_turn
// CHECK:         kernel.product loops [64, 256, 256]
// CHECK:         kernel.product loops [64, 259, 256]
func.func @of_each_turn(%w: tensor<256x259xf32>, %m: memref<256x256xf32>, %h: memref<64x256xf32>, %g: memref<64x259xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c5 = arith.constant 5 : index
  scf.for %turn = %c0 to %c5 step %c1 {
    %x = bufferization.to_tensor %h restrict : memref<64x256xf32> to tensor<64x256xf32>
    %v = bufferization.to_tensor %m restrict : memref<256x256xf32> to tensor<256x256xf32>
    %e = tensor.empty() : tensor<64x256xf32>
    %p = kernel.product loops [64, 256, 256] maps [#a, #b, #y] of %x, %v : tensor<64x256xf32>, tensor<256x256xf32> outs %e : tensor<64x256xf32> -> tensor<64x256xf32>
    bufferization.materialize_in_destination %p in restrict writable %h : (tensor<64x256xf32>, memref<64x256xf32>) -> ()
    %f = tensor.empty() : tensor<64x259xf32>
    %q = kernel.product loops [64, 259, 256] maps [#a, #b, #y] of %p, %w : tensor<64x256xf32>, tensor<256x259xf32> outs %f : tensor<64x259xf32> -> tensor<64x259xf32>
    bufferization.materialize_in_destination %q in restrict writable %g : (tensor<64x259xf32>, memref<64x259xf32>) -> ()
  }
  return
}

// A step that runs under a condition shares what is known in front of the loop over batches.
// CHECK-LABEL: func.func @of_steps
// CHECK-SAME:  (%[[W:.*]]: tensor<256x256xf32>, %[[H:.*]]: memref<64x256xf32>
// CHECK:       %[[PANELS:.*]] = linalg.generic {{.*}} ins(%[[W]] : tensor<256x256xf32>) outs(%{{.*}} : tensor<8x256x32xf32>)
// CHECK:       scf.for
// CHECK:         scf.if
// CHECK:           kernel.product loops [64, 8, 256, 32] {{.*}} of %{{.*}}, %[[PANELS]] : tensor<64x256xf32>, tensor<8x256x32xf32>
func.func @of_steps(%w: tensor<256x256xf32>, %h: memref<64x256xf32>, %steps: index, %runs: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %turn = %c0 to %steps step %c1 {
    scf.if %runs {
      %x = bufferization.to_tensor %h restrict : memref<64x256xf32> to tensor<64x256xf32>
      %e = tensor.empty() : tensor<64x256xf32>
      %p = kernel.product loops [64, 256, 256] maps [#a, #b, #y] of %x, %w : tensor<64x256xf32>, tensor<256x256xf32> outs %e : tensor<64x256xf32> -> tensor<64x256xf32>
      bufferization.materialize_in_destination %p in restrict writable %h : (tensor<64x256xf32>, memref<64x256xf32>) -> ()
    }
  }
  return
}
