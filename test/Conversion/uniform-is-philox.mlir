// RUN: talweg-opt %s --talweg-tw-to-linalg --canonicalize | FileCheck %s
// The keys of the rounds are computed once, before the loop; in it, ten rounds of two multiplications on the element's number, less
// the first with the stream, a constant, and the last that the first word of the answer does not need.

// CHECK-LABEL: func.func @uniform
// CHECK-SAME: (%[[KEY:.*]]: tensor<2xi64>)
func.func @uniform(%key: tensor<2xi64>) -> tensor<3x5xf32> {
  // CHECK: tensor.extract %[[KEY]]
  // CHECK: tensor.extract %[[KEY]]
  // CHECK: linalg.generic {{.*}} outs(
  // CHECK: linalg.index 0
  // CHECK: linalg.index 1
  // CHECK-COUNT-18: arith.muli %{{.*}} : i64
  // CHECK-NOT: arith.muli %{{.*}} : i64
  // CHECK: %[[BITS:.*]] = arith.shrui %{{.*}}, %{{.*}} : i32
  // CHECK: %[[FLOAT:.*]] = arith.sitofp %[[BITS]] : i32 to f32
  // CHECK: arith.mulf %[[FLOAT]], %{{.*}} : f32
  %0 = tw.uniform %key stream 3 : tensor<2xi64> -> tensor<3x5xf32>
  return %0 : tensor<3x5xf32>
}

// With seed 0, step 0, stream 0, the first element is the published answer 6627e8d5 for counter 0 and key 0, less its
// lowest 8 bits, over 2^24: constant folding runs the generator.
// CHECK-LABEL: func.func @knownAnswer
func.func @knownAnswer() -> tensor<f64> {
  // CHECK: arith.constant dense<0.39904642{{[0-9]*}}> : tensor<f64>
  %key = tw.constant dense<0> : tensor<2xi64>
  %0 = tw.uniform %key stream 0 : tensor<2xi64> -> tensor<f64>
  return %0 : tensor<f64>
}
