#ifndef TALWEG_AUTODIFF_PASSES
#define TALWEG_AUTODIFF_PASSES
include "mlir/Pass/PassBase.td"

def Differentiate : Pass<"talweg-differentiate", "::mlir::ModuleOp"> {
  let summary = "puts derivatives in the place of tw.gradient, and the backward pass in that of train.minimize";
  let description = [{
    In: a program in any mode. Out: every tw.gradient is the ops that it stands for, the first of them first; of tw.watch and tw.with_derivative
    the value is left. In the place of each train.minimize stands the cotangent of each of its parameters, in mode train clipped and handed to
    train.update, in mode gradient stored by train.set in the slot `<parameter>.grad`, which the loss's train.report names; norms of gradients are ops, too. A parameter that the
    loss does not reach is an error that names it; so is an op without a derivative on the path. What a branch that was not taken adds
    to a cotangent is 0, also where its derivative is infinite or nan.

    With `of-rows`, in front of what cuts a program into parts of its rows: tw.gradient alone is expanded, and what its ops have for each row is marked
    (Dialect/Tw/Rows.h).
  }];
  let options = [Option<"ofRows", "of-rows", "bool", "false", "expand tw.gradient alone, with marks of rows">];
  let dependentDialects = ["::talweg::tw::TwDialect", "::talweg::train::TrainDialect"];
}

def HoldStopped : Pass<"talweg-hold-stopped", "::mlir::ModuleOp"> {
  let summary = "lets a host hold what tw.stop_gradient takes, for finite differences";
  let description = [{
    In: a program in mode gradient, as it is in front of talweg-differentiate. Out: there are slots of zeros, `<flag>.0`, `<flag>.1`, … of the operands of every
    tw.stop_gradient, and `<flag>` (f64, rank 0), if there is any. In a step that begins with 0 in the flag each keeps its operand; in others tw.stop_gradient takes
    what is kept.
  }];
  let options = [Option<"flag", "flag", "std::string", "\"stopped\"", "the name of the flag, and of its slots">];
  let dependentDialects = ["::talweg::tw::TwDialect", "::talweg::train::TrainDialect"];
}
#endif
