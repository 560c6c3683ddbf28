// The tensor dialect: mathematics on tensors of static shape, pure but for tw.require. It knows nothing of parameters or losses.
//
// Element types: f32, f64 (differentiable); i1 (conditions); i32, i64 (indices, labels, counters); and those of stored data, which
// are read only through tw.convert. Rank 0 is a scalar. Nothing broadcasts: shapes of elementwise operands are equal, and
// a value is spread over new dimensions by tw.window.
//
// Optimizer bodies are written once for every parameter: there, and only there, types may be unranked
// (tensor<*xf32>); expanding the optimizer gives them the parameter's shape.
#ifndef TALWEG_TW
#define TALWEG_TW

include "mlir/IR/OpBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "talweg/Dialect/Tw/TwInterfaces.td"

def Tw_Dialect : Dialect {
  let name = "tw";
  let cppNamespace = "::talweg::tw";
  let hasConstantMaterializer = 1;
}

/// No derivative passes through: a boolean or an integer, or a step function.
def Tw_Inactive : NativeOpTrait<"Inactive"> { let cppNamespace = "::talweg::tw"; }

/// Every shape is static, with extents of at least 1 and a number of elements that fits in 48 bits; or unranked.
def Tw_StaticShapes : NativeOpTrait<"StaticShapes"> { let cppNamespace = "::talweg::tw"; }

class Tw_Op<string mnemonic, list<Trait> traits>
    : Op<Tw_Dialect, mnemonic, !listconcat([Pure, Tw_StaticShapes], traits)>;

def Tw_Float   : TensorOf<[F32, F64]>;
def Tw_Int     : TensorOf<[I32, I64]>;
def Tw_Bool    : TensorOf<[I1]>;
def Tw_Number  : TensorOf<[F32, F64, I32, I64]>;
def Tw_Element : Type<CPred<"::talweg::tw::elementTypeOf($_self).has_value()">, "type of Support/ElementType.def">;
def Tw_Any     : TensorOf<[Tw_Element]>;

//===-- elementwise ------------------------------------------------------------------------------------------------===//

/// The result is computed element by element; Conversion/TwElementwise.cpp has a rule for each op.
def Tw_Elementwise : NativeOpTrait<"Elementwise"> { let cppNamespace = "::talweg::tw"; }

/// The results are finite wherever the operands are.
def Tw_Finite : NativeOpTrait<"FiniteWhereOperandsAre"> { let cppNamespace = "::talweg::tw"; }

/// Computed at compile time where its operand is a constant, by valueOf.
def Tw_FoldsFunction : NativeOpTrait<"FoldsFunction"> { let cppNamespace = "::talweg::tw"; }

/// The op has a formula in lib/Dialect/Tw.
defvar Tw_Active = DeclareOpInterfaceMethods<Differentiable>;

/// The op has a rule in TwLift.cpp.
defvar Tw_Lifts = DeclareOpInterfaceMethods<Liftable>;

/// The op's derivative follows from that of its body, and is made by talweg-differentiate.
def Tw_DerivativeByBody : NativeOpTrait<"DerivativeByBody"> { let cppNamespace = "::talweg::tw"; }

/// A function of one operand. Dialect/Tw/Functions.h gives its line to the rest of the compiler.
///   value       of a constant x in f64, in C++
///   finite      where x is finite, and everywhere, notNegative, positive or notPositive, so is y
///   derivative  Tw_Active or Tw_Inactive
///   spelling    in the language
class Tw_Function<string mnemonic, string text, string value, string finite, Trait derivative = Tw_Active,
                  list<Trait> traits = [Tw_Elementwise, Tw_FoldsFunction], string spelling = mnemonic>
    : Tw_Op<mnemonic, !listconcat([SameOperandsAndResultType, derivative], traits)> {
  let summary = text;
  let arguments = (ins Tw_Float:$x);
  let results = (outs Tw_Float:$y);
  let assemblyFormat = "$x attr-dict `:` type($y)";
  let extraClassDeclaration = "static constexpr ::llvm::StringLiteral spelling = \"" # spelling # "\";\n"
                              # "static constexpr FiniteWhere finiteWhere = FiniteWhere::" # finite # ";\n"
                              # "static double valueOf(double x) { return " # value # "; }";
}

