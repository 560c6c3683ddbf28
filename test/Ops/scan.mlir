// scan: each turn takes what the last one yielded, a slice of the stacks, and what all share. Its derivative is a scan in the opposite order,
// which carries the cotangent of what is carried and the sum of that of what is shared, and emits those of the slices
//
// RUN: talweg-opt %s --talweg-differentiate --canonicalize --cse | FileCheck %s
// RUN: talweg gradcheck %s --values | FileCheck %s --check-prefix=NUMBERS

// What was carried into each turn is kept.
// CHECK:      %[[W:.*]] = train.get @w
// CHECK:      %[[FORWARD:.*]]:3 = tw.scan 3 from %{{.*}} : tensor<2xf64> along %{{.*}} : tensor<3x2xf64> with %[[W]] : tensor<2xf64>
// CHECK-SAME: -> tensor<2xf64>, tensor<3x2xf64>, tensor<3x2xf64> {
// CHECK-NEXT: ^bb0(%{{.*}}: tensor<i32>, %[[C:.*]]: tensor<2xf64>, %{{.*}}: tensor<2xf64>, %{{.*}}: tensor<2xf64>):
// CHECK:      tw.yield %[[NEXT:.*]], %[[NEXT]], %[[C]]
// CHECK:      %[[DX:.*]]:3 = tw.scan 3 reversed from %{{.*}}, %{{.*}} : tensor<2xf64>, tensor<2xf64>
// CHECK-SAME: with %[[W]] : tensor<2xf64> -> tensor<2xf64>, tensor<2xf64>, tensor<3x2xf64> {
// CHECK-DAG:  train.set @start.grad, %[[DX]]#0
// CHECK-DAG:  train.set @w.grad, %[[DX]]#1
// CHECK-DAG:  train.set @x.grad, %[[DX]]#2

// What is carried is (2, -3), (2, 0.5), (5, -2.25), (8, 5.125); the last one counts once more.
// NUMBERS:      start {{.*}} ok
// NUMBERS-NEXT: [0] analytic 4{{ }}
// NUMBERS-NEXT: [1] analytic -0.5{{ }}
// NUMBERS:      w {{.*}} ok
// NUMBERS-NEXT: [0] analytic 24{{ }}
// NUMBERS-NEXT: [1] analytic -7.5{{ }}
// NUMBERS:      x {{.*}} ok
// NUMBERS-NEXT: [0] analytic 4{{ }}
// NUMBERS-NEXT: [1] analytic 1{{ }}
// NUMBERS-NEXT: [2] analytic 3{{ }}
// NUMBERS-NEXT: [3] analytic 0{{ }}
// NUMBERS-NEXT: [4] analytic 2{{ }}
// NUMBERS-NEXT: [5] analytic 2{{ }}

train.program "scan" mode gradient batch 1 {
  train.variable parameter @start : tensor<2xf64> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<[2.0, -3.0]> : tensor<2xf64>
    train.yield %value : tensor<2xf64>
  }
  train.variable parameter @w : tensor<2xf64> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<[1.0, -0.5]> : tensor<2xf64>
    train.yield %value : tensor<2xf64>
  }
  train.variable parameter @x : tensor<3x2xf64> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<[[0.0, -1.0], [3.0, -2.0], [3.0, 4.0]]> : tensor<3x2xf64>
    train.yield %value : tensor<3x2xf64>
  }
  train.objective {
    %start = train.get @start : tensor<2xf64>
    %w = train.get @w : tensor<2xf64>
    %x = train.get @x : tensor<3x2xf64>
    %end, %all = tw.scan 3 from %start : tensor<2xf64> along %x : tensor<3x2xf64> with %w : tensor<2xf64>
        -> tensor<2xf64>, tensor<3x2xf64> {
    ^bb0(%turn: tensor<i32>, %c: tensor<2xf64>, %slice: tensor<2xf64>, %v: tensor<2xf64>):
      %product = tw.mul %c, %v : tensor<2xf64>
      %next = tw.add %product, %slice : tensor<2xf64>
      tw.yield %next, %next : tensor<2xf64>, tensor<2xf64>
    }
    %of_all = tw.reduce sum %all dims [0, 1] : tensor<3x2xf64> -> tensor<f64>
    %of_end = tw.reduce sum %end dims [0] : tensor<2xf64> -> tensor<f64>
    %loss = tw.add %of_all, %of_end : tensor<f64>
    train.report loss "loss", %loss : tensor<f64>
    train.minimize "loss", %loss over [@start, @w, @x] : tensor<f64>
    train.yield
  }
}
