// RUN: talweg-opt %s --talweg-form-contractions="tells advises" --talweg-share-contractions=tells --verify-diagnostics -o /dev/null
// Rewrites of sums are told with what they spare: operations, and the largest tensor in between.

// Written, 32 x 16 x 64 x 64 places are multiplied twice, and the product of the three is stored.
func.func @order(%x: tensor<32x64xf32>, %a: tensor<16x64x64xf32>, %z: tensor<32x64xf32>) -> tensor<32x16xf32> {
  %0 = tw.window %x by affine_map<(n, k, i, j) -> (n, i)> : tensor<32x64xf32> -> tensor<32x16x64x64xf32>
  %1 = tw.window %a by affine_map<(n, k, i, j) -> (k, i, j)> : tensor<16x64x64xf32> -> tensor<32x16x64x64xf32>
  %2 = tw.window %z by affine_map<(n, k, i, j) -> (n, j)> : tensor<32x64xf32> -> tensor<32x16x64x64xf32>
  %3 = tw.mul %0, %1 : tensor<32x16x64x64xf32>
  %4 = tw.mul %3, %2 : tensor<32x16x64x64xf32>
  // expected-remark@+1 {{a sum of 3 factors: contracted in 2 steps: from 4.19M to 2.13M operations, largest intermediate from 8.0 MiB to 128.0 KiB}}
  %5 = tw.reduce sum %4 dims [2, 3] : tensor<32x16x64x64xf32> -> tensor<32x16xf32>
  return %5 : tensor<32x16xf32>
}

func.func @out_of_the_sum(%s: tensor<32xf32>, %x: tensor<32x64xf32>) -> tensor<32xf32> {
  %0 = tw.window %s by affine_map<(n, j) -> (n)> : tensor<32xf32> -> tensor<32x64xf32>
  %1 = tw.mul %0, %x : tensor<32x64xf32>
  // expected-remark@+1 {{a sum of 2 factors: 1 factor stands outside of the sum: from 2.05k to 2.08k operations, largest intermediate from 8.0 KiB to none}}
  %2 = tw.reduce sum %1 dims [1] : tensor<32x64xf32> -> tensor<32xf32>
  return %2 : tensor<32xf32>
}

func.func @squared_distance(%x: tensor<32x64xf32>, %c: tensor<16x64xf32>) -> tensor<32x16xf32> {
  %0 = tw.window %x by affine_map<(n, k, i) -> (n, i)> : tensor<32x64xf32> -> tensor<32x16x64xf32>
  %1 = tw.window %c by affine_map<(n, k, i) -> (k, i)> : tensor<16x64xf32> -> tensor<32x16x64xf32>
  // expected-remark@+1 {{squared distances are computed difference by difference, 32.8k of them: written as |x|^2 - 2 x c + |c|^2 they are a product, which is faster and rounds worse where x is near c}}
  %2 = tw.sub %0, %1 : tensor<32x16x64xf32>
  %3 = tw.mul %2, %2 : tensor<32x16x64xf32>
  %4 = tw.reduce sum %3 dims [2] : tensor<32x16x64xf32> -> tensor<32x16xf32>
  return %4 : tensor<32x16xf32>
}

// Matrices with a vector for each, at the rate of their bytes.
func.func @no_reuse(%a: tensor<32x128x128xf32>, %v: tensor<32x128xf32>) -> tensor<32x128xf32> {
  %0 = tw.window %v by affine_map<(n, i, j) -> (n, j)> : tensor<32x128xf32> -> tensor<32x128x128xf32>
  %1 = tw.mul %a, %0 : tensor<32x128x128xf32>
  // expected-remark@+1 {{a sum of 2 factors stays one, over 524k elements: no element of the larger is read more than once}}
  %2 = tw.reduce sum %1 dims [2] : tensor<32x128x128xf32> -> tensor<32x128xf32>
  return %2 : tensor<32x128xf32>
}

// A sum of two factors is a product of matrices as it is.
func.func @product(%x: tensor<32x64xf32>, %w: tensor<64x16xf32>) -> tensor<32x16xf32> {
  %0 = tw.window %x by affine_map<(n, o, i) -> (n, i)> : tensor<32x64xf32> -> tensor<32x16x64xf32>
  %1 = tw.window %w by affine_map<(n, o, i) -> (i, o)> : tensor<64x16xf32> -> tensor<32x16x64xf32>
  %2 = tw.mul %0, %1 : tensor<32x16x64xf32>
  %3 = tw.reduce sum %2 dims [2] : tensor<32x16x64xf32> -> tensor<32x16xf32>
  return %3 : tensor<32x16xf32>
}

