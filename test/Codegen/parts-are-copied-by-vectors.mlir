// Each part of what is joined is copied once, by whole vectors, to where it lies; nothing is filled or added.
// RUN: talweg-opt %s --talweg-bufferize --talweg-plan-nests=target=x86-64-v3 --talweg-vectorize-generics=target=x86-64-v3 | FileCheck %s

// CHECK-LABEL: func.func @joined
// CHECK-SAME:  %[[V:.*]]: memref<4x16xf32>, %[[W:.*]]: memref<4x8xf32>
// CHECK:       %[[WHOLE:.*]] = memref.alloc() : memref<4x24xf32>
// CHECK-COUNT-3: vector.load {{.*}} vector<8xf32>{{[[:space:]]+}}vector.store
// CHECK-NOT:   vector.store
// CHECK:       memref.copy %[[WHOLE]]
func.func @joined(%v: memref<4x16xf32>, %w: memref<4x8xf32>, %u: memref<4x24xf32>) {
  %a = bufferization.to_tensor %v restrict : memref<4x16xf32> to tensor<4x16xf32>
  %b = bufferization.to_tensor %w restrict : memref<4x8xf32> to tensor<4x8xf32>
  %both = tensor.concat dim(1) %a, %b : (tensor<4x16xf32>, tensor<4x8xf32>) -> tensor<4x24xf32>
  bufferization.materialize_in_destination %both in restrict writable %u : (tensor<4x24xf32>, memref<4x24xf32>) -> ()
  return
}
