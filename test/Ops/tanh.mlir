// tanh: dx = (1 - y²) dy, from the result
//
// RUN: talweg-opt %s --talweg-differentiate --canonicalize --cse | FileCheck %s
// RUN: talweg gradcheck %s --values | FileCheck %s --check-prefix=NUMBERS

// CHECK:      %[[X:.*]] = train.get @x
// CHECK:      %[[W:.*]] = train.get @w
// CHECK:      %[[Y:.*]] = tw.tanh %[[X]]
// CHECK-NOT:  tw.tanh
// CHECK:      %[[SQUARE:.*]] = tw.mul %[[Y]], %[[Y]]
// CHECK:      %[[SLOPE:.*]] = tw.sub %{{.*}}, %[[SQUARE]]
// CHECK:      %[[DX:.*]] = tw.mul %[[SLOPE]], %[[W]]
// CHECK:      train.set @x.grad, %[[DX]]

// NUMBERS:      x {{.*}} ok
// NUMBERS-NEXT: [0] analytic 0.009866037165
// NUMBERS-NEXT: [1] analytic -1.572895465
// NUMBERS-NEXT: [2] analytic 0.5{{ }}
// NUMBERS-NEXT: [3] analytic 1.259923024
// NUMBERS-NEXT: [4] analytic {{-?0 }}
// NUMBERS:      w {{.*}} ok
// NUMBERS-NEXT: [0] analytic -0.9950547536
// NUMBERS-NEXT: [1] analytic -0.4621171572
// NUMBERS-NEXT: [2] analytic {{-?0 }}
// NUMBERS-NEXT: [3] analytic 0.7615941559
// NUMBERS-NEXT: [4] analytic 1{{ }}

train.program "tanh" mode gradient batch 1 {
  train.variable parameter @x : tensor<5xf64> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<[-3.0, -0.5, 0.0, 1.0, 40.0]> : tensor<5xf64>
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
    %y = tw.tanh %x : tensor<5xf64>
    %product = tw.mul %y, %w : tensor<5xf64>
    %loss = tw.reduce sum %product dims [0] : tensor<5xf64> -> tensor<f64>
    train.report loss "loss", %loss : tensor<f64>
    train.minimize "loss", %loss over [@x, @w] : tensor<f64>
    train.yield
  }
}
