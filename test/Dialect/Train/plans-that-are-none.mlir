// A plan tells one length, counts from one, and constants that are texts; a program has one.
//
// RUN: talweg-opt %s --split-input-file --verify-diagnostics

train.program "p" batch 4 {
  // expected-error @+1 {{has `validate` 0, which must be positive}}
  train.plan "d" steps 5 validate 0 seed 1 {}
  train.objective {
    %loss = tw.constant dense<0.0> : tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.yield
  }
}

// -----

train.program "p" batch 4 {
  // expected-error @+1 {{has `epochs` -1, which must be positive}}
  train.plan "d" epochs -1 seed 1 {}
  train.objective {
    %loss = tw.constant dense<0.0> : tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.yield
  }
}

// -----

train.program "p" batch 4 {
  // expected-error @+1 {{has `epochs` and `steps`, of which one is told}}
  train.plan "d" epochs 1 steps 5 seed 1 {}
  train.objective {
    %loss = tw.constant dense<0.0> : tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.yield
  }
}

// -----

train.program "p" batch 4 {
  // expected-error @+1 {{has the constant `width`, which is no text}}
  train.plan "d" seed 1 {width = 3 : i64}
  train.objective {
    %loss = tw.constant dense<0.0> : tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.yield
  }
}

// -----

train.program "p" batch 4 {
  // expected-error @+1 {{has `budget_steps` 0, which must be positive}}
  train.plan "d" seed 1 {} {budget_steps = 0 : i64}
  train.objective {
    %loss = tw.constant dense<0.0> : tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.yield
  }
}

// -----

train.program "p" batch 4 {
  // expected-error @+1 {{has `early` that is not {greatest, name, patience}}}
  train.plan "d" seed 1 {} {early = {name = "loss", patience = 5 : i64}}
  train.objective {
    %loss = tw.constant dense<0.0> : tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.yield
  }
}

// -----

train.program "p" batch 4 {
  // expected-error @+1 {{has `stop` that is no list of lists of {is, name, value}}}
  train.plan "d" seed 1 {} {stop = [[{is = "==", name = "loss", value = 1.0 : f64}]]}
  train.objective {
    %loss = tw.constant dense<0.0> : tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.yield
  }
}

// -----

train.program "p" batch 4 {
  // expected-error @+1 {{has `on_nan` "weep", which is nothing that is done}}
  train.plan "d" seed 1 {} {on_nan = "weep"}
  train.objective {
    %loss = tw.constant dense<0.0> : tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.yield
  }
}

// -----

train.program "p" batch 4 {
  // expected-note @+1 {{the first is here}}
  train.plan "d" seed 1 {}
  // expected-error @+1 {{is the second of its kind in a program}}
  train.plan "d" seed 2 {}
  train.objective {
    %loss = tw.constant dense<0.0> : tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.yield
  }
}

// -----

train.program "p" batch 4 {
  // expected-note @+1 {{the first is here}}
  train.split "train" = "csv" ["a.csv"] {}
  // expected-error @+1 {{is the second of its kind in a program}}
  train.split "train" = "csv" ["b.csv"] {}
  train.objective {
    %loss = tw.constant dense<0.0> : tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.yield
  }
}

// -----

train.program "p" batch 4 {
  // expected-error @+1 {{names no file}}
  train.split "train" = "csv" [] {}
  train.objective {
    %loss = tw.constant dense<0.0> : tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.yield
  }
}
