// A sum over a product of several factors is contracted two by two, in the order of least operations.
//
// RUN: talweg-opt %s --talweg-form-contractions | FileCheck %s

// x (a b): 3 8 100 + 64 3 8 multiply-adds, from left to right 64 8 100 + 64 3 100.
// CHECK-LABEL: func @from_the_right(
// CHECK-SAME:    %[[X:.*]]: tensor<64x8xf32>, %[[A:.*]]: tensor<8x100xf32>, %[[B:.*]]: tensor<100x3xf32>
func.func @from_the_right(%x: tensor<64x8xf32>, %a: tensor<8x100xf32>, %b: tensor<100x3xf32>) -> tensor<64x3xf32> {
  %0 = tw.window %x by affine_map<(n, o, i, j) -> (n, i)> : tensor<64x8xf32> -> tensor<64x3x8x100xf32>
  %1 = tw.window %a by affine_map<(n, o, i, j) -> (i, j)> : tensor<8x100xf32> -> tensor<64x3x8x100xf32>
  %2 = tw.window %b by affine_map<(n, o, i, j) -> (j, o)> : tensor<100x3xf32> -> tensor<64x3x8x100xf32>
  %3 = tw.mul %0, %1 : tensor<64x3x8x100xf32>
  %4 = tw.mul %3, %2 : tensor<64x3x8x100xf32>
  // CHECK-NEXT: %[[AB:.*]] = tw.contract %[[A]], %[[B]] over [3, 8, 100] {{.*}} -> tensor<3x8xf32>
  // CHECK-NEXT: %[[Y:.*]] = tw.contract %[[X]], %[[AB]] over [64, 3, 8] {{.*}} -> tensor<64x3xf32>
  %5 = tw.reduce sum %4 dims [2, 3] : tensor<64x3x8x100xf32> -> tensor<64x3xf32>
  // CHECK-NEXT: return %[[Y]]
  return %5 : tensor<64x3xf32>
}

// Few rows: (x a) b, though it is written from the right.
// CHECK-LABEL: func @from_the_left(
// CHECK-SAME:    %[[X:.*]]: tensor<2x8xf32>, %[[A:.*]]: tensor<8x100xf32>, %[[B:.*]]: tensor<100x30xf32>
func.func @from_the_left(%x: tensor<2x8xf32>, %a: tensor<8x100xf32>, %b: tensor<100x30xf32>) -> tensor<2x30xf32> {
  %0 = tw.window %x by affine_map<(n, o, i, j) -> (n, i)> : tensor<2x8xf32> -> tensor<2x30x8x100xf32>
  %1 = tw.window %a by affine_map<(n, o, i, j) -> (i, j)> : tensor<8x100xf32> -> tensor<2x30x8x100xf32>
  %2 = tw.window %b by affine_map<(n, o, i, j) -> (j, o)> : tensor<100x30xf32> -> tensor<2x30x8x100xf32>
  %3 = tw.mul %1, %2 : tensor<2x30x8x100xf32>
  %4 = tw.mul %0, %3 : tensor<2x30x8x100xf32>
  // CHECK-NEXT: %[[XA:.*]] = tw.contract %[[X]], %[[A]] over [2, 8, 100] {{.*}} -> tensor<2x100xf32>
  // CHECK-NEXT: %[[Y:.*]] = tw.contract %[[XA]], %[[B]] over [2, 30, 100] {{.*}} -> tensor<2x30xf32>
  %5 = tw.reduce sum %4 dims [2, 3] : tensor<2x30x8x100xf32> -> tensor<2x30xf32>
  // CHECK-NEXT: return %[[Y]]
  return %5 : tensor<2x30xf32>
}

// No matrix for each row is written: what is left of the first product has n, o and i. It is read once in the second, which is a sum of products therefore and
// no contraction.
// CHECK-LABEL: func @bilinear(
// CHECK-SAME:    %[[X:.*]]: tensor<4x8xf32>, %[[A:.*]]: tensor<8x9x5xf32>, %[[Y:.*]]: tensor<4x9xf32>
func.func @bilinear(%x: tensor<4x8xf32>, %a: tensor<8x9x5xf32>, %y: tensor<4x9xf32>) -> tensor<4x5xf32> {
  %0 = tw.window %x by affine_map<(n, o, i, j) -> (n, i)> : tensor<4x8xf32> -> tensor<4x5x8x9xf32>
  %1 = tw.window %a by affine_map<(n, o, i, j) -> (i, j, o)> : tensor<8x9x5xf32> -> tensor<4x5x8x9xf32>
  %2 = tw.window %y by affine_map<(n, o, i, j) -> (n, j)> : tensor<4x9xf32> -> tensor<4x5x8x9xf32>
  %3 = tw.mul %0, %1 : tensor<4x5x8x9xf32>
  %4 = tw.mul %3, %2 : tensor<4x5x8x9xf32>
  // CHECK-NEXT: %[[AY:.*]] = tw.contract %[[A]], %[[Y]] over [4, 5, 8, 9] {{.*}} -> tensor<4x5x8xf32>
  // CHECK-NEXT: %[[SPREAD:.*]] = tw.window %[[X]] {{.*}} -> tensor<4x5x8xf32>
  // CHECK-NEXT: %[[TERMS:.*]] = tw.mul %[[SPREAD]], %[[AY]]
  // CHECK-NEXT: tw.reduce sum %[[TERMS]] dims [2] : tensor<4x5x8xf32> -> tensor<4x5xf32>
  %5 = tw.reduce sum %4 dims [2, 3] : tensor<4x5x8x9xf32> -> tensor<4x5xf32>
  // CHECK-NEXT: return
  return %5 : tensor<4x5xf32>
}

