// What rows are reduced to is combined by the host: in the first pass the sum and the count of rows, in the second what is computed from the
// mean and from each row again. What is computed once, from all of them, is in the finish. A number that is not whole is a mean over batches.
//
// RUN: talweg-opt %s --talweg-sum-over-rows --canonicalize --cse | FileCheck %s

// CHECK: train.program "p" mode eval batch 4
train.program "p" mode eval batch 4 {
  train.field @x : tensor<f32>
  // CHECK:      train.objective pass 0 {
  // CHECK-NEXT: ^bb0(%[[X:.*]]: tensor<4xf32>):
  // CHECK:        %[[WIDE:.*]] = tw.convert %[[X]]
  // CHECK-NEXT:   %[[SUM:.*]] = tw.reduce sum %[[WIDE]] dims [0]
  // CHECK:        %[[MAX:.*]] = tw.reduce max %[[X]] dims [0] : tensor<4xf32> -> tensor<f32>
  // CHECK:        %[[WEIGHTED:.*]] = tw.mul
  // CHECK:        train.partial sum %[[SUM]] at 0 : tensor<f64>
  // CHECK-NEXT:   train.partial sum %[[WEIGHTED]] at 1 : tensor<f64>
  // CHECK:      train.objective pass 1 {
  // CHECK-DAG:    %[[ROWS:.*]] = train.rows
  // CHECK-DAG:    %[[ALL:.*]] = train.combined at 0
  // CHECK:        %[[MEAN:.*]] = tw.div %[[ALL]], %[[ROWS]] : tensor<f64>
  // CHECK:        tw.sub
  // CHECK:        train.partial sum %{{.*}} at 2 : tensor<f64>
  // CHECK:      train.objective finish {
  // CHECK-DAG:    %[[VARIANCE:.*]] = train.combined at 2
  // CHECK-DAG:    %[[BATCHES:.*]] = train.combined at 1
  // CHECK:        %[[GREATEST:.*]] = tw.mul %[[BATCHES]]
  // CHECK:        train.report metric "variance", %[[VARIANCE]] : tensor<f64>
  // CHECK-NEXT:   train.report metric "greatest", %[[GREATEST]] : tensor<f64>
  train.objective {
  ^bb0(%x: tensor<4xf32>):
    %rows = train.rows : tensor<f64>
    %share = tw.convert %rows : tensor<f64> -> tensor<f32>
    %sum = tw.reduce sum %x dims [0] : tensor<4xf32> -> tensor<f32>
    %mean = tw.div %sum, %share : tensor<f32>
    train.report whole loss "loss", %mean : tensor<f32>
    %each = tw.window %mean by affine_map<(i) -> ()> : tensor<f32> -> tensor<4xf32>
    %off = tw.sub %x, %each : tensor<4xf32>
    %square = tw.mul %off, %off : tensor<4xf32>
    %squares = tw.reduce sum %square dims [0] : tensor<4xf32> -> tensor<f32>
    train.report whole metric "variance", %squares : tensor<f32>
    %greatest = tw.reduce max %x dims [0] : tensor<4xf32> -> tensor<f32>
    train.report metric "greatest", %greatest : tensor<f32>
    train.yield
  }
}
