// RUN: talweg-opt %s --talweg-rematerialize=limit=20480 --verify-diagnostics | FileCheck %s
// RUN: talweg-opt %s --talweg-rematerialize=limit=40960 2>/dev/null | FileCheck %s --check-prefix=ENOUGH
// RUN: talweg-opt %s --talweg-rematerialize=limit=64 2>/dev/null | FileCheck %s --check-prefix=LEAST

#id = affine_map<(i) -> (i)>
#none = affine_map<(i) -> ()>

// exp(x), 16384 bytes, is read early and late; in between, cos(x) is alive. So it is computed again in the late reader, from x,
// which is there anyway.
// CHECK-LABEL: func.func @late_reader
// CHECK-NOT: talweg.least_memory
// CHECK: %[[X:.*]] = bufferization.to_tensor
// CHECK: linalg.generic {{.*}} ins(%[[X]]
// CHECK: math.exp
// CHECK: linalg.generic {{.*}} ins(%[[X]]
// CHECK: math.cos
// CHECK: linalg.generic {{.*}} iterator_types = ["reduction"]} ins(%[[X]]
// CHECK-NEXT: bb0
// CHECK-NEXT: math.exp
// CHECK-NEXT: arith.maximumf
// Without need nothing is.
// ENOUGH-LABEL: func.func @late_reader
// ENOUGH: math.exp
// ENOUGH-NOT: math.exp
// ENOUGH: return
// What cannot be reached is told.
// LEAST: func.func @late_reader
// LEAST-SAME: talweg.least_memory
func.func @late_reader(%persistent: memref<16384xi8>, %arena: memref<0xi8>, %out: memref<4xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %zero = arith.constant 0.0 : f32
  %view = memref.view %persistent[%c0][] : memref<16384xi8> to memref<4096xf32>
  %x = bufferization.to_tensor %view restrict : memref<4096xf32> to tensor<4096xf32>
  %empty = tensor.empty() : tensor<4096xf32>
  %one = tensor.empty() : tensor<f32>
  %start = linalg.fill ins(%zero : f32) outs(%one : tensor<f32>) -> tensor<f32>
  // expected-remark@+1 {{computed again where it is read late, instead of being kept: 16384 bytes, 'tensor<4096xf32>'}}
  %exp = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%x : tensor<4096xf32>) outs(%empty : tensor<4096xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = math.exp %a : f32
    linalg.yield %r : f32
  } -> tensor<4096xf32>
  %sum = linalg.generic {indexing_maps = [#id, #none], iterator_types = ["reduction"]} ins(%exp : tensor<4096xf32>) outs(%start : tensor<f32>) {
  ^bb0(%a: f32, %o: f32):
    %r = arith.addf %o, %a : f32
    linalg.yield %r : f32
  } -> tensor<f32>
  %cos = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%x : tensor<4096xf32>) outs(%empty : tensor<4096xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = math.cos %a : f32
    linalg.yield %r : f32
  } -> tensor<4096xf32>
  %sumOfCos = linalg.generic {indexing_maps = [#id, #none], iterator_types = ["reduction"]} ins(%cos : tensor<4096xf32>) outs(%start : tensor<f32>) {
  ^bb0(%a: f32, %o: f32):
    %r = arith.addf %o, %a : f32
    linalg.yield %r : f32
  } -> tensor<f32>
  %mostOfCos = linalg.generic {indexing_maps = [#id, #none], iterator_types = ["reduction"]} ins(%cos : tensor<4096xf32>) outs(%start : tensor<f32>) {
  ^bb0(%a: f32, %o: f32):
    %r = arith.maximumf %o, %a : f32
    linalg.yield %r : f32
  } -> tensor<f32>
  // expected-note@+1 {{read here}}
  %most = linalg.generic {indexing_maps = [#id, #none], iterator_types = ["reduction"]} ins(%exp : tensor<4096xf32>) outs(%start : tensor<f32>) {
  ^bb0(%a: f32, %o: f32):
    %r = arith.maximumf %o, %a : f32
    linalg.yield %r : f32
  } -> tensor<f32>
  %0 = tensor.extract %sum[] : tensor<f32>
  %1 = tensor.extract %sumOfCos[] : tensor<f32>
  %2 = tensor.extract %mostOfCos[] : tensor<f32>
  %3 = tensor.extract %most[] : tensor<f32>
  memref.store %0, %out[%c0] : memref<4xf32>
  memref.store %1, %out[%c1] : memref<4xf32>
  memref.store %2, %out[%c2] : memref<4xf32>
  memref.store %3, %out[%c3] : memref<4xf32>
  return
}
