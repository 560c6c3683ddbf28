// Mathematics without a formula is an intrinsic of LLVM, or a call of the C library: for each lane of a vector one.
// RUN: talweg-opt %s --talweg-lower-math | FileCheck %s --implicit-check-not=math.

// CHECK-DAG: func.func private @log1pf(f32) -> f32
// CHECK-DAG: func.func private @erf(f64) -> f64

// CHECK-LABEL: @intrinsics
// CHECK-SAME: %[[x:.*]]: vector<16xf32>
// CHECK: %[[root:.*]] = llvm.intr.sqrt(%[[x]])
// CHECK: llvm.intr.fma(%[[root]], %[[x]], %[[x]])
func.func @intrinsics(%x: vector<16xf32>) -> vector<16xf32> {
  %root = math.sqrt %x : vector<16xf32>
  %y = math.fma %root, %x, %x : vector<16xf32>
  return %y : vector<16xf32>
}

// Not the logarithm of 1 + x, which loses all of a small x.
// CHECK-LABEL: @small
// CHECK-NOT: log(
// CHECK: call @log1pf
func.func @small(%x: f32) -> f32 {
  %y = math.log1p %x : f32
  return %y : f32
}

// CHECK-LABEL: @lanes
// CHECK-COUNT-2: call @erf
// CHECK-NOT: call
// CHECK: return
func.func @lanes(%x: vector<2xf64>) -> vector<2xf64> {
  %y = math.erf %x : vector<2xf64>
  return %y : vector<2xf64>
}

// CHECK-LABEL: @nothing
// CHECK-NEXT: arith.addf
func.func @nothing(%x: f32) -> f32 {
  %y = arith.addf %x, %x : f32
  return %y : f32
}
