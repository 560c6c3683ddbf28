// A loop of more than 128 turns is one over blocks of turns, and one for the turns that are left: the same values, in the same order.
//
// RUN: talweg-opt %s --talweg-block-scans | FileCheck %s

// CHECK-LABEL: func.func @whole
// CHECK:       %[[STACKS:.*]] = tw.reshape %{{.*}} : tensor<200x2xf32> -> tensor<4x50x2xf32>
// CHECK:       %[[ALL:.*]]:2 = tw.scan 4 blocks from %{{.*}} : tensor<2xf32> along %[[STACKS]] : tensor<4x50x2xf32> -> tensor<2xf32>, tensor<4x50x2xf32>
// CHECK-NEXT:  ^bb0(%[[BLOCK:.*]]: tensor<i32>, %[[CARRIED:.*]]: tensor<2xf32>, %[[SLICES:.*]]: tensor<50x2xf32>)
// CHECK:         %[[FIRST:.*]] = tw.mul %[[BLOCK]], %{{.*}} : tensor<i32>
// CHECK-NEXT:    %[[TURNS:.*]]:2 = tw.scan 50 from %[[CARRIED]] : tensor<2xf32> along %[[SLICES]] : tensor<50x2xf32> with %[[FIRST]] : tensor<i32>
// CHECK-NEXT:    ^bb0(%[[TURN:.*]]: tensor<i32>, %{{.*}}: tensor<2xf32>, %{{.*}}: tensor<2xf32>, %[[OF_BLOCK:.*]]: tensor<i32>)
// CHECK-NEXT:      tw.add %[[OF_BLOCK]], %[[TURN]] : tensor<i32>
// CHECK:         tw.yield %[[TURNS]]#0, %[[TURNS]]#1 : tensor<2xf32>, tensor<50x2xf32>
// CHECK:       tw.reshape %[[ALL]]#1 : tensor<4x50x2xf32> -> tensor<200x2xf32>
func.func @whole(%x: tensor<200x2xf32>, %start: tensor<2xf32>) -> tensor<200x2xf32> {
  %end, %all = tw.scan 200 from %start : tensor<2xf32> along %x : tensor<200x2xf32> -> tensor<2xf32>, tensor<200x2xf32> {
  ^bb0(%s: tensor<i32>, %h: tensor<2xf32>, %slice: tensor<2xf32>):
    %next = tw.add %h, %slice : tensor<2xf32>
    tw.yield %next, %next : tensor<2xf32>, tensor<2xf32>
  }
  return %all : tensor<200x2xf32>
}

// The last turns come first where the loop goes backwards.
// CHECK-LABEL: func.func @left
// CHECK:       %[[SLICE:.*]] = tw.window %{{.*}} : tensor<131xf32> -> tensor<3xf32>
// CHECK:       %[[LAST:.*]]:2 = tw.scan 3 reversed from %{{.*}} along %[[SLICE]]
// CHECK:       %[[BLOCKS:.*]]:2 = tw.scan 2 reversed blocks from %[[LAST]]#0
// CHECK:         tw.scan 64 reversed
// CHECK:       %[[FRONT:.*]] = tw.reshape %[[BLOCKS]]#1 : tensor<2x64xf32> -> tensor<128xf32>
// CHECK:       tw.concat %[[FRONT]], %[[LAST]]#1 dim 0 : tensor<128xf32>, tensor<3xf32> -> tensor<131xf32>
func.func @left(%x: tensor<131xf32>, %start: tensor<f32>) -> tensor<131xf32> {
  %end, %all = tw.scan 131 reversed from %start : tensor<f32> along %x : tensor<131xf32> -> tensor<f32>, tensor<131xf32> {
  ^bb0(%s: tensor<i32>, %h: tensor<f32>, %slice: tensor<f32>):
    %next = tw.add %h, %slice : tensor<f32>
    tw.yield %next, %next : tensor<f32>, tensor<f32>
  }
  return %all : tensor<131xf32>
}

// CHECK-LABEL: func.func @short
// CHECK-NOT:   blocks
func.func @short(%start: tensor<f32>) -> tensor<f32> {
  %end = tw.scan 128 from %start : tensor<f32> -> tensor<f32> {
  ^bb0(%s: tensor<i32>, %h: tensor<f32>):
    %next = tw.add %h, %h : tensor<f32>
    tw.yield %next : tensor<f32>
  }
  return %end : tensor<f32>
}
