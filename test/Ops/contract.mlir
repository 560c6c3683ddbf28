// contract: the cotangents are contractions with the maps exchanged
//
// RUN: talweg-opt %s --talweg-differentiate --canonicalize --cse | FileCheck %s
// RUN: talweg gradcheck %s --values | FileCheck %s --check-prefix=NUMBERS

// CHECK-DAG:  #[[I:.*]] = affine_map<(d0, d1, d2) -> (d0, d2)>
// CHECK-DAG:  #[[K:.*]] = affine_map<(d0, d1, d2) -> (d2, d1)>
// CHECK-DAG:  #[[O:.*]] = affine_map<(d0, d1, d2) -> (d0, d1)>
// CHECK:      %[[A:.*]] = train.get @a
// CHECK:      %[[B:.*]] = train.get @b
// CHECK:      %[[W:.*]] = train.get @w
// CHECK-DAG:  %[[DA:.*]] = tw.contract %[[W]], %[[B]] over [2, 2, 3] a #[[O]] b #[[K]] y #[[I]]
// CHECK-DAG:  %[[DB:.*]] = tw.contract %[[A]], %[[W]] over [2, 2, 3] a #[[I]] b #[[O]] y #[[K]]
// CHECK:      train.set @a.grad, %[[DA]]
// CHECK:      train.set @b.grad, %[[DB]]

// NUMBERS:      a {{.*}} ok
// NUMBERS-NEXT: [0] analytic 4{{ }}
// NUMBERS-NEXT: [1] analytic -6{{ }}
// NUMBERS-NEXT: [2] analytic 0.5{{ }}
// NUMBERS-NEXT: [3] analytic -2{{ }}
// NUMBERS-NEXT: [4] analytic 9{{ }}
// NUMBERS-NEXT: [5] analytic 1.25{{ }}
// NUMBERS:      b {{.*}} ok
// NUMBERS-NEXT: [0] analytic 1.25{{ }}
// NUMBERS-NEXT: [1] analytic -0.5{{ }}
// NUMBERS-NEXT: [2] analytic {{-?0 }}
// NUMBERS-NEXT: [3] analytic 16{{ }}
// NUMBERS-NEXT: [4] analytic 2.25{{ }}
// NUMBERS-NEXT: [5] analytic -10.5{{ }}
// NUMBERS:      w {{.*}} ok
// NUMBERS-NEXT: [0] analytic 5{{ }}
// NUMBERS-NEXT: [1] analytic -6.25{{ }}
// NUMBERS-NEXT: [2] analytic -0.5{{ }}
// NUMBERS-NEXT: [3] analytic 11.125{{ }}

train.program "contract" mode gradient batch 1 {
  train.variable parameter @a : tensor<2x3xf64> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<[[1.0, -2.0, 3.0], [0.5, 4.0, -1.5]]> : tensor<2x3xf64>
    train.yield %value : tensor<2x3xf64>
  }
  train.variable parameter @b : tensor<3x2xf64> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<[[2.0, -1.0], [0.0, 3.0], [1.0, 0.25]]> : tensor<3x2xf64>
    train.yield %value : tensor<3x2xf64>
  }
  train.variable parameter @w : tensor<2x2xf64> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<[[1.0, -2.0], [0.5, 3.0]]> : tensor<2x2xf64>
    train.yield %value : tensor<2x2xf64>
  }
  train.objective {
    %a = train.get @a : tensor<2x3xf64>
    %b = train.get @b : tensor<3x2xf64>
    %w = train.get @w : tensor<2x2xf64>
    %y = tw.contract %a, %b over [2, 2, 3] a affine_map<(i, j, k) -> (i, k)> b affine_map<(i, j, k) -> (k, j)>
        y affine_map<(i, j, k) -> (i, j)> : tensor<2x3xf64>, tensor<3x2xf64> -> tensor<2x2xf64>
    %product = tw.mul %y, %w : tensor<2x2xf64>
    %loss = tw.reduce sum %product dims [0, 1] : tensor<2x2xf64> -> tensor<f64>
    train.report loss "loss", %loss : tensor<f64>
    train.minimize "loss", %loss over [@a, @b, @w] : tensor<f64>
    train.yield
  }
}
