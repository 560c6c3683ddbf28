#ifndef TALWEG_CODEGEN_PASSES
#define TALWEG_CODEGEN_PASSES
include "mlir/Pass/PassBase.td"

def TargetOption : Option<"target", "target", "::talweg::Target", "::talweg::Target()", "the processor: native, or LLVM's name for it">;

def FormProducts : Pass<"talweg-form-products", "::mlir::func::FuncOp"> {
  let summary = "makes sums of products the op that they are";
  let description = [{
    In: linalg on tensors before anything is fused. Out: a reduction acc + a * b of floats that starts from zero is kernel.product. Nothing
    becomes one later.
  }];
  let statistics = [Statistic<"formed", "formed", "products">];
  let dependentDialects = ["::talweg::kernel::KernelDialect"];
}

def OrderDimensions : Pass<"talweg-order-dimensions", "::mlir::func::FuncOp"> {
  let summary = "chooses in which order the dimensions of tensors lie in memory";
  let description = [{
    In: linalg on tensors and products, before anything is fused. Out: tensors that loops alone read and write, none of them in the turns of a loop of
    constant length, may have their dimensions in another order, all those that elementwise ops tie to each other the same, where an estimate of cycles
    says that it pays: a product for each k reads what has k outermost.
  }];
  let options = [TargetOption, Option<"tells", "tells", "bool", "false", "emit remarks on what lies in another order">];
  let statistics = [Statistic<"turns", "turns", "tensors with another order of dimensions">];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"];
}

def OrderReductions : Pass<"talweg-order-reductions", "::mlir::func::FuncOp"> {
  let summary = "puts the loops of reductions in the order of the memory that they read";
  let description = [{
    In: linalg on tensors before anything is fused. Out: the same, the loops of each reduction in the order in which the largest
    tensor that is read moves, directly or through elementwise ops, its contiguous dimension last. The loops' order and extents
    alone decide in which order elements are combined; no later pass changes them.
  }];
  let options = [Option<"tells", "tells", "bool", "false", "emit remarks on large boxes that are summed along results">];
  let statistics = [Statistic<"reordered", "reordered", "reductions with another order of loops">];
  let dependentDialects = ["::mlir::linalg::LinalgDialect"];
}

def HoistInvariants : Pass<"talweg-hoist-invariants", "::mlir::func::FuncOp"> {
  let summary = "computes in front of the loop over batches what is the same in each of its steps";
  let description = [{
    In: linalg on tensors and products, before fusion. Out: what is computed of literals, indices and variables that the function does not write, and
    costs more than reading it (a product, a reduction, an expensive function, or a table that a product would have stored), stands in front of the loop
    whose length is not constant. Values are the same to the bit.
  }];
  let options = [Option<"tells", "tells", "bool", "false", "emit remarks on what is kept">];
  let statistics = [Statistic<"hoisted", "hoisted", "values computed in front of a loop">];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"];
}

def FuseElementwise : Pass<"talweg-fuse-elementwise", "::mlir::func::FuncOp"> {
  let summary = "merges elementwise linalg.generic ops on tensors into their consumers and with each other";
  let description = [{
    A pure access (window, splat, iota) disappears into every consumer, products included. Other elementwise ops move into
    their single elementwise or reducing consumer when that computes them once for each element. What remains with
    equal loops and a value in common becomes one op of several results, so that a parameter's update reads and writes each array once.
  }];
  let options = [
    Option<"tells", "tells", "bool", "false", "emit remarks on large values that are not stored for several readers">
  ];
  let statistics = [
    Statistic<"inlined", "inlined", "producers inlined into a consumer">,
    Statistic<"joined", "joined", "ops joined with another of the same loops">
  ];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"];
}

