// Contractions are planned with those that nothing else reads, and with the sums that read them.
//
// RUN: talweg-opt %s --talweg-form-contractions --split-input-file | FileCheck %s

// Of (x a) b, the product a b is the smaller: 3 8 100 + 64 3 8 multiply-adds, as it was written 64 8 100 + 64 3 100.
// CHECK-LABEL: func @chain(
// CHECK-SAME:    %[[X:.*]]: tensor<64x8xf32>, %[[A:.*]]: tensor<8x100xf32>, %[[B:.*]]: tensor<100x3xf32>
func.func @chain(%x: tensor<64x8xf32>, %a: tensor<8x100xf32>, %b: tensor<100x3xf32>) -> tensor<64x3xf32> {
  // CHECK-NEXT: %[[AB:.*]] = tw.contract %[[A]], %[[B]] over [3, 100, 8] {{.*}} -> tensor<3x8xf32>
  // CHECK-NEXT: %[[Y:.*]] = tw.contract %[[X]], %[[AB]] over [64, 3, 8] {{.*}} -> tensor<64x3xf32>
  %0 = tw.contract %x, %a over [64, 100, 8] a affine_map<(n, j, i) -> (n, i)> b affine_map<(n, j, i) -> (i, j)> y affine_map<(n, j, i) -> (n, j)> : tensor<64x8xf32>, tensor<8x100xf32> -> tensor<64x100xf32>
  %1 = tw.contract %0, %b over [64, 3, 100] a affine_map<(n, o, j) -> (n, j)> b affine_map<(n, o, j) -> (j, o)> y affine_map<(n, o, j) -> (n, o)> : tensor<64x100xf32>, tensor<100x3xf32> -> tensor<64x3xf32>
  // CHECK-NEXT: return %[[Y]]
  return %1 : tensor<64x3xf32>
}

// -----

// Here x a is read by another too, and stays.
// CHECK-LABEL: func @read_twice(
func.func @read_twice(%x: tensor<64x8xf32>, %a: tensor<8x100xf32>, %b: tensor<100x3xf32>) -> (tensor<64x3xf32>, tensor<64x100xf32>) {
  // CHECK-NEXT: tw.contract %{{.*}} over [64, 100, 8]
  // CHECK-NEXT: tw.contract %{{.*}} over [64, 3, 100]
  %0 = tw.contract %x, %a over [64, 100, 8] a affine_map<(n, j, i) -> (n, i)> b affine_map<(n, j, i) -> (i, j)> y affine_map<(n, j, i) -> (n, j)> : tensor<64x8xf32>, tensor<8x100xf32> -> tensor<64x100xf32>
  %1 = tw.contract %0, %b over [64, 3, 100] a affine_map<(n, o, j) -> (n, j)> b affine_map<(n, o, j) -> (j, o)> y affine_map<(n, o, j) -> (n, o)> : tensor<64x100xf32>, tensor<100x3xf32> -> tensor<64x3xf32>
  return %1, %0 : tensor<64x3xf32>, tensor<64x100xf32>
}

// -----

// So it stays where it leaves places of its result out, here two rows.
// CHECK-LABEL: func @leaves_places_out(
func.func @leaves_places_out(%x: tensor<4x8xf32>, %a: tensor<8x100xf32>, %b: tensor<100x3xf32>) -> tensor<6x3xf32> {
  // CHECK-NEXT: tw.contract %{{.*}} over [4, 100, 8] {{.*}} -> tensor<6x100xf32>
  // CHECK-NEXT: tw.contract %{{.*}} over [6, 3, 100]
  %0 = tw.contract %x, %a over [4, 100, 8] a affine_map<(n, j, i) -> (n, i)> b affine_map<(n, j, i) -> (i, j)> y affine_map<(n, j, i) -> (n, j)> : tensor<4x8xf32>, tensor<8x100xf32> -> tensor<6x100xf32>
  %1 = tw.contract %0, %b over [6, 3, 100] a affine_map<(n, o, j) -> (n, j)> b affine_map<(n, o, j) -> (j, o)> y affine_map<(n, o, j) -> (n, o)> : tensor<6x100xf32>, tensor<100x3xf32> -> tensor<6x3xf32>
  return %1 : tensor<6x3xf32>
}

// -----

// The sum of all of a product: what one factor alone has is summed first.
// CHECK-LABEL: func @sum_of_all(
// CHECK-SAME:    %[[X:.*]]: tensor<4x8xf32>, %[[A:.*]]: tensor<8x100xf32>
func.func @sum_of_all(%x: tensor<4x8xf32>, %a: tensor<8x100xf32>) -> tensor<f32> {
  // CHECK-DAG: tw.reduce sum %[[X]] dims [0] : tensor<4x8xf32> -> tensor<8xf32>
  // CHECK-DAG: tw.reduce sum %[[A]] dims [1] : tensor<8x100xf32> -> tensor<8xf32>
  // CHECK-NOT: 100, 8
  // CHECK: return
  %0 = tw.contract %x, %a over [4, 100, 8] a affine_map<(n, j, i) -> (n, i)> b affine_map<(n, j, i) -> (i, j)> y affine_map<(n, j, i) -> (n, j)> : tensor<4x8xf32>, tensor<8x100xf32> -> tensor<4x100xf32>
  %1 = tw.reduce sum %0 dims [0, 1] : tensor<4x100xf32> -> tensor<f32>
  return %1 : tensor<f32>
}

// -----

// The gradient of a mean that is subtracted from each row: the rows are summed first, of the contraction and of what is added to it.
// CHECK-LABEL: func @sum_of_sides(
// CHECK-SAME:    %[[L:.*]]: tensor<8x8xf32>, %[[D:.*]]: tensor<1000x8xf32>, %[[Q:.*]]: tensor<8xf32>
func.func @sum_of_sides(%l: tensor<8x8xf32>, %d: tensor<1000x8xf32>, %q: tensor<8xf32>) -> tensor<8xf32> {
  // CHECK-NOT: 1000, 8, 8
  %0 = tw.contract %l, %d over [1000, 8, 8] a affine_map<(n, i, j) -> (j, i)> b affine_map<(n, i, j) -> (n, j)> y affine_map<(n, i, j) -> (n, i)> : tensor<8x8xf32>, tensor<1000x8xf32> -> tensor<1000x8xf32>
  %1 = tw.window %q by affine_map<(n, i) -> (i)> : tensor<8xf32> -> tensor<1000x8xf32>
  %2 = tw.mul %1, %d : tensor<1000x8xf32>
  %3 = tw.add %0, %2 : tensor<1000x8xf32>
  // CHECK: tw.reduce sum %[[D]] dims [0] : tensor<1000x8xf32> -> tensor<8xf32>
  // CHECK: tw.contract %[[L]], %{{.*}} over [8, 8]
  // CHECK: tw.add {{.*}} : tensor<8xf32>
  %4 = tw.reduce sum %3 dims [0] : tensor<1000x8xf32> -> tensor<8xf32>
  return %4 : tensor<8xf32>
}
