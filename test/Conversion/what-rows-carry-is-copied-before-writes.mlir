// RUN: talweg-opt %s --talweg-train-to-loops | FileCheck %s
// What rows carry: a batch takes as many of the first rows as it has, as they are before the step, and writes them when all is computed.

// CHECK-LABEL: func.func @talweg_step
// CHECK: %[[ALL:.*]] = memref.get_global @c : memref<6x2xf32>
// CHECK: %[[ROWS:.*]] = memref.subview %[[ALL]][%{{.*}}, 0] [4, 2] [1, 1]
// CHECK: memref.copy %[[ROWS]], %[[OLD:.*]] :
// CHECK: %[[BEFORE:.*]] = bufferization.to_tensor %[[OLD]]
// CHECK: %[[NEXT:.*]] = tw.exp %[[BEFORE]]
// CHECK: bufferization.materialize_in_destination %[[NEXT]] in restrict writable %[[ROWS]]
train.program "Carry" mode eval batch 4 {
  train.variable carried @c : tensor<6x2xf32> offset 0 {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<6x2xf32>
    train.yield %value : tensor<6x2xf32>
  }
  train.objective {
  ^bb0(%c: tensor<4x2xf32>):
    %next = tw.exp %c : tensor<4x2xf32>
    train.carry @c, %next : tensor<4x2xf32>
    %loss = tw.constant dense<0.0> : tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.yield
  }
}
