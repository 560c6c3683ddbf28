// What costs more than reading it and is the same in all steps is computed in front of the loop over batches; the rest stays where it is read.
//
// RUN: talweg-opt %s --talweg-hoist-invariants --canonicalize | FileCheck %s
// RUN: talweg-opt %s --talweg-hoist-invariants=tells -o /dev/null 2>&1 | FileCheck %s --check-prefix=TOLD
// TOLD: remark: the same in each step, and computed once a call: 32 B are kept

#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (j)>
#along = affine_map<(i, j) -> (i)>
#vec = affine_map<(i) -> (i)>
#a = affine_map<(i, j, k) -> (i, k)>
#b = affine_map<(i, j, k) -> (k, j)>
#y = affine_map<(i, j, k) -> (i, j)>

memref.global "private" @frozen : memref<8x8xf32>
memref.global "private" @learnt : memref<8x8xf32>

// A table of sines; its place in a larger tensor, and what is added to it, are not kept.
// CHECK-LABEL: func.func @table
// CHECK:         %[[TABLE:.*]] = linalg.generic {{.*}} ins(
// CHECK:           math.sin
// CHECK:         scf.for
// CHECK:             ins(%[[TABLE]] : tensor<8xf32>) outs(%{{.*}} : tensor<8x8xf32>)
// CHECK-NOT:         math.sin
func.func @table(%steps: index, %out: memref<8x8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %step = %c0 to %steps step %c1 {
    %e = tensor.empty() : tensor<8xf32>
    %places = linalg.generic {indexing_maps = [#vec], iterator_types = ["parallel"]} outs(%e : tensor<8xf32>) {
    ^bb0(%o: f32):
      %i = linalg.index 0 : index
      %int = arith.index_cast %i : index to i32
      %float = arith.sitofp %int : i32 to f32
      linalg.yield %float : f32
    } -> tensor<8xf32>
    %sines = linalg.generic {indexing_maps = [#vec, #vec], iterator_types = ["parallel"]} ins(%places : tensor<8xf32>) outs(%e : tensor<8xf32>) {
    ^bb0(%x: f32, %o: f32):
      %s = math.sin %x : f32
      linalg.yield %s : f32
    } -> tensor<8xf32>
    %whole = tensor.empty() : tensor<8x8xf32>
    %spread = linalg.generic {indexing_maps = [#row, #id], iterator_types = ["parallel", "parallel"]} ins(%sines : tensor<8xf32>) outs(%whole : tensor<8x8xf32>) {
    ^bb0(%x: f32, %o: f32):
      linalg.yield %x : f32
    } -> tensor<8x8xf32>
    %old = bufferization.to_tensor %out restrict : memref<8x8xf32> to tensor<8x8xf32>
    %sum = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]} ins(%spread, %old : tensor<8x8xf32>, tensor<8x8xf32>) outs(%whole : tensor<8x8xf32>) {
    ^bb0(%x: f32, %z: f32, %o: f32):
      %s = arith.addf %x, %z : f32
      linalg.yield %s : f32
    } -> tensor<8x8xf32>
    bufferization.materialize_in_destination %sum in restrict writable %out : (tensor<8x8xf32>, memref<8x8xf32>) -> ()
  }
  return
}

// The roots of a parameter that no step writes, under a condition too; not those of one that is written.
// CHECK-LABEL: func.func @parameters
// CHECK:         %[[FROZEN:.*]] = bufferization.to_tensor
// CHECK:         %[[ROOTS:.*]] = linalg.generic {{.*}} ins(%[[FROZEN]]
// CHECK:           math.sqrt
// CHECK:         scf.for
// CHECK:           scf.if
// CHECK:             math.sqrt
// CHECK-NOT:         math.sqrt
// CHECK:             kernel.product {{.*}} of %{{.*}}, %[[ROOTS]]
func.func @parameters(%steps: index, %runs: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %step = %c0 to %steps step %c1 {
    scf.if %runs {
      %frozen = memref.get_global @frozen : memref<8x8xf32>
      %learnt = memref.get_global @learnt : memref<8x8xf32>
      %v = bufferization.to_tensor %frozen restrict : memref<8x8xf32> to tensor<8x8xf32>
      %w = bufferization.to_tensor %learnt restrict : memref<8x8xf32> to tensor<8x8xf32>
      %e = tensor.empty() : tensor<8x8xf32>
      %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%v : tensor<8x8xf32>) outs(%e : tensor<8x8xf32>) {
      ^bb0(%x: f32, %o: f32):
        %s = math.sqrt %x : f32
        linalg.yield %s : f32
      } -> tensor<8x8xf32>
      %q = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%w : tensor<8x8xf32>) outs(%e : tensor<8x8xf32>) {
      ^bb0(%x: f32, %o: f32):
        %s = math.sqrt %x : f32
        linalg.yield %s : f32
      } -> tensor<8x8xf32>
      %p = kernel.product loops [8, 8, 8] maps [#a, #b, #y] of %q, %r : tensor<8x8xf32>, tensor<8x8xf32> outs %e : tensor<8x8xf32> -> tensor<8x8xf32>
      bufferization.materialize_in_destination %p in restrict writable %learnt : (tensor<8x8xf32>, memref<8x8xf32>) -> ()
    }
  }
  return
}

