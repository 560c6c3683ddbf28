// The kernel dialect: what code generation computes and linalg cannot say. linalg.generic stays the op for maps and reductions; here
// are sums of products with what is computed of them in registers, lookups by whole rows, and whether and how an op may be written into a given
// place. What is decided of a linalg.generic stands on it as attributes of this dialect (Kernel.h).
//
// Its ops live from talweg-tw-to-linalg (lookups) and talweg-form-products (products) on: on tensors while it is decided what runs as one and by which plan, on memrefs once
// talweg-bufferize has given them places. They are in destination style: a result is written into the init that it is tied to.
#ifndef TALWEG_KERNEL
#define TALWEG_KERNEL

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/IndexingMapOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Kernel_Dialect : Dialect {
  let name = "kernel";
  let cppNamespace = "::talweg::kernel";
  let useDefaultAttributePrinterParser = 1;
  let hasOperationAttrVerify = 1;
  let dependentDialects = ["::mlir::linalg::LinalgDialect"];
}

def Kernel_Placed : OpInterface<"PlacedOp"> {
  let cppNamespace = "::talweg::kernel";
  let description = [{
    What must be known of a destination-style op on tensors to give its results places. linalg.generic has it too.
  }];
  let methods = [
    InterfaceMethod<[{
      Whether elements of `operand` are read. An input may be there for its shape alone; an init is where what the op does not write stays
      as it is.}],
      "bool", "readsElements", (ins "::mlir::OpOperand *":$operand), "", "return $_op.isDpsInput(operand);">,
    InterfaceMethod<[{
      Whether an element of `input`, which is read, is so only before the element of `result` at the same place is written: then `result` may be
      written over `input`.}],
      "bool", "readsWhereItWrites", (ins "::mlir::OpOperand *":$input, "::mlir::OpResult":$result), "", "return false;">,
    InterfaceMethod<[{
      What fills the place of `result` before the op, which adds to it or does not reach all of it; null: nothing does. A linalg.fill, or a
      tensor.insert_slice of one for what the op adds to into one for what lies around.}],
      "::mlir::Operation *", "fillBefore", (ins "::mlir::OpResult":$result), "", "return nullptr;">
  ];
  let extraSharedClassDeclaration = [{
    bool isOnTensors() { return ::mlir::isa<::mlir::RankedTensorType>($_op->getOperand(0).getType()); }
  }];
  let verify = "return ::talweg::kernel::verifyPlaces($_op);";
}

/// A plan as an attribute: the fields of a struct that differ from their defaults.
class Kernel_Plan<string name, string word> : AttrDef<Kernel_Dialect, name> {
  let mnemonic = word;
  let parameters = (ins "::mlir::DictionaryAttr":$fields);
  let assemblyFormat = "`<` $fields `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration =
      "static " # name # "Attr get(::mlir::MLIRContext *context, const ::talweg::kernel::" # name # " &plan);\n" #
      "::talweg::kernel::" # name # " getPlan() const;";
}

def Kernel_ProductPlan : Kernel_Plan<"ProductPlan", "product_plan"> {
  let summary = "how a product is computed: its loops, their order, the tile in registers, what is packed (ProductPlan.h)";
}

def Kernel_NestPlan : Kernel_Plan<"NestPlan", "nest_plan"> {
  let summary = "how the loops of a linalg.generic on memrefs run: their order, lanes, parts, what threads share (NestPlan.h)";
  let description = "A loop is array<i64: extent, source, stride of each operand…>.";
}

def Kernel_Array : AnyTypeOf<[AnyStaticShapeTensor, AnyStaticShapeMemRef], "tensor or memref of static shape">;

