// logistic: dx = y (1 - y) dy, from the result
//
// RUN: talweg-opt %s --talweg-differentiate --canonicalize --cse | FileCheck %s
// RUN: talweg gradcheck %s --values | FileCheck %s --check-prefix=NUMBERS

// CHECK:      %[[X:.*]] = train.get @x
// CHECK:      %[[W:.*]] = train.get @w
// CHECK:      %[[Y:.*]] = tw.logistic %[[X]]
// CHECK-NOT:  tw.logistic
// CHECK:      %[[REST:.*]] = tw.sub %{{.*}}, %[[Y]]
// CHECK:      %[[SLOPE:.*]] = tw.mul %[[Y]], %[[REST]]
// CHECK:      %[[DX:.*]] = tw.mul %[[SLOPE]], %[[W]]
// CHECK:      train.set @x.grad, %[[DX]]

// NUMBERS:      x {{.*}} ok
// NUMBERS-NEXT: [0] analytic 0.04517665973
// NUMBERS-NEXT: [1] analytic -0.4700074244
// NUMBERS-NEXT: [2] analytic 0.125{{ }}
// NUMBERS-NEXT: [3] analytic 0.5898357997
// NUMBERS-NEXT: [4] analytic {{-?0 }}
// NUMBERS:      w {{.*}} ok
// NUMBERS-NEXT: [0] analytic 0.04742587317
// NUMBERS-NEXT: [1] analytic 0.3775406687
// NUMBERS-NEXT: [2] analytic 0.5{{ }}
// NUMBERS-NEXT: [3] analytic 0.7310585786
// NUMBERS-NEXT: [4] analytic 1{{ }}

train.program "logistic" mode gradient batch 1 {
  train.variable parameter @x : tensor<5xf64> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<[-3.0, -0.5, 0.0, 1.0, 40.0]> : tensor<5xf64>
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
    %y = tw.logistic %x : tensor<5xf64>
    %product = tw.mul %y, %w : tensor<5xf64>
    %loss = tw.reduce sum %product dims [0] : tensor<5xf64> -> tensor<f64>
    train.report loss "loss", %loss : tensor<f64>
    train.minimize "loss", %loss over [@x, @w] : tensor<f64>
    train.yield
  }
}
