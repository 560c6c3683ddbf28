// A condition on the terms of a sum goes to the factor that has its indices: no box of all indices is written. It stays where a factor may be
// infinite or nan, for it says that a term is 0 whatever its factors are.
//
// RUN: talweg-opt %s --talweg-form-contractions | FileCheck %s

// CHECK-LABEL: func @to_the_factor_that_has_its_indices(
// CHECK-SAME: %[[X:.*]]: tensor<4x8xf32>, %[[W:.*]]: tensor<8x8xf32>, %[[C:.*]]: tensor<8x8xi1>
func.func @to_the_factor_that_has_its_indices(%x: tensor<4x8xf32>, %w: tensor<8x8xf32>, %c: tensor<8x8xi1>) -> tensor<4x8xf32> {
  %zero = tw.constant dense<0.0> : tensor<4x8x8xf32>
  %0 = tw.window %x by affine_map<(n, i, j) -> (n, j)> : tensor<4x8xf32> -> tensor<4x8x8xf32>
  %1 = tw.window %w by affine_map<(n, i, j) -> (i, j)> : tensor<8x8xf32> -> tensor<4x8x8xf32>
  %2 = tw.window %c by affine_map<(n, i, j) -> (i, j)> : tensor<8x8xi1> -> tensor<4x8x8xi1>
  %3 = tw.mul %0, %1 : tensor<4x8x8xf32>
  %4 = tw.select %2, %3, %zero : tensor<4x8x8xi1>, tensor<4x8x8xf32>
  // CHECK-NEXT: %[[ZERO:.*]] = tw.constant dense<0.000000e+00> : tensor<8x8xf32>
  // CHECK-NEXT: %[[MASKED:.*]] = tw.select %[[C]], %[[W]], %[[ZERO]] : tensor<8x8xi1>, tensor<8x8xf32>
  // CHECK-NEXT: tw.contract %[[X]], %[[MASKED]] over [4, 8, 8]
  %5 = tw.reduce sum %4 dims [2] : tensor<4x8x8xf32> -> tensor<4x8xf32>
  return %5 : tensor<4x8xf32>
}


// CHECK-LABEL: func @where_it_does_not_hold(
// CHECK-SAME: %[[X:.*]]: tensor<4x8xf32>, %[[W:.*]]: tensor<8x8xf32>, %[[C:.*]]: tensor<8x8xi1>
func.func @where_it_does_not_hold(%x: tensor<4x8xf32>, %w: tensor<8x8xf32>, %c: tensor<8x8xi1>) -> tensor<4x8xf32> {
  %zero = tw.constant dense<0.0> : tensor<4x8x8xf32>
  %0 = tw.window %x by affine_map<(n, i, j) -> (n, j)> : tensor<4x8xf32> -> tensor<4x8x8xf32>
  %1 = tw.window %w by affine_map<(n, i, j) -> (i, j)> : tensor<8x8xf32> -> tensor<4x8x8xf32>
  %2 = tw.window %c by affine_map<(n, i, j) -> (i, j)> : tensor<8x8xi1> -> tensor<4x8x8xi1>
  %3 = tw.mul %0, %1 : tensor<4x8x8xf32>
  %4 = tw.select %2, %zero, %3 : tensor<4x8x8xi1>, tensor<4x8x8xf32>
  // CHECK:     %[[MASKED:.*]] = tw.select %[[C]], %{{.*}}, %[[W]] : tensor<8x8xi1>, tensor<8x8xf32>
  // CHECK-NEXT: tw.contract %[[X]], %[[MASKED]] over [4, 8, 8]
  %5 = tw.reduce sum %4 dims [2] : tensor<4x8x8xf32> -> tensor<4x8xf32>
  return %5 : tensor<4x8xf32>
}


