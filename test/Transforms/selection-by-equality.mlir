// A sum over k of what is there where a position equals k looks it up: positions that are no place along k give 0.
//
// RUN: talweg-opt %s --talweg-form-contractions | FileCheck %s

// CHECK-LABEL: func @row(
// CHECK-SAME: %[[TABLE:.*]]: tensor<20x5xf32>, %[[ID:.*]]: tensor<4xi32>
func.func @row(%e: tensor<20x5xf32>, %id: tensor<4xi32>) -> tensor<4x5xf32> {
  %zero = tw.constant dense<0.0> : tensor<4x20x5xf32>
  %iota = tw.iota 0 : tensor<20xi32>
  %0 = tw.window %id by affine_map<(n, k) -> (n)> : tensor<4xi32> -> tensor<4x20xi32>
  %1 = tw.window %iota by affine_map<(n, k) -> (k)> : tensor<20xi32> -> tensor<4x20xi32>
  %2 = tw.compare eq %0, %1 : tensor<4x20xi32> -> tensor<4x20xi1>
  %3 = tw.window %2 by affine_map<(n, k, f) -> (n, k)> : tensor<4x20xi1> -> tensor<4x20x5xi1>
  %4 = tw.window %e by affine_map<(n, k, f) -> (k, f)> : tensor<20x5xf32> -> tensor<4x20x5xf32>
  %5 = tw.select %3, %4, %zero : tensor<4x20x5xi1>, tensor<4x20x5xf32>
  // CHECK-DAG: %[[FIRST:.*]] = tw.constant dense<0> : tensor<4xi32>
  // CHECK-DAG: %[[END:.*]] = tw.constant dense<20> : tensor<4xi32>
  // CHECK:     %[[ROWS:.*]] = tw.gather %[[TABLE]] at %[[ID]] : tensor<20x5xf32>, tensor<4xi32> -> tensor<4x5xf32>
  // CHECK-DAG: %[[FROM:.*]] = tw.compare ge %[[ID]], %[[FIRST]]
  // CHECK-DAG: %[[BELOW:.*]] = tw.compare lt %[[ID]], %[[END]]
  // CHECK:     %[[IS_THERE:.*]] = tw.and %[[FROM]], %[[BELOW]] : tensor<4xi1>
  // CHECK:     %[[SPREAD:.*]] = tw.window %[[IS_THERE]] by
  // CHECK:     tw.select %[[SPREAD]], %[[ROWS]], %{{.*}} : tensor<4x5xi1>, tensor<4x5xf32>
  %6 = tw.reduce sum %5 dims [1] : tensor<4x20x5xf32> -> tensor<4x5xf32>
  return %6 : tensor<4x5xf32>
}


// Zeros and ones are conditions.
// CHECK-LABEL: func @one_hot_product(
// CHECK-SAME: %[[TABLE:.*]]: tensor<20x5xf32>, %[[ID:.*]]: tensor<4xi32>
func.func @one_hot_product(%e: tensor<20x5xf32>, %id: tensor<4xi32>) -> tensor<4x5xf32> {
  %zero = tw.constant dense<0.0> : tensor<4x20x5xf32>
  %one = tw.constant dense<1.0> : tensor<4x20x5xf32>
  %iota = tw.iota 1 : tensor<4x20x5xi32>
  %0 = tw.window %id by affine_map<(n, k, f) -> (n)> : tensor<4xi32> -> tensor<4x20x5xi32>
  %2 = tw.compare eq %0, %iota : tensor<4x20x5xi32> -> tensor<4x20x5xi1>
  %hot = tw.select %2, %one, %zero : tensor<4x20x5xi1>, tensor<4x20x5xf32>
  %4 = tw.window %e by affine_map<(n, k, f) -> (k, f)> : tensor<20x5xf32> -> tensor<4x20x5xf32>
  %5 = tw.mul %hot, %4 : tensor<4x20x5xf32>
  // CHECK:     %[[ROWS:.*]] = tw.gather %[[TABLE]] at %[[ID]] : tensor<20x5xf32>, tensor<4xi32> -> tensor<4x5xf32>
  // CHECK:     tw.select %{{.*}}, %[[ROWS]], %{{.*}} : tensor<4x5xi1>, tensor<4x5xf32>
  %6 = tw.reduce sum %5 dims [1] : tensor<4x20x5xf32> -> tensor<4x5xf32>
  return %6 : tensor<4x5xf32>
}


