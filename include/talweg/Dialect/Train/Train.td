// The training dialect: what is learnt, from which data, towards which objective, by which rule. One module holds one
// train.program, built for one batch size; the storage of parameters, states and slots is the same in every mode and for every
// batch size.
//
// Life of a program. The frontend's output is the program in every mode: declarations, the plan, the optimizers as
// shape-polymorphic rules, the forward pass in `objective`. talweg-specialize makes of it the program in one mode. Then come the phases
// that `talweg compile` can stop after:
//   graph     simplified
//   gradient  talweg-differentiate: the backward pass of each loss stands in front of its train.minimize; one train.update for each of its
//             parameters
//   update    talweg-expand-update: every train.update is the optimizer's body at the parameter's shape, ending in train.set
//   linalg    talweg-train-to-loops and talweg-tw-to-linalg: functions over raw storage (the ABI is in Runtime/Abi.h). Of the program
//             the declarations are left, and stay to the end: what a host must know stands on them (Pipeline/Collect.h)
//   vector    talweg-place-variables: how each variable lies in memory is known
#ifndef TALWEG_TRAIN
#define TALWEG_TRAIN

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/IR/RegionKindInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"

def Train_Dialect : Dialect {
  let name = "train";
  let cppNamespace = "::talweg::train";
  let useDefaultAttributePrinterParser = 1;
}

// The enums are Support/Manifest.h's, for hosts know them too. In text each is its name, behind a space of its own.
class Train_EnumParameter<string enum> : AttrParameter<enum, ""> {
  let printer = "$_printer << ::llvm::StringRef(::talweg::nameOf($_self))";
}
class Train_Enum<string enum, string name> : AttrDef<Train_Dialect, enum> {
  let mnemonic = name;
  let parameters = (ins Train_EnumParameter<"::talweg::" # enum>:$value);
  let assemblyFormat = "$value";
  let returnType = "::talweg::" # enum;
  let convertFromStorage = "$_self.getValue()";
  let constBuilderCall = cppNamespace # "::" # enum # "Attr::get($_builder.getContext(), $0)";
}
def Train_Mode : Train_Enum<"Mode", "mode">;
def Train_Role : Train_Enum<"Role", "role">;
def Train_Told : Train_Enum<"Told", "told">;
def Train_Combine : Train_Enum<"Combine", "combine">;
def Train_Measured : Train_Enum<"Measured", "measured">;

def Train_Part : AttrDef<Train_Dialect, "Part"> {
  let summary = "which part of a step an op belongs to, and the parameter that is updated there: metadata of its location";
  let mnemonic = "part";
  let parameters = (ins Train_EnumParameter<"::talweg::Part">:$part,
                        OptionalParameter<"::mlir::FlatSymbolRefAttr">:$variable);
  let assemblyFormat = "`<` $part (`of` $variable^)? `>`";
}

def Train_Clip : AttrDef<Train_Dialect, "Clip"> {
  let summary = "what is limited of the gradients of these parameters";
  let mnemonic = "clip";
  let parameters = (ins Train_EnumParameter<"::talweg::Limit">:$limit, "::mlir::ArrayAttr":$parameters);
  let assemblyFormat = "`<` $limit `of` $parameters `>`";
}

def Train_Symbols : TypedArrayAttrBase<FlatSymbolRefAttr, "symbols">;

class Train_Op<string mnemonic, list<Trait> traits> : Op<Train_Dialect, mnemonic, traits>;

def ProgramOp : Train_Op<"program", [SymbolTable, NoTerminator, SingleBlock, IsolatedFromAbove]> {
  let summary = "one experiment at one batch size, in one mode or, without `mode`, in all";
  let description = [{
    Of a lowered program: `knows_end`, if a step reads the plan's number of steps.
    Modes are train, eval, predict and gradient: talweg::Mode. `real`: the type that stands for the language's f32: f32 or f64. There is at
    most one train.plan, splits and reported numbers have names of their own, and hypers are at places 0, 1, …. `outputs`: in mode predict,
    the `parts` of train.output.
  }];
  let arguments = (ins StrAttr:$name, OptionalAttr<Train_Mode>:$mode, I64Attr:$batch,
                       OptionalAttr<TypeAttr>:$real, UnitAttr:$knows_end,
                       OptionalAttr<TypedArrayAttrBase<DenseI64ArrayAttr, "shapes">>:$outputs);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$name (`mode` `` $mode^)? `batch` $batch (`real` $real^)? attr-dict-with-keyword $body";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Whether only its declarations are left, beside the functions that they speak of.
    bool isLowered();
    /// The computation of a step. A lowered program has none, which is an error here (reported).
    ::mlir::FailureOr<ObjectiveOp> findObjective();
  }];
}

