// RUN: talweg-opt %s --talweg-bufferize | FileCheck %s
// Results go straight where they are wanted, or over an operand that dies.

#id = affine_map<(i) -> (i)>
// CHECK: #[[BEHIND:.*]] = affine_map<(d0) -> (d0 + 8)>

// The new value is computed in the variable's own memory: nothing is allocated, nothing copied.
// CHECK-LABEL: func.func @inPlace
// CHECK-SAME: %[[V:.*]]: memref<8xf32>
// CHECK-NOT: memref.alloc
// CHECK: linalg.generic
// CHECK-SAME: ins(%[[V]] : memref<8xf32>) outs(%[[V]] : memref<8xf32>)
// CHECK-NOT: memref.copy
func.func @inPlace(%v: memref<8xf32>) {
  %old = bufferization.to_tensor %v restrict : memref<8xf32> to tensor<8xf32>
  %e = tensor.empty() : tensor<8xf32>
  %new = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%old : tensor<8xf32>) outs(%e : tensor<8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.addf %in, %in : f32
    linalg.yield %0 : f32
  } -> tensor<8xf32>
  bufferization.materialize_in_destination %new in restrict writable %v : (tensor<8xf32>, memref<8xf32>) -> ()
  return
}

// The old value is read again afterwards: the new one waits in a buffer of its own.
// CHECK-LABEL: func.func @readLater
// CHECK-SAME: %[[V:.*]]: memref<8xf32>, %[[W:.*]]: memref<8xf32>
// CHECK: %[[NEW:.*]] = memref.alloc
// CHECK: linalg.generic {{.*}} ins(%[[V]] : memref<8xf32>) outs(%[[NEW]] : memref<8xf32>)
// CHECK: linalg.generic {{.*}} ins(%[[V]] : memref<8xf32>) outs(%[[W]] : memref<8xf32>)
// CHECK: memref.copy %[[NEW]], %[[V]]
func.func @readLater(%v: memref<8xf32>, %w: memref<8xf32>) {
  %old = bufferization.to_tensor %v restrict : memref<8xf32> to tensor<8xf32>
  %e = tensor.empty() : tensor<8xf32>
  %new = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%old : tensor<8xf32>) outs(%e : tensor<8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.addf %in, %in : f32
    linalg.yield %0 : f32
  } -> tensor<8xf32>
  %other = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%old : tensor<8xf32>) outs(%e : tensor<8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.mulf %in, %in : f32
    linalg.yield %0 : f32
  } -> tensor<8xf32>
  bufferization.materialize_in_destination %other in restrict writable %w : (tensor<8xf32>, memref<8xf32>) -> ()
  bufferization.materialize_in_destination %new in restrict writable %v : (tensor<8xf32>, memref<8xf32>) -> ()
  return
}

// Two variables exchange their values: what the first copy overwrites is saved for the second.
// CHECK-LABEL: func.func @exchange
// CHECK-SAME: %[[V:.*]]: memref<8xf32>, %[[W:.*]]: memref<8xf32>
// CHECK: %[[OLD:.*]] = memref.alloc
// CHECK: memref.copy %[[V]], %[[OLD]]
// CHECK: memref.copy %[[W]], %[[V]]
// CHECK: memref.copy %[[OLD]], %[[W]]
func.func @exchange(%v: memref<8xf32>, %w: memref<8xf32>) {
  %x = bufferization.to_tensor %v restrict : memref<8xf32> to tensor<8xf32>
  %y = bufferization.to_tensor %w restrict : memref<8xf32> to tensor<8xf32>
  bufferization.materialize_in_destination %y in restrict writable %v : (tensor<8xf32>, memref<8xf32>) -> ()
  bufferization.materialize_in_destination %x in restrict writable %w : (tensor<8xf32>, memref<8xf32>) -> ()
  return
}

