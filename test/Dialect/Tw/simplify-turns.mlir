// What holds, or does not hold, in all turns of a scan is known.
// RUN: talweg-opt %s --canonicalize | FileCheck %s

// CHECK-LABEL: func @turns
// CHECK-DAG:   %[[YES:.*]] = tw.constant dense<true> : tensor<i1>
// CHECK-DAG:   %[[NO:.*]] = tw.constant dense<false> : tensor<i1>
// CHECK:       %[[SOME:.*]] = tw.compare lt %{{.*}}, %{{.*}} : tensor<i32> -> tensor<i1>
// CHECK:       tw.yield %{{.*}}, %[[YES]], %[[NO]], %[[SOME]]
func.func @turns(%start: tensor<f32>) -> (tensor<f32>, tensor<5xi1>, tensor<5xi1>, tensor<5xi1>) {
  %0:4 = tw.scan 5 from %start : tensor<f32> -> tensor<f32>, tensor<5xi1>, tensor<5xi1>, tensor<5xi1> {
  ^bb0(%turn: tensor<i32>, %carried: tensor<f32>):
    %4 = tw.constant dense<4> : tensor<i32>
    %5 = tw.constant dense<5> : tensor<i32>
    %below = tw.compare lt %turn, %5 : tensor<i32> -> tensor<i1>
    %above = tw.compare ge %turn, %5 : tensor<i32> -> tensor<i1>
    %some = tw.compare lt %turn, %4 : tensor<i32> -> tensor<i1>
    %next = tw.tanh %carried : tensor<f32>
    tw.yield %next, %below, %above, %some : tensor<f32>, tensor<i1>, tensor<i1>, tensor<i1>
  }
  return %0#0, %0#1, %0#2, %0#3 : tensor<f32>, tensor<5xi1>, tensor<5xi1>, tensor<5xi1>
}