// What was multiplied at its own indices is taken apart, and what does not vary within the sum is multiplied with the smaller operand, here w:
// 3 8 multiplications where the result has 64 3.
// CHECK-LABEL: func @taken_apart(
// CHECK-SAME:    %[[X:.*]]: tensor<64x8xf32>, %[[W:.*]]: tensor<8x3xf32>, %[[S:.*]]: tensor<3xf32>
func.func @taken_apart(%x: tensor<64x8xf32>, %w: tensor<8x3xf32>, %s: tensor<3xf32>) -> tensor<64x3xf32> {
  %0 = tw.window %x by affine_map<(n, o, i) -> (n, i)> : tensor<64x8xf32> -> tensor<64x3x8xf32>
  %2 = tw.window %w by affine_map<(n, o, i) -> (i, o)> : tensor<8x3xf32> -> tensor<64x3x8xf32>
  %3 = tw.window %s by affine_map<(n, o, i) -> (o)> : tensor<3xf32> -> tensor<64x3x8xf32>
  %4 = tw.mul %0, %3 : tensor<64x3x8xf32>
  %5 = tw.mul %4, %2 : tensor<64x3x8xf32>
  // CHECK:      %[[SW:.*]] = tw.mul %{{.*}}, %{{.*}} : tensor<8x3xf32>
  // CHECK-NEXT: %[[Y:.*]] = tw.contract %{{.*}}, %{{.*}} over [64, 3, 8] {{.*}} -> tensor<64x3xf32>
  %6 = tw.reduce sum %5 dims [2] : tensor<64x3x8xf32> -> tensor<64x3xf32>
  // CHECK-NEXT: return %[[Y]]
  return %6 : tensor<64x3xf32>
}

// What stands outside the sum is multiplied first where it has few places.
// CHECK-LABEL: func @few_places_first(
func.func @few_places_first(%x: tensor<4x8xf32>, %a: tensor<5xf32>, %b: tensor<5xf32>) -> tensor<4x5xf32> {
  %0 = tw.window %x by affine_map<(n, o, i) -> (n, i)> : tensor<4x8xf32> -> tensor<4x5x8xf32>
  %1 = tw.window %a by affine_map<(n, o, i) -> (o)> : tensor<5xf32> -> tensor<4x5x8xf32>
  %2 = tw.window %b by affine_map<(n, o, i) -> (o)> : tensor<5xf32> -> tensor<4x5x8xf32>
  %3 = tw.mul %0, %1 : tensor<4x5x8xf32>
  %4 = tw.mul %3, %2 : tensor<4x5x8xf32>
  // CHECK-DAG: tw.mul %{{.*}}, %{{.*}} : tensor<5xf32>
  // CHECK-DAG: tw.reduce sum %{{.*}} dims [1] : tensor<4x8xf32> -> tensor<4xf32>
  // CHECK:     %[[Y:.*]] = tw.mul %{{.*}}, %{{.*}} : tensor<4x5xf32>
  %5 = tw.reduce sum %4 dims [2] : tensor<4x5x8xf32> -> tensor<4x5xf32>
  // CHECK-NEXT: return %[[Y]]
  return %5 : tensor<4x5xf32>
}

// An index that one factor alone has is summed first.
// CHECK-LABEL: func @own_index(
// CHECK-SAME:    %[[X:.*]]: tensor<5x8x7xf32>, %[[W:.*]]: tensor<8x3xf32>
func.func @own_index(%x: tensor<5x8x7xf32>, %w: tensor<8x3xf32>) -> tensor<5x3xf32> {
  %0 = tw.window %x by affine_map<(n, o, i, j) -> (n, i, j)> : tensor<5x8x7xf32> -> tensor<5x3x8x7xf32>
  %1 = tw.window %w by affine_map<(n, o, i, j) -> (i, o)> : tensor<8x3xf32> -> tensor<5x3x8x7xf32>
  %2 = tw.mul %0, %1 : tensor<5x3x8x7xf32>
  // CHECK-NEXT: %[[SUM:.*]] = tw.reduce sum %[[X]] dims [2] : tensor<5x8x7xf32> -> tensor<5x8xf32>
  // CHECK-NEXT: tw.contract %[[SUM]], %[[W]] over [5, 3, 8]
  %3 = tw.reduce sum %2 dims [2, 3] : tensor<5x3x8x7xf32> -> tensor<5x3xf32>
  // CHECK-NEXT: return
  return %3 : tensor<5x3xf32>
}