def ExpOp      : Tw_Function<"exp", "e to the x", "std::exp(x)", "notPositive">;
def LogOp      : Tw_Function<"log", "natural logarithm; -inf at 0, nan below", "std::log(x)", "positive">;
def Log1pOp    : Tw_Function<"log1p", "log(1 + x), exact near 0", "std::log1p(x)", "notNegative">;
def SqrtOp     : Tw_Function<"sqrt", "square root; derivative inf at 0", "std::sqrt(x)", "notNegative"> { let hasCanonicalizer = 1; }
def RsqrtOp    : Tw_Function<"rsqrt", "1 / sqrt(x)", "1 / std::sqrt(x)", "positive">;
def TanhOp     : Tw_Function<"tanh", "hyperbolic tangent", "std::tanh(x)", "everywhere">;
def ErfOp      : Tw_Function<"erf", "error function", "std::erf(x)", "everywhere">;
def LogisticOp : Tw_Function<"logistic", "1 / (1 + exp(-x)), the sigmoid", "1 / (1 + std::exp(-x))", "everywhere">;
def SinOp      : Tw_Function<"sin", "sine, radians", "std::sin(x)", "everywhere">;
def CosOp      : Tw_Function<"cos", "cosine, radians", "std::cos(x)", "everywhere">;
def AbsOp      : Tw_Function<"abs", "absolute value; derivative 0 at 0", "std::fabs(x)", "everywhere"> { let hasCanonicalizer = 1; }
def FloorOp    : Tw_Function<"floor", "greatest integer not above x, as a float; derivative 0", "std::floor(x)", "everywhere",
                             Tw_Inactive>;
def NegOp      : Tw_Function<"neg", "-x", "-x", "everywhere", Tw_Active,
                             [Tw_Elementwise, Tw_FoldsFunction, Involution], "-"> { let hasCanonicalizer = 1; }
// Constants stay behind it, and it is lowered to x itself.
def StopGradientOp : Tw_Function<"stop_gradient", "x, taken for a constant by differentiation", "x", "everywhere",
                                 Tw_Inactive, []>;

// The others have rules of their own for the types of their operands and for constants: the values of constants, of integers too, are in
// TwFold.cpp; in the language they are operators, `if`, and `pow`, `max` and `min` of Frontend/Builtins.cpp.

class Tw_Binary<string mnemonic, string text, list<Trait> traits = []>
    : Tw_Op<mnemonic, !listconcat([SameOperandsAndResultType, Tw_Elementwise, Tw_Active], traits)> {
  let summary = text;
  let arguments = (ins Tw_Number:$a, Tw_Number:$b);
  let results = (outs Tw_Number:$y);
  let assemblyFormat = "$a `,` $b attr-dict `:` type($y)";
  let hasFolder = 1;
}

def AddOp : Tw_Binary<"add", "a + b (integers wrap)", [Commutative, Tw_Finite]> { let hasCanonicalizer = 1; }
def SubOp : Tw_Binary<"sub", "a - b (integers wrap)", [Tw_Finite]> { let hasCanonicalizer = 1; }
def MulOp : Tw_Binary<"mul", "a * b (integers wrap)", [Commutative, Tw_Finite]> { let hasCanonicalizer = 1; }
def DivOp : Tw_Binary<"div", "a / b; of integers, rounded toward minus infinity"> { let hasCanonicalizer = 1; }
def RemOp : Tw_Op<"rem", [SameOperandsAndResultType, Tw_Elementwise, Tw_Inactive]> {
  let summary = "a - b * floor(a / b), of integers";
  let arguments = (ins Tw_Int:$a, Tw_Int:$b);
  let results = (outs Tw_Int:$y);
  let assemblyFormat = "$a `,` $b attr-dict `:` type($y)";
  let hasFolder = 1;
}
def PowOp : Tw_Binary<"pow", "a to the b, of floats; the derivative in b is 0 where a is 0"> {
  let hasCanonicalizer = 1;
  let hasVerifier = 1;
}
def MaxOp : Tw_Binary<"max", "the greater, nan if either is; at a tie each operand gets half of the cotangent", [Commutative, Tw_Finite]>;
def MinOp : Tw_Binary<"min", "the lesser, nan if either is; at a tie each operand gets half of the cotangent", [Commutative, Tw_Finite]>;

