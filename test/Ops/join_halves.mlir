// join_halves: of the two halves of a number that number, whatever its bits are; no cotangent
//
// RUN: talweg-opt %s --talweg-differentiate --canonicalize --cse | FileCheck %s
// RUN: talweg gradcheck %s --values | FileCheck %s --check-prefix=NUMBERS

// CHECK:      %[[X:.*]] = tw.join_halves %{{.*}}, %{{.*}} : tensor<5xbf16>, tensor<5xui16> -> tensor<5xf32>
// CHECK:      %[[EQUAL:.*]] = tw.compare eq %[[X]]
// CHECK:      %[[ONES:.*]] = tw.convert %[[EQUAL]]
// CHECK:      train.set @w.grad, %[[ONES]]

// NUMBERS:      w {{.*}} ok
// NUMBERS-NEXT: [0] analytic 1{{ }}
// NUMBERS-NEXT: [1] analytic 1{{ }}
// NUMBERS-NEXT: [2] analytic 1{{ }}
// NUMBERS-NEXT: [3] analytic 1{{ }}
// NUMBERS-NEXT: [4] analytic 1{{ }}

train.program "join_halves" mode gradient batch 1 {
  train.variable state @x : tensor<5xf32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<[1.0, 0.1, -3.14159274, -2.0e-40, 0x7F800000]> : tensor<5xf32>
    train.yield %value : tensor<5xf32>
  }
  train.variable parameter @w : tensor<5xf64> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<1.0> : tensor<5xf64>
    train.yield %value : tensor<5xf64>
  }
  train.objective {
    %x = train.get @x : tensor<5xf32>
    %w = train.get @w : tensor<5xf64>
    %high = tw.high_half %x : tensor<5xf32> -> tensor<5xbf16>
    %low = tw.low_half %x : tensor<5xf32> -> tensor<5xui16>
    %joined = tw.join_halves %high, %low : tensor<5xbf16>, tensor<5xui16> -> tensor<5xf32>
    %equal = tw.compare eq %joined, %x : tensor<5xf32> -> tensor<5xi1>
    %ones = tw.convert %equal : tensor<5xi1> -> tensor<5xf64>
    %product = tw.mul %ones, %w : tensor<5xf64>
    %loss = tw.reduce sum %product dims [0] : tensor<5xf64> -> tensor<f64>
    train.report loss "loss", %loss : tensor<f64>
    train.minimize "loss", %loss over [@w] : tensor<f64>
    train.yield
  }
}