func.func @common_factor(%a: tensor<32x64xf32>, %b: tensor<32x64xf32>, %w: tensor<64x16xf32>) -> tensor<32x16xf32> {
  %0 = tw.contract %a, %w over [32, 16, 64] a affine_map<(n, o, i) -> (n, i)> b affine_map<(n, o, i) -> (i, o)> y affine_map<(n, o, i) -> (n, o)>
      : tensor<32x64xf32>, tensor<64x16xf32> -> tensor<32x16xf32>
  %1 = tw.contract %b, %w over [32, 16, 64] a affine_map<(n, o, i) -> (n, i)> b affine_map<(n, o, i) -> (i, o)> y affine_map<(n, o, i) -> (n, o)>
      : tensor<32x64xf32>, tensor<64x16xf32> -> tensor<32x16xf32>
  // expected-remark@+1 {{contractions with a common factor are one: from 65.5k to 34.8k operations}}
  %2 = tw.add %0, %1 : tensor<32x16xf32>
  return %2 : tensor<32x16xf32>
}

func.func @twice(%a: tensor<32x64xf32>, %w: tensor<64x16xf32>) -> (tensor<32x16xf32>, tensor<16x32xf32>) {
  %0 = tw.contract %a, %w over [32, 16, 64] a affine_map<(n, o, i) -> (n, i)> b affine_map<(n, o, i) -> (i, o)> y affine_map<(n, o, i) -> (n, o)>
      : tensor<32x64xf32>, tensor<64x16xf32> -> tensor<32x16xf32>
  // expected-remark@+1 {{a contraction that has been computed already: from 32.8k to 0 operations}}
  %1 = tw.contract %w, %a over [16, 32, 64] a affine_map<(o, n, i) -> (i, o)> b affine_map<(o, n, i) -> (n, i)> y affine_map<(o, n, i) -> (o, n)>
      : tensor<64x16xf32>, tensor<32x64xf32> -> tensor<16x32xf32>
  return %0, %1 : tensor<32x16xf32>, tensor<16x32xf32>
}

// 256 terms of 8 sums: 16 blocks of 16 by a triangle of 16 x 16, their sums, 16 x 16 for what stands before each, and that added: 8 x (4096 + 256 + 256 + 256).
func.func @running_sum(%x: tensor<8x256xf32>) -> tensor<8x256xf32> {
  %zero = tw.constant dense<0.0> : tensor<8x256x256xf32>
  %count = tw.iota 0 : tensor<256xi32>
  %0 = tw.window %count by affine_map<(n, i, j) -> (j)> : tensor<256xi32> -> tensor<8x256x256xi32>
  %1 = tw.window %count by affine_map<(n, i, j) -> (i)> : tensor<256xi32> -> tensor<8x256x256xi32>
  %2 = tw.compare le %0, %1 : tensor<8x256x256xi32> -> tensor<8x256x256xi1>
  %3 = tw.window %x by affine_map<(n, i, j) -> (n, j)> : tensor<8x256xf32> -> tensor<8x256x256xf32>
  %4 = tw.select %2, %3, %zero : tensor<8x256x256xi1>, tensor<8x256x256xf32>
  // expected-remark@+2 {{a sum of 2 factors: conditions go to a factor: 524k operations as before, largest intermediate from 2.0 MiB to none}}
  // expected-remark@+1 {{a running sum is cut into blocks: from 524k to 38.9k operations, largest intermediate from none to 8.0 KiB}}
  %5 = tw.reduce sum %4 dims [2] : tensor<8x256x256xf32> -> tensor<8x256xf32>
  return %5 : tensor<8x256xf32>
}

func.func @sum_of_one(%x: tensor<32xf32>) -> tensor<32xf32> {
  %0 = tw.window %x by affine_map<(n, j) -> (n)> : tensor<32xf32> -> tensor<32x64xf32>
  // expected-remark@+1 {{a sum of 1 factor: indices that no factor has are left out, 1 factor stands outside of the sum: from 2.05k to 32 operations}}
  %1 = tw.reduce sum %0 dims [1] : tensor<32x64xf32> -> tensor<32xf32>
  return %1 : tensor<32xf32>
}
