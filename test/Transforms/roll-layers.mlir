// Turns that are alike become a loop over layers: their parameters, with what is beside these, slices of stacks; streams of random numbers and constants
// that differ, slices too. What turns hand on is carried, what they give states is emitted. Turns that differ in more stay as they are.
//
// RUN: talweg-opt %s --talweg-roll-layers=fewest=2 --split-input-file 2>%t | FileCheck %s
// RUN: talweg-opt %s --talweg-roll-layers=fewest=2 --split-input-file --verify-diagnostics
// RUN: talweg-opt %s --talweg-roll-layers=unroll --split-input-file | FileCheck %s --check-prefix=UNROLLED
// UNROLLED-NOT: tw.scan
// UNROLLED-NOT: train.turn

// CHECK:       train.variable parameter @"p.layer_0-2.w" : tensor<3x2xf32> members ["p.layer_0.w", "p.layer_1.w", "p.layer_2.w"] at [0, 2, 4] {
// CHECK-NEXT:  ^bb0(%[[KEY:.*]]: tensor<2xi64>):
// CHECK-NEXT:    %[[STREAMS:.*]] = tw.constant dense<[7, 5, 9]> : tensor<3xi64>
// CHECK-NEXT:    %[[INITIAL:.*]] = tw.scan 3 blocks along %[[STREAMS]] : tensor<3xi64> with %[[KEY]] : tensor<2xi64> -> tensor<3x2xf32>
// CHECK-NEXT:    ^bb0(%{{.*}}: tensor<i32>, %[[STREAM:.*]]: tensor<i64>, %[[INSIDE:.*]]: tensor<2xi64>):
// CHECK-NEXT:      tw.uniform %[[INSIDE]] stream 0 and %[[STREAM]] : tensor<i64> : tensor<2xi64> -> tensor<2xf32>
// CHECK:         train.yield %[[INITIAL]]
// CHECK:       train.variable state @"p.layer_0-2.s" : tensor<3xf32> members ["p.layer_0.s", "p.layer_1.s", "p.layer_2.s"] at [1, 3, 5] {
// CHECK:         tw.constant dense<0.000000e+00> : tensor<3xf32>
// CHECK:       train.variable slot @"p.layer_0-2.w.m" : tensor<3x2xf32> members ["p.layer_0.w.m", "p.layer_1.w.m", "p.layer_2.w.m"]
// CHECK:       train.objective
// CHECK-NEXT:  ^bb0(%[[X:.*]]: tensor<4x2xf32>)
// CHECK-DAG:     %[[W:.*]] = train.get @"p.layer_0-2.w" : tensor<3x2xf32>
// CHECK-DAG:     %[[S:.*]] = train.get @"p.layer_0-2.s" : tensor<3xf32>
// CHECK:         %[[NUMBERS:.*]] = tw.constant dense<[1.000000e+00, 2.000000e+00, 4.000000e+00]> : tensor<3xf32>
// CHECK:         %[[ALL:.*]]:2 = tw.scan 3 blocks from %[[X]] : tensor<4x2xf32> along %[[W]], %[[S]], %[[NUMBERS]] :
// CHECK-NEXT:    ^bb0(%{{.*}}: tensor<i32>, %[[IN:.*]]: tensor<4x2xf32>, %[[OWN:.*]]: tensor<2xf32>, %[[STATE:.*]]: tensor<f32>, %[[NUMBER:.*]]: tensor<f32>):
// CHECK:           %[[SPREAD:.*]] = tw.window %[[OWN]]
// CHECK:           %[[OUT:.*]] = tw.mul %[[IN]], %[[SPREAD]]
// CHECK:           %[[NEXT:.*]] = tw.add %[[STATE]], %[[NUMBER]]
// CHECK:           tw.yield %[[OUT]], %[[NEXT]]
// CHECK-NOT:     train.turn
// CHECK:         tw.reduce sum %[[ALL]]#0
// CHECK:         train.minimize "loss", %{{.*}} over [@"p.layer_0-2.w"] by [@sgd]
// CHECK:         train.set @"p.layer_0-2.s", %[[ALL]]#1
train.program "p" batch 4 {
  train.field @x : tensor<2xf32>
  train.variable parameter @p.layer_0.w : tensor<2xf32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.uniform %key stream 7 : tensor<2xi64> -> tensor<2xf32>
    train.yield %value : tensor<2xf32>
  }
  train.variable state @p.layer_0.s : tensor<f32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<f32>
    train.yield %value : tensor<f32>
  }
  train.variable parameter @p.layer_1.w : tensor<2xf32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.uniform %key stream 5 : tensor<2xi64> -> tensor<2xf32>
    train.yield %value : tensor<2xf32>
  }
  train.variable state @p.layer_1.s : tensor<f32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<f32>
    train.yield %value : tensor<f32>
  }
  train.variable parameter @p.layer_2.w : tensor<2xf32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.uniform %key stream 9 : tensor<2xi64> -> tensor<2xf32>
    train.yield %value : tensor<2xf32>
  }
  train.variable state @p.layer_2.s : tensor<f32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<f32>
    train.yield %value : tensor<f32>
  }
  train.variable slot @p.layer_0.w.m : tensor<2xf32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<2xf32>
    train.yield %value : tensor<2xf32>
  }
  train.variable slot @p.layer_1.w.m : tensor<2xf32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<2xf32>
    train.yield %value : tensor<2xf32>
  }
  train.variable slot @p.layer_2.w.m : tensor<2xf32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<2xf32>
    train.yield %value : tensor<2xf32>
  }
  train.optimizer @sgd slots ["m"] report [] {
  ^bb0(%w: tensor<*xf32>, %dw: tensor<*xf32>, %m: tensor<*xf32>):
    %next = tw.sub %w, %dw : tensor<*xf32>
    train.yield %next, %dw : tensor<*xf32>, tensor<*xf32>
  }
  train.objective {
  ^bb0(%x: tensor<4x2xf32>):
    train.turn of 0
    %w0 = train.get @p.layer_0.w : tensor<2xf32>
    %s0 = train.get @p.layer_0.s : tensor<f32>
    %v0 = tw.window %w0 by affine_map<(n, i) -> (i)> : tensor<2xf32> -> tensor<4x2xf32>
    %x1 = tw.mul %x, %v0 : tensor<4x2xf32>
    %c0 = tw.constant dense<1.0> : tensor<f32>
    %t0 = tw.add %s0, %c0 : tensor<f32>
    train.turn of 0
    %w1 = train.get @p.layer_1.w : tensor<2xf32>
    %s1 = train.get @p.layer_1.s : tensor<f32>
    %v1 = tw.window %w1 by affine_map<(n, i) -> (i)> : tensor<2xf32> -> tensor<4x2xf32>
    %x2 = tw.mul %x1, %v1 : tensor<4x2xf32>
    %c1 = tw.constant dense<2.0> : tensor<f32>
    %t1 = tw.add %s1, %c1 : tensor<f32>
    train.turn of 0
    %w2 = train.get @p.layer_2.w : tensor<2xf32>
    %s2 = train.get @p.layer_2.s : tensor<f32>
    %v2 = tw.window %w2 by affine_map<(n, i) -> (i)> : tensor<2xf32> -> tensor<4x2xf32>
    %x3 = tw.mul %x2, %v2 : tensor<4x2xf32>
    %c2 = tw.constant dense<4.0> : tensor<f32>
    %t2 = tw.add %s2, %c2 : tensor<f32>
    train.turn end of 0
    %loss = tw.reduce sum %x3 dims [0, 1] : tensor<4x2xf32> -> tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.minimize "loss", %loss over [@p.layer_0.w, @p.layer_1.w, @p.layer_2.w] by [@sgd, @sgd, @sgd] : tensor<f32>
    train.set @p.layer_0.s, %t0 : tensor<f32>
    train.set @p.layer_1.s, %t1 : tensor<f32>
    train.set @p.layer_2.s, %t2 : tensor<f32>
    train.yield
  }
}

