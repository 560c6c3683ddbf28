// The plan: what a file says about the run. Each function reads a part of it into the walk's plan and reports what is wrong there.
#ifndef TALWEG_LIB_FRONTEND_PLANNING_H
#define TALWEG_LIB_FRONTEND_PLANNING_H

#include "talweg/Dialect/Train/Train.h"
#include "talweg/Frontend/Ast.h"
#include "talweg/Support/Manifest.h"

namespace talweg::frontend {

struct Walk;

/// What the train block tells, and where it says so.
using Reported = std::pair<train::ReportOp, ast::Range>;

/// The whole plan. False: data, model or configs are not as they must be, and the train block cannot be elaborated.
bool planExperiment(Walk &walk);

/// As much of it as the data: what is declared, configs, fields and splits. False likewise.
bool planDeclarations(Walk &walk);

/// `config` values, in order; `--set` replaces one by its text (Configs.cpp).
void evalConfigs(Walk &walk);
/// Fields and splits of the data declaration (DataPlan.cpp).
void planData(Walk &walk);
/// A field of it (Fields.cpp).
Field planField(Walk &walk, const ast::DataField &declared);
/// What a `minimize` of the train block is told as: its name, or `loss`, `loss_2`, … by its place (Planning.cpp).
std::string lossName(const ast::Decl &train, const ast::Stmt &minimize);
/// What a run looks at by itself, if that is what the statement says (Notices.cpp).
void planNotice(Walk &walk, const ast::Stmt &stmt);
/// What it looks at is one number that evaluation tells, of those that the train block reports; or it is an error.
void checkNotices(Walk &walk, llvm::ArrayRef<Reported> reports);
/// The train block's settings and the names of its metrics (Planning.cpp).
void planSettings(Walk &walk);
/// The optimizers' rules are there; and the hyper-parameter `lr` (Optimizers.cpp).
void planRules(Walk &walk);

} // namespace talweg::frontend

#endif
