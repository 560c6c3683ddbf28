// RUN: talweg-opt %s --talweg-plan-nests=target=x86-64-v4 --talweg-vectorize-generics=target=x86-64-v4 --verify-diagnostics | FileCheck %s
// Every inner loop is vectors: whole ones, then one masked tail; reductions keep their sums in registers.

#id = affine_map<(i, j) -> (i, j)>

// 4 x 37 is one run of 148 elements: nine vectors and a tail of four.
// CHECK-LABEL: func.func @elementwise
// CHECK: scf.for
// CHECK: vector.load {{.*}} vector<16xf32>
// CHECK: math.exp %{{.*}} : vector<16xf32>
// CHECK: vector.store
// CHECK: arith.constant dense<[true, true, true, true, false
// CHECK: vector.maskedload
// CHECK: vector.maskedstore
func.func @elementwise(%x: memref<4x37xf32>, %y: memref<4x37xf32>) {
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<4x37xf32>) outs(%y : memref<4x37xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = math.exp %in : f32
    linalg.yield %0 : f32
  }
  return
}

// Sums over rows run down the columns: a lane for each column, no sum across lanes.
// CHECK-LABEL: func.func @columns
// CHECK-NOT: vector.shuffle
// CHECK: scf.for {{.*}} iter_args
// CHECK: arith.addf %{{.*}} : vector<16xf32>
// CHECK-NOT: vector.shuffle
func.func @columns(%x: memref<64x32xf32>, %y: memref<32xf32>) {
  linalg.generic {indexing_maps = [#id, affine_map<(i, j) -> (j)>], iterator_types = ["reduction", "parallel"]}
      ins(%x : memref<64x32xf32>) outs(%y : memref<32xf32>) attrs = {kernel.start = 0.0 : f32} {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.addf %out, %in : f32
    linalg.yield %0 : f32
  }
  return
}

// The maximum of a row: lanes along it, combined as a tree; what lies past the end takes no part.
// CHECK-LABEL: func.func @rows
// CHECK: arith.select
// CHECK-COUNT-8: vector.shuffle
// CHECK: vector.extract
func.func @rows(%x: memref<64x10xf32>, %y: memref<64xf32>) {
  linalg.generic {indexing_maps = [#id, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<64x10xf32>) outs(%y : memref<64xf32>) attrs = {kernel.start = 0xFF800000 : f32} {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.maximumf %out, %in : f32
    linalg.yield %0 : f32
  }
  return
}

// Bytes are widened in registers.
// CHECK-LABEL: func.func @bytes
// CHECK: vector.load {{.*}} vector<16xi8>
// CHECK: arith.uitofp %{{.*}} : vector<16xi8> to vector<16xf32>
func.func @bytes(%x: memref<64xi8>, %y: memref<64xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : memref<64xi8>) outs(%y : memref<64xf32>) {
  ^bb0(%in: i8, %out: f32):
    %0 = arith.uitofp %in : i8 to f32
    linalg.yield %0 : f32
  }
  return
}

// Folding left of `any(true)` a constant that every turn stores: one element at a time, never a vector past the end.
// CHECK-LABEL: func.func @everyTurnStoresTheSame
// CHECK: vector.store %{{.*}} : memref<1xf32>, vector<1xf32>
func.func @everyTurnStoresTheSame(%w: memref<f32>, %x: memref<40xf32>) {
  %one = arith.constant 1.0 : f32
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> ()>], iterator_types = ["reduction"]}
      ins(%x : memref<40xf32>) outs(%w : memref<f32>) {
  ^bb0(%in: f32, %out: f32):
    linalg.yield %one : f32
  }
  return
}

// Rows contiguous where the result's columns are: 16 x 16 blocks are transposed in registers, whole lines on both sides.
// CHECK-LABEL: func.func @transposed
// CHECK-NOT: vector.gather
// CHECK-COUNT-16: vector.load {{.*}} vector<16xf32>
// CHECK-COUNT-64: vector.shuffle
// CHECK-COUNT-16: vector.store {{.*}} vector<16xf32>
func.func @transposed(%x: memref<64x32xf32>, %y: memref<32x64xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (j, i)>, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<64x32xf32>) outs(%y : memref<32x64xf32>) {
  ^bb0(%in: f32, %out: f32):
    linalg.yield %in : f32
  }
  return
}

// Three channels become the innermost dimension: vectors of each are interleaved, bytes widened before.
// CHECK-LABEL: func.func @channelsLast
// CHECK-COUNT-3: arith.uitofp %{{.*}} : vector<16xi8> to vector<16xf32>
// CHECK-COUNT-6: vector.shuffle
// CHECK: vector.store {{.*}} vector<16xf32>
func.func @channelsLast(%x: memref<3x64xi8>, %y: memref<64x3xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, c) -> (c, i)>, affine_map<(i, c) -> (i, c)>],
                  iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<3x64xi8>) outs(%y : memref<64x3xf32>) {
  ^bb0(%in: i8, %out: f32):
    %0 = arith.uitofp %in : i8 to f32
    linalg.yield %0 : f32
  }
  return
}

