// concat: each part's cotangent is a window of the whole's
//
// RUN: talweg-opt %s --talweg-differentiate --canonicalize --cse | FileCheck %s
// RUN: talweg gradcheck %s --values | FileCheck %s --check-prefix=NUMBERS

// CHECK:      %[[W:.*]] = train.get @w
// CHECK:      %[[DA:.*]] = tw.window %[[W]] by #[[LEFT:.*]] : tensor<2x5xf64> -> tensor<2x3xf64>
// CHECK:      %[[DB:.*]] = tw.window %[[W]] by #[[RIGHT:.*]] : tensor<2x5xf64> -> tensor<2x2xf64>
// CHECK:      train.set @a.grad, %[[DA]]
// CHECK:      train.set @b.grad, %[[DB]]

// NUMBERS:      a {{.*}} ok
// NUMBERS-NEXT: [0] analytic 0{{ }}
// NUMBERS-NEXT: [1] analytic 1{{ }}
// NUMBERS-NEXT: [2] analytic 2{{ }}
// NUMBERS-NEXT: [3] analytic 10{{ }}
// NUMBERS-NEXT: [4] analytic 11{{ }}
// NUMBERS-NEXT: [5] analytic 12{{ }}
// NUMBERS:      b {{.*}} ok
// NUMBERS-NEXT: [0] analytic 3{{ }}
// NUMBERS-NEXT: [1] analytic 4{{ }}
// NUMBERS-NEXT: [2] analytic 13{{ }}
// NUMBERS-NEXT: [3] analytic 14{{ }}
// NUMBERS:      w {{.*}} ok
// NUMBERS-NEXT: [0] analytic 1{{ }}
// NUMBERS-NEXT: [1] analytic -2{{ }}
// NUMBERS-NEXT: [2] analytic 3{{ }}
// NUMBERS-NEXT: [3] analytic 7{{ }}
// NUMBERS-NEXT: [4] analytic -8{{ }}
// NUMBERS-NEXT: [5] analytic 0.5{{ }}
// NUMBERS-NEXT: [6] analytic 4{{ }}
// NUMBERS-NEXT: [7] analytic -1.5{{ }}
// NUMBERS-NEXT: [8] analytic 0.25{{ }}
// NUMBERS-NEXT: [9] analytic 6{{ }}

train.program "concat" mode gradient batch 1 {
  train.variable parameter @a : tensor<2x3xf64> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<[[1.0, -2.0, 3.0], [0.5, 4.0, -1.5]]> : tensor<2x3xf64>
    train.yield %value : tensor<2x3xf64>
  }
  train.variable parameter @b : tensor<2x2xf64> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<[[7.0, -8.0], [0.25, 6.0]]> : tensor<2x2xf64>
    train.yield %value : tensor<2x2xf64>
  }
  train.variable parameter @w : tensor<2x5xf64> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<[[0.0, 1.0, 2.0, 3.0, 4.0], [10.0, 11.0, 12.0, 13.0, 14.0]]> : tensor<2x5xf64>
    train.yield %value : tensor<2x5xf64>
  }
  train.objective {
    %a = train.get @a : tensor<2x3xf64>
    %b = train.get @b : tensor<2x2xf64>
    %w = train.get @w : tensor<2x5xf64>
    %y = tw.concat %a, %b dim 1 : tensor<2x3xf64>, tensor<2x2xf64> -> tensor<2x5xf64>
    %product = tw.mul %y, %w : tensor<2x5xf64>
    %loss = tw.reduce sum %product dims [0, 1] : tensor<2x5xf64> -> tensor<f64>
    train.report loss "loss", %loss : tensor<f64>
    train.minimize "loss", %loss over [@a, @b, @w] : tensor<f64>
    train.yield
  }
}
