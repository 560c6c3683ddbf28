// What the verifiers of what is decided of a linalg.generic reject: its start, its plan, what it is done together with.
//
// RUN: talweg-opt %s --split-input-file --verify-diagnostics

func.func @rejected(%x: tensor<8xf32>) {
  // expected-error @+1 {{has 'kernel.start', and is no linalg.generic on memrefs}}
  %0 = tensor.extract_slice %x[0] [4] [1] {kernel.start = 0.0 : f32} : tensor<8xf32> to tensor<4xf32>
  return
}

// -----

func.func @rejected(%x: memref<8xf32>, %y: memref<8xf32>) {
  // expected-error @+1 {{has a start, and does not combine anything with each of its results}}
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : memref<8xf32>) outs(%y : memref<8xf32>) attrs = {kernel.start = 0.0 : f32} {
  ^bb0(%in: f32, %out: f32):
    linalg.yield %in : f32
  }
  return
}

// -----

func.func @rejected(%x: memref<8xf32>, %y: memref<f32>, %z: memref<1xf32>) {
  // expected-error @+1 {{has a start, and its results are not alike}}
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> ()>, affine_map<(i) -> (0)>], iterator_types = ["reduction"]}
      ins(%x : memref<8xf32>) outs(%y, %z : memref<f32>, memref<1xf32>) attrs = {kernel.start = 0.0 : f32} {
  ^bb0(%in: f32, %out: f32, %other: f32):
    %0 = arith.addf %out, %in : f32
    %1 = arith.addf %other, %in : f32
    linalg.yield %0, %1 : f32, f32
  }
  return
}

// -----

func.func @rejected(%x: memref<8xf32>, %y: memref<8xf32>) {
  // expected-error @+1 {{starts from a scalar of its result's type}}
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : memref<8xf32>) outs(%y : memref<8xf32>) attrs = {kernel.start = 0.0 : f64} {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.addf %out, %in : f32
    linalg.yield %0 : f32
  }
  return
}

// -----

func.func @rejected(%x: memref<8xf32>, %y: memref<8xf32>) {
  // expected-error @+1 {{'kernel.stop' is no attribute of the kernel dialect}}
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : memref<8xf32>) outs(%y : memref<8xf32>) attrs = {kernel.stop = 0.0 : f32} {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.addf %out, %in : f32
    linalg.yield %0 : f32
  }
  return
}

// -----

func.func @rejected(%x: memref<8xf32>, %y: memref<8xf32>) {
  // expected-error @+1 {{has no plan of a nest as its 'kernel.nest'}}
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : memref<8xf32>) outs(%y : memref<8xf32>) attrs = {kernel.nest = 1 : i64} {
  ^bb0(%in: f32, %out: f32):
    linalg.yield %in : f32
  }
  return
}

// -----

func.func @rejected(%x: memref<8xf32>, %y: memref<8xf32>) {
  // expected-error @+1 {{the plan is of other operands or loops}}
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : memref<8xf32>) outs(%y : memref<8xf32>) attrs = {kernel.nest = #kernel.nest_plan<{axes = [array<i64: 8, 0, 1>], vector_axis = 0 : i64}>} {
  ^bb0(%in: f32, %out: f32):
    linalg.yield %in : f32
  }
  return
}

// -----

func.func @rejected(%x: memref<8xf32>, %y: memref<8xf32>) {
  // expected-error @+1 {{the plan is of other operands or loops}}
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : memref<8xf32>) outs(%y : memref<8xf32>) attrs = {kernel.nest = #kernel.nest_plan<{axes = [array<i64: 8, 1, 1, 1>], vector_axis = 0 : i64}>} {
  ^bb0(%in: f32, %out: f32):
    linalg.yield %in : f32
  }
  return
}

// -----

func.func @rejected(%x: memref<8xf32>, %y: memref<8xf32>) {
  // expected-error @+1 {{the plan is of other loops}}
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : memref<8xf32>) outs(%y : memref<8xf32>) attrs = {kernel.nest = #kernel.nest_plan<{axes = [array<i64: 4, 0, 1, 1>], vector_axis = 0 : i64}>} {
  ^bb0(%in: f32, %out: f32):
    linalg.yield %in : f32
  }
  return
}

