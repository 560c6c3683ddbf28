// RUN: talweg-opt %s --talweg-outline-kernels=min-ops=4 | FileCheck %s
// RUN: talweg-opt %s --talweg-outline-kernels | FileCheck %s --check-prefix=SMALL

// Equal nests on different buffers are calls of one function. The factor is the same in all and goes with it; the shift is
// not and is handed over. What is known of the buffers goes with the arguments. What differs in a bound stays.
// CHECK-LABEL: func.func @talweg_init
// CHECK: %[[A:.*]] = memref.view %arg0[%c0]
// CHECK: %[[ONE:.*]] = arith.constant 1.0
// CHECK: call @[[SCALE:kernel.*]](%[[A]], %[[ONE]]) : (memref<16xf32>, f32) -> ()
// CHECK: %[[B:.*]] = memref.view %arg0[%c64]
// CHECK: %[[TWO:.*]] = arith.constant 2.0
// CHECK: call @[[SCALE]](%[[B]], %[[TWO]]) : (memref<16xf32>, f32) -> ()
// CHECK: scf.for
// SMALL-LABEL: func.func @talweg_init
// SMALL-NOT: call
func.func @talweg_init(%persistent: memref<256xi8> {llvm.noalias}, %arena: memref<0xi8> {llvm.noalias}) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %factor = arith.constant 3.0 : f32
  %a = memref.view %persistent[%c0][] : memref<256xi8> to memref<16xf32>
  scf.for %i = %c0 to %c16 step %c1 {
    %shift = arith.constant 1.0 : f32
    %x = memref.load %a[%i] : memref<16xf32>
    %y = arith.mulf %x, %factor : f32
    %z = arith.addf %y, %shift : f32
    memref.store %z, %a[%i] : memref<16xf32>
  }
  %b = memref.view %persistent[%c64][] : memref<256xi8> to memref<16xf32>
  scf.for %i = %c0 to %c16 step %c1 {
    %shift = arith.constant 2.0 : f32
    %x = memref.load %b[%i] : memref<16xf32>
    %y = arith.mulf %x, %factor : f32
    %z = arith.addf %y, %shift : f32
    memref.store %z, %b[%i] : memref<16xf32>
  }
  scf.for %i = %c0 to %c8 step %c1 {
    %shift = arith.constant 2.0 : f32
    %x = memref.load %b[%i] : memref<16xf32>
    %y = arith.mulf %x, %factor : f32
    %z = arith.addf %y, %shift : f32
    memref.store %z, %b[%i] : memref<16xf32>
  }
  return
}

// In the loop over batches. An op in place is another function than one between two buffers, and its buffers may meet (the
// third call's do, by four bytes); a number that a loop carries is a result.
// CHECK-LABEL: func.func @talweg_step
// CHECK: scf.for
// CHECK-COUNT-3: call @[[COPY:kernel.*]](%{{.*}}, %{{.*}}) : (memref<16xf32>, memref<16xf32>) -> ()
// CHECK: call @[[DOUBLE:kernel.*]](%{{.*}}) : (memref<16xf32>) -> ()
// CHECK: call @[[DOUBLE]](%{{.*}}) : (memref<16xf32>) -> ()
// CHECK: %[[FIRST:.*]] = {{.*}}call @[[SUM:kernel.*]](%{{.*}}) : (f32, memref<16xf32>) -> f32
// CHECK: call @[[SUM]](%[[FIRST]], %{{.*}}) : (f32, memref<16xf32>) -> f32
func.func @talweg_step(%persistent: memref<256xi8> {llvm.noalias}, %arena: memref<256xi8> {llvm.noalias},
                       %control: memref<8xindex> {llvm.noalias}) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %zero = arith.constant 0.0 : f32
  %steps = memref.load %control[%c0] : memref<8xindex>
  scf.for %step = %c0 to %steps step %c1 {
    %a = memref.view %persistent[%c0][] : memref<256xi8> to memref<16xf32>
    %b = memref.view %arena[%c0][] : memref<256xi8> to memref<16xf32>
    %c = memref.view %arena[%c4][] : memref<256xi8> to memref<16xf32>
    %d = memref.view %arena[%c64][] : memref<256xi8> to memref<16xf32>
    scf.parallel (%i) = (%c0) to (%c16) step (%c1) {
      %x = memref.load %a[%i] : memref<16xf32>
      %y = arith.addf %x, %x : f32
      memref.store %y, %b[%i] : memref<16xf32>
    }
    scf.parallel (%i) = (%c0) to (%c16) step (%c1) {
      %x = memref.load %b[%i] : memref<16xf32>
      %y = arith.addf %x, %x : f32
      memref.store %y, %d[%i] : memref<16xf32>
    }
    scf.parallel (%i) = (%c0) to (%c16) step (%c1) {
      %x = memref.load %b[%i] : memref<16xf32>
      %y = arith.addf %x, %x : f32
      memref.store %y, %c[%i] : memref<16xf32>
    }
    scf.parallel (%i) = (%c0) to (%c16) step (%c1) {
      %x = memref.load %a[%i] : memref<16xf32>
      %y = arith.addf %x, %x : f32
      memref.store %y, %a[%i] : memref<16xf32>
    }
    scf.parallel (%i) = (%c0) to (%c16) step (%c1) {
      %x = memref.load %d[%i] : memref<16xf32>
      %y = arith.addf %x, %x : f32
      memref.store %y, %d[%i] : memref<16xf32>
    }
    %first = scf.for %i = %c0 to %c16 step %c1 iter_args(%sum = %zero) -> f32 {
      %x = memref.load %a[%i] : memref<16xf32>
      %y = arith.addf %sum, %x : f32
      scf.yield %y : f32
    }
    %second = scf.for %i = %c0 to %c16 step %c1 iter_args(%sum = %first) -> f32 {
      %x = memref.load %d[%i] : memref<16xf32>
      %y = arith.addf %sum, %x : f32
      scf.yield %y : f32
    }
    memref.store %second, %a[%c0] : memref<16xf32>
  }
  return
}

// CHECK: func.func private @[[SCALE]](%{{.*}}: memref<16xf32> {llvm.align = 64 : i64, llvm.noalias}, %{{.*}}: f32)
// CHECK: arith.constant 3.0
// CHECK: scf.for
// CHECK: func.func private @[[COPY]](%{{.*}}: memref<16xf32> {llvm.align = 64 : i64}, %{{.*}}: memref<16xf32>)
// CHECK: scf.parallel
// CHECK: func.func private @[[DOUBLE]](%{{.*}}: memref<16xf32> {llvm.align = 64 : i64, llvm.noalias})
