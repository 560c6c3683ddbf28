// fold: dx[d] = dy[map(d)], a window with the same map. Places that nothing is added to are 0
//
// RUN: talweg-opt %s --talweg-differentiate --canonicalize --cse | FileCheck %s
// RUN: talweg gradcheck %s --values | FileCheck %s --check-prefix=NUMBERS

// CHECK:      %[[W:.*]] = train.get @w
// CHECK:      %[[DX:.*]] = tw.window %[[W]] by #[[MAP:.*]] : tensor<5xf64> -> tensor<2x3xf64>
// CHECK:      train.set @x.grad, %[[DX]]

// NUMBERS:      x {{.*}} ok
// NUMBERS-NEXT: [0] analytic 1{{ }}
// NUMBERS-NEXT: [1] analytic -2{{ }}
// NUMBERS-NEXT: [2] analytic 0.5{{ }}
// NUMBERS-NEXT: [3] analytic -2{{ }}
// NUMBERS-NEXT: [4] analytic 0.5{{ }}
// NUMBERS-NEXT: [5] analytic 3{{ }}
// NUMBERS:      w {{.*}} ok
// NUMBERS-NEXT: [0] analytic 1{{ }}
// NUMBERS-NEXT: [1] analytic -1.5{{ }}
// NUMBERS-NEXT: [2] analytic 7{{ }}
// NUMBERS-NEXT: [3] analytic -1.5{{ }}
// NUMBERS-NEXT: [4] analytic {{-?0 }}

train.program "fold" mode gradient batch 1 {
  train.variable parameter @x : tensor<2x3xf64> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<[[1.0, -2.0, 3.0], [0.5, 4.0, -1.5]]> : tensor<2x3xf64>
    train.yield %value : tensor<2x3xf64>
  }
  train.variable parameter @w : tensor<5xf64> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<[1.0, -2.0, 0.5, 3.0, -1.0]> : tensor<5xf64>
    train.yield %value : tensor<5xf64>
  }
  train.objective {
    %x = train.get @x : tensor<2x3xf64>
    %w = train.get @w : tensor<5xf64>
    %y = tw.fold %x by affine_map<(i, j) -> (i + j)> : tensor<2x3xf64> -> tensor<5xf64>
    %product = tw.mul %y, %w : tensor<5xf64>
    %loss = tw.reduce sum %product dims [0] : tensor<5xf64> -> tensor<f64>
    train.report loss "loss", %loss : tensor<f64>
    train.minimize "loss", %loss over [@x, @w] : tensor<f64>
    train.yield
  }
}
