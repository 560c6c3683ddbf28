// RUN: talweg-opt %s --talweg-plan-nests=target=x86-64-v4 --talweg-vectorize-generics=target=x86-64-v4 --canonicalize --cse | FileCheck %s
//
// Two sums over the same rows: of each part both, with one load of what both read; then the parts of each are added up, in their order.

// CHECK-LABEL: func.func @together(
// CHECK-SAME: %[[DY:.*]]: memref<65536x16xf32>, %[[X:.*]]: memref<65536x16xf32>, %[[SUM:.*]]: memref<16xf32>, %[[WEIGHED:.*]]: memref<16xf32>
// CHECK-DAG: %[[PARTS:.*]] = memref.alloc() : memref<[[COUNT:[0-9]+]]xf32>
// CHECK-DAG: %[[OTHERS:.*]] = memref.alloc() : memref<[[COUNT]]xf32>
// CHECK: scf.parallel
// CHECK: %[[BOTH:.*]]:2 = scf.for {{.*}} -> (vector<16xf32>, vector<16xf32>)
// CHECK: scf.for {{.*}} -> (vector<16xf32>, vector<16xf32>)
// CHECK-COUNT-2: vector.load
// CHECK-NOT: vector.load
// CHECK: vector.store %[[BOTH]]#0, %[[PARTS]]
// CHECK: vector.store %[[BOTH]]#1, %[[OTHERS]]
// CHECK: scf.for {{.*}} -> (vector<16xf32>, vector<16xf32>)
// CHECK-DAG: vector.load %[[PARTS]]
// CHECK-DAG: vector.load %[[OTHERS]]
// CHECK: vector.store %{{.*}}, %[[SUM]]
// CHECK: vector.store %{{.*}}, %[[WEIGHED]]
func.func @together(%dy: memref<65536x16xf32>, %x: memref<65536x16xf32>, %sum: memref<16xf32>, %weighed: memref<16xf32>) {
  linalg.generic {indexing_maps = [affine_map<(r, c) -> (r, c)>, affine_map<(r, c) -> (r, c)>, affine_map<(r, c) -> (c)>, affine_map<(r, c) -> (c)>],
                  iterator_types = ["reduction", "parallel"]}
      ins(%dy, %x : memref<65536x16xf32>, memref<65536x16xf32>) outs(%sum, %weighed : memref<16xf32>, memref<16xf32>)
      attrs = {kernel.start = 0.0 : f32} {
  ^bb0(%g: f32, %v: f32, %out: f32, %other: f32):
    %0 = arith.addf %out, %g : f32
    %1 = arith.mulf %v, %g : f32
    %2 = arith.addf %other, %1 : f32
    linalg.yield %0, %2 : f32, f32
  }
  return
}

// Of rows a sum each: lanes are combined at the end, of both.
// CHECK-LABEL: func.func @across(
// CHECK-SAME: %[[SUM:[a-z0-9]*]]: memref<64xf32>, %[[WEIGHED:[a-z0-9]*]]: memref<64xf32>
// CHECK: scf.for
// CHECK: %{{.*}}:8 = scf.for
// CHECK: memref.store %{{.*}}, %[[SUM]][%[[AT:.*]]]
// CHECK: memref.store %{{.*}}, %[[WEIGHED]][%[[AT]]]
func.func @across(%dy: memref<64x160xf32>, %x: memref<64x160xf32>, %sum: memref<64xf32>, %weighed: memref<64xf32>) {
  linalg.generic {indexing_maps = [affine_map<(r, c) -> (r, c)>, affine_map<(r, c) -> (r, c)>, affine_map<(r, c) -> (r)>, affine_map<(r, c) -> (r)>],
                  iterator_types = ["parallel", "reduction"]}
      ins(%dy, %x : memref<64x160xf32>, memref<64x160xf32>) outs(%sum, %weighed : memref<64xf32>, memref<64xf32>)
      attrs = {kernel.start = 0.0 : f32} {
  ^bb0(%g: f32, %v: f32, %out: f32, %other: f32):
    %0 = arith.addf %out, %g : f32
    %1 = arith.mulf %v, %g : f32
    %2 = arith.addf %other, %1 : f32
    linalg.yield %0, %2 : f32, f32
  }
  return
}
