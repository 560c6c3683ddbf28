// RUN: talweg-opt %s --talweg-tw-to-linalg --canonicalize | FileCheck %s
// Arithmetic of rank 0, such as a schedule's, becomes scalar code without a loop; spread over a shape, it is captured.

// CHECK-LABEL: func.func @schedule
// CHECK-SAME: (%[[LR:.*]]: tensor<f64>, %[[STEP:.*]]: tensor<f64>)
func.func @schedule(%lr: tensor<f64>, %step: tensor<f64>) -> tensor<8xf32> {
  %one = tw.constant dense<1.0> : tensor<f64>
  // CHECK: %[[S:.*]] = tensor.extract %[[STEP]][]
  // CHECK: %[[N:.*]] = arith.addf %[[S]], %{{.*}} : f64
  // CHECK: %[[L:.*]] = tensor.extract %[[LR]][]
  // CHECK: %[[RATE:.*]] = arith.divf %[[L]], %[[N]] : f64
  // CHECK: %[[SMALL:.*]] = arith.truncf %[[RATE]] : f64 to f32
  %n = tw.add %step, %one : tensor<f64>
  %rate = tw.div %lr, %n : tensor<f64>
  %small = tw.convert %rate : tensor<f64> -> tensor<f32>
  // CHECK: linalg.generic {{.*}}iterator_types = ["parallel"]} outs(
  // CHECK: linalg.yield %[[SMALL]] : f32
  %spread = tw.window %small by affine_map<(d0) -> ()> : tensor<f32> -> tensor<8xf32>
  // CHECK-NOT: linalg.generic
  return %spread : tensor<8xf32>
}
