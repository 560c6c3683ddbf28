// A parameter of bf16 is updated as the f32 number that it and the slot of its lower half are together.
//
// RUN: talweg-opt %s --talweg-expand-update | FileCheck %s

// CHECK:      train.objective
// CHECK:      %[[W:.*]] = train.get @w : tensor<3xf32>
// CHECK:      %[[HIGH:.*]] = train.get @w : tensor<3xbf16>
// CHECK-NEXT: %[[LOW:.*]] = train.get @w.low : tensor<3xui16>
// CHECK-NEXT: %[[WHOLE:.*]] = tw.join_halves %[[HIGH]], %[[LOW]]
// CHECK-NEXT: %[[MOVED:.*]] = tw.sub %[[WHOLE]], %[[W]] : tensor<3xf32>
// CHECK-NEXT: %[[NEWHIGH:.*]] = tw.high_half %[[MOVED]]
// CHECK-NEXT: %[[NEWLOW:.*]] = tw.low_half %[[MOVED]]
// CHECK-NEXT: train.set @w, %[[NEWHIGH]] : tensor<3xbf16>
// CHECK-NEXT: train.set @w.low, %[[NEWLOW]] : tensor<3xui16>

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
  train.optimizer @rule slots [] report [] {
  ^bb0(%param: tensor<*xf32>, %grad: tensor<*xf32>):
    %moved = tw.sub %param, %grad : tensor<*xf32>
    train.yield %moved : tensor<*xf32>
  }
  train.objective {
    %w = train.get @w : tensor<3xf32>
    train.update @w by @rule, %w : tensor<3xf32>
    %loss = tw.reduce sum %w dims [0] : tensor<3xf32> -> tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.yield
  }
}
