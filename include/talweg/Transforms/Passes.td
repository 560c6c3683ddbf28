#ifndef TALWEG_TRANSFORMS_PASSES
#define TALWEG_TRANSFORMS_PASSES
include "mlir/Pass/PassBase.td"

def Specialize : Pass<"talweg-specialize", "::mlir::ModuleOp"> {
  let summary = "makes the program in one mode of the program in all modes";
  let description = [{
    In: a train.program without a mode. Out: the same in `mode`: train.training is known, and what it decides is decided; predictions yield
    the model's output, and require what is required in front of it and of nothing that it is not computed from; eval and predict have no
    optimizers, and only train sets variables and has reports. Where metrics of several
    steps are no means of the steps', train has an objective that tells them (train.objective). What nothing depends on any more is gone. Variables are those of every mode; what is left
    keeps its order, and random numbers their streams.
  }];
  let options = [Option<"mode", "mode", "std::string", "\"train\"", "train, eval, predict or gradient">];
  let dependentDialects = ["::talweg::tw::TwDialect", "::talweg::train::TrainDialect"];
}

def RollLayers : Pass<"talweg-roll-layers", "::mlir::ModuleOp"> {
  let summary = "makes of layers that are alike a loop over layers";
  let description = [{
    In: a program in all modes, in which train.turn marks the turns of loops of the text. Out: where the turns of one are alike, four at least, and have
    parameters of their own, a tw.scan of `blocks` whose stacks are these parameters' (train.variable with `members`); a remark says why others are
    left as they are. No train.turn is left. Results are equal to the bit.
  }];
  let options = [Option<"unroll", "unroll", "bool", "false", "leave all as they are">,
                 Option<"fewest", "fewest", "int64_t", "4", "turns of a loop that is worth it">];
  let statistics = [Statistic<"rolled", "rolled", "loops over layers">];
  let dependentDialects = ["::talweg::tw::TwDialect"];
}

def SumOverRows : Pass<"talweg-sum-over-rows", "::mlir::ModuleOp"> {
  let summary = "makes numbers that speak of all rows of what is computed of a batch";
  let description = [{
    In: a program in mode eval, without derivatives, with the marks of Dialect/Tw/Rows.h. Out: in place of its objective those of the passes over
    the rows and of the finish (train.objective). What is required is required of batches, in the first pass. A report that is not whole, or
    that mixes rows otherwise than by reductions, is the mean over batches, weighted by their rows. What is of no row stands outside of sums over
    rows where that spares a reading of them (Dialect/Train/SpareReadings.h). What reads all rows more than three times is an error.
  }];
  let options = [Option<"tells", "tells", "bool", "false", "emit remarks on readings of all rows that are spared">];
  let dependentDialects = ["::talweg::tw::TwDialect", "::talweg::train::TrainDialect"];
}

def Accumulate : Pass<"talweg-accumulate", "::mlir::ModuleOp"> {
  let summary = "cuts a step in the sums over a part of its rows and the finish";
  let description = [{
    In: a program in mode train with one loss, with the marks of Dialect/Tw/Rows.h, and for each parameter that is updated a variable of role sum.
    Out: in place of its objective a pass, which adds the derivatives of its rows to these, and the finish, which updates (train.minimize with
    gradients) and sets them to 0. What a state is computed from is of each part by itself, which a warning tells; where a row meets other
    rows otherwise than in a sum of the loss, that is an error.
  }];
  let dependentDialects = ["::talweg::tw::TwDialect", "::talweg::train::TrainDialect"];
}

def FormContractions : Pass<"talweg-form-contractions", "::mlir::ModuleOp"> {
  let summary = "recognizes sums of products of windows as tw.contract";
  let description = "reduce sum (mul (window a) (window b)) becomes contract a, b; shapes and results are equal up to rounding.";
  let options = [Option<"tells", "tells", "bool", "false", "emit remarks on rewrites, with what they spare">,
                 Option<"advises", "advises", "bool", "false", "emit remarks on what would be faster if it were written otherwise">];
  let dependentDialects = ["::talweg::tw::TwDialect"];
}

def BlockScans : Pass<"talweg-block-scans", "::mlir::ModuleOp"> {
  let summary = "makes of a long loop over time a loop over blocks of turns";
  let description = [{
    A tw.scan of more than 128 turns becomes one of `blocks`, whose body is the loop over the turns of a block; turns that are left are a loop of
    their own. Results are equal.
  }];
  let statistics = [Statistic<"blocked", "blocked", "loops cut into blocks">];
  let dependentDialects = ["::talweg::tw::TwDialect"];
}

def LiftOutOfScans : Pass<"talweg-lift-out-of-scans", "::mlir::ModuleOp"> {
  let summary = "takes out of loops over time what can be computed for all turns at once";
  let description = [{
    Products, reductions and lookups of a tw.scan that do not depend on what is carried stand in front of it, those that only lead to what is
    emitted, or to a sum over the turns, behind it, with one more outer dimension (Liftable); of such a sum the turns are one more loop. Results are equal up
    to rounding.
  }];
  let statistics = [Statistic<"ahead", "ahead", "ops put in front of a loop">,
                    Statistic<"behind", "behind", "ops put behind a loop">];
  let dependentDialects = ["::talweg::tw::TwDialect"];
}

