// In a step that begins with 0 in the flag what is stopped is kept; in others what is kept is taken.
//
// RUN: talweg-opt %s --talweg-hold-stopped | FileCheck %s
// RUN: talweg-opt %s --talweg-hold-stopped=flag=held --talweg-differentiate | FileCheck %s --check-prefix=NAMED

// CHECK:      train.variable slot @stopped.0 : tensor<3xf64>
// CHECK:      train.variable slot @stopped : tensor<f64>
// CHECK:      %[[X:.*]] = train.get @x
// CHECK-NEXT: %[[FLAG:.*]] = train.get @stopped
// CHECK:      %[[ISSET:.*]] = tw.compare ne %[[FLAG]]
// CHECK-NEXT: %[[EACH:.*]] = tw.window %[[ISSET]]
// CHECK-NEXT: %[[KEPT:.*]] = train.get @stopped.0
// CHECK-NEXT: %[[HELD:.*]] = tw.select %[[EACH]], %[[KEPT]], %[[X]]
// CHECK-NEXT: train.set @stopped.0, %[[HELD]]
// CHECK-NEXT: %[[Y:.*]] = tw.stop_gradient %[[HELD]]
// CHECK-NEXT: tw.mul %[[X]], %[[Y]]
// NAMED:      %[[Y:.*]] = tw.stop_gradient
// NAMED:      train.set @x.grad, %[[Y]]
train.program "stops" mode gradient batch 1 {
  train.variable parameter @x : tensor<3xf64> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<[-2.5, -0.5, 0.25]> : tensor<3xf64>
    train.yield %value : tensor<3xf64>
  }
  train.objective {
    %x = train.get @x : tensor<3xf64>
    %still = tw.stop_gradient %x : tensor<3xf64>
    %y = tw.mul %x, %still : tensor<3xf64>
    %loss = tw.reduce sum %y dims [0] : tensor<3xf64> -> tensor<f64>
    train.report loss "loss", %loss : tensor<f64>
    train.minimize "loss", %loss over [@x] : tensor<f64>
    train.yield
  }
}
