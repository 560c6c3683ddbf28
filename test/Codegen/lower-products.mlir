// RUN: talweg-opt %s --talweg-plan-products=target=x86-64-v4 --talweg-bufferize --talweg-lower-products | FileCheck %s
// Products become tiles of accumulators in registers; tails are masked; lanes run along what is contiguous.

#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (k, n)>
#bT = affine_map<(m, n, k) -> (n, k)>
#c = affine_map<(m, n, k) -> (m, n)>

// All sums of a tile are carried by the loop over k: nothing of c is read, and it is written once.
// CHECK-LABEL: func.func @product
// CHECK-NOT: linalg.fill
// CHECK: scf.for {{.*}} iter_args
// CHECK-COUNT-16: math.fma
// CHECK-NOT: vector.load %arg2
func.func @product(%a: memref<16x64xf32>, %b: memref<64x32xf32>, %c: memref<16x32xf32>) {
  %A = bufferization.to_tensor %a restrict : memref<16x64xf32> to tensor<16x64xf32>
  %B = bufferization.to_tensor %b restrict : memref<64x32xf32> to tensor<64x32xf32>
  %e = tensor.empty() : tensor<16x32xf32>
  %p = kernel.product loops [16, 32, 64] maps [#a, #b, #c]
      of %A, %B : tensor<16x64xf32>, tensor<64x32xf32> outs %e : tensor<16x32xf32> -> tensor<16x32xf32>
  bufferization.materialize_in_destination %p in restrict writable %c : (tensor<16x32xf32>, memref<16x32xf32>) -> ()
  return
}

// A transposed operand is packed through transposes in registers: whole vectors only.
// CHECK-LABEL: func.func @transposed
// CHECK: memref.alloc
// CHECK-COUNT-64: vector.shuffle
// CHECK: math.fma
func.func @transposed(%a: memref<64x64xf32>, %b: memref<32x64xf32>, %c: memref<64x32xf32>) {
  %A = bufferization.to_tensor %a restrict : memref<64x64xf32> to tensor<64x64xf32>
  %B = bufferization.to_tensor %b restrict : memref<32x64xf32> to tensor<32x64xf32>
  %e = tensor.empty() : tensor<64x32xf32>
  %p = kernel.product loops [64, 32, 64] maps [#a, #bT, #c]
      of %A, %B : tensor<64x64xf32>, tensor<32x64xf32> outs %e : tensor<64x32xf32> -> tensor<64x32xf32>
  bufferization.materialize_in_destination %p in restrict writable %c : (tensor<64x32xf32>, memref<64x32xf32>) -> ()
  return
}

// A factor that is contiguous along the rows is packed by several tiles at a time, a whole line of each row of k, and by threads as the tiles are shared;
// where it does not stay in the caches, the product asks for it ahead.
// CHECK-LABEL: func.func @columns
// CHECK: scf.parallel {{.*}} to (%c512{{.*}}) step (%c64
// CHECK: scf.for {{.*}} to %c600
// CHECK-COUNT-8: vector.store {{.*}} vector<8xf32>
// CHECK: iter_args
// CHECK: memref.prefetch
// CHECK: math.fma
func.func @columns(%a: memref<600x512xf32>, %b: memref<600x256xf32>, %c: memref<512x256xf32>) {
  %A = bufferization.to_tensor %a restrict : memref<600x512xf32> to tensor<600x512xf32>
  %B = bufferization.to_tensor %b restrict : memref<600x256xf32> to tensor<600x256xf32>
  %e = tensor.empty() : tensor<512x256xf32>
  %p = kernel.product loops [512, 256, 600] maps [affine_map<(m, n, k) -> (k, m)>, #b, #c]
      of %A, %B : tensor<600x512xf32>, tensor<600x256xf32> outs %e : tensor<512x256xf32> -> tensor<512x256xf32>
  bufferization.materialize_in_destination %p in restrict writable %c : (tensor<512x256xf32>, memref<512x256xf32>) -> ()
  return
}

// Ten columns are one masked vector.
// CHECK-LABEL: func.func @narrow
// CHECK: vector.maskedload
// CHECK: math.fma
// CHECK: vector.maskedstore
func.func @narrow(%a: memref<8x64xf32>, %b: memref<64x10xf32>, %c: memref<8x10xf32>) {
  %A = bufferization.to_tensor %a restrict : memref<8x64xf32> to tensor<8x64xf32>
  %B = bufferization.to_tensor %b restrict : memref<64x10xf32> to tensor<64x10xf32>
  %e = tensor.empty() : tensor<8x10xf32>
  %p = kernel.product loops [8, 10, 64] maps [#a, #b, #c]
      of %A, %B : tensor<8x64xf32>, tensor<64x10xf32> outs %e : tensor<8x10xf32> -> tensor<8x10xf32>
  bufferization.materialize_in_destination %p in restrict writable %c : (tensor<8x10xf32>, memref<8x10xf32>) -> ()
  return
}

// A matrix times a vector is not packed: lanes run along k, and a row's lanes are summed at its end.
// CHECK-LABEL: func.func @dot
// CHECK-NOT: memref.alloc
// CHECK: math.fma
// CHECK: vector.shuffle
// CHECK: vector.extract
func.func @dot(%a: memref<8x64xf32>, %b: memref<64xf32>, %c: memref<8xf32>) {
  %A = bufferization.to_tensor %a restrict : memref<8x64xf32> to tensor<8x64xf32>
  %B = bufferization.to_tensor %b restrict : memref<64xf32> to tensor<64xf32>
  %e = tensor.empty() : tensor<8xf32>
  %p = kernel.product loops [8, 64] maps [affine_map<(m, k) -> (m, k)>, affine_map<(m, k) -> (k)>, affine_map<(m, k) -> (m)>]
      of %A, %B : tensor<8x64xf32>, tensor<64xf32> outs %e : tensor<8xf32> -> tensor<8xf32>
  bufferization.materialize_in_destination %p in restrict writable %c : (tensor<8xf32>, memref<8xf32>) -> ()
  return
}

// The cotangent of a convolution's input adds over overlapping windows: it starts from zero in memory.
// CHECK-LABEL: func.func @overlapping
// CHECK: linalg.fill
// CHECK: math.fma
func.func @overlapping(%dy: memref<2x8x8x16xf32>, %w: memref<3x3x4x16xf32>, %dx: memref<2x10x10x4xf32>) {
  %DY = bufferization.to_tensor %dy restrict : memref<2x8x8x16xf32> to tensor<2x8x8x16xf32>
  %W = bufferization.to_tensor %w restrict : memref<3x3x4x16xf32> to tensor<3x3x4x16xf32>
  %e = tensor.empty() : tensor<2x10x10x4xf32>
  %p = kernel.product loops [2, 8, 8, 3, 3, 4, 16] maps [affine_map<(n, i, j, u, v, c, o) -> (n, i, j, o)>,
                                                          affine_map<(n, i, j, u, v, c, o) -> (u, v, c, o)>,
                                                          affine_map<(n, i, j, u, v, c, o) -> (n, i + u, j + v, c)>]
      of %DY, %W : tensor<2x8x8x16xf32>, tensor<3x3x4x16xf32> outs %e : tensor<2x10x10x4xf32> -> tensor<2x10x10x4xf32>
  bufferization.materialize_in_destination %p in restrict writable %dx : (tensor<2x10x10x4xf32>, memref<2x10x10x4xf32>) -> ()
  return
}

// Enough work for several threads: the outer loop is parallel.
// CHECK-LABEL: func.func @shared
// CHECK: scf.parallel
func.func @shared(%a: memref<256x256xf32>, %b: memref<256x256xf32>, %c: memref<256x256xf32>) {
  %A = bufferization.to_tensor %a restrict : memref<256x256xf32> to tensor<256x256xf32>
  %B = bufferization.to_tensor %b restrict : memref<256x256xf32> to tensor<256x256xf32>
  %e = tensor.empty() : tensor<256x256xf32>
  %p = kernel.product loops [256, 256, 256] maps [#a, #b, #c]
      of %A, %B : tensor<256x256xf32>, tensor<256x256xf32> outs %e : tensor<256x256xf32> -> tensor<256x256xf32>
  bufferization.materialize_in_destination %p in restrict writable %c : (tensor<256x256xf32>, memref<256x256xf32>) -> ()
  return
}

// Of a triangular factor, a tile takes the steps that have something for its rows: whole turns of them.
// CHECK-LABEL: func.func @triangle
// CHECK: scf.for %[[ROW:.*]] = {{.*}} {
// CHECK: %[[END:.*]] = arith.minui
// CHECK: scf.for {{.*}} to %[[END]] {{.*}} iter_args
// CHECK: math.fma
func.func @triangle(%a: memref<64x64xf32>, %b: memref<64x32xf32>, %c: memref<64x32xf32>) {
  %A = bufferization.to_tensor %a restrict : memref<64x64xf32> to tensor<64x64xf32>
  %B = bufferization.to_tensor %b restrict : memref<64x32xf32> to tensor<64x32xf32>
  %e = tensor.empty() : tensor<64x32xf32>
  %p = kernel.product loops [64, 32, 64] maps [#a, #b, #c] of %A, %B : tensor<64x64xf32>, tensor<64x32xf32> outs %e : tensor<64x32xf32>
      attributes {kernel.band = array<i64: -64, 0, -1, 0, 1>} -> tensor<64x32xf32>
  bufferization.materialize_in_destination %p in restrict writable %c : (tensor<64x32xf32>, memref<64x32xf32>) -> ()
  return
}

// Panels that are packed one by one, of eight matrices that threads share: there is room for one panel of each, and the next one takes its place.
// CHECK-LABEL: func.func @panels_of_each
// CHECK: memref.alloc() : memref<131072xf32>
// CHECK-NOT: memref.alloc
// CHECK: math.fma
func.func @panels_of_each(%a: memref<8x64x512xf32>, %b: memref<8x64x512xf32>, %c: memref<8x64x64xf32>) {
  %A = bufferization.to_tensor %a restrict : memref<8x64x512xf32> to tensor<8x64x512xf32>
  %B = bufferization.to_tensor %b restrict : memref<8x64x512xf32> to tensor<8x64x512xf32>
  %e = tensor.empty() : tensor<8x64x64xf32>
  %p = kernel.product loops [8, 64, 64, 512] maps [affine_map<(g, m, n, k) -> (g, m, k)>, affine_map<(g, m, n, k) -> (g, n, k)>, affine_map<(g, m, n, k) -> (g, m, n)>]
      of %A, %B : tensor<8x64x512xf32>, tensor<8x64x512xf32> outs %e : tensor<8x64x64xf32> -> tensor<8x64x64xf32>
  bufferization.materialize_in_destination %p in restrict writable %c : (tensor<8x64x64xf32>, memref<8x64x64xf32>) -> ()
  return
}

// Blocks of a sum are added to memory, which is asked for before a tile begins.
// CHECK-LABEL: func.func @blocks
// CHECK: scf.for
// CHECK-COUNT-16: memref.prefetch %{{.*}}[%{{.*}}], write, locality<3>, data : memref<262144xf32>
// CHECK: scf.for
// CHECK: math.fma
// CHECK: vector.load %{{.*}} : memref<262144xf32>
// CHECK: arith.addf
func.func @blocks(%a: memref<512x2048xf32>, %b: memref<2048x512xf32>, %c: memref<512x512xf32>) {
  %x = bufferization.to_tensor %a restrict : memref<512x2048xf32> to tensor<512x2048xf32>
  %w = bufferization.to_tensor %b restrict : memref<2048x512xf32> to tensor<2048x512xf32>
  %e = tensor.empty() : tensor<512x512xf32>
  %y = kernel.product loops [512, 512, 2048] maps [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>, affine_map<(i, j, k) -> (i, j)>] of %x, %w : tensor<512x2048xf32>, tensor<2048x512xf32> outs %e : tensor<512x512xf32> -> tensor<512x512xf32>
  bufferization.materialize_in_destination %y in restrict writable %c : (tensor<512x512xf32>, memref<512x512xf32>) -> ()
  return
}

// A convolution's weight gradient: while the six tiles of an image are summed, they ask for the next image's rows; each step along an image's height for its share.
// CHECK-LABEL: func.func @images
// CHECK: scf.for %{{.*}} to %c64
// CHECK: iter_args
// CHECK-DAG: memref.prefetch %{{.*}}, read, locality<2>, data : memref<1183744xf32>
// CHECK-DAG: memref.prefetch %{{.*}}, read, locality<2>, data : memref<1048576xf32>
// CHECK: iter_args
// CHECK: math.fma
func.func @images(%x: memref<64x34x34x16xf32>, %d: memref<64x32x32x16xf32>, %w: memref<3x3x16x16xf32>) {
  %X = bufferization.to_tensor %x restrict : memref<64x34x34x16xf32> to tensor<64x34x34x16xf32>
  %D = bufferization.to_tensor %d restrict : memref<64x32x32x16xf32> to tensor<64x32x32x16xf32>
  %e = tensor.empty() : tensor<3x3x16x16xf32>
  %y = kernel.product loops [64, 32, 3, 32, 3, 16, 16] maps [affine_map<(n, i, u, j, v, c, o) -> (n, i + u, j + v, c)>, affine_map<(n, i, u, j, v, c, o) -> (n, i, j, o)>, affine_map<(n, i, u, j, v, c, o) -> (u, v, c, o)>]
      of %X, %D : tensor<64x34x34x16xf32>, tensor<64x32x32x16xf32> outs %e : tensor<3x3x16x16xf32> -> tensor<3x3x16x16xf32>
  bufferization.materialize_in_destination %y in restrict writable %w : (tensor<3x3x16x16xf32>, memref<3x3x16x16xf32>) -> ()
  return
}
