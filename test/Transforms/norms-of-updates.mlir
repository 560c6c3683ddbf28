// The norm of parameters is of what the step began with; an update is what all losses together have added. Both are summed in front of the
// parameter's last update.
//
// RUN: talweg-opt %s --talweg-expand-update --cse | FileCheck %s

// CHECK:      %[[OLD:.*]] = train.get @w
// CHECK:      %[[NEXT:.*]] = tw.sub %[[OLD]]
// CHECK:      %[[LAST:.*]] = tw.sub %[[NEXT]]
// CHECK-NEXT: %[[CHANGE:.*]] = tw.sub %[[LAST]], %[[OLD]]
// CHECK-NEXT: %[[CHANGES:.*]] = tw.mul %[[CHANGE]], %[[CHANGE]]
// CHECK-NEXT: %[[SUM:.*]] = tw.reduce sum %[[CHANGES]] dims [0]
// CHECK-NEXT: %[[MOVED:.*]] = tw.convert %[[SUM]]
// CHECK-NEXT: %[[SQUARES:.*]] = tw.mul %[[OLD]], %[[OLD]]
// CHECK-NEXT: %[[OLDSUM:.*]] = tw.reduce sum %[[SQUARES]] dims [0]
// CHECK-NEXT: %[[SIZE:.*]] = tw.convert %[[OLDSUM]]
// CHECK-NEXT: train.set @w, %[[LAST]]
// CHECK-NEXT: %[[UPDATE:.*]] = tw.sqrt %[[MOVED]]
// CHECK-NEXT: %[[PARAMETER:.*]] = tw.sqrt %[[SIZE]]
// CHECK-NEXT: tw.div %[[UPDATE]], %[[PARAMETER]]
train.program "p" mode train batch 4 {
  train.variable parameter @w : tensor<3xf32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<3xf32>
    train.yield %value : tensor<3xf32>
  }
  train.optimizer @sgd slots [] report [] {
  ^bb0(%param: tensor<*xf32>, %grad: tensor<*xf32>):
    %next = tw.sub %param, %grad : tensor<*xf32>
    train.yield %next : tensor<*xf32>
  }
  train.objective {
    %w = train.get @w : tensor<3xf32>
    train.update @w by @sgd, %w : tensor<3xf32>
    train.update @w by @sgd, %w : tensor<3xf32>
    %update = train.norm update of [@w] : tensor<f64>
    %parameter = train.norm parameter of [@w] : tensor<f64>
    %ratio = tw.div %update, %parameter : tensor<f64>
    train.report report "ratio", %ratio : tensor<f64>
    train.yield
  }
}
