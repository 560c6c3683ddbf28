// RUN: talweg-opt %s --talweg-train-to-loops --split-input-file | FileCheck %s
// A training step whose loss is finite copies the variables, if the host asks for it: once, and in front of all that it writes.

// CHECK-LABEL: func.func @talweg_step
// CHECK-SAME:  %[[VARIABLES:[^:]*]]: memref<64xi8>
// CHECK-SAME:  %[[CONTROL:[^:]*]]: memref<16xi64>
// CHECK-SAME:  %[[KEPT:[^:]*]]: memref<64xi8> {llvm.noalias})
// CHECK:         kernel.leave if %{{.*}} {
// CHECK:         } else {
// CHECK-DAG:       %[[NONE:.*]] = arith.constant 0 : i64
// CHECK-DAG:       %[[WORD:.*]] = arith.constant 11 : index
// CHECK:           %[[KEEP:.*]] = memref.load %[[CONTROL]][%[[WORD]]]
// CHECK-NEXT:      %[[WANTED:.*]] = arith.cmpi ne, %[[KEEP]], %[[NONE]]
// CHECK-NEXT:      scf.if %[[WANTED]] {
// CHECK-NEXT:        memref.copy %[[VARIABLES]], %[[KEPT]]
// CHECK:             memref.store %[[NONE]], %[[CONTROL]]
// CHECK-NEXT:      }
// CHECK-NEXT:    }
// CHECK:         bufferization.materialize_in_destination
train.program "Looks" mode train batch 4 {
  train.variable state @seen : tensor<f32> offset 0 {
  ^bb0(%key: tensor<2xi64>):
    %zero = tw.constant dense<0.0> : tensor<f32>
    train.yield %zero : tensor<f32>
  }
  train.objective {
    %old = train.get @seen : tensor<f32>
    %most = tw.constant dense<3.40282347E+38> : tensor<f32>
    %isFinite = tw.compare le %old, %most : tensor<f32> -> tensor<i1>
    tw.require %isFinite telling %old "the loss is {}" {not_finite} : tensor<i1>, tensor<f32>
    %new = tw.add %old, %old : tensor<f32>
    train.set @seen, %new : tensor<f32>
    train.report loss "loss", %old : tensor<f32>
    train.yield
  }
}

// -----

// What is required of the data alone proves nothing of the variables.

// CHECK-LABEL: func.func @talweg_step
// CHECK-NOT:     memref.copy
// CHECK:         kernel.leave
// CHECK-NOT:     memref.copy
train.program "Counts" mode train batch 4 {
  train.variable state @seen : tensor<f32> offset 0 {
  ^bb0(%key: tensor<2xi64>):
    %zero = tw.constant dense<0.0> : tensor<f32>
    train.yield %zero : tensor<f32>
  }
  train.objective {
    %old = train.get @seen : tensor<f32>
    %ten = tw.constant dense<10.0> : tensor<f32>
    %fits = tw.compare lt %old, %ten : tensor<f32> -> tensor<i1>
    tw.require %fits telling %old "{} is too great" : tensor<i1>, tensor<f32>
    %new = tw.add %old, %old : tensor<f32>
    train.set @seen, %new : tensor<f32>
    train.report loss "loss", %old : tensor<f32>
    train.yield
  }
}