// Positions of two indices, one of which is summed.
// CHECK-LABEL: func @several(
// CHECK-SAME: %[[TABLE:.*]]: tensor<20x5xf32>, %[[ID:.*]]: tensor<4x3xi32>
func.func @several(%e: tensor<20x5xf32>, %id: tensor<4x3xi32>) -> tensor<4x5xf32> {
  %zero = tw.constant dense<0.0> : tensor<4x3x20x5xf32>
  %iota = tw.iota 0 : tensor<20xi32>
  %0 = tw.window %id by affine_map<(n, t, k) -> (n, t)> : tensor<4x3xi32> -> tensor<4x3x20xi32>
  %1 = tw.window %iota by affine_map<(n, t, k) -> (k)> : tensor<20xi32> -> tensor<4x3x20xi32>
  %2 = tw.compare eq %1, %0 : tensor<4x3x20xi32> -> tensor<4x3x20xi1>
  %3 = tw.window %2 by affine_map<(n, t, k, f) -> (n, t, k)> : tensor<4x3x20xi1> -> tensor<4x3x20x5xi1>
  %4 = tw.window %e by affine_map<(n, t, k, f) -> (k, f)> : tensor<20x5xf32> -> tensor<4x3x20x5xf32>
  %5 = tw.select %3, %4, %zero : tensor<4x3x20x5xi1>, tensor<4x3x20x5xf32>
  // CHECK:     %[[ROWS:.*]] = tw.gather %[[TABLE]] at %[[ID]] : tensor<20x5xf32>, tensor<4x3xi32> -> tensor<4x3x5xf32>
  // CHECK:     %[[FOUND:.*]] = tw.select %{{.*}}, %[[ROWS]], %{{.*}} : tensor<4x3x5xi1>, tensor<4x3x5xf32>
  // CHECK:     tw.reduce sum %[[FOUND]] dims [1] : tensor<4x3x5xf32> -> tensor<4x5xf32>
  %6 = tw.reduce sum %5 dims [1, 2] : tensor<4x3x20x5xf32> -> tensor<4x5xf32>
  return %6 : tensor<4x5xf32>
}


// The table lies the other way round and has more rows than are selected from. The other factor is contracted with what is found.
// CHECK-LABEL: func @behind(
// CHECK-SAME: %[[TABLE:.*]]: tensor<5x24xf32>, %[[ID:.*]]: tensor<4xi32>, %[[W:.*]]: tensor<5x3xf32>
func.func @behind(%e: tensor<5x24xf32>, %id: tensor<4xi32>, %w: tensor<5x3xf32>) -> tensor<4x3xf32> {
  %zero = tw.constant dense<0.0> : tensor<4x3x20x5xf32>
  %iota = tw.iota 0 : tensor<20xi32>
  %0 = tw.window %id by affine_map<(n, k) -> (n)> : tensor<4xi32> -> tensor<4x20xi32>
  %1 = tw.window %iota by affine_map<(n, k) -> (k)> : tensor<20xi32> -> tensor<4x20xi32>
  %2 = tw.compare eq %0, %1 : tensor<4x20xi32> -> tensor<4x20xi1>
  %3 = tw.window %2 by affine_map<(n, o, k, f) -> (n, k)> : tensor<4x20xi1> -> tensor<4x3x20x5xi1>
  %4 = tw.window %e by affine_map<(n, o, k, f) -> (f, k)> : tensor<5x24xf32> -> tensor<4x3x20x5xf32>
  %8 = tw.window %w by affine_map<(n, o, k, f) -> (f, o)> : tensor<5x3xf32> -> tensor<4x3x20x5xf32>
  %9 = tw.mul %4, %8 : tensor<4x3x20x5xf32>
  %5 = tw.select %3, %9, %zero : tensor<4x3x20x5xi1>, tensor<4x3x20x5xf32>
  // CHECK:     %[[END:.*]] = tw.constant dense<20> : tensor<4xi32>
  // CHECK:     %[[TURNED:.*]] = tw.window %[[TABLE]] {{.*}} : tensor<5x24xf32> -> tensor<24x5xf32>
  // CHECK:     %[[ROWS:.*]] = tw.gather %[[TURNED]] at %[[ID]] : tensor<24x5xf32>, tensor<4xi32> -> tensor<4x5xf32>
  // CHECK:     tw.compare lt %[[ID]], %[[END]]
  // CHECK:     %[[SUM:.*]] = tw.contract %[[ROWS]], %[[W]] over [4, 3, 5]
  // CHECK:     tw.select %{{.*}}, %[[SUM]], %{{.*}} : tensor<4x3xi1>, tensor<4x3xf32>
  %6 = tw.reduce sum %5 dims [2, 3] : tensor<4x3x20x5xf32> -> tensor<4x3xf32>
  return %6 : tensor<4x3xf32>
}