// A mask that a product reads would be stored in each step; a mask that arithmetic reads is computed there.
// CHECK-LABEL: func.func @masks
// CHECK:         %[[MASK:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<8x8xf32>)
// CHECK-NEXT:    ^bb0
// CHECK-NEXT:      arith.uitofp
// CHECK:         scf.for
// CHECK:           arith.cmpi
// CHECK:           kernel.product {{.*}} of %{{.*}}, %[[MASK]]
func.func @masks(%steps: index, %out: memref<8x8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %step = %c0 to %steps step %c1 {
    %n = tensor.empty() : tensor<8xindex>
    %i = linalg.generic {indexing_maps = [#vec], iterator_types = ["parallel"]} outs(%n : tensor<8xindex>) {
    ^bb0(%o: index):
      %place = linalg.index 0 : index
      linalg.yield %place : index
    } -> tensor<8xindex>
    %m = tensor.empty() : tensor<8x8xi1>
    %below = linalg.generic {indexing_maps = [#along, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%i, %i : tensor<8xindex>, tensor<8xindex>) outs(%m : tensor<8x8xi1>) {
    ^bb0(%x: index, %z: index, %o: i1):
      %c = arith.cmpi ule, %z, %x : index
      linalg.yield %c : i1
    } -> tensor<8x8xi1>
    %e = tensor.empty() : tensor<8x8xf32>
    %mask = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%below : tensor<8x8xi1>) outs(%e : tensor<8x8xf32>) {
    ^bb0(%c: i1, %o: f32):
      %s = arith.uitofp %c : i1 to f32
      linalg.yield %s : f32
    } -> tensor<8x8xf32>
    %old = bufferization.to_tensor %out restrict : memref<8x8xf32> to tensor<8x8xf32>
    %masked = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]} ins(%below, %old : tensor<8x8xi1>, tensor<8x8xf32>) outs(%e : tensor<8x8xf32>) {
    ^bb0(%c: i1, %x: f32, %o: f32):
      %zero = arith.constant 0.0 : f32
      %s = arith.select %c, %x, %zero : f32
      linalg.yield %s : f32
    } -> tensor<8x8xf32>
    %p = kernel.product loops [8, 8, 8] maps [#a, #b, #y] of %masked, %mask : tensor<8x8xf32>, tensor<8x8xf32> outs %e : tensor<8x8xf32> -> tensor<8x8xf32>
    bufferization.materialize_in_destination %p in restrict writable %out : (tensor<8x8xf32>, memref<8x8xf32>) -> ()
  }
  return
}
