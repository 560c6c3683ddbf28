// RUN: talweg-opt %s --talweg-approximate-math | FileCheck %s
// f32 mathematics on vectors becomes arithmetic without branches or calls; f64 keeps its functions.

// CHECK-LABEL: func.func @single
// CHECK-NOT: math.{{exp|log|tanh|erf|sin|cos|powf}}
// CHECK: math.fma
// CHECK-NOT: math.{{exp|log|tanh|erf|sin|cos|powf}}
// CHECK-NOT: scf.if
// CHECK-LABEL: func.func @logistic
func.func @single(%x: vector<16xf32>, %y: vector<16xf32>) -> vector<16xf32> {
  %0 = math.exp %x : vector<16xf32>
  %1 = math.log %0 : vector<16xf32>
  %2 = math.log1p %1 : vector<16xf32>
  %3 = math.tanh %2 : vector<16xf32>
  %4 = math.erf %3 : vector<16xf32>
  %5 = math.sin %4 : vector<16xf32>
  %6 = math.cos %5 : vector<16xf32>
  %7 = math.powf %6, %y : vector<16xf32>
  return %7 : vector<16xf32>
}

// The logistic function is one formula: what is small in its divisor is summed first.
// CHECK: arith.addi
// CHECK: %[[POWER:.*]] = arith.bitcast
// CHECK: %[[SMALL:.*]] = math.fma %[[POWER]]
// CHECK-NEXT: %[[DIVISOR:.*]] = arith.addf %{{.*}}, %[[SMALL]]
// CHECK-NEXT: arith.divf %{{.*}}, %[[DIVISOR]]
func.func @logistic(%x: vector<16xf32>) -> vector<16xf32> {
  %one = arith.constant dense<1.0> : vector<16xf32>
  %0 = arith.negf %x : vector<16xf32>
  %1 = math.exp %0 : vector<16xf32>
  %2 = arith.addf %one, %1 : vector<16xf32>
  %3 = arith.divf %one, %2 : vector<16xf32>
  return %3 : vector<16xf32>
}

// CHECK-LABEL: func.func @double
// CHECK: math.exp %{{.*}} : vector<8xf64>
func.func @double(%x: vector<8xf64>) -> vector<8xf64> {
  %0 = math.exp %x : vector<8xf64>
  return %0 : vector<8xf64>
}
