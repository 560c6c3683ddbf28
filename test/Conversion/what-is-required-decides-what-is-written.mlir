// RUN: talweg-opt %s --talweg-train-to-loops | FileCheck %s
// A step looks for the first fault, in the order of the rows, and is left where there is one, in front of all that it writes; the steps behind it do
// nothing.

// CHECK-LABEL: func.func @talweg_step
// CHECK-SAME:  %[[CONTROL:[^:]*]]: memref<16xi64>
// CHECK:       scf.for
// CHECK-NEXT:  %[[NONE:.*]] = arith.constant 0 : i64
// CHECK:       %[[FAULT:.*]] = memref.load %[[CONTROL]]
// CHECK-NEXT:  %[[GOES_ON:.*]] = arith.cmpi eq, %[[FAULT]], %[[NONE]]
// CHECK-NEXT:  scf.if %[[GOES_ON]] {
// CHECK:         %[[OLD:.*]] = bufferization.to_tensor

// Rows are the second dimension here: they are counted outermost.
// CHECK:         %[[CONDITION:.*]] = tw.compare lt %{{.*}} -> tensor<3x4xi1>
// CHECK:         tw.iota 0
// CHECK:         tw.iota 1
// CHECK:         tw.select %[[CONDITION]], %[[END:.*]], %[[POSITION:.*]] : tensor<3x4xi1>
// CHECK-NEXT:    %[[FIRST:.*]] = tw.reduce min %{{.*}} dims [0, 1]
// CHECK-NEXT:    tensor.extract %[[FIRST]][]

// CHECK:         %[[FAULTED:.*]] = arith.cmpi ne
// CHECK:         kernel.leave if %[[FAULTED]] {
// CHECK-COUNT-4:   memref.store %{{.*}}, %[[CONTROL]]
// CHECK-NOT:       memref.store
// CHECK:         %[[NEW:.*]] = tw.add %[[OLD]]
// CHECK:         bufferization.materialize_in_destination %[[NEW]]
// CHECK-NOT:   tw.require
train.program "Counted" mode train batch 4 {
  train.field @words : tensor<3xi32>
  train.variable state @seen : tensor<5xf32> offset 0 {
  ^bb0(%key: tensor<2xi64>):
    %zero = tw.constant dense<0.0> : tensor<5xf32>
    train.yield %zero : tensor<5xf32>
  }
  train.objective {
  ^bb0(%words: tensor<4x3xi32>):
    %old = train.get @seen : tensor<5xf32>
    %columns = tw.window %words by affine_map<(j, n) -> (n, j)> : tensor<4x3xi32> -> tensor<3x4xi32>
    %seven = tw.constant dense<7> : tensor<3x4xi32>
    %fits = tw.compare lt %columns, %seven : tensor<3x4xi32> -> tensor<3x4xi1>
    tw.require %fits telling %columns "{} is too great" : tensor<3x4xi1>, tensor<3x4xi32>
    %one = tw.constant dense<1.0> : tensor<5xf32>
    %new = tw.add %old, %one : tensor<5xf32>
    train.set @seen, %new : tensor<5xf32>
    %loss = tw.constant dense<0.0> : tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.yield
  }
}
