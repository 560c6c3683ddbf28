// RUN: talweg-opt %s --talweg-outline-kernels=min-ops=2 | FileCheck %s
// A nest that begins with the result of another: both become calls, and the second takes the first's result.

// CHECK-LABEL: func.func @talweg_step
// CHECK: %[[A:.*]] = {{.*}}call @[[SUM:kernel.*]](%{{.*}}, %{{.*}}) : (f32, memref<16xf32>) -> f32
// CHECK: %[[B:.*]] = {{.*}}call @[[PRODUCT:kernel.*]](%[[A]], %{{.*}}) : (f32, memref<16xf32>) -> f32
// CHECK: %[[C:.*]] = {{.*}}call @[[SUM]](%{{.*}}, %{{.*}}) : (f32, memref<16xf32>) -> f32
// CHECK: call @[[PRODUCT]](%[[C]], %{{.*}}) : (f32, memref<16xf32>) -> f32
func.func @talweg_step(%x: memref<16xf32> {llvm.noalias}, %y: memref<16xf32> {llvm.noalias}, %out: memref<2xf32>, %start: f32, %other: f32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c16 = arith.constant 16 : index
  %a = scf.for %i = %c0 to %c16 step %c1 iter_args(%sum = %start) -> f32 {
    %e = memref.load %x[%i] : memref<16xf32>
    %next = arith.addf %sum, %e : f32
    scf.yield %next : f32
  }
  %b = scf.for %i = %c0 to %c16 step %c1 iter_args(%sum = %a) -> f32 {
    %e = memref.load %x[%i] : memref<16xf32>
    %next = arith.mulf %sum, %e : f32
    scf.yield %next : f32
  }
  memref.store %b, %out[%c0] : memref<2xf32>
  %c = scf.for %i = %c0 to %c16 step %c1 iter_args(%sum = %other) -> f32 {
    %e = memref.load %y[%i] : memref<16xf32>
    %next = arith.addf %sum, %e : f32
    scf.yield %next : f32
  }
  %d = scf.for %i = %c0 to %c16 step %c1 iter_args(%sum = %c) -> f32 {
    %e = memref.load %y[%i] : memref<16xf32>
    %next = arith.mulf %sum, %e : f32
    scf.yield %next : f32
  }
  memref.store %d, %out[%c1] : memref<2xf32>
  return
}
