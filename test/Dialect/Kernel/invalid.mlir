// What the verifiers of products, of their plans and of ops on rows reject.
//
// RUN: talweg-opt %s --split-input-file --verify-diagnostics

func.func @rejected(%x: tensor<8xf32>, %i: tensor<8xi32>, %s: tensor<f32>) {
  // expected-error @+1 {{multiplies floats of one type}}
  %0 = kernel.product loops [8] maps [affine_map<(k) -> (k)>, affine_map<(k) -> (k)>, affine_map<(k) -> ()>]
      of %x, %i : tensor<8xf32>, tensor<8xi32> outs %s : tensor<f32> -> tensor<f32>
  return
}

// -----

func.func @rejected(%x: tensor<8xf32>, %s: tensor<f32>) {
  // expected-error @+1 {{a loop has at least one turn}}
  %0 = kernel.product loops [0] maps [affine_map<(k) -> (k)>, affine_map<(k) -> (k)>, affine_map<(k) -> ()>]
      of %x, %x : tensor<8xf32>, tensor<8xf32> outs %s : tensor<f32> -> tensor<f32>
  return
}

// -----

func.func @rejected(%x: tensor<8xf32>, %s: tensor<f32>) {
  // expected-error @+1 {{has a map for each factor, for the sums, for what is read and for each further result}}
  %0 = kernel.product loops [8] maps [affine_map<(k) -> (k)>, affine_map<(k) -> (k)>]
      of %x, %x : tensor<8xf32>, tensor<8xf32> outs %s : tensor<f32> -> tensor<f32>
  return
}

// -----

func.func @rejected(%x: tensor<8xf32>, %s: tensor<f32>) {
  // expected-error @+1 {{a map is of all loops}}
  %0 = kernel.product loops [8] maps [affine_map<(k) -> (k)>, affine_map<(k) -> (k)>, affine_map<(m, k) -> ()>]
      of %x, %x : tensor<8xf32>, tensor<8xf32> outs %s : tensor<f32> -> tensor<f32>
  return
}

// -----

func.func @rejected(%x: tensor<8xf32>, %s: tensor<f32>) {
  // expected-error @+1 {{operand 2 has as many dimensions as its map has results}}
  %0 = kernel.product loops [8] maps [affine_map<(k) -> (k)>, affine_map<(k) -> (k)>, affine_map<(k) -> (k)>]
      of %x, %x : tensor<8xf32>, tensor<8xf32> outs %s : tensor<f32> -> tensor<f32>
  return
}

// -----

func.func @rejected(%x: tensor<8xf32>, %s: tensor<f64>) {
  // expected-error @+1 {{sums are of the factors' type}}
  %0 = kernel.product loops [8] maps [affine_map<(k) -> (k)>, affine_map<(k) -> (k)>, affine_map<(k) -> ()>]
      of %x, %x : tensor<8xf32>, tensor<8xf32> outs %s : tensor<f64> -> tensor<f64>
  return
}

// -----

func.func @rejected(%x: tensor<8xf32>, %s: tensor<f32>) {
  // expected-error @+1 {{a result is of the type of what it is written to; on memrefs there is none}}
  %0 = kernel.product loops [8] maps [affine_map<(k) -> (k)>, affine_map<(k) -> (k)>, affine_map<(k) -> ()>]
      of %x, %x : tensor<8xf32>, tensor<8xf32> outs %s : tensor<f32> -> tensor<8xf32>
  return
}

// -----

func.func @rejected(%x: memref<8xf32>, %s: memref<f32>) {
  // expected-error @+1 {{a result is of the type of what it is written to; on memrefs there is none}}
  %0 = kernel.product loops [8] maps [affine_map<(k) -> (k)>, affine_map<(k) -> (k)>, affine_map<(k) -> ()>]
      of %x, %x : memref<8xf32>, memref<8xf32> outs %s : memref<f32> -> tensor<f32>
  return
}

// -----

