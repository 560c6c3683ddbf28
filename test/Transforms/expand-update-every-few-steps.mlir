// A loss that is skipped in some steps leaves there what was, of the parameter and of its slots; what reads them behind it, too.
//
// RUN: talweg-opt %s --talweg-differentiate --talweg-expand-update | FileCheck %s

// CHECK:      train.objective
// CHECK:      %[[W:.*]] = train.get @w
// CHECK:      %[[M:.*]] = train.get @w.m
// CHECK:      %[[NEXT:.*]] = tw.add %[[M]]
// CHECK-NEXT: %[[MOVED:.*]] = tw.sub %[[W]], %[[NEXT]]
// CHECK-NEXT: %[[LEFT:.*]] = train.every 5, %[[MOVED]] else %[[W]] : tensor<f32>
// CHECK-NEXT: train.set @w, %[[LEFT]]
// CHECK-NEXT: %[[OLD:.*]] = train.get @w.m
// CHECK-NEXT: %[[KEPT:.*]] = train.every 5, %[[NEXT]] else %[[OLD]] : tensor<f32>
// CHECK-NEXT: train.set @w.m, %[[KEPT]]
// CHECK-NEXT: train.report report "lr", %{{.*}} every 5 : tensor<f64>
// CHECK-NEXT: train.report metric "after", %[[LEFT]]
train.program "p" mode train batch 4 {
  train.hyper @lr = 0.1 at 0
  train.variable parameter @w : tensor<f32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<f32>
    train.yield %value : tensor<f32>
  }
  train.variable slot @w.m : tensor<f32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<f32>
    train.yield %value : tensor<f32>
  }
  train.optimizer @rule slots ["m"] report ["lr"] {
  ^bb0(%param: tensor<*xf32>, %grad: tensor<*xf32>, %m: tensor<*xf32>):
    %lr = train.get_hyper @lr : tensor<f64>
    %next = tw.add %m, %grad : tensor<*xf32>
    %moved = tw.sub %param, %next : tensor<*xf32>
    train.yield %moved, %next, %lr : tensor<*xf32>, tensor<*xf32>, tensor<f64>
  }
  train.objective {
    %w = train.get @w : tensor<f32>
    %loss = tw.mul %w, %w : tensor<f32>
    train.report loss "loss", %loss every 5 : tensor<f32>
    train.minimize "loss", %loss over [@w] by [@rule] every 5 : tensor<f32>
    %after = train.get @w : tensor<f32>
    train.report metric "after", %after : tensor<f32>
    train.yield
  }
}
