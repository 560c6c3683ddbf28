// count_below: a position in order, so no cotangent passes; equal elements are not below each other, nan is below nothing
//
// RUN: talweg-opt %s --talweg-differentiate --canonicalize --cse | FileCheck %s
// RUN: talweg gradcheck %s --values | FileCheck %s --check-prefix=NUMBERS

// CHECK:      %[[X:.*]] = train.get @x
// CHECK:      %[[BELOW:.*]] = tw.count_below %[[X]] : tensor<5xf64>
// CHECK:      train.set @w.grad, %[[BELOW]]

// NUMBERS:      w {{.*}} ok
// NUMBERS-NEXT: [0] analytic 1{{ }}
// NUMBERS-NEXT: [1] analytic 4{{ }}
// NUMBERS-NEXT: [2] analytic 1{{ }}
// NUMBERS-NEXT: [3] analytic 0{{ }}
// NUMBERS-NEXT: [4] analytic 3{{ }}

train.program "count_below" mode gradient batch 1 {
  train.variable parameter @x : tensor<5xf64> frozen {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<[-2.5, 3.5, -2.5, -3.0, 0.25]> : tensor<5xf64>
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
    %below = tw.count_below %x : tensor<5xf64>
    %each = tw.mul %below, %w : tensor<5xf64>
    %loss = tw.reduce sum %each dims [0] : tensor<5xf64> -> tensor<f64>
    train.report loss "loss", %loss : tensor<f64>
    train.minimize "loss", %loss over [@w] : tensor<f64>
    train.yield
  }
}