def ChooseLayouts : Pass<"talweg-choose-layouts", "::mlir::ModuleOp"> {
  let summary = "lets matrices lie in memory in the panels that their products want";
  let description = [{
    A variable, a memref.global, whose product would copy it into panels of b columns in every step is stored in them: [.., n] as
    [n / b, .., b], with the optimizer's state that is updated with it. Where storage has the attribute `talweg.block`, that is taken
    instead of choosing. Matrices that would be copied and are not stored in panels get a remark.
  }];
  let options = [TargetOption];
  let statistics = [Statistic<"tiled", "tiled", "variables stored in panels">];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect", "::mlir::arith::ArithDialect"];
}

def CopyForLanes : Pass<"talweg-copy-for-lanes", "::mlir::func::FuncOp"> {
  let summary = "copies small operands so that lanes find their elements side by side";
  let description = [{
    In: linalg on tensors, fused. Out: where lanes run along the results, and an operand that is far smaller than the box of the loops has these
    elements apart, the op reads a copy of it, in which they are contiguous.
  }];
  let options = [TargetOption, Option<"tells", "tells", "bool", "false", "emit remarks on copies">];
  let statistics = [Statistic<"copies", "copies", "operands that are copied">];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"];
}

def PackAhead : Pass<"talweg-pack-ahead", "::mlir::func::FuncOp"> {
  let summary = "copies a matrix that all turns of a loop share into the panels of its product once";
  let description = [{
    A product in an scf.for that would copy a matrix from outside of the loop into panels in every turn reads it in panels, [n / b, .., b], which an
    elementwise op in front of the loop makes. A matrix whose columns no block of whole registers divides stays as it is.
  }];
  let options = [TargetOption];
  let statistics = [Statistic<"packed", "packed", "matrices copied in front of a loop">];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"];
}

def PlaceInPadding : Pass<"talweg-place-in-padding", "::mlir::func::FuncOp"> {
  let summary = "lets what is padded be computed in its place between the padding";
  let description = [{
    In: linalg on tensors and products, elementwise ops fused. Out: what lies between padding is computed by an elementwise op, or a reduction, in a box of
    what is filled with the padding's value: a product whose result it reads may do so in its registers. An op whose result is padded computes it where it
    is padded, unless a product that reads it would sum it in another order, or take longer by more than a copy; what else reads it reads it there. Every
    value is the same to the bit.
  }];
  let options = [TargetOption];
  let statistics = [Statistic<"placed", "placed", "results that are computed between padding">];
  let dependentDialects = ["::mlir::tensor::TensorDialect", "::mlir::linalg::LinalgDialect"];
}

def JoinSums : Pass<"talweg-join-sums", "::mlir::func::FuncOp"> {
  let summary = "takes sums of the same numbers in one pass over them";
  let description = [{
    In: linalg on tensors, products planned. Out: sums that go over the same elements in the same order, and of which none needs another, are results of one
    op. Every value is the same to the bit.
  }];
  let statistics = [Statistic<"joined", "joined", "sums that have no pass of their own">];
}

def FindBands : Pass<"talweg-find-bands", "::mlir::func::FuncOp"> {
  let summary = "finds products of which a mask leaves a band";
  let description = [{
    In: linalg on tensors and products, of which no loop changes any more. Out: a product whose factor is zero, or whose sums nothing reads, where indices differ by
    more or less than some numbers (a triangle of a matrix, a causal mask) has the attribute kernel.band. What is zero is known of select, products with
    what is zero, and e^x of what is -inf.
  }];
  let statistics = [Statistic<"found", "found", "products with a band">];
  let dependentDialects = ["::talweg::kernel::KernelDialect"];
}

def Schedule : Pass<"talweg-schedule", "::mlir::func::FuncOp"> {
  let summary = "moves updates to where their gradients are known, and elementwise ops to the products that they read";
  let description = [{
    In: linalg on tensors. An elementwise op whose results are materialized in variables moves, with the products that it alone
    reads, behind the last reader of the old values; other elementwise ops that read a product, as early as their operands allow; scalar
    arithmetic to the head of its block. A sum of all elements of a product's
    result moves behind the product, unless it needs what stands behind the product, and is marked `talweg.in_tiles`: it is a sum of the sums of its tiles, in their order.
  }];
  let statistics = [Statistic<"moved", "moved", "updates moved">];
}

