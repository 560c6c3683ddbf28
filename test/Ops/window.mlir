// window: dx[map(d)] += dy[d], a fold with the same map. Strided and overlapping here
//
// RUN: talweg-opt %s --talweg-differentiate --canonicalize --cse | FileCheck %s
// RUN: talweg gradcheck %s --values | FileCheck %s --check-prefix=NUMBERS

// CHECK:      %[[W:.*]] = train.get @w
// CHECK:      %[[DX:.*]] = tw.fold %[[W]] by #[[MAP:.*]] : tensor<2x2x2xf64> -> tensor<6xf64>
// CHECK:      train.set @x.grad, %[[DX]]

// NUMBERS:      x {{.*}} ok
// NUMBERS-NEXT: [0] analytic 1{{ }}
// NUMBERS-NEXT: [1] analytic 5{{ }}
// NUMBERS-NEXT: [2] analytic 3{{ }}
// NUMBERS-NEXT: [3] analytic 2.5{{ }}
// NUMBERS-NEXT: [4] analytic -3{{ }}
// NUMBERS-NEXT: [5] analytic {{-?0 }}
// NUMBERS:      w {{.*}} ok
// NUMBERS-NEXT: [0] analytic 1{{ }}
// NUMBERS-NEXT: [1] analytic -2{{ }}
// NUMBERS-NEXT: [2] analytic -2{{ }}
// NUMBERS-NEXT: [3] analytic 3{{ }}
// NUMBERS-NEXT: [4] analytic 3{{ }}
// NUMBERS-NEXT: [5] analytic 0.5{{ }}
// NUMBERS-NEXT: [6] analytic 0.5{{ }}
// NUMBERS-NEXT: [7] analytic 4{{ }}

train.program "window" mode gradient batch 1 {
  train.variable parameter @x : tensor<6xf64> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<[1.0, -2.0, 3.0, 0.5, 4.0, -1.5]> : tensor<6xf64>
    train.yield %value : tensor<6xf64>
  }
  train.variable parameter @w : tensor<2x2x2xf64> {
  ^bb0(%key: tensor<2xi64>):
    %value = tw.constant dense<[[[1.0, 2.0], [3.0, 4.0]], [[-1.0, 0.5], [2.0, -3.0]]]> : tensor<2x2x2xf64>
    train.yield %value : tensor<2x2x2xf64>
  }
  train.objective {
    %x = train.get @x : tensor<6xf64>
    %w = train.get @w : tensor<2x2x2xf64>
    %y = tw.window %x by affine_map<(i, j, k) -> (2 * i + j + k)> : tensor<6xf64> -> tensor<2x2x2xf64>
    %product = tw.mul %y, %w : tensor<2x2x2xf64>
    %loss = tw.reduce sum %product dims [0, 1, 2] : tensor<2x2x2xf64> -> tensor<f64>
    train.report loss "loss", %loss : tensor<f64>
    train.minimize "loss", %loss over [@x, @w] : tensor<f64>
    train.yield
  }
}
