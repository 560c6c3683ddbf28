// A table that is only looked up is updated by the rows that were named, each once; norms and clips are of these. One that is read otherwise is
// updated as a whole, and it is told where.
//
// RUN: talweg-opt %s --talweg-sparse-gradients --split-input-file --verify-diagnostics | FileCheck %s

#spread = affine_map<(d0, d1) -> ()>

// CHECK-LABEL: train.program "clipped"
// CHECK: ^bb0(%[[ROWS:.*]]: tensor<4xi32>, %[[VALUES:.*]]: tensor<4x2xf32>)
// CHECK-NOT: tw.scatter_add
// CHECK: %[[NAMED:.*]], %[[SUMS:.*]] = tw.coalesce %[[VALUES]] at %[[ROWS]] of 6
// CHECK: %[[SQUARES:.*]] = tw.mul %[[SUMS]], %[[SUMS]] : tensor<4x2xf32>
// CHECK: %[[NORM:.*]] = tw.reduce sum %[[SQUARES]] dims [0, 1] : tensor<4x2xf32> -> tensor<f32>
// CHECK: %[[FACTOR:.*]] = tw.window %[[NORM]] by #{{.*}} : tensor<f32> -> tensor<4x2xf32>
// CHECK: %[[SCALED:.*]] = tw.mul %[[SUMS]], %[[FACTOR]] : tensor<4x2xf32>
// CHECK: train.update @table by @rule, %[[SCALED]] at %[[NAMED]] : tensor<4x2xf32>, tensor<4xi32>
train.program "clipped" mode train batch 4 {
  train.field @rows : tensor<i32>
  train.field @values : tensor<2xf32>
  train.variable parameter @table : tensor<6x2xf32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<6x2xf32>
    train.yield %value : tensor<6x2xf32>
  }
  train.optimizer @rule slots [] report [] {
  ^bb0(%param: tensor<*xf32>, %grad: tensor<*xf32>):
    %next = tw.sub %param, %grad : tensor<*xf32>
    train.yield %next : tensor<*xf32>
  }
  train.objective {
  ^bb0(%rows: tensor<4xi32>, %values: tensor<4x2xf32>):
    %gradient = tw.scatter_add %values at %rows : tensor<4x2xf32>, tensor<4xi32> -> tensor<6x2xf32>
    %squares = tw.mul %gradient, %gradient : tensor<6x2xf32>
    %norm = tw.reduce sum %squares dims [0, 1] : tensor<6x2xf32> -> tensor<f32>
    train.report loss "loss", %norm : tensor<f32>
    %factor = tw.window %norm by #spread : tensor<f32> -> tensor<6x2xf32>
    %scaled = tw.mul %gradient, %factor : tensor<6x2xf32>
    train.update @table by @rule, %scaled : tensor<6x2xf32>
    train.yield
  }
}

// -----

// Rows of several lookups are put behind each other.
// CHECK-LABEL: train.program "twice"
// CHECK-NOT: tw.scatter_add
// CHECK: %[[VALUES:.*]] = tw.concat %{{.*}}, %{{.*}} dim 0 : tensor<4x2xf32>, tensor<4x2xf32> -> tensor<8x2xf32>
// CHECK: %[[ROWS:.*]] = tw.concat %{{.*}}, %{{.*}} dim 0 : tensor<4xi32>, tensor<4xi32> -> tensor<8xi32>
// CHECK: tw.coalesce %[[VALUES]] at %[[ROWS]] of 6
// CHECK: train.update @table by @rule, %{{.*}} at %{{.*}} : tensor<8x2xf32>, tensor<8xi32>
train.program "twice" mode train batch 4 {
  train.field @rows : tensor<i32>
  train.field @values : tensor<2xf32>
  train.variable parameter @table : tensor<6x2xf32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<6x2xf32>
    train.yield %value : tensor<6x2xf32>
  }
  train.optimizer @rule slots [] report [] {
  ^bb0(%param: tensor<*xf32>, %grad: tensor<*xf32>):
    %next = tw.sub %param, %grad : tensor<*xf32>
    train.yield %next : tensor<*xf32>
  }
  train.objective {
  ^bb0(%rows: tensor<4xi32>, %values: tensor<4x2xf32>):
    %loss = tw.reduce sum %values dims [0, 1] : tensor<4x2xf32> -> tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    %first = tw.scatter_add %values at %rows : tensor<4x2xf32>, tensor<4xi32> -> tensor<6x2xf32>
    %twofold = tw.add %values, %values : tensor<4x2xf32>
    %second = tw.scatter_add %twofold at %rows : tensor<4x2xf32>, tensor<4xi32> -> tensor<6x2xf32>
    %gradient = tw.add %first, %second : tensor<6x2xf32>
    train.update @table by @rule, %gradient : tensor<6x2xf32>
    train.yield
  }
}

