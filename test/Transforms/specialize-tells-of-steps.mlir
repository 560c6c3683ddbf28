// In training a metric that is no mean of the steps' numbers keeps its reductions as partial numbers, which the host combines over several
// steps; another objective tells it of these. A mean over rows needs none.
//
// RUN: talweg-opt %s --talweg-specialize --canonicalize --cse | FileCheck %s

train.program "p" batch 4 {
  train.field @x : tensor<f32>
  // CHECK:      train.objective {
  // CHECK:        train.report metric "mean", %{{.*}} : tensor<f32>
  // CHECK-NEXT:   %[[GREATEST:.*]] = tw.reduce max %{{.*}} dims [0] : tensor<4xf32> -> tensor<f32>
  // CHECK-NEXT:   %[[PART:.*]] = tw.convert %[[GREATEST]] : tensor<f32> -> tensor<f64>
  // CHECK-NEXT:   train.report metric "greatest", %[[GREATEST]] of sums : tensor<f32>
  // CHECK-NEXT:   train.partial max %[[PART]] at 0 : tensor<f64>
  // CHECK:      train.objective tell {
  // CHECK:        %[[ALL:.*]] = train.combined at 0 : tensor<f64>
  // CHECK-NEXT:   train.report metric "greatest", %[[ALL]] : tensor<f64>
  train.objective {
  ^bb0(%x: tensor<4xf32>):
    %rows = train.rows : tensor<f64>
    %share = tw.convert %rows : tensor<f64> -> tensor<f32>
    %sum = tw.reduce sum %x dims [0] : tensor<4xf32> -> tensor<f32>
    %mean = tw.div %sum, %share : tensor<f32>
    train.report whole loss "loss", %mean : tensor<f32>
    train.report whole metric "mean", %mean : tensor<f32>
    %greatest = tw.reduce max %x dims [0] : tensor<4xf32> -> tensor<f32>
    train.report whole metric "greatest", %greatest : tensor<f32>
    train.yield
  }
}
