// Neutral elements vanish, constants are computed, powers become products and roots, scalars are computed before they are
// spread.
//
// RUN: talweg-opt %s --canonicalize | FileCheck %s

// CHECK-LABEL: func @neutral(
// CHECK-SAME:    %[[X:.*]]: tensor<3xf32>
func.func @neutral(%x: tensor<3xf32>) -> tensor<3xf32> {
  %zero = tw.constant dense<0.0> : tensor<3xf32>
  %scalar = tw.constant dense<1.0> : tensor<f32>
  %one = tw.window %scalar by affine_map<(i) -> ()> : tensor<f32> -> tensor<3xf32>
  %0 = tw.add %zero, %x : tensor<3xf32>
  %1 = tw.mul %0, %one : tensor<3xf32>
  %2 = tw.div %1, %one : tensor<3xf32>
  %3 = tw.sub %2, %zero : tensor<3xf32>
  %4 = tw.neg %3 : tensor<3xf32>
  %5 = tw.neg %4 : tensor<3xf32>
  %6 = tw.pow %5, %one : tensor<3xf32>
  // CHECK-NEXT: return %[[X]]
  return %6 : tensor<3xf32>
}

// CHECK-LABEL: func @powers(
// CHECK-SAME:    %[[X:.*]]: tensor<3xf32>
func.func @powers(%x: tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) {
  %two = tw.constant dense<2.0> : tensor<3xf32>
  %half = tw.constant dense<0.5> : tensor<3xf32>
  %minus = tw.constant dense<-1.0> : tensor<3xf32>
  %minushalf = tw.constant dense<-0.5> : tensor<3xf32>
  %other = tw.constant dense<1.25> : tensor<3xf32>
  // CHECK-DAG: %[[ONE:.*]] = tw.constant dense<1.000000e+00>
  // CHECK-DAG: %[[OTHER:.*]] = tw.constant dense<1.250000e+00>
  // CHECK-DAG: %[[SQUARE:.*]] = tw.mul %[[X]], %[[X]]
  %0 = tw.pow %x, %two : tensor<3xf32>
  // CHECK-DAG: %[[ROOT:.*]] = tw.sqrt %[[X]]
  %1 = tw.pow %x, %half : tensor<3xf32>
  // CHECK-DAG: %[[INVERSE:.*]] = tw.div %[[ONE]], %[[X]]
  %2 = tw.pow %x, %minus : tensor<3xf32>
  // CHECK-DAG: %[[RSQRT:.*]] = tw.rsqrt %[[X]]
  %3 = tw.pow %x, %minushalf : tensor<3xf32>
  // CHECK-DAG: %[[POW:.*]] = tw.pow %[[X]], %[[OTHER]]
  %4 = tw.pow %x, %other : tensor<3xf32>
  // CHECK: return %[[SQUARE]], %[[ROOT]], %[[INVERSE]], %[[RSQRT]], %[[POW]]
  return %0, %1, %2, %3, %4 : tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>
}

