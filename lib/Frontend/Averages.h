// Averages of parameters: which parameter is averaged by which `average` statement of the train block.
#ifndef TALWEG_LIB_FRONTEND_AVERAGES_H
#define TALWEG_LIB_FRONTEND_AVERAGES_H

#include "Walk.h"

namespace talweg::frontend {

/// Does a `freeze` of the train block name the parameter?
bool isFrozen(Walk &walk, const DeclaredVariable &parameter);
/// The statement that says how the parameter is averaged; null: none does, or it is frozen.
const ast::Stmt *averageOf(Walk &walk, const DeclaredVariable &parameter);
/// Creates the averages, their rules and slots, and a train.average for each at the end of the objective. The current frame is the train
/// block's, of which all is elaborated.
void runAverages(Walk &walk);

} // namespace talweg::frontend

#endif
