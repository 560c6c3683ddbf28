// The innermost loops of products hold their sums in registers: multiply-adds, loads of operands, nothing put aside on the
// stack, no calls. A tile of rows x vectors, with so many steps of k in a turn, has as many multiply-adds as their product.
// REQUIRES: llvm-x86, llvm-aarch64
// RUN: sh %S/Inputs/assemble.sh %s 512 32 x86_64 x86-64-v4 | %python %S/Inputs/inner-loops.py --fma | FileCheck %s --check-prefixes=ALL,AVX512 --implicit-check-not='{{[1-9]}} spills'
// RUN: sh %S/Inputs/assemble.sh %s 256 16 x86_64 x86-64-v3 | %python %S/Inputs/inner-loops.py --fma | FileCheck %s --check-prefixes=ALL,AVX2 --implicit-check-not='{{[1-9]}} spills'
// RUN: sh %S/Inputs/assemble.sh %s 128 32 aarch64 neoverse-n1 | %python %S/Inputs/inner-loops.py --fma | FileCheck %s --check-prefix=NEON --implicit-check-not='{{[1-9]}} calls'

// AVX512: nn{{.*}}: 64 fma, 104 vector, 0 spills, 0 calls
// AVX2:   nn{{.*}}: 32 fma, 56 vector, 0 spills, 0 calls
// NEON:   nn{{.*}}: 64 fma, 69 vector, 0 spills, 0 calls
// ALL: nt{{.*}}: {{[1-9][0-9]+}} fma, {{[0-9]+}} vector, 0 spills, 0 calls
// ALL: tn{{.*}}: {{[1-9][0-9]+}} fma, {{[0-9]+}} vector, 0 spills, 0 calls
// A matrix of ten columns, and one of a single row.
// ALL: narrow{{.*}}: {{[1-9][0-9]+}} fma, {{[0-9]+}} vector, 0 spills, 0 calls
// ALL: narrow_tn{{.*}}: {{[1-9][0-9]+}} fma, {{[0-9]+}} vector, 0 spills, 0 calls
// ALL: row{{.*}}: {{[1-9][0-9]+}} fma, {{[0-9]+}} vector, 0 spills, 0 calls
// ALL: convolution{{.*}}: {{[1-9][0-9]+}} fma, {{[0-9]+}} vector, 0 spills, 0 calls
// ALL: to_kernel{{.*}}: {{[1-9][0-9]+}} fma, {{[0-9]+}} vector, 0 spills, 0 calls