// -----

// CHECK-LABEL: train.program "tied"
// CHECK: tw.scatter_add
// CHECK: train.update @table by @rule, %{{.*}} : tensor<6x2xf32>
train.program "tied" mode train batch 4 {
  train.field @rows : tensor<i32>
  train.field @values : tensor<2xf32>
  train.variable parameter @table : tensor<6x2xf32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<6x2xf32>
    train.yield %value : tensor<6x2xf32>
  }
  train.optimizer @rule slots [] report [] {
  ^bb0(%param: tensor<*xf32>, %grad: tensor<*xf32>):
    %next = tw.sub %param, %grad : tensor<*xf32>
    train.yield %next : tensor<*xf32>
  }
  train.objective {
  ^bb0(%rows: tensor<4xi32>, %values: tensor<4x2xf32>):
    %table = train.get @table : tensor<6x2xf32>
    %looked = tw.gather %table at %rows : tensor<6x2xf32>, tensor<4xi32> -> tensor<4x2xf32>
    %loss = tw.reduce sum %looked dims [0, 1] : tensor<4x2xf32> -> tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    %gradient = tw.scatter_add %values at %rows : tensor<4x2xf32>, tensor<4xi32> -> tensor<6x2xf32>
    // expected-note @+1 {{here}}
    %both = tw.add %gradient, %table : tensor<6x2xf32>
    // expected-remark @+1 {{`table` is looked up, and updated as a whole: its gradient is not of lookups alone}}
    train.update @table by @rule, %both : tensor<6x2xf32>
    train.yield
  }
}

// -----

#spread = affine_map<(d0, d1) -> ()>

// A rule that decays moves every row.
// CHECK-LABEL: train.program "decays"
// CHECK: train.update @table by @rule, %{{.*}} at %{{.*}} : tensor<4x2xf32>, tensor<4xi32>
train.program "decays" mode train batch 4 {
  train.field @rows : tensor<i32>
  train.field @values : tensor<2xf32>
  train.variable parameter @table : tensor<6x2xf32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<6x2xf32>
    train.yield %value : tensor<6x2xf32>
  }
  train.optimizer @rule slots [] report [] {
  ^bb0(%param: tensor<*xf32>, %grad: tensor<*xf32>):
    %less = tw.add %param, %param : tensor<*xf32>
    %next = tw.sub %less, %grad : tensor<*xf32>
    train.yield %next : tensor<*xf32>
  }
  train.objective {
  ^bb0(%rows: tensor<4xi32>, %values: tensor<4x2xf32>):
    %loss = tw.reduce sum %values dims [0, 1] : tensor<4x2xf32> -> tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    %gradient = tw.scatter_add %values at %rows : tensor<4x2xf32>, tensor<4xi32> -> tensor<6x2xf32>
    // expected-remark @+1 {{every row of `table` is updated in every step: its optimizer moves a parameter whose gradient is zero, too}}
    train.update @table by @rule, %gradient : tensor<6x2xf32>
    train.yield
  }
}

// -----

// CHECK-NOT: train.program "whole"
train.program "whole" mode train batch 4 {
  train.field @rows : tensor<i32>
  train.field @values : tensor<2xf32>
  train.variable parameter @table : tensor<6x2xf32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<6x2xf32>
    train.yield %value : tensor<6x2xf32>
  }
  // expected-error @+1 {{`lazy` updates the rows that a step looks up, and `table` is updated as a whole: its optimizer computes with the tensor as a whole}}
  train.optimizer @rule slots [] report [] lazy {
  ^bb0(%param: tensor<*xf32>, %grad: tensor<*xf32>):
    %norm = tw.reduce sum %grad dims [] : tensor<*xf32> -> tensor<f32>
    %all = tw.window %norm by affine_map<() -> ()> : tensor<f32> -> tensor<*xf32>
    %next = tw.sub %param, %all : tensor<*xf32>
    train.yield %next : tensor<*xf32>
  }
  train.objective {
  ^bb0(%rows: tensor<4xi32>, %values: tensor<4x2xf32>):
    %loss = tw.reduce sum %values dims [0, 1] : tensor<4x2xf32> -> tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    %gradient = tw.scatter_add %values at %rows : tensor<4x2xf32>, tensor<4xi32> -> tensor<6x2xf32>
    train.update @table by @rule, %gradient : tensor<6x2xf32>
    train.yield
  }
}

// -----

