// RUN: talweg-opt %s --talweg-train-to-loops | FileCheck %s
// A loss that is skipped but in the last of 3 steps is computed there alone: each kind of step stands under its condition, in straight lines.

// CHECK-LABEL: func.func @talweg_step
// CHECK:       scf.for
// CHECK:         %[[PLACE:.*]] = arith.remui %{{.*}}, %{{.*}} : i64
// CHECK:         %[[BEFORE:.*]] = arith.cmpi ne, %[[PLACE]]
// CHECK-NEXT:    scf.if %[[BEFORE]] {
// CHECK-NOT:       tw.exp
// CHECK:           %[[NONE:.*]] = tw.constant dense<0x7FC00000> : tensor<f32>
// CHECK:           tensor.extract %[[NONE]]
// CHECK-NOT:       bufferization.materialize_in_destination
// CHECK:         %[[LAST:.*]] = arith.cmpi eq
// CHECK-NEXT:    scf.if %[[LAST]] {
// CHECK:           %[[NEW:.*]] = tw.exp
// CHECK:           tensor.extract %[[NEW]]
// CHECK:           bufferization.materialize_in_destination %[[NEW]]
// CHECK-NOT:   train.every
train.program "Skipping" mode train batch 4 {
  train.variable parameter @w : tensor<f32> offset 0 {
  ^bb0(%key: tensor<2xi64>):
    %zero = tw.constant dense<0.0> : tensor<f32>
    train.yield %zero : tensor<f32>
  }
  train.objective {
    %old = train.get @w : tensor<f32>
    %new = tw.exp %old : tensor<f32>
    %left = train.every 3, %new else %old : tensor<f32>
    train.set @w, %left : tensor<f32>
    train.report loss "loss", %new every 3 : tensor<f32>
    train.yield
  }
}
