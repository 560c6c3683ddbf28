// A thread takes turns in a row: of 7, two threads take 3 and 4. What forked in a turn is a loop, and each thread has memory of its own.
// RUN: talweg-opt %s --talweg-lower-turns | FileCheck %s
// RUN: talweg-opt %s --talweg-lower-turns --talweg-plan-memory | FileCheck %s --check-prefix=MEMORY

// CHECK-LABEL: func.func @turns
// CHECK-DAG: %[[TWO:.*]] = arith.constant 2 : index
// CHECK: scf.parallel (%[[THREAD:.*]]) = (%{{.*}}) to (%[[TWO]]) step
// CHECK: %[[TURNS:.*]] = arith.muli %[[THREAD]], %c7
// CHECK: %[[FIRST:.*]] = arith.divui %[[TURNS]], %c2
// CHECK: %[[NEXT:.*]] = arith.addi %[[THREAD]], %c1
// CHECK: %[[LATER:.*]] = arith.muli %[[NEXT]], %c7
// CHECK: %[[LAST:.*]] = arith.divui %[[LATER]], %c2
// CHECK: scf.for %{{.*}} = %[[FIRST]] to %[[LAST]] step
// CHECK-NOT: scf.parallel
// CHECK: scf.for
// CHECK: scf.for
// CHECK: memref.store
// CHECK: {kernel.threads = 2 : i64}

// MEMORY-LABEL: func.func @turns
// MEMORY-SAME: %[[ARENA:arg1]]: memref<512xi8>
// MEMORY-SAME: talweg.live_bytes = 512 : i64
// MEMORY: scf.parallel (%[[THREAD:.*]]) =
// MEMORY: %[[OWN:.*]] = arith.muli %[[THREAD]], %c256
// MEMORY: scf.for
// MEMORY: %[[SHIFT:.*]] = arith.addi %[[OWN]], %c0
// MEMORY: memref.view %[[ARENA]][%[[SHIFT]]]
func.func @turns(%persistent: memref<64xi8>, %arena: memref<0xi8>) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %seven = arith.constant 7 : index
  %eight = arith.constant 8 : index
  %x = arith.constant 1.0 : f32
  scf.for %turn = %zero to %seven step %one {
    %own = memref.alloc() : memref<8x8xf32>
    scf.parallel (%i, %j) = (%zero, %zero) to (%eight, %eight) step (%one, %one) {
      memref.store %x, %own[%i, %j] : memref<8x8xf32>
    }
  } {kernel.independent, kernel.threads = 2 : i64}
  return
}