// CHECK-LABEL: func @whole_powers(
// CHECK-SAME:    %[[X:.*]]: tensor<3xf32>
func.func @whole_powers(%x: tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) {
  %six = tw.constant dense<6.0> : tensor<3xf32>
  %minus = tw.constant dense<-2.0> : tensor<3xf32>
  %half = tw.constant dense<1.5> : tensor<3xf32>
  %minushalf = tw.constant dense<-1.5> : tensor<3xf32>
  %nine = tw.constant dense<9.0> : tensor<3xf32>
  // CHECK-DAG: %[[SQUARE:.*]] = tw.mul %[[X]], %[[X]]
  // CHECK-DAG: %[[CUBE:.*]] = tw.mul %[[SQUARE]], %[[X]]
  // CHECK-DAG: %[[SIXTH:.*]] = tw.mul %[[CUBE]], %[[CUBE]]
  %0 = tw.pow %x, %six : tensor<3xf32>
  // CHECK-DAG: %[[INVERSE:.*]] = tw.div %{{.*}}, %[[X]]
  // CHECK-DAG: %[[OFSQUARE:.*]] = tw.mul %[[INVERSE]], %[[INVERSE]]
  %1 = tw.pow %x, %minus : tensor<3xf32>
  // CHECK-DAG: %[[ROOT:.*]] = tw.sqrt %[[X]]
  // CHECK-DAG: %[[ROOTS:.*]] = tw.mul %[[X]], %[[ROOT]]
  %2 = tw.pow %x, %half : tensor<3xf32>
  // CHECK-DAG: %[[RSQRT:.*]] = tw.rsqrt %[[X]]
  // CHECK-DAG: %[[OFROOTS:.*]] = tw.mul %{{.*}}, %[[RSQRT]]
  %3 = tw.pow %x, %minushalf : tensor<3xf32>
  // CHECK-DAG: %[[POW:.*]] = tw.pow %[[X]]
  %4 = tw.pow %x, %nine : tensor<3xf32>
  // CHECK: return %[[SIXTH]], %[[OFSQUARE]], %[[ROOTS]], %[[OFROOTS]], %[[POW]]
  return %0, %1, %2, %3, %4 : tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>
}

// CHECK-LABEL: func @absolute(
// CHECK-SAME:    %[[X:.*]]: tensor<3xf32>
func.func @absolute(%x: tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) {
  // CHECK-DAG: %[[SQUARE:.*]] = tw.mul %[[X]], %[[X]]
  %square = tw.mul %x, %x : tensor<3xf32>
  %0 = tw.abs %square : tensor<3xf32>
  // CHECK-DAG: %[[EXP:.*]] = tw.exp %[[X]]
  %exp = tw.exp %x : tensor<3xf32>
  %1 = tw.abs %exp : tensor<3xf32>
  // CHECK-DAG: %[[ABS:.*]] = tw.abs %[[X]]
  %minus = tw.neg %x : tensor<3xf32>
  %2 = tw.abs %minus : tensor<3xf32>
  // CHECK: return %[[SQUARE]], %[[EXP]], %[[ABS]]
  return %0, %1, %2 : tensor<3xf32>, tensor<3xf32>, tensor<3xf32>
}

// CHECK-LABEL: func @greatest_of_one(
// CHECK-SAME:    %[[X:.*]]: tensor<3xf32>
func.func @greatest_of_one(%x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = tw.max %x, %x : tensor<3xf32>
  %1 = tw.min %0, %0 : tensor<3xf32>
  // CHECK-NEXT: return %[[X]]
  return %1 : tensor<3xf32>
}

// In a rule for any shape the exponent is a spread scalar.
// CHECK-LABEL: func @power_of_any_shape(
// CHECK-SAME:    %[[X:.*]]: tensor<*xf32>
func.func @power_of_any_shape(%x: tensor<*xf32>) -> tensor<*xf32> {
  %two = tw.constant dense<2.0> : tensor<f64>
  %narrow = tw.convert %two : tensor<f64> -> tensor<f32>
  %spread = tw.window %narrow by affine_map<() -> ()> : tensor<f32> -> tensor<*xf32>
  // CHECK-NEXT: %[[Y:.*]] = tw.mul %[[X]], %[[X]] : tensor<*xf32>
  %0 = tw.pow %x, %spread : tensor<*xf32>
  // CHECK-NEXT: return %[[Y]]
  return %0 : tensor<*xf32>
}

