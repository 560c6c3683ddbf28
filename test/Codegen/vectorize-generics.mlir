// RUN: talweg-opt %s --talweg-vectorize-generics="vector-bits=512" | FileCheck %s
// Every inner loop is vectors: whole ones, then one masked tail; reductions keep their sums in registers.

#id = affine_map<(i, j) -> (i, j)>

// 4 x 37 is one run of 148 elements: nine vectors and a tail of four.
// CHECK-LABEL: func.func @elementwise
// CHECK: scf.for
// CHECK: vector.load {{.*}} vector<16xf32>
// CHECK: math.exp %{{.*}} : vector<16xf32>
// CHECK: vector.store
// CHECK: vector.constant_mask [4] : vector<16xi1>
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
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<32xf32>)
  linalg.generic {indexing_maps = [affine_map<(j, i) -> (i, j)>, affine_map<(j, i) -> (j)>],
                  iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<64x32xf32>) outs(%y : memref<32xf32>) {
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
  %least = arith.constant 0xFF800000 : f32
  linalg.fill ins(%least : f32) outs(%y : memref<64xf32>)
  linalg.generic {indexing_maps = [#id, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<64x10xf32>) outs(%y : memref<64xf32>) {
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
