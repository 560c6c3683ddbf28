// What the verifiers of the tensor ops reject.
//
// RUN: talweg-opt %s --split-input-file --verify-diagnostics

func.func @dynamic(%x: tensor<?xf32>) {
  // expected-error @+1 {{has type 'tensor<?xf32>', but every extent must be known and at least 1}}
  %0 = tw.exp %x : tensor<?xf32>
  return
}

// -----

func.func @empty(%x: tensor<0x3xf32>) {
  // expected-error @+1 {{has type 'tensor<0x3xf32>', but every extent must be known and at least 1}}
  %0 = tw.exp %x : tensor<0x3xf32>
  return
}

// -----

func.func @huge(%x: tensor<4294967296x4294967296x4294967296xf32>) {
  // expected-error @+1 {{which has more than 2^48 elements}}
  %0 = tw.exp %x : tensor<4294967296x4294967296x4294967296xf32>
  return
}

// -----

func.func @integers(%x: tensor<3xi32>) {
  // expected-error @+1 {{operand #0 must be tensor of 32-bit float or 64-bit float values}}
  %0 = tw.exp %x : tensor<3xi32>
  return
}

// -----

func.func @mixed_ranks(%x: tensor<*xf32>) {
  // expected-error @+1 {{has operand and result of different types, 'tensor<*xf32>' and 'tensor<3xf32>'}}
  %0 = "tw.exp"(%x) : (tensor<*xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @power_of_integers(%x: tensor<3xi32>) {
  // expected-error @+1 {{is of floats, but has 'tensor<3xi32>'}}
  %0 = tw.pow %x, %x : tensor<3xi32>
  return
}

// -----

func.func @compare(%x: tensor<3xf32>) {
  // expected-error @+1 {{has operand and result of different shapes, 'tensor<3xf32>' and 'tensor<4xi1>'}}
  %0 = tw.compare lt %x, %x : tensor<3xf32> -> tensor<4xi1>
  return
}

// -----

func.func @select(%c: tensor<i1>, %x: tensor<3xf32>) {
  // expected-error @+1 {{has operand and result of different shapes, 'tensor<i1>' and 'tensor<3xf32>'}}
  %0 = tw.select %c, %x, %x : tensor<i1>, tensor<3xf32>
  return
}

// -----

func.func @iota() {
  // expected-error @+1 {{counts along dimension 2 of a tensor of rank 2}}
  %0 = tw.iota 2 : tensor<2x3xi32>
  return
}

// -----

func.func @key(%key: tensor<3xi64>) {
  // expected-error @+1 {{needs a key of type 'tensor<2xi64>', but has 'tensor<3xi64>'}}
  %0 = tw.uniform %key stream 0 : tensor<3xi64> -> tensor<4xf32>
  return
}

// -----

func.func @stream(%key: tensor<2xi64>) {
  // expected-error @+1 {{has stream 4294967296, which does not fit in 32 bits}}
  %0 = tw.uniform %key stream 4294967296 : tensor<2xi64> -> tensor<4xf32>
  return
}

// -----

func.func @above(%x: tensor<5xf32>) {
  // expected-error @+1 {{map: position 0 runs from 0 to 5, outside the extent 5}}
  %0 = tw.window %x by affine_map<(i, u) -> (i + u)> : tensor<5xf32> -> tensor<4x3xf32>
  return
}

// -----

func.func @below(%x: tensor<5xf32>) {
  // expected-error @+1 {{map: position 0 runs from -1 to 3, outside the extent 5}}
  %0 = tw.window %x by affine_map<(i) -> (i - 1)> : tensor<5xf32> -> tensor<5xf32>
  return
}

// -----

func.func @overflow(%x: tensor<5xf32>) {
  // expected-error @+1 {{map: the range of position 0 cannot be known}}
  %0 = tw.window %x by affine_map<(i) -> (i * 4611686018427387904)> : tensor<5xf32> -> tensor<5xf32>
  return
}

// -----

func.func @positions(%x: tensor<5x2xf32>) {
  // expected-error @+1 {{map gives 1 positions, but the tensor has rank 2}}
  %0 = tw.window %x by affine_map<(i) -> (i)> : tensor<5x2xf32> -> tensor<5xf32>
  return
}

// -----

func.func @indices(%x: tensor<5xf32>) {
  // expected-error @+1 {{map takes 2 indices, but there are 1}}
  %0 = tw.window %x by affine_map<(i, j) -> (i)> : tensor<5xf32> -> tensor<5xf32>
  return
}

// -----

func.func @unranked_window(%x: tensor<5xf32>) {
  // expected-error @+1 {{gives an unranked type, which only a spread scalar (rank 0, map () -> ()) may}}
  %0 = tw.window %x by affine_map<() -> (0)> : tensor<5xf32> -> tensor<*xf32>
  return
}

// -----

func.func @fold(%x: tensor<4x3xf32>) {
  // expected-error @+1 {{map: position 0 runs from 0 to 5, outside the extent 5}}
  %0 = tw.fold %x by affine_map<(i, u) -> (i + u)> : tensor<4x3xf32> -> tensor<5xf32>
  return
}

// -----

func.func @pad(%x: tensor<4x3xf32>) {
  // expected-error @+1 {{dimension 1: 1 + 3 + 1 is not 6}}
  %0 = tw.pad %x low [0, 1] high [0, 1] value 0.0 : tensor<4x3xf32> -> tensor<4x6xf32>
  return
}

// -----

func.func @negative_pad(%x: tensor<4xf32>) {
  // expected-error @+1 {{has a negative count in dimension 0}}
  %0 = tw.pad %x low [-1] high [0] value 0.0 : tensor<4xf32> -> tensor<3xf32>
  return
}

// -----

func.func @concat_dim(%x: tensor<4x3xf32>) {
  // expected-error @+1 {{joins along dimension 2 of a tensor of rank 2}}
  %0 = tw.concat %x, %x dim 2 : tensor<4x3xf32>, tensor<4x3xf32> -> tensor<4x6xf32>
  return
}

// -----

func.func @concat_part(%x: tensor<4x3xf32>, %y: tensor<5x3xf32>) {
  // expected-error @+1 {{has a part of type 'tensor<5x3xf32>', which does not fit into 'tensor<4x6xf32>'}}
  %0 = tw.concat %x, %y dim 1 : tensor<4x3xf32>, tensor<5x3xf32> -> tensor<4x6xf32>
  return
}

// -----

func.func @concat_extent(%x: tensor<4x3xf32>) {
  // expected-error @+1 {{has parts of 6 together in dimension 1, not of 7}}
  %0 = tw.concat %x, %x dim 1 : tensor<4x3xf32>, tensor<4x3xf32> -> tensor<4x7xf32>
  return
}

// -----

func.func @concat_nothing() {
  // expected-error @+1 {{has no parts}}
  %0 = "tw.concat"() {dim = 0 : i64} : () -> tensor<4xf32>
  return
}

// -----

func.func @reshape(%x: tensor<4x3xf32>) {
  // expected-error @+1 {{takes 12 elements to 13}}
  %0 = tw.reshape %x : tensor<4x3xf32> -> tensor<13xf32>
  return
}

// -----

func.func @reduced_shape(%x: tensor<4x3xf32>) {
  // expected-error @+1 {{does not give 'tensor<3xf32>' from 'tensor<4x3xf32>'}}
  %0 = tw.reduce sum %x dims [1] : tensor<4x3xf32> -> tensor<3xf32>
  return
}

// -----

func.func @reduced_twice(%x: tensor<4x3xf32>) {
  // expected-error @+1 {{lists its dimensions out of order}}
  %0 = tw.reduce sum %x dims [1, 1] : tensor<4x3xf32> -> tensor<4xf32>
  return
}

// -----

func.func @reduced_dimension(%x: tensor<4x3xf32>) {
  // expected-error @+1 {{names dimension 2 of a tensor of rank 2}}
  %0 = tw.reduce sum %x dims [2] : tensor<4x3xf32> -> tensor<4xf32>
  return
}

// -----

func.func @any_of_numbers(%x: tensor<4xf32>) {
  // expected-error @+1 {{combines 'f32' by any}}
  %0 = tw.reduce any %x dims [0] : tensor<4xf32> -> tensor<f32>
  return
}

// -----

func.func @arg(%x: tensor<4x3xf32>) {
  // expected-error @+1 {{is of max or min, not of sum}}
  %0 = tw.arg sum %x dim 1 : tensor<4x3xf32> -> tensor<4xi32>
  return
}

// -----

func.func @contract(%x: tensor<4x3xf32>, %w: tensor<3x2xf32>) {
  // expected-error @+1 {{b's map: position 0 runs from 0 to 3, outside the extent 3}}
  %0 = tw.contract %x, %w over [3, 2, 4] a affine_map<(i, j, k) -> (k, i)> b affine_map<(i, j, k) -> (k, j)>
           y affine_map<(i, j, k) -> (i, j)> : tensor<4x3xf32>, tensor<3x2xf32> -> tensor<3x2xf32>
  return
}

// -----

func.func @mixed(%x: tensor<4x3xf32>, %w: tensor<3x2xf64>) {
  // expected-error @+1 {{all of {a, b, y} have same element type}}
  %0 = tw.contract %x, %w over [4, 2, 3] a affine_map<(i, j, k) -> (i, k)> b affine_map<(i, j, k) -> (k, j)>
           y affine_map<(i, j, k) -> (i, j)> : tensor<4x3xf32>, tensor<3x2xf64> -> tensor<4x2xf32>
  return
}

// -----

func.func @told_of_another_shape(%c: tensor<3xi1>, %x: tensor<4xi32>) {
  // expected-error @+1 {{tells a value of type 'tensor<4xi32>' for a condition of type 'tensor<3xi1>'}}
  tw.require %c telling %x "{}" : tensor<3xi1>, tensor<4xi32>
  return
}

// -----

func.func @half_a_range(%c: tensor<3xi1>) {
  // expected-error @+1 {{needs `low` below `high`, or neither}}
  tw.require %c "" {low = 0 : i64} : tensor<3xi1>
  return
}

// -----

func.func @rows_of_another_width(%table: tensor<4x3xf32>, %rows: tensor<5xi32>) {
  // expected-error @+1 {{has 'tensor<5x2xf32>' for rows 'tensor<5xi32>' of 'tensor<4x3xf32>'}}
  %0 = tw.gather %table at %rows : tensor<4x3xf32>, tensor<5xi32> -> tensor<5x2xf32>
  return
}

// -----

func.func @shares_a_table_without_rows(%values: tensor<4x3xf32>, %rows: tensor<4xi32>) {
  // expected-error @+1 {{shares 1 dimensions of 'tensor<3xf32>' and 'tensor<4xi32>'}}
  %0 = tw.scatter_add %values at %rows shared 1 : tensor<4x3xf32>, tensor<4xi32> -> tensor<3xf32>
  return
}

// -----

func.func @shares_other_extents(%table: tensor<4x3xf32>, %rows: tensor<5x2xi32>) {
  // expected-error @+1 {{shares dimensions of different extents, of 'tensor<4x3xf32>' and 'tensor<5x2xi32>'}}
  %0 = tw.gather %table at %rows shared 1 : tensor<4x3xf32>, tensor<5x2xi32> -> tensor<5x2xf32>
  return
}

// -----

func.func @coalesces_values_of_other_rows(%values: tensor<4x3xf32>, %rows: tensor<5xi32>) {
  // expected-error @+1 {{has 'tensor<4x3xf32>' for rows 'tensor<5xi32>'}}
  %0, %1 = tw.coalesce %values at %rows of 9 : tensor<4x3xf32>, tensor<5xi32> -> tensor<5xi32>, tensor<5x3xf32>
  return
}

// -----

func.func @coalesces_to_fewer_rows(%values: tensor<2x3x4xf32>, %rows: tensor<2x3xi32>) {
  // expected-error @+1 {{does not give 'tensor<2xi32>' and 'tensor<2x4xf32>' from 'tensor<2x3x4xf32>' at 'tensor<2x3xi32>'}}
  %0, %1 = tw.coalesce %values at %rows of 9 : tensor<2x3x4xf32>, tensor<2x3xi32> -> tensor<2xi32>, tensor<2x4xf32>
  return
}

// -----

func.func @coalesces_rows_without_numbers(%values: tensor<2x3xf32>, %rows: tensor<2xi32>) {
  // expected-error @+1 {{names rows of 2147483648 by 'tensor<2xi32>'}}
  %0, %1 = tw.coalesce %values at %rows of 2147483648 : tensor<2x3xf32>, tensor<2xi32> -> tensor<2xi32>, tensor<2x3xf32>
  return
}

// -----

func.func @puts_rows_of_another_width(%values: tensor<5x2xf32>, %rows: tensor<5xi32>, %table: tensor<4x3xf32>) {
  // expected-error @+1 {{has 'tensor<5x2xf32>' for rows 'tensor<5xi32>' of 'tensor<4x3xf32>'}}
  %0 = tw.put_rows %values at %rows into %table : tensor<5x2xf32>, tensor<5xi32> into tensor<4x3xf32>
  return
}
