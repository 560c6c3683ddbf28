// An average is of a parameter, and of its type.
//
// RUN: talweg-opt %s --split-input-file --verify-diagnostics

train.program "p" mode train batch 4 {
  train.variable state @s : tensor<2xf32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<2xf32>
    train.yield %value : tensor<2xf32>
  }
  train.variable average @s.average : tensor<2xf32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<2xf32>
    train.yield %value : tensor<2xf32>
  }
  train.objective {
    // expected-error @+1 {{averages @s, which is a state}}
    train.average @s.average of @s by @rule
    train.yield
  }
}

// -----

train.program "p" mode train batch 4 {
  train.variable parameter @p : tensor<2xf32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<2xf32>
    train.yield %value : tensor<2xf32>
  }
  train.variable average @p.average : tensor<3xf32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<3xf32>
    train.yield %value : tensor<3xf32>
  }
  train.objective {
    // expected-error @+1 {{averages @p of type 'tensor<2xf32>', but @p.average has type 'tensor<3xf32>'}}
    train.average @p.average of @p by @rule
    train.yield
  }
}

// -----

train.program "p" mode train batch 4 {
  train.variable parameter @p : tensor<2xf32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<2xf32>
    train.yield %value : tensor<2xf32>
  }
  train.objective {
    // expected-error @+1 {{updates @p, which is a parameter}}
    train.average @p of @p by @rule
    train.yield
  }
}
