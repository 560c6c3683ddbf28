// RUN: talweg-opt %s --talweg-train-to-loops | FileCheck %s
// In mode predict the model's output becomes rows of `out`, in its own element type, and no variable is written. Bytes of a ui8
// field are gathered as i8.

// CHECK-LABEL: func.func @talweg_step
// CHECK-SAME: %[[OUT:[^:]*]]: memref<2147483648x6xf32>
// CHECK-SAME: %[[DATA:[^:]*]]: memref<2147483648x2x3xi8>
// CHECK: scf.for %[[S:.*]] =
// CHECK: memref.alloc() {{.*}} : memref<4x2x3xi8>
// CHECK: %[[X:.*]] = builtin.unrealized_conversion_cast %{{.*}} : tensor<4x2x3xi8> to tensor<4x2x3xui8>
// CHECK: %[[F:.*]] = tw.convert %[[X]]
// CHECK: %[[Y:.*]] = tw.reshape %[[F]]
// CHECK: %[[FIRST:.*]] = arith.muli %[[S]], %c4
// CHECK: %[[ROWS:.*]] = memref.subview %[[OUT]][%[[FIRST]], 0] [4, 6] [1, 1]
// CHECK: bufferization.materialize_in_destination %[[Y]] in restrict writable %[[ROWS]]
// CHECK-NOT: materialize_in_destination
train.program "Copy" mode predict batch 4 {
  train.field @x : tensor<2x3xui8>
  train.objective {
  ^bb0(%x: tensor<4x2x3xui8>):
    %f = tw.convert %x : tensor<4x2x3xui8> -> tensor<4x2x3xf32>
    %y = tw.reshape %f : tensor<4x2x3xf32> -> tensor<4x6xf32>
    train.yield %y : tensor<4x6xf32>
  }
}
