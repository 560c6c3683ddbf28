// high_half: cut off, not rounded; no cotangent
//
// RUN: talweg-opt %s --talweg-differentiate --canonicalize --cse | FileCheck %s
// RUN: talweg gradcheck %s --values | FileCheck %s --check-prefix=NUMBERS

// CHECK:      %[[HIGH:.*]] = tw.high_half %{{.*}} : tensor<4xf32> -> tensor<4xbf16>
// CHECK:      %[[WIDE:.*]] = tw.convert %[[HIGH]] : tensor<4xbf16> -> tensor<4xf64>
// CHECK:      train.set @w.grad, %[[WIDE]]

// 0.1 is 0x3dcccccd, and the nearest number of bf16 0x3dcd; -2e-40 is none that is normal.
// NUMBERS:      w {{.*}} ok
// NUMBERS-NEXT: [0] analytic 1{{ }}
// NUMBERS-NEXT: [1] analytic 0.099609375{{ }}
// NUMBERS-NEXT: [2] analytic -3.140625{{ }}
// NUMBERS-NEXT: [3] analytic -1.8367{{.*}}e-40{{ }}

train.program "high_half" mode gradient batch 1 {
  train.variable state @x : tensor<4xf32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<[1.0, 0.1, -3.14159274, -2.0e-40]> : tensor<4xf32>
    train.yield %value : tensor<4xf32>
  }
  train.variable parameter @w : tensor<4xf64> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<1.0> : tensor<4xf64>
    train.yield %value : tensor<4xf64>
  }
  train.objective {
    %x = train.get @x : tensor<4xf32>
    %w = train.get @w : tensor<4xf64>
    %high = tw.high_half %x : tensor<4xf32> -> tensor<4xbf16>
    %wide = tw.convert %high : tensor<4xbf16> -> tensor<4xf64>
    %product = tw.mul %wide, %w : tensor<4xf64>
    %loss = tw.reduce sum %product dims [0] : tensor<4xf64> -> tensor<f64>
    train.report loss "loss", %loss : tensor<f64>
    train.minimize "loss", %loss over [@w] : tensor<f64>
    train.yield
  }
}
