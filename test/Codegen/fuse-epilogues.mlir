// RUN: talweg-opt %s --talweg-fuse-epilogues --verify-diagnostics | FileCheck %s
// RUN: talweg-opt %s --talweg-fuse-epilogues --talweg-lower-contractions --canonicalize --cse 2>/dev/null \
// RUN:   | FileCheck %s --check-prefix=LOOPS

// The op that reads a product is computed in its registers; the product goes down to the op, and its own result is not stored.
// CHECK-LABEL: func @bias_and_relu
// CHECK: memref.alloc
// CHECK: linalg.fill {{.*}} outs(%{{.*}} : memref<24x32xf32>)
// CHECK-NEXT: linalg.generic
// CHECK-SAME: iterator_types = ["parallel", "parallel", "reduction"]
// CHECK-SAME: attrs = {talweg.epilogue}
// CHECK: linalg.generic
// CHECK: arith.maximumf
// LOOPS-LABEL: func @bias_and_relu
// LOOPS-SAME: %[[A:.*]]: memref<24x64xf32>, %[[B:.*]]: memref<64x32xf32>, %[[BIAS:.*]]: memref<32xf32>, %[[OUT:.*]]: memref<24x32xf32>
// LOOPS-NOT: memref.alloc
// LOOPS: %[[FLAT:.*]] = memref.reinterpret_cast %[[OUT]]
// LOOPS: math.fma
// LOOPS: %[[SUM:.*]] = arith.addf
// LOOPS: %[[MAX:.*]] = arith.maximumf %[[SUM]]
// LOOPS: vector.store %[[MAX]], %[[FLAT]]
// LOOPS-NOT: linalg.generic
func.func @bias_and_relu(%a: memref<24x64xf32>, %b: memref<64x32xf32>, %bias: memref<32xf32>, %out: memref<24x32xf32>, %other: memref<8xf32>) {
  %zero = arith.constant 0.0 : f32
  %c = memref.alloc() : memref<24x32xf32>
  linalg.fill ins(%zero : f32) outs(%c : memref<24x32xf32>)
  linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
    ins(%a, %b : memref<24x64xf32>, memref<64x32xf32>) outs(%c : memref<24x32xf32>) {
  ^bb0(%x: f32, %y: f32, %sum: f32):
    %s = math.fma %x, %y, %sum : f32
    linalg.yield %s : f32
  }
  linalg.fill ins(%zero : f32) outs(%other : memref<8xf32>)
  linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (n)>, affine_map<(m, n) -> (m, n)>],
                  iterator_types = ["parallel", "parallel"]}
    ins(%c, %bias : memref<24x32xf32>, memref<32xf32>) outs(%out : memref<24x32xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %s = arith.addf %x, %y : f32
    %r = arith.maximumf %s, %zero : f32
    linalg.yield %r : f32
  }
  return
}

// Where the sum is taken in blocks, only the last one is followed by the op.
// LOOPS-LABEL: func @long_sum
// LOOPS: memref.alloc() : memref<8x16xf32>
// LOOPS: scf.for
// LOOPS: %[[LAST:.*]] = arith.cmpi eq
// LOOPS: scf.if %[[LAST]]
// LOOPS-NEXT: arith.negf
// LOOPS: } else {
// LOOPS-NEXT: vector.store
func.func @long_sum(%a: memref<8x4096xf32>, %b: memref<4096x16xf32>, %out: memref<8x16xf32>) {
  %zero = arith.constant 0.0 : f32
  %c = memref.alloc() : memref<8x16xf32>
  linalg.fill ins(%zero : f32) outs(%c : memref<8x16xf32>)
  linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
    ins(%a, %b : memref<8x4096xf32>, memref<4096x16xf32>) outs(%c : memref<8x16xf32>) {
  ^bb0(%x: f32, %y: f32, %sum: f32):
    %s = math.fma %x, %y, %sum : f32
    linalg.yield %s : f32
  }
  linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>], iterator_types = ["parallel", "parallel"]}
    ins(%c : memref<8x16xf32>) outs(%out : memref<8x16xf32>) {
  ^bb0(%x: f32, %o: f32):
    %r = arith.negf %x : f32
    linalg.yield %r : f32
  }
  return
}

// CHECK-LABEL: func @overwrites_a_factor
// CHECK-NOT: talweg.epilogue
// CHECK: return
func.func @overwrites_a_factor(%a: memref<16x16xf32>, %b: memref<16x16xf32>) {
  %zero = arith.constant 0.0 : f32
  %c = memref.alloc() : memref<16x16xf32>
  linalg.fill ins(%zero : f32) outs(%c : memref<16x16xf32>)
  linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
    ins(%a, %b : memref<16x16xf32>, memref<16x16xf32>) outs(%c : memref<16x16xf32>) {
  ^bb0(%x: f32, %y: f32, %sum: f32):
    %s = math.fma %x, %y, %sum : f32
    linalg.yield %s : f32
  }
  // expected-remark@+1 {{not in the registers of the product that it reads: it overwrites an operand of the product}}
  linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>], iterator_types = ["parallel", "parallel"]}
    ins(%c : memref<16x16xf32>) outs(%a : memref<16x16xf32>) {
  ^bb0(%x: f32, %o: f32):
    %r = arith.addf %x, %x : f32
    linalg.yield %r : f32
  }
  return
}

