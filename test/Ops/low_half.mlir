// low_half: what high_half leaves; no cotangent
//
// RUN: talweg-opt %s --talweg-differentiate --canonicalize --cse | FileCheck %s
// RUN: talweg gradcheck %s --values | FileCheck %s --check-prefix=NUMBERS

// CHECK:      %[[LOW:.*]] = tw.low_half %{{.*}} : tensor<3xf32> -> tensor<3xui16>
// CHECK:      %[[WIDE:.*]] = tw.convert %[[LOW]] : tensor<3xui16> -> tensor<3xf64>
// CHECK:      train.set @w.grad, %[[WIDE]]

// Of 0x3f800000, 0x3dcccccd and 0xc0490fdb.
// NUMBERS:      w {{.*}} ok
// NUMBERS-NEXT: [0] analytic 0{{ }}
// NUMBERS-NEXT: [1] analytic 52429{{ }}
// NUMBERS-NEXT: [2] analytic 4059{{ }}

train.program "low_half" mode gradient batch 1 {
  train.variable state @x : tensor<3xf32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<[1.0, 0.1, -3.14159274]> : tensor<3xf32>
    train.yield %value : tensor<3xf32>
  }
  train.variable parameter @w : tensor<3xf64> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<1.0> : tensor<3xf64>
    train.yield %value : tensor<3xf64>
  }
  train.objective {
    %x = train.get @x : tensor<3xf32>
    %w = train.get @w : tensor<3xf64>
    %low = tw.low_half %x : tensor<3xf32> -> tensor<3xui16>
    %wide = tw.convert %low : tensor<3xui16> -> tensor<3xf64>
    %product = tw.mul %wide, %w : tensor<3xf64>
    %loss = tw.reduce sum %product dims [0] : tensor<3xf64> -> tensor<f64>
    train.report loss "loss", %loss : tensor<f64>
    train.minimize "loss", %loss over [@w] : tensor<f64>
    train.yield
  }
}