def Rematerialize : Pass<"talweg-rematerialize", "::mlir::func::FuncOp"> {
  let summary = "computes values again where they are read late, until a limit of memory is met";
  let description = [{
    Without a limit, or where the program keeps within it, nothing changes. Otherwise values that are alive where most is alive, but
    not read there, are computed again just before their later readers, those first that free most for their cost; whole
    segments of products where nothing cheaper suffices. Every value is the same to the bit. What the arena takes is reckoned by the plan
    that talweg-bufferize follows (lib/Codegen/BufferPlan.h), with the scratch of products and what will be computed in their registers, laid
    out as talweg-plan-memory does; the function gets it as `talweg.estimated_bytes`. One that cannot keep within the limit takes as little
    as was found, and gets the attribute `talweg.least_memory`.
  }];
  let options = [
    Option<"limit", "limit", "int64_t", "0", "bytes of the arena; 0: any number">, TargetOption
  ];
  let statistics = [
    Statistic<"recomputed", "recomputed", "values that late readers compute again">,
    Statistic<"saved", "saved", "bytes by which the most that is alive at once became less">
  ];
  let dependentDialects = ["::talweg::kernel::KernelDialect", "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"];
}

def PlanProducts : Pass<"talweg-plan-products", "::mlir::func::FuncOp"> {
  let summary = "joins elementwise ops to the products that they read, and plans each product with what it has to compute";
  let description = [{
    In: linalg and products on tensors. Out: every kernel.product has its plan, and an elementwise op that could be computed on its tiles in
    registers is its epilogue; the product's own result is kept only if something else reads it. So is a sum in tiles, which gets a number
    for each tile. An op that cannot be joined gets a remark with the reason: among others that it would overwrite what the product reads,
    as talweg-bufferize will place it.
  }];
  let options = [TargetOption];
  let statistics = [Statistic<"fused", "fused", "ops computed in the registers of a product">];
  let dependentDialects = ["::talweg::kernel::KernelDialect", "::mlir::tensor::TensorDialect"];
}

def TellCosts : Pass<"talweg-tell-costs", "::mlir::func::FuncOp"> {
  let summary = "remarks on what is stored and on products that are slow";
  let description = [{
    In: linalg and products on tensors, with their plans. Every tensor of 1 MiB or more that is to lie in the arena gets a remark with the reason and with
    what reads it, every product one that comes to less than a tenth of the multiply-adds that registers could do, by estimate. Nothing is changed.
  }];
  let options = [TargetOption];
}

def Bufferize : Pass<"talweg-bufferize", "::mlir::func::FuncOp"> {
  let summary = "gives every tensor a buffer: linalg on memrefs, in place where the old value is dead";
  let description = [{
    In: tensors of static shape in straight-line blocks, entering by bufferization.to_tensor and leaving by
    bufferization.materialize_in_destination. Out: no tensors; one memref.alloc for each value that needs storage of its
    own, never freed (talweg-plan-memory gives them places). i1 is stored as i8. What a reduction starts from stands on it (`kernel.start`); a
    fill is left in front of an op that writes a part of its result and reads none.
  }];
  let statistics = [
    Statistic<"inPlace", "in-place", "results written over a dead operand or straight into their destination">,
    Statistic<"copied", "copied", "destinations filled by a copy">
  ];
  let dependentDialects = ["::talweg::kernel::KernelDialect", "::mlir::memref::MemRefDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::arith::ArithDialect"];
}

def MarkRegions : Pass<"talweg-mark-regions", "::mlir::ModuleOp"> {
  let summary = "makes the steps of a program note the time after each region";
  let description = [{
    Runs only where a profile is wanted, on what talweg-lower-products takes. Calls of talweg_profile_mark come after each linalg op or
    product of a step; ops that would share a loop over rows stay apart. What the regions are is told to whoever made the pass, or as remarks.
  }];
  let statistics = [Statistic<"regions", "regions", "regions that are timed">];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect"];
}

