// An update of rows: the rule is applied to the rows that are named; to the others with 0 for the gradient, where it does not leave them as
// they are and is not lazy. What is computed of all rows is what the rows are put into, and rows are read first.
//
// RUN: talweg-opt %s --talweg-expand-update | FileCheck %s

// CHECK: ^bb0(%[[ROWS:.*]]: tensor<4xi32>, %[[SUMS:.*]]: tensor<4x2xf32>)
// CHECK: %[[TABLE:.*]] = train.get @plain
// CHECK-NEXT: %[[OLD:.*]] = tw.gather %[[TABLE]] at %[[ROWS]]
// CHECK-NEXT: %[[NEW:.*]] = tw.sub %[[OLD]], %[[SUMS]] : tensor<4x2xf32>
// CHECK-NEXT: %[[PUT:.*]] = tw.put_rows %[[NEW]] at %[[ROWS]] into %[[TABLE]]
// CHECK-NEXT: train.set @plain, %[[PUT]]

// CHECK: %[[TABLE:.*]] = train.get @decayed
// CHECK-NEXT: %[[OLD:.*]] = tw.gather %[[TABLE]] at %[[ROWS]]
// CHECK-NEXT: %[[LESS:.*]] = tw.mul %[[OLD]], %[[OLD]] : tensor<4x2xf32>
// CHECK-NEXT: %[[NEW:.*]] = tw.sub %[[LESS]], %[[SUMS]] : tensor<4x2xf32>
// CHECK-NEXT: %[[ZERO:.*]] = tw.constant dense<0.000000e+00> : tensor<6x2xf32>
// CHECK-NEXT: %[[LESS:.*]] = tw.mul %[[TABLE]], %[[TABLE]] : tensor<6x2xf32>
// CHECK-NEXT: %[[ALL:.*]] = tw.sub %[[LESS]], %[[ZERO]] : tensor<6x2xf32>
// CHECK-NEXT: %[[PUT:.*]] = tw.put_rows %[[NEW]] at %[[ROWS]] into %[[ALL]]
// CHECK-NEXT: train.set @decayed, %[[PUT]]

// CHECK: %[[TABLE:.*]] = train.get @lazy
// CHECK: %[[PUT:.*]] = tw.put_rows %{{.*}} at %[[ROWS]] into %[[TABLE]]
// CHECK-NEXT: train.set @lazy, %[[PUT]]
train.program "tables" mode train batch 4 {
  train.field @rows : tensor<i32>
  train.field @values : tensor<2xf32>
  train.variable parameter @plain : tensor<6x2xf32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<6x2xf32>
    train.yield %value : tensor<6x2xf32>
  }
  train.variable parameter @decayed : tensor<6x2xf32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<6x2xf32>
    train.yield %value : tensor<6x2xf32>
  }
  train.variable parameter @lazy : tensor<6x2xf32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<6x2xf32>
    train.yield %value : tensor<6x2xf32>
  }
  train.optimizer @sgd slots [] report [] {
  ^bb0(%param: tensor<*xf32>, %grad: tensor<*xf32>):
    %next = tw.sub %param, %grad : tensor<*xf32>
    train.yield %next : tensor<*xf32>
  }
  train.optimizer @decay slots [] report [] {
  ^bb0(%param: tensor<*xf32>, %grad: tensor<*xf32>):
    %less = tw.mul %param, %param : tensor<*xf32>
    %next = tw.sub %less, %grad : tensor<*xf32>
    train.yield %next : tensor<*xf32>
  }
  train.optimizer @lazy_decay slots [] report [] lazy {
  ^bb0(%param: tensor<*xf32>, %grad: tensor<*xf32>):
    %less = tw.mul %param, %param : tensor<*xf32>
    %next = tw.sub %less, %grad : tensor<*xf32>
    train.yield %next : tensor<*xf32>
  }
  train.objective {
  ^bb0(%rows: tensor<4xi32>, %sums: tensor<4x2xf32>):
    %loss = tw.reduce sum %sums dims [0, 1] : tensor<4x2xf32> -> tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.update @plain by @sgd, %sums at %rows : tensor<4x2xf32>, tensor<4xi32>
    train.update @decayed by @decay, %sums at %rows : tensor<4x2xf32>, tensor<4xi32>
    train.update @lazy by @lazy_decay, %sums at %rows : tensor<4x2xf32>, tensor<4xi32>
    train.yield
  }
}
