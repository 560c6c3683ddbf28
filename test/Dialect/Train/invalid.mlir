// What the verifiers of the training dialect reject.
//
// RUN: talweg-opt %s --split-input-file --verify-diagnostics

// expected-error @+2 {{'test' is none of train, eval, predict, gradient}}
// expected-error @+1 {{failed to parse}}
train.program "p" mode test batch 4 {
  train.objective {
    %loss = tw.constant dense<0.0> : tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.yield
  }
}

// -----

// expected-error @+1 {{must have one objective, or passes and a finish, but has 0}}
train.program "p" mode train batch 4 {
}

// -----

train.program "p" mode eval batch 4 {
  // expected-error @+1 {{stands where pass 0 does}}
  train.objective pass 1 {
    train.yield
  }
  train.objective finish {
    train.yield
  }
}

// -----

train.program "p" mode eval batch 4 {
  train.objective pass 0 {
    %one = tw.constant dense<1.0> : tensor<2x2xf64>
    // expected-error @+1 {{tells f64 of rank 0 or 1, but has 'tensor<2x2xf64>'}}
    train.partial sum %one at 0 : tensor<2x2xf64>
    train.yield
  }
  train.objective finish {
    train.yield
  }
}

// -----

train.program "p" mode eval batch 4 {
  train.objective pass 0 {
    train.yield
  }
  train.objective finish {
    // expected-error @+1 {{is f64 of rank 0 or 1, not 'tensor<f32>'}}
    %all = train.combined at 0 : tensor<f32>
    train.yield
  }
}

// -----

// expected-error @+1 {{has a batch of 0}}
train.program "p" mode train batch 0 {
  train.objective {
    %loss = tw.constant dense<0.0> : tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.yield
  }
}

// -----

train.program "p" mode train batch 4 {
  // expected-note @+1 {{by this one}}
  train.hyper @a = 1.0 at 0
  // expected-error @+1 {{has place 0, which is taken}}
  train.hyper @b = 1.0 at 0
  train.objective {
    %loss = tw.constant dense<0.0> : tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.yield
  }
}

// -----

train.program "p" mode train batch 4 {
  // expected-error @+1 {{must have a tensor type of static shape, but has 'f32'}}
  train.field @x : f32
  train.objective {
  ^bb0(%x: tensor<4xf32>):
    %loss = tw.constant dense<0.0> : tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.yield
  }
}

// -----

train.program "p" mode train batch 4 {
  // expected-error @+2 {{'weight' is none of parameter, state, slot}}
  // expected-error @+1 {{failed to parse}}
  train.variable weight @w : tensor<3xf32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<3xf32>
    train.yield %value : tensor<3xf32>
  }
  train.objective {
    %loss = tw.constant dense<0.0> : tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.yield
  }
}

// -----

train.program "p" mode train batch 4 {
  // expected-error @+1 {{is frozen, which only a parameter can be}}
  train.variable state @w : tensor<3xf32> frozen {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<3xf32>
    train.yield %value : tensor<3xf32>
  }
  train.objective {
    %loss = tw.constant dense<0.0> : tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.yield
  }
}

// -----

train.program "p" mode train batch 4 {
  // expected-error @+1 {{is a parameter, so its elements must be f32, f64 or bf16, but it has type 'tensor<3xi32>'}}
  train.variable parameter @w : tensor<3xi32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0> : tensor<3xi32>
    train.yield %value : tensor<3xi32>
  }
  train.objective {
    %loss = tw.constant dense<0.0> : tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.yield
  }
}

// -----

train.program "p" mode train batch 4 {
  // expected-error @+1 {{computes its initial value from one argument of type 'tensor<2xi64>'}}
  train.variable parameter @w : tensor<3xf32> {
  ^bb0(%key: tensor<3xi64>):
    %value = tw.constant dense<0.0> : tensor<3xf32>
    train.yield %value : tensor<3xf32>
  }
  train.objective {
    %loss = tw.constant dense<0.0> : tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.yield
  }
}

