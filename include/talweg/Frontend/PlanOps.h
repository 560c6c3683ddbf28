// The plan and the fields of the data as ops of a train.program: train.plan, train.split, train.field. Written by the frontend, read by
// whoever holds the program.
#ifndef TALWEG_FRONTEND_PLANOPS_H
#define TALWEG_FRONTEND_PLANOPS_H

#include "talweg/Dialect/Train/Train.h"
#include "talweg/Frontend/Plan.h"
#include "talweg/Support/Manifest.h"
#include "talweg/Support/Result.h"

namespace talweg::frontend {

/// Creates the train.plan.
void createPlan(mlir::OpBuilder &builder, mlir::Location loc, const Plan &plan);
/// Creates the train.field for a field.
void createField(mlir::OpBuilder &builder, mlir::Location loc, const Field &field);
/// The field that a train.field declares.
Field readField(train::FieldOp op);
/// Creates the train.split for a split.
void createSplit(mlir::OpBuilder &builder, mlir::Location loc, const Split &split);

/// The plan of a program without a train.plan is one step. `file`: the program's, for messages.
Result<Plan> readPlan(train::ProgramOp program, const std::string &file);

} // namespace talweg::frontend

#endif
