// require: a fault where the condition does not hold; no derivative, and nothing else changes
//
// RUN: talweg-opt %s --talweg-differentiate --canonicalize --cse | FileCheck %s
// RUN: not talweg gradcheck %s 2>&1 | FileCheck %s --check-prefix=FAULT
// RUN: sed 's/-1.0, 0.5/1.0, 0.5/' %s > %t.mlir && talweg gradcheck %t.mlir --values | FileCheck %s --check-prefix=NUMBERS

// What always holds is gone.
// CHECK:      %[[X:.*]] = train.get @x
// CHECK:      %[[C:.*]] = tw.compare gt %[[X]]
// CHECK-NEXT: tw.require %[[C]] telling %[[X]] "x is {}" {help = "choose another x"} : tensor<3xi1>, tensor<3xf64>
// CHECK-NOT:  tw.require
// CHECK:      train.set @x.grad

// FAULT:      error: x is -1 [E0856]
// FAULT:      note: in row 0 of the data
// FAULT-NEXT: help: choose another x

// NUMBERS:      x {{.*}} ok
// NUMBERS-NEXT: [0] analytic 4{{ }}
// NUMBERS-NEXT: [1] analytic 2{{ }}
// NUMBERS-NEXT: [2] analytic 1{{ }}

train.program "require" mode gradient batch 1 {
  train.variable parameter @x : tensor<3xf64> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<[2.0, -1.0, 0.5]> : tensor<3xf64>
    train.yield %value : tensor<3xf64>
  }
  train.objective {
    %x = train.get @x : tensor<3xf64>
    %zero = tw.constant dense<0.0> : tensor<3xf64>
    %one = tw.constant dense<1.0> : tensor<3xf64>
    %positive = tw.compare gt %x, %zero : tensor<3xf64> -> tensor<3xi1>
    tw.require %positive telling %x "x is {}" {help = "choose another x"} : tensor<3xi1>, tensor<3xf64>
    %always = tw.compare gt %one, %zero : tensor<3xf64> -> tensor<3xi1>
    tw.require %always "never" : tensor<3xi1>
    %square = tw.mul %x, %x : tensor<3xf64>
    %loss = tw.reduce sum %square dims [0] : tensor<3xf64> -> tensor<f64>
    train.report loss "loss", %loss : tensor<f64>
    train.minimize "loss", %loss over [@x] : tensor<f64>
    train.yield
  }
}
