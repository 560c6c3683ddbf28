// What is large between two products of a row of the batch with itself is computed row by row.
// RUN: talweg-opt %s --split-input-file --talweg-loop-over-rows=tells --verify-diagnostics | FileCheck %s

#queries = affine_map<(n, h, t, s, d) -> (n, t, h, d)>
#keys = affine_map<(n, h, t, s, d) -> (n, s, h, d)>
#scores = affine_map<(n, h, t, s, d) -> (n, h, t, s)>
#ofRow = affine_map<(n, h, t, s) -> (n, h, t)>
#mask = affine_map<(n, h, t, s) -> (t, s)>
#first = affine_map<(t, s) -> (t)>
#second = affine_map<(t, s) -> (s)>
#values = affine_map<(n, h, t, d, s) -> (n, s, h, d)>
#weights = affine_map<(n, h, t, d, s) -> (n, h, t, s)>
#result = affine_map<(n, h, t, d, s) -> (n, t, h, d)>

// The mask is the same for all rows, and computed in each; the sums are as small as the queries, and stay inside, like the greatest scores.
// CHECK-LABEL: func.func @attention(
// CHECK-SAME: %[[Q:.*]]: tensor<4x160x2x8xf32>, %[[K:.*]]: tensor<4x160x2x8xf32>, %[[V:.*]]: tensor<4x160x2x8xf32>
// CHECK: %[[LOOP:.*]] = tw.scan 4 blocks along %[[Q]], %[[K]], %[[V]] : {{.*}} -> tensor<4x160x2x8xf32> {
// CHECK-NEXT: ^bb0(%{{.*}}: tensor<i32>, %[[OWN:.*]]: tensor<160x2x8xf32>, %[[KEYS:.*]]: tensor<160x2x8xf32>, %[[VALUES:.*]]: tensor<160x2x8xf32>):
// CHECK: %[[SCORES:.*]] = tw.contract %[[OWN]], %[[KEYS]] over [2, 160, 160, 8] {{.*}} -> tensor<2x160x160xf32>
// CHECK: %[[PLACE:.*]] = tw.iota 0 : tensor<160xi32>
// CHECK: %[[MASK:.*]] = tw.compare le
// CHECK: %[[SPREAD:.*]] = tw.window %[[MASK]] {{.*}} -> tensor<2x160x160xi1>
// CHECK: %[[LEFT:.*]] = tw.constant dense<0xFF800000> : tensor<2x160x160xf32>
// CHECK: %[[MASKED:.*]] = tw.select %[[SPREAD]], %[[SCORES]], %[[LEFT]]
// CHECK: %[[GREATEST:.*]] = tw.reduce max %[[MASKED]] dims [2] : tensor<2x160x160xf32> -> tensor<2x160xf32>
// CHECK: tw.stop_gradient %[[GREATEST]] : tensor<2x160xf32>
// CHECK: tw.exp
// CHECK: %[[Y:.*]] = tw.contract %{{.*}}, %[[VALUES]] over [2, 160, 8, 160] {{.*}} -> tensor<160x2x8xf32>
// CHECK-NEXT: tw.yield %[[Y]]
// CHECK: return %[[LOOP]]
func.func @attention(%q: tensor<4x160x2x8xf32>, %k: tensor<4x160x2x8xf32>, %v: tensor<4x160x2x8xf32>)
    -> tensor<4x160x2x8xf32> {
  %place = tw.iota 0 : tensor<160xi32>
  %s = tw.window %place by #second : tensor<160xi32> -> tensor<160x160xi32>
  %t = tw.window %place by #first : tensor<160xi32> -> tensor<160x160xi32>
  %below = tw.compare le %s, %t : tensor<160x160xi32> -> tensor<160x160xi1>
  %mask = tw.window %below by #mask : tensor<160x160xi1> -> tensor<4x2x160x160xi1>
  %none = tw.constant dense<0xFF800000> : tensor<4x2x160x160xf32>
  %scores = tw.contract %q, %k over [4, 2, 160, 160, 8] a #queries b #keys y #scores : tensor<4x160x2x8xf32>, tensor<4x160x2x8xf32> -> tensor<4x2x160x160xf32>
  %masked = tw.select %mask, %scores, %none : tensor<4x2x160x160xi1>, tensor<4x2x160x160xf32>
  %max = tw.reduce max %masked dims [3] : tensor<4x2x160x160xf32> -> tensor<4x2x160xf32>
  %fixed = tw.stop_gradient %max : tensor<4x2x160xf32>
  %spread = tw.window %fixed by #ofRow : tensor<4x2x160xf32> -> tensor<4x2x160x160xf32>
  %less = tw.sub %masked, %spread : tensor<4x2x160x160xf32>
  %exp = tw.exp %less : tensor<4x2x160x160xf32>
  %y = tw.contract %exp, %v over [4, 2, 160, 8, 160] a #weights b #values y #result : tensor<4x2x160x160xf32>, tensor<4x160x2x8xf32> -> tensor<4x160x2x8xf32>
  return %y : tensor<4x160x2x8xf32>
}

