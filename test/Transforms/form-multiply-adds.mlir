// A product whose only reader is a sum is joined to it, of two products the first; one with another reader is not. Joined, they are one operation, also
// where a derivative reads the product as well.
//
// RUN: talweg-opt %s --talweg-form-multiply-adds | FileCheck %s
// RUN: talweg-opt %s --talweg-form-multiply-adds --talweg-tw-to-linalg --canonicalize | FileCheck %s --check-prefix=LOWERED

// CHECK-LABEL: func.func @joined
// CHECK:       tw.add %{{.*}}, %{{.*}} {joined = 1 : i64} : tensor<8xf32>
// CHECK:       tw.sub %{{.*}}, %{{.*}} {joined = 0 : i64} : tensor<8xf32>
// LOWERED-LABEL: func.func @joined
// LOWERED:         math.fma
// LOWERED:         arith.mulf
// LOWERED-NOT:     arith.mulf
// LOWERED:         %[[NEGATED:.*]] = arith.negf
// LOWERED:         math.fma %{{.*}}, %{{.*}}, %[[NEGATED]]
func.func @joined(%a: tensor<8xf32>, %b: tensor<8xf32>, %c: tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>) {
  %p = tw.mul %a, %b : tensor<8xf32>
  %s = tw.add %c, %p : tensor<8xf32>
  %q = tw.mul %a, %c : tensor<8xf32>
  %r = tw.mul %b, %c : tensor<8xf32>
  %d = tw.sub %q, %r : tensor<8xf32>
  return %s, %d : tensor<8xf32>, tensor<8xf32>
}

// CHECK-LABEL: func.func @twoReaders
// CHECK-NOT:   joined
// LOWERED-LABEL: func.func @twoReaders
// LOWERED-NOT:     math.fma
func.func @twoReaders(%a: tensor<8xf32>, %c: tensor<8xf32>, %k: tensor<8xi32>) -> (tensor<8xf32>, tensor<8xf32>, tensor<8xi32>) {
  %p = tw.mul %a, %a : tensor<8xf32>
  %s = tw.add %p, %c : tensor<8xf32>
  %m = tw.mul %k, %k : tensor<8xi32>
  %n = tw.add %m, %k : tensor<8xi32>
  return %p, %s, %n : tensor<8xf32>, tensor<8xf32>, tensor<8xi32>
}