def FieldOp : Train_Op<"field", [Symbol, HasParent<"ProgramOp">]> {
  let summary = "one column of the data: the type of one record's value, as stored";
  let description = [{
    `classes` bounds the labels of a class field: values are 0 to classes-1, checked when data is loaded. `columns`: the columns of a table
    that hold it, each by its name or by its number from 0. `names` are those of the classes; `category`: they are learned. `steps`: what is
    done to the cells (Support/Step.h), each {name, values, named}. With a `window` {begin, end, stride}, whose size is the first extent of the type, a
    record's value consists of rows of the data, from `begin` to before `end` counted from its own, which have one value in the
    column `window_by`, if there is one. Of a lowered program: `read`, if a step reads it, and `range` [low, high),
    where the program requires it to be, or compares it with positions.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttr:$type, OptionalAttr<I64Attr>:$classes,
                       OptionalAttr<ArrayAttr>:$columns, UnitAttr:$read, OptionalAttr<DenseI64ArrayAttr>:$range,
                       OptionalAttr<StrArrayAttr>:$names, UnitAttr:$category, OptionalAttr<ArrayAttr>:$steps,
                       OptionalAttr<DenseI64ArrayAttr>:$window, OptionalAttr<StrAttr>:$window_by);
  let assemblyFormat = [{$sym_name `:` $type (`classes` $classes^)? (`columns` $columns^)? (`read` $read^)? (`in` $range^)?
                         attr-dict}];
  let hasVerifier = 1;
}

def SplitOp : Train_Op<"split", [HasParent<"ProgramOp">]> {
  let summary = "a part of the data: the files it is read from, and how";
  let description = [{
    `files` are as the program names them: a relative path begins at the program's own folder. `options` are what Data/Formats.h
    has for the format: true or false, i64, text, or array<i64: begin, end>.
  }];
  let arguments = (ins StrAttr:$name, StrAttr:$format, StrArrayAttr:$files, DictionaryAttr:$options);
  let assemblyFormat = "$name `=` $format $files $options attr-dict";
  let hasVerifier = 1;
}

def PlanOp : Train_Op<"plan", [HasParent<"ProgramOp">]> {
  let summary = "how long and on what a run trains";
  let description = [{
    `data` names the data declaration; at most one of `epochs` and `steps` is there; `validate` counts steps; `accumulate` is the number of batches of a step
    (without it, 1); all four are from 1; `seed` is the key of all
    random numbers (64 bits, unsigned). `keep`: the variables of the validation at which the number of this name is least, or `greatest`, are
    kept. `constants` are the names and texts of what was fixed when the file was elaborated.

    What a run looks at by itself (Support/Notices.h): `early` is {name, greatest, patience}; `stop` lists alternatives, each a list of {name, is,
    value}; `budget_seconds`, `budget_steps`; `on_nan`, and under `rollback` the number of `rollbacks`.

    `saved`: patterns of the parameters that moments hold; the others, which are frozen, are found where the run began. Without it, all are saved.
  }];
  let arguments = (ins StrAttr:$data, OptionalAttr<I64Attr>:$epochs, OptionalAttr<I64Attr>:$steps,
                       OptionalAttr<I64Attr>:$validate, OptionalAttr<I64Attr>:$accumulate, OptionalAttr<StrAttr>:$keep,
                       UnitAttr:$greatest, I64Attr:$seed, DictionaryAttr:$constants, OptionalAttr<DictionaryAttr>:$early,
                       OptionalAttr<ArrayAttr>:$stop, OptionalAttr<F64Attr>:$budget_seconds,
                       OptionalAttr<I64Attr>:$budget_steps, OptionalAttr<StrAttr>:$on_nan,
                       OptionalAttr<I64Attr>:$rollbacks, OptionalAttr<StrArrayAttr>:$saved);
  let assemblyFormat = [{ $data (`epochs` $epochs^)? (`steps` $steps^)? (`validate` $validate^)? (`accumulate` $accumulate^)?
                          (`keep` $keep^ (`greatest` $greatest^)?)? `seed` $seed $constants attr-dict }];
  let hasVerifier = 1;
}

def HyperOp : Train_Op<"hyper", [Symbol, HasParent<"ProgramOp">]> {
  let summary = "a number that may change between steps without recompilation (f64); `index` is its place in the hyper array";
  let arguments = (ins SymbolNameAttr:$sym_name, F64Attr:$value, I64Attr:$index);
  let assemblyFormat = "$sym_name `=` $value `at` $index attr-dict";
  let hasVerifier = 1;
}

def VariableOp : Train_Op<"variable", [Symbol, HasParent<"ProgramOp">, SingleBlock, IsolatedFromAbove]> {
  let summary = "a tensor that persists from step to step";
  let description = [{
    Roles are parameter, state (never differentiated), slot, sum, average and carried: talweg::Role. What is carried has something for each row of
    the greatest batch, which that row leaves to the same row of the next batch. A parameter of bf16, or an average, is the upper half of
    f32 numbers (tw.high_half); the lower half is the slot `<parameter>.low`, of ui16, without which it must be frozen. The body computes the initial value from the seed and
    yields it; its single argument is the key for random numbers, tensor<2xi64>; of a lowered program there is no body. `offset` is the
    position in the persistent storage in bytes, set by talweg-assign-storage. `block`: it is stored as [n / block, .., block] of
    [.., n]; 0 or without it in row-major order. It is set by talweg-place-variables, unless another module of the program has chosen before.

    A stack has `members`, the names that hosts know its slices by, along its first dimensions in row-major order: variables of layers that are
    alike (talweg-roll-layers). `places`: where each stands among the variables that a host knows.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, Train_Role:$role, TypeAttr:$type, OptionalAttr<I64Attr>:$offset,
                       UnitAttr:$frozen, OptionalAttr<I64Attr>:$block, OptionalAttr<StrArrayAttr>:$members,
                       OptionalAttr<DenseI64ArrayAttr>:$places);
  let regions = (region MaxSizedRegion<1>:$init);
  let builders = [OpBuilder<(ins "::llvm::StringRef":$name, "::talweg::Role":$role, "::mlir::RankedTensorType":$type)>];
  let assemblyFormat = [{`` $role $sym_name `:` $type (`frozen` $frozen^)? (`offset` $offset^)? (`block` $block^)?
                         (`members` $members^ (`at` $places^)?)? attr-dict-with-keyword ($init^)?}];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Bytes of its value in storage; conditions take a whole byte each.
    int64_t getBytes();
    /// Whether it is the upper half of f32 numbers: a parameter of bf16, or the average of one.
    bool isSplit();
    /// The type that an update computes it in, and of its gradient: its own or, of a split one, f32.
    ::mlir::RankedTensorType getUpdatedType();
    /// Of a stack: how many dimensions a member has.
    int64_t getMemberRank();
    /// Of a split parameter: the slot of its lower half.
    std::string getLowHalfName();
    ::mlir::RankedTensorType getLowHalfType();
  }];
}

