// Every op reads what it prints.
//
// RUN: talweg-opt %s | talweg-opt | FileCheck %s

// CHECK-LABEL: func @elementwise
func.func @elementwise(%x: tensor<2x3xf32>, %k: tensor<2x3xi32>, %key: tensor<2xi64>, %number: tensor<i64>) {
  // CHECK: tw.tanh %{{.*}} : tensor<2x3xf32>
  %0 = tw.tanh %x : tensor<2x3xf32>
  // CHECK: tw.add %{{.*}}, %{{.*}} : tensor<2x3xf32>
  %1 = tw.add %x, %0 : tensor<2x3xf32>
  // CHECK: tw.rem %{{.*}}, %{{.*}} : tensor<2x3xi32>
  %2 = tw.rem %k, %k : tensor<2x3xi32>
  // CHECK: tw.compare le %{{.*}}, %{{.*}} : tensor<2x3xf32> -> tensor<2x3xi1>
  %3 = tw.compare le %x, %0 : tensor<2x3xf32> -> tensor<2x3xi1>
  // CHECK: tw.not %{{.*}} : tensor<2x3xi1>
  %4 = tw.not %3 : tensor<2x3xi1>
  // CHECK: tw.select %{{.*}}, %{{.*}}, %{{.*}} : tensor<2x3xi1>, tensor<2x3xf32>
  %5 = tw.select %4, %x, %0 : tensor<2x3xi1>, tensor<2x3xf32>
  // CHECK: tw.convert %{{.*}} : tensor<2x3xi32> -> tensor<2x3xf32>
  %6 = tw.convert %k : tensor<2x3xi32> -> tensor<2x3xf32>
  // CHECK: tw.stop_gradient %{{.*}} : tensor<2x3xf32>
  %7 = tw.stop_gradient %x : tensor<2x3xf32>
  // CHECK: tw.constant dense<1.000000e+00> : tensor<2x3xf32>
  %8 = tw.constant dense<1.0> : tensor<2x3xf32>
  // CHECK: tw.iota 1 : tensor<2x3xi32>
  %9 = tw.iota 1 : tensor<2x3xi32>
  // CHECK: tw.uniform %{{.*}} stream 4294967295 : tensor<2xi64> -> tensor<2x3xf32>
  %10 = tw.uniform %key stream 4294967295 : tensor<2xi64> -> tensor<2x3xf32>
  // CHECK: tw.uniform %{{.*}} stream 0 and %{{.*}} : tensor<i64> in %{{.*}} : tensor<i64> from %{{.*}} : tensor<i64> : tensor<2xi64> -> tensor<3xf32>
  %11 = tw.uniform %key stream 0 and %number : tensor<i64> in %number : tensor<i64> from %number : tensor<i64> : tensor<2xi64> -> tensor<3xf32>
  return
}

// CHECK-LABEL: func @structure
func.func @structure(%x: tensor<5x6xf32>, %w: tensor<6x4xf32>) {
  // CHECK: tw.window %{{.*}} by #{{.*}} : tensor<5x6xf32> -> tensor<2x6x2xf32>
  %0 = tw.window %x by affine_map<(i, c, u) -> (i * 2 + u, c)> : tensor<5x6xf32> -> tensor<2x6x2xf32>
  // CHECK: tw.fold %{{.*}} by #{{.*}} : tensor<2x6x2xf32> -> tensor<5x6xf32>
  %1 = tw.fold %0 by affine_map<(i, c, u) -> (i * 2 + u, c)> : tensor<2x6x2xf32> -> tensor<5x6xf32>
  // CHECK: tw.pad %{{.*}} low [1, 0] high [0, 2] value 0.000000e+00 : tensor<5x6xf32> -> tensor<6x8xf32>
  %2 = tw.pad %x low [1, 0] high [0, 2] value 0.0 : tensor<5x6xf32> -> tensor<6x8xf32>
  // CHECK: tw.concat %{{.*}}, %{{.*}} dim 1 : tensor<5x6xf32>, tensor<5x6xf32> -> tensor<5x12xf32>
  %joined = tw.concat %x, %x dim 1 : tensor<5x6xf32>, tensor<5x6xf32> -> tensor<5x12xf32>
  // CHECK: tw.reshape %{{.*}} : tensor<5x6xf32> -> tensor<30xf32>
  %3 = tw.reshape %x : tensor<5x6xf32> -> tensor<30xf32>
  // CHECK: tw.reduce max %{{.*}} dims [0, 1] : tensor<5x6xf32> -> tensor<f32>
  %4 = tw.reduce max %x dims [0, 1] : tensor<5x6xf32> -> tensor<f32>
  // CHECK: tw.arg min %{{.*}} dim 1 : tensor<5x6xf32> -> tensor<5xi32>
  %5 = tw.arg min %x dim 1 : tensor<5x6xf32> -> tensor<5xi32>
  // CHECK: tw.contract %{{.*}}, %{{.*}} over [5, 4, 6] a #{{.*}} b #{{.*}} y #{{.*}} : tensor<5x6xf32>, tensor<6x4xf32> -> tensor<5x4xf32>
  %6 = tw.contract %x, %w over [5, 4, 6] a affine_map<(i, j, k) -> (i, k)> b affine_map<(i, j, k) -> (k, j)>
           y affine_map<(i, j, k) -> (i, j)> : tensor<5x6xf32>, tensor<6x4xf32> -> tensor<5x4xf32>
  return
}

// CHECK-LABEL: func @requirements
func.func @requirements(%c: tensor<3xi1>, %x: tensor<3xi32>) {
  // CHECK: tw.require %{{.*}} "all must hold" : tensor<3xi1>
  tw.require %c "all must hold" : tensor<3xi1>
  // CHECK: tw.require %{{.*}} telling %{{.*}} "{} is not in 0 to 9" {help = "count again", high = 10 : i64, low = 0 : i64} : tensor<3xi1>, tensor<3xi32>
  tw.require %c telling %x "{} is not in 0 to 9" {low = 0 : i64, high = 10 : i64, help = "count again"}
      : tensor<3xi1>, tensor<3xi32>
  return
}

// A rule for any shape: elementwise ops, a spread scalar, a reduction over everything.
// CHECK-LABEL: func @any_shape
func.func @any_shape(%x: tensor<*xf32>, %s: tensor<f32>) {
  // CHECK: tw.window %{{.*}} by #{{.*}} : tensor<f32> -> tensor<*xf32>
  %0 = tw.window %s by affine_map<() -> ()> : tensor<f32> -> tensor<*xf32>
  // CHECK: tw.mul %{{.*}}, %{{.*}} : tensor<*xf32>
  %1 = tw.mul %0, %x : tensor<*xf32>
  // CHECK: tw.reduce sum %{{.*}} dims [] : tensor<*xf32> -> tensor<f32>
  %2 = tw.reduce sum %1 dims [] : tensor<*xf32> -> tensor<f32>
  return
}
