// In front of what cuts a program into parts of its rows, the ones that a sum over rows is differentiated to are marked as belonging to rows:
// the derivative by %b counts them.
//
// RUN: talweg-opt %s --talweg-differentiate=of-rows | FileCheck %s

// CHECK:      %[[ONES:.*]] = tw.constant {tw.rows = array<i64: 0>} dense<1.000000e+00> : tensor<4xf32>
// CHECK-NEXT: %[[COUNT:.*]] = tw.fold %[[ONES]]
// CHECK:      train.report whole metric "by_b", %[[COUNT]]
train.program "p" mode eval batch 4 {
  train.field @x : tensor<f32>
  train.variable parameter @b : tensor<f32> {
  ^bb0(%key: tensor<2xi64>):
    %zero = tw.constant dense<0.0> : tensor<f32>
    train.yield %zero : tensor<f32>
  }
  train.objective {
  ^bb0(%x: tensor<4xf32>):
    %b = train.get @b : tensor<f32>
    %each = tw.window %b by affine_map<(i) -> ()> : tensor<f32> -> tensor<4xf32>
    %y = tw.add %x, %each : tensor<4xf32>
    %sum = tw.reduce sum %y dims [0] : tensor<4xf32> -> tensor<f32>
    train.report whole loss "loss", %sum : tensor<f32>
    %one = tw.constant dense<1.0> : tensor<f32>
    %by_b = tw.gradient %sum, %one by %b : tensor<f32> by tensor<f32>
    train.report whole metric "by_b", %by_b : tensor<f32>
    train.yield
  }
}
