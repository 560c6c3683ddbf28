#ifndef TALWEG_AUTODIFF_PASSES
#define TALWEG_AUTODIFF_PASSES
include "mlir/Pass/PassBase.td"

def Differentiate : Pass<"talweg-differentiate", "::mlir::ModuleOp"> {
  let summary = "appends the backward pass to the objective (modes train and gradient)";
  let description = [{
    In: a program whose objective yields the loss. Out: the same objective, followed by the cotangent of every parameter that is not
    frozen, handed to train.update. A parameter that the loss does not reach is an error that names it; so is an op without
    a derivative on the path. In mode gradient the cotangent is stored by train.set in the slot `<parameter>.grad`. What a branch that was
    not taken adds to a cotangent is 0, also where its derivative is infinite or nan.
  }];
  let dependentDialects = ["::talweg::tw::TwDialect", "::talweg::train::TrainDialect"];
}
#endif
