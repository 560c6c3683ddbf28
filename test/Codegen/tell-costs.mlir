// RUN: talweg-opt %s --talweg-plan-products --talweg-tell-costs --verify-diagnostics -o /dev/null
// Tensors of 1 MiB and more say why they are stored, products of less than a tenth of the limit why they are slow.

#id = affine_map<(i, j) -> (i, j)>
#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (k, n)>
#c = affine_map<(m, n, k) -> (m, n)>

func.func @factor(%x: tensor<512x512xf32>, %y: tensor<512x512xf32>, %w: tensor<512x512xf32>, %out: memref<512x512xf32>) {
  %e = tensor.empty() : tensor<512x512xf32>
  // expected-remark@+1 {{stored, 1.0 MiB, 512x512 of f32: a product reads each of its factors many times}}
  %s = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x, %y : tensor<512x512xf32>, tensor<512x512xf32>) outs(%e : tensor<512x512xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.addf %a, %b : f32
    linalg.yield %0 : f32
  } -> tensor<512x512xf32>
  // expected-note@+1 {{read here}}
  %p = kernel.product loops [512, 512, 512] maps [#a, #b, #c]
      of %s, %w : tensor<512x512xf32>, tensor<512x512xf32> outs %e : tensor<512x512xf32> -> tensor<512x512xf32>
  bufferization.materialize_in_destination %p in restrict writable %out : (tensor<512x512xf32>, memref<512x512xf32>) -> ()
  return
}

func.func @spread(%x: tensor<512x512xf32>, %y: tensor<512x512x4xf32>, %out: memref<512x512x4xf32>) {
  %e = tensor.empty() : tensor<512x512xf32>
  %f = tensor.empty() : tensor<512x512x4xf32>
  // expected-remark@+1 {{its reader needs each element several times}}
  %s = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<512x512xf32>) outs(%e : tensor<512x512xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = math.exp %a : f32
    linalg.yield %0 : f32
  } -> tensor<512x512xf32>
  // expected-note@+1 {{read here}}
  %p = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, j)>, affine_map<(i, j, k) -> (i, j, k)>, affine_map<(i, j, k) -> (i, j, k)>],
                       iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%s, %y : tensor<512x512xf32>, tensor<512x512x4xf32>) outs(%f : tensor<512x512x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.addf %a, %b : f32
    linalg.yield %0 : f32
  } -> tensor<512x512x4xf32>
  bufferization.materialize_in_destination %p in restrict writable %out : (tensor<512x512x4xf32>, memref<512x512x4xf32>) -> ()
  return
}

// Computed once for two readers, since an exponential is more than memory.
func.func @several(%x: tensor<512x512xf32>, %out: memref<512x512xf32>, %other: memref<512xf32>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<512x512xf32>
  %f = tensor.empty() : tensor<512xf32>
  %zeros = linalg.fill ins(%zero : f32) outs(%f : tensor<512xf32>) -> tensor<512xf32>
  // expected-remark@+1 {{several read it, and it takes a function or a division}}
  %s = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<512x512xf32>) outs(%e : tensor<512x512xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = math.exp %a : f32
    linalg.yield %0 : f32
  } -> tensor<512x512xf32>
  // expected-note@+1 {{read here}}
  %sum = linalg.generic {indexing_maps = [#id, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%s : tensor<512x512xf32>) outs(%zeros : tensor<512xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.addf %o, %a : f32
    linalg.yield %0 : f32
  } -> tensor<512xf32>
  // expected-note@+1 {{read here}}
  %n = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%s, %x : tensor<512x512xf32>, tensor<512x512xf32>) outs(%e : tensor<512x512xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.mulf %a, %b : f32
    linalg.yield %0 : f32
  } -> tensor<512x512xf32>
  bufferization.materialize_in_destination %n in restrict writable %out : (tensor<512x512xf32>, memref<512x512xf32>) -> ()
  bufferization.materialize_in_destination %sum in restrict writable %other : (tensor<512xf32>, memref<512xf32>) -> ()
  return
}

// A matrix times a vector, and many of a few terms each.
func.func @slow(%x: tensor<1x2048xf32>, %w: tensor<2048x256xf32>, %l: tensor<4096x8xf32>, %r: tensor<8x2xf32>, %out: memref<1x256xf32>,
                %other: memref<4096x2xf32>) {
  %e = tensor.empty() : tensor<1x256xf32>
  %f = tensor.empty() : tensor<4096x2xf32>
  // expected-remark@+1 {{product 1x256x2048, 524k multiply-adds: about 6 % of what registers can do, by estimate: a byte of its operands and results serves for 0.249 multiply-adds}}
  %p = kernel.product loops [1, 256, 2048] maps [#a, #b, #c]
      of %x, %w : tensor<1x2048xf32>, tensor<2048x256xf32> outs %e : tensor<1x256xf32> -> tensor<1x256xf32>
  // expected-remark@+1 {{results lie side by side in runs of 2, and registers have 16 lanes}}
  %q = kernel.product loops [4096, 2, 8] maps [#a, #b, #c]
      of %l, %r : tensor<4096x8xf32>, tensor<8x2xf32> outs %f : tensor<4096x2xf32> -> tensor<4096x2xf32>
  bufferization.materialize_in_destination %p in restrict writable %out : (tensor<1x256xf32>, memref<1x256xf32>) -> ()
  bufferization.materialize_in_destination %q in restrict writable %other : (tensor<4096x2xf32>, memref<4096x2xf32>) -> ()
  return
}
