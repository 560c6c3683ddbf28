// RUN: talweg-opt %s --talweg-plan-memory | FileCheck %s
// Buffers whose lives do not meet share memory: three of 1024 bytes in 2048.

// CHECK-LABEL: func.func @chain
// CHECK-SAME: %[[ARENA:arg1]]: memref<2048xi8>
// CHECK-SAME: talweg.live_bytes = 2048 : i64
// CHECK-DAG: %[[LOW:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[HIGH:.*]] = arith.constant 1024 : index
// CHECK-DAG: memref.view %[[ARENA]][%[[LOW]]]
// CHECK-DAG: memref.view %[[ARENA]][%[[HIGH]]]
// CHECK-NOT: memref.alloc
func.func @chain(%persistent: memref<64xi8>, %arena: memref<0xi8>) {
  %a = memref.alloc() : memref<256xf32>
  %b = memref.alloc() : memref<256xf32>
  %c = memref.alloc() : memref<256xf32>
  memref.copy %a, %b : memref<256xf32> to memref<256xf32>
  memref.copy %b, %c : memref<256xf32> to memref<256xf32>
  return
}

// What a loop's body needs lies above what lives around the loop.
// CHECK-LABEL: func.func @nested
// CHECK-SAME: memref<192xi8>
func.func @nested(%persistent: memref<64xi8>, %arena: memref<0xi8>, %n: memref<1xindex>) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %f = arith.constant 1.0 : f32
  %steps = memref.load %n[%zero] : memref<1xindex>
  %outer = memref.alloc() : memref<16xf32>
  scf.for %i = %zero to %steps step %one {
    %inner = memref.alloc() : memref<16xf32>
    %other = memref.alloc() : memref<1xf32>
    memref.store %f, %other[%zero] : memref<1xf32>
    memref.copy %outer, %inner : memref<16xf32> to memref<16xf32>
    memref.store %f, %other[%zero] : memref<1xf32>
  }
  return
}

// And below what lives only before or after it.
// CHECK-LABEL: func.func @before
// CHECK-SAME: memref<64xi8>
func.func @before(%persistent: memref<64xi8>, %arena: memref<0xi8>, %n: memref<1xindex>) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %f = arith.constant 1.0 : f32
  %outer = memref.alloc() : memref<16xf32>
  memref.store %f, %outer[%zero] : memref<16xf32>
  %steps = memref.load %n[%zero] : memref<1xindex>
  scf.for %i = %zero to %steps step %one {
    %inner = memref.alloc() : memref<16xf32>
    memref.store %f, %inner[%zero] : memref<16xf32>
  }
  return
}
