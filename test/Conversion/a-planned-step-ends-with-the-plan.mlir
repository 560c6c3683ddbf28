// RUN: talweg-opt %s --talweg-train-to-loops | FileCheck %s
// What a schedule reads as the number of the step is at most the plan's number of steps; a rule's own counts on. Only who reads the latter knows the end.

// CHECK:       train.program "Counted"
// CHECK-NOT:   knows_end
// CHECK-LABEL: func.func @talweg_step
// CHECK:         %[[STEP:.*]] = tensor.extract %[[OWN:.*]][] : tensor<f64>
// CHECK:         %[[LEAST:.*]] = arith.minimumf %[[STEP]]
// CHECK:         %[[PLANNED:.*]] = tensor.from_elements %[[LEAST]] : tensor<f64>
// CHECK:         tw.sub %[[OWN]], %[[PLANNED]]
train.program "Counted" mode train batch 4 {
  train.objective {
    %own = train.step : tensor<f64>
    %planned = train.step planned : tensor<f64>
    %loss = tw.sub %own, %planned : tensor<f64>
    train.report loss "loss", %loss : tensor<f64>
    train.yield
  }
}