// Here no factor has both of its indices: it is a matrix of zeros and ones.
// CHECK-LABEL: func @of_no_factor(
// CHECK-SAME: %[[X:.*]]: tensor<4x8xf32>, %[[W:.*]]: tensor<6xf32>, %[[C:.*]]: tensor<6x8xi1>
func.func @of_no_factor(%x: tensor<4x8xf32>, %w: tensor<6xf32>, %c: tensor<6x8xi1>) -> tensor<4xf32> {
  %zero = tw.constant dense<0.0> : tensor<4x6x8xf32>
  %0 = tw.window %x by affine_map<(n, i, j) -> (n, j)> : tensor<4x8xf32> -> tensor<4x6x8xf32>
  %1 = tw.window %w by affine_map<(n, i, j) -> (i)> : tensor<6xf32> -> tensor<4x6x8xf32>
  %2 = tw.window %c by affine_map<(n, i, j) -> (i, j)> : tensor<6x8xi1> -> tensor<4x6x8xi1>
  %3 = tw.mul %0, %1 : tensor<4x6x8xf32>
  %4 = tw.select %2, %3, %zero : tensor<4x6x8xi1>, tensor<4x6x8xf32>
  // CHECK-DAG: %[[ONE:.*]] = tw.constant dense<1.000000e+00> : tensor<6x8xf32>
  // CHECK-DAG: %[[ZERO:.*]] = tw.constant dense<0.000000e+00> : tensor<6x8xf32>
  // CHECK:     %[[MATRIX:.*]] = tw.select %[[C]], %[[ONE]], %[[ZERO]]
  // CHECK-NEXT: %[[SUMS:.*]] = tw.contract %[[MATRIX]], %[[W]] over [6, 8]
  // CHECK-NEXT: tw.contract %[[X]], %[[SUMS]] over [4, 8]
  %5 = tw.reduce sum %4 dims [1, 2] : tensor<4x6x8xf32> -> tensor<4xf32>
  return %5 : tensor<4xf32>
}


// What does not vary within the sum selects sums.
// CHECK-LABEL: func @outside(
// CHECK-SAME: %[[X:.*]]: tensor<4x8xf32>, %[[W:.*]]: tensor<8x6xf32>, %[[C:.*]]: tensor<4xi1>
func.func @outside(%x: tensor<4x8xf32>, %w: tensor<8x6xf32>, %c: tensor<4xi1>) -> tensor<4x6xf32> {
  %zero = tw.constant dense<0.0> : tensor<4x6x8xf32>
  %0 = tw.window %x by affine_map<(n, i, j) -> (n, j)> : tensor<4x8xf32> -> tensor<4x6x8xf32>
  %1 = tw.window %w by affine_map<(n, i, j) -> (j, i)> : tensor<8x6xf32> -> tensor<4x6x8xf32>
  %2 = tw.window %c by affine_map<(n, i, j) -> (n)> : tensor<4xi1> -> tensor<4x6x8xi1>
  %3 = tw.mul %0, %1 : tensor<4x6x8xf32>
  %4 = tw.select %2, %3, %zero : tensor<4x6x8xi1>, tensor<4x6x8xf32>
  // CHECK:     %[[SUM:.*]] = tw.contract %[[X]], %[[W]] over [4, 6, 8]
  // CHECK-NEXT: %[[SPREAD:.*]] = tw.window %[[C]] by
  // CHECK-NEXT: tw.select %[[SPREAD]], %[[SUM]], %{{.*}} : tensor<4x6xi1>, tensor<4x6xf32>
  %5 = tw.reduce sum %4 dims [2] : tensor<4x6x8xf32> -> tensor<4x6xf32>
  return %5 : tensor<4x6xf32>
}


// Each to its own.
// CHECK-LABEL: func @two(
// CHECK-SAME: %[[X:.*]]: tensor<4x8xf32>, %[[W:.*]]: tensor<8x6xf32>, %[[C:.*]]: tensor<4x8xi1>, %[[D:.*]]: tensor<8x6xi1>
func.func @two(%x: tensor<4x8xf32>, %w: tensor<8x6xf32>, %c: tensor<4x8xi1>, %d: tensor<8x6xi1>) -> tensor<4x6xf32> {
  %zero = tw.constant dense<0.0> : tensor<4x6x8xf32>
  %0 = tw.window %x by affine_map<(n, i, j) -> (n, j)> : tensor<4x8xf32> -> tensor<4x6x8xf32>
  %1 = tw.window %w by affine_map<(n, i, j) -> (j, i)> : tensor<8x6xf32> -> tensor<4x6x8xf32>
  %2 = tw.window %c by affine_map<(n, i, j) -> (n, j)> : tensor<4x8xi1> -> tensor<4x6x8xi1>
  %3 = tw.window %d by affine_map<(n, i, j) -> (j, i)> : tensor<8x6xi1> -> tensor<4x6x8xi1>
  %4 = tw.mul %0, %1 : tensor<4x6x8xf32>
  %5 = tw.select %2, %4, %zero : tensor<4x6x8xi1>, tensor<4x6x8xf32>
  %6 = tw.select %3, %5, %zero : tensor<4x6x8xi1>, tensor<4x6x8xf32>
  // CHECK-DAG: %[[ROWS:.*]] = tw.select %[[C]], %[[X]], %{{.*}} : tensor<4x8xi1>, tensor<4x8xf32>
  // CHECK-DAG: %[[COLUMNS:.*]] = tw.select %[[D]], %[[W]], %{{.*}} : tensor<8x6xi1>, tensor<8x6xf32>
  // CHECK:     tw.contract %[[ROWS]], %[[COLUMNS]] over [4, 6, 8]
  %7 = tw.reduce sum %6 dims [2] : tensor<4x6x8xf32> -> tensor<4x6xf32>
  return %7 : tensor<4x6xf32>
}


