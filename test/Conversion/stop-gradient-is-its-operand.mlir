// RUN: talweg-opt --talweg-tw-to-linalg %s | FileCheck %s

// CHECK-LABEL: func.func @stopped
// CHECK-SAME: %[[X:.*]]: tensor<4xf32>
// CHECK-NEXT: return %[[X]]
func.func @stopped(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = tw.stop_gradient %x : tensor<4xf32>
  return %0 : tensor<4xf32>
}
