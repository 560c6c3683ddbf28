// In mode gradient each cotangent is stored in a slot of its own; a slot starts from zero.
//
// RUN: talweg-opt %s --talweg-differentiate | FileCheck %s

// CHECK:      train.variable parameter @w
// CHECK:      train.variable slot @w.grad : tensor<3xf64> {
// CHECK-NEXT: ^bb0(%{{.*}}: tensor<2xi64>):
// CHECK-NEXT:   %[[ZERO:.*]] = tw.constant dense<0.000000e+00> : tensor<3xf64>
// CHECK-NEXT:   train.yield %[[ZERO]]
// CHECK:      train.objective
// CHECK-NOT:  train.update
// CHECK:      train.set @w.grad, %{{.*}} : tensor<3xf64>
// CHECK-NEXT: train.yield

train.program "p" mode gradient batch 4 {
  train.variable parameter @w : tensor<3xf64> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<3xf64>
    train.yield %value : tensor<3xf64>
  }
  train.objective {
    %w = train.get @w : tensor<3xf64>
    %square = tw.mul %w, %w : tensor<3xf64>
    %loss = tw.reduce sum %square dims [0] : tensor<3xf64> -> tensor<f64>
    train.report loss "loss", %loss : tensor<f64>
    train.minimize "loss", %loss over [@w] : tensor<f64>
    train.yield
  }
}
