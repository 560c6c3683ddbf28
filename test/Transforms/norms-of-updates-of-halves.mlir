// A norm of what a step adds to a parameter of bf16 joins both its halves as they are left, in front of where the first is set.
//
// RUN: talweg-opt %s --talweg-expand-update --cse | FileCheck %s

// CHECK:      %[[NEXT:.*]] = tw.sub %[[OLD:[^,]*]],
// CHECK-NEXT: %[[NEXTHIGH:.*]] = tw.high_half %[[NEXT]]
// CHECK-NEXT: %[[NEXTLOW:.*]] = tw.low_half %[[NEXT]]
// CHECK-NEXT: %[[HIGH:.*]] = train.every 2, %[[NEXTHIGH]] else
// CHECK-NEXT: %[[LOW:.*]] = train.every 2, %[[NEXTLOW]] else
// CHECK-NEXT: %[[LEFT:.*]] = tw.join_halves %[[HIGH]], %[[LOW]]
// CHECK-NEXT: tw.sub %[[LEFT]], %[[OLD]]
// CHECK:      train.set @w, %[[HIGH]]
// CHECK-NEXT: train.set @w.low, %[[LOW]]
train.program "p" mode train batch 4 {
  train.variable parameter @w : tensor<3xbf16> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<3xbf16>
    train.yield %value : tensor<3xbf16>
  }
  train.variable slot @w.low : tensor<3xui16> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0> : tensor<3xui16>
    train.yield %value : tensor<3xui16>
  }
  train.optimizer @sgd slots [] report [] {
  ^bb0(%param: tensor<*xf32>, %grad: tensor<*xf32>):
    %next = tw.sub %param, %grad : tensor<*xf32>
    train.yield %next : tensor<*xf32>
  }
  train.objective {
    %gradient = tw.constant dense<1.0> : tensor<3xf32>
    train.update @w by @sgd every 2, %gradient : tensor<3xf32>
    %update = train.norm update of [@w] : tensor<f64>
    train.report report "update", %update : tensor<f64>
    train.yield
  }
}
