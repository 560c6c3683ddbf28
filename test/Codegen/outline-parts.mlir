// RUN: talweg-opt %s --split-input-file --talweg-outline-parts=max-ops=22 | FileCheck %s
// RUN: talweg-opt %s --split-input-file --talweg-outline-parts | FileCheck %s --check-prefix=SHORT

// The ops of a long block are calls of functions, in the same order; a number that is used further on is a result. Views and
// constants are copied to where they are used, and what the host promises of its arguments goes with them.
// CHECK-LABEL: func.func @talweg_step
// CHECK-NEXT: arith.constant
// CHECK: scf.for %[[I:.*]] =
// CHECK-NEXT: %[[X:.*]] = func.call @part(%arg1, %[[I]], %arg0) : (memref<256xi8>, index, memref<256xi8>) -> f32
// CHECK-NEXT: func.call @part_0(%arg1, %[[I]], %arg0, %[[X]]) : (memref<256xi8>, index, memref<256xi8>, f32) -> ()
// CHECK-NEXT: }
// CHECK-NEXT: return
// SHORT-LABEL: func.func @talweg_step
// SHORT-NOT: call
func.func @talweg_step(%persistent: memref<256xi8> {llvm.noalias}, %arena: memref<256xi8> {llvm.noalias}, %steps: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c64 = arith.constant 64 : index
  %a = memref.view %persistent[%c0][] : memref<256xi8> to memref<16xf32>
  %b = memref.view %arena[%c64][] : memref<256xi8> to memref<16xf32>
  scf.for %i = %c0 to %steps step %c1 {
    %x = memref.load %b[%i] : memref<16xf32>
    %y = memref.load %a[%i] : memref<16xf32>
    %sum = arith.addf %x, %y : f32
    %double = arith.addf %sum, %sum : f32
    memref.store %double, %b[%i] : memref<16xf32>
    memref.store %sum, %a[%i] : memref<16xf32>
    %p = memref.load %b[%i] : memref<16xf32>
    %q = memref.load %a[%i] : memref<16xf32>
    %product = arith.mulf %p, %q : f32
    %least = arith.minimumf %product, %sum : f32
    memref.store %least, %b[%i] : memref<16xf32>
    memref.store %product, %a[%i] : memref<16xf32>
  }
  return
}

// CHECK-LABEL: func.func private @part
// CHECK-SAME: (%[[ARENA:.*]]: memref<256xi8> {llvm.align = 64 : i64, llvm.noalias}, %{{.*}}: index, %[[PERSISTENT:.*]]: memref<256xi8> {llvm.align = 64 : i64, llvm.noalias}) -> f32
// CHECK-DAG: memref.view %[[ARENA]]
// CHECK-DAG: memref.view %[[PERSISTENT]]
// CHECK: %[[SUM:.*]] = arith.addf
// CHECK: return %[[SUM]] : f32
// CHECK-LABEL: func.func private @part_0
// CHECK: arith.minimumf
// CHECK: return

// -----

// A view of what the part itself computes stands behind that; for another part's view of it the number is a result.
// CHECK-LABEL: func.func @talweg_step
// CHECK: %[[NUMBERS:.*]]:2 = func.call @part(%arg0, %{{.*}})
// CHECK-NEXT: func.call @part_0(%[[NUMBERS]]#1, %arg0, %[[NUMBERS]]#0, %{{.*}})
// CHECK-LABEL: func.func private @part
// CHECK: %[[IN:.*]] = arith.muli
// CHECK: memref.subview %{{.*}}[%[[IN]]] [4] [1]
// CHECK: return %[[IN]], %{{.*}} : index, f32
func.func @talweg_step(%persistent: memref<256xi8> {llvm.noalias}, %arena: memref<256xi8> {llvm.noalias}, %steps: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %a = memref.view %persistent[%c0][] : memref<256xi8> to memref<16xf32>
  scf.for %i = %c0 to %steps step %c1 {
    %x = memref.load %a[%i] : memref<16xf32>
    %at = arith.muli %i, %c4 : index
    %view = memref.subview %a[%at] [4] [1] : memref<16xf32> to memref<4xf32, strided<[1], offset: ?>>
    %y = memref.load %view[%c1] : memref<4xf32, strided<[1], offset: ?>>
    %sum = arith.addf %x, %y : f32
    memref.store %sum, %a[%i] : memref<16xf32>
    memref.store %sum, %a[%c0] : memref<16xf32>
    memref.store %sum, %a[%c1] : memref<16xf32>
    %z = memref.load %view[%c0] : memref<4xf32, strided<[1], offset: ?>>
    memref.store %z, %a[%i] : memref<16xf32>
    memref.store %z, %a[%c0] : memref<16xf32>
    memref.store %z, %a[%c1] : memref<16xf32>
  }
  return
}
