// or: of conditions, so no cotangent passes
//
// RUN: talweg-opt %s --talweg-differentiate --canonicalize --cse | FileCheck %s
// RUN: talweg gradcheck %s --values | FileCheck %s --check-prefix=NUMBERS

// CHECK:      %[[X:.*]] = train.get @x
// CHECK:      %[[W:.*]] = train.get @w
// CHECK:      train.set @x.grad, %[[W]]

// NUMBERS:      x {{.*}} ok
// NUMBERS-NEXT: [0] analytic 1{{ }}
// NUMBERS-NEXT: [1] analytic -2{{ }}
// NUMBERS-NEXT: [2] analytic 0.5{{ }}
// NUMBERS-NEXT: [3] analytic 3{{ }}
// NUMBERS-NEXT: [4] analytic -1{{ }}
// NUMBERS:      w {{.*}} ok
// NUMBERS-NEXT: [0] analytic -1.5{{ }}
// NUMBERS-NEXT: [1] analytic 0.5{{ }}
// NUMBERS-NEXT: [2] analytic 1.25{{ }}
// NUMBERS-NEXT: [3] analytic 1.75{{ }}
// NUMBERS-NEXT: [4] analytic 4.5{{ }}

train.program "or" mode gradient batch 1 {
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
    %a = tw.constant dense<[true, true, false, false, true]> : tensor<5xi1>
    %b = tw.constant dense<[true, false, true, false, false]> : tensor<5xi1>
    %c = tw.or %a, %b : tensor<5xi1>
    %f = tw.convert %c : tensor<5xi1> -> tensor<5xf64>
    %y = tw.add %x, %f : tensor<5xf64>
    %product = tw.mul %y, %w : tensor<5xf64>
    %loss = tw.reduce sum %product dims [0] : tensor<5xf64> -> tensor<f64>
    train.report loss "loss", %loss : tensor<f64>
    train.minimize "loss", %loss over [@x, @w] : tensor<f64>
    train.yield
  }
}
