// Whether x > c is told of what was selected by it, so that x does not have to be kept for a derivative.
//
// RUN: talweg-opt %s --talweg-conditions-of-results --split-input-file | FileCheck %s

// CHECK-LABEL: func @relu(
// CHECK-SAME:    %[[X:.*]]: tensor<4xf32>, %[[D:.*]]: tensor<4xf32>
func.func @relu(%x: tensor<4xf32>, %d: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  // CHECK: %[[C:.*]] = tw.constant dense<0.0
  // CHECK: %[[ASKED:.*]] = tw.compare gt %[[X]], %[[C]]
  // CHECK: %[[Y:.*]] = tw.select %[[ASKED]], %[[X]], %[[C]]
  // CHECK: %[[TOLD:.*]] = tw.compare gt %[[Y]], %[[C]]
  // CHECK: tw.select %[[TOLD]], %[[D]], %[[C]]
  %c = tw.constant dense<0.0> : tensor<4xf32>
  %0 = tw.compare gt %x, %c : tensor<4xf32> -> tensor<4xi1>
  %y = tw.select %0, %x, %c : tensor<4xi1>, tensor<4xf32>
  %g = tw.select %0, %d, %c : tensor<4xi1>, tensor<4xf32>
  return %y, %g : tensor<4xf32>, tensor<4xf32>
}

// -----

// The lesser of both, c where x >= c.
// CHECK-LABEL: func @least(
func.func @least(%x: tensor<4xf32>, %c: tensor<4xf32>, %d: tensor<4xf32>, %z: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  // CHECK: %[[Y:.*]] = tw.select
  // CHECK: tw.compare ge %[[Y]], %{{.*}}
  %0 = tw.compare ge %x, %c : tensor<4xf32> -> tensor<4xi1>
  %y = tw.select %0, %c, %x : tensor<4xi1>, tensor<4xf32>
  %g = tw.select %0, %d, %z : tensor<4xi1>, tensor<4xf32>
  return %y, %g : tensor<4xf32>, tensor<4xf32>
}

// -----

// With >= it would not be the same: of x less than c it is c, which is not less than itself.
// CHECK-LABEL: func @at_least(
func.func @at_least(%x: tensor<4xf32>, %c: tensor<4xf32>, %d: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  // CHECK-COUNT-1: tw.compare
  // CHECK-NOT: tw.compare
  %0 = tw.compare ge %x, %c : tensor<4xf32> -> tensor<4xi1>
  %y = tw.select %0, %x, %c : tensor<4xi1>, tensor<4xf32>
  %g = tw.select %0, %d, %c : tensor<4xi1>, tensor<4xf32>
  return %y, %g : tensor<4xf32>, tensor<4xf32>
}

// -----

// Nothing is gained where something else reads x, or nothing but the selection asks.
// CHECK-LABEL: func @read_by_others(
func.func @read_by_others(%x: tensor<4xf32>, %z: tensor<4xf32>, %c: tensor<4xf32>, %d: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  // CHECK-COUNT-2: tw.compare
  // CHECK-NOT: tw.compare
  %0 = tw.compare gt %x, %c : tensor<4xf32> -> tensor<4xi1>
  %y = tw.select %0, %x, %c : tensor<4xi1>, tensor<4xf32>
  %g = tw.select %0, %d, %c : tensor<4xi1>, tensor<4xf32>
  %e = tw.mul %x, %d : tensor<4xf32>
  %1 = tw.compare gt %z, %c : tensor<4xf32> -> tensor<4xi1>
  %w = tw.select %1, %z, %c : tensor<4xi1>, tensor<4xf32>
  return %y, %g, %e, %w : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}
