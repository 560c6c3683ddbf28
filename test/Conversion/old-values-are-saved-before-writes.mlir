// RUN: talweg-opt %s --talweg-train-to-loops | FileCheck %s
// A variable that takes another's old value: the value is copied before anything is overwritten.

// CHECK-LABEL: func.func @talweg_step
// CHECK: %[[OLD:.*]] = bufferization.to_tensor
// CHECK: %[[NEW:.*]] = tw.exp %[[OLD]]
// CHECK: %[[SCRATCH:.*]] = memref.alloc()
// CHECK: bufferization.materialize_in_destination %[[OLD]] in restrict writable %[[SCRATCH]]
// CHECK: %[[SAVED:.*]] = bufferization.to_tensor %[[SCRATCH]]
// CHECK: bufferization.materialize_in_destination %[[NEW]]
// CHECK: bufferization.materialize_in_destination %[[SAVED]]
train.program "Shift" mode train batch 1 {
  train.variable state @now : tensor<3xf32> offset 0 {
  ^bb0(%key: tensor<2xi64>):
    %one = tw.constant dense<1.0> : tensor<3xf32>
    train.yield %one : tensor<3xf32>
  }
  train.variable state @before : tensor<3xf32> offset 64 {
  ^bb0(%key: tensor<2xi64>):
    %one = tw.constant dense<1.0> : tensor<3xf32>
    train.yield %one : tensor<3xf32>
  }
  train.objective {
    %now = train.get @now : tensor<3xf32>
    %next = tw.exp %now : tensor<3xf32>
    train.set @now, %next : tensor<3xf32>
    train.set @before, %now : tensor<3xf32>
    %loss = tw.constant dense<0.0> : tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.yield
  }
}
