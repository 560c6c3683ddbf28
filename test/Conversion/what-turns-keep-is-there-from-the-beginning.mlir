// RUN: talweg-opt %s --talweg-tw-to-linalg --canonicalize | FileCheck %s
//
// A turn keeps what an inner loop reads, and what it leaves: the inner loop reads and writes in the places where these are kept, and nothing is copied.

// CHECK-LABEL: func.func @kept(
// CHECK: scf.for
// CHECK-NOT: memref.alloc
// CHECK: bufferization.to_tensor
// CHECK: %[[PLACE:.*]] = memref.view %[[READ:[a-z0-9_]+]][%[[AT:.*]]][] : memref<384xi8> to memref<4x8xf32>
// CHECK-NEXT: %[[ALSO:.*]] = arith.muli
// CHECK: bufferization.materialize_in_destination %{{.*}} in restrict writable %[[PLACE]]
// CHECK: scf.for
// CHECK: %[[ROW:.*]] = arith.addi %[[AT]], %{{.*}} : index
// CHECK: memref.view %[[READ]][%[[ROW]]][] : memref<384xi8> to memref<8xf32>
// CHECK: %[[OWN:.*]] = arith.addi %[[ALSO]], %{{.*}} : index
// CHECK: %[[LEFT:.*]] = memref.view %[[KEPT:[a-z0-9_]+]][%[[OWN]]][] : memref<384xi8> to memref<8xf32>
// CHECK: bufferization.materialize_in_destination %{{.*}} in restrict writable %[[LEFT]]
// CHECK-NOT: materialize_in_destination
// CHECK: memref.view %[[READ]][%c0][] : memref<384xi8> to memref<3x4x8xf32>
// CHECK: memref.view %[[KEPT]][%c0][] : memref<384xi8> to memref<3x4x8xf32>
func.func @kept(%x: tensor<3x4x8xf32>) -> (tensor<3x4x8xf32>, tensor<3x4x8xf32>) {
  %all:2 = tw.scan 3 blocks along %x : tensor<3x4x8xf32> -> tensor<3x4x8xf32>, tensor<3x4x8xf32> {
  ^bb0(%turn: tensor<i32>, %row: tensor<4x8xf32>):
    %e = tw.exp %row : tensor<4x8xf32>
    %z = tw.scan 4 blocks along %e : tensor<4x8xf32> -> tensor<4x8xf32> {
    ^bb0(%t: tensor<i32>, %one: tensor<8xf32>):
      %n = tw.neg %one : tensor<8xf32>
      tw.yield %n : tensor<8xf32>
    }
    tw.yield %e, %z : tensor<4x8xf32>, tensor<4x8xf32>
  }
  return %all#0, %all#1 : tensor<3x4x8xf32>, tensor<3x4x8xf32>
}

// What is carried takes its place at the end of the turn, which reads what was there before: here the inner loop's operand and its result.
// CHECK-LABEL: func.func @carried(
// CHECK: scf.for
// CHECK: %[[STATE:.*]] = memref.view %[[ALL:[a-z0-9_]+]][%c0][] : memref<128xi8> to memref<4x8xf32>
// CHECK: %[[OTHER:.*]] = memref.view %[[MORE:[a-z0-9_]+]][%c0][] : memref<128xi8> to memref<4x8xf32>
// CHECK: scf.for
// CHECK-NOT: memref.view %[[ALL]][%
// CHECK-NOT: memref.view %[[MORE]][%
// CHECK: kernel.independent
// CHECK-DAG: bufferization.materialize_in_destination %{{.*}} in restrict writable %[[STATE]]
// CHECK-DAG: bufferization.materialize_in_destination %{{.*}} in restrict writable %[[OTHER]]
// CHECK: }
func.func @carried(%x: tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>) {
  %all:2 = tw.scan 3 blocks from %x, %x : tensor<4x8xf32>, tensor<4x8xf32> -> tensor<4x8xf32>, tensor<4x8xf32> {
  ^bb0(%turn: tensor<i32>, %h: tensor<4x8xf32>, %g: tensor<4x8xf32>):
    %e = tw.exp %h : tensor<4x8xf32>
    %z = tw.scan 4 blocks along %e : tensor<4x8xf32> -> tensor<4x8xf32> {
    ^bb0(%t: tensor<i32>, %one: tensor<8xf32>):
      %n = tw.neg %one : tensor<8xf32>
      tw.yield %n : tensor<8xf32>
    }
    tw.yield %e, %z : tensor<4x8xf32>, tensor<4x8xf32>
  }
  return %all#0, %all#1 : tensor<4x8xf32>, tensor<4x8xf32>
}