// CHECK-LABEL: func @signs(
// CHECK-SAME:    %[[A:.*]]: tensor<3xf32>, %[[B:.*]]: tensor<3xf32>
func.func @signs(%a: tensor<3xf32>, %b: tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) {
  %minus = tw.neg %b : tensor<3xf32>
  // CHECK-DAG: %[[SUB:.*]] = tw.sub %[[A]], %[[B]]
  %0 = tw.add %a, %minus : tensor<3xf32>
  // CHECK-DAG: %[[ADD:.*]] = tw.add %[[A]], %[[B]]
  %1 = tw.sub %a, %minus : tensor<3xf32>
  // CHECK-DAG: %[[TWO:.*]] = tw.constant dense<2.000000e+00>
  // CHECK-DAG: %[[TWICE:.*]] = tw.mul %[[A]], %[[TWO]]
  %2 = tw.add %a, %a : tensor<3xf32>
  // CHECK: return %[[SUB]], %[[ADD]], %[[TWICE]]
  return %0, %1, %2 : tensor<3xf32>, tensor<3xf32>, tensor<3xf32>
}

// 1 - 0.9 in f64, rounded once.
// CHECK-LABEL: func @literals(
func.func @literals() -> (tensor<f32>, tensor<2xi32>, tensor<2xi1>) {
  %one = tw.constant dense<1.0> : tensor<f64>
  %beta = tw.constant dense<0.9> : tensor<f64>
  %rest = tw.sub %one, %beta : tensor<f64>
  // CHECK-DAG: %[[REST:.*]] = tw.constant dense<1.000000e-01> : tensor<f32>
  %0 = tw.convert %rest : tensor<f64> -> tensor<f32>
  %seven = tw.constant dense<-7> : tensor<2xi32>
  %two = tw.constant dense<2> : tensor<2xi32>
  // CHECK-DAG: %[[FLOOR:.*]] = tw.constant dense<-4> : tensor<2xi32>
  %1 = tw.div %seven, %two : tensor<2xi32>
  // CHECK-DAG: %[[LESS:.*]] = tw.constant dense<true> : tensor<2xi1>
  %2 = tw.compare lt %seven, %two : tensor<2xi32> -> tensor<2xi1>
  // CHECK: return %[[REST]], %[[FLOOR]], %[[LESS]]
  return %0, %1, %2 : tensor<f32>, tensor<2xi32>, tensor<2xi1>
}

// CHECK-LABEL: func @scalars_first(
// CHECK-SAME:    %[[A:.*]]: tensor<f32>, %[[B:.*]]: tensor<f32>
func.func @scalars_first(%a: tensor<f32>, %b: tensor<f32>) -> tensor<4x5xf32> {
  %0 = tw.window %a by affine_map<(i, j) -> ()> : tensor<f32> -> tensor<4x5xf32>
  %1 = tw.window %b by affine_map<(i, j) -> ()> : tensor<f32> -> tensor<4x5xf32>
  // CHECK-NEXT: %[[PRODUCT:.*]] = tw.mul %[[A]], %[[B]] : tensor<f32>
  %2 = tw.mul %0, %1 : tensor<4x5xf32>
  // CHECK-NEXT: %[[ROOT:.*]] = tw.sqrt %[[PRODUCT]] : tensor<f32>
  %3 = tw.sqrt %2 : tensor<4x5xf32>
  // CHECK-NEXT: %[[Y:.*]] = tw.window %[[ROOT]] by #{{.*}} : tensor<f32> -> tensor<4x5xf32>
  // CHECK-NEXT: return %[[Y]]
  return %3 : tensor<4x5xf32>
}

// CHECK-LABEL: func @conditions(
// CHECK-SAME:    %[[A:.*]]: tensor<3xf32>, %[[B:.*]]: tensor<3xf32>
func.func @conditions(%a: tensor<3xf32>, %b: tensor<3xf32>) -> tensor<3xf32> {
  %yes = tw.constant dense<true> : tensor<3xi1>
  %no = tw.not %yes : tensor<3xi1>
  // CHECK-NEXT: return %[[B]]
  %0 = tw.select %no, %a, %b : tensor<3xi1>, tensor<3xf32>
  return %0 : tensor<3xf32>
}
