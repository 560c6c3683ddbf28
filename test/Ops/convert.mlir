// convert: between floats the cotangent is converted back; integers and conditions get none
//
// Rounding to f32 is not seen by the derivative, and finite differences of it are coarse: the points are such
// that x and its neighbours are not told apart, so numbers are checked for the integers alone.
//
// RUN: talweg-opt %s --talweg-differentiate --canonicalize --cse | FileCheck %s

// CHECK:      %[[X:.*]] = train.get @x
// CHECK:      %[[W:.*]] = train.get @w
// CHECK:      %[[NARROW:.*]] = tw.convert %[[W]] : tensor<5xf64> -> tensor<5xf32>
// CHECK:      %[[DX:.*]] = tw.convert %[[NARROW]] : tensor<5xf32> -> tensor<5xf64>
// CHECK:      train.set @x.grad, %[[DX]]

train.program "convert" mode "gradient" batch 1 {
  train.variable "parameter" @x : tensor<5xf64> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<[-2.5, -0.5, 0.25, 1.75, 3.5]> : tensor<5xf64>
    train.yield %value : tensor<5xf64>
  }
  train.variable "parameter" @w : tensor<5xf64> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<[1.0, -2.0, 0.5, 3.0, -1.0]> : tensor<5xf64>
    train.yield %value : tensor<5xf64>
  }
  train.objective metrics [] {
    %x = train.get @x : tensor<5xf64>
    %w = train.get @w : tensor<5xf64>
    %narrow = tw.convert %x : tensor<5xf64> -> tensor<5xf32>
    %y = tw.convert %narrow : tensor<5xf32> -> tensor<5xf64>
    %product = tw.mul %y, %w : tensor<5xf64>
    %loss = tw.reduce sum %product dims [0] : tensor<5xf64> -> tensor<f64>
    train.yield %loss : tensor<f64>
  }
}
