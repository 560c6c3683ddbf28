// log1p: dx = dy / (1 + x); exact near 0
//
// RUN: talweg-opt %s --talweg-differentiate --canonicalize --cse | FileCheck %s
// RUN: talweg gradcheck %s --values | FileCheck %s --check-prefix=NUMBERS

// CHECK:      %[[X:.*]] = train.get @x
// CHECK:      %[[W:.*]] = train.get @w
// CHECK:      %[[SUM:.*]] = tw.add %[[X]], %{{.*}}
// CHECK:      %[[DX:.*]] = tw.div %[[W]], %[[SUM]]
// CHECK:      train.set @x.grad, %[[DX]]

// NUMBERS:      x {{.*}} ok
// NUMBERS-NEXT: [0] analytic 4{{ }}
// NUMBERS-NEXT: [1] analytic -2{{ }}
// NUMBERS-NEXT: [2] analytic 0.4999999999
// NUMBERS-NEXT: [3] analytic 2{{ }}
// NUMBERS-NEXT: [4] analytic -0.01538461538
// NUMBERS:      w {{.*}} ok
// NUMBERS-NEXT: [0] analytic -1.386294361
// NUMBERS-NEXT: [1] analytic {{-?0 }}
// NUMBERS-NEXT: [2] analytic 9.999999999{{[0-9]*}}e-13
// NUMBERS-NEXT: [3] analytic 0.4054651081
// NUMBERS-NEXT: [4] analytic 4.174387269

train.program "log1p" mode gradient batch 1 {
  train.variable parameter @x : tensor<5xf64> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<[-0.75, 0.0, 1.0e-12, 0.5, 64.0]> : tensor<5xf64>
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
    %y = tw.log1p %x : tensor<5xf64>
    %product = tw.mul %y, %w : tensor<5xf64>
    %loss = tw.reduce sum %product dims [0] : tensor<5xf64> -> tensor<f64>
    train.report loss "loss", %loss : tensor<f64>
    train.minimize "loss", %loss over [@x, @w] : tensor<f64>
    train.yield
  }
}