/// Of what PlacedOp tells, an op says only what `told` names; on memrefs its effects are on the elements that it reads and writes.
class Kernel_DestinationOp<string mnemonic, list<string> told, list<Trait> traits = []> : Op<Kernel_Dialect, mnemonic, !listconcat(traits, [
    DestinationStyleOpInterface, DeclareOpInterfaceMethods<Kernel_Placed, told>,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>, DeclareOpInterfaceMethods<ConditionallySpeculatable>])> {
  let hasVerifier = 1;
  let extraClassDefinition = [{
    void $cppClass::getEffects(
        ::llvm::SmallVectorImpl<::mlir::SideEffects::EffectInstance<::mlir::MemoryEffects::Effect>> &effects) {
      addEffects(*this, effects);
    }
    ::mlir::Speculation::Speculatability $cppClass::getSpeculatability() {
      return isOnTensors() ? ::mlir::Speculation::Speculatable : ::mlir::Speculation::NotSpeculatable;
    }
  }];
}

def Kernel_ProductOp : Kernel_DestinationOp<"product", ["readsWhereItWrites", "fillBefore"], [AttrSizedOperandSegments,
    DeclareOpInterfaceMethods<IndexingMapOpInterface, ["getMatchingIndexingMap", "getStaticLoopRanges", "getStaticOperandShape"]>]> {
  let summary = "sums of products of two tensors, and what is computed of the sums while they are in registers";
  let description = [{
    `sum[map 2 (d)] += left[map 0 (d)] * right[map 1 (d)]` for every point d of the loops, from zero, in one rounding each. Floats of one
    type, of static shape. Positions are affine; where two loops reach one element (the image's gradient of a convolution) both add to it, and
    an element that none reaches is zero.

    The epilogue, if there is one, is computed for each element of the sums: its first argument is the sum, the others the elements of
    `reads`, at the positions of their maps, which are of the product's loops. Its values are the results behind the sums; where one of them does
    not reach all of what it is written to, the rest stays as it is there. The sums themselves
    are the first result where something needs them: an op behind, or the product itself, which adds them up in memory (`scratch_sums`: only it).

    With `partial` the epilogue gives one number, the same for each element, which is summed up over each tile of the plan: the result is
    one-dimensional, an element a tile, in the order of the plan's loops. If it is two-dimensional, columns of a tile are summed each by itself: a row
    for the tiles beside each other.

    The plan is chosen by talweg-plan-products, which knows the epilogue; lowering obeys it.
  }];
  let arguments = (ins
    DenseI64ArrayAttr:$loops,
    AffineMapArrayAttr:$maps,
    Kernel_Array:$left,
    Kernel_Array:$right,
    Variadic<Kernel_Array>:$reads,
    Variadic<Kernel_Array>:$outs,
    UnitAttr:$partial,
    UnitAttr:$scratch_sums,
    OptionalAttr<Kernel_ProductPlan>:$plan
  );
  let results = (outs Variadic<AnyStaticShapeTensor>:$results);
  let regions = (region MaxSizedRegion<1>:$epilogue);
  let assemblyFormat = [{
    `loops` $loops `maps` $maps `of` $left `,` $right `:` type($left) `,` type($right)
    (`reads` $reads^ `:` type($reads))? `outs` $outs `:` type($outs)
    (`partial` $partial^)? (`scratch_sums` $scratch_sums^)? (`plan` $plan^)? attr-dict-with-keyword (`->` type($results)^)?
    ($epilogue^)?
  }];
  let extraClassDeclaration = [{
    /// Whether the sums are the first of the outs.
    bool keepsSums();
    /// The operand that the sums are written to; null: they are not kept.
    ::mlir::OpOperand *getSums();
    /// Where the sums are, by the loops.
    ::mlir::AffineMap getSumMap();
    bool hasEpilogue() { return !getEpilogue().empty(); }
    ::mlir::Type getElementType();
    /// Whether a loop moves no sum.
    bool isSummed(unsigned loop) { return !getSumMap().isFunctionOfDim(loop); }
    /// Whether each element of the sums is reached by one turn of the loops that are not summed: only then is it ever finished in registers.
    bool sumsInOnePlace();
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getOutsMutable(); }
  }];
}

def Kernel_YieldOp : Op<Kernel_Dialect, "yield", [Pure, Terminator, HasParent<"ProductOp">]> {
  let summary = "the values of an epilogue";
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "attr-dict ($values^ `:` type($values))?";
}