func.func @rejected(%x: tensor<8xf32>, %y: tensor<8xf32>) {
  // expected-error @+1 {{the epilogue's arguments are a sum and an element of all that is read}}
  %0 = kernel.product loops [8] maps [affine_map<(k) -> (k)>, affine_map<(k) -> (k)>, affine_map<(k) -> (k)>, affine_map<(k) -> (k)>, affine_map<(k) -> (k)>]
      of %x, %x : tensor<8xf32>, tensor<8xf32> reads %y : tensor<8xf32> outs %y : tensor<8xf32> -> tensor<8xf32> {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  return
}

// -----

func.func @rejected(%x: tensor<8xf32>, %y: tensor<8xf32>) {
  // expected-error @+1 {{the epilogue gives an element of each result behind the sums}}
  %0 = kernel.product loops [8] maps [affine_map<(k) -> (k)>, affine_map<(k) -> (k)>, affine_map<(k) -> (k)>, affine_map<(k) -> (k)>]
      of %x, %x : tensor<8xf32>, tensor<8xf32> outs %y : tensor<8xf32> -> tensor<8xf32> {
  ^bb0(%sum: f32):
    kernel.yield %sum, %sum : f32, f32
  }
  return
}

// -----

func.func @rejected(%x: tensor<8xf32>, %y: tensor<8xf64>) {
  // expected-error @+1 {{the epilogue gives elements of its results' types}}
  %0 = kernel.product loops [8] maps [affine_map<(k) -> (k)>, affine_map<(k) -> (k)>, affine_map<(k) -> (k)>, affine_map<(k) -> (k)>]
      of %x, %x : tensor<8xf32>, tensor<8xf32> outs %y : tensor<8xf64> -> tensor<8xf64> {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  return
}

// -----

func.func @rejected(%x: tensor<8xf32>, %y: tensor<8xf32>) {
  // expected-error @+1 {{sums that are not kept are no scratch}}
  %0 = kernel.product loops [8] maps [affine_map<(k) -> (k)>, affine_map<(k) -> (k)>, affine_map<(k) -> (k)>, affine_map<(k) -> (k)>]
      of %x, %x : tensor<8xf32>, tensor<8xf32> outs %y : tensor<8xf32> scratch_sums -> tensor<8xf32> {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  return
}

// -----

func.func @rejected(%x: tensor<8xf32>, %y: tensor<8xf32>) {
  // expected-error @+1 {{without an epilogue nothing is read, and the sums are the only result}}
  %0 = kernel.product loops [8] maps [affine_map<(k) -> (k)>, affine_map<(k) -> (k)>, affine_map<(k) -> (k)>, affine_map<(k) -> (k)>]
      of %x, %x : tensor<8xf32>, tensor<8xf32> reads %x : tensor<8xf32> outs %y : tensor<8xf32> -> tensor<8xf32>
  return
}

// -----

func.func @rejected(%x: tensor<8xf32>, %s: tensor<f32>) {
  // expected-error @+1 {{the plan is of other loops}}
  %0 = kernel.product loops [8] maps [affine_map<(k) -> (k)>, affine_map<(k) -> (k)>, affine_map<(k) -> ()>]
      of %x, %x : tensor<8xf32>, tensor<8xf32> outs %s : tensor<f32> plan <{k = [array<i64: 4, 1, 1, 0, 0>]}> -> tensor<f32>
  return
}

// -----

func.func @rejected(%x: tensor<8xf32>, %y: tensor<f32>) {
  // expected-error @+1 {{the plan adds sums up in memory, and they are not kept}}
  %0 = kernel.product loops [8] maps [affine_map<(k) -> (k)>, affine_map<(k) -> (k)>, affine_map<(k) -> ()>, affine_map<(k) -> ()>]
      of %x, %x : tensor<8xf32>, tensor<8xf32> outs %y : tensor<f32> plan <{k = [array<i64: 8, 1, 1, 0, 0>], k_block = 4 : i64}> -> tensor<f32> {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  return
}

// -----

func.func @rejected(%x: tensor<8xf32>, %y: tensor<f32>) {
  // expected-error @+1 {{the plan has no tile of finished sums for the epilogue}}
  %0 = kernel.product loops [8] maps [affine_map<(k) -> (k)>, affine_map<(k) -> (k)>, affine_map<(k) -> ()>, affine_map<(k) -> ()>]
      of %x, %x : tensor<8xf32>, tensor<8xf32> outs %y : tensor<f32> plan <{k = [array<i64: 8, 1, 1, 0, 0>], dot = true}> -> tensor<f32> {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  return
}

// -----

func.func @rejected(%x: tensor<8xf32>, %y: tensor<3xf32>) {
  // expected-error @+1 {{gives a number for each tile of its plan}}
  %0 = kernel.product loops [8] maps [affine_map<(k) -> (k)>, affine_map<(k) -> (k)>, affine_map<(k) -> (k)>, affine_map<(k) -> (0)>]
      of %x, %x : tensor<8xf32>, tensor<8xf32> outs %y : tensor<3xf32> partial
      plan <{k = [array<i64: 1, 0, 0, 0, 0>], n = array<i64: 8, 1, 1, 1, 0>, lanes = 4 : i64}> -> tensor<3xf32> {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  return
}

// -----

// expected-error @+1 {{field 'rows' is malformed}}
func.func private @rejected() attributes {plan = #kernel.product_plan<{k = [array<i64: 8, 1, 1, 0, 0>], rows = 4 : i32}>}

// -----

func.func @rows_that_are_no_list(%table: tensor<4x2xf32>, %rows: tensor<5x1xi32>, %out: tensor<5x2xf32>) {
  // expected-error @+1 {{rows are a list of whole numbers}}
  %0 = kernel.gather %rows of %table outs %out : tensor<5x1xi32> of tensor<4x2xf32> outs tensor<5x2xf32> -> tensor<5x2xf32>
  return
}

// -----

func.func @rows_of_another_width(%table: tensor<4x3xf32>, %rows: tensor<5xi32>, %out: tensor<5x2xf32>) {
  // expected-error @+1 {{has a row of the table's for each of the rows that are named}}
  %0 = kernel.gather %rows of %table outs %out : tensor<5xi32> of tensor<4x3xf32> outs tensor<5x2xf32> -> tensor<5x2xf32>
  return
}

// -----

func.func @sums_of_whole_numbers(%rows: tensor<5xi32>, %values: tensor<5x2xi32>, %out: tensor<4x2xi32>) {
  // expected-error @+1 {{adds up floats}}
  %0 = kernel.scatter_add %values at %rows outs %out : tensor<5x2xi32> at tensor<5xi32> outs tensor<4x2xi32> -> tensor<4x2xi32>
  return
}

// -----

func.func @sums_without_a_result(%rows: tensor<5xi32>, %values: tensor<5x2xf32>, %out: tensor<4x2xf32>) {
  // expected-error @+1 {{a result is of the type of what it is written to; on memrefs there is none}}
  kernel.scatter_add %values at %rows outs %out : tensor<5x2xf32> at tensor<5xi32> outs tensor<4x2xf32>
  return
}

// -----

// expected-error @+1 {{field 'm' is malformed}}
func.func private @rejected() attributes {plan = #kernel.product_plan<{k = [array<i64: 8, 1, 1, 0, 0>], m = array<i64: 0, 1, 1, 0, 0>}>}

// -----

// expected-error @+1 {{a field is none of a plan's}}
func.func private @rejected() attributes {plan = #kernel.product_plan<{k = [array<i64: 8, 1, 1, 0, 0>], columns = 4 : i64}>}

// -----

// expected-error @+1 {{a plan has a loop of k, and a tile of at least one element}}
func.func private @rejected() attributes {plan = #kernel.product_plan<{rows = 4 : i64}>}

// -----

func.func @rejected(%values: tensor<4x2xf32>, %rows: tensor<5xi32>) {
  // expected-error @+1 {{has a value for each of the rows, and gives as many as there are}}
  %0:2 = kernel.coalesce %values at %rows of 9 outs %rows, %values : tensor<4x2xf32> at tensor<5xi32>
      outs tensor<5xi32>, tensor<4x2xf32> -> tensor<5xi32>, tensor<4x2xf32>
  return
}

// -----

func.func @rejected(%values: tensor<5x2xf32>, %rows: tensor<5xi32>) {
  // expected-error @+1 {{the number of rows is at least 1, and one of the numbers of rows}}
  %0:2 = kernel.coalesce %values at %rows of 3000000000 outs %rows, %values : tensor<5x2xf32> at tensor<5xi32>
      outs tensor<5xi32>, tensor<5x2xf32> -> tensor<5xi32>, tensor<5x2xf32>
  return
}

// -----

func.func @rejected(%values: tensor<5x2xf32>, %rows: tensor<5xi64>) {
  // expected-error @+1 {{the numbers of a row and of a position are one of 63 bits together}}
  %0:2 = kernel.coalesce %values at %rows of 4611686018427387904 outs %rows, %values : tensor<5x2xf32> at tensor<5xi64>
      outs tensor<5xi64>, tensor<5x2xf32> -> tensor<5xi64>, tensor<5x2xf32>
  return
}

// -----

func.func @rejected(%values: tensor<5x2xf32>, %rows: tensor<5xi32>) {
  // expected-error @+1 {{a result is of the type of what it is written to; on memrefs there is none}}
  %0 = kernel.coalesce %values at %rows of 9 outs %rows, %values : tensor<5x2xf32> at tensor<5xi32>
      outs tensor<5xi32>, tensor<5x2xf32> -> tensor<5xi32>
  return
}

// -----

func.func @rejected(%values: tensor<5x2xf32>, %rows: tensor<5xi32>, %table: tensor<9x3xf32>) {
  // expected-error @+1 {{has a row of the table's for each of the rows that are named}}
  %0 = kernel.put_rows %values at %rows outs %table : tensor<5x2xf32> at tensor<5xi32> outs tensor<9x3xf32> -> tensor<9x3xf32>
  return
}

// -----

func.func @band(%x: tensor<8xf32>, %s: tensor<f32>) -> tensor<f32> {
  // expected-error@+1 {{'kernel.band' is of a product: two bounds, the lesser first, and a move for each loop}}
  %0 = kernel.product loops [8] maps [affine_map<(k) -> (k)>, affine_map<(k) -> (k)>, affine_map<(k) -> ()>]
      of %x, %x : tensor<8xf32>, tensor<8xf32> outs %s : tensor<f32> attributes {kernel.band = array<i64: 1, 0, 1>} -> tensor<f32>
  return %0 : tensor<f32>
}
