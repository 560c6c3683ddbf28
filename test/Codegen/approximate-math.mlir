// RUN: talweg-opt %s --talweg-approximate-math | FileCheck %s
// f32 mathematics on vectors becomes arithmetic without branches or calls; f64 keeps its functions.

// CHECK-LABEL: func.func @single
// CHECK-NOT: math.exp
// CHECK: math.fma
// CHECK-NOT: math.exp
func.func @single(%x: vector<16xf32>) -> vector<16xf32> {
  %0 = math.exp %x : vector<16xf32>
  return %0 : vector<16xf32>
}

// CHECK-LABEL: func.func @double
// CHECK: math.exp %{{.*}} : vector<8xf64>
func.func @double(%x: vector<8xf64>) -> vector<8xf64> {
  %0 = math.exp %x : vector<8xf64>
  return %0 : vector<8xf64>
}