// One number, spread, is no row.
// CHECK-LABEL: train.program "number"
// CHECK: train.update @bias by @rule, %{{.*}} : tensor<1xf32>
train.program "number" mode train batch 4 {
  train.field @x : tensor<f32>
  train.variable parameter @bias : tensor<1xf32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<1xf32>
    train.yield %value : tensor<1xf32>
  }
  train.optimizer @rule slots [] report [] {
  ^bb0(%param: tensor<*xf32>, %grad: tensor<*xf32>):
    %next = tw.sub %param, %grad : tensor<*xf32>
    train.yield %next : tensor<*xf32>
  }
  train.objective {
  ^bb0(%x: tensor<4xf32>):
    %loss = tw.reduce sum %x dims [0] : tensor<4xf32> -> tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    %gradient = tw.window %loss by affine_map<(d0) -> ()> : tensor<f32> -> tensor<1xf32>
    train.update @bias by @rule, %gradient : tensor<1xf32>
    train.yield
  }
}

// -----

// A part adds its rows to the sum and lists them; the finish takes what is listed.
// CHECK-LABEL: train.program "in parts"
// CHECK: train.objective pass 0
// CHECK: %[[NAMED:.*]], %[[SUMS:.*]] = tw.coalesce %{{.*}} at %{{.*}} of 6
// CHECK: %[[SUM:.*]] = train.get @table.gradient_sum
// CHECK: %[[OLD:.*]] = tw.gather %[[SUM]] at %[[NAMED]]
// CHECK: %[[NEW:.*]] = tw.add %[[OLD]], %[[SUMS]]
// CHECK: %[[PUT:.*]] = tw.put_rows %[[NEW]] at %[[NAMED]] into %[[SUM]]
// CHECK: train.set @table.gradient_sum, %[[PUT]]
// CHECK: train.set @table.is_summed
// CHECK: train.set @table.summed_rows
// CHECK: train.set @table.summed_count
// CHECK: train.objective finish
// CHECK: %[[ALL:.*]] = train.get @table.gradient_sum
// CHECK: tw.require
// CHECK: %[[ROWS:.*]] = tw.select %{{.*}} : tensor<4xi1>, tensor<4xi32>
// CHECK: %[[TAKEN:.*]] = tw.gather %[[ALL]] at %[[ROWS]]
// CHECK: %[[NONE:.*]] = tw.put_rows %{{.*}} at %[[ROWS]] into %[[ALL]]
// CHECK: train.set @table.gradient_sum, %[[NONE]]
// CHECK: %[[OF_ROWS:.*]] = tw.select %{{.*}}, %[[TAKEN]], %{{.*}} : tensor<4x2xi1>, tensor<4x2xf32>
// CHECK: train.update @table by @rule, %[[OF_ROWS]] at %[[ROWS]] : tensor<4x2xf32>, tensor<4xi32>
train.program "in parts" mode train batch 2 {
  train.field @rows : tensor<i32>
  train.field @values : tensor<2xf32>
  train.plan "data" accumulate 2 seed 1 {}
  train.variable parameter @table : tensor<6x2xf32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<6x2xf32>
    train.yield %value : tensor<6x2xf32>
  }
  train.variable sum @table.gradient_sum : tensor<6x2xf32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<6x2xf32>
    train.yield %value : tensor<6x2xf32>
  }
  train.variable sum @table.summed_rows : tensor<6xi32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0> : tensor<6xi32>
    train.yield %value : tensor<6xi32>
  }
  train.variable sum @table.summed_count : tensor<i32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0> : tensor<i32>
    train.yield %value : tensor<i32>
  }
  train.variable sum @table.is_summed : tensor<6xi32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0> : tensor<6xi32>
    train.yield %value : tensor<6xi32>
  }
  train.optimizer @rule slots [] report [] {
  ^bb0(%param: tensor<*xf32>, %grad: tensor<*xf32>):
    %next = tw.sub %param, %grad : tensor<*xf32>
    train.yield %next : tensor<*xf32>
  }
  train.objective pass 0 {
  ^bb0(%rows: tensor<2xi32>, %values: tensor<2x2xf32>):
    %gradient = tw.scatter_add %values at %rows : tensor<2x2xf32>, tensor<2xi32> -> tensor<6x2xf32>
    %before = train.get @table.gradient_sum : tensor<6x2xf32>
    %after = tw.add %before, %gradient : tensor<6x2xf32>
    train.set @table.gradient_sum, %after : tensor<6x2xf32>
    %loss = tw.constant dense<0.0> : tensor<f64>
    train.partial sum %loss at 0 : tensor<f64>
    train.yield
  }
  train.objective finish {
  ^bb0(%rows: tensor<2xi32>, %values: tensor<2x2xf32>):
    %loss = train.combined at 0 : tensor<f64>
    train.report loss "loss", %loss : tensor<f64>
    %all = train.get @table.gradient_sum : tensor<6x2xf32>
    %none = tw.constant dense<0.0> : tensor<6x2xf32>
    train.set @table.gradient_sum, %none : tensor<6x2xf32>
    train.update @table by @rule, %all : tensor<6x2xf32>
    train.yield
  }
}
