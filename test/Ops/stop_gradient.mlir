// stop_gradient: its operand, taken for a constant
//
// RUN: talweg-opt %s --talweg-differentiate --canonicalize --cse | FileCheck %s
// RUN: talweg gradcheck %s | FileCheck %s --check-prefix=NUMBERS

// CHECK:      %[[X:.*]] = train.get @x
// CHECK:      %[[Y:.*]] = tw.stop_gradient %[[X]]
// CHECK:      train.set @x.grad, %[[Y]]

// NUMBERS: x 5 checked {{.*}} ok

train.program "stop_gradient" mode gradient batch 1 {
  train.variable parameter @x : tensor<5xf64> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<[-2.5, -0.5, 0.25, 1.75, 3.5]> : tensor<5xf64>
    train.yield %value : tensor<5xf64>
  }
  train.objective {
    %x = train.get @x : tensor<5xf64>
    %still = tw.stop_gradient %x : tensor<5xf64>
    %y = tw.mul %x, %still : tensor<5xf64>
    %loss = tw.reduce sum %y dims [0] : tensor<5xf64> -> tensor<f64>
    train.report loss "loss", %loss : tensor<f64>
    train.minimize "loss", %loss over [@x] : tensor<f64>
    train.yield
  }
}
