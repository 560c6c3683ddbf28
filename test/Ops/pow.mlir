// pow: da = b a^(b-1) dy, 0 where b = 0 and that is nan; db = y log a dy, 0 where a = 0
//
// RUN: talweg-opt %s --talweg-differentiate --canonicalize --cse | FileCheck %s
// RUN: talweg gradcheck %s --values | FileCheck %s --check-prefix=NUMBERS

// CHECK:      %[[A:.*]] = train.get @a
// CHECK:      %[[B:.*]] = train.get @b
// CHECK:      %[[W:.*]] = train.get @w
// CHECK:      %[[Y:.*]] = tw.pow %[[A]], %[[B]]
// CHECK-DAG:  %[[LOWER:.*]] = tw.pow %[[A]], %{{.*}}
// CHECK-DAG:  %[[SLOPE:.*]] = tw.mul %[[B]], %[[LOWER]]
// CHECK-DAG:  %[[PRODUCT:.*]] = tw.mul %[[SLOPE]], %{{.*}}
// CHECK-DAG:  %[[NONE:.*]] = tw.compare eq %[[B]]
// CHECK-DAG:  %[[NAN:.*]] = tw.compare ne %[[PRODUCT]], %[[PRODUCT]]
// CHECK-DAG:  %[[SPOILT:.*]] = tw.and %[[NONE]], %[[NAN]]
// CHECK-DAG:  %[[DA:.*]] = tw.select %[[SPOILT]]
// CHECK-DAG:  %[[LOG:.*]] = tw.log %[[A]]
// CHECK-DAG:  %[[PART:.*]] = tw.mul %[[Y]], %[[LOG]]
// CHECK-DAG:  %[[ZERO:.*]] = tw.compare eq %[[A]]
// CHECK-DAG:  %[[DB:.*]] = tw.select %[[ZERO]]
// CHECK:      train.set @a.grad, %[[DA]]
// CHECK:      train.set @b.grad, %[[DB]]

// NUMBERS:      a {{.*}} ok
// NUMBERS-NEXT: [0] analytic 0.8838834764
// NUMBERS-NEXT: [1] analytic 0.5303300858
// NUMBERS-NEXT: [2] analytic {{-?0 }}
// NUMBERS-NEXT: [3] analytic {{-?0 }}
// NUMBERS-NEXT: [4] analytic -108{{ }}
// NUMBERS:      b {{.*}} ok
// NUMBERS-NEXT: [0] analytic -0.1225322679
// NUMBERS-NEXT: [1] analytic -0.4901290717
// NUMBERS-NEXT: [2] analytic {{-?0 }}
// NUMBERS-NEXT: [3] analytic {{-?0 }}
// NUMBERS-NEXT: [4] analytic -88.98759538
// NUMBERS:      w {{.*}} ok
// NUMBERS-NEXT: [0] analytic 0.1767766952
// NUMBERS-NEXT: [1] analytic 0.3535533905
// NUMBERS-NEXT: [2] analytic {{-?0 }}
// NUMBERS-NEXT: [3] analytic 1{{ }}
// NUMBERS-NEXT: [4] analytic 81{{ }}

train.program "pow" mode gradient batch 1 {
  train.variable parameter @a : tensor<5xf64> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<[0.5, 2.0, 0.0, 1.0, 3.0]> : tensor<5xf64>
    train.yield %value : tensor<5xf64>
  }
  train.variable parameter @b : tensor<5xf64> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<[2.5, -1.5, 3.0, 0.0, 4.0]> : tensor<5xf64>
    train.yield %value : tensor<5xf64>
  }
  train.variable parameter @w : tensor<5xf64> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<[1.0, -2.0, 0.5, 3.0, -1.0]> : tensor<5xf64>
    train.yield %value : tensor<5xf64>
  }
  train.objective {
    %a = train.get @a : tensor<5xf64>
    %b = train.get @b : tensor<5xf64>
    %w = train.get @w : tensor<5xf64>
    %y = tw.pow %a, %b : tensor<5xf64>
    %product = tw.mul %y, %w : tensor<5xf64>
    %loss = tw.reduce sum %product dims [0] : tensor<5xf64> -> tensor<f64>
    train.report loss "loss", %loss : tensor<f64>
    train.minimize "loss", %loss over [@a, @b, @w] : tensor<f64>
    train.yield
  }
}
