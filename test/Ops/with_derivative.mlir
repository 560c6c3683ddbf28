// with_derivative: dx is what the body gives for dy; when everything is differentiated the value alone is left.
//
// RUN: talweg-opt %s --talweg-differentiate --canonicalize --cse | FileCheck %s
// RUN: not talweg gradcheck %s --values | FileCheck %s --check-prefix=NUMBERS

// CHECK:     %[[X:.*]] = train.get @x
// CHECK:     %[[Y:.*]] = tw.floor %[[X]]
// CHECK-NOT: tw.with_derivative
// CHECK:     tw.reduce sum %[[Y]]
// CHECK:     %[[DX:.*]] = tw.mul %[[X]], %{{.*}}
// CHECK:     train.set @x.grad, %[[DX]]

// NUMBERS:      x {{.*}} WRONG
// NUMBERS-NEXT: [0] analytic 3{{ }}
// NUMBERS-NEXT: [1] analytic -1{{ }}
train.program "p" mode gradient batch 1 {
  train.variable parameter @x : tensor<2xf64> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<[1.5, -0.5]> : tensor<2xf64>
    train.yield %value : tensor<2xf64>
  }
  train.objective {
    %x = train.get @x : tensor<2xf64>
    %two = tw.constant dense<2.0> : tensor<2xf64>
    %floor = tw.floor %x : tensor<2xf64>
    %y = tw.with_derivative %floor by %x : tensor<2xf64> by tensor<2xf64> {
    ^bb0(%dy: tensor<2xf64>):
      %product = tw.mul %dy, %x : tensor<2xf64>
      %dx = tw.mul %product, %two : tensor<2xf64>
      tw.yield %dx : tensor<2xf64>
    }
    %loss = tw.reduce sum %y dims [0] : tensor<2xf64> -> tensor<f64>
    train.report loss "loss", %loss : tensor<f64>
    train.minimize "loss", %loss over [@x] : tensor<f64>
    train.yield
  }
}
