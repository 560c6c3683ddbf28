// RUN: talweg-opt %s --talweg-lower-leaves | FileCheck %s
// What stands behind in the block is done where the condition does not hold.

// CHECK-LABEL: func.func @step
// CHECK:       scf.for
// CHECK:         memref.store %{{.*}}, %[[A:.*]][%{{.*}}]
// CHECK-NEXT:    scf.if %{{.*}} {
// CHECK-NEXT:      memref.store %{{.*}}, %[[B:.*]][%{{.*}}]
// CHECK-NEXT:    } else {
// CHECK-NEXT:      memref.store %{{.*}}, %[[C:.*]][%{{.*}}]
// CHECK-NEXT:    }
// CHECK-NEXT:  }
func.func @step(%a: memref<4xf32>, %b: memref<4xf32>, %c: memref<4xf32>, %x: f32, %leaves: i1, %n: index) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  scf.for %i = %zero to %n step %one {
    memref.store %x, %a[%i] : memref<4xf32>
    kernel.leave if %leaves {
      memref.store %x, %b[%i] : memref<4xf32>
    }
    memref.store %x, %c[%i] : memref<4xf32>
  }
  return
}

// What is done where it is not left comes first.

// CHECK-LABEL: func.func @stays
// CHECK:         scf.if %{{.*}} {
// CHECK-NEXT:      memref.store %{{.*}}, %[[B:.*]][%{{.*}}]
// CHECK-NEXT:    } else {
// CHECK-NEXT:      memref.store %{{.*}}, %[[A:.*]][%{{.*}}]
// CHECK-NEXT:      memref.store %{{.*}}, %[[C:.*]][%{{.*}}]
// CHECK-NEXT:    }
func.func @stays(%a: memref<4xf32>, %b: memref<4xf32>, %c: memref<4xf32>, %x: f32, %leaves: i1, %i: index) {
  kernel.leave if %leaves {
    memref.store %x, %b[%i] : memref<4xf32>
  } else {
    memref.store %x, %a[%i] : memref<4xf32>
  }
  memref.store %x, %c[%i] : memref<4xf32>
  return
}
