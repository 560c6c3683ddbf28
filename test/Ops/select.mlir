// select: the cotangent goes only where the value came from; the condition gets none
//
// RUN: talweg-opt %s --talweg-differentiate --canonicalize --cse | FileCheck %s
// RUN: talweg gradcheck %s --values | FileCheck %s --check-prefix=NUMBERS

// CHECK:      %[[A:.*]] = train.get @a
// CHECK:      %[[B:.*]] = train.get @b
// CHECK:      %[[W:.*]] = train.get @w
// CHECK:      %[[C:.*]] = tw.compare gt %[[A]], %[[ZERO:.*]] :
// CHECK-DAG:  %[[DA:.*]] = tw.select %[[C]], %[[W]], %[[ZERO]]
// CHECK-DAG:  %[[DB:.*]] = tw.select %[[C]], %[[ZERO]], %[[W]]
// CHECK:      train.set @a.grad, %[[DA]]
// CHECK:      train.set @b.grad, %[[DB]]

// NUMBERS:      a {{.*}} ok
// NUMBERS-NEXT: [0] analytic {{-?0 }}
// NUMBERS-NEXT: [1] analytic {{-?0 }}
// NUMBERS-NEXT: [2] analytic 0.5{{ }}
// NUMBERS-NEXT: [3] analytic 3{{ }}
// NUMBERS-NEXT: [4] analytic -1{{ }}
// NUMBERS:      b {{.*}} ok
// NUMBERS-NEXT: [0] analytic 1{{ }}
// NUMBERS-NEXT: [1] analytic -2{{ }}
// NUMBERS-NEXT: [2] analytic {{-?0 }}
// NUMBERS-NEXT: [3] analytic {{-?0 }}
// NUMBERS-NEXT: [4] analytic {{-?0 }}
// NUMBERS:      w {{.*}} ok
// NUMBERS-NEXT: [0] analytic 1{{ }}
// NUMBERS-NEXT: [1] analytic 2{{ }}
// NUMBERS-NEXT: [2] analytic 0.25{{ }}
// NUMBERS-NEXT: [3] analytic 1.75{{ }}
// NUMBERS-NEXT: [4] analytic 3.5{{ }}

train.program "select" mode gradient batch 1 {
  train.variable parameter @a : tensor<5xf64> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<[-2.5, -0.5, 0.25, 1.75, 3.5]> : tensor<5xf64>
    train.yield %value : tensor<5xf64>
  }
  train.variable parameter @b : tensor<5xf64> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<[1.0, 2.0, 3.0, 4.0, 5.0]> : tensor<5xf64>
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
    %zero = tw.constant dense<0.0> : tensor<5xf64>
    %condition = tw.compare gt %a, %zero : tensor<5xf64> -> tensor<5xi1>
    %y = tw.select %condition, %a, %b : tensor<5xi1>, tensor<5xf64>
    %product = tw.mul %y, %w : tensor<5xf64>
    %loss = tw.reduce sum %product dims [0] : tensor<5xf64> -> tensor<f64>
    train.report loss "loss", %loss : tensor<f64>
    train.minimize "loss", %loss over [@a, @b, @w] : tensor<f64>
    train.yield
  }
}