// -----

func.func @rejected(%x: memref<8xf32>, %y: memref<8xf32>) {
  // expected-error @+1 {{is planned as one of several rows where, and only where, it is done together with others}}
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : memref<8xf32>) outs(%y : memref<8xf32>) attrs = {kernel.nest = #kernel.nest_plan<{axes = [array<i64: 2, 0, 1, 1>], moving = 1 : i64, vector_axis = 0 : i64, row = array<i64: 4, -1, 2, 2>}>} {
  ^bb0(%in: f32, %out: f32):
    linalg.yield %in : f32
  }
  return
}

// -----

func.func @rejected(%x: memref<8xf32>, %y: memref<8xf32>) {
  // expected-error @+1 {{is done together with others by a number, and a plan as one of several rows}}
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : memref<8xf32>) outs(%y : memref<8xf32>) attrs = {kernel.together = 0 : i64} {
  ^bb0(%in: f32, %out: f32):
    linalg.yield %in : f32
  }
  return
}

// -----

func.func @rejected(%x: memref<8xf32>, %y: memref<8xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : memref<8xf32>) outs(%y : memref<8xf32>) attrs = {kernel.nest = #kernel.nest_plan<{axes = [array<i64: 2, 0, 1, 1>], moving = 1 : i64, vector_axis = 0 : i64, row = array<i64: 4, -1, 2, 2>}>, kernel.together = 1 : i64} {
  ^bb0(%in: f32, %out: f32):
    linalg.yield %in : f32
  }
  // expected-error @+1 {{the numbers of ops that are done together rise along their block}}
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : memref<8xf32>) outs(%y : memref<8xf32>) attrs = {kernel.nest = #kernel.nest_plan<{axes = [array<i64: 2, 0, 1, 1>], moving = 1 : i64, vector_axis = 0 : i64, row = array<i64: 4, -1, 2, 2>}>, kernel.together = 0 : i64} {
  ^bb0(%in: f32, %out: f32):
    linalg.yield %in : f32
  }
  return
}

// -----

func.func @rejected(%x: memref<8xf32>, %y: memref<8xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : memref<8xf32>) outs(%y : memref<8xf32>) attrs = {kernel.nest = #kernel.nest_plan<{axes = [array<i64: 2, 0, 1, 1>], moving = 1 : i64, vector_axis = 0 : i64, row = array<i64: 4, -1, 2, 2>}>, kernel.together = 0 : i64} {
  ^bb0(%in: f32, %out: f32):
    linalg.yield %in : f32
  }
  %c0 = arith.constant 0 : index
  // expected-note @+1 {{this}}
  %r = memref.load %x[%c0] : memref<8xf32>
  // expected-error @+1 {{what stands between ops that are done together uses memory}}
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : memref<8xf32>) outs(%y : memref<8xf32>) attrs = {kernel.nest = #kernel.nest_plan<{axes = [array<i64: 2, 0, 1, 1>], moving = 1 : i64, vector_axis = 0 : i64, row = array<i64: 4, -1, 2, 2>}>, kernel.together = 0 : i64} {
  ^bb0(%in: f32, %out: f32):
    linalg.yield %in : f32
  }
  return
}

// -----

func.func @rejected(%x: memref<8xf32>, %y: memref<8xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : memref<8xf32>) outs(%y : memref<8xf32>) attrs = {kernel.nest = #kernel.nest_plan<{axes = [array<i64: 2, 0, 1, 1>], moving = 1 : i64, vector_axis = 0 : i64, row = array<i64: 4, -1, 2, 2>}>, kernel.together = 0 : i64} {
  ^bb0(%in: f32, %out: f32):
    linalg.yield %in : f32
  }
  // expected-error @+1 {{ops that are done together have as many rows}}
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : memref<8xf32>) outs(%y : memref<8xf32>) attrs = {kernel.nest = #kernel.nest_plan<{axes = [array<i64: 4, 0, 1, 1>], moving = 1 : i64, vector_axis = 0 : i64, row = array<i64: 2, -1, 4, 4>}>, kernel.together = 0 : i64} {
  ^bb0(%in: f32, %out: f32):
    linalg.yield %in : f32
  }
  return
}

