// A tw.gradient becomes the ops that it stands for, the first of them first, so that a second one differentiates what it gives; of what
// does not depend on x it is 0. No tw.watch is left.
//
// RUN: talweg-opt %s --talweg-differentiate --canonicalize | FileCheck %s

// CHECK-LABEL: train.objective
// CHECK-NOT:   tw.watch
// CHECK-DAG:   %[[ZERO:.*]] = tw.constant dense<0.000000e+00> : tensor<f32>
// CHECK-DAG:   %[[EIGHT:.*]] = tw.constant dense<8.000000e+00> : tensor<f32>
// CHECK-DAG:   %[[TWO:.*]] = tw.constant dense<2.000000e+00> : tensor<4xf32>
// CHECK:       %[[Y:.*]] = tw.reduce sum
// CHECK-NEXT:  %[[DY:.*]] = tw.mul %{{.*}}, %[[TWO]]
// CHECK-NEXT:  %[[Z:.*]] = tw.reduce sum %[[DY]]
// CHECK-NEXT:  train.report loss "loss", %[[Y]]
// CHECK-NEXT:  train.report metric "first", %[[Z]]
// CHECK-NEXT:  train.report metric "second", %[[EIGHT]]
// CHECK-NEXT:  train.report metric "third", %[[ZERO]]
train.program "p" mode eval batch 4 {
  train.field @x : tensor<f32>
  train.objective {
  ^bb0(%data: tensor<4xf32>):
    %x = tw.watch %data : tensor<4xf32>
    %one = tw.constant dense<1.0> : tensor<f32>
    %square = tw.mul %x, %x : tensor<4xf32>
    %y = tw.reduce sum %square dims [0] : tensor<4xf32> -> tensor<f32>
    %dy = tw.gradient %y, %one by %x : tensor<f32> by tensor<4xf32>
    %z = tw.reduce sum %dy dims [0] : tensor<4xf32> -> tensor<f32>
    %dz = tw.gradient %z, %one by %x : tensor<f32> by tensor<4xf32>
    %u = tw.reduce sum %dz dims [0] : tensor<4xf32> -> tensor<f32>
    %du = tw.gradient %u, %one by %x : tensor<f32> by tensor<4xf32>
    %v = tw.reduce sum %du dims [0] : tensor<4xf32> -> tensor<f32>
    train.report loss "loss", %y : tensor<f32>
    train.report metric "first", %z : tensor<f32>
    train.report metric "second", %u : tensor<f32>
    train.report metric "third", %v : tensor<f32>
    train.yield
  }
}
