// erf: dx = 2/√π e^(-x²) dy
//
// RUN: talweg-opt %s --talweg-differentiate --canonicalize --cse | FileCheck %s
// RUN: talweg gradcheck %s --values | FileCheck %s --check-prefix=NUMBERS

// CHECK:      %[[X:.*]] = train.get @x
// CHECK:      %[[W:.*]] = train.get @w
// CHECK:      %[[SQUARE:.*]] = tw.mul %[[X]], %[[X]]
// CHECK:      %[[NEG:.*]] = tw.neg %[[SQUARE]]
// CHECK:      %[[BELL:.*]] = tw.exp %[[NEG]]
// CHECK:      %[[SLOPE:.*]] = tw.mul %[[BELL]], %{{.*}}
// CHECK:      %[[DX:.*]] = tw.mul %[[SLOPE]], %[[W]]
// CHECK:      train.set @x.grad, %[[DX]]

// NUMBERS:      x {{.*}} ok
// NUMBERS-NEXT: [0] analytic 0.02066698535
// NUMBERS-NEXT: [1] analytic -1.757565157
// NUMBERS-NEXT: [2] analytic 0.5641895835
// NUMBERS-NEXT: [3] analytic 1.245322492
// NUMBERS-NEXT: [4] analytic {{-?0 }}
// NUMBERS:      w {{.*}} ok
// NUMBERS-NEXT: [0] analytic -0.9953222650
// NUMBERS-NEXT: [1] analytic -0.5204998778
// NUMBERS-NEXT: [2] analytic {{-?0 }}
// NUMBERS-NEXT: [3] analytic 0.8427007929
// NUMBERS-NEXT: [4] analytic 1{{ }}

train.program "erf" mode gradient batch 1 {
  train.variable parameter @x : tensor<5xf64> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<[-2.0, -0.5, 0.0, 1.0, 30.0]> : tensor<5xf64>
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
    %y = tw.erf %x : tensor<5xf64>
    %product = tw.mul %y, %w : tensor<5xf64>
    %loss = tw.reduce sum %product dims [0] : tensor<5xf64> -> tensor<f64>
    train.report loss "loss", %loss : tensor<f64>
    train.minimize "loss", %loss over [@x, @w] : tensor<f64>
    train.yield
  }
}