/// Whole rows of a table that are named at run time. A row may have any shape: `w` stands for a place in it.
class Kernel_Lookup<string mnemonic, dag inputs, list<string> told = []> : Kernel_DestinationOp<mnemonic, told> {
  let arguments = !con(inputs, (ins Kernel_Array:$out));
  let results = (outs Optional<AnyStaticShapeTensor>:$result);
  let builders = [OpBuilder<(ins "::mlir::Value":$first, "::mlir::Value":$second, "::mlir::Value":$out), [{
    build($_builder, $_state, out.getType(), first, second, out);
  }]>];
  let assemblyFormat = [{
    $values `at` $rows `outs` $out attr-dict `:` type($values) `at` type($rows) `outs` type($out) (`->` type($result)^)?
  }];
  let extraClassDeclaration = "::mlir::MutableOperandRange getDpsInitsMutable() { return getOutMutable(); }";
}

def Kernel_GatherOp : Kernel_Lookup<"gather", (ins Kernel_Array:$table, Kernel_Array:$rows)> {
  let summary = "result[p, w] = table[rows[p], w]";
  let description = "A row out of range is taken for the nearest that is in range.";
  let assemblyFormat = [{
    $rows `of` $table `outs` $out attr-dict `:` type($rows) `of` type($table) `outs` type($out) (`->` type($result)^)?
  }];
}

def Kernel_ScatterAddOp : Kernel_Lookup<"scatter_add", (ins Kernel_Array:$rows, Kernel_Array:$values)> {
  let summary = "result[rows[p], w] += values[p, w], from zero";
  let description = [{
    What has one row is added in the order of the positions. A row out of range is taken for the nearest that is in range. Floats.
  }];
}

def Kernel_CoalesceOp : Kernel_DestinationOp<"coalesce", []> {
  let summary = "named[i] is the i-th of the different rows, and sums[i, w] the sum of values[p, w] at its positions p";
  let description = [{
    rows [P] and values [P, W] give named [P] and sums [P, W]. Rows are ascending; behind the last there is `count`, of which sums are zero. What
    has one row is added from zero in the order of the positions. A row out of [0, count) is taken for the nearest inside. Floats.
  }];
  let arguments = (ins Kernel_Array:$values, Kernel_Array:$rows, I64Attr:$count, Kernel_Array:$named, Kernel_Array:$sums);
  let results = (outs Variadic<AnyStaticShapeTensor>:$results);
  let assemblyFormat = [{
    $values `at` $rows `of` $count `outs` $named `,` $sums attr-dict `:` type($values) `at` type($rows)
    `outs` type($named) `,` type($sums) (`->` type($results)^)?
  }];
  let extraClassDeclaration = [{
    /// The bits that number a row, and those that number a position.
    unsigned getRowBits();
    unsigned getPositionBits();
    ::mlir::MutableOperandRange getDpsInitsMutable() { return {getOperation(), 2, 2}; }
  }];
}

def Kernel_PutRowsOp : Kernel_Lookup<"put_rows", (ins Kernel_Array:$values, Kernel_Array:$rows),
                                     ["readsElements", "readsWhereItWrites"]> {
  let summary = "result[rows[p], w] = values[p, w], where rows[p] is in range; elsewhere what was there";
  let description = "Rows in range are different from each other; one that is out of range is left out.";
}

def Kernel_LeaveOp : Op<Kernel_Dialect, "leave", [SingleBlock, NoTerminator, NoRegionArguments]> {
  let summary = "where the condition holds, the region is done and nothing that stands behind the op in its block";
  let description = [{
    A function's memory that is not of its arena is not written in front of it: there it is as if the block had not begun.
    talweg-bufferize places results so. Where the condition does not hold, `staying` is done in front of what stands behind.
    talweg-lower-leaves makes it a branch.
  }];
  let arguments = (ins I1:$condition);
  let regions = (region SizedRegion<1>:$leaving, MaxSizedRegion<1>:$staying);
  let assemblyFormat = "`if` $condition attr-dict-with-keyword $leaving (`else` $staying^)?";
}

#endif
