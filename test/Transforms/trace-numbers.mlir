// A step tells the range of every value of floats that it computes, behind what it tells otherwise: of what a loop computes that of each turn, of
// what only a skipped loss needs no numbers in the steps that skip it. What has the elements of its operand, what the host knows and what turns hand on is not
// told again.
//
// RUN: talweg-opt %s --talweg-trace-numbers 2>%t.remarks | FileCheck %s
// RUN: FileCheck %s --check-prefix=TOLD --input-file=%t.remarks
// RUN: talweg-opt %s --talweg-trace-numbers --talweg-linalg 2>/dev/null | FileCheck %s --check-prefix=LOWERED

// CHECK:       train.objective
// CHECK:         %[[W:.*]] = train.get @w
// CHECK-NEXT:    %[[PRODUCT:.*]] = tw.mul %[[X:.*]], %[[W]]
// CHECK-NEXT:    %[[LEAST:.*]] = tw.reduce min %[[PRODUCT]] dims [0, 1]
// CHECK-NEXT:    %[[GREATEST:.*]] = tw.reduce max %[[PRODUCT]] dims [0, 1]
// CHECK-NEXT:    %[[STACK:.*]] = tw.reshape %[[PRODUCT]]
// CHECK-NEXT:    %[[ZERO:.*]] = tw.constant
// CHECK-NEXT:    %[[ALL:.*]]:5 = tw.scan 4 from %[[ZERO]] : tensor<2xf32> along %[[STACK]] : tensor<4x2xf32> -> tensor<2xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32> {
// CHECK:           tw.reduce min %[[SLICE:.*]] dims [0]
// CHECK:           %[[NEXT:.*]] = tw.add %{{.*}}, %[[SLICE]]
// CHECK:           tw.reduce min %[[NEXT]] dims [0]
// CHECK:           tw.yield %[[NEXT]],
// CHECK:         %[[SECOND:.*]] = tw.log
// CHECK:         train.report loss "loss"
// CHECK:         train.report table "{{[0-9]+}}.least", %[[LEAST]] : tensor<f32>
// CHECK:         train.report table "{{[0-9]+}}.greatest", %[[GREATEST]] : tensor<f32>
// CHECK:         tw.convert %[[ALL]]#1 : tensor<4xf32> -> tensor<4xf64>
// CHECK:         %[[NONE:.*]] = tw.constant dense<0x7F800000> : tensor<f32>
// CHECK:         %[[SKIPPED:.*]] = train.every 3, %[[SECOND]] else %[[NONE]]
// CHECK:         train.report table "{{[0-9]+}}.least", %[[SKIPPED]]

// The loss, the other loss, which is a column too, then a least and a greatest number for each value and turn.
// TOLD:      remark: forward: multiply, told at 2
// TOLD:      remark: forward: reshape, told at 4
// TOLD:      remark: forward: add, told at 12
// TOLD:      remark: forward: sum, told at 20
// TOLD:      remark: forward: log, told at 22
// TOLD-NOT:  remark

// LOWERED: func.func @talweg_step
train.program "traced" mode train batch 4 {
  train.field @x : tensor<2xf32>
  train.variable parameter @w : tensor<4x2xf32> offset 0 {
  ^bb0(%key: tensor<2xi64>):
    %zero = tw.constant dense<0.0> : tensor<4x2xf32>
    train.yield %zero : tensor<4x2xf32>
  }
  train.objective {
  ^bb0(%x: tensor<4x2xf32>):
    %w = train.get @w : tensor<4x2xf32>
    %product = tw.mul %x, %w : tensor<4x2xf32>
    %stack = tw.reshape %product : tensor<4x2xf32> -> tensor<4x2xf32>
    %zero = tw.constant dense<0.0> : tensor<2xf32>
    %end = tw.scan 4 from %zero : tensor<2xf32> along %stack : tensor<4x2xf32> -> tensor<2xf32> {
    ^bb0(%turn: tensor<i32>, %sum: tensor<2xf32>, %slice: tensor<2xf32>):
      %next = tw.add %sum, %slice : tensor<2xf32>
      tw.yield %next : tensor<2xf32>
    }
    %loss = tw.reduce sum %end dims [0] : tensor<2xf32> -> tensor<f32>
    %second = tw.log %loss : tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.report loss "second", %second every 3 : tensor<f32>
    train.yield
  }
}