// -----

// So many are computed again for the derivative.
#a = affine_map<(n, t, s, d) -> (n, t, d)>
#b = affine_map<(n, t, s, d) -> (n, s, d)>
#y = affine_map<(n, t, s, d) -> (n, t, s)>
// CHECK-LABEL: func.func @many(
// CHECK: tw.scan 4 blocks recomputed along
func.func @many(%q: tensor<4x1024x8xf32>) -> tensor<4x1024xf32> {
  %scores = tw.contract %q, %q over [4, 1024, 1024, 8] a #a b #b y #y : tensor<4x1024x8xf32>, tensor<4x1024x8xf32> -> tensor<4x1024x1024xf32>
  %sum = tw.reduce sum %scores dims [2] : tensor<4x1024x1024xf32> -> tensor<4x1024xf32>
  return %sum : tensor<4x1024xf32>
}

// -----

// What is larger than caches already, or is small, or is a row's product with what all rows share, stays as it is, without a word.
#a = affine_map<(n, t, s, d) -> (n, t, d)>
#b = affine_map<(n, t, s, d) -> (n, s, d)>
#shared = affine_map<(n, t, s, d) -> (s, d)>
#y = affine_map<(n, t, s, d) -> (n, t, s)>
// CHECK-LABEL: func.func @others(
// CHECK-NOT: tw.scan
func.func @others(%x: tensor<4x160x160xf32>, %q: tensor<4x64x8xf32>, %z: tensor<4x256x8xf32>, %w: tensor<512x8xf32>)
    -> (tensor<4x160xf32>, tensor<4x64xf32>, tensor<4x256xf32>) {
  %0 = tw.contract %x, %x over [4, 160, 160, 160] a #a b #b y #y : tensor<4x160x160xf32>, tensor<4x160x160xf32> -> tensor<4x160x160xf32>
  %1 = tw.reduce sum %0 dims [2] : tensor<4x160x160xf32> -> tensor<4x160xf32>
  %2 = tw.contract %q, %q over [4, 64, 64, 8] a #a b #b y #y : tensor<4x64x8xf32>, tensor<4x64x8xf32> -> tensor<4x64x64xf32>
  %3 = tw.reduce sum %2 dims [2] : tensor<4x64x64xf32> -> tensor<4x64xf32>
  %4 = tw.contract %z, %w over [4, 256, 512, 8] a #a b #shared y #y : tensor<4x256x8xf32>, tensor<512x8xf32> -> tensor<4x256x512xf32>
  %5 = tw.reduce sum %4 dims [2] : tensor<4x256x512xf32> -> tensor<4x256xf32>
  return %1, %3, %5 : tensor<4x160xf32>, tensor<4x64xf32>, tensor<4x256xf32>
}

// -----

