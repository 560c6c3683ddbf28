// What an update rule does where the gradient is zero.
#ifndef TALWEG_LIB_TRANSFORMS_RULEATZERO_H
#define TALWEG_LIB_TRANSFORMS_RULEATZERO_H

#include "talweg/Dialect/Train/Train.h"

namespace talweg {

struct RuleAtZero {
  bool isPointwise =
      true; ///< an element of what it yields depends on the parameter, the gradient and the slots at that element alone
  bool leavesAsItIs = false; ///< where the gradient is 0, parameter and slots stay, for finite values

  static RuleAtZero of(train::OptimizerOp rule);
};

} // namespace talweg

#endif