// -----

train.program "p" mode train batch 4 {
  // expected-error @+1 {{must yield one initial value of type 'tensor<3xf32>'}}
  train.variable parameter @w : tensor<3xf32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<4xf32>
    train.yield %value : tensor<4xf32>
  }
  train.objective {
    %loss = tw.constant dense<0.0> : tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.yield
  }
}

// -----

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
  train.optimizer @other slots [] report [] {
  ^bb0(%param: tensor<*xf32>, %grad: tensor<*xf32>):
    %next = tw.sub %param, %grad : tensor<*xf32>
    train.yield %next : tensor<*xf32>
  }
  train.objective {
    %loss = tw.constant dense<0.0> : tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    // expected-error @+1 {{updates @w twice}}
    train.minimize "loss", %loss over [@w, @w] by [@sgd, @other] : tensor<f32>
    train.yield
  }
}

// -----

train.program "p" mode train batch 4 {
  train.optimizer @sgd slots [] report [] {
  ^bb0(%param: tensor<*xf32>, %grad: tensor<*xf32>):
    %next = tw.sub %param, %grad : tensor<*xf32>
    train.yield %next : tensor<*xf32>
  }
  train.objective {
    %loss = tw.constant dense<0.0> : tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    // expected-error @+1 {{names the variable @w, which is not declared}}
    train.minimize "loss", %loss over [@w] by [@sgd] : tensor<f32>
    train.yield
  }
}

// -----

train.program "p" mode train batch 4 {
  train.variable parameter @w : tensor<3xf32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<3xf32>
    train.yield %value : tensor<3xf32>
  }
  // expected-error @+1 {{needs the slot @"w.m", which is not declared}}
  train.optimizer @sgd slots ["m"] report [] {
  ^bb0(%param: tensor<*xf32>, %grad: tensor<*xf32>, %m: tensor<*xf32>):
    %next = tw.sub %param, %grad : tensor<*xf32>
    train.yield %next, %m : tensor<*xf32>, tensor<*xf32>
  }
  train.objective {
    %loss = tw.constant dense<0.0> : tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.minimize "loss", %loss over [@w] by [@sgd] : tensor<f32>
    train.yield
  }
}

// -----

train.program "p" mode train batch 4 {
  train.variable parameter @w : tensor<3xf32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<3xf32>
    train.yield %value : tensor<3xf32>
  }
  // expected-error @+1 {{takes the parameter, its gradient and 1 slots, but its body has 2 arguments}}
  train.optimizer @sgd slots ["m"] report [] {
  ^bb0(%param: tensor<*xf32>, %grad: tensor<*xf32>):
    %next = tw.sub %param, %grad : tensor<*xf32>
    train.yield %next : tensor<*xf32>
  }
  train.objective {
    %loss = tw.constant dense<0.0> : tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.minimize "loss", %loss over [@w] by [@sgd] : tensor<f32>
    train.yield
  }
}

// -----

train.program "p" mode train batch 4 {
  train.variable parameter @w : tensor<3xf32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<3xf32>
    train.yield %value : tensor<3xf32>
  }
  // expected-error @+1 {{must yield the parameter, 0 slots and 1 reports, but yields 1 values}}
  train.optimizer @sgd slots [] report ["lr"] {
  ^bb0(%param: tensor<*xf32>, %grad: tensor<*xf32>):
    %next = tw.sub %param, %grad : tensor<*xf32>
    train.yield %next : tensor<*xf32>
  }
  train.objective {
    %loss = tw.constant dense<0.0> : tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.minimize "loss", %loss over [@w] by [@sgd] : tensor<f32>
    train.yield
  }
}

// -----