// A row that is computed of other rows, although it looks like the others.
#a = affine_map<(n, t, s, d) -> (n, t, d)>
#b = affine_map<(n, t, s, d) -> (n, s, d)>
#y = affine_map<(n, t, s, d) -> (n, t, s)>
#others = affine_map<(n, t, s) -> (t, s)>
// CHECK-LABEL: func.func @crossed(
// CHECK-NOT: tw.scan
func.func @crossed(%q: tensor<384x384x1xf32>) -> tensor<384x384xf32> {
  // expected-remark @+1 {{a row is computed of other rows}}
  %0 = tw.contract %q, %q over [384, 384, 384, 1] a #a b #b y #y : tensor<384x384x1xf32>, tensor<384x384x1xf32> -> tensor<384x384x384xf32>
  %1 = tw.reduce max %0 dims [2] : tensor<384x384x384xf32> -> tensor<384x384xf32>
  %2 = tw.window %1 by #others : tensor<384x384xf32> -> tensor<384x384x384xf32>
  %3 = tw.sub %0, %2 : tensor<384x384x384xf32>
  %4 = tw.reduce sum %3 dims [2] : tensor<384x384x384xf32> -> tensor<384x384xf32>
  return %4 : tensor<384x384xf32>
}

// -----

// Rows that depend on each other, numbers that are read elsewhere, and what all rows share and is computed are told.
#a = affine_map<(n, t, s, d) -> (n, t, d)>
#b = affine_map<(n, t, s, d) -> (n, s, d)>
#y = affine_map<(n, t, s, d) -> (n, t, s)>
#spread = affine_map<(n, t, s) -> (t, s)>
// CHECK-LABEL: func.func @refused(
// CHECK-NOT: tw.scan
func.func @refused(%q: tensor<4x256x8xf32>, %bias: tensor<256x256xf32>)
    -> (tensor<f32>, tensor<4x256x256xf32>, tensor<4x256xf32>) {
  // expected-remark @+1 {{larger than its factors, and not computed row by row: `tw.reduce` reads or makes it, which is not row by row}}
  %0 = tw.contract %q, %q over [4, 256, 256, 8] a #a b #b y #y : tensor<4x256x8xf32>, tensor<4x256x8xf32> -> tensor<4x256x256xf32>
  %1 = tw.reduce sum %0 dims [0, 1, 2] : tensor<4x256x256xf32> -> tensor<f32>
  // expected-remark @+1 {{`func.return` reads or makes it}}
  %2 = tw.contract %q, %q over [4, 256, 256, 8] a #a b #b y #y : tensor<4x256x8xf32>, tensor<4x256x8xf32> -> tensor<4x256x256xf32>
  %3 = tw.exp %2 : tensor<4x256x256xf32>
  // expected-remark @+1 {{all rows share a tensor that is computed}}
  %4 = tw.contract %q, %q over [4, 256, 256, 8] a #a b #b y #y : tensor<4x256x8xf32>, tensor<4x256x8xf32> -> tensor<4x256x256xf32>
  %5 = tw.window %bias by #spread : tensor<256x256xf32> -> tensor<4x256x256xf32>
  %6 = tw.add %4, %5 : tensor<4x256x256xf32>
  %7 = tw.reduce sum %6 dims [2] : tensor<4x256x256xf32> -> tensor<4x256xf32>
  return %1, %3, %7 : tensor<f32>, tensor<4x256x256xf32>, tensor<4x256xf32>
}

// -----

// A row's random numbers are those that it has of all rows'.
#a = affine_map<(n, t, s, d) -> (n, t, d)>
#b = affine_map<(n, t, s, d) -> (n, s, d)>
#y = affine_map<(n, t, s, d) -> (n, t, s)>
// CHECK-LABEL: func.func @dropped(
// CHECK-SAME: %[[Q:.*]]: tensor<4x256x8xf32>, %[[KEY:.*]]: tensor<2xi64>, %[[AT:.*]]: tensor<i64>
// CHECK: tw.scan 4 blocks along %[[Q]] : tensor<4x256x8xf32> with %[[KEY]], %[[AT]] : tensor<2xi64>, tensor<i64>
// CHECK-NEXT: ^bb0(%[[TURN:.*]]: tensor<i32>, %{{.*}}: tensor<256x8xf32>, %[[OWN:.*]]: tensor<2xi64>, %[[OFFSET:.*]]: tensor<i64>):
// CHECK: %[[COUNT:.*]] = tw.constant dense<65536> : tensor<i64>
// CHECK: %[[NUMBER:.*]] = tw.convert %[[TURN]] : tensor<i32> -> tensor<i64>
// CHECK: %[[FROM:.*]] = tw.mul %[[NUMBER]], %[[COUNT]]
// CHECK: %[[FIRST:.*]] = tw.add %[[OFFSET]], %[[FROM]]
// CHECK: tw.uniform %[[OWN]] stream 7 from %[[FIRST]] : tensor<i64> : tensor<2xi64> -> tensor<256x256xf32>
func.func @dropped(%q: tensor<4x256x8xf32>, %key: tensor<2xi64>, %at: tensor<i64>) -> tensor<4x256xf32> {
  %rate = tw.constant dense<0.1> : tensor<4x256x256xf32>
  %zero = tw.constant dense<0.0> : tensor<4x256x256xf32>
  %scores = tw.contract %q, %q over [4, 256, 256, 8] a #a b #b y #y : tensor<4x256x8xf32>, tensor<4x256x8xf32> -> tensor<4x256x256xf32>
  %u = tw.uniform %key stream 7 from %at : tensor<i64> : tensor<2xi64> -> tensor<4x256x256xf32>
  %out = tw.compare lt %u, %rate : tensor<4x256x256xf32> -> tensor<4x256x256xi1>
  %left = tw.select %out, %zero, %scores : tensor<4x256x256xi1>, tensor<4x256x256xf32>
  %sum = tw.reduce sum %left dims [2] : tensor<4x256x256xf32> -> tensor<4x256xf32>
  return %sum : tensor<4x256xf32>
}

