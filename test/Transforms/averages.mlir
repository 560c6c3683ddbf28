// An average is made by its rule of what updates leave of its parameter; where nothing is learnt it is read in the parameter's place.
//
// RUN: talweg-opt %s --talweg-specialize=mode=train --talweg-differentiate --talweg-expand-update --verify-diagnostics | FileCheck %s --check-prefix=TRAIN
// RUN: talweg-opt %s --talweg-specialize=mode=eval | FileCheck %s --check-prefix=EVAL
// RUN: talweg-opt %s --talweg-specialize=mode=gradient | FileCheck %s --check-prefix=GRADIENT

// TRAIN:      train.objective
// TRAIN:      %[[P:.*]] = train.get @p : tensor<2xf32>
// TRAIN:      %[[NEW:.*]] = tw.sub %[[P]], %{{.*}} :
// TRAIN:      %[[OLD:.*]] = train.get @p.average : tensor<2xf32>
// TRAIN-NEXT: %[[SUM:.*]] = tw.add %[[OLD]], %[[NEW]] : tensor<2xf32>
// TRAIN-NEXT: train.set @p.average, %[[SUM]] : tensor<2xf32>
// TRAIN-NOT:  train.average

// EVAL:         train.objective
// EVAL-NOT:     train.get @p :
// EVAL:         train.get @p.average : tensor<2xf32>
// EVAL-NOT:     train.average

// GRADIENT:     train.objective
// GRADIENT:     train.get @p : tensor<2xf32>
// GRADIENT-NOT: train.average

train.program "p" batch 4 {
  train.variable parameter @p : tensor<2xf32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<2xf32>
    train.yield %value : tensor<2xf32>
  }
  train.variable average @p.average : tensor<2xf32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<2xf32>
    train.yield %value : tensor<2xf32>
  }
  train.variable state @seen : tensor<2xf32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<2xf32>
    train.yield %value : tensor<2xf32>
  }
  train.optimizer @sgd slots [] report [] {
  ^bb0(%param: tensor<*xf32>, %grad: tensor<*xf32>):
    %moved = tw.sub %param, %grad : tensor<*xf32>
    train.yield %moved : tensor<*xf32>
  }
  train.optimizer @sum slots [] report [] {
  ^bb0(%average: tensor<*xf32>, %param: tensor<*xf32>):
    %sum = tw.add %average, %param : tensor<*xf32>
    train.yield %sum : tensor<*xf32>
  }
  train.objective {
    %p = train.get @p : tensor<2xf32>
    %loss = tw.reduce sum %p dims [0] : tensor<2xf32> -> tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.minimize "loss", %loss over [@p] by [@sgd] : tensor<f32>
    // expected-warning @+1 {{states are not averaged: averages of parameters are used with `seen` as it is}}
    train.average @p.average of @p by @sum
    train.yield
  }
}
