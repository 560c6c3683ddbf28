// A variable's name becomes a view of the persistent storage at its offset, in the layout that its storage has.
//
// RUN: talweg-opt %s --talweg-place-variables | FileCheck %s

// CHECK: train.variable parameter @w : tensor<4x32xf32> offset 64 block 16
// CHECK: train.variable state @now : tensor<3xf32> offset 576
// CHECK-NOT: block
// CHECK-NOT: memref.global
train.program "p" mode eval batch 1 {
  train.variable parameter @w : tensor<4x32xf32> offset 64
  train.variable state @now : tensor<3xf32> offset 576
  train.work 0 flops in 0 moving 0
}
memref.global "private" @w : memref<2x4x16xf32>
memref.global "private" @now : memref<3xf32>
// CHECK-LABEL: func.func @talweg_step
// CHECK-SAME:  %[[P:[^:]*]]: memref<640xi8>
// CHECK-DAG:   %[[W:.*]] = arith.constant 64 : index
// CHECK-DAG:   %[[NOW:.*]] = arith.constant 576 : index
// CHECK-DAG:   memref.view %[[P]][%[[W]]][] : memref<640xi8> to memref<2x4x16xf32>
// CHECK-DAG:   memref.view %[[P]][%[[NOW]]][] : memref<640xi8> to memref<3xf32>
func.func @talweg_step(%persistent: memref<640xi8>) {
  %w = memref.get_global @w : memref<2x4x16xf32>
  %now = memref.get_global @now : memref<3xf32>
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%w : memref<2x4x16xf32>)
  linalg.fill ins(%zero : f32) outs(%now : memref<3xf32>)
  return
}
