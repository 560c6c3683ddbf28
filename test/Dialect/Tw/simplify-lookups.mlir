// Lookups at positions that are known are affine accesses; what is equal everywhere is so in any row.
// RUN: talweg-opt %s --canonicalize | FileCheck %s

// CHECK-DAG: #[[SECOND:.*]] = affine_map<(d0, d1) -> (1, d1)>
// CHECK-DAG: #[[LAST:.*]] = affine_map<(d0, d1) -> (3, d1)>
// CHECK-DAG: #[[DIAGONAL:.*]] = affine_map<(d0, d1) -> (d0, d1)>
// CHECK-DAG: #[[SHARED:.*]] = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
// CHECK-DAG: #[[COLUMN:.*]] = affine_map<(d0, d1, d2) -> (d0, d1, -d2 + 2)>

// CHECK-LABEL: func @one_row(
func.func @one_row(%table: tensor<4x3xf32>) -> (tensor<2x3xf32>, tensor<2x3xf32>) {
  %second = tw.constant dense<1> : tensor<2xi32>
  %beyond = tw.constant dense<9> : tensor<2xi32>
  // CHECK-DAG: tw.window %{{.*}} by #[[SECOND]] : tensor<4x3xf32> -> tensor<2x3xf32>
  %0 = tw.gather %table at %second : tensor<4x3xf32>, tensor<2xi32> -> tensor<2x3xf32>
  // CHECK-DAG: tw.window %{{.*}} by #[[LAST]] : tensor<4x3xf32> -> tensor<2x3xf32>
  %1 = tw.gather %table at %beyond : tensor<4x3xf32>, tensor<2xi32> -> tensor<2x3xf32>
  return %0, %1 : tensor<2x3xf32>, tensor<2x3xf32>
}

// CHECK-LABEL: func @rows_in_order(
func.func @rows_in_order(%table: tensor<4x3xf32>, %values: tensor<2x3x5xf32>) -> (tensor<2x3xf32>, tensor<2x8x5xf32>) {
  %count = tw.iota 0 : tensor<2xi32>
  // CHECK-DAG: tw.window %{{.*}} by #[[DIAGONAL]] : tensor<4x3xf32> -> tensor<2x3xf32>
  %0 = tw.gather %table at %count : tensor<4x3xf32>, tensor<2xi32> -> tensor<2x3xf32>
  %shared = tw.iota 1 : tensor<2x3xi32>
  // CHECK-DAG: tw.fold %{{.*}} by #[[SHARED]] : tensor<2x3x5xf32> -> tensor<2x8x5xf32>
  %1 = tw.scatter_add %values at %shared shared 1 : tensor<2x3x5xf32>, tensor<2x3xi32> -> tensor<2x8x5xf32>
  return %0, %1 : tensor<2x3xf32>, tensor<2x8x5xf32>
}

// CHECK-LABEL: func @equal_elements(
// CHECK-DAG:     %[[ONES:.*]] = tw.constant dense<1.000000e+00> : tensor<2x3xf32>
// CHECK-DAG:     %[[ZEROS:.*]] = tw.constant dense<0.000000e+00> : tensor<4x3xf32>
// CHECK:         return %[[ONES]], %[[ZEROS]]
func.func @equal_elements(%rows: tensor<2xi32>) -> (tensor<2x3xf32>, tensor<4x3xf32>) {
  %table = tw.constant dense<1.0> : tensor<4x3xf32>
  %0 = tw.gather %table at %rows : tensor<4x3xf32>, tensor<2xi32> -> tensor<2x3xf32>
  %values = tw.constant dense<0.0> : tensor<2x3xf32>
  %1 = tw.scatter_add %values at %rows : tensor<2x3xf32>, tensor<2xi32> -> tensor<4x3xf32>
  return %0, %1 : tensor<2x3xf32>, tensor<4x3xf32>
}

// A part of a table's rows is that of the rows looked up, if these are fewer.
// CHECK-LABEL: func @parts_of_rows(
// CHECK-SAME: %[[TABLE:.*]]: tensor<90x3xf32>, %[[ROWS:.*]]: tensor<2x4xi32>, %[[MANY:.*]]: tensor<80xi32>
func.func @parts_of_rows(%table: tensor<90x3xf32>, %rows: tensor<2x4xi32>, %many: tensor<80xi32>) -> (tensor<2x4x2xf32>, tensor<80x2xf32>) {
  // CHECK-DAG: %[[LOOKED:.*]] = tw.gather %[[TABLE]] at %[[ROWS]] : tensor<90x3xf32>, tensor<2x4xi32> -> tensor<2x4x3xf32>
  // CHECK-DAG: tw.window %[[LOOKED]] by #[[COLUMN]] : tensor<2x4x3xf32> -> tensor<2x4x2xf32>
  // CHECK-DAG: %[[PART:.*]] = tw.window %[[TABLE]]
  // CHECK-DAG: tw.gather %[[PART]] at %[[MANY]] : tensor<90x2xf32>, tensor<80xi32> -> tensor<80x2xf32>
  %part = tw.window %table by affine_map<(d0, d1) -> (d0, 2 - d1)> : tensor<90x3xf32> -> tensor<90x2xf32>
  %few = tw.gather %part at %rows : tensor<90x2xf32>, tensor<2x4xi32> -> tensor<2x4x2xf32>
  %all = tw.gather %part at %many : tensor<90x2xf32>, tensor<80xi32> -> tensor<80x2xf32>
  return %few, %all : tensor<2x4x2xf32>, tensor<80x2xf32>
}
