// pad: the cotangent inside; what is added gets none
//
// RUN: talweg-opt %s --talweg-differentiate --canonicalize --cse | FileCheck %s
// RUN: talweg gradcheck %s --values | FileCheck %s --check-prefix=NUMBERS

// CHECK:      %[[W:.*]] = train.get @w
// CHECK:      %[[DX:.*]] = tw.window %[[W]] by #[[MAP:.*]] : tensor<3x5xf64> -> tensor<2x3xf64>
// CHECK:      train.set @x.grad, %[[DX]]

// NUMBERS:      x {{.*}} ok
// NUMBERS-NEXT: [0] analytic 12{{ }}
// NUMBERS-NEXT: [1] analytic 13{{ }}
// NUMBERS-NEXT: [2] analytic 14{{ }}
// NUMBERS-NEXT: [3] analytic 22{{ }}
// NUMBERS-NEXT: [4] analytic 23{{ }}
// NUMBERS-NEXT: [5] analytic 24{{ }}
// NUMBERS:      w {{.*}} ok
// NUMBERS-NEXT: [0] analytic 7.5{{ }}
// NUMBERS-NEXT: [1] analytic 7.5{{ }}
// NUMBERS-NEXT: [2] analytic 7.5{{ }}
// NUMBERS-NEXT: [3] analytic 7.5{{ }}
// NUMBERS-NEXT: [4] analytic 7.5{{ }}
// NUMBERS-NEXT: [5] analytic 7.5{{ }}
// NUMBERS-NEXT: [6] analytic 7.5{{ }}
// NUMBERS-NEXT: [7] analytic 1{{ }}
// NUMBERS-NEXT: [8] analytic -2{{ }}
// NUMBERS-NEXT: [9] analytic 3{{ }}
// NUMBERS-NEXT: [10] analytic 7.5{{ }}
// NUMBERS-NEXT: [11] analytic 7.5{{ }}
// NUMBERS-NEXT: [12] analytic 0.5{{ }}
// NUMBERS-NEXT: [13] analytic 4{{ }}
// NUMBERS-NEXT: [14] analytic -1.5{{ }}

train.program "pad" mode gradient batch 1 {
  train.variable parameter @x : tensor<2x3xf64> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<[[1.0, -2.0, 3.0], [0.5, 4.0, -1.5]]> : tensor<2x3xf64>
    train.yield %value : tensor<2x3xf64>
  }
  train.variable parameter @w : tensor<3x5xf64> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<[[0.0, 1.0, 2.0, 3.0, 4.0], [10.0, 11.0, 12.0, 13.0, 14.0], [20.0, 21.0, 22.0, 23.0, 24.0]]> : tensor<3x5xf64>
    train.yield %value : tensor<3x5xf64>
  }
  train.objective {
    %x = train.get @x : tensor<2x3xf64>
    %w = train.get @w : tensor<3x5xf64>
    %y = tw.pad %x low [1, 2] high [0, 0] value 7.5 : tensor<2x3xf64> -> tensor<3x5xf64>
    %product = tw.mul %y, %w : tensor<3x5xf64>
    %loss = tw.reduce sum %product dims [0, 1] : tensor<3x5xf64> -> tensor<f64>
    train.report loss "loss", %loss : tensor<f64>
    train.minimize "loss", %loss over [@x, @w] : tensor<f64>
    train.yield
  }
}
