// contract: a convolution and both of its cotangents are contractions over the same indices
//
// RUN: talweg-opt %s --talweg-differentiate --canonicalize --cse | FileCheck %s
// RUN: talweg gradcheck %s --values | FileCheck %s --check-prefix=NUMBERS

// CHECK:      %[[A:.*]] = train.get @a
// CHECK:      %[[B:.*]] = train.get @b
// CHECK:      %[[W:.*]] = train.get @w
// CHECK-DAG:  %[[DA:.*]] = tw.contract %[[W]], %[[B]] over [4, 3] a #[[I:.*]] b #[[U:.*]] y #[[SUM:.*]] :
// CHECK-DAG:  %[[DB:.*]] = tw.contract %[[A]], %[[W]] over [4, 3] a #[[SUM]] b #[[I]] y #[[U]] :
// CHECK:      train.set @a.grad, %[[DA]]
// CHECK:      train.set @b.grad, %[[DB]]

// NUMBERS:      a {{.*}} ok
// NUMBERS-NEXT: [0] analytic 2{{ }}
// NUMBERS-NEXT: [1] analytic -5{{ }}
// NUMBERS-NEXT: [2] analytic 3.5{{ }}
// NUMBERS-NEXT: [3] analytic 4.5{{ }}
// NUMBERS-NEXT: [4] analytic -2.75{{ }}
// NUMBERS-NEXT: [5] analytic 1.5{{ }}
// NUMBERS:      b {{.*}} ok
// NUMBERS-NEXT: [0] analytic 8{{ }}
// NUMBERS-NEXT: [1] analytic 4.25{{ }}
// NUMBERS-NEXT: [2] analytic -0.5{{ }}
// NUMBERS:      w {{.*}} ok
// NUMBERS-NEXT: [0] analytic 5.5{{ }}
// NUMBERS-NEXT: [1] analytic -6.75{{ }}
// NUMBERS-NEXT: [2] analytic 7.5{{ }}
// NUMBERS-NEXT: [3] analytic -3.75{{ }}

train.program "contract-convolution" mode gradient batch 1 {
  train.variable parameter @a : tensor<6xf64> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<[1.0, -2.0, 3.0, 0.5, 4.0, -1.5]> : tensor<6xf64>
    train.yield %value : tensor<6xf64>
  }
  train.variable parameter @b : tensor<3xf64> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<[2.0, -1.0, 0.5]> : tensor<3xf64>
    train.yield %value : tensor<3xf64>
  }
  train.variable parameter @w : tensor<4xf64> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<[1.0, -2.0, 0.5, 3.0]> : tensor<4xf64>
    train.yield %value : tensor<4xf64>
  }
  train.objective {
    %a = train.get @a : tensor<6xf64>
    %b = train.get @b : tensor<3xf64>
    %w = train.get @w : tensor<4xf64>
    %y = tw.contract %a, %b over [4, 3] a affine_map<(i, u) -> (i + u)> b affine_map<(i, u) -> (u)>
        y affine_map<(i, u) -> (i)> : tensor<6xf64>, tensor<3xf64> -> tensor<4xf64>
    %product = tw.mul %y, %w : tensor<4xf64>
    %loss = tw.reduce sum %product dims [0] : tensor<4xf64> -> tensor<f64>
    train.report loss "loss", %loss : tensor<f64>
    train.minimize "loss", %loss over [@a, @b, @w] : tensor<f64>
    train.yield
  }
}
