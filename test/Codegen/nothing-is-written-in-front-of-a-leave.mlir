// RUN: talweg-opt %s --talweg-bufferize | FileCheck %s
// A result that goes to a variable is written there at once, unless the step may still be left.

#all = affine_map<(i) -> (i)>

// CHECK-LABEL: func.func @in_front
// CHECK-SAME:  %[[VARIABLE:[^:]*]]: memref<8xf32>
// CHECK:       %[[OWN:.*]] = memref.alloc() : memref<8xf32>
// CHECK:       linalg.generic {{.*}} ins(%[[VARIABLE]] : memref<8xf32>) outs(%[[OWN]] : memref<8xf32>)
// CHECK:       kernel.leave
// CHECK:       memref.copy %[[OWN]], %[[VARIABLE]]
func.func @in_front(%variable: memref<8xf32>, %leaves: i1) {
  %old = bufferization.to_tensor %variable restrict : memref<8xf32> to tensor<8xf32>
  %empty = tensor.empty() : tensor<8xf32>
  %new = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel"]}
      ins(%old : tensor<8xf32>) outs(%empty : tensor<8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.addf %in, %in : f32
    linalg.yield %0 : f32
  } -> tensor<8xf32>
  kernel.leave if %leaves {}
  bufferization.materialize_in_destination %new in restrict writable %variable : (tensor<8xf32>, memref<8xf32>) -> ()
  return
}

// CHECK-LABEL: func.func @behind
// CHECK-SAME:  %[[VARIABLE:[^:]*]]: memref<8xf32>
// CHECK:       kernel.leave
// CHECK:       linalg.generic {{.*}} ins(%[[VARIABLE]] : memref<8xf32>) outs(%[[VARIABLE]] : memref<8xf32>)
// CHECK-NOT:   memref.copy
func.func @behind(%variable: memref<8xf32>, %leaves: i1) {
  %old = bufferization.to_tensor %variable restrict : memref<8xf32> to tensor<8xf32>
  %empty = tensor.empty() : tensor<8xf32>
  kernel.leave if %leaves {}
  %new = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel"]}
      ins(%old : tensor<8xf32>) outs(%empty : tensor<8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.addf %in, %in : f32
    linalg.yield %0 : f32
  } -> tensor<8xf32>
  bufferization.materialize_in_destination %new in restrict writable %variable : (tensor<8xf32>, memref<8xf32>) -> ()
  return
}
