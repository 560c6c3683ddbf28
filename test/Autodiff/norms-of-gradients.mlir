// A norm is of the gradients of all losses in front, before they are clipped; parameters that it does not name have no part in it.
//
// RUN: talweg-opt %s --talweg-differentiate --canonicalize --cse | FileCheck %s

// CHECK:      %[[W:.*]] = train.get @w
// CHECK:      %[[G:.*]] = tw.exp %[[W]]
// CHECK:      %[[SQUARES:.*]] = tw.mul %[[G]], %[[G]] : tensor<3xf32>
// CHECK-NEXT: %[[SUM:.*]] = tw.reduce sum %[[SQUARES]] dims [0]
// CHECK-NEXT: %[[FIRST:.*]] = tw.convert %[[SUM]] : tensor<f32> -> tensor<f64>
// CHECK-NEXT: %[[CLIPPED:.*]] = tw.min %[[G]]
// CHECK:      train.update @w
// CHECK:      %[[SECOND:.*]] = tw.convert %{{.*}} : tensor<f32> -> tensor<f64>
// CHECK:      train.update @w
// CHECK-NEXT: %[[BOTH:.*]] = tw.add %[[FIRST]], %[[SECOND]] : tensor<f64>
// CHECK-NEXT: %[[NORM:.*]] = tw.sqrt %[[BOTH]]
// CHECK-NEXT: train.report report "norm", %[[NORM]]
train.program "p" mode train batch 4 {
  train.variable parameter @w : tensor<3xf32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<3xf32>
    train.yield %value : tensor<3xf32>
  }
  train.variable parameter @b : tensor<3xf32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<3xf32>
    train.yield %value : tensor<3xf32>
  }
  train.optimizer @sgd slots [] report [] {
  ^bb0(%param: tensor<*xf32>, %grad: tensor<*xf32>):
    %next = tw.sub %param, %grad : tensor<*xf32>
    train.yield %next : tensor<*xf32>
  }
  train.objective {
    %w = train.get @w : tensor<3xf32>
    %b = train.get @b : tensor<3xf32>
    %e = tw.exp %w : tensor<3xf32>
    %x = tw.add %e, %b : tensor<3xf32>
    %first = tw.reduce sum %x dims [0] : tensor<3xf32> -> tensor<f32>
    %limit = tw.constant dense<0.5> : tensor<f64>
    train.minimize "first", %first over [@w, @b] by [@sgd, @sgd]
      clip %limit as [#train.clip<value of [@w]>] : tensor<f64> : tensor<f32>
    %again = train.get @w : tensor<3xf32>
    %t = tw.tanh %again : tensor<3xf32>
    %second = tw.reduce sum %t dims [0] : tensor<3xf32> -> tensor<f32>
    train.minimize "second", %second over [@w] by [@sgd] : tensor<f32>
    %norm = train.norm gradient of [@w] : tensor<f64>
    train.report report "norm", %norm : tensor<f64>
    train.yield
  }
}
