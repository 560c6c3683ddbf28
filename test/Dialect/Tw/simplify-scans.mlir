// Of a loop is left what is read.
// RUN: talweg-opt %s --canonicalize | FileCheck %s

// What is carried is needed where it leads to something that is read; what is emitted, where it is read.
// CHECK-LABEL: func.func @what_is_read
// CHECK-SAME:  (%[[A:[^:]*]]: tensor<2xf32>, %[[B:[^:]*]]: tensor<2xf32>, %[[X:[^:]*]]: tensor<4x2xf32>, %[[Y:[^:]*]]: tensor<4x2xf32>)
// CHECK-NEXT:  %[[LOOP:.*]]:2 = tw.scan 4 reversed from %[[A]] : tensor<2xf32> along %[[X]] : tensor<4x2xf32> -> tensor<2xf32>, tensor<4x2xf32> {
// CHECK-NEXT:  ^bb0(%{{.*}}: tensor<i32>, %[[C:.*]]: tensor<2xf32>, %[[SLICE:.*]]: tensor<2xf32>):
// CHECK-NEXT:    %[[NEXT:.*]] = tw.add %[[C]], %[[SLICE]]
// CHECK-NEXT:    tw.yield %[[NEXT]], %[[C]]
// CHECK-NEXT:  }
// CHECK-NEXT:  return %[[LOOP]]#1
func.func @what_is_read(%a: tensor<2xf32>, %b: tensor<2xf32>, %x: tensor<4x2xf32>, %y: tensor<4x2xf32>) -> tensor<4x2xf32> {
  %0:4 = tw.scan 4 reversed from %a, %b : tensor<2xf32>, tensor<2xf32> along %x, %y : tensor<4x2xf32>, tensor<4x2xf32>
      -> tensor<2xf32>, tensor<2xf32>, tensor<4x2xf32>, tensor<4x2xf32> {
  ^bb0(%turn: tensor<i32>, %c: tensor<2xf32>, %d: tensor<2xf32>, %slice: tensor<2xf32>, %other: tensor<2xf32>):
    %next = tw.add %c, %slice : tensor<2xf32>
    %product = tw.mul %d, %other : tensor<2xf32>
    %sum = tw.add %product, %c : tensor<2xf32>
    tw.yield %next, %sum, %c, %sum : tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>
  }
  return %0#2 : tensor<4x2xf32>
}

// CHECK-LABEL: func.func @emitted_twice
// CHECK:       %[[LOOP:.*]] = tw.scan 4 with %{{.*}} : tensor<2xf32> -> tensor<4x2xf32> {
// CHECK:       return %[[LOOP]], %[[LOOP]]
func.func @emitted_twice(%a: tensor<2xf32>) -> (tensor<4x2xf32>, tensor<4x2xf32>) {
  %0:2 = tw.scan 4 with %a : tensor<2xf32> -> tensor<4x2xf32>, tensor<4x2xf32> {
  ^bb0(%turn: tensor<i32>, %same: tensor<2xf32>):
    %tanh = tw.tanh %same : tensor<2xf32>
    tw.yield %tanh, %tanh : tensor<2xf32>, tensor<2xf32>
  }
  return %0#0, %0#1 : tensor<4x2xf32>, tensor<4x2xf32>
}

// CHECK-LABEL: func.func @that_nobody_reads
// CHECK-NEXT:  return
func.func @that_nobody_reads(%a: tensor<2xf32>) {
  %0 = tw.scan 4 from %a : tensor<2xf32> -> tensor<2xf32> {
  ^bb0(%turn: tensor<i32>, %c: tensor<2xf32>):
    tw.yield %c : tensor<2xf32>
  }
  return
}
