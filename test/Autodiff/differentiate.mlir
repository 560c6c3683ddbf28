// A linear layer: the forward pass stays, the backward pass follows, each parameter is handed to its optimizer. Nothing is left to be
// differentiated a second time.
//
// RUN: talweg-opt %s --talweg-differentiate --canonicalize | FileCheck %s
// RUN: talweg-opt %s --talweg-differentiate --talweg-differentiate --canonicalize | FileCheck %s

// CHECK:      train.objective
// CHECK-NEXT: ^bb0(%[[X:.*]]: tensor<4x3xf32>):
// CHECK-DAG:  %[[W:.*]] = train.get @w
// CHECK-DAG:  %[[B:.*]] = train.get @b
// CHECK:      %[[Y:.*]] = tw.contract %[[X]], %[[W]]
// CHECK:      %[[H:.*]] = tw.tanh
// CHECK:      %[[LOSS:.*]] = tw.reduce sum
// CHECK-NEXT: train.report loss "loss", %[[LOSS]]
// CHECK:      %[[DY:.*]] = tw.sub %{{.*}}, %{{.*}} : tensor<4x2xf32>
// CHECK:      %[[DB:.*]] = tw.reduce sum %[[DY]] dims [0]
// CHECK:      %[[DW:.*]] = tw.contract %[[X]], %[[DY]]
// CHECK:      train.update @w by @sgd, %[[DW]] : tensor<3x2xf32>
// CHECK-NEXT: train.update @b by @sgd, %[[DB]] : tensor<2xf32>
// CHECK-NEXT: train.yield{{$}}

train.program "p" mode train batch 4 {
  train.field @x : tensor<3xf32>
  train.variable parameter @w : tensor<3x2xf32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<3x2xf32>
    train.yield %value : tensor<3x2xf32>
  }
  train.variable parameter @b : tensor<2xf32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<2xf32>
    train.yield %value : tensor<2xf32>
  }
  train.optimizer @sgd slots [] report [] {
  ^bb0(%param: tensor<*xf32>, %grad: tensor<*xf32>):
    %next = tw.sub %param, %grad : tensor<*xf32>
    train.yield %next : tensor<*xf32>
  }
  train.objective {
  ^bb0(%x: tensor<4x3xf32>):
    %w = train.get @w : tensor<3x2xf32>
    %b = train.get @b : tensor<2xf32>
    %product = tw.contract %x, %w over [4, 2, 3] a affine_map<(n, o, i) -> (n, i)> b affine_map<(n, o, i) -> (i, o)>
        y affine_map<(n, o, i) -> (n, o)> : tensor<4x3xf32>, tensor<3x2xf32> -> tensor<4x2xf32>
    %shift = tw.window %b by affine_map<(n, o) -> (o)> : tensor<2xf32> -> tensor<4x2xf32>
    %y = tw.add %product, %shift : tensor<4x2xf32>
    %h = tw.tanh %y : tensor<4x2xf32>
    %loss = tw.reduce sum %h dims [0, 1] : tensor<4x2xf32> -> tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.minimize "loss", %loss over [@w, @b] by [@sgd, @sgd] : tensor<f32>
    train.yield
  }
}
