// A loop over slices of what a loop in front emits is a part of that, where it carries nothing and all else that it reads is known in front.
//
// RUN: talweg-opt %s --talweg-join-scans --split-input-file | FileCheck %s

// CHECK:       train.objective
// CHECK:         %[[FACTOR:.*]] = tw.exp
// CHECK:         %[[ALL:.*]]:3 = tw.scan 3 reversed blocks from %{{.*}} along %[[X:.*]], %{{.*}} : tensor<3x4xf32>, tensor<3x4xf32> with %[[FACTOR]] : tensor<f32>
// CHECK-NEXT:    ^bb0(%{{.*}}: tensor<i32>, %[[H:.*]]: tensor<f32>, %[[SLICE:.*]]: tensor<4xf32>, %[[OTHER:.*]]: tensor<4xf32>, %[[SHARED:.*]]: tensor<f32>):
// CHECK:           %[[SQUARE:.*]] = tw.mul %[[SLICE]], %[[SLICE]]
// CHECK:           %[[SUM:.*]] = tw.add %[[SQUARE]], %[[OTHER]]
// CHECK:           tw.yield %{{.*}}, %[[SQUARE]], %[[SUM]]
// CHECK-NOT:     tw.scan
train.program "joined" mode gradient batch 4 {
  train.field @x : tensor<3xf32>
  train.objective {
  ^bb0(%rows: tensor<4x3xf32>):
    %x = tw.window %rows by affine_map<(i, n) -> (n, i)> : tensor<4x3xf32> -> tensor<3x4xf32>
    %zero = tw.constant dense<0.0> : tensor<f32>
    %first:2 = tw.scan 3 reversed blocks from %zero : tensor<f32> along %x : tensor<3x4xf32> -> tensor<f32>, tensor<3x4xf32> {
    ^bb0(%turn: tensor<i32>, %h: tensor<f32>, %slice: tensor<4xf32>):
      %square = tw.mul %slice, %slice : tensor<4xf32>
      tw.yield %h, %square : tensor<f32>, tensor<4xf32>
    }
    %one = tw.constant dense<1.0> : tensor<f32>
    %factor = tw.exp %one : tensor<f32>
    %second = tw.scan 3 blocks along %first#1, %x : tensor<3x4xf32>, tensor<3x4xf32> with %factor : tensor<f32> -> tensor<3x4xf32> {
    ^bb0(%turn: tensor<i32>, %slice: tensor<4xf32>, %other: tensor<4xf32>, %shared: tensor<f32>):
      %sum = tw.add %slice, %other : tensor<4xf32>
      tw.yield %sum : tensor<4xf32>
    }
    %loss = tw.reduce sum %second dims [0, 1] : tensor<3x4xf32> -> tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.yield
  }
}

// -----

// What the second needs of all turns of the first, it cannot have in one.
// CHECK:       train.objective
// CHECK:         %[[FIRST:.*]] = tw.scan 3 blocks along
// CHECK:         %[[WHOLE:.*]] = tw.reduce sum %[[FIRST]]
// CHECK:         tw.scan 3 blocks along %[[FIRST]] : tensor<3x4xf32> with %[[WHOLE]]
train.program "apart" mode gradient batch 4 {
  train.field @x : tensor<3xf32>
  train.objective {
  ^bb0(%rows: tensor<4x3xf32>):
    %x = tw.window %rows by affine_map<(i, n) -> (n, i)> : tensor<4x3xf32> -> tensor<3x4xf32>
    %first = tw.scan 3 blocks along %x : tensor<3x4xf32> -> tensor<3x4xf32> {
    ^bb0(%turn: tensor<i32>, %slice: tensor<4xf32>):
      %square = tw.mul %slice, %slice : tensor<4xf32>
      tw.yield %square : tensor<4xf32>
    }
    %whole = tw.reduce sum %first dims [0] : tensor<3x4xf32> -> tensor<4xf32>
    %second = tw.scan 3 blocks along %first : tensor<3x4xf32> with %whole : tensor<4xf32> -> tensor<3x4xf32> {
    ^bb0(%turn: tensor<i32>, %slice: tensor<4xf32>, %shared: tensor<4xf32>):
      %scaled = tw.mul %slice, %shared : tensor<4xf32>
      tw.yield %scaled : tensor<4xf32>
    }
    %loss = tw.reduce sum %second dims [0, 1] : tensor<3x4xf32> -> tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.yield
  }
}