func.func @nn(%persistent: memref<1xi8> {llvm.noalias}, %arena: memref<0xi8> {llvm.noalias},
                 %a: memref<128x784xf32> {llvm.noalias}, %b: memref<784x256xf32> {llvm.noalias}, %c: memref<128x256xf32> {llvm.noalias}) {
  %left = bufferization.to_tensor %a restrict : memref<128x784xf32> to tensor<128x784xf32>
  %right = bufferization.to_tensor %b restrict : memref<784x256xf32> to tensor<784x256xf32>
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<128x256xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<128x256xf32>) -> tensor<128x256xf32>
  %product = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
                            iterator_types = ["parallel", "parallel", "reduction"]}
    ins(%left, %right : tensor<128x784xf32>, tensor<784x256xf32>) outs(%fill : tensor<128x256xf32>) {
    ^bb0(%x: f32, %y: f32, %out: f32):
      %sum = math.fma %x, %y, %out : f32
      linalg.yield %sum : f32
  } -> tensor<128x256xf32>
  bufferization.materialize_in_destination %product in restrict writable %c : (tensor<128x256xf32>, memref<128x256xf32>) -> ()
  return
}
func.func @nt(%persistent: memref<1xi8> {llvm.noalias}, %arena: memref<0xi8> {llvm.noalias},
                 %a: memref<128x784xf32> {llvm.noalias}, %b: memref<256x784xf32> {llvm.noalias}, %c: memref<128x256xf32> {llvm.noalias}) {
  %left = bufferization.to_tensor %a restrict : memref<128x784xf32> to tensor<128x784xf32>
  %right = bufferization.to_tensor %b restrict : memref<256x784xf32> to tensor<256x784xf32>
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<128x256xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<128x256xf32>) -> tensor<128x256xf32>
  %product = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>],
                            iterator_types = ["parallel", "parallel", "reduction"]}
    ins(%left, %right : tensor<128x784xf32>, tensor<256x784xf32>) outs(%fill : tensor<128x256xf32>) {
    ^bb0(%x: f32, %y: f32, %out: f32):
      %sum = math.fma %x, %y, %out : f32
      linalg.yield %sum : f32
  } -> tensor<128x256xf32>
  bufferization.materialize_in_destination %product in restrict writable %c : (tensor<128x256xf32>, memref<128x256xf32>) -> ()
  return
}
func.func @tn(%persistent: memref<1xi8> {llvm.noalias}, %arena: memref<0xi8> {llvm.noalias},
                 %a: memref<128x784xf32> {llvm.noalias}, %b: memref<128x256xf32> {llvm.noalias}, %c: memref<784x256xf32> {llvm.noalias}) {
  %left = bufferization.to_tensor %a restrict : memref<128x784xf32> to tensor<128x784xf32>
  %right = bufferization.to_tensor %b restrict : memref<128x256xf32> to tensor<128x256xf32>
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<784x256xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<784x256xf32>) -> tensor<784x256xf32>
  %product = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (k, m)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
                            iterator_types = ["parallel", "parallel", "reduction"]}
    ins(%left, %right : tensor<128x784xf32>, tensor<128x256xf32>) outs(%fill : tensor<784x256xf32>) {
    ^bb0(%x: f32, %y: f32, %out: f32):
      %sum = math.fma %x, %y, %out : f32
      linalg.yield %sum : f32
  } -> tensor<784x256xf32>
  bufferization.materialize_in_destination %product in restrict writable %c : (tensor<784x256xf32>, memref<784x256xf32>) -> ()
  return
}
func.func @narrow(%persistent: memref<1xi8> {llvm.noalias}, %arena: memref<0xi8> {llvm.noalias},
                 %a: memref<128x1024xf32> {llvm.noalias}, %b: memref<1024x10xf32> {llvm.noalias}, %c: memref<128x10xf32> {llvm.noalias}) {
  %left = bufferization.to_tensor %a restrict : memref<128x1024xf32> to tensor<128x1024xf32>
  %right = bufferization.to_tensor %b restrict : memref<1024x10xf32> to tensor<1024x10xf32>
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<128x10xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<128x10xf32>) -> tensor<128x10xf32>
  %product = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
                            iterator_types = ["parallel", "parallel", "reduction"]}
    ins(%left, %right : tensor<128x1024xf32>, tensor<1024x10xf32>) outs(%fill : tensor<128x10xf32>) {
    ^bb0(%x: f32, %y: f32, %out: f32):
      %sum = math.fma %x, %y, %out : f32
      linalg.yield %sum : f32
  } -> tensor<128x10xf32>
  bufferization.materialize_in_destination %product in restrict writable %c : (tensor<128x10xf32>, memref<128x10xf32>) -> ()
  return
}
func.func @narrow_tn(%persistent: memref<1xi8> {llvm.noalias}, %arena: memref<0xi8> {llvm.noalias},
                 %a: memref<128x1024xf32> {llvm.noalias}, %b: memref<128x10xf32> {llvm.noalias}, %c: memref<1024x10xf32> {llvm.noalias}) {
  %left = bufferization.to_tensor %a restrict : memref<128x1024xf32> to tensor<128x1024xf32>
  %right = bufferization.to_tensor %b restrict : memref<128x10xf32> to tensor<128x10xf32>
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<1024x10xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<1024x10xf32>) -> tensor<1024x10xf32>
  %product = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (k, m)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
                            iterator_types = ["parallel", "parallel", "reduction"]}
    ins(%left, %right : tensor<128x1024xf32>, tensor<128x10xf32>) outs(%fill : tensor<1024x10xf32>) {
    ^bb0(%x: f32, %y: f32, %out: f32):
      %sum = math.fma %x, %y, %out : f32
      linalg.yield %sum : f32
  } -> tensor<1024x10xf32>
  bufferization.materialize_in_destination %product in restrict writable %c : (tensor<1024x10xf32>, memref<1024x10xf32>) -> ()
  return
}
func.func @row(%persistent: memref<1xi8> {llvm.noalias}, %arena: memref<0xi8> {llvm.noalias},
                 %a: memref<1x784xf32> {llvm.noalias}, %b: memref<784x256xf32> {llvm.noalias}, %c: memref<1x256xf32> {llvm.noalias}) {
  %left = bufferization.to_tensor %a restrict : memref<1x784xf32> to tensor<1x784xf32>
  %right = bufferization.to_tensor %b restrict : memref<784x256xf32> to tensor<784x256xf32>
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<1x256xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<1x256xf32>) -> tensor<1x256xf32>
  %product = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
                            iterator_types = ["parallel", "parallel", "reduction"]}
    ins(%left, %right : tensor<1x784xf32>, tensor<784x256xf32>) outs(%fill : tensor<1x256xf32>) {
    ^bb0(%x: f32, %y: f32, %out: f32):
      %sum = math.fma %x, %y, %out : f32
      linalg.yield %sum : f32
  } -> tensor<1x256xf32>
  bufferization.materialize_in_destination %product in restrict writable %c : (tensor<1x256xf32>, memref<1x256xf32>) -> ()
  return
}
func.func @convolution(%persistent: memref<1xi8> {llvm.noalias}, %arena: memref<0xi8> {llvm.noalias},
                 %a: memref<8x28x28x32xf32> {llvm.noalias}, %b: memref<3x3x32x64xf32> {llvm.noalias}, %c: memref<8x26x26x64xf32> {llvm.noalias}) {
  %left = bufferization.to_tensor %a restrict : memref<8x28x28x32xf32> to tensor<8x28x28x32xf32>
  %right = bufferization.to_tensor %b restrict : memref<3x3x32x64xf32> to tensor<3x3x32x64xf32>
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<8x26x26x64xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<8x26x26x64xf32>) -> tensor<8x26x26x64xf32>
  %product = linalg.generic {indexing_maps = [affine_map<(b, i, j, o, u, v, c) -> (b, i + u, j + v, c)>, affine_map<(b, i, j, o, u, v, c) -> (u, v, c, o)>, affine_map<(b, i, j, o, u, v, c) -> (b, i, j, o)>],
                            iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]}
    ins(%left, %right : tensor<8x28x28x32xf32>, tensor<3x3x32x64xf32>) outs(%fill : tensor<8x26x26x64xf32>) {
    ^bb0(%x: f32, %y: f32, %out: f32):
      %sum = math.fma %x, %y, %out : f32
      linalg.yield %sum : f32
  } -> tensor<8x26x26x64xf32>
  bufferization.materialize_in_destination %product in restrict writable %c : (tensor<8x26x26x64xf32>, memref<8x26x26x64xf32>) -> ()
  return
}
func.func @to_kernel(%persistent: memref<1xi8> {llvm.noalias}, %arena: memref<0xi8> {llvm.noalias},
                 %a: memref<8x28x28x32xf32> {llvm.noalias}, %b: memref<8x26x26x64xf32> {llvm.noalias}, %c: memref<3x3x32x64xf32> {llvm.noalias}) {
  %left = bufferization.to_tensor %a restrict : memref<8x28x28x32xf32> to tensor<8x28x28x32xf32>
  %right = bufferization.to_tensor %b restrict : memref<8x26x26x64xf32> to tensor<8x26x26x64xf32>
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<3x3x32x64xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<3x3x32x64xf32>) -> tensor<3x3x32x64xf32>
  %product = linalg.generic {indexing_maps = [affine_map<(u, v, c, o, b, i, j) -> (b, i + u, j + v, c)>, affine_map<(u, v, c, o, b, i, j) -> (b, i, j, o)>, affine_map<(u, v, c, o, b, i, j) -> (u, v, c, o)>],
                            iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]}
    ins(%left, %right : tensor<8x28x28x32xf32>, tensor<8x26x26x64xf32>) outs(%fill : tensor<3x3x32x64xf32>) {
    ^bb0(%x: f32, %y: f32, %out: f32):
      %sum = math.fma %x, %y, %out : f32
      linalg.yield %sum : f32
  } -> tensor<3x3x32x64xf32>
  bufferization.materialize_in_destination %product in restrict writable %c : (tensor<3x3x32x64xf32>, memref<3x3x32x64xf32>) -> ()
  return
}
