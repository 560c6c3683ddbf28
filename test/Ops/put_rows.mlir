// put_rows: some rows of a table replaced; what names none is left out. No cotangent passes
//
// RUN: talweg-opt %s --talweg-differentiate --canonicalize --cse | FileCheck %s
// RUN: talweg gradcheck %s --values | FileCheck %s --check-prefix=NUMBERS

// CHECK:      %[[X:.*]] = train.get @x
// CHECK:      %[[PUT:.*]] = tw.put_rows %{{.*}} at %{{.*}} into %[[X]] : tensor<4x2xf64>, tensor<4xi32> into tensor<3x2xf64>
// CHECK:      train.set @w.grad, %[[PUT]]

// NUMBERS:      w {{.*}} ok
// NUMBERS-NEXT: [0] analytic 4{{ }}
// NUMBERS-NEXT: [1] analytic -1{{ }}
// NUMBERS-NEXT: [2] analytic 3{{ }}
// NUMBERS-NEXT: [3] analytic 4.5{{ }}
// NUMBERS-NEXT: [4] analytic 1{{ }}
// NUMBERS-NEXT: [5] analytic -2{{ }}

train.program "put_rows" mode gradient batch 1 {
  train.variable parameter @x : tensor<3x2xf64> frozen {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<[[7.0, 2.5], [3.0, 4.5], [-1.0, 5.0]]> : tensor<3x2xf64>
    train.yield %value : tensor<3x2xf64>
  }
  train.variable parameter @w : tensor<3x2xf64> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<[[1.0, -2.0], [0.5, 3.0], [4.0, -1.0]]> : tensor<3x2xf64>
    train.yield %value : tensor<3x2xf64>
  }
  train.objective {
    %x = train.get @x : tensor<3x2xf64>
    %w = train.get @w : tensor<3x2xf64>
    %values = tw.constant dense<[[1.0, -2.0], [0.5, 3.0], [4.0, -1.0], [9.0, 8.0]]> : tensor<4x2xf64>
    %rows = tw.constant dense<[2, 3, 0, -1]> : tensor<4xi32>
    %put = tw.put_rows %values at %rows into %x : tensor<4x2xf64>, tensor<4xi32> into tensor<3x2xf64>
    %product = tw.mul %put, %w : tensor<3x2xf64>
    %loss = tw.reduce sum %product dims [0, 1] : tensor<3x2xf64> -> tensor<f64>
    train.report loss "loss", %loss : tensor<f64>
    train.minimize "loss", %loss over [@w] : tensor<f64>
    train.yield
  }
}