// -----

// expected-error @+1 {{field 'axes' is malformed}}
func.func private @rejected() attributes {plan = #kernel.nest_plan<{axes = [array<i64: 0, 0, 1, 1>]}>}

// -----

// expected-error @+1 {{field 'form' is malformed}}
func.func private @rejected() attributes {plan = #kernel.nest_plan<{axes = [array<i64: 8, 0, 1, 1>], form = "apart"}>}

// -----

// expected-error @+1 {{field 'moving' is malformed}}
func.func private @rejected() attributes {plan = #kernel.nest_plan<{axes = [array<i64: 8, 0, 1, 1>], moving = -1 : i64}>}

// -----

// expected-error @+1 {{a field is none of a plan's}}
func.func private @rejected() attributes {plan = #kernel.nest_plan<{axes = [array<i64: 8, 0, 1, 1>], moving = 1 : i64, vector_axis = 0 : i64, columns = 4 : i64}>}

// -----

// expected-error @+1 {{a plan has a loop}}
func.func private @rejected() attributes {plan = #kernel.nest_plan<{vector_axis = 0 : i64}>}

// -----

// expected-error @+1 {{every loop has a stride for each operand}}
func.func private @rejected() attributes {plan = #kernel.nest_plan<{axes = [array<i64: 8, 0, 1, 1>], moving = 1 : i64, vector_axis = 0 : i64, row = array<i64: 2, 0, 1>}>}

// -----

// expected-error @+1 {{'vector_axis', 'moving', 'shared', 'parts' and 'group_loop' are of the plan's loops}}
func.func private @rejected() attributes {plan = #kernel.nest_plan<{axes = [array<i64: 8, 0, 1, 1>], moving = 1 : i64, vector_axis = 0 : i64, shared = 1 : i64}>}

// -----

// expected-error @+1 {{vectors have lanes, and lengths are not negative}}
func.func private @rejected() attributes {plan = #kernel.nest_plan<{axes = [array<i64: 8, 0, 1, 1>], moving = 1 : i64, vector_axis = 0 : i64, lanes = 0 : i64}>}

// -----

// expected-error @+1 {{parts and groups have at least one turn}}
func.func private @rejected() attributes {plan = #kernel.nest_plan<{axes = [array<i64: 8, 0, 1, 1>], moving = 1 : i64, vector_axis = 0 : i64, parts = 0 : i64}>}

// -----

// expected-error @+1 {{where there are no parts, none is in scratch memory}}
func.func private @rejected() attributes {plan = #kernel.nest_plan<{axes = [array<i64: 8, 0, 1, 1>], moving = 1 : i64, vector_axis = 0 : i64, parts_in_scratch = true}>}

// -----

// expected-error @+1 {{transposed, lanes run along the last loop, and blocks along the one before}}
func.func private @rejected() attributes {plan = #kernel.nest_plan<{axes = [array<i64: 8, 0, 1, 1>], moving = 1 : i64, vector_axis = 0 : i64, form = "transposed"}>}

// -----

// expected-error @+1 {{interleaved, lanes run along the last loop but one, in pieces}}
func.func private @rejected() attributes {plan = #kernel.nest_plan<{axes = [array<i64: 8, 0, 1, 1>], moving = 1 : i64, vector_axis = 0 : i64, form = "interleaved"}>}

// -----

func.func @rejected(%x: memref<8x4xf32>, %zero: f32) {
  // expected-error @+1 {{'kernel.around' is of a linalg.fill on memrefs: the first and the number of a box's elements along each dimension}}
  linalg.fill {kernel.around = array<i64: 1, 8, 0, 4>} ins(%zero : f32) outs(%x : memref<8x4xf32>)
  return
}
