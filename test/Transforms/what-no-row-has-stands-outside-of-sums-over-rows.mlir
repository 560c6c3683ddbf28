// Σₙ (a[n] + s) = Σₙ a[n] + N s, where all rows are read once more for s than for a. Of what s has besides, it is summed: its 3 elements, each
// of 5 numbers of a row. What takes no more readings than the rest stays.
//
// RUN: talweg-opt %s --talweg-sum-over-rows=tells --canonicalize --cse 2>%t.remarks | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK < %t.remarks

// REMARK-COUNT-1: remark: what is of no row stands outside of a sum over all rows, which are read 1 time for it instead of 2
// REMARK-NOT: remark

#spread = affine_map<(n, i, j) -> (i)>
#number = affine_map<(n) -> ()>
#rows = affine_map<(n, i, j) -> (n)>
train.program "p" mode eval batch 4 {
  train.field @x : tensor<f32>
  train.field @z : tensor<3xf32>
  // CHECK:      train.objective pass 0 {
  // CHECK-NEXT: ^bb0(%[[X:.*]]: tensor<4xf32>, %[[Z:.*]]: tensor<4x3xf32>):
  // CHECK-DAG:    %[[OF_Z:.*]] = tw.reduce sum %{{.*}} dims [0] : tensor<4x3xf64> -> tensor<3xf64>
  // CHECK-DAG:    train.partial sum %[[OF_Z]] at [[S:.*]] : tensor<3xf64>
  // CHECK-DAG:    %[[OF_X:.*]] = tw.reduce sum %{{.*}} dims [0, 1, 2] : tensor<4x3x5xf64> -> tensor<f64>
  // CHECK-DAG:    train.partial sum %[[OF_X]] at [[A:.*]] : tensor<f64>
  // CHECK:      train.objective pass 1 {
  // CHECK:        tw.sub
  // CHECK:        tw.reduce sum %{{.*}} dims [0] : tensor<4xf64> -> tensor<f64>
  // CHECK:      train.objective finish {
  // CHECK-DAG:    %[[FIVE:.*]] = tw.constant dense<5.000000e+00> : tensor<f64>
  // CHECK-DAG:    %[[ROWS:.*]] = train.rows
  // CHECK-DAG:    %[[EACH:.*]] = train.combined at [[S]] : tensor<3xf64>
  // CHECK-DAG:    %[[REST:.*]] = train.combined at [[A]] : tensor<f64>
  // CHECK-DAG:    %[[ALL:.*]] = tw.reduce sum %[[EACH]] dims [0] : tensor<3xf64> -> tensor<f64>
  // CHECK-DAG:    %[[COUNT:.*]] = tw.mul %[[ROWS]], %[[FIVE]]
  // CHECK-DAG:    %[[TIMES:.*]] = tw.mul %[[ALL]], %[[COUNT]]
  // CHECK:        %[[SUM:.*]] = tw.sub %[[REST]], %[[TIMES]]
  // CHECK:        train.report loss "loss", %[[SUM]]
  train.objective {
  ^bb0(%x: tensor<4xf32>, %z: tensor<4x3xf32>):
    %s = tw.reduce sum %z dims [0] : tensor<4x3xf32> -> tensor<3xf32>
    %a = tw.window %x by #rows : tensor<4xf32> -> tensor<4x3x5xf32>
    %each = tw.window %s by #spread {tw.rows = array<i64: 0>} : tensor<3xf32> -> tensor<4x3x5xf32>
    %difference = tw.sub %a, %each : tensor<4x3x5xf32>
    %sum = tw.reduce sum %difference dims [0, 1, 2] : tensor<4x3x5xf32> -> tensor<f32>
    train.report whole loss "loss", %sum : tensor<f32>

    %of_x = tw.reduce sum %x dims [0] : tensor<4xf32> -> tensor<f32>
    %of_each = tw.window %of_x by #number {tw.rows = array<i64: 0>} : tensor<f32> -> tensor<4xf32>
    %off = tw.sub %x, %of_each : tensor<4xf32>
    %square = tw.mul %off, %off : tensor<4xf32>
    %stays = tw.add %square, %of_each : tensor<4xf32>
    %squares = tw.reduce sum %stays dims [0] : tensor<4xf32> -> tensor<f32>
    train.report whole metric "squares", %squares : tensor<f32>
    train.yield
  }
}
