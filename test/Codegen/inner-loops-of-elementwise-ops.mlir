// Elementary functions are arithmetic in the loop itself: no calls, and on processors with AVX-512 nothing put on the stack.
// REQUIRES: llvm-x86, llvm-aarch64
// RUN: sh %S/Inputs/assemble.sh %s 512 32 x86_64 x86-64-v4 | %python %S/Inputs/inner-loops.py | FileCheck %s --check-prefix=ALL --implicit-check-not='{{[1-9]}} spills'
// RUN: sh %S/Inputs/assemble.sh %s 256 16 x86_64 x86-64-v3 | %python %S/Inputs/inner-loops.py | FileCheck %s --check-prefix=ALL
// RUN: sh %S/Inputs/assemble.sh %s 128 32 aarch64 neoverse-n1 | %python %S/Inputs/inner-loops.py | FileCheck %s --check-prefix=ALL

// ALL: gelu: {{[1-9][0-9]*}} fma, {{[0-9]+}} vector, {{[0-9]+}} spills, 0 calls
// ALL-NEXT: chain: {{[1-9][0-9]*}} fma, {{[0-9]+}} vector, {{[0-9]+}} spills, 0 calls
// ALL-NEXT: adam: {{[0-9]+}} fma, {{[0-9]+}} vector, {{[0-9]+}} spills, 0 calls
// ALL-NOT: {{.}}

#map = affine_map<(i) -> (i)>
func.func @gelu(%persistent: memref<1xi8> {llvm.noalias}, %arena: memref<0xi8> {llvm.noalias}, %a: memref<4096xf32> {llvm.noalias},
                %c: memref<4096xf32> {llvm.noalias}) {
  %x = bufferization.to_tensor %a restrict : memref<4096xf32> to tensor<4096xf32>
  %half = arith.constant 0.5 : f32
  %one = arith.constant 1.0 : f32
  %scale = arith.constant 0.70710678 : f32
  %empty = tensor.empty() : tensor<4096xf32>
  %y = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]}
    ins(%x : tensor<4096xf32>) outs(%empty : tensor<4096xf32>) {
    ^bb0(%in: f32, %out: f32):
      %scaled = arith.mulf %in, %scale : f32
      %erf = math.erf %scaled : f32
      %above = arith.addf %erf, %one : f32
      %product = arith.mulf %in, %above : f32
      %result = arith.mulf %product, %half : f32
      linalg.yield %result : f32
  } -> tensor<4096xf32>
  bufferization.materialize_in_destination %y in restrict writable %c : (tensor<4096xf32>, memref<4096xf32>) -> ()
  return
}

func.func @chain(%persistent: memref<1xi8> {llvm.noalias}, %arena: memref<0xi8> {llvm.noalias}, %a: memref<4096xf32> {llvm.noalias},
                 %c: memref<4096xf32> {llvm.noalias}) {
  %x = bufferization.to_tensor %a restrict : memref<4096xf32> to tensor<4096xf32>
  %empty = tensor.empty() : tensor<4096xf32>
  %y = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]}
    ins(%x : tensor<4096xf32>) outs(%empty : tensor<4096xf32>) {
    ^bb0(%in: f32, %out: f32):
      %exp = math.exp %in : f32
      %tanh = math.tanh %exp : f32
      linalg.yield %tanh : f32
  } -> tensor<4096xf32>
  %z = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]}
    ins(%y : tensor<4096xf32>) outs(%empty : tensor<4096xf32>) {
    ^bb0(%in: f32, %out: f32):
      %abs = math.absf %in : f32
      %log = math.log %abs : f32
      linalg.yield %log : f32
  } -> tensor<4096xf32>
  bufferization.materialize_in_destination %z in restrict writable %c : (tensor<4096xf32>, memref<4096xf32>) -> ()
  return
}

func.func @adam(%persistent: memref<1xi8> {llvm.noalias}, %arena: memref<0xi8> {llvm.noalias}, %a: memref<4096xf32> {llvm.noalias},
                %b: memref<4096xf32> {llvm.noalias}, %c: memref<4096xf32> {llvm.noalias}) {
  %p = bufferization.to_tensor %c restrict : memref<4096xf32> to tensor<4096xf32>
  %m = bufferization.to_tensor %a restrict : memref<4096xf32> to tensor<4096xf32>
  %v = bufferization.to_tensor %b restrict : memref<4096xf32> to tensor<4096xf32>
  %rate = arith.constant 1.0e-3 : f32
  %tiny = arith.constant 1.0e-8 : f32
  %empty = tensor.empty() : tensor<4096xf32>
  %next = linalg.generic {indexing_maps = [#map, #map, #map, #map], iterator_types = ["parallel"]}
    ins(%p, %m, %v : tensor<4096xf32>, tensor<4096xf32>, tensor<4096xf32>) outs(%empty : tensor<4096xf32>) {
    ^bb0(%pi: f32, %mi: f32, %vi: f32, %out: f32):
      %root = math.sqrt %vi : f32
      %divisor = arith.addf %root, %tiny : f32
      %quotient = arith.divf %mi, %divisor : f32
      %change = arith.mulf %quotient, %rate : f32
      %result = arith.subf %pi, %change : f32
      linalg.yield %result : f32
  } -> tensor<4096xf32>
  bufferization.materialize_in_destination %next in restrict writable %c : (tensor<4096xf32>, memref<4096xf32>) -> ()
  return
}
