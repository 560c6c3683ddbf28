// A limit of the norm scales the gradients of its parameters by one factor, and the norm is told; a limit of values cuts each number.
//
// RUN: talweg-opt %s --talweg-differentiate --canonicalize --cse | FileCheck %s

// CHECK-DAG:  %[[ONE:.*]] = tw.constant dense<1.000000e+00> : tensor<f64>
// CHECK-DAG:  %[[SMALL:.*]] = tw.constant dense<{{9.9999.*}}E-7> : tensor<f64>
// CHECK-DAG:  %[[LIMIT:.*]] = tw.constant dense<1.500000e+00> : tensor<f64>
// CHECK:      %[[SQUARES:.*]] = tw.mul %[[G:.*]], %[[G]] : tensor<3xf32>
// CHECK-NEXT: %[[SUM:.*]] = tw.reduce sum %[[SQUARES]] dims [0]
// CHECK:      %[[NORM:.*]] = tw.sqrt %{{.*}} : tensor<f64>
// CHECK-NEXT: %[[SAFE:.*]] = tw.add %[[NORM]], %[[SMALL]]
// CHECK-NEXT: %[[RATIO:.*]] = tw.div %[[LIMIT]], %[[SAFE]]
// CHECK-NEXT: %[[FACTOR:.*]] = tw.min %[[RATIO]], %[[ONE]]
// CHECK-NEXT: train.report report "gradient_norm", %[[NORM]]
// CHECK:      %[[CLIPPED:.*]] = tw.mul %[[G]], %{{.*}} : tensor<3xf32>
// CHECK:      %[[BELOW:.*]] = tw.min %{{.*}}, %{{.*}} : tensor<2xf32>
// CHECK-NEXT: %[[BETWEEN:.*]] = tw.max %[[BELOW]], %{{.*}} : tensor<2xf32>
// CHECK-NEXT: train.update @w by @sgd, %[[CLIPPED]]
// CHECK-NEXT: train.update @b by @sgd, %[[BETWEEN]]
// CHECK-NEXT: train.yield
train.program "p" mode train batch 4 {
  train.variable parameter @w : tensor<3xf32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<3xf32>
    train.yield %value : tensor<3xf32>
  }
  train.variable parameter @b : tensor<2xf32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<2xf32>
    train.yield %value : tensor<2xf32>
  }
  train.optimizer @sgd slots [] report [] {
  ^bb0(%param: tensor<*xf32>, %grad: tensor<*xf32>):
    %next = tw.sub %param, %grad : tensor<*xf32>
    train.yield %next : tensor<*xf32>
  }
  train.objective {
    %w = train.get @w : tensor<3xf32>
    %b = train.get @b : tensor<2xf32>
    %eb = tw.exp %b : tensor<2xf32>
    %ew = tw.exp %w : tensor<3xf32>
    %lw = tw.reduce sum %ew dims [0] : tensor<3xf32> -> tensor<f32>
    %lb = tw.reduce sum %eb dims [0] : tensor<2xf32> -> tensor<f32>
    %loss = tw.add %lw, %lb : tensor<f32>
    %norm = tw.constant dense<1.5> : tensor<f64>
    %value = tw.constant dense<0.5> : tensor<f64>
    train.minimize "loss", %loss over [@w, @b] by [@sgd, @sgd]
      clip %norm, %value as [#train.clip<norm of [@w]>, #train.clip<value of [@b]>] : tensor<f64>, tensor<f64> : tensor<f32>
    train.yield
  }
}
