// scatter_add: what has one row is summed, here for each index of a dimension that values and rows share. Its adjoint is a gather
//
// RUN: talweg-opt %s --talweg-differentiate --canonicalize --cse | FileCheck %s
// RUN: talweg gradcheck %s --values | FileCheck %s --check-prefix=NUMBERS

// CHECK-DAG:  %[[W:.*]] = train.get @w
// CHECK-DAG:  %[[ROWS:.*]] = tw.constant dense<{{\[\[}}1, 0, 1], [2, 2, -3]]>
// CHECK:      %[[DX:.*]] = tw.gather %[[W]] at %[[ROWS]] shared 1 : tensor<2x3xf64>, tensor<2x3xi32> -> tensor<2x3xf64>
// CHECK:      train.set @x.grad, %[[DX]]

// NUMBERS:      x {{.*}} ok
// NUMBERS-NEXT: [0] analytic -2{{ }}
// NUMBERS-NEXT: [1] analytic 1{{ }}
// NUMBERS-NEXT: [2] analytic -2{{ }}
// NUMBERS-NEXT: [3] analytic -1{{ }}
// NUMBERS-NEXT: [4] analytic -1{{ }}
// NUMBERS-NEXT: [5] analytic 3{{ }}
// NUMBERS:      w {{.*}} ok
// NUMBERS-NEXT: [0] analytic -2{{ }}
// NUMBERS-NEXT: [1] analytic 4{{ }}
// NUMBERS-NEXT: [2] analytic {{-?0 }}
// NUMBERS-NEXT: [3] analytic -1.5{{ }}
// NUMBERS-NEXT: [4] analytic {{-?0 }}
// NUMBERS-NEXT: [5] analytic 4.5{{ }}

train.program "scatter_add" mode gradient batch 1 {
  train.variable parameter @x : tensor<2x3xf64> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<[[1.0, -2.0, 3.0], [0.5, 4.0, -1.5]]> : tensor<2x3xf64>
    train.yield %value : tensor<2x3xf64>
  }
  train.variable parameter @w : tensor<2x3xf64> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<[[1.0, -2.0, 0.5], [3.0, 7.0, -1.0]]> : tensor<2x3xf64>
    train.yield %value : tensor<2x3xf64>
  }
  train.objective {
    %x = train.get @x : tensor<2x3xf64>
    %w = train.get @w : tensor<2x3xf64>
    %rows = tw.constant dense<[[1, 0, 1], [2, 2, -3]]> : tensor<2x3xi32>
    %y = tw.scatter_add %x at %rows shared 1 : tensor<2x3xf64>, tensor<2x3xi32> -> tensor<2x3xf64>
    %product = tw.mul %y, %w : tensor<2x3xf64>
    %loss = tw.reduce sum %product dims [0, 1] : tensor<2x3xf64> -> tensor<f64>
    train.report loss "loss", %loss : tensor<f64>
    train.minimize "loss", %loss over [@x, @w] : tensor<f64>
    train.yield
  }
}