// A condition takes a byte in memory and is a bit in the body.
// CHECK-LABEL: func.func @conditions
// CHECK: memref.alloc() : memref<8xi8>
// CHECK: arith.extui %{{.*}} : i1 to i8
// CHECK: arith.trunci %{{.*}} : i8 to i1
func.func @conditions(%v: memref<8xf32>) {
  %x = bufferization.to_tensor %v restrict : memref<8xf32> to tensor<8xf32>
  %zero = arith.constant 0.0 : f32
  %eb = tensor.empty() : tensor<8xi1>
  %e = tensor.empty() : tensor<8xf32>
  %c = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<8xf32>) outs(%eb : tensor<8xi1>) {
  ^bb0(%in: f32, %out: i1):
    %0 = arith.cmpf ogt, %in, %zero : f32
    linalg.yield %0 : i1
  } -> tensor<8xi1>
  %y = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel"]}
      ins(%c, %x : tensor<8xi1>, tensor<8xf32>) outs(%e : tensor<8xf32>) {
  ^bb0(%b: i1, %in: f32, %out: f32):
    %0 = arith.select %b, %in, %zero : f32
    linalg.yield %0 : f32
  } -> tensor<8xf32>
  bufferization.materialize_in_destination %y in restrict writable %v : (tensor<8xf32>, memref<8xf32>) -> ()
  return
}

// Folding left of `all(true)` only its start: no loop is needed.
// CHECK-LABEL: func.func @neutralReduction
// CHECK-SAME: %[[V:.*]]: memref<3x4xi8>, %[[W:.*]]: memref<3xf32>
// CHECK: %[[ALL:.*]] = memref.alloc() : memref<3xi8>
// CHECK: linalg.fill ins(%{{.*}} : i8) outs(%[[ALL]] : memref<3xi8>)
// CHECK-NEXT: linalg.generic {{.*}} iterator_types = ["parallel"]} ins(%[[ALL]] : memref<3xi8>) outs(%[[W]] : memref<3xf32>)
func.func @neutralReduction(%v: memref<3x4xi8>, %w: memref<3xf32>) {
  %x = bufferization.to_tensor %v restrict : memref<3x4xi8> to tensor<3x4xi8>
  %true = arith.constant true
  %e = tensor.empty() : tensor<3xi1>
  %start = linalg.fill ins(%true : i1) outs(%e : tensor<3xi1>) -> tensor<3xi1>
  %all = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>],
                         iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<3x4xi8>) outs(%start : tensor<3xi1>) {
  ^bb0(%in: i8, %out: i1):
    linalg.yield %out : i1
  } -> tensor<3xi1>
  %f = tensor.empty() : tensor<3xf32>
  %y = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%all : tensor<3xi1>) outs(%f : tensor<3xf32>) {
  ^bb0(%in: i1, %out: f32):
    %0 = arith.uitofp %in : i1 to f32
    linalg.yield %0 : f32
  } -> tensor<3xf32>
  bufferization.materialize_in_destination %y in restrict writable %w : (tensor<3xf32>, memref<3xf32>) -> ()
  return
}

