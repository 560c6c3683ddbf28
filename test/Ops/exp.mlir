// exp: dx = y dy, from the result
//
// RUN: talweg-opt %s --talweg-differentiate --canonicalize --cse | FileCheck %s
// RUN: talweg gradcheck %s --values | FileCheck %s --check-prefix=NUMBERS

// CHECK:      %[[X:.*]] = train.get @x
// CHECK:      %[[W:.*]] = train.get @w
// CHECK:      %[[Y:.*]] = tw.exp %[[X]]
// CHECK-NOT:  tw.exp
// CHECK:      %[[DX:.*]] = tw.mul %[[Y]], %[[W]]
// CHECK:      train.set @x.grad, %[[DX]]

// NUMBERS:      x {{.*}} ok
// NUMBERS-NEXT: [0] analytic 2.061153622{{[0-9]*}}e-09
// NUMBERS-NEXT: [1] analytic -0.7357588823
// NUMBERS-NEXT: [2] analytic 0.5{{ }}
// NUMBERS-NEXT: [3] analytic 4.946163812
// NUMBERS-NEXT: [4] analytic -20.08553692
// NUMBERS:      w {{.*}} ok
// NUMBERS-NEXT: [0] analytic 2.061153622{{[0-9]*}}e-09
// NUMBERS-NEXT: [1] analytic 0.3678794411
// NUMBERS-NEXT: [2] analytic 1{{ }}
// NUMBERS-NEXT: [3] analytic 1.648721270
// NUMBERS-NEXT: [4] analytic 20.08553692

train.program "exp" mode gradient batch 1 {
  train.variable parameter @x : tensor<5xf64> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<[-20.0, -1.0, 0.0, 0.5, 3.0]> : tensor<5xf64>
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
    %y = tw.exp %x : tensor<5xf64>
    %product = tw.mul %y, %w : tensor<5xf64>
    %loss = tw.reduce sum %product dims [0] : tensor<5xf64> -> tensor<f64>
    train.report loss "loss", %loss : tensor<f64>
    train.minimize "loss", %loss over [@x, @w] : tensor<f64>
    train.yield
  }
}
