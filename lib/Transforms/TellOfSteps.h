// What a step keeps so that several steps can be told as one. Private to Transforms.
#ifndef TALWEG_LIB_TRANSFORMS_TELLOFSTEPS_H
#define TALWEG_LIB_TRANSFORMS_TELLOFSTEPS_H

#include "RowWriter.h"

namespace talweg {

/// Marks the metrics which, of several steps, are no means of the steps' numbers weighted by rows, and are computed of reductions over rows
/// alone, each step's rows read once: these reductions, combined over the steps, tell them.
llvm::SmallVector<train::ReportOp> markOfSums(const tw::Rows &rows, train::ObjectiveOp objective);
/// Puts behind all objectives the one that tells these, if there are any.
void writeTell(const tw::Rows &rows, const Combinations &combinations, train::ObjectiveOp source,
               llvm::ArrayRef<train::ReportOp> reports);
/// Both for a step of one batch, which then has the partial numbers.
void tellOfSteps(train::ProgramOp program, train::ObjectiveOp objective);

} // namespace talweg

#endif
