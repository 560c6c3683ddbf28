// RUN: talweg-opt %s --talweg-plan-nests=target=x86-64-v4 --mlir-print-local-scope --verify-diagnostics | FileCheck %s
// RUN: talweg-opt %s --talweg-plan-nests=target=x86-64-v3 --mlir-print-local-scope 2>/dev/null | FileCheck %s --check-prefix=V3
// How loops run is decided once, and written on the op.

#id = affine_map<(i, j) -> (i, j)>

// 4 x 37 is one run of 148 elements, of no loop in particular (-1): both operands move by 1.
// CHECK-LABEL: func.func @elementwise
// CHECK: kernel.nest = #kernel.nest_plan<{axes = [array<i64: 148, -1, 1, 1>], lanes = 16 : i64, moving = 1 : i64, vector_axis = 0 : i64}>}
// V3-LABEL: func.func @elementwise
// V3: lanes = 8 : i64
func.func @elementwise(%x: memref<4x37xf32>, %y: memref<4x37xf32>) {
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<4x37xf32>) outs(%y : memref<4x37xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = math.exp %in : f32
    linalg.yield %0 : f32
  }
  return
}

// Sums down the columns: lanes along the results, two vectors of them at once.
// CHECK-LABEL: func.func @columns
// CHECK: kernel.nest = #kernel.nest_plan<{axes = [array<i64: 32, 1, 1, 1>, array<i64: 64, 0, 32, 0>], lanes = 16 : i64, moving = 1 : i64, vector_axis = 0 : i64, vectors = 2 : i64}>
func.func @columns(%x: memref<64x32xf32>, %y: memref<32xf32>) {
  linalg.generic {indexing_maps = [#id, affine_map<(i, j) -> (j)>], iterator_types = ["reduction", "parallel"]}
      ins(%x : memref<64x32xf32>) outs(%y : memref<32xf32>) attrs = {kernel.start = 0.0 : f32} {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.addf %out, %in : f32
    linalg.yield %0 : f32
  }
  return
}

// A long sum: parts for threads, with results of their own, each in four chains of vectors along the loop.
// CHECK-LABEL: func.func @parts
// CHECK: chains = 4 : i64, lanes = 16 : i64, part_length = 65536 : i64, parts = 0 : i64, parts_in_scratch = true
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

// Loops that reach one result many times: groups of turns in scratch memory.
// CHECK-LABEL: func.func @groups
// CHECK: group_length = {{[0-9]+}} : i64, group_loop = {{[0-9]}} : i64
func.func @groups(%x: memref<2000x1200x16xf32>, %y: memref<3199x16xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, j, k)>, affine_map<(i, j, k) -> (i + j, k)>],
                  iterator_types = ["reduction", "reduction", "parallel"]}
      ins(%x : memref<2000x1200x16xf32>) outs(%y : memref<3199x16xf32>) attrs = {kernel.start = 0.0 : f32} {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.addf %out, %in : f32
    linalg.yield %0 : f32
  }
  return
}

// CHECK-LABEL: func.func @transposed
// CHECK: kernel.nest = #kernel.nest_plan<{axes = [array<i64: 32, 0, 1, 64>, array<i64: 64, 1, 32, 1>], block = 32 : i64, form = "transposed", lanes = 16 : i64, vector_axis = 1 : i64}>
func.func @transposed(%x: memref<64x32xf32>, %y: memref<32x64xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (j, i)>, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<64x32xf32>) outs(%y : memref<32x64xf32>) {
  ^bb0(%in: f32, %out: f32):
    linalg.yield %in : f32
  }
  return
}

// CHECK-LABEL: func.func @interleaved
// CHECK: form = "interleaved", lanes = 16 : i64, piece = 4096 : i64, vector_axis = 0 : i64}>
func.func @interleaved(%x: memref<3x64xi8>, %y: memref<64x3xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, c) -> (c, i)>, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<3x64xi8>) outs(%y : memref<64x3xf32>) {
  ^bb0(%in: i8, %out: f32):
    %0 = arith.uitofp %in : i8 to f32
    linalg.yield %0 : f32
  }
  return
}

// What stays scalar is told.
// CHECK-LABEL: func.func @apart
// CHECK: kernel.nest
// CHECK-NOT: lanes
// CHECK: linalg.yield
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

// The maximum of a row and what reads it are done together, in the same 1024 rows; what accumulates onto memory that both use is not.
// CHECK-LABEL: func.func @together
// CHECK: row = array<i64: 1024, 0, 256, 1>{{.*}} kernel.start = 0xFF800000 : f32, kernel.together = 0 : i64}
// CHECK: row = array<i64: 1024, 0, 256, 1, 256>{{.*}} kernel.together = 0 : i64}
// CHECK: linalg.generic
// CHECK-NOT: row =
// CHECK-NOT: kernel.together
// CHECK: return
func.func @together(%x: memref<1024x256xf32>, %m: memref<1024xf32>, %y: memref<1024x256xf32>) {
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
  linalg.generic {indexing_maps = [#id, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%y : memref<1024x256xf32>) outs(%m : memref<1024xf32>) attrs = {kernel.start = 0.0 : f32} {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.addf %out, %in : f32
    linalg.yield %0 : f32
  }
  return
}

// Both read x, one by its rows and one by its columns, which could be cut into as many pieces: they pass over it one after the other.
// CHECK-LABEL: func.func @other_rows
// CHECK-NOT: kernel.together
// CHECK: return
func.func @other_rows(%x: memref<256x512xf32>, %g: memref<512xf32>, %m: memref<256xf32>, %y: memref<256x512xf32>, %s: memref<512xf32>) {
  linalg.generic {indexing_maps = [#id, affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i)>, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x, %g, %m : memref<256x512xf32>, memref<512xf32>, memref<256xf32>) outs(%y : memref<256x512xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32, %o: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.mulf %0, %c : f32
    linalg.yield %1 : f32
  }
  linalg.generic {indexing_maps = [#id, affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (j)>], iterator_types = ["reduction", "parallel"]}
      ins(%x, %m : memref<256x512xf32>, memref<256xf32>) outs(%s : memref<512xf32>) attrs = {kernel.start = 0.0 : f32} {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %o, %0 : f32
    linalg.yield %1 : f32
  }
  return
}
