// Contractions that differ in the order of factors, of indices or of the result's dimensions are computed once; sums of those with a common factor are one.
//
// RUN: talweg-opt %s --talweg-share-contractions | FileCheck %s

// CHECK-DAG: #[[TRANSPOSE:.*]] = affine_map<(d0, d1, d2) -> (d0, d2, d1)>
// CHECK-DAG: #[[TURN:.*]] = affine_map<(d0, d1) -> (d1, d0)>

// u[n, i, j] = Σₖ x[n, i, k] z[n, j, k], v[n, i, j] = Σₖ z[n, j, k] x[n, i, k] and w[n, j, i] = Σₖ z[n, j, k] x[n, i, k]
// CHECK-LABEL: func @once(
// CHECK-SAME:    %[[X:.*]]: tensor<2x3x8xf32>, %[[Z:.*]]: tensor<2x4x8xf32>
func.func @once(%x: tensor<2x3x8xf32>, %z: tensor<2x4x8xf32>) -> (tensor<2x3x4xf32>, tensor<2x3x4xf32>, tensor<2x4x3xf32>) {
  // CHECK-NEXT: %[[U:.*]] = tw.contract %[[X]], %[[Z]]
  %u = tw.contract %x, %z over [2, 3, 8, 4] a affine_map<(n, i, k, j) -> (n, i, k)> b affine_map<(n, i, k, j) -> (n, j, k)>
    y affine_map<(n, i, k, j) -> (n, i, j)> : tensor<2x3x8xf32>, tensor<2x4x8xf32> -> tensor<2x3x4xf32>
  %v = tw.contract %z, %x over [2, 4, 8, 3] a affine_map<(n, j, k, i) -> (n, j, k)> b affine_map<(n, j, k, i) -> (n, i, k)>
    y affine_map<(n, j, k, i) -> (n, i, j)> : tensor<2x4x8xf32>, tensor<2x3x8xf32> -> tensor<2x3x4xf32>
  // CHECK-NEXT: %[[W:.*]] = tw.window %[[U]] by #[[TRANSPOSE]] : tensor<2x3x4xf32> -> tensor<2x4x3xf32>
  %w = tw.contract %z, %x over [2, 4, 8, 3] a affine_map<(n, j, k, i) -> (n, j, k)> b affine_map<(n, j, k, i) -> (n, i, k)>
    y affine_map<(n, j, k, i) -> (n, j, i)> : tensor<2x4x8xf32>, tensor<2x3x8xf32> -> tensor<2x4x3xf32>
  // CHECK-NEXT: return %[[U]], %[[U]], %[[W]]
  return %u, %v, %w : tensor<2x3x4xf32>, tensor<2x3x4xf32>, tensor<2x4x3xf32>
}

// What has the same shapes and sums over something else is something else.
// CHECK-LABEL: func @others(
// CHECK-COUNT-3: tw.contract
func.func @others(%x: tensor<8x8xf32>, %z: tensor<8x8xf32>) -> (tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x8xf32>) {
  %u = tw.contract %x, %z over [8, 8, 8] a affine_map<(i, k, j) -> (i, k)> b affine_map<(i, k, j) -> (k, j)>
    y affine_map<(i, k, j) -> (i, j)> : tensor<8x8xf32>, tensor<8x8xf32> -> tensor<8x8xf32>
  %v = tw.contract %z, %x over [8, 8, 8] a affine_map<(i, k, j) -> (i, k)> b affine_map<(i, k, j) -> (k, j)>
    y affine_map<(i, k, j) -> (i, j)> : tensor<8x8xf32>, tensor<8x8xf32> -> tensor<8x8xf32>
  %w = tw.contract %x, %z over [8, 8, 8] a affine_map<(i, k, j) -> (k, i)> b affine_map<(i, k, j) -> (k, j)>
    y affine_map<(i, k, j) -> (i, j)> : tensor<8x8xf32>, tensor<8x8xf32> -> tensor<8x8xf32>
  return %u, %v, %w : tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x8xf32>
}

