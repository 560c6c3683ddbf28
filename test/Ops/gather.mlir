// gather: rows of a table by their numbers; those out of range are taken for the nearest. Its adjoint is a scatter_add by the same rows
//
// RUN: talweg-opt %s --talweg-differentiate --canonicalize --cse | FileCheck %s
// RUN: talweg gradcheck %s --values | FileCheck %s --check-prefix=NUMBERS

// CHECK-DAG:  %[[W:.*]] = train.get @w
// CHECK-DAG:  %[[ROWS:.*]] = tw.constant dense<[2, 0, 2, -1, 7]>
// CHECK:      %[[DX:.*]] = tw.scatter_add %[[W]] at %[[ROWS]] : tensor<5x2xf64>, tensor<5xi32> -> tensor<4x2xf64>
// CHECK:      train.set @x.grad, %[[DX]]

// NUMBERS:      x {{.*}} ok
// NUMBERS-NEXT: [0] analytic -0.5{{ }}
// NUMBERS-NEXT: [1] analytic 2{{ }}
// NUMBERS-NEXT: [2] analytic {{-?0 }}
// NUMBERS-NEXT: [3] analytic {{-?0 }}
// NUMBERS-NEXT: [4] analytic 5{{ }}
// NUMBERS-NEXT: [5] analytic -3{{ }}
// NUMBERS-NEXT: [6] analytic 0.25{{ }}
// NUMBERS-NEXT: [7] analytic 8{{ }}
// NUMBERS:      w {{.*}} ok
// NUMBERS-NEXT: [0] analytic -1{{ }}
// NUMBERS-NEXT: [1] analytic 5{{ }}
// NUMBERS-NEXT: [2] analytic 1{{ }}
// NUMBERS-NEXT: [3] analytic 2{{ }}
// NUMBERS-NEXT: [4] analytic -1{{ }}
// NUMBERS-NEXT: [5] analytic 5{{ }}
// NUMBERS-NEXT: [6] analytic 1{{ }}
// NUMBERS-NEXT: [7] analytic 2{{ }}
// NUMBERS-NEXT: [8] analytic 0.5{{ }}
// NUMBERS-NEXT: [9] analytic -4{{ }}

train.program "gather" mode gradient batch 1 {
  train.variable parameter @x : tensor<4x2xf64> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<[[1.0, 2.0], [3.0, 4.0], [-1.0, 5.0], [0.5, -4.0]]> : tensor<4x2xf64>
    train.yield %value : tensor<4x2xf64>
  }
  train.variable parameter @w : tensor<5x2xf64> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<[[1.0, -2.0], [0.5, 3.0], [4.0, -1.0], [-1.0, -1.0], [0.25, 8.0]]> : tensor<5x2xf64>
    train.yield %value : tensor<5x2xf64>
  }
  train.objective {
    %x = train.get @x : tensor<4x2xf64>
    %w = train.get @w : tensor<5x2xf64>
    %rows = tw.constant dense<[2, 0, 2, -1, 7]> : tensor<5xi32>
    %y = tw.gather %x at %rows : tensor<4x2xf64>, tensor<5xi32> -> tensor<5x2xf64>
    %product = tw.mul %y, %w : tensor<5x2xf64>
    %loss = tw.reduce sum %product dims [0, 1] : tensor<5x2xf64> -> tensor<f64>
    train.report loss "loss", %loss : tensor<f64>
    train.minimize "loss", %loss over [@x, @w] : tensor<f64>
    train.yield
  }
}
