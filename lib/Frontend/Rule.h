// One clause of the train block, `optimizer adam(lr = 0.1) for "*.bias"` or `average ema(0.99)`, as a train.optimizer with the slots of its
// parameters, or of their averages.
#ifndef TALWEG_LIB_FRONTEND_RULE_H
#define TALWEG_LIB_FRONTEND_RULE_H

#include "Walk.h"

#include <map>

namespace talweg::frontend {

/// The optimizer or the rule of an average that a clause names; null: it names none.
const ast::Decl *ruleOf(Walk &walk, const ast::Stmt &clause);
/// What a step tells of learning rates, by the clauses whose rules have one: lr, lr_2, …
std::map<const ast::Stmt *, std::string> rateNames(Walk &walk);
/// The number that is the hyper-parameter `lr`: the rate of the only clause, where it is a plain number and no config has the
/// name. Null: there is none.
const ast::Expr *plainRate(Walk &walk);

/// A clause's rule for the parameters of one loss.
struct RuleUse {
  std::string suffix;     ///< of the optimizer's symbol
  std::string slotPrefix; ///< where another loss has slots of some of them, too
  bool tellsRate = true;  ///< the clause's first use
  std::int64_t every = 1; ///< the loss is updated once in so many steps
};

/// Creates the train.optimizer of a clause, and the slots; gives its symbol. The current frame is the train block's.
mlir::FlatSymbolRefAttr runRule(Walk &walk, const ast::Stmt &clause, const RuleUse &use,
                                const std::vector<DeclaredVariable *> &parameters);

} // namespace talweg::frontend

#endif