// -----

// Where no cache holds what a row has, a turn is a head of a row, for which queries, keys and values are laid out.
#queries = affine_map<(n, h, t, s, d) -> (n, t, 0, h, d)>
#keys = affine_map<(n, h, t, s, d) -> (n, s, 1, h, d)>
#scores = affine_map<(n, h, t, s, d) -> (n, h, t, s)>
#values = affine_map<(n, h, t, d, s) -> (n, s, 2, h, d)>
#weights = affine_map<(n, h, t, d, s) -> (n, h, t, s)>
#result = affine_map<(n, h, t, d, s) -> (n, t, h, d)>
// CHECK: #[[FIRST:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d2, 0, d1, d3)>
// CHECK: #[[SECOND:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d2, 1, d1, d3)>
// CHECK: #[[THIRD:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d2, 2, d1, d3)>
// CHECK-LABEL: func.func @heads(
// CHECK-SAME: %[[QKV:.*]]: tensor<2x640x3x2x8xf32>
// CHECK-DAG: %[[Q:.*]] = tw.window %[[QKV]] by #[[FIRST]] : tensor<2x640x3x2x8xf32> -> tensor<2x2x640x8xf32>
// CHECK-DAG: %[[K:.*]] = tw.window %[[QKV]] by #[[SECOND]] : tensor<2x640x3x2x8xf32> -> tensor<2x2x640x8xf32>
// CHECK-DAG: %[[V:.*]] = tw.window %[[QKV]] by #[[THIRD]] : tensor<2x640x3x2x8xf32> -> tensor<2x2x640x8xf32>
// CHECK-DAG: %[[QS:.*]] = tw.reshape %[[Q]] : tensor<2x2x640x8xf32> -> tensor<4x640x8xf32>
// CHECK-DAG: %[[KS:.*]] = tw.reshape %[[K]]
// CHECK-DAG: %[[VS:.*]] = tw.reshape %[[V]]
// CHECK: %[[LOOP:.*]] = tw.scan 4 blocks along %[[QS]], %[[KS]], %[[VS]]
// CHECK-NEXT: ^bb0(%{{.*}}: tensor<i32>, %[[OWN:.*]]: tensor<640x8xf32>, %[[KEYS:.*]]: tensor<640x8xf32>, %[[VALUES:.*]]: tensor<640x8xf32>):
// CHECK-NEXT: %[[SCORES:.*]] = tw.contract %[[OWN]], %[[KEYS]] over [640, 640, 8] {{.*}} -> tensor<640x640xf32>
// CHECK-NEXT: %[[EXP:.*]] = tw.exp %[[SCORES]]
// CHECK-NEXT: %[[Y:.*]] = tw.contract %[[EXP]], %[[VALUES]] over [640, 8, 640] {{.*}} -> tensor<640x8xf32>
// CHECK-NEXT: tw.yield %[[Y]]
// CHECK: %[[ALL:.*]] = tw.reshape %[[LOOP]] : tensor<4x640x8xf32> -> tensor<2x2x640x8xf32>
// CHECK: tw.window %[[ALL]] by #{{.*}} : tensor<2x2x640x8xf32> -> tensor<2x640x2x8xf32>
func.func @heads(%qkv: tensor<2x640x3x2x8xf32>) -> tensor<2x640x2x8xf32> {
  %scores = tw.contract %qkv, %qkv over [2, 2, 640, 640, 8] a #queries b #keys y #scores : tensor<2x640x3x2x8xf32>, tensor<2x640x3x2x8xf32> -> tensor<2x2x640x640xf32>
  %exp = tw.exp %scores : tensor<2x2x640x640xf32>
  %y = tw.contract %exp, %qkv over [2, 2, 640, 8, 640] a #weights b #values y #result : tensor<2x2x640x640xf32>, tensor<2x640x3x2x8xf32> -> tensor<2x640x2x8xf32>
  return %y : tensor<2x640x2x8xf32>
}

