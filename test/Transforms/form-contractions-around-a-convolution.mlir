// A convolution and both of its cotangents arrive as three contractions that read the tensors themselves: no array of
// patches exists on the way.
//
// RUN: talweg-opt %s --canonicalize --cse --talweg-form-contractions --talweg-differentiate --canonicalize --cse \
// RUN:   --talweg-form-contractions --canonicalize | FileCheck %s

// CHECK:     train.objective
// CHECK-NOT: tensor<2x5x6x3x3x3x2xf32>
// CHECK:     %[[Y:.*]] = tw.contract %[[X:.*]], %[[W:.*]] over [2, 5, 6, 3, 3, 3, 2]
// CHECK-NOT: tensor<2x5x6x3x3x3x2xf32>
// CHECK-DAG: tw.contract %{{.*}}, %[[W]] over [2, 5, 6, 3, 3, 3, 2] {{.*}} -> tensor<2x7x8x2xf32>
// CHECK-DAG: tw.contract %[[X]], %{{.*}} over [2, 5, 6, 3, 3, 3, 2] {{.*}} -> tensor<3x3x2x3xf32>
// CHECK-NOT: tensor<2x5x6x3x3x3x2xf32>
// CHECK:     train.yield

train.program "p" mode train batch 2 {
  train.field @image : tensor<7x8x2xf32>
  train.variable parameter @scale : tensor<7x8x2xf32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<7x8x2xf32>
    train.yield %value : tensor<7x8x2xf32>
  }
  train.variable parameter @w : tensor<3x3x2x3xf32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<3x3x2x3xf32>
    train.yield %value : tensor<3x3x2x3xf32>
  }
  train.optimizer @sgd slots [] report [] {
  ^bb0(%param: tensor<*xf32>, %grad: tensor<*xf32>):
    %next = tw.sub %param, %grad : tensor<*xf32>
    train.yield %next : tensor<*xf32>
  }
  train.objective {
  ^bb0(%image: tensor<2x7x8x2xf32>):
    %scale = train.get @scale : tensor<7x8x2xf32>
    %w = train.get @w : tensor<3x3x2x3xf32>
    %scales = tw.window %scale by affine_map<(n, i, j, c) -> (i, j, c)> : tensor<7x8x2xf32> -> tensor<2x7x8x2xf32>
    %scaled = tw.mul %image, %scales : tensor<2x7x8x2xf32>
    %x = tw.tanh %scaled : tensor<2x7x8x2xf32>
    %patches = tw.window %x by affine_map<(n, i, j, o, u, v, c) -> (n, i + u, j + v, c)> : tensor<2x7x8x2xf32> -> tensor<2x5x6x3x3x3x2xf32>
    %kernels = tw.window %w by affine_map<(n, i, j, o, u, v, c) -> (u, v, c, o)> : tensor<3x3x2x3xf32> -> tensor<2x5x6x3x3x3x2xf32>
    %product = tw.mul %patches, %kernels : tensor<2x5x6x3x3x3x2xf32>
    %y = tw.reduce sum %product dims [4, 5, 6] : tensor<2x5x6x3x3x3x2xf32> -> tensor<2x5x6x3xf32>
    %h = tw.exp %y : tensor<2x5x6x3xf32>
    %loss = tw.reduce sum %h dims [0, 1, 2, 3] : tensor<2x5x6x3xf32> -> tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.minimize "loss", %loss over [@scale, @w] by [@sgd, @sgd] : tensor<f32>
    train.yield
  }
}