train.program "p" mode train batch 4 {
  train.variable parameter @w : tensor<3xf32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<3xf32>
    train.yield %value : tensor<3xf32>
  }
  // expected-error @+1 {{is written for any shape: its arguments are of type tensor<*xf32> or tensor<*xf64>, not 'tensor<3xf32>'}}
  train.optimizer @sgd slots [] report [] {
  ^bb0(%param: tensor<3xf32>, %grad: tensor<3xf32>):
    %next = tw.sub %param, %grad : tensor<3xf32>
    train.yield %next : tensor<3xf32>
  }
  train.objective {
    %loss = tw.constant dense<0.0> : tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.minimize "loss", %loss over [@w] by [@sgd] : tensor<f32>
    train.yield
  }
}

// -----

train.program "p" mode train batch 4 {
  train.variable parameter @w : tensor<3xf32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<3xf32>
    train.yield %value : tensor<3xf32>
  }
  // expected-error @+1 {{is written for 'f64', but @w has type 'tensor<3xf32>'}}
  train.optimizer @sgd slots [] report [] {
  ^bb0(%param: tensor<*xf64>, %grad: tensor<*xf64>):
    %next = tw.sub %param, %grad : tensor<*xf64>
    train.yield %next : tensor<*xf64>
  }
  train.objective {
    %loss = tw.constant dense<0.0> : tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.minimize "loss", %loss over [@w] by [@sgd] : tensor<f32>
    train.yield
  }
}

// -----

train.program "p" mode train batch 4 {
  train.variable parameter @w : tensor<3xf32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<3xf32>
    train.yield %value : tensor<3xf32>
  }
  train.field @x : tensor<3xf32>
  // expected-error @+1 {{takes 0 batches, but there are 1 fields}}
  train.objective {
    %loss = tw.constant dense<0.0> : tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.yield
  }
}

// -----

train.program "p" mode train batch 4 {
  train.field @x : tensor<3xf32>
  // expected-error @+1 {{takes a batch of @x as 'tensor<3xf32>', but it is 'tensor<4x3xf32>'}}
  train.objective {
  ^bb0(%x: tensor<3xf32>):
    %loss = tw.constant dense<0.0> : tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.yield
  }
}

// -----

train.program "p" mode train batch 4 {
  // expected-error @+1 {{yields 1 values, which it does in mode predict alone}}
  train.objective {
    %loss = tw.constant dense<0.0> : tensor<f32>
    train.yield %loss : tensor<f32>
  }
}

// -----

train.program "p" mode train batch 4 {
  train.objective {
    %loss = tw.constant dense<0.0> : tensor<2xf32>
    // expected-error @+1 {{tells a float of rank 0, but has one of type 'tensor<2xf32>'}}
    train.report loss "loss", %loss : tensor<2xf32>
    train.yield
  }
}

// -----

train.program "p" mode predict batch 4 {
  // expected-error @+1 {{must yield one output with a leading dimension of 4}}
  train.objective {
    %loss = tw.constant dense<0.0> : tensor<3x2xf32>
    train.yield %loss : tensor<3x2xf32>
  }
}

// -----

train.program "p" mode train batch 4 {
  // expected-note @+1 {{declared here}}
  train.variable parameter @w : tensor<3xf32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<3xf32>
    train.yield %value : tensor<3xf32>
  }
  train.objective {
    %loss = tw.constant dense<0.0> : tensor<f32>
    // expected-error @+1 {{has type 'tensor<4xf32>', but @w has type 'tensor<3xf32>'}}
    %w = train.get @w : tensor<4xf32>
    train.report loss "loss", %loss : tensor<f32>
    train.yield
  }
}

// -----

train.program "p" mode train batch 4 {
  train.objective {
    %loss = tw.constant dense<0.0> : tensor<f32>
    // expected-error @+1 {{names the variable @w, which is not declared}}
    %w = train.get @w : tensor<3xf32>
    train.report loss "loss", %loss : tensor<f32>
    train.yield
  }
}

// -----

train.program "p" mode eval batch 4 {
  train.variable parameter @w : tensor<3xf32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<3xf32>
    train.yield %value : tensor<3xf32>
  }
  train.objective {
    %loss = tw.constant dense<0.0> : tensor<f32>
    %w = train.get @w : tensor<3xf32>
    // expected-error @+1 {{changes @w in mode eval}}
    train.set @w, %w : tensor<3xf32>
    train.report loss "loss", %loss : tensor<f32>
    train.yield
  }
}

