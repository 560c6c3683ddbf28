// Compiles random programs for a target, runs them in this process and compares with what they must give.
#ifndef TALWEG_UNITTESTS_CODEGEN_HARNESS_H
#define TALWEG_UNITTESTS_CODEGEN_HARNESS_H

#include "RandomProgram.h"
#include "talweg/Codegen/Pipeline.h"
#include "talweg/Dialect/Kernel/ProductPlan.h"
#include "talweg/Support/Result.h"

#include <memory>

namespace talweg::random {

struct Compiled;

/// All programs in one module, as functions talweg_0, talweg_1, … Products are computed by the plan that is ranked first, or else by number `nest`, from 1,
/// of those there are, or by the last.
Result<std::shared_ptr<Compiled>> compile(const std::vector<Program> &programs, const Target &target,
                                          std::size_t nest = 0);

/// All plans of program `number`'s last product on the machine it is compiled for; none without a product.
using Nests = std::vector<kernel::ProductPlan>;
const Nests &nestsOf(const Compiled &compiled, std::size_t number);

/// What program `number` makes of random inputs on so many threads: the bytes of its results. Error: it wrote where it must not.
Result<std::vector<std::string>> run(const Compiled &compiled, std::size_t number, const Program &program,
                                     Chance &chance, int threads);

/// Runs program `number` on random inputs, on one thread and on two; empty if every result is right, else what is wrong.
/// Every array ends, or starts, where memory ends; the rest of its pages and all scratch hold 0xff.
std::string check(const Compiled &compiled, std::size_t number, const Program &program, Chance &chance);

} // namespace talweg::random

#endif
