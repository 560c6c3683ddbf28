// The cotangent of a select is 0 where its branch is not taken, and stays 0 where it meets the derivative of sqrt, which is
// infinite or nan there. Only what is nan is replaced, so that the product keeps its derivative by a cotangent that is 0 by chance.
// A factor that is finite, because its argument is positive, needs no guard and gets none.
//
// RUN: talweg-opt %s --talweg-differentiate --canonicalize --cse | FileCheck %s

// CHECK:      train.objective
// CHECK-DAG:  %[[ZERO:.*]] = tw.constant dense<0.0
// CHECK:      %[[ROOT:.*]] = tw.sqrt
// CHECK:      tw.reduce sum
// CHECK:      %[[DY:.*]] = tw.select %{{.*}}, %{{.*}}, %[[ZERO]]
// CHECK-NEXT: %[[DROOT:.*]] = tw.mul %[[SCALE:.*]], %[[DY]]
// CHECK-NEXT: %[[DSCALE:.*]] = tw.mul %[[ROOT]], %[[DY]]
// CHECK-NEXT: %[[NONE:.*]] = tw.compare eq %[[DY]], %[[ZERO]]
// CHECK-NEXT: %[[NAN:.*]] = tw.compare ne %[[DSCALE]], %[[DSCALE]]
// CHECK-NEXT: %[[SPOILT:.*]] = tw.and %[[NONE]], %[[NAN]]
// CHECK-NEXT: %[[STRONG:.*]] = tw.select %[[SPOILT]], %[[ZERO]], %[[DSCALE]]
// CHECK:      %[[HALF:.*]] = tw.mul %[[DROOT]]
// CHECK-NEXT: %[[DX:.*]] = tw.div %[[HALF]], %[[ROOT]]
// CHECK-NEXT: %[[NONE:.*]] = tw.compare eq %[[HALF]], %[[ZERO]]
// CHECK-NEXT: %[[NAN:.*]] = tw.compare ne %[[DX]], %[[DX]]
// CHECK-NEXT: %[[SPOILT:.*]] = tw.and %[[NONE]], %[[NAN]]
// CHECK-NEXT: %[[STRONG:.*]] = tw.select %[[SPOILT]], %[[ZERO]], %[[DX]]
// CHECK-NOT:  tw.select
// CHECK:      train.set @x.grad, %[[STRONG]]

train.program "branch" mode gradient batch 1 {
  train.variable parameter @x : tensor<3xf64> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<[4.0, 0.0, -1.0]> : tensor<3xf64>
    train.yield %value : tensor<3xf64>
  }
  train.variable parameter @z : tensor<3xf64> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf64>
    train.yield %value : tensor<3xf64>
  }
  train.objective {
    %x = train.get @x : tensor<3xf64>
    %z = train.get @z : tensor<3xf64>
    %zero = tw.constant dense<0.0> : tensor<3xf64>
    %eps = tw.constant dense<1.0e-5> : tensor<3xf64>
    %square = tw.mul %z, %z : tensor<3xf64>
    %shifted = tw.add %square, %eps : tensor<3xf64>
    %scale = tw.rsqrt %shifted : tensor<3xf64>
    %root = tw.sqrt %x : tensor<3xf64>
    %scaled = tw.mul %root, %scale : tensor<3xf64>
    %taken = tw.compare gt %x, %zero : tensor<3xf64> -> tensor<3xi1>
    %y = tw.select %taken, %scaled, %zero : tensor<3xi1>, tensor<3xf64>
    %loss = tw.reduce sum %y dims [0] : tensor<3xf64> -> tensor<f64>
    train.report loss "loss", %loss : tensor<f64>
    train.minimize "loss", %loss over [@x, @z] : tensor<f64>
    train.yield
  }
}
