// Lookups of single elements of a row, which come together in the gradient of the table, are rows of this gradient.
//
// RUN: talweg-opt %s --talweg-sparse-gradients | FileCheck %s

// CHECK: ^bb0(%[[ROWS:.*]]: tensor<4xi32>, %[[FIRST:.*]]: tensor<4x1xf32>, %[[SECOND:.*]]: tensor<4x1xf32>)
// CHECK-NOT: tw.scatter_add
// CHECK: %[[LOW:.*]] = tw.pad %[[FIRST]] low [0, 0] high [0, 1] value 0.0{{.*}} : tensor<4x1xf32> -> tensor<4x2xf32>
// CHECK: %[[IN_ROW:.*]] = tw.fold %[[LOW]] by #{{.*}} : tensor<4x2xf32> -> tensor<4x3xf32>
// CHECK: %[[HIGH:.*]] = tw.pad %[[SECOND]] low [0, 1] high [0, 0] value 0.0{{.*}} : tensor<4x1xf32> -> tensor<4x2xf32>
// CHECK: %[[IN_OTHER:.*]] = tw.fold %[[HIGH]] by #{{.*}} : tensor<4x2xf32> -> tensor<4x3xf32>
// CHECK: %[[VALUES:.*]] = tw.concat %[[IN_ROW]], %[[IN_OTHER]] dim 0 : tensor<4x3xf32>, tensor<4x3xf32> -> tensor<8x3xf32>
// CHECK: tw.coalesce %[[VALUES]] at %{{.*}} of 6
// CHECK: train.update @table by @rule, %{{.*}} at %{{.*}} : tensor<8x3xf32>, tensor<8xi32>
train.program "p" mode train batch 4 {
  train.field @rows : tensor<i32>
  train.field @first : tensor<1xf32>
  train.field @second : tensor<1xf32>
  train.variable parameter @table : tensor<6x3xf32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<6x3xf32>
    train.yield %value : tensor<6x3xf32>
  }
  train.optimizer @rule slots [] report [] {
  ^bb0(%param: tensor<*xf32>, %grad: tensor<*xf32>):
    %next = tw.sub %param, %grad : tensor<*xf32>
    train.yield %next : tensor<*xf32>
  }
  train.objective {
  ^bb0(%rows: tensor<4xi32>, %first: tensor<4x1xf32>, %second: tensor<4x1xf32>):
    %loss = tw.reduce sum %first dims [0, 1] : tensor<4x1xf32> -> tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    %one = tw.scatter_add %first at %rows : tensor<4x1xf32>, tensor<4xi32> -> tensor<6x1xf32>
    %other = tw.scatter_add %second at %rows : tensor<4x1xf32>, tensor<4xi32> -> tensor<6x1xf32>
    %both = tw.concat %one, %other dim 1 : tensor<6x1xf32>, tensor<6x1xf32> -> tensor<6x2xf32>
    %gradient = tw.fold %both by affine_map<(d0, d1) -> (d0, d1 + 1)> : tensor<6x2xf32> -> tensor<6x3xf32>
    train.update @table by @rule, %gradient : tensor<6x3xf32>
    train.yield
  }
}