def CountForks : Pass<"talweg-count-forks", "::mlir::ModuleOp"> {
  let summary = "counts how often the regions of a profile start threads, and the pieces that these share";
  let description = [{
    Behind talweg-mark-regions and all passes that make an scf.parallel. Pieces are the turns of the first that has a fixed number. Told to whoever made
    the pass, or as remarks.
  }];
}

def LowerProducts : Pass<"talweg-lower-products", "::mlir::ModuleOp"> {
  let summary = "turns products on memrefs into register-tiled vector loops";
  let description = [{
    In: kernel.product with its plan. Out: scf loops around math.fma on accumulators held in registers, as the plan says; operands that are
    not contiguous in the vector dimension are packed into scratch (memref.alloc); the epilogue on each tile. Threads
    that share a level are an scf.parallel of as many turns as there are threads (@omp_get_max_threads); sums do not depend on their number.
  }];
  let dependentDialects = ["::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect",
                           "::mlir::arith::ArithDialect", "::mlir::math::MathDialect", "::mlir::LLVM::LLVMDialect"];
}

def LowerLookups : Pass<"talweg-lower-lookups", "::mlir::func::FuncOp"> {
  let summary = "turns ops on rows of a table, on memrefs, into loops over vectors";
  let description = [{
    In: kernel.gather, scatter_add, coalesce and put_rows. Out: scf loops that move or add whole rows, a vector at a time. Where there is enough work they
    are scf.parallel: rows of what is gathered or put; columns of what is summed up or, where rows are short, rows of it. Every element
    is summed in the order of the positions, whatever the number of threads. Rows to coalesce are sorted first, by one thread.
  }];
  let options = [TargetOption];
  let dependentDialects = ["::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect",
                           "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect"];
}

def ShareTurns : Pass<"talweg-share-turns", "::mlir::func::FuncOp"> {
  let summary = "decides which loops of independent turns threads share";
  let description = [{
    In: an scf.for with `kernel.independent`. Out: `kernel.threads`, where there are about as many turns for each of the machine's cores, and more work
    than a fork costs.
  }];
  let options = [TargetOption];
  let statistics = [Statistic<"shared", "shared", "loops whose turns threads share">];
  let dependentDialects = ["::talweg::kernel::KernelDialect"];
}

