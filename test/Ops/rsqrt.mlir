// rsqrt: dx = -½ y³ dy, from the result
//
// RUN: talweg-opt %s --talweg-differentiate --canonicalize --cse | FileCheck %s
// RUN: talweg gradcheck %s --values | FileCheck %s --check-prefix=NUMBERS

// CHECK:      %[[X:.*]] = train.get @x
// CHECK:      %[[W:.*]] = train.get @w
// CHECK:      %[[Y:.*]] = tw.rsqrt %[[X]]
// CHECK-NOT:  tw.rsqrt
// CHECK:      %[[SQUARE:.*]] = tw.mul %[[Y]], %[[Y]]
// CHECK:      %[[CUBE:.*]] = tw.mul %[[SQUARE]], %[[Y]]
// CHECK:      train.set @x.grad

// NUMBERS:      x {{.*}} ok
// NUMBERS-NEXT: [0] analytic -500{{ }}
// NUMBERS-NEXT: [1] analytic 8{{ }}
// NUMBERS-NEXT: [2] analytic -0.25{{ }}
// NUMBERS-NEXT: [3] analytic -0.1875{{ }}
// NUMBERS-NEXT: [4] analytic 0.0009765625{{ }}
// NUMBERS:      w {{.*}} ok
// NUMBERS-NEXT: [0] analytic 10{{ }}
// NUMBERS-NEXT: [1] analytic 2{{ }}
// NUMBERS-NEXT: [2] analytic 1{{ }}
// NUMBERS-NEXT: [3] analytic 0.5{{ }}
// NUMBERS-NEXT: [4] analytic 0.125{{ }}

train.program "rsqrt" mode gradient batch 1 {
  train.variable parameter @x : tensor<5xf64> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<[0.01, 0.25, 1.0, 4.0, 64.0]> : tensor<5xf64>
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
    %y = tw.rsqrt %x : tensor<5xf64>
    %product = tw.mul %y, %w : tensor<5xf64>
    %loss = tw.reduce sum %product dims [0] : tensor<5xf64> -> tensor<f64>
    train.report loss "loss", %loss : tensor<f64>
    train.minimize "loss", %loss over [@x, @w] : tensor<f64>
    train.yield
  }
}
