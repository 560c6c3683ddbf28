// A sum of what is linear in values that are summed elsewhere is reckoned of those sums.
//
// RUN: talweg-opt %s --talweg-form-contractions --cse --split-input-file | FileCheck %s

#spread = affine_map<(n, c) -> (c)>

// A normalisation's derivative: of d r + (x - m) k, what is left is r times the sum of d, since x less its mean adds up to nothing.
// CHECK-LABEL: func @normalised(
// CHECK-SAME:    %[[X:[^:]+]]: tensor<48x3xf32>, %[[D:[^:]+]]: tensor<48x3xf32>, %[[R:[^:]+]]: tensor<3xf32>, %{{.*}}: tensor<3xf32>)
func.func @normalised(%x: tensor<48x3xf32>, %d: tensor<48x3xf32>, %r: tensor<3xf32>, %k: tensor<3xf32>) -> (tensor<48x3xf32>, tensor<3xf32>, tensor<3xf32>) {
  // CHECK: %[[SUM:.*]] = tw.reduce sum %[[D]]
  // CHECK: tw.add
  // CHECK: %[[ALL:.*]] = tw.mul %[[R]], %[[SUM]]
  // CHECK-NOT: tw.reduce
  // CHECK: return %{{.*}}, %[[SUM]], %[[ALL]]
  %count = tw.constant dense<0.020833334> : tensor<3xf32>
  %sum = tw.reduce sum %x dims [0] : tensor<48x3xf32> -> tensor<3xf32>
  %m = tw.mul %sum, %count : tensor<3xf32>
  %ms = tw.window %m by #spread : tensor<3xf32> -> tensor<48x3xf32>
  %c = tw.sub %x, %ms : tensor<48x3xf32>
  %ofD = tw.reduce sum %d dims [0] : tensor<48x3xf32> -> tensor<3xf32>
  %rs = tw.window %r by #spread : tensor<3xf32> -> tensor<48x3xf32>
  %ks = tw.window %k by #spread : tensor<3xf32> -> tensor<48x3xf32>
  %a = tw.mul %d, %rs : tensor<48x3xf32>
  %b = tw.mul %c, %ks : tensor<48x3xf32>
  %t = tw.add %a, %b : tensor<48x3xf32>
  %all = tw.reduce sum %t dims [0] : tensor<48x3xf32> -> tensor<3xf32>
  return %t, %ofD, %all : tensor<48x3xf32>, tensor<3xf32>, tensor<3xf32>
}

// -----

// Differences, quotients, signs and what is spread alone.
// CHECK-LABEL: func @linear(
// CHECK-SAME:    %[[X:[^:]+]]: tensor<8x3xf32>, %[[Y:[^:]+]]: tensor<8x3xf32>, %[[S:[^:]+]]: tensor<3xf32>
func.func @linear(%x: tensor<8x3xf32>, %y: tensor<8x3xf32>, %s: tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<8x3xf32>) {
  // CHECK-COUNT-2: tw.reduce sum
  // CHECK-NOT: tw.reduce
  // CHECK: return
  %ofX = tw.reduce sum %x dims [0] : tensor<8x3xf32> -> tensor<3xf32>
  %ofY = tw.reduce sum %y dims [0] : tensor<8x3xf32> -> tensor<3xf32>
  %ss = tw.window %s by affine_map<(n, c) -> (c)> : tensor<3xf32> -> tensor<8x3xf32>
  %q = tw.div %x, %ss : tensor<8x3xf32>
  %m = tw.neg %y : tensor<8x3xf32>
  %0 = tw.sub %q, %m : tensor<8x3xf32>
  %1 = tw.add %0, %ss : tensor<8x3xf32>
  %all = tw.reduce sum %1 dims [0] : tensor<8x3xf32> -> tensor<3xf32>
  return %ofX, %ofY, %all, %1 : tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<8x3xf32>
}

// -----

// Where one of them is not summed otherwise, or over other dimensions, or a factor differs from term to term, it stays.
// CHECK-LABEL: func @unknown(
func.func @unknown(%x: tensor<8x3xf32>, %y: tensor<8x3xf32>, %w: tensor<8xf32>) -> (tensor<3xf32>, tensor<8xf32>, tensor<3xf32>, tensor<3xf32>, tensor<8x3xf32>, tensor<8x3xf32>) {
  // CHECK: tw.reduce sum %[[T:.*]] dims [0]
  // CHECK: tw.contract
  %ofX = tw.reduce sum %x dims [0] : tensor<8x3xf32> -> tensor<3xf32>
  %ofY = tw.reduce sum %y dims [1] : tensor<8x3xf32> -> tensor<8xf32>
  %t = tw.add %x, %y : tensor<8x3xf32>
  %all = tw.reduce sum %t dims [0] : tensor<8x3xf32> -> tensor<3xf32>
  %ws = tw.window %w by affine_map<(n, c) -> (n)> : tensor<8xf32> -> tensor<8x3xf32>
  %v = tw.mul %x, %ws : tensor<8x3xf32>
  %weighted = tw.reduce sum %v dims [0] : tensor<8x3xf32> -> tensor<3xf32>
  return %ofX, %ofY, %all, %weighted, %t, %v : tensor<3xf32>, tensor<8xf32>, tensor<3xf32>, tensor<3xf32>, tensor<8x3xf32>, tensor<8x3xf32>
}