// The sum of two products is computed in the registers of the first; the second stays a product before it.
// CHECK-LABEL: func @sum_of_two_products
// CHECK: linalg.fill ins(%{{.*}} : f32) outs(%[[SECOND:.*]] : memref<16x32xf32>)
// CHECK-NOT: talweg.epilogue
// CHECK: outs(%[[SECOND]] : memref<16x32xf32>)
// CHECK: linalg.fill ins(%{{.*}} : f32) outs(%[[FIRST:.*]] : memref<16x32xf32>)
// CHECK-NEXT: linalg.generic {{.*}} outs(%[[FIRST]] : memref<16x32xf32>) attrs = {talweg.epilogue}
// CHECK: return
func.func @sum_of_two_products(%a: memref<16x16xf32>, %b: memref<16x32xf32>, %y: memref<16x32xf32>) {
  %zero = arith.constant 0.0 : f32
  %c = memref.alloc() : memref<16x32xf32>
  linalg.fill ins(%zero : f32) outs(%c : memref<16x32xf32>)
  linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
    ins(%a, %b : memref<16x16xf32>, memref<16x32xf32>) outs(%c : memref<16x32xf32>) {
  ^bb0(%x: f32, %w: f32, %sum: f32):
    %s = math.fma %x, %w, %sum : f32
    linalg.yield %s : f32
  }
  %d = memref.alloc() : memref<16x32xf32>
  linalg.fill ins(%zero : f32) outs(%d : memref<16x32xf32>)
  linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (k, m)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
    ins(%a, %b : memref<16x16xf32>, memref<16x32xf32>) outs(%d : memref<16x32xf32>) {
  ^bb0(%x: f32, %w: f32, %sum: f32):
    %s = math.fma %x, %w, %sum : f32
    linalg.yield %s : f32
  }
  // expected-remark@+1 {{it is computed in the registers of another product that it reads}}
  linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>],
                  iterator_types = ["parallel", "parallel"]}
    ins(%c, %d : memref<16x32xf32>, memref<16x32xf32>) outs(%y : memref<16x32xf32>) {
  ^bb0(%x: f32, %z: f32, %o: f32):
    %r = arith.addf %x, %z : f32
    linalg.yield %r : f32
  }
  return
}

// An update in place of many and large operands loses in the tiles of a row-major matrix.
// CHECK-LABEL: func @large_update
// CHECK-NOT: talweg.epilogue
// CHECK: return
func.func @large_update(%x: memref<64x1024xf32>, %y: memref<64x1024xf32>, %p: memref<1024x1024xf32>, %m: memref<1024x1024xf32>, %v: memref<1024x1024xf32>) {
  %zero = arith.constant 0.0 : f32
  %c = memref.alloc() : memref<1024x1024xf32>
  linalg.fill ins(%zero : f32) outs(%c : memref<1024x1024xf32>)
  linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (k, m)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
    ins(%x, %y : memref<64x1024xf32>, memref<64x1024xf32>) outs(%c : memref<1024x1024xf32>) {
  ^bb0(%a: f32, %b: f32, %sum: f32):
    %s = math.fma %a, %b, %sum : f32
    linalg.yield %s : f32
  }
  // expected-remark@+1 {{its operands do not fit the caches, and a tile of them is not one run of memory}}
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>,
                                   affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>],
                  iterator_types = ["parallel", "parallel"]}
    ins(%c, %p, %m, %v : memref<1024x1024xf32>, memref<1024x1024xf32>, memref<1024x1024xf32>, memref<1024x1024xf32>)
    outs(%p, %m, %v : memref<1024x1024xf32>, memref<1024x1024xf32>, memref<1024x1024xf32>) {
  ^bb0(%g: f32, %p0: f32, %m0: f32, %v0: f32, %po: f32, %mo: f32, %vo: f32):
    %m1 = arith.addf %m0, %g : f32
    %v1 = arith.addf %v0, %m1 : f32
    %p1 = arith.subf %p0, %v1 : f32
    linalg.yield %p1, %m1, %v1 : f32, f32, f32
  }
  return
}

// An op that adds to what its result holds, such as the adjoint of a slice, is not computed in registers.
// CHECK-LABEL: func @adds_to_its_result
// CHECK-NOT: talweg.epilogue
// CHECK: return
func.func @adds_to_its_result(%a: memref<1x16xf32>, %b: memref<16x16xf32>, %out: memref<3x16xf32>) {
  %zero = arith.constant 0.0 : f32
  %c = memref.alloc() : memref<1x16xf32>
  linalg.fill ins(%zero : f32) outs(%out : memref<3x16xf32>)
  linalg.fill ins(%zero : f32) outs(%c : memref<1x16xf32>)
  linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
    ins(%a, %b : memref<1x16xf32>, memref<16x16xf32>) outs(%c : memref<1x16xf32>) {
  ^bb0(%x: f32, %y: f32, %sum: f32):
    %s = math.fma %x, %y, %sum : f32
    linalg.yield %s : f32
  }
  // expected-remark@+1 {{not in the registers of the product that it reads: it adds to elements of its result}}
  linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (1, n)>], iterator_types = ["parallel", "parallel"]}
    ins(%c : memref<1x16xf32>) outs(%out : memref<3x16xf32>) {
  ^bb0(%x: f32, %o: f32):
    %s = arith.addf %o, %x : f32
    linalg.yield %s : f32
  }
  return
}
