// What does not depend on what is carried is computed for all turns at once: in front of the loop, or behind it.
// RUN: talweg-opt %s --talweg-lift-out-of-scans --canonicalize | FileCheck %s

#in_a = affine_map<(n, o, i) -> (n, i)>
#in_b = affine_map<(n, o, i) -> (i, o)>
#in_y = affine_map<(n, o, i) -> (n, o)>
#of_a = affine_map<(i, o, n) -> (n, i)>
#of_b = affine_map<(i, o, n) -> (n, o)>
#of_y = affine_map<(i, o, n) -> (i, o)>

// The input's product of a recurrent layer is one over (t, n) in front; that of the state stays.
// CHECK-LABEL: func.func @in_front
// CHECK-SAME:  (%[[X:.*]]: tensor<5x4x3xf32>, %[[W:.*]]: tensor<3x2xf32>, %[[U:.*]]: tensor<2x2xf32>, %[[H:.*]]: tensor<4x2xf32>)
// CHECK:       %[[ALL:.*]] = tw.contract %[[X]], %[[W]] over [5, 4, 2, 3] {{.*}} : tensor<5x4x3xf32>, tensor<3x2xf32> -> tensor<5x4x2xf32>
// CHECK:       tw.scan 5 from %[[H]] : tensor<4x2xf32> along %[[ALL]] : tensor<5x4x2xf32> with %[[U]] : tensor<2x2xf32>
// CHECK:       ^bb0(%{{.*}}: tensor<i32>, %[[CARRIED:.*]]: tensor<4x2xf32>, %[[SLICE:.*]]: tensor<4x2xf32>, %[[V:.*]]: tensor<2x2xf32>):
// CHECK-NEXT:    %[[PRODUCT:.*]] = tw.contract %[[CARRIED]], %[[V]] over [4, 2, 2]
// CHECK-NEXT:    %[[SUM:.*]] = tw.add %[[SLICE]], %[[PRODUCT]]
// CHECK-NEXT:    tw.tanh %[[SUM]]
func.func @in_front(%x: tensor<5x4x3xf32>, %w: tensor<3x2xf32>, %u: tensor<2x2xf32>, %h: tensor<4x2xf32>) -> tensor<4x2xf32> {
  %0 = tw.scan 5 from %h : tensor<4x2xf32> along %x : tensor<5x4x3xf32> with %w, %u : tensor<3x2xf32>, tensor<2x2xf32> -> tensor<4x2xf32> {
  ^bb0(%turn: tensor<i32>, %c: tensor<4x2xf32>, %slice: tensor<4x3xf32>, %v: tensor<3x2xf32>, %r: tensor<2x2xf32>):
    %in = tw.contract %slice, %v over [4, 2, 3] a #in_a b #in_b y #in_y : tensor<4x3xf32>, tensor<3x2xf32> -> tensor<4x2xf32>
    %rec = tw.contract %c, %r over [4, 2, 2] a #in_a b #in_b y #in_y : tensor<4x2xf32>, tensor<2x2xf32> -> tensor<4x2xf32>
    %sum = tw.add %in, %rec : tensor<4x2xf32>
    %next = tw.tanh %sum : tensor<4x2xf32>
    tw.yield %next : tensor<4x2xf32>
  }
  return %0 : tensor<4x2xf32>
}

// A sum over the turns, of products of what each of them has, is one product over (t, n) behind.
// CHECK-LABEL: func.func @behind
// CHECK-SAME:  (%[[X:.*]]: tensor<5x4x3xf32>, %[[D:.*]]: tensor<4x2xf32>, %[[ZERO:.*]]: tensor<3x2xf32>)
// CHECK:       %[[LOOP:.*]]:2 = tw.scan 5 reversed from %[[D]] : tensor<4x2xf32> -> tensor<4x2xf32>, tensor<5x4x2xf32> {
// CHECK-NOT:     tw.contract
// CHECK:       }
// CHECK:       %[[SUM:.*]] = tw.contract %[[X]], %[[LOOP]]#1 over [5, 3, 2, 4] {{.*}} : tensor<5x4x3xf32>, tensor<5x4x2xf32> -> tensor<3x2xf32>
// CHECK:       tw.add %[[ZERO]], %[[SUM]]
func.func @behind(%x: tensor<5x4x3xf32>, %d: tensor<4x2xf32>, %zero: tensor<3x2xf32>) -> tensor<3x2xf32> {
  %0:2 = tw.scan 5 reversed from %d, %zero : tensor<4x2xf32>, tensor<3x2xf32> along %x : tensor<5x4x3xf32> -> tensor<4x2xf32>, tensor<3x2xf32> {
  ^bb0(%turn: tensor<i32>, %c: tensor<4x2xf32>, %sum: tensor<3x2xf32>, %slice: tensor<4x3xf32>):
    %next = tw.tanh %c : tensor<4x2xf32>
    %term = tw.contract %slice, %next over [3, 2, 4] a #of_a b #of_b y #of_y : tensor<4x3xf32>, tensor<4x2xf32> -> tensor<3x2xf32>
    %more = tw.add %sum, %term : tensor<3x2xf32>
    tw.yield %next, %more : tensor<4x2xf32>, tensor<3x2xf32>
  }
  return %0#1 : tensor<3x2xf32>
}

// What is elementwise alone stays in the registers of its turn, and a sum that a turn reads stays in the loop.
// CHECK-LABEL: func.func @neither
// CHECK-NEXT:  tw.scan 5 from
// CHECK:         tw.tanh
// CHECK:         tw.contract
// CHECK:       return
func.func @neither(%x: tensor<5x4x2xf32>, %u: tensor<2x2xf32>, %h: tensor<4x2xf32>) -> tensor<4x2xf32> {
  %0 = tw.scan 5 from %h : tensor<4x2xf32> along %x : tensor<5x4x2xf32> with %u : tensor<2x2xf32> -> tensor<4x2xf32> {
  ^bb0(%turn: tensor<i32>, %c: tensor<4x2xf32>, %slice: tensor<4x2xf32>, %r: tensor<2x2xf32>):
    %tanh = tw.tanh %slice : tensor<4x2xf32>
    %read = tw.mul %tanh, %c : tensor<4x2xf32>
    %term = tw.contract %read, %r over [4, 2, 2] a #in_a b #in_b y #in_y : tensor<4x2xf32>, tensor<2x2xf32> -> tensor<4x2xf32>
    %more = tw.add %c, %term : tensor<4x2xf32>
    tw.yield %more : tensor<4x2xf32>
  }
  return %0 : tensor<4x2xf32>
}
