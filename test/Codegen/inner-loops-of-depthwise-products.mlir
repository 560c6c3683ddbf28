// Where both factors move along the lanes, neighbouring rows share vectors of the image: tiles leave registers for them. On AVX2's
// sixteen, the weights of a row of the window may be read from the stack.
// REQUIRES: llvm-x86, llvm-aarch64
// RUN: sh %S/Inputs/assemble.sh %s 512 32 x86_64 x86-64-v4 | %python %S/Inputs/inner-loops.py --fma | FileCheck %s
// RUN: sh %S/Inputs/assemble.sh %s 256 16 x86_64 x86-64-v3 | %python %S/Inputs/inner-loops.py --fma | FileCheck %s --check-prefix=AVX2
// RUN: sh %S/Inputs/assemble.sh %s 128 32 aarch64 neoverse-n1 | %python %S/Inputs/inner-loops.py --fma | FileCheck %s
// CHECK: depthwise{{.*}}: {{[1-9][0-9]+}} fma, {{[0-9]+}} vector, 0 spills, 0 calls
// CHECK-NOT: {{[1-9]}} spills
// AVX2: depthwise{{.*}}: {{[1-9][0-9]+}} fma, {{[0-9]+}} vector, {{[0-3]}} spills, 0 calls
// AVX2-NOT: {{[1-9]}} spills

func.func @depthwise(%persistent: memref<1xi8> {llvm.noalias}, %arena: memref<0xi8> {llvm.noalias},
                 %a: memref<8x28x28x64xf32> {llvm.noalias}, %b: memref<3x3x64xf32> {llvm.noalias}, %c: memref<8x26x26x64xf32> {llvm.noalias}) {
  %left = bufferization.to_tensor %a restrict : memref<8x28x28x64xf32> to tensor<8x28x28x64xf32>
  %right = bufferization.to_tensor %b restrict : memref<3x3x64xf32> to tensor<3x3x64xf32>
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<8x26x26x64xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<8x26x26x64xf32>) -> tensor<8x26x26x64xf32>
  %product = linalg.generic {indexing_maps = [affine_map<(b, i, j, c, u, v) -> (b, i + u, j + v, c)>, affine_map<(b, i, j, c, u, v) -> (u, v, c)>, affine_map<(b, i, j, c, u, v) -> (b, i, j, c)>],
                            iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction"]}
    ins(%left, %right : tensor<8x28x28x64xf32>, tensor<3x3x64xf32>) outs(%fill : tensor<8x26x26x64xf32>) {
    ^bb0(%x: f32, %y: f32, %out: f32):
      %sum = math.fma %x, %y, %out : f32
      linalg.yield %sum : f32
  } -> tensor<8x26x26x64xf32>
  bufferization.materialize_in_destination %product in restrict writable %c : (tensor<8x26x26x64xf32>, memref<8x26x26x64xf32>) -> ()
  return
}