// -----

train.program "p" mode train batch 4 {
  // expected-note @+1 {{declared here}}
  train.variable parameter @w : tensor<3xf32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<3xf32>
    train.yield %value : tensor<3xf32>
  }
  train.objective {
    %loss = tw.constant dense<0.0> : tensor<f32>
    %two = tw.constant dense<2.0> : tensor<2xf32>
    // expected-error @+1 {{has type 'tensor<2xf32>', but @w has type 'tensor<3xf32>'}}
    train.set @w, %two : tensor<2xf32>
    train.report loss "loss", %loss : tensor<f32>
    train.yield
  }
}

// -----

train.program "p" mode train batch 4 {
  train.variable parameter @w : tensor<3xf32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<3xf32>
    train.yield %value : tensor<3xf32>
  }
  train.objective {
    %loss = tw.constant dense<0.0> : tensor<f32>
    %w = train.get @w : tensor<3xf32>
    // expected-error @+1 {{names the optimizer @sgd, which is not declared}}
    train.update @w by @sgd, %w : tensor<3xf32>
    train.report loss "loss", %loss : tensor<f32>
    train.yield
  }
}

// -----

train.program "p" mode train batch 4 {
  train.variable parameter @w : tensor<3xf32> frozen {
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
    %loss = tw.constant dense<0.0> : tensor<f32>
    %w = train.get @w : tensor<3xf32>
    // expected-error @+1 {{updates @w, which is frozen}}
    train.update @w by @sgd, %w : tensor<3xf32>
    train.report loss "loss", %loss : tensor<f32>
    train.yield
  }
}

// -----

train.program "p" mode train batch 4 {
  train.objective {
    %loss = tw.constant dense<0.0> : tensor<2xf32>
    // expected-error @+1 {{minimizes a float of rank 0, but the loss has type 'tensor<2xf32>'}}
    train.minimize "loss", %loss over [] by [] : tensor<2xf32>
    train.yield
  }
}

// -----

train.program "p" mode train batch 4 {
  train.objective {
    %loss = tw.constant dense<0.0> : tensor<f32>
    // expected-error @+1 {{names no optimizers, which it need not in mode gradient alone}}
    train.minimize "loss", %loss over [] : tensor<f32>
    train.yield
  }
}

// -----

train.program "p" mode train batch 4 {
  train.objective {
    %loss = tw.constant dense<0.0> : tensor<f32>
    // expected-error @+1 {{names the hyper-parameter @lr, which is not declared}}
    %lr = train.get_hyper @lr : tensor<f64>
    train.report loss "loss", %loss : tensor<f32>
    train.yield
  }
}

// -----

train.program "p" mode train batch 4 {
  train.objective {
    %loss = tw.constant dense<0.0> : tensor<f32>
    // expected-error @+1 {{must be of type 'tensor<f64>', but is of type 'tensor<f32>'}}
    %step = train.step : tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.yield
  }
}

// -----

train.program "p" mode train batch 4 {
  train.objective {
    %loss = tw.constant dense<0.0> : tensor<f32>
    // expected-error @+1 {{must be of type 'tensor<2xi64>', but is of type 'tensor<2xi32>'}}
    %key = train.key : tensor<2xi32>
    train.report loss "loss", %loss : tensor<f32>
    train.yield
  }
}

// -----

train.program "p" mode train batch 4 {
  train.variable parameter @w : tensor<3xbf16> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<3xbf16>
    train.yield %value : tensor<3xbf16>
  }
  // expected-error @+1 {{needs the slot @"w.low", which is not declared}}
  train.optimizer @rule slots [] report [] {
  ^bb0(%param: tensor<*xf32>, %grad: tensor<*xf32>):
    train.yield %param : tensor<*xf32>
  }
  train.objective {
    %loss = tw.constant dense<0.0> : tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.minimize "loss", %loss over [@w] by [@rule] : tensor<f32>
    train.yield
  }
}

