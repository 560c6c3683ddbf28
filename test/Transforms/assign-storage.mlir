// Variables lie one after the other, each at a multiple of 64 bytes.
//
// RUN: talweg-opt %s --talweg-assign-storage | FileCheck %s

// CHECK: train.program "p" mode eval batch 4 {
// CHECK: train.variable parameter @w : tensor<5x5xf32> offset 0 {
// CHECK: train.variable state @count : tensor<3xi64> offset 128 {
// CHECK: train.variable state @seen : tensor<3xi1> offset 192 {
// CHECK: train.variable slot @w.m : tensor<f64> offset 256 {

train.program "p" mode eval batch 4 {
  train.variable parameter @w : tensor<5x5xf32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<5x5xf32>
    train.yield %value : tensor<5x5xf32>
  }
  train.variable state @count : tensor<3xi64> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0> : tensor<3xi64>
    train.yield %value : tensor<3xi64>
  }
  train.variable state @seen : tensor<3xi1> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<false> : tensor<3xi1>
    train.yield %value : tensor<3xi1>
  }
  train.variable slot @w.m : tensor<f64> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<f64>
    train.yield %value : tensor<f64>
  }
  train.objective {
    %loss = tw.constant dense<0.0> : tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.yield
  }
}
