// RUN: talweg-opt %s --talweg-mark-regions --mlir-print-op-on-diagnostic=false 2>&1 | FileCheck %s

// What they are: products with their epilogue, what was read and written (nothing twice), and where.
// CHECK: m.tw:3:7: remark: gather 4 rows of 16 bytes: 0 flops, 64 bytes read, 64 written
// CHECK: m.tw:9:3: remark: product 4x8x4, then 2 ops: 256 flops, 208 bytes read, 256 written
// CHECK: remark: reduction 4x8 to 4, 1 op: 0 flops, 128 bytes read, 16 written
// CHECK: m.tw:11:1: remark: elementwise 4, 1 op with absf: 0 flops, 16 bytes read, 32 written
// CHECK: remark: fill 4x8: 0 flops, 0 bytes read, 128 written
// CHECK: m.tw:12:1: remark: elementwise 4x8, 2 ops with exp: 0 flops, 128 bytes read, 128 written

// CHECK: llvm.func @talweg_profile_mark(i32)

// One mark starts the clock, one follows each region; none stands between a fill and what writes over a part of it, or a product and its epilogue.
// CHECK-LABEL: func.func @talweg_step
// CHECK: llvm.call @talweg_profile_mark(%c-1_i32)
// CHECK-NEXT: scf.for
// CHECK-NOT: llvm.call
// CHECK: scf.for
// CHECK: memref.copy
// CHECK-NEXT: }
// CHECK: llvm.call @talweg_profile_mark(%c0_i32)
// CHECK-NOT: llvm.call
// CHECK: kernel.product
// CHECK-NOT: llvm.call
// CHECK: arith.maximumf
// CHECK: llvm.call @talweg_profile_mark(%c1_i32)
// CHECK-NOT: llvm.call
// CHECK: arith.addf
// CHECK: llvm.call @talweg_profile_mark(%c2_i32)
// CHECK-NOT: llvm.call
// CHECK: linalg.fill
// CHECK-NOT: llvm.call
// CHECK: math.absf
// CHECK: llvm.call @talweg_profile_mark(%c3_i32)
// CHECK: linalg.fill
// CHECK: llvm.call @talweg_profile_mark(%c4_i32)
// CHECK: math.exp
// CHECK: llvm.call @talweg_profile_mark(%c5_i32)
// CHECK-NOT: llvm.call

#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
#a = affine_map<(i, j, k) -> (i, k)>
#b = affine_map<(i, j, k) -> (k, j)>
#c = affine_map<(i, j, k) -> (i, j)>

func.func @talweg_step(%steps: index, %data: memref<100x4xf32>, %w: memref<4x8xf32>,
                       %bias: memref<4xf32>, %order: memref<100xindex>) {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  scf.for %s = %c0 to %steps step %c1 {
    %x = memref.alloc() : memref<4x4xf32>
    scf.for %r = %c0 to %c4 step %c1 {
      %at = memref.load %order[%r] : memref<100xindex>
      %from = memref.subview %data[%at, 0] [1, 4] [1, 1] : memref<100x4xf32> to memref<1x4xf32, strided<[4, 1], offset: ?>>
      %to = memref.subview %x[%r, 0] [1, 4] [1, 1] : memref<4x4xf32> to memref<1x4xf32, strided<[4, 1], offset: ?>>
      memref.copy %from, %to : memref<1x4xf32, strided<[4, 1], offset: ?>> to memref<1x4xf32, strided<[4, 1], offset: ?>>
    } loc("data"("m.tw":3:7))
    %y = memref.alloc() : memref<4x8xf32>
    %h = memref.alloc() : memref<4x8xf32>
    kernel.product loops [4, 8, 4] maps [#a, #b, #c, affine_map<(i, j, k) -> (i)>, #c]
        of %x, %w : memref<4x4xf32>, memref<4x8xf32> reads %bias : memref<4xf32> outs %y, %h : memref<4x8xf32>, memref<4x8xf32> {
    ^bb0(%l: f32, %r: f32):
      %0 = arith.addf %l, %r : f32
      %1 = arith.maximumf %0, %zero : f32
      kernel.yield %1 : f32 loc("update of v"("m.tw":10:2))
    } loc("m.tw":9:3)
    %sum = memref.alloc() : memref<4xf32>
    linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
        ins(%h : memref<4x8xf32>) outs(%sum : memref<4xf32>) attrs = {kernel.start = 0.0 : f32} {
    ^bb0(%l: f32, %acc: f32):
      %0 = arith.addf %acc, %l : f32
      linalg.yield %0 : f32
    } loc(unknown)
    %apart = memref.alloc() : memref<8xf32>
    linalg.fill ins(%zero : f32) outs(%apart : memref<8xf32>)
    linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i * 2)>], iterator_types = ["parallel"]}
        ins(%sum : memref<4xf32>) outs(%apart : memref<8xf32>) {
    ^bb0(%l: f32, %out: f32):
      %0 = math.absf %l : f32
      linalg.yield %0 : f32
    } loc("m.tw":11:1)
    linalg.fill ins(%zero : f32) outs(%y : memref<4x8xf32>)
    linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
        ins(%h : memref<4x8xf32>) outs(%w : memref<4x8xf32>) {
    ^bb0(%l: f32, %out: f32):
      %0 = math.exp %l : f32
      %1 = arith.mulf %0, %l : f32
      linalg.yield %1 : f32
    } loc("update of w"("m.tw":12:1))
  }
  return
}

// Without a loop there are no steps, and nothing is marked.
// CHECK-LABEL: func.func @talweg_init
// CHECK-NOT: llvm.call
func.func @talweg_init(%w: memref<4x8xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%w : memref<4x8xf32>)
  return
}
