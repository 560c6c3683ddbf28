// RUN: talweg-opt %s --talweg-train-to-loops | FileCheck %s
// One step of training: variables are read first, the batch is gathered, the objective computes, all writes come last.

// What a host must know is declared; the rest is code.
// CHECK: train.program "Line" mode train batch 4 {
// CHECK-NEXT: train.field @x : tensor<3xf32> read
// CHECK-NEXT: train.hyper @lr = 1.000000e-01 at 0
// CHECK-NEXT: train.variable parameter @w : tensor<3xf32> offset 0
// CHECK-NEXT: train.variable slot @w.m : tensor<3xf32> offset 64 block 0
// CHECK-NEXT: train.column loss "loss"
// CHECK-NEXT: train.column metric "error" is loss
// CHECK-NEXT: train.column report "lr"
// CHECK-NEXT: train.work 0 flops in 0
// CHECK-NEXT: }
// CHECK-NEXT: memref.global "private" @w : memref<3xf32>
// CHECK-NEXT: memref.global "private" @w.m : memref<3xf32> {talweg.block = 0 : i64}
// CHECK-NOT: train.

// CHECK-LABEL: func.func @talweg_init
// CHECK-SAME: (%{{.*}}: memref<128xi8> {llvm.noalias}, %{{.*}}: memref<0xi8> {llvm.noalias}, %[[C:.*]]: memref<16xi64> {llvm.noalias})
// CHECK: %[[SEED:.*]] = memref.load %[[C]]
// CHECK: %[[KEY:.*]] = tensor.from_elements %[[SEED]], %{{.*}} : tensor<2xi64>
// CHECK: %[[INITIAL:.*]] = tw.uniform %[[KEY]] stream 7
// CHECK: %[[W:.*]] = memref.get_global @w
// CHECK: bufferization.materialize_in_destination %[[INITIAL]] in restrict writable %[[W]]

// CHECK-LABEL: func.func @talweg_step
// CHECK-SAME: memref<128xi8>
// CHECK-SAME: %[[HYPER:[^:]*]]: memref<1xf64>
// CHECK-SAME: %[[ORDER:[^:]*]]: memref<2147483648xi32>
// CHECK-SAME: %[[OUT:[^:]*]]: memref<2147483648xf64>
// CHECK-SAME: %[[DATA:[^:]*]]: memref<2147483648x3xf32>
// CHECK: %[[LR:.*]] = memref.load %[[HYPER]]
// CHECK: scf.for %[[S:.*]] =
// CHECK: memref.get_global @w
// CHECK: %[[W:.*]] = bufferization.to_tensor %{{.*}} restrict
// CHECK: memref.get_global @w.m
// CHECK: %[[M:.*]] = bufferization.to_tensor %{{.*}} restrict
// CHECK: %[[BATCH:.*]] = memref.alloc() {{.*}} : memref<4x3xf32>
// CHECK: scf.for
// CHECK: %[[ROW:.*]] = memref.load %[[ORDER]]
// CHECK: memref.subview %[[DATA]][%{{.*}}, 0] [1, 3] [1, 1]
// CHECK: memref.copy
// CHECK: %[[X:.*]] = bufferization.to_tensor %[[BATCH]] restrict
// CHECK: tw.mul %[[X]]
// CHECK: %[[NEXT:.*]] = tw.sub %[[W]]
// CHECK-COUNT-3: memref.store %{{.*}}, %[[OUT]]
// CHECK: bufferization.materialize_in_destination %{{.*}} in restrict writable
// CHECK: bufferization.materialize_in_destination %[[NEXT]] in restrict writable
train.program "Line" mode train batch 4 {
  train.field @x : tensor<3xf32>
  train.hyper @lr = 1.000000e-01 at 0
  train.variable parameter @w : tensor<3xf32> offset 0 {
  ^bb0(%key: tensor<2xi64>):
    %u = tw.uniform %key stream 7 : tensor<2xi64> -> tensor<3xf32>
    train.yield %u : tensor<3xf32>
  }
  train.variable slot @w.m : tensor<3xf32> offset 64 block 0 {
  ^bb0(%key: tensor<2xi64>):
    %zero = tw.constant dense<0.0> : tensor<3xf32>
    train.yield %zero : tensor<3xf32>
  }
  train.objective {
  ^bb0(%x: tensor<4x3xf32>):
    %squares = tw.mul %x, %x : tensor<4x3xf32>
    %loss = tw.reduce sum %squares dims [0, 1] : tensor<4x3xf32> -> tensor<f32>
    %g = tw.reduce sum %squares dims [0] : tensor<4x3xf32> -> tensor<3xf32>
    %m = train.get @w.m : tensor<3xf32>
    %m1 = tw.add %m, %g : tensor<3xf32>
    train.set @w.m, %m1 : tensor<3xf32>
    %w = train.get @w : tensor<3xf32>
    %w1 = tw.sub %w, %m1 : tensor<3xf32>
    train.set @w, %w1 : tensor<3xf32>
    %lr = train.get_hyper @lr : tensor<f64>
    train.report report "lr", %lr : tensor<f64>
    train.report loss "loss", %loss : tensor<f32>
    train.report metric "error", %loss : tensor<f32>
    train.yield
  }
}