// A scatter starts from zeros in all of its result, which stand on it: when they are written, they must not overwrite an operand that is still to be read, though it dies
// here, has the same type, and is read where the result is written.
// CHECK-LABEL: func.func @scatter
// CHECK: %[[OLD:.*]] = memref.alloc
// CHECK: linalg.generic {{.*}} outs(%[[OLD]] : memref<2x3xf32>)
// CHECK: %[[NEW:.*]] = memref.alloc
// CHECK-NOT: linalg.fill
// CHECK: linalg.generic {{.*}} ins(%[[OLD]] : memref<2x3xf32>) outs(%[[NEW]] : memref<2x3xf32>) attrs = {kernel.start = 0.000000e+00 : f32}
#column = affine_map<(i) -> (i, 1)>
func.func @scatter(%x: memref<2x3xf32>, %y: memref<3x2xf32>) {
  %zero = arith.constant 0.0 : f32
  %t = tensor.empty() : tensor<3x2xf32>
  %in = bufferization.to_tensor %x restrict : memref<2x3xf32> to tensor<2x3xf32>
  %e = tensor.empty() : tensor<2x3xf32>
  %old = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%in : tensor<2x3xf32>) outs(%e : tensor<2x3xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.addf %a, %a : f32
    linalg.yield %0 : f32
  } -> tensor<2x3xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x3xf32>) -> tensor<2x3xf32>
  %new = linalg.generic {indexing_maps = [#column, #column], iterator_types = ["parallel"]}
      ins(%old : tensor<2x3xf32>) outs(%f : tensor<2x3xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.addf %o, %a : f32
    linalg.yield %0 : f32
  } -> tensor<2x3xf32>
  %last = linalg.generic {indexing_maps = [affine_map<(i, j) -> (j, i)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%new : tensor<2x3xf32>) outs(%t : tensor<3x2xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  } -> tensor<3x2xf32>
  bufferization.materialize_in_destination %last in restrict writable %y : (tensor<3x2xf32>, memref<3x2xf32>) -> ()
  return
}

// A reduction of conditions starts from a byte. What writes a part of its result, and reads none, has a fill in front.
// CHECK-LABEL: func.func @startsAndFills
// CHECK-SAME: %[[C:.*]]: memref<3x4xi8>, %[[W:.*]]: memref<6xf32>
// CHECK: %[[ALL:.*]] = memref.alloc() : memref<3xi8>
// CHECK-NOT: linalg.fill
// CHECK: linalg.generic {{.*}} ins(%[[C]] : memref<3x4xi8>) outs(%[[ALL]] : memref<3xi8>) attrs = {kernel.start = 1 : i8}
// CHECK: linalg.fill {{.*}} outs(%[[W]] : memref<6xf32>)
// CHECK-NEXT: linalg.generic {{.*}} ins(%[[ALL]] : memref<3xi8>) outs(%[[W]] : memref<6xf32>) {
func.func @startsAndFills(%v: memref<3x4xi8>, %w: memref<6xf32>) {
  %x = bufferization.to_tensor %v restrict : memref<3x4xi8> to tensor<3x4xi8>
  %true = arith.constant true
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<3xi1>
  %start = linalg.fill ins(%true : i1) outs(%e : tensor<3xi1>) -> tensor<3xi1>
  %all = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>],
                         iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<3x4xi8>) outs(%start : tensor<3xi1>) {
  ^bb0(%in: i8, %out: i1):
    %0 = arith.trunci %in : i8 to i1
    %1 = arith.andi %out, %0 : i1
    linalg.yield %1 : i1
  } -> tensor<3xi1>
  %f = tensor.empty() : tensor<6xf32>
  %zeros = linalg.fill ins(%zero : f32) outs(%f : tensor<6xf32>) -> tensor<6xf32>
  %y = linalg.generic {indexing_maps = [#id, affine_map<(i) -> (i * 2)>], iterator_types = ["parallel"]}
      ins(%all : tensor<3xi1>) outs(%zeros : tensor<6xf32>) {
  ^bb0(%in: i1, %out: f32):
    %0 = arith.uitofp %in : i1 to f32
    linalg.yield %0 : f32
  } -> tensor<6xf32>
  bufferization.materialize_in_destination %y in restrict writable %w : (tensor<6xf32>, memref<6xf32>) -> ()
  return
}

// A product is written over what its epilogue reads at the same place, not over a factor, of which other tiles are still to be read.
// CHECK-LABEL: func.func @product
// CHECK: %[[FACTOR:.*]] = memref.alloc
// CHECK: linalg.generic {{.*}} outs(%[[FACTOR]] : memref<4x4xf32>)
// CHECK: %[[READ:.*]] = memref.alloc
// CHECK: linalg.generic {{.*}} outs(%[[READ]] : memref<4x4xf32>)
// CHECK-NOT: memref.alloc
// CHECK: kernel.product {{.*}} of %[[FACTOR]], %[[FACTOR]] {{.*}} reads %[[READ]] : memref<4x4xf32> outs %[[READ]] : memref<4x4xf32> {
#c = affine_map<(m, n, k) -> (m, n)>
func.func @product(%x: memref<4x4xf32>, %y: memref<4x4xf32>) {
  %e = tensor.empty() : tensor<4x4xf32>
  %in = bufferization.to_tensor %x restrict : memref<4x4xf32> to tensor<4x4xf32>
  %factor = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%in : tensor<4x4xf32>) outs(%e : tensor<4x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = math.exp %a : f32
    linalg.yield %0 : f32
  } -> tensor<4x4xf32>
  %read = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%in : tensor<4x4xf32>) outs(%e : tensor<4x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = math.sin %a : f32
    linalg.yield %0 : f32
  } -> tensor<4x4xf32>
  %p = kernel.product loops [4, 4, 4] maps [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, #c, #c, #c]
      of %factor, %factor : tensor<4x4xf32>, tensor<4x4xf32> reads %read : tensor<4x4xf32> outs %e : tensor<4x4xf32> -> tensor<4x4xf32> {
  ^bb0(%sum: f32, %r: f32):
    %0 = arith.addf %sum, %r : f32
    kernel.yield %0 : f32
  }
  %last = linalg.generic {indexing_maps = [affine_map<(i, j) -> (j, i)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%p : tensor<4x4xf32>) outs(%e : tensor<4x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  } -> tensor<4x4xf32>
  bufferization.materialize_in_destination %last in restrict writable %y : (tensor<4x4xf32>, memref<4x4xf32>) -> ()
  return
}

// Each part is copied to its place in the whole.
// CHECK-LABEL: func.func @joined
// CHECK-SAME: %[[V:.*]]: memref<8xf32>, %[[W:.*]]: memref<4xf32>, %[[U:.*]]: memref<12xf32>
// CHECK: %[[WHOLE:.*]] = memref.alloc() : memref<12xf32>
// CHECK: linalg.generic {{.*}} ins(%[[V]] : memref<8xf32>) outs(%[[WHOLE]] : memref<12xf32>)
// CHECK: linalg.generic {indexing_maps = [#{{.*}}, #[[BEHIND]]]{{.*}} ins(%[[W]] : memref<4xf32>) outs(%[[WHOLE]] : memref<12xf32>)
// CHECK: memref.copy %[[WHOLE]], %[[U]]
func.func @joined(%v: memref<8xf32>, %w: memref<4xf32>, %u: memref<12xf32>) {
  %a = bufferization.to_tensor %v restrict : memref<8xf32> to tensor<8xf32>
  %b = bufferization.to_tensor %w restrict : memref<4xf32> to tensor<4xf32>
  %both = tensor.concat dim(0) %a, %b : (tensor<8xf32>, tensor<4xf32>) -> tensor<12xf32>
  bufferization.materialize_in_destination %both in restrict writable %u : (tensor<12xf32>, memref<12xf32>) -> ()
  return
}

// Where results are a box of their memory, only what lies around is filled; a reduction has its own start.
// CHECK-LABEL: func.func @between_padding
// CHECK: linalg.fill {kernel.around = array<i64: 0, 2, 1, 3>} ins(%{{.*}} : f32) outs(%[[P:.*]] : memref<2x5xf32>)
// CHECK: linalg.generic {{.*}} outs(%[[P]] : memref<2x5xf32>)
// CHECK: linalg.fill {kernel.around = array<i64: 1, 2>} ins(%{{.*}} : f32) outs(%[[M:.*]] : memref<4xf32>)
// CHECK: linalg.generic {{.*}} outs(%[[M]] : memref<4xf32>) attrs = {kernel.start = 0xFF800000 : f32}
func.func @between_padding(%x: memref<2x3xf32>, %y: memref<2x5xf32>, %z: memref<4xf32>) {
  %zero = arith.constant 0.0 : f32
  %lowest = arith.constant 0xFF800000 : f32
  %in = bufferization.to_tensor %x restrict : memref<2x3xf32> to tensor<2x3xf32>
  %e = tensor.empty() : tensor<2x5xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x5xf32>) -> tensor<2x5xf32>
  %p = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j + 1)>], iterator_types = ["parallel", "parallel"]}
      ins(%in : tensor<2x3xf32>) outs(%f : tensor<2x5xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = math.exp %a : f32
    linalg.yield %0 : f32
  } -> tensor<2x5xf32>
  %e4 = tensor.empty() : tensor<4xf32>
  %f4 = linalg.fill ins(%zero : f32) outs(%e4 : tensor<4xf32>) -> tensor<4xf32>
  %e2 = tensor.empty() : tensor<2xf32>
  %f2 = linalg.fill ins(%lowest : f32) outs(%e2 : tensor<2xf32>) -> tensor<2xf32>
  %start = tensor.insert_slice %f2 into %f4[1] [2] [1] : tensor<2xf32> into tensor<4xf32>
  %m = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i + 1)>], iterator_types = ["parallel", "reduction"]}
      ins(%in : tensor<2x3xf32>) outs(%start : tensor<4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.maximumf %o, %a : f32
    linalg.yield %0 : f32
  } -> tensor<4xf32>
  bufferization.materialize_in_destination %p in restrict writable %y : (tensor<2x5xf32>, memref<2x5xf32>) -> ()
  bufferization.materialize_in_destination %m in restrict writable %z : (tensor<4xf32>, memref<4xf32>) -> ()
  return
}
