// convert: between floats the cotangent is converted back; integers and conditions get none
//
// Finite differences see the rounding to f32, of a step of 1e-5: hence the tolerance.
//
// RUN: talweg-opt %s --talweg-differentiate --canonicalize --cse | FileCheck %s
// RUN: talweg gradcheck %s --values --tolerance 0.05 | FileCheck %s --check-prefix=NUMBERS

// CHECK:      %[[X:.*]] = train.get @x
// CHECK:      %[[W:.*]] = train.get @w
// CHECK:      %[[NARROW:.*]] = tw.convert %[[W]] : tensor<5xf64> -> tensor<5xf32>
// CHECK:      %[[DX:.*]] = tw.convert %[[NARROW]] : tensor<5xf32> -> tensor<5xf64>
// CHECK:      train.set @x.grad, %[[DX]]

// NUMBERS:      x {{.*}} ok
// NUMBERS-NEXT: [0] analytic 1{{ }}
// NUMBERS-NEXT: [1] analytic -2{{ }}
// NUMBERS-NEXT: [2] analytic 0.5{{ }}
// NUMBERS-NEXT: [3] analytic 3{{ }}
// NUMBERS-NEXT: [4] analytic -1{{ }}
// NUMBERS:      w {{.*}} ok
// NUMBERS-NEXT: [0] analytic -4.5{{ }}
// NUMBERS-NEXT: [1] analytic -0.5{{ }}
// NUMBERS-NEXT: [2] analytic 0.25{{ }}
// NUMBERS-NEXT: [3] analytic 2.75{{ }}
// NUMBERS-NEXT: [4] analytic 6.5{{ }}

train.program "convert" mode gradient batch 1 {
  train.variable parameter @x : tensor<5xf64> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<[-2.5, -0.5, 0.25, 1.75, 3.5]> : tensor<5xf64>
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
    %narrow = tw.convert %x : tensor<5xf64> -> tensor<5xf32>
    %wide = tw.convert %narrow : tensor<5xf32> -> tensor<5xf64>
    %integer = tw.convert %x : tensor<5xf64> -> tensor<5xi32>
    %whole = tw.convert %integer : tensor<5xi32> -> tensor<5xf64>
    %y = tw.add %wide, %whole : tensor<5xf64>
    %product = tw.mul %y, %w : tensor<5xf64>
    %loss = tw.reduce sum %product dims [0] : tensor<5xf64> -> tensor<f64>
    train.report loss "loss", %loss : tensor<f64>
    train.minimize "loss", %loss over [@x, @w] : tensor<f64>
    train.yield
  }
}
