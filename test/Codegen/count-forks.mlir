// RUN: talweg-opt %s --talweg-count-forks --mlir-print-op-on-diagnostic=false -o %t 2>&1 | FileCheck %s

// What starts no threads, what does once, in each turn of a loop, and with as many turns as there are threads; what starts inside is no start.
// CHECK: region 0: 0 forks, 0 pieces
// CHECK: region 1: 1 forks, 7 pieces
// CHECK: region 2: 6 forks, 4 pieces
// CHECK: region 3: 2 forks, 3 pieces
// CHECK: region 4: 1 forks, 0 pieces

llvm.func @talweg_profile_mark(i32)

func.func @talweg_step(%steps: index, %threads: index, %x: memref<100xf32>) {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %c4 = arith.constant 4 : index
  %c5 = arith.constant 5 : index
  %c6 = arith.constant 6 : index
  %c10 = arith.constant 10 : index
  %c20 = arith.constant 20 : index
  %start = arith.constant -1 : i32
  %r0 = arith.constant 0 : i32
  %r1 = arith.constant 1 : i32
  %r2 = arith.constant 2 : i32
  %r3 = arith.constant 3 : i32
  %r4 = arith.constant 4 : i32
  llvm.call @talweg_profile_mark(%start) : (i32) -> ()
  scf.for %s = %c0 to %steps step %c1 {
    memref.store %zero, %x[%c0] : memref<100xf32>
    llvm.call @talweg_profile_mark(%r0) : (i32) -> ()
    scf.parallel (%i) = (%c0) to (%c20) step (%c3) {
      scf.parallel (%j) = (%c0) to (%c10) step (%c1) {
        memref.store %zero, %x[%j] : memref<100xf32>
      }
    }
    llvm.call @talweg_profile_mark(%r1) : (i32) -> ()
    scf.for %t = %c0 to %c6 step %c1 {
      scf.parallel (%i) = (%c0) to (%c4) step (%c1) {
        memref.store %zero, %x[%i] : memref<100xf32>
      }
    }
    llvm.call @talweg_profile_mark(%r2) : (i32) -> ()
    scf.parallel (%i) = (%c0) to (%c3) step (%c1) {
      memref.store %zero, %x[%i] : memref<100xf32>
    }
    scf.parallel (%i) = (%c0) to (%c5) step (%c1) {
      memref.store %zero, %x[%i] : memref<100xf32>
    }
    llvm.call @talweg_profile_mark(%r3) : (i32) -> ()
    scf.parallel (%i) = (%c0) to (%threads) step (%c1) {
      memref.store %zero, %x[%i] : memref<100xf32>
    }
    llvm.call @talweg_profile_mark(%r4) : (i32) -> ()
  }
  return
}
