// RUN: talweg-opt %s --talweg-lower-lookups=target=x86-64-v4 | FileCheck %s
// Rows are moved and added by whole vectors, tails are masked, numbers out of range are clamped; threads share rows, or columns.

// CHECK-LABEL: func.func @gather
// CHECK-SAME:    %[[TABLE:.*]]: memref<10x20xf32>, %[[ROWS:.*]]: memref<6xi32>
// CHECK-NOT:     scf.parallel
// CHECK:         scf.for
// CHECK:           %[[NUMBER:.*]] = memref.load %[[ROWS]]
// CHECK:           arith.index_cast %[[NUMBER]]
// CHECK:           arith.maxsi
// CHECK:           arith.minsi
// CHECK:           vector.load {{.*}} vector<16xf32>
// CHECK:           vector.store
// CHECK:           vector.maskedload {{.*}} vector<16xf32>
// CHECK:           vector.maskedstore
func.func @gather(%table: memref<10x20xf32>, %rows: memref<6xi32>, %out: memref<6x20xf32>) {
  kernel.gather %rows of %table outs %out : memref<6xi32> of memref<10x20xf32> outs memref<6x20xf32>
  return
}

// CHECK-LABEL: func.func @many_rows
// CHECK:         scf.parallel
// CHECK:           scf.for
// CHECK-COUNT-4:     vector.load
func.func @many_rows(%table: memref<1000x64xf32>, %rows: memref<8000xi32>, %out: memref<8000x64xf32>) {
  kernel.gather %rows of %table outs %out : memref<8000xi32> of memref<1000x64xf32> outs memref<8000x64xf32>
  return
}

// Of a table that the second cache does not hold, rows are asked for before their turn comes, as many as make up 64 lines; they take threads long enough to
// be shared.
// CHECK-LABEL: func.func @far_rows
// CHECK:         scf.parallel
// CHECK:           %[[AT:.*]] = arith.addi
// CHECK:           %[[LATER:.*]] = arith.addi %[[AT]], %c16
// CHECK:           %[[LAST:.*]] = arith.minui %[[LATER]], %c1023
// CHECK:           memref.load {{.*}}[%[[LAST]]]
// CHECK-COUNT-4:   memref.prefetch {{.*}} read, locality<3>
// CHECK-NOT:       memref.prefetch
// CHECK-COUNT-4:   vector.load
func.func @far_rows(%table: memref<100000x64xf32>, %rows: memref<1024xi32>, %out: memref<1024x64xf32>) {
  kernel.gather %rows of %table outs %out : memref<1024xi32> of memref<100000x64xf32> outs memref<1024x64xf32>
  return
}

// Longer rows are runs, which processors see.
// CHECK-LABEL: func.func @far_runs
// CHECK-NOT:     memref.prefetch
// CHECK:         return
func.func @far_runs(%table: memref<10000x2048xf32>, %rows: memref<6xi32>, %out: memref<6x2048xf32>) {
  kernel.gather %rows of %table outs %out : memref<6xi32> of memref<10000x2048xf32> outs memref<6x2048xf32>
  return
}

// CHECK-LABEL: func.func @single_elements
// CHECK-NOT:     vector
// CHECK:         return
func.func @single_elements(%table: memref<40x1xi8>, %rows: memref<6xi64>, %out: memref<6x1xi8>) {
  kernel.gather %rows of %table outs %out : memref<6xi64> of memref<40x1xi8> outs memref<6x1xi8>
  return
}

// Sums start from zero.
// CHECK-LABEL: func.func @scatter_add
// CHECK:         linalg.fill
// CHECK-NOT:     scf.parallel
// CHECK:         scf.for
// CHECK:           vector.load
// CHECK:           arith.addf {{.*}} vector<8xf64>
// CHECK:           vector.store
func.func @scatter_add(%rows: memref<6xi32>, %values: memref<6x8xf64>, %out: memref<10x8xf64>) {
  kernel.scatter_add %values at %rows outs %out : memref<6x8xf64> at memref<6xi32> outs memref<10x8xf64>
  return
}

// Each thread has columns, and goes through the positions in order.
// CHECK-LABEL: func.func @long_rows
// CHECK:         linalg.fill
// CHECK:         scf.parallel {{.*}} step (%[[COLUMNS:.*]])
// CHECK:           scf.for
// CHECK:             arith.addf {{.*}} vector<16xf32>
func.func @long_rows(%rows: memref<4000xi32>, %values: memref<4000x256xf32>, %out: memref<100x256xf32>) {
  kernel.scatter_add %values at %rows outs %out : memref<4000x256xf32> at memref<4000xi32> outs memref<100x256xf32>
  return
}

// Each thread has rows, which it looks for.
// CHECK-LABEL: func.func @short_rows
// CHECK:         linalg.fill
// CHECK:         scf.parallel
// CHECK:           scf.for
// CHECK:             arith.remui
// CHECK:             scf.if
// CHECK:               arith.addf {{.*}} vector<16xf32>
func.func @short_rows(%rows: memref<40000xi32>, %values: memref<40000x4xf32>, %out: memref<100x4xf32>) {
  kernel.scatter_add %values at %rows outs %out : memref<40000x4xf32> at memref<40000xi32> outs memref<100x4xf32>
  return
}

// A row out of range, the sign being that of a large number, is left out.
// CHECK-LABEL: func.func @put_rows
// CHECK-NOT:     linalg.fill
// CHECK-NOT:     scf.parallel
// CHECK:         scf.for
// CHECK:           %[[ROW:.*]] = arith.index_cast
// CHECK:           arith.cmpi ult, %[[ROW]], %c10
// CHECK:           scf.if
// CHECK:             vector.load {{.*}} vector<16xf32>
// CHECK:             vector.store
// CHECK:             vector.maskedload {{.*}} vector<16xf32>
// CHECK:             vector.maskedstore
func.func @put_rows(%values: memref<6x20xf32>, %rows: memref<6xi32>, %table: memref<10x20xf32>) {
  kernel.put_rows %values at %rows outs %table : memref<6x20xf32> at memref<6xi32> outs memref<10x20xf32>
  return
}

// Ten million rows take 24 bits: the positions are sorted in three passes by eight of them each, and nothing has as many elements.
// CHECK-LABEL: func.func @coalesce
// CHECK-DAG:     %[[WORDS:.*]] = memref.alloc() : memref<1001xi64>
// CHECK-DAG:     %[[STARTS:.*]] = memref.alloc() : memref<1001xi64>
// CHECK-DAG:     %[[COUNTS:.*]] = memref.alloc() : memref<256xi64>
// CHECK-COUNT-13: scf.for
// CHECK:         scf.if
// CHECK:         scf.for
// CHECK:         scf.for
// CHECK:           %[[SUM:.*]] = scf.for {{.*}} -> (vector<16xf32>)
// CHECK:             arith.addf {{.*}} vector<16xf32>
// CHECK:           vector.maskedstore {{.*}} %[[SUM]]
func.func @coalesce(%values: memref<1000x4xf32>, %rows: memref<1000xi32>, %named: memref<1000xi32>, %sums: memref<1000x4xf32>) {
  kernel.coalesce %values at %rows of 10000000 outs %named, %sums : memref<1000x4xf32> at memref<1000xi32>
      outs memref<1000xi32>, memref<1000x4xf32>
  return
}