// So few are compared.
// CHECK-LABEL: func @few(
// CHECK-SAME: %[[TABLE:.*]]: tensor<7x5xf32>, %[[ID:.*]]: tensor<4xi32>
func.func @few(%e: tensor<7x5xf32>, %id: tensor<4xi32>) -> tensor<4x5xf32> {
  %zero = tw.constant dense<0.0> : tensor<4x7x5xf32>
  %iota = tw.iota 0 : tensor<7xi32>
  %0 = tw.window %id by affine_map<(n, k) -> (n)> : tensor<4xi32> -> tensor<4x7xi32>
  %1 = tw.window %iota by affine_map<(n, k) -> (k)> : tensor<7xi32> -> tensor<4x7xi32>
  %2 = tw.compare eq %0, %1 : tensor<4x7xi32> -> tensor<4x7xi1>
  %3 = tw.window %2 by affine_map<(n, k, f) -> (n, k)> : tensor<4x7xi1> -> tensor<4x7x5xi1>
  %4 = tw.window %e by affine_map<(n, k, f) -> (k, f)> : tensor<7x5xf32> -> tensor<4x7x5xf32>
  %5 = tw.select %3, %4, %zero : tensor<4x7x5xi1>, tensor<4x7x5xf32>
  // CHECK-NOT: tw.gather
  // CHECK:     tw.compare eq
  // CHECK:     tw.contract
  %6 = tw.reduce sum %5 dims [1] : tensor<4x7x5xf32> -> tensor<4x5xf32>
  return %6 : tensor<4x5xf32>
}


// A row of x is not a table: there is one for each position.
// CHECK-LABEL: func @of_the_same_row(
func.func @of_the_same_row(%x: tensor<4x20xf32>, %id: tensor<4xi32>) -> tensor<4xf32> {
  %zero = tw.constant dense<0.0> : tensor<4x20xf32>
  %iota = tw.iota 1 : tensor<4x20xi32>
  %0 = tw.window %id by affine_map<(n, k) -> (n)> : tensor<4xi32> -> tensor<4x20xi32>
  %1 = tw.compare eq %0, %iota : tensor<4x20xi32> -> tensor<4x20xi1>
  %2 = tw.select %1, %x, %zero : tensor<4x20xi1>, tensor<4x20xf32>
  // CHECK-NOT: tw.gather
  // CHECK:     tw.reduce sum
  %3 = tw.reduce sum %2 dims [1] : tensor<4x20xf32> -> tensor<4xf32>
  return %3 : tensor<4xf32>
}


// So they are where they have a name, and others read them too.
// CHECK-LABEL: func @named(
// CHECK-SAME: %[[TABLE:.*]]: tensor<20x5xf32>, %[[ID:.*]]: tensor<4xi32>
func.func @named(%e: tensor<20x5xf32>, %id: tensor<4xi32>) -> (tensor<4x5xf32>, tensor<4x20xf32>) {
  %zero = tw.constant dense<0.0> : tensor<4x20xf32>
  %one = tw.constant dense<1.0> : tensor<4x20xf32>
  %iota = tw.iota 0 : tensor<20xi32>
  %0 = tw.window %id by affine_map<(n, k) -> (n)> : tensor<4xi32> -> tensor<4x20xi32>
  %1 = tw.window %iota by affine_map<(n, k) -> (k)> : tensor<20xi32> -> tensor<4x20xi32>
  %2 = tw.compare eq %0, %1 : tensor<4x20xi32> -> tensor<4x20xi1>
  %h = tw.select %2, %one, %zero : tensor<4x20xi1>, tensor<4x20xf32>
  %3 = tw.window %h by affine_map<(n, k, f) -> (n, k)> : tensor<4x20xf32> -> tensor<4x20x5xf32>
  %4 = tw.window %e by affine_map<(n, k, f) -> (k, f)> : tensor<20x5xf32> -> tensor<4x20x5xf32>
  %5 = tw.mul %3, %4 : tensor<4x20x5xf32>
  // CHECK: tw.gather %[[TABLE]] at %[[ID]] : tensor<20x5xf32>, tensor<4xi32> -> tensor<4x5xf32>
  // CHECK-NOT: tw.contract
  // CHECK: return
  %6 = tw.reduce sum %5 dims [1] : tensor<4x20x5xf32> -> tensor<4x5xf32>
  return %6, %h : tensor<4x5xf32>, tensor<4x20xf32>
}
