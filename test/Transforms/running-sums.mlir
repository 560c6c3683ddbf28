// Running sums are cut into blocks: work and memory grow with the number of terms.
//
// RUN: talweg-opt %s --talweg-form-contractions | FileCheck %s

// Blocks of 16 by a triangle of 16 x 16, and the sums of the blocks before, of which there are few, by one triangle.
// CHECK-LABEL: func @up_to_each(
// CHECK-SAME:    %[[X:.*]]: tensor<8x256xf32>
// CHECK-NOT:   256x256
func.func @up_to_each(%x: tensor<8x256xf32>) -> tensor<8x256xf32> {
  %zero = tw.constant dense<0.0> : tensor<8x256x256xf32>
  %count = tw.iota 0 : tensor<256xi32>
  %0 = tw.window %count by affine_map<(n, i, j) -> (j)> : tensor<256xi32> -> tensor<8x256x256xi32>
  %1 = tw.window %count by affine_map<(n, i, j) -> (i)> : tensor<256xi32> -> tensor<8x256x256xi32>
  %2 = tw.compare le %0, %1 : tensor<8x256x256xi32> -> tensor<8x256x256xi1>
  %3 = tw.window %x by affine_map<(n, i, j) -> (n, j)> : tensor<8x256xf32> -> tensor<8x256x256xf32>
  %4 = tw.select %2, %3, %zero : tensor<8x256x256xi1>, tensor<8x256x256xf32>
  // CHECK:     %[[BLOCKS:.*]] = tw.reshape %[[X]] : tensor<8x256xf32> -> tensor<8x16x16xf32>
  // CHECK:     tw.compare le
  // CHECK:     %[[WITHIN:.*]] = tw.contract %[[BLOCKS]], %{{.*}} over [8, 16, 16, 16] {{.*}} -> tensor<8x16x16xf32>
  // CHECK:     %[[WHOLE:.*]] = tw.reduce sum %[[BLOCKS]] dims [2] : tensor<8x16x16xf32> -> tensor<8x16xf32>
  // CHECK:     tw.compare lt
  // CHECK:     %[[BEFORE:.*]] = tw.contract %[[WHOLE]], %{{.*}} over [8, 16, 16] {{.*}} -> tensor<8x16xf32>
  // CHECK:     %[[ADDED:.*]] = tw.window %[[BEFORE]] by {{.*}} -> tensor<8x16x16xf32>
  // CHECK:     %[[SUM:.*]] = tw.add %[[WITHIN]], %[[ADDED]]
  // CHECK:     %[[Y:.*]] = tw.reshape %[[SUM]] : tensor<8x16x16xf32> -> tensor<8x256xf32>
  %5 = tw.reduce sum %4 dims [2] : tensor<8x256x256xf32> -> tensor<8x256xf32>
  // CHECK-NEXT: return %[[Y]]
  return %5 : tensor<8x256xf32>
}

// What is behind each, of a length that is no multiple of the blocks', along the first dimension.
// CHECK-LABEL: func @behind_each(
// CHECK-SAME:    %[[X:.*]]: tensor<130x8xf32>
func.func @behind_each(%x: tensor<130x8xf32>) -> tensor<130x8xf32> {
  %zero = tw.constant dense<0.0> : tensor<130x130x8xf32>
  %count = tw.iota 0 : tensor<130xi32>
  %0 = tw.window %count by affine_map<(i, j, c) -> (j)> : tensor<130xi32> -> tensor<130x130x8xi32>
  %1 = tw.window %count by affine_map<(i, j, c) -> (i)> : tensor<130xi32> -> tensor<130x130x8xi32>
  %2 = tw.compare le %0, %1 : tensor<130x130x8xi32> -> tensor<130x130x8xi1>
  %3 = tw.window %x by affine_map<(i, j, c) -> (j, c)> : tensor<130x8xf32> -> tensor<130x130x8xf32>
  // CHECK:     %[[PADDED:.*]] = tw.pad %[[X]] {{.*}} -> tensor<144x8xf32>
  // CHECK:     tw.reshape %[[PADDED]] : tensor<144x8xf32> -> tensor<9x16x8xf32>
  // CHECK:     tw.compare gt
  // CHECK:     tw.contract %{{.*}}, %{{.*}} over [9, 16, 8, 16] {{.*}} -> tensor<9x16x8xf32>
  // CHECK:     tw.window %{{.*}} -> tensor<130x8xf32>
  %4 = tw.select %2, %zero, %3 : tensor<130x130x8xi1>, tensor<130x130x8xf32>
  %5 = tw.reduce sum %4 dims [1] : tensor<130x130x8xf32> -> tensor<130x8xf32>
  return %5 : tensor<130x8xf32>
}

// Few terms are summed by one triangle.
// CHECK-LABEL: func @few(
func.func @few(%x: tensor<8x64xf32>) -> tensor<8x64xf32> {
  %zero = tw.constant dense<0.0> : tensor<8x64x64xf32>
  %count = tw.iota 0 : tensor<64xi32>
  %0 = tw.window %count by affine_map<(n, i, j) -> (j)> : tensor<64xi32> -> tensor<8x64x64xi32>
  %1 = tw.window %count by affine_map<(n, i, j) -> (i)> : tensor<64xi32> -> tensor<8x64x64xi32>
  %2 = tw.compare lt %0, %1 : tensor<8x64x64xi32> -> tensor<8x64x64xi1>
  %3 = tw.window %x by affine_map<(n, i, j) -> (n, j)> : tensor<8x64xf32> -> tensor<8x64x64xf32>
  %4 = tw.select %2, %3, %zero : tensor<8x64x64xi1>, tensor<8x64x64xf32>
  // CHECK: tw.contract %{{.*}}, %{{.*}} over [8, 64, 64] {{.*}} -> tensor<8x64xf32>
  // CHECK-NEXT: return
  %5 = tw.reduce sum %4 dims [2] : tensor<8x64x64xf32> -> tensor<8x64xf32>
  return %5 : tensor<8x64xf32>
}
