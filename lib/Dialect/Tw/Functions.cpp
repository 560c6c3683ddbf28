#include "talweg/Dialect/Tw/Functions.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"

using namespace mlir;

namespace talweg::tw {

template <typename... Ops>
static SmallVector<const Function *> functionsAmong() {
  SmallVector<const Function *> functions;
  const auto add = [&]<typename Op>(Op *) {
    if constexpr (requires { Op::valueOf; })
      functions.push_back(&functionOf<Op>);
  };
  (add(static_cast<Ops *>(nullptr)), ...);
  return functions;
}

ArrayRef<const Function *> functions() {
  static const SmallVector<const Function *> table = functionsAmong<
#define GET_OP_LIST
#include "talweg/Dialect/Tw/Tw.cpp.inc"
      >();
  return table;
}

const Function *findFunction(Operation *op) {
  const auto *found =
      llvm::find_if(functions(), [&](const Function *f) { return f->op == op->getName().getStringRef(); });
  return found == functions().end() ? nullptr : *found;
}

} // namespace talweg::tw