def OptimizerOp : Train_Op<"optimizer", [Symbol, HasParent<"ProgramOp">, SingleBlock, IsolatedFromAbove]> {
  let summary = "an update rule, for any shape of parameter";
  let description = [{
    Body arguments: the parameter, its gradient, then one argument for each name in `slots`, all of type tensor<*xT>. Reads
    hyper-parameters and the step with train.get_hyper and train.step. Yields the new parameter, then each slot's new
    value. Of the rule of an average: the average in place of the parameter, and the parameter in place of its gradient. `report` names the extra scalars (f64, rank 0) yielded after these, such as "lr", reported once a step from the
    first parameter that the rule updates. A `lazy` one updates the rows of a table that a step has looked up, and leaves the others and their
    slots as they are.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, StrArrayAttr:$slots, StrArrayAttr:$report, UnitAttr:$lazy);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name `slots` $slots `report` $report (`lazy` $lazy^)? attr-dict-with-keyword $body";
  let hasVerifier = 1;
}

def ObjectiveOp : Train_Op<"objective", [HasParent<"ProgramOp">, SingleBlock, IsolatedFromAbove]> {
  let summary = "the computation of one step";
  let description = [{
    Body arguments: one batch of each field, tensor<batch x shape x storage type>, in the order of the field ops, and behind these what the rows
    carry: of each variable that is carried as many of its first rows. Its statements run in order: what follows a train.minimize sees the parameters that it left. Yields, in mode predict, the model's output, [batch, …]; else
    nothing.

    Where something speaks of more rows than a batch has (talweg-sum-over-rows, talweg-accumulate), a program has several, in order: one for each
    `pass` over the rows, from 0, whose train.partials are combined over all batches, and the `finish`, which takes no rows and tells the numbers.
    In mode train the last can be one that tells, of what has been combined of several steps, the reports that are `of_sums`.
  }];
  let arguments = (ins OptionalAttr<I64Attr>:$pass, UnitAttr:$finish, UnitAttr:$tell);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "(`pass` $pass^)? (`finish` $finish^)? (`tell` $tell^)? attr-dict-with-keyword $body";
  let hasVerifier = 1;
}

def ColumnOp : Train_Op<"column", [HasParent<"ProgramOp">]> {
  let summary = "of a lowered program: a number that each step tells, in their order";
  let description = [{
    `is_loss`: of a metric, its value is the first loss itself. `over`: of a loss in mode gradient, the parameters whose gradients lie in
    the slots `gradients`. `shape`: of a table. `every`: the last of so many steps alone tells it; the number is NaN in the others.
    `of_sums`: of several steps, the objective that tells has it.
  }];
  let arguments = (ins Train_Told:$told, StrAttr:$name, UnitAttr:$is_loss, OptionalAttr<Train_Symbols>:$over,
                       OptionalAttr<Train_Symbols>:$gradients, OptionalAttr<DenseI64ArrayAttr>:$shape,
                       OptionalAttr<I64Attr>:$every, UnitAttr:$of_sums);
  let assemblyFormat = [{ $told $name (`is` `loss` $is_loss^)? (`over` $over^ `in` $gradients)? (`shape` $shape^)?
                          (`every` $every^)? (`of` `sums` $of_sums^)? attr-dict }];
}

def SumOp : Train_Op<"sum", [HasParent<"ProgramOp">]> {
  let summary = "of a lowered program: numbers that batches tell and the host combines, in their order; `count` of them";
  let arguments = (ins Train_Combine:$combine, I64Attr:$count, I64Attr:$pass);
  let assemblyFormat = "$combine $count `pass` $pass attr-dict";
}

def PredictionOp : Train_Op<"prediction", [HasParent<"ProgramOp">]> {
  let summary = "of a lowered program in mode predict: the type of its output, of the whole batch";
  let arguments = (ins TypeAttr:$type);
  let assemblyFormat = "$type attr-dict";
}

def FaultOp : Train_Op<"fault", [HasParent<"ProgramOp">]> {
  let summary = "of a lowered program: what it requires, in the order of the numbers that Runtime/Abi.h has for them";
  let description = "As in tw.require: `message`, `{}` standing for the value, `help` and `not_finite`; the place is the op's location.";
  let arguments = (ins StrAttr:$message, OptionalAttr<StrAttr>:$help, UnitAttr:$not_finite);
  let assemblyFormat = "$message (`help` $help^)? attr-dict";
}

def WorkOp : Train_Op<"work", [HasParent<"ProgramOp">]> {
  let summary = "of a lowered program: twice the products of all contractions of a step, and the number of these; bytes of variables";
  let description = [{
    `moved` are the bytes of variables that a step must move at least: training reads and writes every trained parameter and every state and
    slot once and reads frozen parameters; prediction reads parameters and states. Of a table that is looked up alone these are its rows, as
    many as a step names at most.
  }];
  let arguments = (ins I64Attr:$flops, I64Attr:$contractions, I64Attr:$moved);
  let assemblyFormat = "$flops `flops` `in` $contractions `moving` $moved attr-dict";
}

def GetOp : Train_Op<"get", [DeclareOpInterfaceMethods<SymbolUserOpInterface>, MemoryEffects<[MemRead]>]> {
  let summary = "the value of a variable at this point of the step";
  let description = "The upper half of a split parameter is read as it is, in bf16, or as a number of f32.";
  let arguments = (ins FlatSymbolRefAttr:$variable);
  let results = (outs AnyTensor:$value);
  let assemblyFormat = "$variable attr-dict `:` type($value)";
}

def SetOp : Train_Op<"set", [DeclareOpInterfaceMethods<SymbolUserOpInterface>, MemoryEffects<[MemWrite]>]> {
  let summary = "gives a variable its new value; takes effect at the end of the step";
  let arguments = (ins FlatSymbolRefAttr:$variable, AnyTensor:$value);
  let assemblyFormat = "$variable `,` $value attr-dict `:` type($value)";
}

def CarryOp : Train_Op<"carry", [DeclareOpInterfaceMethods<SymbolUserOpInterface>, MemoryEffects<[MemWrite]>]> {
  let summary = "what the rows of this batch leave to those of the next; takes effect at the end of the step, in every mode but gradient";
  let arguments = (ins FlatSymbolRefAttr:$variable, AnyTensor:$value);
  let assemblyFormat = "$variable `,` $value attr-dict `:` type($value)";
}

def UpdateOp : Train_Op<"update", [DeclareOpInterfaceMethods<SymbolUserOpInterface>, MemoryEffects<[MemWrite]>]> {
  let summary = "hands a parameter's gradient to its optimizer, perhaps in the last of `every` steps alone";
  let description = [{
    With `rows` [P], the gradient of a table [R, W..] is zero but in these, and is given there: [P, W..]. They are different from each other, but for
    those that are R, which name none.
  }];
  let arguments = (ins FlatSymbolRefAttr:$variable, AnyTensor:$gradient, Optional<AnyTensor>:$rows, FlatSymbolRefAttr:$optimizer,
                       OptionalAttr<I64Attr>:$every);
  let assemblyFormat = [{
    $variable `by` $optimizer (`every` $every^)? `,` $gradient (`at` $rows^)? attr-dict `:` type($gradient) (`,` type($rows)^)?
  }];
  let hasVerifier = 1;
}

def AverageOp : Train_Op<"average", [DeclareOpInterfaceMethods<SymbolUserOpInterface>, MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = "takes what a parameter is at this point of the step into its average";
  let description = "The average has the parameter's type. Modes eval and predict read it in place of the parameter.";
  let arguments = (ins FlatSymbolRefAttr:$average, FlatSymbolRefAttr:$parameter, FlatSymbolRefAttr:$rule);
  let assemblyFormat = "$average `of` $parameter `by` $rule attr-dict";
}

def MinimizeOp : Train_Op<"minimize", [DeclareOpInterfaceMethods<SymbolUserOpInterface>, AttrSizedOperandSegments,
                                    MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = "a loss is made smaller: each parameter gets the value that its rule makes of its gradient";
  let description = [{
    `over` lists the parameters, `by` the optimizer of each (not needed in mode gradient, where the gradients are kept and nothing is
    updated). What follows sees the new values. `limits` (f64, rank 0): in front of the updates, gradients are clipped as `clips` say, one for each
    limit: by min(1, limit / (norm + 1e-6)), where the norm of the parameters' gradients together is reported, or each number to
    [-limit, limit]. `every`: only the last of so many steps (from 2) does this; in the others the loss is skipped, and nothing changes.
    `gradients`: of each parameter, where they are known; else they are the loss's. `finite`: the loss, and norms that gradients are clipped by,
    are required to be finite before anything is changed.
  }];
  let arguments = (ins StrAttr:$name, AnyTensor:$loss, Variadic<AnyTensor>:$limits, Variadic<AnyTensor>:$gradients, Train_Symbols:$over,
                       OptionalAttr<Train_Symbols>:$by, OptionalAttr<TypedArrayAttrBase<Train_Clip, "clips">>:$clips,
                       OptionalAttr<I64Attr>:$every, UnitAttr:$finite);
  let assemblyFormat = [{$name `,` $loss (`finite` $finite^)? `over` $over (`by` $by^)? (`every` $every^)? (`clip` $limits^ `as` $clips `:` type($limits))?
                         (`gradients` $gradients^ `:` type($gradients))? attr-dict `:` type($loss)}];
  let hasVerifier = 1;
}

def NormOp : Train_Op<"norm", [DeclareOpInterfaceMethods<SymbolUserOpInterface>, MemoryEffects<[MemRead]>]> {
  let summary = "the norm of several parameters' gradients, values or updates together (f64, rank 0); only where parameters are updated";
  let description = [{
    The square root of the sum of all squares: the numbers of a tensor are summed in its type, the sums of tensors in f64. Gradients are those of
    every loss in front, before they are clipped. Values are those at the beginning of the step; an update is what the losses in front have added
    to these.
  }];
  let arguments = (ins Train_Measured:$measured, Train_Symbols:$of);
  let results = (outs AnyTensor:$value);
  let assemblyFormat = "$measured `of` $of attr-dict `:` type($value)";
  let hasVerifier = 1;
}

def ReportOp : Train_Op<"report", [MemoryEffects<[MemWrite]>]> {
  let summary = "a number (rank 0) that is told to the host each step, under a name";
  let description = [{
    `over`, `gradients`, `every` and `of_sums`: those of train.column. In mode eval it speaks of the whole split if it is `whole`: reductions over the batch are over all rows, and
    train.rows is their number. Otherwise it is the mean over batches, weighted by their rows. A `table` has any shape, and is told in mode eval alone.
  }];
  let arguments = (ins Train_Told:$told, StrAttr:$name, AnyTensor:$value, OptionalAttr<Train_Symbols>:$over,
                       OptionalAttr<Train_Symbols>:$gradients, UnitAttr:$whole, OptionalAttr<I64Attr>:$every,
                       UnitAttr:$of_sums);
  let builders = [OpBuilder<(ins "::talweg::Told":$told, "::llvm::StringRef":$name, "::mlir::Value":$value,
                                 CArg<"::mlir::IntegerAttr", "{}">:$every),
                            [{ build($_builder, $_state, told, name, value, {}, {}, false, every, false); }]>];
  let assemblyFormat = [{(`whole` $whole^)? $told $name `,` $value (`over` $over^ `in` $gradients)? (`every` $every^)?
                         (`of` `sums` $of_sums^)? attr-dict
                         `:` type($value)}];
  let hasVerifier = 1;
}

def PartialOp : Train_Op<"partial", [MemoryEffects<[MemWrite]>]> {
  let summary = "what a batch adds to a combination over all of them (f64, rank 0 or 1), at these places among all such numbers";
  let arguments = (ins Train_Combine:$combine, AnyTensor:$value, I64Attr:$at);
  let assemblyFormat = "$combine $value `at` $at attr-dict `:` type($value)";
  let hasVerifier = 1;
}

def CombinedOp : Train_Op<"combined", [Pure]> {
  let summary = "what train.partials of an earlier pass at these places are together, over all batches (f64, rank 0 or 1)";
  let description = "`of rows`: for each row of the batch, how many of all rows are below it; places of these are counted by themselves.";
  let arguments = (ins I64Attr:$at, UnitAttr:$of_rows);
  let results = (outs AnyTensor:$value);
  let assemblyFormat = "(`of` `rows` $of_rows^)? `at` $at attr-dict `:` type($value)";
  let hasVerifier = 1;
}

def OutputOp : Train_Op<"output", [MemoryEffects<[MemWrite]>]> {
  let summary = "the model's output, [batch, …]: what mode predict computes; only in a program without a mode";
  let description = [{
    What is required in front of it is required of predictions as well; the rest is the loss's. Of several outputs the numbers of a row lie beside
    each other, [batch, numbers], and `parts` are the shapes of a row of each.
  }];
  let arguments = (ins AnyTensor:$value, OptionalAttr<TypedArrayAttrBase<DenseI64ArrayAttr, "shapes">>:$parts);
  let assemblyFormat = "$value (`parts` $parts^)? attr-dict `:` type($value)";
  let hasVerifier = 1;
}

def TrainingOp : Train_Op<"training", [Pure]> {
  let summary = "whether parameters are being learnt (i1, rank 0): in mode train and gradient; only in a program without a mode";
  let results = (outs AnyTensor:$value);
  let assemblyFormat = "attr-dict `:` type($value)";
  let hasVerifier = 1;
}

def RowsOp : Train_Op<"rows", [Pure]> {
  let summary = "the number of rows that reductions over the batch speak of (f64, rank 0)";
  let description = "Those of the batch in modes train, predict and gradient, where talweg-specialize fixes it; of the split in mode eval.";
  let results = (outs AnyTensor:$value);
  let assemblyFormat = "attr-dict `:` type($value)";
  let hasVerifier = 1;
}

def FirstRowOp : Train_Op<"first_row", [Pure]> {
  let summary = "how many rows stand in front of those of the batch (i64, rank 0): in mode train of the step, else of all";
  let results = (outs AnyTensor:$value);
  let assemblyFormat = "attr-dict `:` type($value)";
  let hasVerifier = 1;
}

def GetHyperOp : Train_Op<"get_hyper", [DeclareOpInterfaceMethods<SymbolUserOpInterface>, Pure]> {
  let summary = "a hyper-parameter's present value (f64, rank 0)";
  let arguments = (ins FlatSymbolRefAttr:$hyper);
  let results = (outs AnyTensor:$value);
  let assemblyFormat = "$hyper attr-dict `:` type($value)";
}

def StepOp : Train_Op<"step", [Pure]> {
  let summary = "the number of steps taken before this one (f64, rank 0)";
  let description = "`planned`: behind the end of the plan it is the plan's number of steps.";
  let arguments = (ins UnitAttr:$planned);
  let results = (outs AnyTensor:$value);
  let assemblyFormat = "(`planned` $planned^)? attr-dict `:` type($value)";
  let hasVerifier = 1;
}

def EveryOp : Train_Op<"every", [Pure, AllTypesMatch<["last", "before", "value"]>]> {
  let summary = "`last` in the last of so many steps, `before` in those before: what a loss leaves that is skipped in these";
  let description = "talweg-train-to-loops writes the two kinds of steps apart, so that what only one of them needs costs the other nothing.";
  let arguments = (ins I64Attr:$steps, AnyTensor:$last, AnyTensor:$before);
  let results = (outs AnyTensor:$value);
  let assemblyFormat = "$steps `,` $last `else` $before attr-dict `:` type($value)";
  let hasVerifier = 1;
}

def TotalStepsOp : Train_Op<"total_steps", [Pure]> {
  let summary = "the number of steps the plan will take (f64, rank 0); told by the host at run time";
  let results = (outs AnyTensor:$value);
  let assemblyFormat = "attr-dict `:` type($value)";
  let hasVerifier = 1;
}

def KeyOp : Train_Op<"key", [Pure]> {
  let summary = "(seed, step) for tw.uniform: tensor<2xi64>";
  let results = (outs AnyTensor:$value);
  let assemblyFormat = "attr-dict `:` type($value)";
  let hasVerifier = 1;
}

def TurnOp : Train_Op<"turn", [MemoryEffects<[MemWrite]>]> {
  let summary = "of a program as the frontend leaves it: here a turn of a loop of the text begins, or the last one has ended";
  let description = "Each turn's ops stand behind those of the turn before. talweg-roll-layers leaves none.";
  let arguments = (ins I64Attr:$loop, UnitAttr:$end);
  let assemblyFormat = "(`end` $end^)? `of` $loop attr-dict";
}

def YieldOp : Train_Op<"yield", [Pure, Terminator, ReturnLike]> {
  let summary = "the values of the enclosing region";
  let arguments = (ins Variadic<AnyTensor>:$values);
  let assemblyFormat = "attr-dict ($values^ `:` type($values))?";
}

#endif