def LowerTurns : Pass<"talweg-lower-turns", "::mlir::func::FuncOp"> {
  let summary = "makes of a loop whose turns threads share one over threads";
  let description = [{
    In: an scf.for with `kernel.threads`. Out: an scf.parallel with it, over as many threads, each with its turns; what forked in it is a loop.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::scf::SCFDialect"];
}

def PlanNests : Pass<"talweg-plan-nests", "::mlir::func::FuncOp"> {
  let summary = "plans the loops of every linalg.generic on memrefs, and which of them are done together";
  let description = [{
    In: linalg on memrefs. Out: each linalg.generic has its plan, `kernel.nest`: order and lanes of its loops, parts, what threads share.
    A reduction's own loops alone decide in which order elements are combined (ReductionOrder.h). Operands contiguous along different
    loops are transposed in registers. Neighbours that cut the memory they share into the same rows have a number in common,
    `kernel.together`: they are one loop over rows. What stays scalar is told as a remark.
  }];
  let options = [TargetOption];
  let statistics = [
    Statistic<"joined", "joined", "ops done row by row together with the op in front">
  ];
  let dependentDialects = ["::talweg::kernel::KernelDialect"];
}

def VectorizeGenerics : Pass<"talweg-vectorize-generics", "::mlir::func::FuncOp"> {
  let summary = "turns planned linalg.generic on memrefs, and linalg.fill, into loops over vectors";
  let description = [{
    In: linalg.generic with its plan (`kernel.nest`, `kernel.together`). Out: loops as the plan says; tails are masked. A reduction keeps its
    accumulators in registers, from `kernel.start` on, which is written to memory only where results accumulate there or no loop reaches
    them. Parts of a long one have results in scratch (memref.alloc), for threads to share. The target decides how wide vectors a fill
    writes, nothing else.
  }];
  let options = [TargetOption];
  let dependentDialects = ["::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect",
                           "::mlir::arith::ArithDialect"];
}

def PlanMemory : Pass<"talweg-plan-memory", "::mlir::func::FuncOp"> {
  let summary = "places every memref.alloc in the arena argument";
  let description = [{
    Buffers whose lifetimes do not meet share memory; what a loop's body needs is one buffer, alive while the loop runs. Of
    several orders in which buffers are placed, the best is taken. The arena (argument 1) gets its size as its type, and the function the
    attribute `talweg.live_bytes` (the lower bound: the most bytes alive at once).
  }];
  let dependentDialects = ["::mlir::memref::MemRefDialect", "::mlir::arith::ArithDialect"];
}

def OutlineKernels : Pass<"talweg-outline-kernels", "::mlir::ModuleOp"> {
  let summary = "makes loop nests that are alike calls of one function";
  let description = [{
    In: functions over buffers in the arena. Out: the loop nests of a function's body, or of its steps, that equal another in
    everything but the values they capture are calls of one private function. A nest in place never shares a function with one that
    is not. Arguments tell what is known of their alignment and overlap.
  }];
  let options = [
    Option<"minOps", "min-ops", "int64_t", "16", "smaller nests stay where they are">
  ];
  let statistics = [
    Statistic<"kernels", "kernels", "functions made">,
    Statistic<"calls", "calls", "loop nests that became calls">
  ];
  let dependentDialects = ["::mlir::func::FuncDialect", "::mlir::LLVM::LLVMDialect"];
}

def OutlineParts : Pass<"talweg-outline-parts", "::mlir::ModuleOp"> {
  let summary = "cuts long straight lines of code into functions";
  let description = [{
    In: functions over buffers in the arena. Out: the same ops in the same order; no function holds many more than `max-ops`, the ops
    of nests counted; a kernel.leave stays where it is. Passes that take more than twice the time for a function of twice the length, as several of MLIR's and LLVM's do,
    so take twice the time for a program of twice the length.
  }];
  let options = [
    Option<"maxOps", "max-ops", "int64_t", "4096", "shorter blocks stay as they are">
  ];
  let statistics = [
    Statistic<"parts", "parts", "functions made">
  ];
  let dependentDialects = ["::mlir::func::FuncDialect", "::mlir::LLVM::LLVMDialect"];
}

def LowerLeaves : Pass<"talweg-lower-leaves", "::mlir::func::FuncOp"> {
  let summary = "makes leaving a block a branch";
  let description = [{
    Out: no kernel.leave; what stood behind one in its block is done where its condition does not hold.
  }];
  let dependentDialects = ["::mlir::scf::SCFDialect"];
}

def LowerMemory : Pass<"talweg-lower-memory", "::mlir::ModuleOp"> {
  let summary = "makes a memref the address of its first element";
  let description = [{
    In: functions over memrefs of static shape and strides. Out: no memref is left; what was read and written by places in one is
    by an address, which is a sum of places times strides.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect"];
}

def LowerMath : Pass<"talweg-lower-math", "::mlir::ModuleOp"> {
  let summary = "makes intrinsics of LLVM, or calls of the C library, of mathematics";
  let description = [{
    In: functions in which few ops are mathematics. Out: no op of the math dialect is left; calls on vectors are one for each lane.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
                           "::mlir::vector::VectorDialect"];
}

def ApproximateMath : Pass<"talweg-approximate-math", "::mlir::func::FuncOp"> {
  let summary = "replaces mathematics on vectors of f32 and f64 by polynomials without branches between lanes";
  let options = [
    Option<"logisticOnly", "logistic-only", "bool", "false", "only the logistic function, which is several ops: before they can be parted">
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect", "::mlir::scf::SCFDialect",
                           "::mlir::vector::VectorDialect"];
}
#endif
