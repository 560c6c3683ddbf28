// A field is stored in a type of fields, and comes from columns with names or numbers.
//
// RUN: talweg-opt %s --split-input-file --verify-diagnostics

train.program "p" batch 4 {
  // expected-error @+1 {{has elements that no field is stored in: 'tensor<2xi16>'}}
  train.field @x : tensor<2xi16>
  train.objective {
  ^bb0(%x: tensor<4x2xi16>):
    %loss = tw.constant dense<0.0> : tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.yield
  }
}

// -----

train.program "p" batch 4 {
  // expected-error @+1 {{comes from columns, each a name or a number from 0, and not from 1.500000e+00 : f64}}
  train.field @x : tensor<f32> columns [1.5]
  train.objective {
  ^bb0(%x: tensor<4xf32>):
    %loss = tw.constant dense<0.0> : tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.yield
  }
}

// -----

train.program "p" batch 4 {
  // expected-error @+1 {{comes from columns, each a name or a number from 0, and not from -1 : i64}}
  train.field @x : tensor<f32> columns [-1]
  train.objective {
  ^bb0(%x: tensor<4xf32>):
    %loss = tw.constant dense<0.0> : tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.yield
  }
}

// -----

train.program "p" batch 4 {
  // expected-error @+1 {{has place 7, but places are 0, 1, … without a gap}}
  train.hyper @a = 1.0 at 7
  train.objective {
    %loss = tw.constant dense<0.0> : tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.yield
  }
}

// -----

// expected-error @+1 {{computes in f32 or f64, and `real` is 'i32'}}
train.program "p" batch 4 real i32 {
  train.objective {
    %loss = tw.constant dense<0.0> : tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.yield
  }
}
