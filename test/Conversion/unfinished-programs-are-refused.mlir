// RUN: talweg-opt %s --talweg-train-to-loops --split-input-file --verify-diagnostics

// expected-error @+1 {{'train.program' op has no mode: talweg-specialize runs before talweg-train-to-loops}}
train.program "InAllModes" batch 1 {
  train.objective {
    %loss = tw.constant dense<0.0> : tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.yield
  }
}

// -----

train.program "Unplaced" mode eval batch 1 {
  // expected-error @+1 {{'train.variable' op has no offset: talweg-assign-storage runs before talweg-train-to-loops}}
  train.variable state @now : tensor<3xf32> {
  ^bb0(%key: tensor<2xi64>):
    %one = tw.constant dense<1.0> : tensor<3xf32>
    train.yield %one : tensor<3xf32>
  }
  train.objective {
    %loss = tw.constant dense<0.0> : tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.yield
  }
}

// -----

train.program "Named" mode eval batch 1 {
  // expected-error @+1 {{'train.variable' op has a name that begins with `talweg_`, as those of the module's functions do}}
  train.variable state @talweg_step : tensor<3xf32> offset 0 {
  ^bb0(%key: tensor<2xi64>):
    %one = tw.constant dense<1.0> : tensor<3xf32>
    train.yield %one : tensor<3xf32>
  }
  train.objective {
    %loss = tw.constant dense<0.0> : tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.yield
  }
}

// -----

// expected-error @+1 {{a module to lower holds one train.program, here are 0}}
module {}
