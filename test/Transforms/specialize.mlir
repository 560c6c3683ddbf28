// One program in all modes becomes one in each.
//
// RUN: talweg-opt %s --talweg-specialize=mode=train | FileCheck %s --check-prefixes=CHECK,TRAIN
// RUN: talweg-opt %s --talweg-specialize=mode=eval | FileCheck %s --check-prefixes=CHECK,EVAL
// RUN: talweg-opt %s --talweg-specialize=mode=gradient | FileCheck %s --check-prefixes=CHECK,GRADIENT
// RUN: talweg-opt %s --talweg-specialize=mode=predict | FileCheck %s --check-prefixes=CHECK,PREDICT
// RUN: talweg-opt %s --talweg-specialize=mode=eval -o %t.mlir && not talweg-opt %t.mlir --talweg-specialize=mode=eval 2>&1 | FileCheck %s --check-prefix=TWICE
// TWICE: error: the program is in mode eval already
// RUN: not talweg-opt %s --talweg-graph 2>&1 | FileCheck %s --check-prefix=NONE
// NONE: error: phase `graph` left `train.program`: talweg-specialize chooses a mode first

// CHECK: train.program "p" mode {{train|eval|gradient|predict}} batch 4
train.program "p" batch 4 {
  train.field @x : tensor<f32>
  train.field @y : tensor<f32>
  // CHECK: train.variable state @seen
  train.variable state @seen : tensor<f32> {
  ^bb0(%key: tensor<2xi64>):
    %zero = tw.constant dense<0.0> : tensor<f32>
    train.yield %zero : tensor<f32>
  }
  // TRAIN:       train.optimizer
  // EVAL-NOT:    train.optimizer
  // GRADIENT:    train.optimizer
  // PREDICT-NOT: train.optimizer
  train.optimizer @sgd slots [] report [] {
  ^bb0(%p: tensor<*xf32>, %g: tensor<*xf32>):
    train.yield %p : tensor<*xf32>
  }
  train.objective {
  ^bb0(%x: tensor<4xf32>, %y: tensor<4xf32>):
    %zero = tw.constant dense<0.0> : tensor<4xf32>
    %fits = tw.compare ge %x, %zero : tensor<4xf32> -> tensor<4xi1>
    // CHECK: tw.require {{.*}} "x"
    tw.require %fits "x" : tensor<4xi1>
    // What only the loss is computed from is nothing that a prediction has.
    %agrees = tw.compare ge %y, %zero : tensor<4xf32> -> tensor<4xi1>
    // PREDICT-NOT: tw.require
    tw.require %agrees "y" : tensor<4xi1>
    %training = train.training : tensor<i1>
    %each = tw.window %training by affine_map<(i) -> ()> : tensor<i1> -> tensor<4xi1>
    %twice = tw.add %x, %x : tensor<4xf32>
    %three = tw.add %twice, %x : tensor<4xf32>
    // TRAIN:     %[[OUT:.*]] = tw.add %{{.*}}, %{{.*}} :
    // CHECK-NOT: tw.select
    %out = tw.select %each, %twice, %three : tensor<4xi1>, tensor<4xf32>
    // CHECK-NOT: train.output
    train.output %out : tensor<4xf32>
    %off = tw.sub %out, %y : tensor<4xf32>
    %loss = tw.reduce sum %off dims [0] : tensor<4xf32> -> tensor<f32>
    // TRAIN:        train.set @seen
    // EVAL-NOT:     train.set
    // GRADIENT-NOT: train.set
    // PREDICT-NOT:  train.set
    train.set @seen, %loss : tensor<f32>
    // TRAIN:         train.report loss "loss", %[[LOSS:.*]] : tensor<f32>
    // TRAIN-NEXT:    train.report metric "error", %[[LOSS]] : tensor<f32>
    // TRAIN-NEXT:    train.minimize
    // EVAL:          train.report loss "loss", %[[LOSS:.*]] : tensor<f32>
    // EVAL-NEXT:     train.report metric "error", %[[LOSS]] : tensor<f32>
    // EVAL-NEXT:     train.yield
    // PREDICT-NOT:   train.report
    // PREDICT:  train.yield %{{.*}} : tensor<4xf32>
    train.report loss "loss", %loss : tensor<f32>
    train.report metric "error", %loss : tensor<f32>
    train.minimize "loss", %loss over [] by [] : tensor<f32>
    train.yield
  }
}
