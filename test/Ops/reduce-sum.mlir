// reduce sum: the cotangent, spread over what was summed
//
// RUN: talweg-opt %s --talweg-differentiate --canonicalize --cse | FileCheck %s
// RUN: talweg gradcheck %s --values | FileCheck %s --check-prefix=NUMBERS

// CHECK:      %[[X:.*]] = train.get @x
// CHECK:      %[[W:.*]] = train.get @w
// CHECK:      %[[DX:.*]] = tw.window %[[W]] by #[[MAP:.*]] : tensor<3xf64> -> tensor<3x3xf64>
// CHECK:      train.set @x.grad, %[[DX]]

// NUMBERS:      x {{.*}} ok
// NUMBERS-NEXT: [0] analytic 2{{ }}
// NUMBERS-NEXT: [1] analytic 2{{ }}
// NUMBERS-NEXT: [2] analytic 2{{ }}
// NUMBERS-NEXT: [3] analytic -1{{ }}
// NUMBERS-NEXT: [4] analytic -1{{ }}
// NUMBERS-NEXT: [5] analytic -1{{ }}
// NUMBERS-NEXT: [6] analytic 3{{ }}
// NUMBERS-NEXT: [7] analytic 3{{ }}
// NUMBERS-NEXT: [8] analytic 3{{ }}
// NUMBERS:      w {{.*}} ok
// NUMBERS-NEXT: [0] analytic 2{{ }}
// NUMBERS-NEXT: [1] analytic 2.5{{ }}
// NUMBERS-NEXT: [2] analytic 2{{ }}

train.program "reduce-sum" mode gradient batch 1 {
  train.variable parameter @x : tensor<3x3xf64> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<[[1.0, -2.0, 3.0], [0.0, 4.0, -1.5], [0.0, 0.0, 2.0]]> : tensor<3x3xf64>
    train.yield %value : tensor<3x3xf64>
  }
  train.variable parameter @w : tensor<3xf64> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<[2.0, -1.0, 3.0]> : tensor<3xf64>
    train.yield %value : tensor<3xf64>
  }
  train.objective {
    %x = train.get @x : tensor<3x3xf64>
    %w = train.get @w : tensor<3xf64>
    %y = tw.reduce sum %x dims [1] : tensor<3x3xf64> -> tensor<3xf64>
    %product = tw.mul %y, %w : tensor<3xf64>
    %loss = tw.reduce sum %product dims [0] : tensor<3xf64> -> tensor<f64>
    train.report loss "loss", %loss : tensor<f64>
    train.minimize "loss", %loss over [@x, @w] : tensor<f64>
    train.yield
  }
}
