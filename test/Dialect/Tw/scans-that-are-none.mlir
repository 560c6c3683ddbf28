// RUN: talweg-opt %s --split-input-file --verify-diagnostics
func.func @without_a_turn(%x: tensor<f32>) {
  // expected-error @+1 {{has a length of 0}}
  %0 = tw.scan 0 from %x : tensor<f32> -> tensor<f32> {
  ^bb0(%turn: tensor<i32>, %c: tensor<f32>):
    tw.yield %c : tensor<f32>
  }
  return
}

// -----

func.func @whose_body_takes_no_turn(%x: tensor<f32>) {
  // expected-error @+1 {{has a body that does not take 'tensor<i32>' and one value for each operand}}
  %0 = tw.scan 2 from %x : tensor<f32> -> tensor<f32> {
  ^bb0(%c: tensor<f32>):
    tw.yield %c : tensor<f32>
  }
  return
}

// -----

func.func @that_yields_more_than_it_has_results(%x: tensor<f32>) {
  // expected-error @+1 {{yields what it carries, then what it emits, each of which is a result}}
  %0 = tw.scan 2 from %x : tensor<f32> -> tensor<f32> {
  ^bb0(%turn: tensor<i32>, %c: tensor<f32>):
    tw.yield %c, %c : tensor<f32>, tensor<f32>
  }
  return
}

// -----

func.func @that_carries_another_shape(%x: tensor<2xf32>) {
  // expected-error @+1 {{carries 'tensor<2xf32>' from 'tensor<2xf32>' to 'tensor<3xf32>' and out as 'tensor<2xf32>'}}
  %0 = tw.scan 2 from %x : tensor<2xf32> -> tensor<2xf32> {
  ^bb0(%turn: tensor<i32>, %c: tensor<2xf32>):
    %longer = tw.pad %c low [0] high [1] value 0.0 : tensor<2xf32> -> tensor<3xf32>
    tw.yield %longer : tensor<3xf32>
  }
  return
}

// -----

func.func @along_fewer_slices(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{takes slices 'tensor<3xf32>' of 'tensor<2x3xf32>' in 4 turns}}
  %0 = tw.scan 4 along %x : tensor<2x3xf32> -> tensor<4x3xf32> {
  ^bb0(%turn: tensor<i32>, %slice: tensor<3xf32>):
    tw.yield %slice : tensor<3xf32>
  }
  return
}

// -----

func.func @that_shares_another_type(%x: tensor<3xf32>) {
  // expected-error @+1 {{shares 'tensor<3xf32>' as 'tensor<3xf64>'}}
  %0 = tw.scan 4 with %x : tensor<3xf32> -> tensor<4x3xf64> {
  ^bb0(%turn: tensor<i32>, %same: tensor<3xf64>):
    tw.yield %same : tensor<3xf64>
  }
  return
}

// -----

func.func @that_emits_for_more_turns(%x: tensor<3xf32>) {
  // expected-error @+1 {{emits 'tensor<3xf32>' in 4 turns, not 'tensor<5x3xf32>'}}
  %0 = tw.scan 4 with %x : tensor<3xf32> -> tensor<5x3xf32> {
  ^bb0(%turn: tensor<i32>, %same: tensor<3xf32>):
    tw.yield %same : tensor<3xf32>
  }
  return
}
