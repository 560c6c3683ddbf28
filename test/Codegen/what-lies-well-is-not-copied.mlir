// RUN: talweg-opt %s --talweg-plan-products | FileCheck %s
// A factor is copied where the caches have no places for its rows: at 4 KiB all of a column's lines belong to one set of the first cache, and of
// 2 KiB the second cache holds 512; where few tiles read them, the third is as good. No bits depend on it.

#a = affine_map<(m, n, k) -> (m, k)>
#aT = affine_map<(m, n, k) -> (k, m)>
#b = affine_map<(m, n, k) -> (k, n)>
#c = affine_map<(m, n, k) -> (m, n)>

// CHECK-LABEL: func @rows_of_2_KiB
// CHECK-NOT: pack_b = true
func.func @rows_of_2_KiB(%a: tensor<512x512xf32>, %b: tensor<512x512xf32>) -> tensor<512x512xf32> {
  %e = tensor.empty() : tensor<512x512xf32>
  %p = kernel.product loops [512, 512, 512] maps [#a, #b, #c] of %a, %b : tensor<512x512xf32>, tensor<512x512xf32>
      outs %e : tensor<512x512xf32> -> tensor<512x512xf32>
  return %p : tensor<512x512xf32>
}

// CHECK-LABEL: func @more_than_the_second_cache_holds
// CHECK: pack_b = true
func.func @more_than_the_second_cache_holds(%a: tensor<512x1024xf32>, %b: tensor<1024x512xf32>) -> tensor<512x512xf32> {
  %e = tensor.empty() : tensor<512x512xf32>
  %p = kernel.product loops [512, 512, 1024] maps [#a, #b, #c] of %a, %b : tensor<512x1024xf32>, tensor<1024x512xf32>
      outs %e : tensor<512x512xf32> -> tensor<512x512xf32>
  return %p : tensor<512x512xf32>
}

// CHECK-LABEL: func @more_than_the_second_cache_holds_for_few_tiles
// CHECK-NOT: pack_b = true
func.func @more_than_the_second_cache_holds_for_few_tiles(%a: tensor<128x1024xf32>, %b: tensor<1024x512xf32>) -> tensor<128x512xf32> {
  %e = tensor.empty() : tensor<128x512xf32>
  %p = kernel.product loops [128, 512, 1024] maps [#a, #b, #c] of %a, %b : tensor<128x1024xf32>, tensor<1024x512xf32>
      outs %e : tensor<128x512xf32> -> tensor<128x512xf32>
  return %p : tensor<128x512xf32>
}

// CHECK-LABEL: func @rows_of_4_KiB
// CHECK: pack_b = true
func.func @rows_of_4_KiB(%a: tensor<128x128xf32>, %b: tensor<128x1024xf32>) -> tensor<128x1024xf32> {
  %e = tensor.empty() : tensor<128x1024xf32>
  %p = kernel.product loops [128, 1024, 128] maps [#a, #b, #c] of %a, %b : tensor<128x128xf32>, tensor<128x1024xf32>
      outs %e : tensor<128x1024xf32> -> tensor<128x1024xf32>
  return %p : tensor<128x1024xf32>
}

// A transposed left factor stays as it is while all of it stays in the second cache.
// CHECK-LABEL: func @little_transposed
// CHECK-NOT: pack_a = true
func.func @little_transposed(%a: tensor<256x256xf32>, %b: tensor<256x256xf32>) -> tensor<256x256xf32> {
  %e = tensor.empty() : tensor<256x256xf32>
  %p = kernel.product loops [256, 256, 256] maps [#aT, #b, #c] of %a, %b : tensor<256x256xf32>, tensor<256x256xf32>
      outs %e : tensor<256x256xf32> -> tensor<256x256xf32>
  return %p : tensor<256x256xf32>
}

// CHECK-LABEL: func @much_transposed
// CHECK: pack_a = true
func.func @much_transposed(%a: tensor<512x1536xf32>, %b: tensor<512x256xf32>) -> tensor<1536x256xf32> {
  %e = tensor.empty() : tensor<1536x256xf32>
  %p = kernel.product loops [1536, 256, 512] maps [#aT, #b, #c] of %a, %b : tensor<512x1536xf32>, tensor<512x256xf32>
      outs %e : tensor<1536x256xf32> -> tensor<1536x256xf32>
  return %p : tensor<1536x256xf32>
}