// -----

// What all heads of a row read, and is small, each gets; what is not keeps a row together. One row is heads, if caches do not hold it.
#a = affine_map<(n, h, t, s, d) -> (n, t, h, d)>
#b = affine_map<(n, h, t, s, d) -> (n, s, h, d)>
#y = affine_map<(n, h, t, s, d) -> (n, h, t, s)>
#own = affine_map<(n, h, t, s) -> (n, s)>
#bias = affine_map<(n, h, t, s) -> (n, t, s)>
// CHECK-LABEL: func.func @together(
// CHECK-SAME: %{{.*}}: tensor<2x640x2x8xf32>, %[[SEEN:.*]]: tensor<2x640xf32>
// CHECK: %[[EACH:.*]] = tw.window %[[SEEN]] by #{{.*}} : tensor<2x640xf32> -> tensor<2x2x640xf32>
// CHECK: %[[STACK:.*]] = tw.reshape %[[EACH]] : tensor<2x2x640xf32> -> tensor<4x640xf32>
// CHECK: tw.scan 4 blocks along {{.*}}%[[STACK]]{{.*}} -> tensor<4x640xf32>
// CHECK: tw.scan 2 blocks along {{.*}}, tensor<2x640x640xf32> -> tensor<2x2x640xf32>
// CHECK: tw.scan 2 blocks along {{.*}} -> tensor<2x640xf32>
// CHECK-NOT: tw.scan
func.func @together(%q: tensor<2x640x2x8xf32>, %seen: tensor<2x640xf32>, %biases: tensor<2x640x640xf32>, %long: tensor<1x640x2x8xf32>, %one: tensor<1x320x2x8xf32>)
    -> (tensor<2x2x640xf32>, tensor<2x2x640xf32>, tensor<1x2x640xf32>, tensor<1x2x320xf32>) {
  %scores = tw.contract %q, %q over [2, 2, 640, 640, 8] a #a b #b y #y : tensor<2x640x2x8xf32>, tensor<2x640x2x8xf32> -> tensor<2x2x640x640xf32>
  %spread = tw.window %seen by #own : tensor<2x640xf32> -> tensor<2x2x640x640xf32>
  %masked = tw.mul %scores, %spread : tensor<2x2x640x640xf32>
  %sum = tw.reduce sum %masked dims [3] : tensor<2x2x640x640xf32> -> tensor<2x2x640xf32>
  %others = tw.contract %q, %q over [2, 2, 640, 640, 8] a #a b #b y #y : tensor<2x640x2x8xf32>, tensor<2x640x2x8xf32> -> tensor<2x2x640x640xf32>
  %all = tw.window %biases by #bias : tensor<2x640x640xf32> -> tensor<2x2x640x640xf32>
  %biased = tw.add %others, %all : tensor<2x2x640x640xf32>
  %sumOfAll = tw.reduce sum %biased dims [3] : tensor<2x2x640x640xf32> -> tensor<2x2x640xf32>
  %many = tw.contract %long, %long over [1, 2, 640, 640, 8] a #a b #b y #y : tensor<1x640x2x8xf32>, tensor<1x640x2x8xf32> -> tensor<1x2x640x640xf32>
  %longest = tw.reduce sum %many dims [3] : tensor<1x2x640x640xf32> -> tensor<1x2x640xf32>
  %few = tw.contract %one, %one over [1, 2, 320, 320, 8] a #a b #b y #y : tensor<1x320x2x8xf32>, tensor<1x320x2x8xf32> -> tensor<1x2x320x320xf32>
  %sums = tw.reduce sum %few dims [3] : tensor<1x2x320x320xf32> -> tensor<1x2x320xf32>
  return %sum, %sumOfAll, %longest, %sums : tensor<2x2x640xf32>, tensor<2x2x640xf32>, tensor<1x2x640xf32>, tensor<1x2x320xf32>
}

