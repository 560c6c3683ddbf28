// The rule's body at each parameter's shape: spread scalars and reductions follow the shape, slots are read and set under
// the parameter's name, and the rule reports once.
//
// RUN: talweg-opt %s --talweg-expand-update | FileCheck %s

// CHECK:      #[[SPREAD2:.*]] = affine_map<(d0, d1) -> ()>
// CHECK-NOT:  train.optimizer
// CHECK:      train.objective
// CHECK:      %[[W:.*]] = train.get @w
// CHECK:      %[[B:.*]] = train.get @b
// CHECK-NEXT: %[[M:.*]] = train.get @w.m : tensor<2x3xf32>
// CHECK-NEXT: %[[LR:.*]] = train.get_hyper @lr
// CHECK-NEXT: %[[NARROW:.*]] = tw.convert %[[LR]]
// CHECK-NEXT: %[[RATE:.*]] = tw.window %[[NARROW]] by #[[SPREAD2]] : tensor<f32> -> tensor<2x3xf32>
// CHECK-NEXT: %[[NORM:.*]] = tw.reduce sum %[[W]] dims [0, 1] : tensor<2x3xf32> -> tensor<f32>
// CHECK-NEXT: %[[NORMS:.*]] = tw.window %[[NORM]] by #[[SPREAD2]]
// CHECK-NEXT: %[[NEXT:.*]] = tw.add %[[M]], %[[NORMS]] : tensor<2x3xf32>
// CHECK-NEXT: %[[DOWN:.*]] = tw.mul %[[RATE]], %[[NEXT]]
// CHECK-NEXT: %[[MOVED:.*]] = tw.sub %[[W]], %[[DOWN]]
// CHECK-NEXT: train.set @w, %[[MOVED]]
// CHECK-NEXT: train.set @w.m, %[[NEXT]]
// CHECK-NEXT: train.report report "lr", %[[LR]]
// CHECK-NEXT: train.get @b.m : tensor<f32>
// CHECK:      tw.reduce sum %[[B]] dims [] : tensor<f32> -> tensor<f32>
// CHECK:      train.set @b,
// CHECK-NEXT: train.set @b.m,
// CHECK-NEXT: %[[LOSS:.*]] = tw.add
// CHECK-NEXT: train.report loss "loss", %[[LOSS]]
// CHECK-NEXT: train.yield

train.program "p" mode train batch 4 {
  train.hyper @lr = 0.1 at 0
  train.variable parameter @w : tensor<2x3xf32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<2x3xf32>
    train.yield %value : tensor<2x3xf32>
  }
  train.variable slot @w.m : tensor<2x3xf32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<2x3xf32>
    train.yield %value : tensor<2x3xf32>
  }
  train.variable parameter @b : tensor<f32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<f32>
    train.yield %value : tensor<f32>
  }
  train.variable slot @b.m : tensor<f32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<f32>
    train.yield %value : tensor<f32>
  }
  train.optimizer @rule slots ["m"] report ["lr"] {
  ^bb0(%param: tensor<*xf32>, %grad: tensor<*xf32>, %m: tensor<*xf32>):
    %lr = train.get_hyper @lr : tensor<f64>
    %narrow = tw.convert %lr : tensor<f64> -> tensor<f32>
    %rate = tw.window %narrow by affine_map<() -> ()> : tensor<f32> -> tensor<*xf32>
    %norm = tw.reduce sum %grad dims [] : tensor<*xf32> -> tensor<f32>
    %norms = tw.window %norm by affine_map<() -> ()> : tensor<f32> -> tensor<*xf32>
    %next = tw.add %m, %norms : tensor<*xf32>
    %down = tw.mul %rate, %next : tensor<*xf32>
    %moved = tw.sub %param, %down : tensor<*xf32>
    train.yield %moved, %next, %lr : tensor<*xf32>, tensor<*xf32>, tensor<f64>
  }
  train.objective {
    %w = train.get @w : tensor<2x3xf32>
    %b = train.get @b : tensor<f32>
    train.update @w by @rule, %w : tensor<2x3xf32>
    train.update @b by @rule, %b : tensor<f32>
    %loss = tw.add %b, %b : tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.yield
  }
}