// -----

// CHECK:       train.variable parameter @q.a : tensor<f32>
// CHECK:       train.variable parameter @q.b : tensor<f32>
// CHECK-NOT:   tw.scan
// CHECK-NOT:   train.turn
train.program "q" batch 4 {
  train.field @x : tensor<f32>
  train.variable parameter @q.a : tensor<f32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<1.0> : tensor<f32>
    train.yield %value : tensor<f32>
  }
  train.variable parameter @q.b : tensor<f32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<1.0> : tensor<f32>
    train.yield %value : tensor<f32>
  }
  train.optimizer @sgd slots [] report [] {
  ^bb0(%w: tensor<*xf32>, %dw: tensor<*xf32>):
    %next = tw.sub %w, %dw : tensor<*xf32>
    train.yield %next : tensor<*xf32>
  }
  train.objective {
  ^bb0(%x: tensor<4xf32>):
    %sum = tw.reduce sum %x dims [0] : tensor<4xf32> -> tensor<f32>
    train.turn of 0
    %a = train.get @q.a : tensor<f32>
    %y = tw.add %sum, %a : tensor<f32>
    train.turn of 0
    %b = train.get @q.b : tensor<f32>
    %z = tw.mul %y, %b : tensor<f32>
    // expected-remark @+1 {{the layers of this loop are compiled one by one: turn 1 differs from the first at `tw.add`}}
    train.turn end of 0
    train.report loss "loss", %z : tensor<f32>
    train.minimize "loss", %z over [@q.a, @q.b] by [@sgd, @sgd] : tensor<f32>
    train.yield
  }
}
