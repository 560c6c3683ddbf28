// reduce any, reduce all: of conditions, so no cotangent passes
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
// NUMBERS-NEXT: [0] analytic -0.5{{ }}
// NUMBERS-NEXT: [1] analytic 0.5{{ }}
// NUMBERS-NEXT: [2] analytic 0.25{{ }}
// NUMBERS-NEXT: [3] analytic 2.75{{ }}
// NUMBERS-NEXT: [4] analytic 5.5{{ }}

train.program "reduce-any-all" mode gradient batch 1 {
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
    %c = tw.constant dense<[[true, true], [true, false], [false, false], [false, true], [true, true]]> : tensor<5x2xi1>
    %any = tw.reduce any %c dims [1] : tensor<5x2xi1> -> tensor<5xi1>
    %all = tw.reduce all %c dims [1] : tensor<5x2xi1> -> tensor<5xi1>
    %one = tw.convert %any : tensor<5xi1> -> tensor<5xf64>
    %two = tw.convert %all : tensor<5xi1> -> tensor<5xf64>
    %f = tw.add %one, %two : tensor<5xf64>
    %y = tw.add %x, %f : tensor<5xf64>
    %product = tw.mul %y, %w : tensor<5xf64>
    %loss = tw.reduce sum %product dims [0] : tensor<5xf64> -> tensor<f64>
    train.report loss "loss", %loss : tensor<f64>
    train.minimize "loss", %loss over [@x, @w] : tensor<f64>
    train.yield
  }
}