// -----

train.program "p" mode train batch 4 {
  train.objective {
    %loss = tw.constant dense<0.0> : tensor<f32>
    // expected-error @+1 {{is for one of 1 steps, at least 2}}
    train.report loss "loss", %loss every 1 : tensor<f32>
    train.yield
  }
}

// -----

train.program "p" mode eval batch 4 {
  train.objective {
    // expected-error @+1 {{is in a program of mode eval, which updates nothing}}
    %norm = train.norm update of [] : tensor<f64>
    train.yield
  }
}

// -----

train.program "p" mode train batch 4 {
  // expected-error @+1 {{skips losses in 4 ways, at most 3}}
  train.objective {
    %loss = tw.constant dense<0.0> : tensor<f32>
    %two = train.every 2, %loss else %loss : tensor<f32>
    %three = train.every 3, %two else %loss : tensor<f32>
    %four = train.every 4, %three else %loss : tensor<f32>
    train.report loss "loss", %four every 5 : tensor<f32>
    train.yield
  }
}

// -----

train.program "p" mode train batch 4 {
  train.variable state @s : tensor<3xf32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<3xf32>
    train.yield %value : tensor<3xf32>
  }
  train.objective {
    // expected-error @+1 {{measures @s, which is a state}}
    %norm = train.norm parameter of [@s] : tensor<f64>
    train.yield
  }
}

// -----

train.program "p" mode train batch 4 {
  // expected-error @+1 {{has `accumulate` 0, which is from 1 to 2147483647}}
  train.plan "rows" accumulate 0 seed 0 {}
  train.objective {
    train.yield
  }
}

// -----

train.program "p" mode train batch 4 {
  // expected-error @+1 {{is a stack of 2 variables, but has type}}
  train.variable state @s : tensor<3xf32> members ["a", "b"] {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<3xf32>
    train.yield %value : tensor<3xf32>
  }
  train.objective {
    %loss = tw.constant dense<0.0> : tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.yield
  }
}

// -----

train.program "p" mode train batch 4 {
  // expected-error @+1 {{is carried by rows, but has none}}
  train.variable carried @c : tensor<f32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<f32>
    train.yield %value : tensor<f32>
  }
  train.objective {
    %loss = tw.constant dense<0.0> : tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.yield
  }
}

// -----

train.program "p" mode train batch 4 {
  train.variable carried @c : tensor<4x2xf32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<4x2xf32>
    train.yield %value : tensor<4x2xf32>
  }
  // expected-error @+1 {{takes 0 batches, but there are 0 fields and 1 that are carried}}
  train.objective {
    %loss = tw.constant dense<0.0> : tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    train.yield
  }
}

// -----

train.program "p" mode train batch 4 {
  // expected-note @+1 {{declared here}}
  train.variable carried @c : tensor<6x2xf32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<6x2xf32>
    train.yield %value : tensor<6x2xf32>
  }
  train.objective {
  ^bb0(%c: tensor<4x2xf32>):
    %loss = tw.constant dense<0.0> : tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    %wrong = tw.constant dense<0.0> : tensor<4x3xf32>
    // expected-error @+1 {{has type 'tensor<4x3xf32>', but @c has type 'tensor<6x2xf32>'}}
    train.carry @c, %wrong : tensor<4x3xf32>
    train.yield
  }
}

// -----

train.program "p" mode train batch 4 {
  train.variable state @s : tensor<4x2xf32> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<0.0> : tensor<4x2xf32>
    train.yield %value : tensor<4x2xf32>
  }
  train.objective {
    %loss = tw.constant dense<0.0> : tensor<f32>
    train.report loss "loss", %loss : tensor<f32>
    %value = tw.constant dense<0.0> : tensor<4x2xf32>
    // expected-error @+1 {{names @s, which rows do not carry}}
    train.carry @s, %value : tensor<4x2xf32>
    train.yield
  }
}
