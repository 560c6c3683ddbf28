// RUN: talweg-opt %s --talweg-approximate-math --verify-diagnostics | FileCheck %s
// Mathematics on vectors becomes arithmetic without calls, or branches between lanes.

// CHECK-LABEL: func.func @single
// CHECK-NOT: math.{{exp|log|tanh|erf|sin|cos|powf}}
// CHECK: math.fma
// CHECK-NOT: math.{{exp|log|tanh|erf|sin|cos|powf}}
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
  %3 = arith.divf %one, %2 {talweg.logistic} : vector<16xf32>
  return %3 : vector<16xf32>
}

// So it is of a negated number, where both signs have been folded.
// CHECK-LABEL: func.func @logistic_of_negated
// CHECK: arith.negf %arg0
// CHECK-NOT: math.exp
// CHECK: arith.divf
func.func @logistic_of_negated(%x: vector<16xf32>) -> vector<16xf32> {
  %one = arith.constant dense<1.0> : vector<16xf32>
  %0 = math.exp %x : vector<16xf32>
  %1 = arith.addf %one, %0 : vector<16xf32>
  %2 = arith.divf %one, %1 {talweg.logistic} : vector<16xf32>
  return %2 : vector<16xf32>
}

// CHECK-LABEL: func.func @double
// CHECK-NOT: math.{{exp|log|tanh|erf|powf}}
// CHECK-LABEL: func.func @beyond
func.func @double(%x: vector<8xf64>, %y: vector<8xf64>) -> vector<8xf64> {
  %0 = math.exp %x : vector<8xf64>
  %1 = math.log %0 : vector<8xf64>
  %2 = math.log1p %1 : vector<8xf64>
  %3 = math.tanh %2 : vector<8xf64>
  %4 = math.erf %3 : vector<8xf64>
  %5 = math.powf %4, %y : vector<8xf64>
  return %5 : vector<8xf64>
}

// Sine and cosine take the long way only if some lane needs it; in f64 that is the C library.
// CHECK: %[[ANY:.*]] = vector.reduction <or>
// CHECK: scf.if %[[ANY]]
// CHECK: math.sin %{{.*}} {talweg.called} : vector<8xf64>
// CHECK-NEXT: arith.select
// CHECK: else
// CHECK-NEXT: scf.yield
func.func @beyond(%x: vector<8xf64>) -> vector<8xf64> {
  %0 = math.sin %x : vector<8xf64>
  return %0 : vector<8xf64>
}

// Scalars stay calls.
// CHECK-LABEL: func.func @scalar
// CHECK: math.exp %{{.*}} : f64
func.func @scalar(%x: f64) -> f64 {
  %0 = math.exp %x : f64
  return %0 : f64
}

// A call for each element is told, one for each step (a bias correction's power) is not.
// CHECK-LABEL: func.func @one_by_one
func.func @one_by_one(%steps: index, %n: index, %x: memref<64xf32>) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %elements = arith.constant 64 : index
  scf.for %step = %zero to %steps step %one {
    %0 = memref.load %x[%zero] : memref<64xf32>
    %1 = math.exp %0 : f32
    memref.store %1, %x[%zero] : memref<64xf32>
    scf.for %i = %zero to %elements step %one {
      %2 = memref.load %x[%i] : memref<64xf32>
      // expected-remark @below {{computed by a call of the C library for each element}}
      %3 = math.log %2 : f32
      memref.store %3, %x[%i] : memref<64xf32>
      %4 = math.sqrt %2 : f32
      memref.store %4, %x[%i] : memref<64xf32>
    }
  }
  return
}

// What only looks like the logistic function stays what it is.
// CHECK-LABEL: func.func @quotient
// CHECK: arith.divf %{{.*}}, %[[SUM:.*]] : vector<16xf32>
// CHECK-NEXT: return
func.func @quotient(%x: vector<16xf32>) -> vector<16xf32> {
  %one = arith.constant dense<1.0> : vector<16xf32>
  %0 = arith.negf %x : vector<16xf32>
  %1 = math.exp %0 : vector<16xf32>
  %2 = arith.addf %one, %1 : vector<16xf32>
  %3 = arith.divf %one, %2 : vector<16xf32>
  return %3 : vector<16xf32>
}

// A function without a formula is told.
func.func @called(%x: vector<16xf32>) -> vector<16xf32> {
  // expected-remark @below {{computed by a call of the C library for each of its 16 lanes}}
  %0 = math.atan %x : vector<16xf32>
  return %0 : vector<16xf32>
}