// Every second element, and backwards: shuffled out of whole vectors.
// CHECK-LABEL: func.func @strided
// CHECK-NOT: vector.gather
// CHECK: vector.shuffle %{{.*}}, %{{.*}} [15, 14, 13, 12,
// CHECK: vector.shuffle %{{.*}}, %{{.*}} [0, 2, 4, 6,
func.func @strided(%x: memref<64xf32>, %z: memref<128xf32>, %y: memref<64xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i) -> (63 - i)>, affine_map<(i) -> (i * 2)>, affine_map<(i) -> (i)>],
                  iterator_types = ["parallel"]}
      ins(%x, %z : memref<64xf32>, memref<128xf32>) outs(%y : memref<64xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %0 = arith.addf %a, %b : f32
    linalg.yield %0 : f32
  }
  return
}

// The sum of a million elements: parts for threads, cut by size, with a result each; then their sum in order.
// CHECK-LABEL: func.func @parts
// CHECK: %[[PARTS:.*]] = memref.alloc() : memref<16xf32>
// CHECK: scf.parallel
// CHECK: memref.store %{{.*}}, %[[PARTS]]
// CHECK: scf.for
// CHECK: vector.maskedstore
func.func @parts(%x: memref<1048576xf32>, %y: memref<1xf32>) {
  linalg.generic {indexing_maps = [affine_map<(z, i) -> (i)>, affine_map<(z, i) -> (z)>],
                  iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<1048576xf32>) outs(%y : memref<1xf32>) attrs = {kernel.start = 0.0 : f32} {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.addf %out, %in : f32
    linalg.yield %0 : f32
  }
  return
}

// What stays scalar is told.
// CHECK-LABEL: func.func @apart
func.func @apart(%x: memref<40xf32>, %y: memref<80xf32>) {
  // expected-remark @below {{not vectorized: results lie apart along every loop, and are computed one at a time}}
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i * 2)>], iterator_types = ["reduction"]}
      ins(%x : memref<40xf32>) outs(%y : memref<80xf32>) attrs = {kernel.start = 0.0 : f32} {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.addf %out, %in : f32
    linalg.yield %0 : f32
  }
  return
}

// Rows are done one after the other: the maximum of a row, and what is left of it by its elements, while they are in a near cache.
// CHECK-LABEL: func.func @rowByRow
// CHECK: scf.parallel (%[[ROW:.*]]) = (%{{.*}}) to (%{{.*}}) step
// CHECK: arith.maximumf
// CHECK: memref.store %{{.*}}[%[[ROW]]]
// CHECK: arith.subf
// CHECK-NOT: scf.parallel
// CHECK-LABEL: func.func @columnsAndRows
func.func @rowByRow(%x: memref<1024x256xf32>, %m: memref<1024xf32>, %y: memref<1024x256xf32>) {
  linalg.generic {indexing_maps = [#id, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<1024x256xf32>) outs(%m : memref<1024xf32>) attrs = {kernel.start = 0xFF800000 : f32} {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.maximumf %out, %in : f32
    linalg.yield %0 : f32
  }
  linalg.generic {indexing_maps = [#id, affine_map<(i, j) -> (i)>, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x, %m : memref<1024x256xf32>, memref<1024xf32>) outs(%y : memref<1024x256xf32>) {
  ^bb0(%in: f32, %max: f32, %out: f32):
    %0 = arith.subf %in, %max : f32
    linalg.yield %0 : f32
  }
  return
}

// A maximum for each column, which every row reads, is there before the first row.
// CHECK: arith.maximumf
// CHECK: scf.parallel
// CHECK: arith.subf
func.func @columnsAndRows(%x: memref<1024x256xf32>, %m: memref<256xf32>, %y: memref<1024x256xf32>) {
  linalg.generic {indexing_maps = [affine_map<(j, i) -> (i, j)>, affine_map<(j, i) -> (j)>],
                  iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<1024x256xf32>) outs(%m : memref<256xf32>) attrs = {kernel.start = 0xFF800000 : f32} {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.maximumf %out, %in : f32
    linalg.yield %0 : f32
  }
  linalg.generic {indexing_maps = [#id, affine_map<(i, j) -> (j)>, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x, %m : memref<1024x256xf32>, memref<256xf32>) outs(%y : memref<1024x256xf32>) {
  ^bb0(%in: f32, %max: f32, %out: f32):
    %0 = arith.subf %in, %max : f32
    linalg.yield %0 : f32
  }
  return
}

// Around a box: what is in front of it and behind it, and of each of its rows.
// CHECK-LABEL: func.func @around
// CHECK: arith.constant dense<[true, true, true, true, true, false
// CHECK-NEXT: vector.maskedstore
// CHECK: scf.for
// CHECK: arith.constant dense<[true, false
// CHECK-NEXT: vector.maskedstore
// CHECK: arith.constant dense<[true, false
// CHECK-NEXT: vector.maskedstore
// CHECK: arith.constant 25
// CHECK: arith.constant dense<[true, true, true, true, true, false
// CHECK-NEXT: vector.maskedstore
// CHECK-NEXT: return
func.func @around(%p: memref<6x5xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill {kernel.around = array<i64: 1, 4, 1, 3>} ins(%zero : f32) outs(%p : memref<6x5xf32>)
  return
}