// The gradient of a Gram matrix: d[i, j] h[j, k] + d[j, i] h[j, k] summed over j is (d + its transpose) h.
// CHECK-LABEL: func @gram(
// CHECK-SAME:    %[[D:.*]]: tensor<8x8xf32>, %[[H:.*]]: tensor<8x16xf32>, %[[R:.*]]: tensor<8x16xf32>
func.func @gram(%d: tensor<8x8xf32>, %h: tensor<8x16xf32>, %r: tensor<8x16xf32>) -> tensor<8x16xf32> {
  // CHECK-NEXT: %[[TURNED:.*]] = tw.window %[[D]] by #[[TURN]]
  // CHECK-NEXT: %[[BOTH:.*]] = tw.add %[[TURNED]], %[[D]]
  // CHECK-NEXT: %[[Y:.*]] = tw.contract %[[H]], %[[BOTH]]
  // CHECK-NEXT: %[[SUM:.*]] = tw.add %[[Y]], %[[R]]
  // CHECK-NEXT: return %[[SUM]]
  %a = tw.contract %d, %h over [8, 8, 16] a affine_map<(i, j, k) -> (i, j)> b affine_map<(i, j, k) -> (j, k)>
    y affine_map<(i, j, k) -> (i, k)> : tensor<8x8xf32>, tensor<8x16xf32> -> tensor<8x16xf32>
  %0 = tw.add %a, %r : tensor<8x16xf32>
  %b = tw.contract %d, %h over [8, 8, 16] a affine_map<(i, j, k) -> (j, i)> b affine_map<(i, j, k) -> (j, k)>
    y affine_map<(i, j, k) -> (i, k)> : tensor<8x8xf32>, tensor<8x16xf32> -> tensor<8x16xf32>
  %1 = tw.add %0, %b : tensor<8x16xf32>
  return %1 : tensor<8x16xf32>
}

// CHECK-LABEL: func @difference(
// CHECK-SAME:    %[[X:.*]]: tensor<8x16xf32>, %[[Z:.*]]: tensor<8x16xf32>, %[[W:.*]]: tensor<16x4xf32>
func.func @difference(%x: tensor<8x16xf32>, %z: tensor<8x16xf32>, %w: tensor<16x4xf32>) -> tensor<8x4xf32> {
  // CHECK-NEXT: %[[LESS:.*]] = tw.sub %[[X]], %[[Z]]
  // CHECK-NEXT: %[[Y:.*]] = tw.contract %[[W]], %[[LESS]]
  // CHECK-NEXT: return %[[Y]]
  %a = tw.contract %x, %w over [8, 16, 4] a affine_map<(n, i, o) -> (n, i)> b affine_map<(n, i, o) -> (i, o)>
    y affine_map<(n, i, o) -> (n, o)> : tensor<8x16xf32>, tensor<16x4xf32> -> tensor<8x4xf32>
  %b = tw.contract %z, %w over [8, 16, 4] a affine_map<(n, i, o) -> (n, i)> b affine_map<(n, i, o) -> (i, o)>
    y affine_map<(n, i, o) -> (n, o)> : tensor<8x16xf32>, tensor<16x4xf32> -> tensor<8x4xf32>
  %y = tw.sub %a, %b : tensor<8x4xf32>
  return %y : tensor<8x4xf32>
}

// A term that is read elsewhere is computed anyway, and where each element is multiplied once there is nothing to gain.
// CHECK-LABEL: func @apart(
// CHECK-COUNT-4: tw.contract
// CHECK-NOT:     tw.contract
func.func @apart(%x: tensor<8x16xf32>, %z: tensor<8x16xf32>, %w: tensor<16x4xf32>, %v: tensor<16xf32>)
    -> (tensor<8x4xf32>, tensor<8x4xf32>, tensor<8xf32>) {
  %a = tw.contract %x, %w over [8, 16, 4] a affine_map<(n, i, o) -> (n, i)> b affine_map<(n, i, o) -> (i, o)>
    y affine_map<(n, i, o) -> (n, o)> : tensor<8x16xf32>, tensor<16x4xf32> -> tensor<8x4xf32>
  %b = tw.contract %z, %w over [8, 16, 4] a affine_map<(n, i, o) -> (n, i)> b affine_map<(n, i, o) -> (i, o)>
    y affine_map<(n, i, o) -> (n, o)> : tensor<8x16xf32>, tensor<16x4xf32> -> tensor<8x4xf32>
  %y = tw.add %a, %b : tensor<8x4xf32>
  %c = tw.contract %x, %v over [8, 16] a affine_map<(n, i) -> (n, i)> b affine_map<(n, i) -> (i)>
    y affine_map<(n, i) -> (n)> : tensor<8x16xf32>, tensor<16xf32> -> tensor<8xf32>
  %d = tw.contract %z, %v over [8, 16] a affine_map<(n, i) -> (n, i)> b affine_map<(n, i) -> (i)>
    y affine_map<(n, i) -> (n)> : tensor<8x16xf32>, tensor<16xf32> -> tensor<8xf32>
  %s = tw.add %c, %d : tensor<8xf32>
  return %a, %y, %s : tensor<8x4xf32>, tensor<8x4xf32>, tensor<8xf32>
}