// Where nothing is contracted, it stays.
// CHECK-LABEL: func @counted(
func.func @counted(%s: tensor<8xf32>, %c: tensor<8x6xi1>) -> tensor<8xf32> {
  %zero = tw.constant dense<0.0> : tensor<8x6xf32>
  %0 = tw.window %s by affine_map<(i, j) -> (i)> : tensor<8xf32> -> tensor<8x6xf32>
  %1 = tw.select %c, %0, %zero : tensor<8x6xi1>, tensor<8x6xf32>
  // CHECK:     %[[HOLDS:.*]] = tw.select
  // CHECK-NEXT: %[[SUM:.*]] = tw.reduce sum %[[HOLDS]] dims [1]
  // CHECK-NEXT: return %[[SUM]]
  %2 = tw.reduce sum %1 dims [1] : tensor<8x6xf32> -> tensor<8xf32>
  return %2 : tensor<8xf32>
}


// A divisor that is positive is a factor like others.
// CHECK-LABEL: func @divisor(
// CHECK-SAME: %[[X:.*]]: tensor<4x8xf32>, %[[W:.*]]: tensor<8x8xf32>, %{{.*}}: tensor<8xf32>, %[[C:.*]]: tensor<8x8xi1>
func.func @divisor(%x: tensor<4x8xf32>, %w: tensor<8x8xf32>, %d: tensor<8xf32>, %c: tensor<8x8xi1>) -> tensor<4x8xf32> {
  %zero = tw.constant dense<0.0> : tensor<4x8x8xf32>
  %0 = tw.window %x by affine_map<(n, i, j) -> (n, j)> : tensor<4x8xf32> -> tensor<4x8x8xf32>
  %1 = tw.window %w by affine_map<(n, i, j) -> (i, j)> : tensor<8x8xf32> -> tensor<4x8x8xf32>
  %2 = tw.window %c by affine_map<(n, i, j) -> (i, j)> : tensor<8x8xi1> -> tensor<4x8x8xi1>
  %one = tw.constant dense<1.0> : tensor<8xf32>
  %sq = tw.mul %d, %d : tensor<8xf32>
  %dd = tw.add %sq, %one : tensor<8xf32>
  %6 = tw.window %dd by affine_map<(n, i, j) -> (j)> : tensor<8xf32> -> tensor<4x8x8xf32>
  %3 = tw.mul %0, %1 : tensor<4x8x8xf32>
  %7 = tw.div %3, %6 : tensor<4x8x8xf32>
  %4 = tw.select %2, %7, %zero : tensor<4x8x8xi1>, tensor<4x8x8xf32>
  // CHECK-DAG: %[[MASKED:.*]] = tw.select %[[C]], %[[W]], %{{.*}} : tensor<8x8xi1>, tensor<8x8xf32>
  // CHECK-DAG: %[[SCALED:.*]] = tw.div %[[X]], %{{.*}} : tensor<4x8xf32>
  // CHECK:     tw.contract %[[MASKED]], %[[SCALED]] over [4, 8, 8]
  %5 = tw.reduce sum %4 dims [2] : tensor<4x8x8xf32> -> tensor<4x8xf32>
  return %5 : tensor<4x8xf32>
}