// A divisor is a factor: it goes to the operand that has its index and is the smaller.
// CHECK-LABEL: func @divisor(
// CHECK-SAME:    %[[X:.*]]: tensor<6x8xf32>, %[[A:.*]]: tensor<8x9xf32>, %[[D:.*]]: tensor<8xf32>
func.func @divisor(%x: tensor<6x8xf32>, %a: tensor<8x9xf32>, %d: tensor<8xf32>) -> tensor<6x9xf32> {
  %0 = tw.window %x by affine_map<(n, o, i) -> (n, i)> : tensor<6x8xf32> -> tensor<6x9x8xf32>
  %1 = tw.window %a by affine_map<(n, o, i) -> (i, o)> : tensor<8x9xf32> -> tensor<6x9x8xf32>
  %2 = tw.window %d by affine_map<(n, o, i) -> (i)> : tensor<8xf32> -> tensor<6x9x8xf32>
  %3 = tw.mul %0, %1 : tensor<6x9x8xf32>
  %4 = tw.div %3, %2 : tensor<6x9x8xf32>
  // CHECK-NEXT: %[[SPREAD:.*]] = tw.window %[[D]] {{.*}} : tensor<8xf32> -> tensor<6x8xf32>
  // CHECK-NEXT: %[[SCALED:.*]] = tw.div %[[X]], %[[SPREAD]] : tensor<6x8xf32>
  // CHECK-NEXT: tw.contract %[[A]], %[[SCALED]] over [6, 9, 8]
  %5 = tw.reduce sum %4 dims [2] : tensor<6x9x8xf32> -> tensor<6x9xf32>
  // CHECK-NEXT: return
  return %5 : tensor<6x9xf32>
}

// What is read twice is squared where it lies.
// CHECK-LABEL: func @read_twice(
// CHECK-SAME:    %[[X:.*]]: tensor<6x8xf32>, %[[A:.*]]: tensor<8x9xf32>
func.func @read_twice(%x: tensor<6x8xf32>, %a: tensor<8x9xf32>) -> tensor<6x9xf32> {
  %0 = tw.window %x by affine_map<(n, o, i) -> (n, i)> : tensor<6x8xf32> -> tensor<6x9x8xf32>
  %1 = tw.window %a by affine_map<(n, o, i) -> (i, o)> : tensor<8x9xf32> -> tensor<6x9x8xf32>
  %2 = tw.mul %0, %1 : tensor<6x9x8xf32>
  %3 = tw.mul %2, %0 : tensor<6x9x8xf32>
  // CHECK-NEXT: %[[SQUARE:.*]] = tw.mul %[[X]], %[[X]] : tensor<6x8xf32>
  // CHECK-NEXT: tw.contract %[[A]], %[[SQUARE]] over [6, 9, 8]
  %4 = tw.reduce sum %3 dims [2] : tensor<6x9x8xf32> -> tensor<6x9xf32>
  // CHECK-NEXT: return
  return %4 : tensor<6x9xf32>
}

// A fold of three factors, at i + j: what it is folded along is kept to the last.
// CHECK-LABEL: func @folded(
// CHECK-SAME:    %[[X:.*]]: tensor<4x6xf32>, %[[A:.*]]: tensor<4x5xf32>, %[[W:.*]]: tensor<4x3xf32>
func.func @folded(%x: tensor<4x6xf32>, %a: tensor<4x5xf32>, %w: tensor<4x3xf32>) -> tensor<10xf32> {
  %0 = tw.window %x by affine_map<(n, i, j, k) -> (n, i)> : tensor<4x6xf32> -> tensor<4x6x5x3xf32>
  %1 = tw.window %a by affine_map<(n, i, j, k) -> (n, j)> : tensor<4x5xf32> -> tensor<4x6x5x3xf32>
  %2 = tw.window %w by affine_map<(n, i, j, k) -> (n, k)> : tensor<4x3xf32> -> tensor<4x6x5x3xf32>
  %3 = tw.mul %0, %1 : tensor<4x6x5x3xf32>
  %4 = tw.mul %3, %2 : tensor<4x6x5x3xf32>
  // CHECK-NOT: tensor<4x6x5x3xf32>
  // CHECK:     tw.contract %{{.*}} over [4, 6, 5] {{.*}} -> tensor<10xf32>
  %5 = tw.fold %4 by affine_map<(n, i, j, k) -> (i + j)> : tensor<4x6x5x3xf32> -> tensor<10xf32>
  // CHECK-NEXT: return
  return %5 : tensor<10xf32>
}
