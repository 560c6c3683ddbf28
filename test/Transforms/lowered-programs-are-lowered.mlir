// A pass over the objective says so where there is none any more.
//
// RUN: talweg-opt %s --talweg-to=phase=linalg -o %t.mlir
// RUN: not talweg-opt %t.mlir --talweg-differentiate 2>&1 | FileCheck %s
// RUN: not talweg-opt %t.mlir --talweg-expand-update 2>&1 | FileCheck %s
// RUN: not talweg-opt %t.mlir --talweg-train-to-loops 2>&1 | FileCheck %s --check-prefix=LOOPS
// RUN: sed 's/mode train//' %t.mlir > %t.modeless.mlir && not talweg-opt %t.modeless.mlir --talweg-specialize 2>&1 | FileCheck %s
// RUN: not talweg check %t.mlir 2>&1 | FileCheck %s --check-prefix=CHECKED
// CHECK: error: 'train.program' op is lowered already: it has no objective
// LOOPS: error: 'train.program' op has no objective
// CHECKED: error: the program is lowered already; what is run is a program as it is in phase `graph`
train.program "p" mode train batch 4 {
  train.field @x : tensor<f32>
  train.objective {
  ^bb0(%x: tensor<4xf32>):
    %loss = tw.reduce sum %x dims [0] : tensor<4xf32> -> tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.yield
  }
}