// log x may be infinite where the condition fails.
// CHECK-LABEL: func @stays_with_a_logarithm(
func.func @stays_with_a_logarithm(%x: tensor<4x8xf32>, %w: tensor<8x8xf32>, %c: tensor<8x8xi1>) -> tensor<4x8xf32> {
  %zero = tw.constant dense<0.0> : tensor<4x8x8xf32>
  %log = tw.log %x : tensor<4x8xf32>
  %0 = tw.window %log by affine_map<(n, i, j) -> (n, j)> : tensor<4x8xf32> -> tensor<4x8x8xf32>
  %1 = tw.window %w by affine_map<(n, i, j) -> (i, j)> : tensor<8x8xf32> -> tensor<4x8x8xf32>
  %2 = tw.window %c by affine_map<(n, i, j) -> (i, j)> : tensor<8x8xi1> -> tensor<4x8x8xi1>
  %3 = tw.mul %0, %1 : tensor<4x8x8xf32>
  %4 = tw.select %2, %3, %zero : tensor<4x8x8xi1>, tensor<4x8x8xf32>
  // CHECK:     %[[TERM:.*]] = tw.select %{{.*}} : tensor<4x8x8xi1>, tensor<4x8x8xf32>
  // CHECK-NEXT: tw.reduce sum %[[TERM]] dims [2]
  %5 = tw.reduce sum %4 dims [2] : tensor<4x8x8xf32> -> tensor<4x8xf32>
  return %5 : tensor<4x8xf32>
}


// CHECK-LABEL: func @stays_with_a_divisor_that_may_be_0(
func.func @stays_with_a_divisor_that_may_be_0(%x: tensor<4x8xf32>, %w: tensor<8x8xf32>, %d: tensor<8xf32>, %c: tensor<8x8xi1>) -> tensor<4x8xf32> {
  %zero = tw.constant dense<0.0> : tensor<4x8x8xf32>
  %0 = tw.window %x by affine_map<(n, i, j) -> (n, j)> : tensor<4x8xf32> -> tensor<4x8x8xf32>
  %1 = tw.window %w by affine_map<(n, i, j) -> (i, j)> : tensor<8x8xf32> -> tensor<4x8x8xf32>
  %2 = tw.window %c by affine_map<(n, i, j) -> (i, j)> : tensor<8x8xi1> -> tensor<4x8x8xi1>
  %6 = tw.window %d by affine_map<(n, i, j) -> (j)> : tensor<8xf32> -> tensor<4x8x8xf32>
  %3 = tw.mul %0, %1 : tensor<4x8x8xf32>
  %7 = tw.div %3, %6 : tensor<4x8x8xf32>
  %4 = tw.select %2, %7, %zero : tensor<4x8x8xi1>, tensor<4x8x8xf32>
  // CHECK:     %[[TERM:.*]] = tw.select %{{.*}} : tensor<4x8x8xi1>, tensor<4x8x8xf32>
  // CHECK-NEXT: tw.reduce sum %[[TERM]] dims [2]
  %5 = tw.reduce sum %4 dims [2] : tensor<4x8x8xf32> -> tensor<4x8xf32>
  return %5 : tensor<4x8xf32>
}


// 0 times infinity is no number: it is not taken out of the sum.
// CHECK-LABEL: func @stays_with_an_infinite_number(
func.func @stays_with_an_infinite_number(%c: tensor<8x6xi1>) -> tensor<8xf32> {
  %zero = tw.constant dense<0.0> : tensor<8x6xf32>
  %inf = tw.constant dense<0xFF800000> : tensor<8x6xf32>
  %0 = tw.select %c, %zero, %inf : tensor<8x6xi1>, tensor<8x6xf32>
  // CHECK:     %[[TERM:.*]] = tw.select %{{.*}} : tensor<8x6xi1>, tensor<8x6xf32>
  // CHECK-NEXT: %[[SUM:.*]] = tw.reduce sum %[[TERM]] dims [1]
  // CHECK-NEXT: return %[[SUM]]
  %1 = tw.reduce sum %0 dims [1] : tensor<8x6xf32> -> tensor<8xf32>
  return %1 : tensor<8xf32>
}


