// What lowering tells of a program stands in a lowered one only.
//
// RUN: talweg-opt %s --split-input-file --verify-diagnostics

train.program "p" batch 4 {
  // expected-error @+1 {{is in a program that is not lowered, where nothing tells `read`}}
  train.field @x : tensor<f32> read
  train.objective {
  ^bb0(%x: tensor<4xf32>):
    %loss = tw.constant dense<0.0> : tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.yield
  }
}

// -----

train.program "p" batch 4 {
  // expected-error @+1 {{is in a program that is not lowered, where nothing tells `in`}}
  train.field @x : tensor<f32> in [0, 9]
  train.objective {
  ^bb0(%x: tensor<4xf32>):
    %loss = tw.constant dense<0.0> : tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.yield
  }
}

// -----

train.program "p" mode train batch 4 {
  // expected-error @+1 {{is in a range of two numbers, not of 1}}
  train.field @x : tensor<f32> in [3]
  train.work 0 flops in 0 moving 0
}

// -----

train.program "p" batch 4 {
  // expected-error @+1 {{is in a program that is not lowered, where nothing tells it}}
  train.fault "`x > 0` is required"
  train.objective {
    %loss = tw.constant dense<0.0> : tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.yield
  }
}

// -----

train.program "p" batch 4 {
  // expected-error @+1 {{is in a program that is not lowered, where nothing tells it}}
  train.column metric "accuracy"
  train.objective {
    %loss = tw.constant dense<0.0> : tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.yield
  }
}
