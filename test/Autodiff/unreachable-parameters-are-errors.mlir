// A gradient that cannot be had is an error that names the parameter and shows where the path ends.
//
// RUN: talweg-opt %s --talweg-differentiate --split-input-file --verify-diagnostics

train.program "p" mode train batch 4 {
  // expected-error @+1 {{the loss does not depend on parameter 'unused' in a way that has a derivative}}
  train.variable parameter @unused : tensor<3xf32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<3xf32>
    train.yield %value : tensor<3xf32>
  }
  train.variable parameter @w : tensor<f32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<f32>
    train.yield %value : tensor<f32>
  }
  train.optimizer @sgd slots [] report [] {
  ^bb0(%param: tensor<*xf32>, %grad: tensor<*xf32>):
    %next = tw.sub %param, %grad : tensor<*xf32>
    train.yield %next : tensor<*xf32>
  }
  train.objective {
    %w = train.get @w : tensor<f32>
    %loss = tw.exp %w : tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.minimize "loss", %loss over [@unused, @w] by [@sgd, @sgd] : tensor<f32>
    train.yield
  }
}

// -----

train.program "p" mode train batch 4 {
  // expected-error @+1 {{the loss does not depend on parameter 'w' in a way that has a derivative}}
  train.variable parameter @w : tensor<f32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<f32>
    train.yield %value : tensor<f32>
  }
  train.optimizer @sgd slots [] report [] {
  ^bb0(%param: tensor<*xf32>, %grad: tensor<*xf32>):
    %next = tw.sub %param, %grad : tensor<*xf32>
    train.yield %next : tensor<*xf32>
  }
  train.objective {
    %w = train.get @w : tensor<f32>
    %twice = tw.add %w, %w : tensor<f32>
    // expected-note @+1 {{`tw.floor`, which has no derivative, depends on it here}}
    %loss = tw.floor %twice : tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.minimize "loss", %loss over [@w] by [@sgd] : tensor<f32>
    train.yield
  }
}