// What a loop carries is finite if it starts so and no turn makes it otherwise; a slice is what the stack is.
// CHECK-LABEL: func @in_a_loop(
func.func @in_a_loop(%h: tensor<4x8xf32>, %x: tensor<3x4x8xf32>, %w: tensor<8x8xf32>, %c: tensor<8x8xi1>) -> tensor<4x8xf32> {
  %log = tw.log %x : tensor<3x4x8xf32>
  // CHECK:     ^bb0(%{{.*}}, %[[H:.*]]: tensor<4x8xf32>, %{{.*}}: tensor<4x8xf32>, %[[W:.*]]: tensor<8x8xf32>, %[[C:.*]]: tensor<8x8xi1>):
  %r = tw.scan 3 from %h : tensor<4x8xf32> along %log : tensor<3x4x8xf32> with %w, %c : tensor<8x8xf32>, tensor<8x8xi1> -> tensor<4x8xf32> {
  ^bb0(%turn: tensor<i32>, %a: tensor<4x8xf32>, %l: tensor<4x8xf32>, %v: tensor<8x8xf32>, %d: tensor<8x8xi1>):
    %zero = tw.constant dense<0.0> : tensor<4x8x8xf32>
    %0 = tw.window %a by affine_map<(n, i, j) -> (n, j)> : tensor<4x8xf32> -> tensor<4x8x8xf32>
    %1 = tw.window %v by affine_map<(n, i, j) -> (i, j)> : tensor<8x8xf32> -> tensor<4x8x8xf32>
    %2 = tw.window %d by affine_map<(n, i, j) -> (i, j)> : tensor<8x8xi1> -> tensor<4x8x8xi1>
    %3 = tw.mul %0, %1 : tensor<4x8x8xf32>
    %4 = tw.select %2, %3, %zero : tensor<4x8x8xi1>, tensor<4x8x8xf32>
    // CHECK:     %[[MASKED:.*]] = tw.select %[[C]], %[[W]], %{{.*}} : tensor<8x8xi1>, tensor<8x8xf32>
    // CHECK:     tw.contract %[[H]], %[[MASKED]] over [4, 8, 8]
    %5 = tw.reduce sum %4 dims [2] : tensor<4x8x8xf32> -> tensor<4x8xf32>
    %6 = tw.window %l by affine_map<(n, i, j) -> (n, j)> : tensor<4x8xf32> -> tensor<4x8x8xf32>
    %7 = tw.mul %6, %1 : tensor<4x8x8xf32>
    %8 = tw.select %2, %7, %zero : tensor<4x8x8xi1>, tensor<4x8x8xf32>
    // CHECK:     %[[TERM:.*]] = tw.select %{{.*}} : tensor<4x8x8xi1>, tensor<4x8x8xf32>
    // CHECK:     %[[SUM:.*]] = tw.reduce sum %[[TERM]] dims [2]
    %9 = tw.reduce sum %8 dims [2] : tensor<4x8x8xf32> -> tensor<4x8xf32>
    %10 = tw.compare gt %9, %5 : tensor<4x8xf32> -> tensor<4x8xi1>
    %flat = tw.constant dense<1.0> : tensor<4x8xf32>
    %11 = tw.select %10, %flat, %5 : tensor<4x8xi1>, tensor<4x8xf32>
    // CHECK:     tw.yield
    tw.yield %11 : tensor<4x8xf32>
  }
  return %r : tensor<4x8xf32>
}


// Of a condition and another each goes to the factor that has its indices.
// CHECK-LABEL: func @both(
// CHECK-SAME: %[[X:.*]]: tensor<4x8xf32>, %[[W:.*]]: tensor<8x6xf32>, %[[OF_X:.*]]: tensor<4x8xi1>, %[[OF_W:.*]]: tensor<8x6xi1>
func.func @both(%x: tensor<4x8xf32>, %w: tensor<8x6xf32>, %c: tensor<4x8xi1>, %d: tensor<8x6xi1>) -> tensor<4x6xf32> {
  %zero = tw.constant dense<0.0> : tensor<4x6x8xf32>
  %0 = tw.window %x by affine_map<(n, i, j) -> (n, j)> : tensor<4x8xf32> -> tensor<4x6x8xf32>
  %1 = tw.window %w by affine_map<(n, i, j) -> (j, i)> : tensor<8x6xf32> -> tensor<4x6x8xf32>
  %2 = tw.window %c by affine_map<(n, i, j) -> (n, j)> : tensor<4x8xi1> -> tensor<4x6x8xi1>
  %3 = tw.window %d by affine_map<(n, i, j) -> (j, i)> : tensor<8x6xi1> -> tensor<4x6x8xi1>
  %4 = tw.and %2, %3 : tensor<4x6x8xi1>
  %5 = tw.mul %0, %1 : tensor<4x6x8xf32>
  %6 = tw.select %4, %5, %zero : tensor<4x6x8xi1>, tensor<4x6x8xf32>
  // CHECK-DAG: %[[MASKED_X:.*]] = tw.select %[[OF_X]], %[[X]], %{{.*}} : tensor<4x8xi1>
  // CHECK-DAG: %[[MASKED_W:.*]] = tw.select %[[OF_W]], %[[W]], %{{.*}} : tensor<8x6xi1>
  // CHECK:     tw.contract %[[MASKED_X]], %[[MASKED_W]] over [4, 6, 8]
  %7 = tw.reduce sum %6 dims [2] : tensor<4x6x8xf32> -> tensor<4x6xf32>
  return %7 : tensor<4x6xf32>
}
