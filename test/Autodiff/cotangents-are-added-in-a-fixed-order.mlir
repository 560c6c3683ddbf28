// Cotangents of a value with several readers are added from its last reader to its first; two reads of a parameter are
// one parameter.
//
// RUN: talweg-opt %s --talweg-differentiate | FileCheck %s

// CHECK:      %[[FIRST:.*]] = train.get @w
// CHECK:      %[[SECOND:.*]] = train.get @w
// CHECK:      %[[SIN:.*]] = tw.cos %[[FIRST]]
// CHECK:      %[[A:.*]] = tw.mul %[[SIN]]
// CHECK:      %[[EXP:.*]] = tw.mul
// CHECK:      %[[SUM:.*]] = tw.add %[[A]], %[[EXP]]
// CHECK:      train.update @w by @sgd, %{{.*}} : tensor<f32>
// CHECK-NOT:  train.update

train.program "p" mode train batch 4 {
  train.variable parameter @w : tensor<f32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<f32>
    train.yield %value : tensor<f32>
  }
  train.optimizer @sgd slots [] report [] {
  ^bb0(%param: tensor<*xf32>, %grad: tensor<*xf32>):
    %next = tw.sub %param, %grad : tensor<*xf32>
    train.yield %next : tensor<*xf32>
  }
  train.objective {
    %first = train.get @w : tensor<f32>
    %second = train.get @w : tensor<f32>
    %exp = tw.exp %first : tensor<f32>
    %sin = tw.sin %first : tensor<f32>
    %product = tw.mul %exp, %sin : tensor<f32>
    %loss = tw.mul %product, %second : tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.minimize "loss", %loss over [@w] by [@sgd] : tensor<f32>
    train.yield
  }
}
