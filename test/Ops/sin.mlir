// sin: dx = cos x dy
//
// RUN: talweg-opt %s --talweg-differentiate --canonicalize --cse | FileCheck %s
// RUN: talweg gradcheck %s --values | FileCheck %s --check-prefix=NUMBERS

// CHECK:      %[[X:.*]] = train.get @x
// CHECK:      %[[W:.*]] = train.get @w
// CHECK:      %[[COS:.*]] = tw.cos %[[X]]
// CHECK:      %[[DX:.*]] = tw.mul %[[COS]], %[[W]]
// CHECK:      train.set @x.grad, %[[DX]]

// NUMBERS:      x {{.*}} ok
// NUMBERS-NEXT: [0] analytic -0.9899924966
// NUMBERS-NEXT: [1] analytic -1.755165123
// NUMBERS-NEXT: [2] analytic 0.5{{ }}
// NUMBERS-NEXT: [3] analytic 1.620906917
// NUMBERS-NEXT: [4] analytic -0.8623188722
// NUMBERS:      w {{.*}} ok
// NUMBERS-NEXT: [0] analytic -0.1411200080
// NUMBERS-NEXT: [1] analytic -0.4794255386
// NUMBERS-NEXT: [2] analytic {{-?0 }}
// NUMBERS-NEXT: [3] analytic 0.8414709848
// NUMBERS-NEXT: [4] analytic -0.5063656411

train.program "sin" mode gradient batch 1 {
  train.variable parameter @x : tensor<5xf64> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<[-3.0, -0.5, 0.0, 1.0, 100.0]> : tensor<5xf64>
    train.yield %value : tensor<5xf64>
  }
  train.variable parameter @w : tensor<5xf64> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<[1.0, -2.0, 0.5, 3.0, -1.0]> : tensor<5xf64>
    train.yield %value : tensor<5xf64>
  }
  train.objective {
    %x = train.get @x : tensor<5xf64>
    %w = train.get @w : tensor<5xf64>
    %y = tw.sin %x : tensor<5xf64>
    %product = tw.mul %y, %w : tensor<5xf64>
    %loss = tw.reduce sum %product dims [0] : tensor<5xf64> -> tensor<f64>
    train.report loss "loss", %loss : tensor<f64>
    train.minimize "loss", %loss over [@x, @w] : tensor<f64>
    train.yield
  }
}