def JoinScans : Pass<"talweg-join-scans", "::mlir::ModuleOp"> {
  let summary = "puts loops over slices of what another loop emits into that loop";
  let description = [{
    A tw.scan of `blocks` that carries nothing and takes slices of what one of as many turns in front of it emits becomes a part of that, where all else that it
    reads is known in front of both. Results are equal to the bit.
  }];
  let statistics = [Statistic<"joined", "joined", "loops put into another">];
  let dependentDialects = ["::talweg::tw::TwDialect"];
}

def ShareContractions : Pass<"talweg-share-contractions", "::mlir::ModuleOp"> {
  let summary = "computes contractions that are the same once, and sums of those with a common factor as one";
  let description = [{
    Contractions that differ only in the order of their factors, in the names of their indices or in the order of the result's dimensions are one tw.contract
    and its transposes: equal up to rounding. A tw.add or tw.sub of contractions that have a factor in common, and that nothing else reads, becomes the
    contraction of that factor with the sum of the others, which rounds no worse: Σ a f + Σ b f = Σ (a + b) f.
  }];
  let options = [Option<"tells", "tells", "bool", "false", "emit remarks on what is spared">];
  let statistics = [Statistic<"shared", "shared", "contractions found again">,
                    Statistic<"added", "added", "contractions added up by a common factor">];
  let dependentDialects = ["::talweg::tw::TwDialect"];
}

def LoopOverRows : Pass<"talweg-loop-over-rows", "::mlir::ModuleOp"> {
  let summary = "computes row by row what is large between products of a row of the batch with itself";
  let description = [{
    A tw.contract whose result has many more numbers than what it reads of each factor, as the scores of an attention, becomes, with all that reads or
    makes tensors as large, the body of a tw.scan over the rows of the batch, if what comes in and goes out is smaller. Where there are very many numbers,
    those of all layers counted, the loop is `recomputed`: they are not kept for the derivative. What it computes is equal; other rewrites then see
    its body by itself.
  }];
  let options = [Option<"tells", "tells", "bool", "false", "emit remarks on products that stay as they are, and why">];
  let statistics = [Statistic<"loops", "loops", "loops made">];
  let dependentDialects = ["::talweg::tw::TwDialect"];
}

def FormMultiplyAdds : Pass<"talweg-form-multiply-adds", "::mlir::ModuleOp"> {
  let summary = "says which sums are multiply-adds, which round once";
  let description = [{
    A tw.add or tw.sub of floats that reads a tw.mul which nothing else reads gets the attribute `joined`, the number of that operand: both are computed in
    one operation, wherever and however often they are. No other pass forms or breaks a multiply-add.
  }];
  let statistics = [Statistic<"formed", "formed", "multiply-adds">];
}

def ConditionsOfResults : Pass<"talweg-conditions-of-results", "::mlir::ModuleOp"> {
  let summary = "tells conditions of what was selected by them";
  let description = [{
    In: derivatives as ops. Of y = x where x > c and else c, what reads x > c behind y reads y > c, which is the same to the bit, if nothing else reads x:
    then x, which a derivative would have kept, is not. Likewise with <, and of y = c where x <= c or x >= c, and else x.
  }];
  let statistics = [Statistic<"told", "told", "conditions that are told of results">];
  let dependentDialects = ["::talweg::tw::TwDialect"];
}

def SparseGradients : Pass<"talweg-sparse-gradients", "::mlir::ModuleOp"> {
  let summary = "hands the gradients of tables to their optimizers as rows";
  let description = [{
    In: gradients as values. Out: where a table is only looked up, train.update has the rows that were named and their sums,
    each once, in place of a tensor of the table's shape; norms and clips are taken of these. A table that is looked up and updated as a
    whole is told of in a remark, with the reason; where its optimizer is `lazy`, that is an error.
  }];
  let statistics = [Statistic<"sparse", "sparse", "gradients that are rows">];
  let dependentDialects = ["::talweg::tw::TwDialect", "::talweg::train::TrainDialect"];
}

def ExpandUpdate : Pass<"talweg-expand-update", "::mlir::ModuleOp"> {
  let summary = "replaces every train.update by its optimizer's body at the parameter's shape";
  let description = [{
    In their order: an update takes what those in front have left, and what reads a parameter behind it takes the new value. An update of rows
    (talweg-sparse-gradients) applies the rule to these; to the others, with 0 for the gradient, unless the rule then leaves them as they are
    or is `lazy`. Out: train.get of
    the slots, tw ops, one train.set of each parameter and slot, train.report once per rule; norms of parameters and updates. No train.update,
    no train.optimizer and no train.norm is left.
  }];
  let dependentDialects = ["::talweg::tw::TwDialect", "::talweg::train::TrainDialect"];
}

def AssignStorage : Pass<"talweg-assign-storage", "::mlir::ModuleOp"> {
  let summary = "gives every train.variable its offset in the persistent storage";
  let description = "In the order of the ops, each at the next multiple of 64 bytes.";
  let dependentDialects = ["::talweg::train::TrainDialect"];
}

def TraceNumbers : Pass<"talweg-trace-numbers", "::mlir::ModuleOp"> {
  let summary = "makes a step tell the ranges of the values that it computes";
  let description = [{
    Runs only where numbers that are not finite are looked for, on what talweg-assign-storage leaves. Of each value of floats, in loops of each turn, the step
    tells the least and the greatest number, or nan where one is: train.report of tables. All else is computed as without it. Which values these are is told
    to whoever made the pass (NumberSites.h), or as remarks.
  }];
  let statistics = [Statistic<"traced", "traced", "values whose ranges are known">];
  let dependentDialects = ["::talweg::tw::TwDialect", "::talweg::train::TrainDialect"];
}
#endif
