// Nothing is differentiated in modes that change nothing.
//
// RUN: talweg-opt %s --talweg-differentiate | FileCheck %s

// CHECK:      train.get @w
// CHECK-NEXT: tw.exp
// CHECK-NEXT: train.report
// CHECK-NEXT: train.yield

train.program "p" mode eval batch 4 {
  train.variable parameter @w : tensor<f32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<f32>
    train.yield %value : tensor<f32>
  }
  train.objective {
    %w = train.get @w : tensor<f32>
    %loss = tw.exp %w : tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.yield
  }
}
