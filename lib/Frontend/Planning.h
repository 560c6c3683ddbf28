// The plan: what a file says about the run. Each function reads a part of it into the walk's plan and reports what is wrong there.
#ifndef TALWEG_LIB_FRONTEND_PLANNING_H
#define TALWEG_LIB_FRONTEND_PLANNING_H

#include "talweg/Frontend/Ast.h"

namespace talweg::frontend {

struct Walk;

/// The whole plan. False: data, model or configs are not as they must be, and the train block cannot be elaborated.
bool planExperiment(Walk &walk);

/// `config` values, in order; `--set` replaces one by its text (Configs.cpp).
void evalConfigs(Walk &walk);
/// Fields and splits of the data declaration (DataPlan.cpp).
void planData(Walk &walk);
/// What a `minimize` of the train block is told as: its name, or `loss`, `loss_2`, … by its place (Planning.cpp).
std::string lossName(const ast::Decl &train, const ast::Stmt &minimize);
/// The train block's settings and the names of its metrics (Planning.cpp).
void planSettings(Walk &walk);
/// The optimizers' rules are there; and the hyper-parameter `lr` (Optimizers.cpp).
void planRules(Walk &walk);

} // namespace talweg::frontend

#endif
