// watch: no simplification looks through it; its derivative is dy, and when everything is differentiated it is gone.
//
// RUN: talweg-opt %s --canonicalize | FileCheck %s --check-prefix=BEFORE
// RUN: talweg-opt %s --talweg-differentiate --canonicalize | FileCheck %s
// RUN: talweg gradcheck %s | FileCheck %s --check-prefix=NUMBERS

// BEFORE: tw.reshape
// BEFORE: tw.watch
// BEFORE: tw.reshape

// CHECK:     %[[X:.*]] = train.get @x
// CHECK-NOT: tw.watch
// CHECK:     %[[Y:.*]] = tw.reduce sum %[[X]]

// NUMBERS: the gradient agrees
train.program "p" mode gradient batch 1 {
  train.variable parameter @x : tensor<4xf64> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<[1.0, 2.0, -1.0, 0.5]> : tensor<4xf64>
    train.yield %value : tensor<4xf64>
  }
  train.objective {
    %x = train.get @x : tensor<4xf64>
    %square = tw.reshape %x : tensor<4xf64> -> tensor<2x2xf64>
    %watched = tw.watch %square : tensor<2x2xf64>
    %line = tw.reshape %watched : tensor<2x2xf64> -> tensor<4xf64>
    %loss = tw.reduce sum %line dims [0] : tensor<4xf64> -> tensor<f64>
    train.report loss "loss", %loss : tensor<f64>
    train.minimize "loss", %loss over [@x] : tensor<f64>
    train.yield
  }
}
