// coalesce: each different row once, in order, and the sum of its values; behind them the number of rows, and zeros. No cotangent passes
//
// RUN: talweg-opt %s --talweg-differentiate --canonicalize --cse | FileCheck %s
// RUN: talweg gradcheck %s --values | FileCheck %s --check-prefix=NUMBERS

// CHECK:      %[[X:.*]] = train.get @x
// CHECK:      %[[NAMED:.*]], %[[SUMS:.*]] = tw.coalesce %[[X]] at %{{.*}} of 4 : tensor<5x2xf64>, tensor<5xi32> -> tensor<5xi32>, tensor<5x2xf64>
// CHECK:      %[[CONVERTED:.*]] = tw.convert %[[NAMED]]
// CHECK-DAG:  train.set @w.grad, %[[SUMS]]
// CHECK-DAG:  train.set @v.grad, %[[CONVERTED]]

// NUMBERS:      w {{.*}} ok
// NUMBERS-NEXT: [0] analytic 3.5{{ }}
// NUMBERS-NEXT: [1] analytic 0{{ }}
// NUMBERS-NEXT: [2] analytic 0{{ }}
// NUMBERS-NEXT: [3] analytic 7{{ }}
// NUMBERS-NEXT: [4] analytic 7{{ }}
// NUMBERS-NEXT: [5] analytic 8{{ }}
// NUMBERS-NEXT: [6] analytic 0{{ }}
// NUMBERS-NEXT: [7] analytic 0{{ }}
// NUMBERS-NEXT: [8] analytic 0{{ }}
// NUMBERS-NEXT: [9] analytic 0{{ }}
// NUMBERS:      v {{.*}} ok
// NUMBERS-NEXT: [0] analytic 0{{ }}
// NUMBERS-NEXT: [1] analytic 2{{ }}
// NUMBERS-NEXT: [2] analytic 3{{ }}
// NUMBERS-NEXT: [3] analytic 4{{ }}
// NUMBERS-NEXT: [4] analytic 4{{ }}

train.program "coalesce" mode gradient batch 1 {
  train.variable parameter @x : tensor<5x2xf64> frozen {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<[[1.0, 2.0], [3.0, 4.0], [-1.0, 5.0], [0.5, -4.0], [7.0, 8.0]]> : tensor<5x2xf64>
    train.yield %value : tensor<5x2xf64>
  }
  train.variable parameter @w : tensor<5x2xf64> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<[[1.0, -2.0], [0.5, 3.0], [4.0, -1.0], [-1.0, -1.0], [0.25, 8.0]]> : tensor<5x2xf64>
    train.yield %value : tensor<5x2xf64>
  }
  train.variable parameter @v : tensor<5xf64> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<[1.0, -2.0, 0.5, 3.0, -1.0]> : tensor<5xf64>
    train.yield %value : tensor<5xf64>
  }
  train.objective {
    %x = train.get @x : tensor<5x2xf64>
    %w = train.get @w : tensor<5x2xf64>
    %v = train.get @v : tensor<5xf64>
    %rows = tw.constant dense<[2, 0, 2, -1, 7]> : tensor<5xi32>
    %named, %sums = tw.coalesce %x at %rows of 4 : tensor<5x2xf64>, tensor<5xi32> -> tensor<5xi32>, tensor<5x2xf64>
    %numbers = tw.convert %named : tensor<5xi32> -> tensor<5xf64>
    %sum = tw.mul %sums, %w : tensor<5x2xf64>
    %name = tw.mul %numbers, %v : tensor<5xf64>
    %of_sums = tw.reduce sum %sum dims [0, 1] : tensor<5x2xf64> -> tensor<f64>
    %of_names = tw.reduce sum %name dims [0] : tensor<5xf64> -> tensor<f64>
    %loss = tw.add %of_sums, %of_names : tensor<f64>
    train.report loss "loss", %loss : tensor<f64>
    train.minimize "loss", %loss over [@w, @v] : tensor<f64>
    train.yield
  }
}
