// A whole program reads what it prints, before and after its updates are spelt out.
//
// RUN: talweg-opt %s | talweg-opt | FileCheck %s
// RUN: talweg-opt %s --talweg-differentiate --talweg-expand-update --talweg-assign-storage | talweg-opt

// CHECK: train.program "line" mode train batch 4 {
train.program "line" mode train batch 4 {
  // CHECK-NEXT: train.field @x : tensor<3xf32>
  train.field @x : tensor<3xf32>
  // CHECK-NEXT: train.field @label : tensor<i32> classes 10
  train.field @label : tensor<i32> classes 10
  // CHECK-NEXT: train.hyper @lr = 1.000000e-01 at 0
  train.hyper @lr = 0.1 at 0
  // CHECK-NEXT: train.variable parameter @line.weight : tensor<3xf32> {
  train.variable parameter @line.weight : tensor<3xf32> {
  // CHECK-NEXT: ^bb0(%{{.*}}: tensor<2xi64>):
  ^bb0(%key: tensor<2xi64>):
    %value = tw.uniform %key stream 1 : tensor<2xi64> -> tensor<3xf32>
    train.yield %value : tensor<3xf32>
  }
  // CHECK: train.variable slot @line.weight.m : tensor<3xf32> {
  train.variable slot @line.weight.m : tensor<3xf32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<3xf32>
    train.yield %value : tensor<3xf32>
  }
  // CHECK: train.variable parameter @line.fixed : tensor<f32> frozen {
  train.variable parameter @line.fixed : tensor<f32> frozen {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<1.0> : tensor<f32>
    train.yield %value : tensor<f32>
  }
  // CHECK: train.optimizer @momentum slots ["m"] report ["lr"] {
  train.optimizer @momentum slots ["m"] report ["lr"] {
  ^bb0(%param: tensor<*xf32>, %grad: tensor<*xf32>, %m: tensor<*xf32>):
    // CHECK: train.get_hyper @lr : tensor<f64>
    %lr = train.get_hyper @lr : tensor<f64>
    // CHECK: train.step : tensor<f64>
    %step = train.step : tensor<f64>
    // CHECK: train.step planned : tensor<f64>
    %planned = train.step planned : tensor<f64>
    // CHECK: train.total_steps : tensor<f64>
    %steps = train.total_steps : tensor<f64>
    %next = tw.add %m, %grad : tensor<*xf32>
    %moved = tw.sub %param, %next : tensor<*xf32>
    // CHECK: train.yield %{{.*}}, %{{.*}}, %{{.*}} : tensor<*xf32>, tensor<*xf32>, tensor<f64>
    train.yield %moved, %next, %lr : tensor<*xf32>, tensor<*xf32>, tensor<f64>
  }
  // CHECK: train.objective {
  train.objective {
  // CHECK-NEXT: ^bb0(%{{.*}}: tensor<4x3xf32>, %{{.*}}: tensor<4xi32>):
  ^bb0(%x: tensor<4x3xf32>, %label: tensor<4xi32>):
    // CHECK-NEXT: train.key : tensor<2xi64>
    %key = train.key : tensor<2xi64>
    // CHECK-NEXT: train.get @line.weight : tensor<3xf32>
    %weight = train.get @line.weight : tensor<3xf32>
    %loss = tw.reduce sum %weight dims [0] : tensor<3xf32> -> tensor<f32>
    %c = tw.constant dense<0.5> : tensor<f32>
    %half = tw.mul %loss, %c : tensor<f32>
    // CHECK: train.report loss "loss", %{{.*}} : tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    // CHECK-NEXT: train.report metric "half", %{{.*}} : tensor<f32>
    train.report metric "half", %half : tensor<f32>
    // CHECK-NEXT: train.minimize "loss", %{{.*}} over [@line.weight] by [@momentum] : tensor<f32>
    train.minimize "loss", %loss over [@line.weight] by [@momentum] : tensor<f32>
    // CHECK-NEXT: train.report metric "third", %{{.*}} every 3 : tensor<f32>
    train.report metric "third", %half every 3 : tensor<f32>
    // CHECK-NEXT: train.minimize "third", %{{.*}} over [@line.weight] by [@momentum] every 3 : tensor<f32>
    train.minimize "third", %half over [@line.weight] by [@momentum] every 3 : tensor<f32>
    // CHECK-NEXT: train.every 3, %{{.*}} else %{{.*}} : tensor<f32>
    %left = train.every 3, %loss else %half : tensor<f32>
    // CHECK-NEXT: train.norm gradient of [@line.weight] : tensor<f64>
    %norm = train.norm gradient of [@line.weight] : tensor<f64>
    // CHECK-NEXT: train.yield{{$}}
    train.yield
  }
}

// Turns of loops, and variables that are one.
// CHECK: train.program "turns" batch 4 {
train.program "turns" batch 4 {
  // CHECK-NEXT: train.variable state @"s_0-1" : tensor<2x3xf32> members ["s_0", "s_1"] at [3, 0] {
  train.variable state @"s_0-1" : tensor<2x3xf32> members ["s_0", "s_1"] at [3, 0] {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<2x3xf32>
    train.yield %value : tensor<2x3xf32>
  }
  train.objective {
    // CHECK: train.turn of 0
    train.turn of 0
    // CHECK-NEXT: train.turn end of 0
    train.turn end of 0
    %loss = tw.constant dense<0.0> : tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.yield
  }
}
