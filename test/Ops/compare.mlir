// compare: a condition, so no cotangent passes. The six predicates are the binary digits of a number
//
// RUN: talweg-opt %s --talweg-differentiate --canonicalize --cse | FileCheck %s
// RUN: talweg gradcheck %s --values | FileCheck %s --check-prefix=NUMBERS

// CHECK:      %[[X:.*]] = train.get @x
// CHECK:      %[[W:.*]] = train.get @w
// CHECK:      train.set @x.grad, %[[W]]

// NUMBERS:      x {{.*}} ok
// NUMBERS-NEXT: [0] analytic 1{{ }}
// NUMBERS-NEXT: [1] analytic -2{{ }}
// NUMBERS-NEXT: [2] analytic 0.5{{ }}
// NUMBERS-NEXT: [3] analytic 3{{ }}
// NUMBERS-NEXT: [4] analytic -1{{ }}
// NUMBERS:      w {{.*}} ok
// NUMBERS-NEXT: [0] analytic 11.5{{ }}
// NUMBERS-NEXT: [1] analytic 49.5{{ }}
// NUMBERS-NEXT: [2] analytic 14.25{{ }}
// NUMBERS-NEXT: [3] analytic 51.75{{ }}
// NUMBERS-NEXT: [4] analytic 17.5{{ }}

train.program "compare" mode gradient batch 1 {
  train.variable parameter @x : tensor<5xf64> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<[-2.5, -0.5, 0.25, 1.75, 3.5]> : tensor<5xf64>
    train.yield %value : tensor<5xf64>
  }
  train.variable parameter @w : tensor<5xf64> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<[1.0, -2.0, 0.5, 3.0, -1.0]> : tensor<5xf64>
    train.yield %value : tensor<5xf64>
  }
  train.objective {
    %x = train.get @x : tensor<5xf64>
    %w = train.get @w : tensor<5xf64>
    %k = tw.constant dense<[-2.0, -1.0, 0.5, 0.75, 4.0]> : tensor<5xf64>
    %eq = tw.compare eq %x, %k : tensor<5xf64> -> tensor<5xi1>
    %eq_number = tw.convert %eq : tensor<5xi1> -> tensor<5xf64>
    %eq_digit = tw.constant dense<1.0> : tensor<5xf64>
    %eq_part = tw.mul %eq_number, %eq_digit : tensor<5xf64>
    %ne = tw.compare ne %x, %k : tensor<5xf64> -> tensor<5xi1>
    %ne_number = tw.convert %ne : tensor<5xi1> -> tensor<5xf64>
    %ne_digit = tw.constant dense<2.0> : tensor<5xf64>
    %ne_part = tw.mul %ne_number, %ne_digit : tensor<5xf64>
    %ne_sum = tw.add %eq_part, %ne_part : tensor<5xf64>
    %lt = tw.compare lt %x, %k : tensor<5xf64> -> tensor<5xi1>
    %lt_number = tw.convert %lt : tensor<5xi1> -> tensor<5xf64>
    %lt_digit = tw.constant dense<4.0> : tensor<5xf64>
    %lt_part = tw.mul %lt_number, %lt_digit : tensor<5xf64>
    %lt_sum = tw.add %ne_sum, %lt_part : tensor<5xf64>
    %le = tw.compare le %x, %k : tensor<5xf64> -> tensor<5xi1>
    %le_number = tw.convert %le : tensor<5xi1> -> tensor<5xf64>
    %le_digit = tw.constant dense<8.0> : tensor<5xf64>
    %le_part = tw.mul %le_number, %le_digit : tensor<5xf64>
    %le_sum = tw.add %lt_sum, %le_part : tensor<5xf64>
    %gt = tw.compare gt %x, %k : tensor<5xf64> -> tensor<5xi1>
    %gt_number = tw.convert %gt : tensor<5xi1> -> tensor<5xf64>
    %gt_digit = tw.constant dense<16.0> : tensor<5xf64>
    %gt_part = tw.mul %gt_number, %gt_digit : tensor<5xf64>
    %gt_sum = tw.add %le_sum, %gt_part : tensor<5xf64>
    %ge = tw.compare ge %x, %k : tensor<5xf64> -> tensor<5xi1>
    %ge_number = tw.convert %ge : tensor<5xi1> -> tensor<5xf64>
    %ge_digit = tw.constant dense<32.0> : tensor<5xf64>
    %ge_part = tw.mul %ge_number, %ge_digit : tensor<5xf64>
    %f = tw.add %gt_sum, %ge_part : tensor<5xf64>
    %y = tw.add %x, %f : tensor<5xf64>
    %product = tw.mul %y, %w : tensor<5xf64>
    %loss = tw.reduce sum %product dims [0] : tensor<5xf64> -> tensor<f64>
    train.report loss "loss", %loss : tensor<f64>
    train.minimize "loss", %loss over [@x, @w] : tensor<f64>
    train.yield
  }
}