def Tw_Predicate : I32EnumAttr<"Predicate", "comparison", [
  I32EnumAttrCase<"eq", 0>, I32EnumAttrCase<"ne", 1>, I32EnumAttrCase<"lt", 2>,
  I32EnumAttrCase<"le", 3>, I32EnumAttrCase<"gt", 4>, I32EnumAttrCase<"ge", 5>]> {
  let cppNamespace = "::talweg::tw";
}

def CompareOp : Tw_Op<"compare", [SameTypeOperands, Tw_Elementwise, Tw_Inactive]> {
  let summary = "a comparison of two numbers; of floats ordered (false at nan), but ne is true at nan";
  let arguments = (ins Tw_Predicate:$predicate, Tw_Number:$a, Tw_Number:$b);
  let results = (outs Tw_Bool:$y);
  let assemblyFormat = "$predicate $a `,` $b attr-dict `:` type($a) `->` type($y)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

class Tw_Logical<string mnemonic, string text>
    : Tw_Op<mnemonic, [SameOperandsAndResultType, Commutative, Tw_Elementwise, Tw_Inactive]> {
  let summary = text;
  let arguments = (ins Tw_Bool:$a, Tw_Bool:$b);
  let results = (outs Tw_Bool:$y);
  let assemblyFormat = "$a `,` $b attr-dict `:` type($y)";
  let hasFolder = 1;
}
def AndOp : Tw_Logical<"and", "both">;
def OrOp  : Tw_Logical<"or", "either">;
def NotOp : Tw_Op<"not", [SameOperandsAndResultType, Tw_Elementwise, Tw_Inactive]> {
  let summary = "logical negation";
  let arguments = (ins Tw_Bool:$a);
  let results = (outs Tw_Bool:$y);
  let assemblyFormat = "$a attr-dict `:` type($y)";
  let hasFolder = 1;
}

def SelectOp : Tw_Op<"select", [AllTypesMatch<["a", "b", "y"]>, Tw_Elementwise, Tw_Finite, Tw_Active]> {
  let summary = "a where the condition holds, b elsewhere; the cotangent goes only where the value came from";
  let arguments = (ins Tw_Bool:$condition, Tw_Any:$a, Tw_Any:$b);
  let results = (outs Tw_Any:$y);
  let assemblyFormat = "$condition `,` $a `,` $b attr-dict `:` type($condition) `,` type($y)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def ConvertOp : Tw_Op<"convert", [Tw_Elementwise, Tw_Active]> {
  let summary = "the same value in another element type";
  let description = [{
    To floats: exactly or rounded to nearest, of two that are as near to the even one; to floats of 16 bits by way of f32. Floats to
    integers: toward zero; what is beyond their range becomes the nearest end of it, and nan 0. Differentiable between floats, otherwise
    its operand gets no cotangent.
  }];
  let arguments = (ins Tw_Any:$x);
  let results = (outs Tw_Any:$y);
  let assemblyFormat = "$x attr-dict `:` type($x) `->` type($y)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

// Both halves of the bits of an f32 number. The upper one is a number of bf16, cut off, not rounded.

def HighHalfOp : Tw_Op<"high_half", [SameOperandsAndResultShape, Tw_Elementwise, Tw_Inactive]> {
  let summary = "the upper 16 bits of an f32 number, as bf16";
  let arguments = (ins TensorOf<[F32]>:$x);
  let results = (outs TensorOf<[BF16]>:$high);
  let assemblyFormat = "$x attr-dict `:` type($x) `->` type($high)";
}
def LowHalfOp : Tw_Op<"low_half", [SameOperandsAndResultShape, Tw_Elementwise, Tw_Inactive]> {
  let summary = "the lower 16 bits of an f32 number";
  let arguments = (ins TensorOf<[F32]>:$x);
  let results = (outs TensorOf<[UI16]>:$low);
  let assemblyFormat = "$x attr-dict `:` type($x) `->` type($low)";
}
def JoinHalvesOp : Tw_Op<"join_halves", [SameOperandsAndResultShape, Tw_Elementwise, Tw_Inactive]> {
  let summary = "the f32 number of these halves";
  let arguments = (ins TensorOf<[BF16]>:$high, TensorOf<[UI16]>:$low);
  let results = (outs TensorOf<[F32]>:$x);
  let assemblyFormat = "$high `,` $low attr-dict `:` type($high) `,` type($low) `->` type($x)";
}

//===-- sources ----------------------------------------------------------------------------------------------------===//

def ConstantOp : Tw_Op<"constant", [ConstantLike, Tw_Inactive, AllTypesMatch<["value", "y"]>]> {
  let summary = "a literal";
  let arguments = (ins ElementsAttr:$value);
  let results = (outs Tw_Any:$y);
  let assemblyFormat = "attr-dict $value";
  let hasFolder = 1;
}

def IotaOp : Tw_Op<"iota", [Tw_Inactive]> {
  let summary = "the index along one dimension, as i32";
  let arguments = (ins I64Attr:$dim);
  let results = (outs TensorOf<[I32]>:$y);
  let assemblyFormat = "$dim attr-dict `:` type($y)";
  let hasVerifier = 1;
}

def UniformOp : Tw_Op<"uniform", [AttrSizedOperandSegments, Tw_Finite, Tw_Inactive]> {
  let summary = "uniform random numbers in [0, 1)";
  let description = [{
    Philox4x32-10 (Salmon et al., 2011), its first word, with counter (element's row-major index, step, stream, turn) and
    key (low and high half of the seed). `key` holds (seed, step). The top 24 bits become the float, so f32 is exact;
    f64 results hold the same numbers. Of rank 0: `first` is added to the index: the tensor is a part of a larger one; `further` is added to the
    stream: a layer's of several; `turn` is that of a loop over time, 0 without it. A function of its operands and `stream` alone: the same bits for any
    number of threads.
  }];
  let arguments = (ins TensorOf<[I64]>:$key, I64Attr:$stream, Optional<TensorOf<[I64]>>:$first,
                       Optional<TensorOf<[I64]>>:$further, Optional<TensorOf<[I64]>>:$turn);
  let results = (outs Tw_Float:$y);
  let builders = [OpBuilder<(ins "::mlir::Type":$type, "::mlir::Value":$key, "::mlir::IntegerAttr":$stream,
                                 CArg<"::mlir::Value", "{}">:$turn),
                            [{ build($_builder, $_state, type, key, stream, {}, {}, turn); }]>];
  let assemblyFormat = [{ $key `stream` $stream (`and` $further^ `:` type($further))? (`in` $turn^ `:` type($turn))?
                          (`from` $first^ `:` type($first))? attr-dict `:` type($key) `->` type($y) }];
  let hasVerifier = 1;
}

//===-- shape ------------------------------------------------------------------------------------------------------===//

def WindowOp : Tw_Op<"window", [Tw_Finite, Tw_Active, Tw_Lifts]> {
  let summary = "affine access: y[d] = x[map(d)]";
  let description = [{
    Transposes, slices, strides, diagonals, repetition over new dimensions, convolution's patches: every read whose
    position is affine in the result's indices. `map` has as many dims as y has dimensions and one result for each
    dimension of x. Every access lies inside x (verified). Its adjoint is tw.fold with the same map.
    Both types unranked-compatible only when x has rank 0 (a scalar spread over any shape).
  }];
  let arguments = (ins Tw_Any:$x, AffineMapAttr:$map);
  let results = (outs Tw_Any:$y);
  let assemblyFormat = "$x `by` $map attr-dict `:` type($x) `->` type($y)";
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
  let hasFolder = 1;
}

def FoldOp : Tw_Op<"fold", [Tw_Finite, Tw_Active, Tw_Lifts]> {
  let summary = "the adjoint of window: y[map(d)] += x[d], starting from zero";
  let arguments = (ins Tw_Float:$x, AffineMapAttr:$map);
  let results = (outs Tw_Float:$y);
  let assemblyFormat = "$x `by` $map attr-dict `:` type($x) `->` type($y)";
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
  let hasFolder = 1;
}

def PadOp : Tw_Op<"pad", [Tw_Active, Tw_Lifts]> {
  let summary = "x with `low` and `high` further elements of `value` before and after each dimension (counts >= 0)";
  let arguments = (ins Tw_Any:$x, DenseI64ArrayAttr:$low, DenseI64ArrayAttr:$high, F64Attr:$value);
  let results = (outs Tw_Any:$y);
  let assemblyFormat = "$x `low` $low `high` $high `value` $value attr-dict `:` type($x) `->` type($y)";
  let hasVerifier = 1;
}

def ConcatOp : Tw_Op<"concat", [Tw_Finite, Tw_Active, Tw_Lifts]> {
  let summary = "tensors behind each other along `dim`; in the other dimensions they have one shape";
  let arguments = (ins Variadic<Tw_Any>:$parts, I64Attr:$dim);
  let results = (outs Tw_Any:$y);
  let assemblyFormat = "$parts `dim` $dim attr-dict `:` type($parts) `->` type($y)";
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
  let hasFolder = 1;
}

def ReshapeOp : Tw_Op<"reshape", [Tw_Finite, Tw_Active, Tw_Lifts]> {
  let summary = "the same elements in row-major order under another shape";
  let arguments = (ins Tw_Any:$x);
  let results = (outs Tw_Any:$y);
  let assemblyFormat = "$x attr-dict `:` type($x) `->` type($y)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

//===-- lookups ----------------------------------------------------------------------------------------------------===//

// Positions that are only known at run time. They name rows, along one dimension: what lies behind it goes as a whole. A position out of range
// is taken for the nearest that is in range, so that no memory is read or written that is not the tensor's; that it is in range
// is required apart (tw.require). `shared`: so many leading dimensions are common to the rows and what they name rows of.

def GatherOp : Tw_Op<"gather", [Tw_Finite, AllElementTypesMatch<["table", "y"]>, Tw_Active, Tw_Lifts]> {
  let summary = "y[s.., p.., w..] = table[s.., rows[s.., p..], w..]";
  let description = [{
    table [S.., R, W..] and rows [S.., P..] give y [S.., P.., W..]. Any element type; integers as rows. The adjoint is tw.scatter_add by
    the same rows. At rows that are all equal, or that count along a dimension, it is a tw.window.
  }];
  let arguments = (ins Tw_Any:$table, Tw_Int:$rows, DefaultValuedAttr<I64Attr, "0">:$shared);
  let results = (outs Tw_Any:$y);
  let assemblyFormat = "$table `at` $rows (`shared` $shared^)? attr-dict `:` type($table) `,` type($rows) `->` type($y)";
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
  let hasFolder = 1;
}

def ScatterAddOp : Tw_Op<"scatter_add", [Tw_Finite, AllElementTypesMatch<["values", "y"]>, Tw_Active, Tw_Lifts]> {
  let summary = "y[s.., rows[s.., p..], w..] += values[s.., p.., w..], starting from zero";
  let description = [{
    rows [S.., P..] and values [S.., P.., W..] give y [S.., R, W..], of floats. What has one row is added in the order of the positions
    p, row-major, whatever the number of threads. The adjoint of tw.gather, which is its own.
  }];
  let arguments = (ins Tw_Int:$rows, Tw_Float:$values, DefaultValuedAttr<I64Attr, "0">:$shared);
  let results = (outs Tw_Float:$y);
  let assemblyFormat = "$values `at` $rows (`shared` $shared^)? attr-dict `:` type($values) `,` type($rows) `->` type($y)";
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
  let hasFolder = 1;
}

// Rows of a table that change apart from the others. They are made behind differentiation.

def CoalesceOp : Tw_Op<"coalesce", [Tw_Finite, Tw_Inactive, AllElementTypesMatch<["values", "sums"]>,
                                    AllElementTypesMatch<["rows", "named"]>]> {
  let summary = "each different row once, and the sum of its values";
  let description = [{
    rows [P..] and values [P.., W..] of floats give named [P] and sums [P, W..], where P is the number of all positions. The different
    ones of the rows come first in `named`, in ascending order; behind them it is `count`, the number of the table's rows and of none of them.
    sums[i] is what tw.scatter_add has at the row named[i], to the bit: from zero, values in the order of the positions. Behind the
    different rows it is zero. A row out of range is taken for the nearest that is in range.
  }];
  let arguments = (ins Tw_Float:$values, Tw_Int:$rows, I64Attr:$count);
  let results = (outs Tw_Int:$named, Tw_Float:$sums);
  let builders = [OpBuilder<(ins "::mlir::Value":$values, "::mlir::Value":$rows, "int64_t":$count)>];
  let assemblyFormat = [{
    $values `at` $rows `of` $count attr-dict `:` type($values) `,` type($rows) `->` type($named) `,` type($sums)
  }];
  let hasVerifier = 1;
}

def PutRowsOp : Tw_Op<"put_rows", [Tw_Finite, Tw_Inactive, AllTypesMatch<["table", "y"]>,
                                   AllElementTypesMatch<["values", "table"]>]> {
  let summary = "the table with row rows[p..] replaced by values[p.., w..]";
  let description = [{
    table [R, W..], rows [P..] and values [P.., W..] give y [R, W..]. Any element type; integers as rows. Rows in range are different from each
    other; one out of range names none, and its values are left out: so the rows that tw.coalesce names are put back.
  }];
  let arguments = (ins Tw_Any:$values, Tw_Int:$rows, Tw_Any:$table);
  let results = (outs Tw_Any:$y);
  let assemblyFormat = "$values `at` $rows `into` $table attr-dict `:` type($values) `,` type($rows) `into` type($y)";
  let hasVerifier = 1;
}

//===-- faults ----------------------------------------------------------------------------------------------------------===//

def RequireOp : Op<Tw_Dialect, "require", [Tw_StaticShapes, Tw_Inactive, MemoryEffects<[MemWrite]>]> {
  let summary = "a fault at run time where the condition does not hold";
  let description = [{
    The one op that is not pure: where an element of `condition` is false, the step is faulted. A faulted step changes no variable, and
    the native call ends with it. Of several faults in a step the first is told: that of the lowest row of the batch, in one row that of
    the op that stands first, of one op that of the first element in row-major order with the batch's dimension outermost. Which dimension that is
    follows from what the condition is computed from; faults of conditions that have none come after all others. So what is told does not depend
    on threads.

    Told are the site (the op's number among those of the objective, in their order), the row, the step, and the element of `value` at
    the same place, if there is a `value` (of the condition's shape; as f64). `message` is the text for the user, `{}` in it standing for
    the value, and `help` what may be done. `low` and `high` are present where the condition is low <= value < high, for those who make
    data. `not_finite`: what faults is that the value is not finite. A condition that always holds has no fault: the op is removed.
  }];
  let arguments = (ins Tw_Bool:$condition, Optional<Tw_Any>:$value, StrAttr:$message, OptionalAttr<StrAttr>:$help,
                       OptionalAttr<I64Attr>:$low, OptionalAttr<I64Attr>:$high, UnitAttr:$not_finite);
  let assemblyFormat = [{ $condition (`telling` $value^)? $message attr-dict `:` type($condition) (`,` type($value)^)? }];
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}

//===-- reduction and contraction ----------------------------------------------------------------------------------===//

def Tw_Reduction : I32EnumAttr<"Reduction", "how elements are combined", [
  I32EnumAttrCase<"sum", 0>, I32EnumAttrCase<"prod", 1>, I32EnumAttrCase<"max", 2>,
  I32EnumAttrCase<"min", 3>, I32EnumAttrCase<"any", 4>, I32EnumAttrCase<"all", 5>]> {
  let cppNamespace = "::talweg::tw";
}

def ReduceOp : Tw_Op<"reduce", [Tw_Finite, Tw_Active, Tw_Lifts]> {
  let summary = "combines all elements along the listed dimensions, which disappear";
  let description = [{
    sum, prod, max, min of numbers; any, all of conditions (no derivative). max and min split the cotangent equally among ties. An
    unranked x is reduced over everything: `dims` is then empty and the result has rank 0.
  }];
  let arguments = (ins Tw_Reduction:$kind, Tw_Any:$x, DenseI64ArrayAttr:$dims);
  let results = (outs Tw_Any:$y);
  let assemblyFormat = "$kind $x `dims` $dims attr-dict `:` type($x) `->` type($y)";
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
  let hasFolder = 1;
}

def ArgOp : Tw_Op<"arg", [Tw_Inactive, Tw_Lifts]> {
  let summary = "the position (i32) of the greatest (max) or least (min) element along `dim`; of several the first; of nan the first";
  let arguments = (ins Tw_Reduction:$kind, Tw_Number:$x, I64Attr:$dim);
  let results = (outs TensorOf<[I32]>:$y);
  let assemblyFormat = "$kind $x `dim` $dim attr-dict `:` type($x) `->` type($y)";
  let hasVerifier = 1;
}

def CountBelowOp : Tw_Op<"count_below", [SameOperandsAndResultType, Tw_Inactive]> {
  let summary = "of each element of a vector, how many of its elements are less (0 of nan)";
  let arguments = (ins Tw_Float:$x);
  let results = (outs Tw_Float:$y);
  let assemblyFormat = "$x attr-dict `:` type($y)";
  let hasVerifier = 1;
}

def ContractOp : Tw_Op<"contract", [Tw_Finite, AllElementTypesMatch<["a", "b", "y"]>, Tw_Active, Tw_Lifts]> {
  let summary = "y[yMap(d)] += a[aMap(d)] * b[bMap(d)] over every d of the iteration space, starting from zero";
  let description = [{
    Matrix products in every transposition, batched products, convolution in its three directions, outer and inner
    products. `extents` is the iteration space; every map takes its indices, and every access is in bounds (verified). The
    maps play symmetric roles, so that each cotangent is again a contraction with the maps exchanged.
  }];
  let arguments = (ins Tw_Float:$a, Tw_Float:$b, DenseI64ArrayAttr:$extents,
                       AffineMapAttr:$aMap, AffineMapAttr:$bMap, AffineMapAttr:$yMap);
  let results = (outs Tw_Float:$y);
  let assemblyFormat = [{ $a `,` $b `over` $extents `a` $aMap `b` $bMap `y` $yMap attr-dict
                          `:` type($a) `,` type($b) `->` type($y) }];
  let hasVerifier = 1;
}

//===-- loops ------------------------------------------------------------------------------------------------------===//

def ScanOp : Tw_Op<"scan", [AttrSizedOperandSegments, IsolatedFromAbove, SingleBlock, Tw_DerivativeByBody]> {
  let summary = "a body that runs `length` times, one turn after the other, on values that it hands to itself";
  let description = [{
    In turn s the body takes s (i32, rank 0); the values that it carries, which are `starts` in the first turn and what the turn before yielded
    in the others; slice s of each of `stacks` [length, W..], which has the type [W..]; and `shared`, the same in all turns. It yields the
    values to be carried, of the types of `starts`, then what it emits. Results are the values carried out of the last turn, then of
    each value emitted [W..] all turns' together, [length, W..]: slice s is that of turn s. `reversed`: turn length - 1 comes first, turn 0 last.

    A turn of a loop of `blocks` is large by itself, a block of turns of a longer loop or a layer: nothing is taken out of it to be computed for all at once. The
    derivative of a loop that is `recomputed` computes its turns again: of these only what is carried is kept, and of turns that hand nothing on (independent
    ones, which run in any order) small reductions.
  }];
  let arguments = (ins I64Attr:$length, UnitAttr:$reversed, UnitAttr:$blocks, UnitAttr:$recomputed, Variadic<Tw_Any>:$starts, Variadic<Tw_Any>:$stacks,
                       Variadic<Tw_Any>:$shared);
  let results = (outs Variadic<Tw_Any>:$results);
  let regions = (region SizedRegion<1>:$turns);
  let builders = [
    // Without a body, of the operands given; or of those of another loop, like which it is.
    OpBuilder<(ins "::mlir::TypeRange":$types, "int64_t":$length, "bool":$reversed, "::mlir::ValueRange":$starts,
                   "::mlir::ValueRange":$stacks, "::mlir::ValueRange":$shared)>,
    OpBuilder<(ins "ScanOp":$like, "::mlir::TypeRange":$types, "::mlir::ValueRange":$starts, "::mlir::ValueRange":$stacks,
                   "::mlir::ValueRange":$shared)>];
  let assemblyFormat = [{ $length (`reversed` $reversed^)? (`blocks` $blocks^)? (`recomputed` $recomputed^)? (`from` $starts^ `:` type($starts))? (`along` $stacks^ `:` type($stacks))?
                          (`with` $shared^ `:` type($shared))? (`->` type($results)^)? $turns attr-dict }];
  let extraClassDeclaration = [{
    /// Results: what is carried out of the last turn, and what is emitted.
    ::mlir::ResultRange getEnds() { return getResults().take_front(getStarts().size()); }
    ::mlir::ResultRange getEmitted() { return getResults().drop_front(getStarts().size()); }
    // The body's arguments.
    ::mlir::BlockArgument getTurn() { return getBody()->getArgument(0); }
    ::mlir::Block::BlockArgListType getCarried() { return getBody()->getArguments().slice(1, getStarts().size()); }
    ::mlir::Block::BlockArgListType getSlices() {
      return getBody()->getArguments().slice(1 + getStarts().size(), getStacks().size());
    }
    ::mlir::Block::BlockArgListType getSharedInside() { return getBody()->getArguments().take_back(getShared().size()); }
    YieldOp getYield();
    /// Whether turns, each of which is large, hand nothing on: any may run beside any other.
    bool isIndependent() { return getBlocks() && getStarts().empty(); }
    /// The arguments of the body that stand for operands, in their order.
    ::mlir::Block::BlockArgListType getInside() { return getBody()->getArguments().drop_front(); }
    /// What results are computed from: values of the body, and which operands and which of the yielded values.
    struct Needed {
      ::llvm::DenseSet<::mlir::Value> values;
      ::llvm::SmallBitVector operands, yielded;
    };
    Needed neededFor(::llvm::function_ref<bool(::mlir::OpResult)> isRead);
  }];
  let hasRegionVerifier = 1;
  let hasCanonicalizer = 1;
}

//===-- derivatives ------------------------------------------------------------------------------------------------===//

def GradientOp : Tw_Op<"gradient", [AllTypesMatch<["y", "dy"]>, DeclareOpInterfaceMethods<InferTypeOpInterface>]> {
  let summary = "the cotangent of each x, given that of y";
  let description = [{
    Each x is a value from which y is computed in the same block: a result of tw.watch, or what reads a parameter. It stands
    for ops, in whose place talweg-differentiate puts them, from the first on: one behind it may differentiate what it gives.
  }];
  let arguments = (ins Tw_Float:$y, Tw_Float:$dy, Variadic<Tw_Float>:$x);
  let results = (outs Variadic<Tw_Float>:$dx);
  let assemblyFormat = "$y `,` $dy `by` $x attr-dict `:` type($y) `by` type($x)";
}

def WithDerivativeOp : Tw_Op<"with_derivative", [AllTypesMatch<["value", "y"]>, SingleBlock, Tw_Active]> {
  let summary = "the value, with a derivative of its own";
  let description = [{
    The body takes the cotangent of y and yields that of each x; it may use what is defined in front. Nothing is differentiated through the
    value. Behind talweg-differentiate there is only the value.
  }];
  let arguments = (ins Tw_Float:$value, Variadic<Tw_Float>:$x);
  let results = (outs Tw_Float:$y);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$value `by` $x attr-dict `:` type($value) `by` type($x) $body";
  let hasRegionVerifier = 1;
}

def YieldOp : Op<Tw_Dialect, "yield", [Pure, Terminator, ParentOneOf<["WithDerivativeOp", "ScanOp"]>]> {
  let summary = "the values of the enclosing region";
  let arguments = (ins Variadic<Tw_Any>:$values);
  let assemblyFormat = "attr-dict ($values^ `:` type($values))?";
}

def WatchOp : Tw_Op<"watch", [SameOperandsAndResultType, Tw_Finite, Tw_Active]> {
  let summary = "x itself, with respect to which something is differentiated: no simplification looks through it";
  let arguments = (ins Tw_Float:$x);
  let results = (outs Tw_Float:$y);
  let assemblyFormat = "$x attr-dict `:` type($y)";
}

#endif
