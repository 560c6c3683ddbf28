// A weighted mean, N / D, and the square of a parameter: a part adds the derivative of its own N; the finish multiplies by that of N / D, adds
// that of the square, and updates.
//
// RUN: talweg-opt %s --talweg-accumulate --talweg-differentiate --canonicalize --cse | FileCheck %s

// CHECK: train.program "p" mode train batch 4
train.program "p" mode train batch 4 {
  train.plan "rows" accumulate 2 seed 0 {}
  train.field @x : tensor<f32>
  train.field @w : tensor<f32>
  train.variable parameter @p : tensor<f32> {
  ^bb0(%key: tensor<2xi64>):
    %one = tw.constant dense<1.0> : tensor<f32>
    train.yield %one : tensor<f32>
  }
  train.variable sum @p.gradient_sum : tensor<f32> {
  ^bb0(%key: tensor<2xi64>):
    %zero = tw.constant dense<0.0> : tensor<f32>
    train.yield %zero : tensor<f32>
  }
  train.optimizer @sgd slots [] report [] {
  ^bb0(%p: tensor<*xf32>, %g: tensor<*xf32>):
    %new = tw.sub %p, %g : tensor<*xf32>
    train.yield %new : tensor<*xf32>
  }
  // CHECK:      train.objective pass 0 {
  // CHECK-NEXT: ^bb0(%[[X:.*]]: tensor<4xf32>, %[[W:.*]]: tensor<4xf32>):
  // CHECK:        %[[OLD:.*]] = train.get @p.gradient_sum
  // CHECK-NEXT:   %[[NEW:.*]] = tw.add %[[OLD]], %{{.*}} : tensor<f32>
  // CHECK-NEXT:   train.set @p.gradient_sum, %[[NEW]]
  // CHECK:        train.partial sum %{{.*}} at 0 : tensor<f64>
  // CHECK-NEXT:   train.partial sum %{{.*}} at 1 : tensor<f64>
  // CHECK:      train.objective finish {
  // CHECK-DAG:    %[[N:.*]] = train.combined at {{[01]}}
  // CHECK-DAG:    %[[SUM:.*]] = train.get @p.gradient_sum
  // CHECK-DAG:    %[[SCALED:.*]] = tw.mul %[[SUM]]
  // CHECK-DAG:    %[[GRADIENT:.*]] = tw.add %[[SCALED]]
  // CHECK-DAG:    train.set @p.gradient_sum, %{{.*}}
  // CHECK:        train.update @p by @sgd, %[[GRADIENT]]
  train.objective {
  ^bb0(%x: tensor<4xf32>, %w: tensor<4xf32>):
    %p = train.get @p : tensor<f32>
    %each = tw.window %p by affine_map<(i) -> ()> {tw.rows = array<i64: 0>} : tensor<f32> -> tensor<4xf32>
    %y = tw.mul %x, %each : tensor<4xf32>
    %weighted = tw.mul %y, %w : tensor<4xf32>
    %n = tw.reduce sum %weighted dims [0] : tensor<4xf32> -> tensor<f32>
    %d = tw.reduce sum %w dims [0] : tensor<4xf32> -> tensor<f32>
    %mean = tw.div %n, %d : tensor<f32>
    %square = tw.mul %p, %p : tensor<f32>
    %loss = tw.add %mean, %square : tensor<f32>
    train.report whole loss "loss", %loss : tensor<f32>
    train.minimize "loss", %loss over [@p] by [@sgd] : tensor<f32>
    train.yield
  }
}
