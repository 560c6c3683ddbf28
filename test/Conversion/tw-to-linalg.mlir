// RUN: talweg-opt %s --talweg-tw-to-linalg | FileCheck %s
// Every tensor op becomes one linalg.generic; an elementwise one writes an empty tensor through the identity.

// CHECK: #[[ID:.*]] = affine_map<(d0, d1) -> (d0, d1)>
// CHECK-LABEL: func.func @elementwise
// CHECK-SAME: (%[[A:.*]]: tensor<2x3xf32>, %[[B:.*]]: tensor<2x3xf32>)
func.func @elementwise(%a: tensor<2x3xf32>, %b: tensor<2x3xf32>) -> tensor<2x3xf32> {
  // CHECK: %[[EMPTY:.*]] = tensor.empty() : tensor<2x3xf32>
  // CHECK: linalg.generic {indexing_maps = [#[[ID]], #[[ID]], #[[ID]]], iterator_types = ["parallel", "parallel"]}
  // CHECK-SAME: ins(%[[A]], %[[B]] : tensor<2x3xf32>, tensor<2x3xf32>) outs(%[[EMPTY]] : tensor<2x3xf32>)
  // CHECK: ^bb0(%[[X:.*]]: f32, %[[Y:.*]]: f32, %{{.*}}: f32)
  // CHECK: %[[MAX:.*]] = arith.maximumf %[[X]], %[[Y]] : f32
  // CHECK: linalg.yield %[[MAX]]
  %0 = tw.max %a, %b : tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @storage
// CHECK-SAME: (%[[X:.*]]: tensor<4xi8>) -> tensor<4xf32>
func.func @storage(%x: tensor<4xui8>) -> tensor<4xf32> {
  // CHECK: ins(%[[X]] : tensor<4xi8>)
  // CHECK: arith.uitofp %{{.*}} : i8 to f32
  %0 = tw.convert %x : tensor<4xui8> -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// CHECK-LABEL: func.func @nanIsDifferentFromAll
func.func @nanIsDifferentFromAll(%a: tensor<4xf32>, %b: tensor<4xf32>) -> (tensor<4xi1>, tensor<4xi1>) {
  // CHECK: arith.cmpf une
  %0 = tw.compare ne %a, %b : tensor<4xf32> -> tensor<4xi1>
  // CHECK: arith.cmpf oge
  %1 = tw.compare ge %a, %b : tensor<4xf32> -> tensor<4xi1>
  return %0, %1 : tensor<4xi1>, tensor<4xi1>
}

// Integers are divided toward minus infinity: the truncated quotient, one less where the signs differ.
// CHECK-LABEL: func.func @floorDivision
func.func @floorDivision(%a: tensor<4xi32>, %b: tensor<4xi32>) -> tensor<4xi32> {
  // CHECK: %[[Q:.*]] = arith.divsi
  // CHECK: %[[LESS:.*]] = arith.subi %[[Q]], %{{.*}}
  // CHECK: arith.select %{{.*}}, %[[LESS]], %[[Q]]
  %0 = tw.div %a, %b : tensor<4xi32>
  return %0 : tensor<4xi32>
}
