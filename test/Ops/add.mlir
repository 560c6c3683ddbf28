// add: da = dy, db = dy
//
// RUN: talweg-opt %s --talweg-differentiate --canonicalize --cse | FileCheck %s
// RUN: talweg gradcheck %s --values | FileCheck %s --check-prefix=NUMBERS

// CHECK:      %[[A:.*]] = train.get @a
// CHECK:      %[[B:.*]] = train.get @b
// CHECK:      %[[W:.*]] = train.get @w
// CHECK:      train.set @a.grad, %[[W]]
// CHECK:      train.set @b.grad, %[[W]]

// NUMBERS:      a {{.*}} ok
// NUMBERS-NEXT: [0] analytic 1{{ }}
// NUMBERS-NEXT: [1] analytic -2{{ }}
// NUMBERS-NEXT: [2] analytic 0.5{{ }}
// NUMBERS-NEXT: [3] analytic 3{{ }}
// NUMBERS-NEXT: [4] analytic -1{{ }}
// NUMBERS:      b {{.*}} ok
// NUMBERS-NEXT: [0] analytic 1{{ }}
// NUMBERS-NEXT: [1] analytic -2{{ }}
// NUMBERS-NEXT: [2] analytic 0.5{{ }}
// NUMBERS-NEXT: [3] analytic 3{{ }}
// NUMBERS-NEXT: [4] analytic -1{{ }}
// NUMBERS:      w {{.*}} ok
// NUMBERS-NEXT: [0] analytic -1{{ }}
// NUMBERS-NEXT: [1] analytic -1{{ }}
// NUMBERS-NEXT: [2] analytic 4{{ }}
// NUMBERS-NEXT: [3] analytic 1.25{{ }}
// NUMBERS-NEXT: [4] analytic {{-?0 }}

train.program "add" mode gradient batch 1 {
  train.variable parameter @a : tensor<5xf64> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<[-3.0, -0.5, 0.0, 1.0, 16.0]> : tensor<5xf64>
    train.yield %value : tensor<5xf64>
  }
  train.variable parameter @b : tensor<5xf64> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<[2.0, -0.5, 4.0, 0.25, -16.0]> : tensor<5xf64>
    train.yield %value : tensor<5xf64>
  }
  train.variable parameter @w : tensor<5xf64> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<[1.0, -2.0, 0.5, 3.0, -1.0]> : tensor<5xf64>
    train.yield %value : tensor<5xf64>
  }
  train.objective {
    %a = train.get @a : tensor<5xf64>
    %b = train.get @b : tensor<5xf64>
    %w = train.get @w : tensor<5xf64>
    %y = tw.add %a, %b : tensor<5xf64>
    %product = tw.mul %y, %w : tensor<5xf64>
    %loss = tw.reduce sum %product dims [0] : tensor<5xf64> -> tensor<f64>
    train.report loss "loss", %loss : tensor<f64>
    train.minimize "loss", %loss over [@a, @b, @w] : tensor<f64>
    train.yield
  }
}