// -----

// A mask of places and of how many each row has, computed for all with the row last: what it is computed of is read in each turn, and products see the
// places that it leaves out.
#a = affine_map<(n, t, s, d) -> (n, t, d)>
#b = affine_map<(n, t, s, d) -> (n, s, d)>
#y = affine_map<(n, t, s, d) -> (n, t, s)>
#first = affine_map<(t, s) -> (t)>
#second = affine_map<(t, s) -> (s)>
#apart = affine_map<(s, n) -> (s)>
#row = affine_map<(s, n) -> (n)>
#places = affine_map<(t, s, n) -> (t, s)>
#rows = affine_map<(t, s, n) -> (s, n)>
#mask = affine_map<(n, t, s) -> (t, s, n)>
// CHECK-LABEL: func.func @masked(
// CHECK-SAME: %[[Q:.*]]: tensor<4x256x8xf32>, %[[COUNTS:.*]]: tensor<4xi32>
// CHECK: tw.scan 4 blocks along
// CHECK-NEXT: ^bb0(%{{.*}}: tensor<i32>, {{.*}}%[[COUNT:[a-z0-9]*]]: tensor<i32>{{.*}}):
// CHECK: %[[MOST:.*]] = tw.window %[[COUNT]] by #{{.*}} : tensor<i32> -> tensor<256x256xi32>
// CHECK: %[[SEEN:.*]] = tw.compare lt %{{.*}}, %[[MOST]] : tensor<256x256xi32> -> tensor<256x256xi1>
// CHECK: %[[BEFORE:.*]] = tw.compare le %{{.*}} : tensor<256x256xi32> -> tensor<256x256xi1>
// CHECK: %[[PLACES:.*]] = tw.window %[[BEFORE]]
// CHECK: %[[BOTH:.*]] = tw.and %[[PLACES]], %[[SEEN]] : tensor<256x256xi1>
// CHECK: tw.select %[[BOTH]]
func.func @masked(%q: tensor<4x256x8xf32>, %counts: tensor<4xi32>) -> tensor<4x256xf32> {
  %zero = tw.constant dense<0.0> : tensor<4x256x256xf32>
  %place = tw.iota 0 : tensor<256xi32>
  %s = tw.window %place by #second : tensor<256xi32> -> tensor<256x256xi32>
  %t = tw.window %place by #first : tensor<256xi32> -> tensor<256x256xi32>
  %before = tw.compare le %s, %t : tensor<256x256xi32> -> tensor<256x256xi1>
  %own = tw.window %place by #apart : tensor<256xi32> -> tensor<256x4xi32>
  %most = tw.window %counts by #row : tensor<4xi32> -> tensor<256x4xi32>
  %there = tw.compare lt %own, %most : tensor<256x4xi32> -> tensor<256x4xi1>
  %x = tw.window %before by #places : tensor<256x256xi1> -> tensor<256x256x4xi1>
  %w = tw.window %there by #rows : tensor<256x4xi1> -> tensor<256x256x4xi1>
  %both = tw.and %x, %w : tensor<256x256x4xi1>
  %mask = tw.window %both by #mask : tensor<256x256x4xi1> -> tensor<4x256x256xi1>
  %scores = tw.contract %q, %q over [4, 256, 256, 8] a #a b #b y #y : tensor<4x256x8xf32>, tensor<4x256x8xf32> -> tensor<4x256x256xf32>
  %left = tw.select %mask, %scores, %zero : tensor<4x256x256xi1>, tensor<4x256x256xf32>
  %sum = tw.reduce sum %left dims [2] : tensor<4x256x256xf32> -> tensor<4x256xf32>
  return %sum : tensor<4x256xf32>
}
