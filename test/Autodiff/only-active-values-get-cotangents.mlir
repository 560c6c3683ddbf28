// Only what lies between a parameter to be learnt and the loss gets a cotangent: not the data, not a frozen
// parameter, not a state, not the metric, and not the side of an op that none of these need.
//
// RUN: talweg-opt %s --talweg-differentiate | FileCheck %s

// CHECK:      train.objective
// CHECK:      %[[W:.*]] = train.get @w
// CHECK:      %[[INPUT:.*]] = tw.exp %{{.*}} : tensor<4xf32>
// CHECK:      tw.exp %{{.*}} : tensor<f32>
// CHECK-NEXT: train.report loss
// CHECK-NEXT: train.report metric
// CHECK-NEXT: train.update @w by @sgd, %[[INPUT]]
// CHECK-NEXT: train.yield

train.program "p" mode train batch 4 {
  train.field @x : tensor<f32>
  train.variable parameter @w : tensor<4xf32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<4xf32>
    train.yield %value : tensor<4xf32>
  }
  train.variable parameter @fixed : tensor<4xf32> frozen {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<4xf32>
    train.yield %value : tensor<4xf32>
  }
  train.variable state @mean : tensor<4xf32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<4xf32>
    train.yield %value : tensor<4xf32>
  }
  train.optimizer @sgd slots [] report [] {
  ^bb0(%param: tensor<*xf32>, %grad: tensor<*xf32>):
    %next = tw.sub %param, %grad : tensor<*xf32>
    train.yield %next : tensor<*xf32>
  }
  train.objective {
  ^bb0(%x: tensor<4xf32>):
    %w = train.get @w : tensor<4xf32>
    %fixed = train.get @fixed : tensor<4xf32>
    %mean = train.get @mean : tensor<4xf32>
    %shifted = tw.mul %x, %fixed : tensor<4xf32>
    %centred = tw.sub %shifted, %mean : tensor<4xf32>
    %input = tw.exp %centred : tensor<4xf32>
    %y = tw.mul %w, %input : tensor<4xf32>
    %loss = tw.reduce sum %y dims [0] : tensor<4xf32> -> tensor<f32>
    %metric = tw.exp %loss : tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.report metric "m", %metric : tensor<f32>
    train.minimize "loss", %loss over [@w] by [@sgd] : tensor<f32>
    train.yield
  }
}
